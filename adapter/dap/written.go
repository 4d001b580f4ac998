package dap

import (
	"cmp"
	"math"
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// What is kept of each of the program's output streams.
const (
	keptText  = 4 << 20 // bytes of text
	keptMarks = 4 << 20 // writes whose position is known: 16 bytes each
)

// mark is a write to a stream: the position before it, and how many bytes had been
// written before.
type mark struct{ icount, offset uint64 }

// piece is a part of what was written to a stream.
type piece struct {
	offset uint64
	data   []byte
}

func (p *piece) end() uint64 { return p.offset + uint64(len(p.data)) }

// written is what the program has written to one of its streams: where each write
// was, and what was written last. Of a recording the writes are known at once, and
// their texts as they are come by.
type written struct {
	marks []mark // ascending by both; the oldest are missing when there were too many
	size  uint64 // bytes written in all
	kept  []piece
	held  int // bytes in kept

	given uint64 // of a recording: what is before that offset has been given to the client

	last  uint64 // the position that offset was asked about last
	there int    // which of the writes there
}

// add notes a new write.
func (w *written) add(icount uint64, p []byte) (offset uint64) {
	offset = w.size
	w.note(icount, uint64(len(p)))
	w.keep(offset, p)
	return offset
}

// note notes a new write without its text.
func (w *written) note(icount, size uint64) {
	if len(w.marks) >= keptMarks {
		w.marks = slices.Clone(w.marks[keptMarks/4:])
	}
	w.marks = append(w.marks, mark{icount, w.size})
	w.size += size
}

// offset is where a write is that the program comes by. Those at one position are come
// by all of them, in order. What has not been noted, as the journal of the history was
// full, is taken for new.
func (w *written) offset(icount uint64) uint64 {
	i := w.from(icount)
	if w.last != icount {
		w.last, w.there = icount, 0
	} else if w.there++; i+w.there >= len(w.marks) || w.marks[i+w.there].icount != icount {
		w.there = 0 // once more
	}
	if i += w.there; i < len(w.marks) && w.marks[i].icount == icount {
		return w.marks[i].offset
	}
	return w.size
}

// from is the index of the first write at or behind a position.
func (w *written) from(icount uint64) int {
	i, _ := slices.BinarySearchFunc(w.marks, icount, func(m mark, at uint64) int { return cmp.Compare(m.icount, at) })
	return i
}

// end is the offset behind write i.
func (w *written) end(i int) uint64 {
	if i+1 < len(w.marks) {
		return w.marks[i+1].offset
	}
	return w.size
}

// of is the index of the write that has the byte at an offset; -1 if it is not known.
func (w *written) of(offset uint64) int {
	if offset >= w.size {
		return -1
	}
	i, found := slices.BinarySearchFunc(w.marks, offset, func(m mark, at uint64) int { return cmp.Compare(m.offset, at) })
	if !found {
		i--
	}
	return i
}

// keep keeps text of what has been noted. A write is there as a whole or not at all, but for the oldest.
func (w *written) keep(offset uint64, p []byte) {
	i, found := slices.BinarySearchFunc(w.kept, offset, func(k piece, at uint64) int { return cmp.Compare(k.offset, at) })
	if found || i > 0 && offset < w.kept[i-1].end() || len(p) == 0 || offset >= w.size {
		return
	}
	if i > 0 && offset == w.kept[i-1].end() {
		i--
		w.kept[i].data = append(w.kept[i].data, p...)
	} else {
		w.kept = slices.Insert(w.kept, i, piece{offset, slices.Clone(p)})
	}
	w.held += len(p)
	if i+1 < len(w.kept) && w.kept[i].end() == w.kept[i+1].offset {
		w.kept[i].data = append(w.kept[i].data, w.kept[i+1].data...)
		w.kept = slices.Delete(w.kept, i+1, i+2)
	}
	for w.held > keptText {
		k := &w.kept[0]
		n := min(len(k.data), w.held-keptText)
		k.offset, k.data = k.offset+uint64(n), k.data[n:]
		w.held -= n
		if len(k.data) == 0 {
			w.kept = slices.Delete(w.kept, 0, 1)
		}
	}
}

// text is what is kept of the bytes from an offset on, up to limit of them; nil if the
// first is not.
func (w *written) text(offset uint64, limit int) []byte {
	i, found := slices.BinarySearchFunc(w.kept, offset, func(k piece, at uint64) int { return cmp.Compare(k.offset, at) })
	if !found {
		i--
	}
	if i < 0 || offset >= w.kept[i].end() {
		return nil
	}
	rest := w.kept[i].data[offset-w.kept[i].offset:]
	return rest[:min(limit, len(rest))]
}

// holds is where what is kept without a gap before an offset begins: the offset itself
// if nothing is.
func (w *written) holds(end uint64) uint64 {
	for i := range w.kept {
		if k := &w.kept[i]; k.offset < end && end <= k.end() {
			return k.offset
		}
	}
	return end
}

// streams are the descriptors of the program's output streams.
var streams = []int{1, 2}

// streamName is what the protocol calls the stream of a descriptor.
func streamName(fd int) string {
	if fd == 2 {
		return "stderr"
	}
	return "stdout"
}

// outputs are the program's output streams, by their descriptor.
type outputs [3]written

// newOutputs makes those of a history that has been recorded: empty ones for a program
// that begins.
func newOutputs(journal []vm.Event) *outputs {
	o := &outputs{}
	for i := range o {
		o[i].last = math.MaxUint64 // nowhere
	}
	for i := range journal {
		if e := &journal[i]; e.Kind == vm.NoteOutput && e.Value < uint64(len(o)) {
			o[e.Value].note(e.Icount, e.Size)
		}
	}
	return o
}
