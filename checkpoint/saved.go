package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/dap-revexec/dap-revexec/checkpoint/pages"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Backing is where saved checkpoints are kept.
type Backing = pages.Backing

// The kinds of the blobs in a Backing.
const (
	KindPages           = pages.Kind // a chunk of pages, see package pages
	KindCheckpoint byte = 2          // a checkpoint, see DecodeSaved
)

// SavedInfo describes a checkpoint in a Backing.
type SavedInfo struct {
	ID     uint64 // its blob's
	Icount uint64
	// Key is that it can be loaded alone. Without that, Prev is the blob of the
	// earlier checkpoint that is needed for it.
	Key  bool
	Prev uint64
	// Activity is what happened since the checkpoint saved before.
	Activity *vm.Activity
}

// The blob of a checkpoint is
//
//	savedVersion, a byte
//	its icount, uvarint
//	0 for a key, else the blob of the checkpoint that it is relative to and 1, uvarint
//	the length of the next, uvarint
//	its activity, packed
//	what vm.Snapshot.Save returned, packed, to no less than a part in pages.MaxRatio of it
const savedVersion = 1

// Bounds of what is unpacked, bytes. The state lists the pages of a guest: a few bytes
// for each, which makes some hundred GiB of memory.
const (
	maxActivity = 16 << 20
	maxState    = 256 << 20
)

// errSaved is what is wrong with a blob that ends too early.
var errSaved = errors.New("a saved checkpoint is not complete")

// encodeSaved makes a checkpoint's blob.
func encodeSaved(info SavedInfo, state []byte) []byte {
	act := pages.Pack(nil, encodeActivity(info.Activity))
	blob := make([]byte, 0, len(act)+len(state)/2+32)
	blob = binary.AppendUvarint(append(blob, savedVersion), info.Icount)
	if info.Key {
		blob = append(blob, 0)
	} else {
		blob = binary.AppendUvarint(blob, info.Prev+1)
	}
	blob = binary.AppendUvarint(blob, uint64(len(act)))
	return pages.PackBounded(append(blob, act...), state)
}

// DecodeSaved reads the blob of a checkpoint without its state.
func DecodeSaved(id uint64, blob []byte) (SavedInfo, error) {
	info, act, _, err := splitSaved(id, blob)
	if err != nil {
		return info, err
	}
	raw, err := pages.Unpack(act, maxActivity)
	if err != nil {
		return info, fmt.Errorf("the activity of the saved checkpoint at icount %d: %w", info.Icount, err)
	}
	info.Activity, err = decodeActivity(raw)
	return info, err
}

// SavedHead is how much of the blob of a checkpoint DecodeSaved needs: its first head
// bytes. memory is how much DecodeSaved unpacks them to, bytes. Both are 0 where the
// blob is damaged.
func SavedHead(blob []byte) (head int, memory uint64) {
	_, act, state, err := splitSaved(math.MaxUint64, blob)
	if err != nil {
		return 0, 0
	}
	return len(blob) - len(state), pages.Unpacked(act)
}

// splitSaved takes a blob apart, down to what is packed.
func splitSaved(id uint64, blob []byte) (info SavedInfo, act, state []byte, err error) {
	info.ID = id
	r := reader{rest: blob}
	if v := r.byte(); r.err == nil && v != savedVersion {
		return info, nil, nil, fmt.Errorf("a saved checkpoint has version %d, and this program reads version %d", v, savedVersion)
	}
	info.Icount = r.uvarint()
	prev := r.uvarint()
	n := r.uvarint()
	if r.err != nil || n > uint64(len(r.rest)) {
		return info, nil, nil, errSaved
	}
	if info.Key = prev == 0; !info.Key {
		if info.Prev = prev - 1; info.Prev >= id {
			return info, nil, nil, fmt.Errorf("saved checkpoint %d is relative to a later one, %d", id, info.Prev)
		}
	}
	return info, r.rest[:n], r.rest[n:], nil
}

// What is encoded of an activity: bits of the first byte.
const (
	activityTraced = 1 << iota
	activityUnknown
)

// encodeActivity encodes lists of ascending numbers as their number and their
// differences.
func encodeActivity(a *vm.Activity) []byte {
	out := []byte{0}
	out = appendAscending(out, a.Written)
	if a.Unknown {
		out[0] = activityUnknown
		return out
	}
	if !a.Traced {
		return out
	}
	out[0] = activityTraced
	out = appendAscending(out, a.Read.Low())
	out = binary.AppendUvarint(out, uint64(len(a.Code)))
	end := uint64(0)
	for _, r := range a.Code {
		out = binary.AppendUvarint(out, r.Start-end)
		out = binary.AppendUvarint(out, r.End-r.Start)
		end = r.End
	}
	out = binary.AppendUvarint(out, uint64(len(a.Tops)))
	for _, t := range a.Tops {
		out = binary.AppendUvarint(out, uint64(t.Thread))
		out = binary.AppendUvarint(out, t.SP)
	}
	return binary.AppendUvarint(out, uint64(a.Events))
}

func decodeActivity(raw []byte) (*vm.Activity, error) {
	r := reader{rest: raw}
	a := &vm.Activity{}
	form := r.byte()
	if form > activityUnknown {
		return nil, fmt.Errorf("a saved activity of form %#x", form)
	}
	a.Written = ascending[uint64](&r, math.MaxUint64)
	a.Unknown = form == activityUnknown
	if a.Traced = form&activityTraced != 0; a.Traced {
		a.Read = vm.FilterOf(ascending[uint16](&r, math.MaxUint16))
		end := uint64(0)
		a.Code = make(vm.Ranges, 0, r.count())
		for range cap(a.Code) {
			start := r.sum(end, math.MaxUint64)
			end = r.sum(start, math.MaxUint64)
			if start == end || len(a.Code) > 0 && start == a.Code[len(a.Code)-1].End {
				r.fail()
			}
			a.Code = append(a.Code, vm.Range{Start: start, End: end})
		}
		a.Tops = make([]vm.StackTop, 0, r.count())
		last := vm.ThreadID(0)
		for range cap(a.Tops) {
			id := r.uvarint()
			if id > math.MaxInt32 || vm.ThreadID(id) <= last {
				r.fail()
				break
			}
			last = vm.ThreadID(id)
			a.Tops = append(a.Tops, vm.StackTop{Thread: last, SP: r.uvarint()})
		}
		a.Events = vm.EventSet(r.uvarint())
	}
	if r.err != nil || len(r.rest) != 0 {
		return nil, errSaved
	}
	return a, nil
}

func appendAscending[T uint16 | uint64](out []byte, list []T) []byte {
	out = binary.AppendUvarint(out, uint64(len(list)))
	prev := T(0)
	for _, v := range list {
		out = binary.AppendUvarint(out, uint64(v-prev))
		prev = v
	}
	return out
}

// ascending reads what appendAscending wrote: numbers up to most.
func ascending[T uint16 | uint64](r *reader, most uint64) []T {
	list := make([]T, 0, r.count())
	prev := uint64(0)
	for i := range cap(list) {
		v := r.sum(prev, most)
		if i > 0 && v == prev {
			r.fail()
		}
		list = append(list, T(v))
		prev = v
	}
	return list
}

// reader reads numbers. After an error all are 0.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail() { r.rest, r.err = nil, errSaved }

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// count reads how many numbers follow: each takes a byte or more.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail()
		return 0
	}
	return int(n)
}

// sum reads what is to be added to base, to make at most most.
func (r *reader) sum(base, most uint64) uint64 {
	d := r.uvarint()
	if base > most || d > most-base {
		r.fail()
		return base
	}
	return base + d
}
