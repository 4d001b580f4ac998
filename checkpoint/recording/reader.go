package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// entry is a record in a file: one or more parts.
type entry struct {
	kind   kind
	mark   uint64
	place         // of its first part
	parts  uint32 // how many
	head   uint32 // bytes of the first one, decoded
	length uint64 // of all of them
	stored uint64 // bytes in the file, with headers
}

// reader reads a file of parts. Any goroutine may call it.
type reader struct {
	f    io.ReaderAt
	size int64
	salt salt
}

// decoder decodes one frame at a time into the memory it is given.
var decoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(pieceSize),
		zstd.WithDecoderMaxWindow(2*pieceSize), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic("recording: " + err.Error()) // constant options
	}
	return d
})

// gap is a place where no header is, between two parts or at the end.
type gap struct {
	at, end int64 // the file's bytes [at, end)
	cut     bool  // the file ends within a part
}

// maxGaps is how many gaps a file may have: what comes after more of them is left
// alone, for looking for it would take long.
const maxGaps = 256

// hop goes from header to header and calls visit for each record that is there
// completely, in order, and bad for each gap. It reads nothing but headers, except
// where one is damaged: there it looks for the next one.
func (r *reader) hop(visit func(entry), bad func(gap)) error {
	head := make([]byte, fileHeaderSize)
	n, err := r.f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if r.salt, err = parseFileHeader(head[:n]); err != nil {
		return err
	}
	var open entry // the record that is being read; parts is 0 when there is none
	at, seq, gaps := int64(fileHeaderSize), uint64(0), 0
	resynced := int64(-1) // where the last gap ended
	var b [partHeaderSize]byte
	for at < r.size {
		if r.size-at < partHeaderSize {
			bad(gap{at, r.size, true})
			return nil
		}
		if _, err := r.f.ReadAt(b[:], at); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading at byte %d: %w", at, err)
		}
		h, err := r.salt.parseHeader(b[:])
		if err != nil || h.seq < seq {
			if gaps++; gaps > maxGaps {
				bad(gap{at: at, end: r.size})
				return nil
			}
			next, err := r.resync(at+1, seq)
			if err != nil {
				return err
			}
			bad(gap{at: at, end: next})
			at, resynced, open.parts = next, next, 0
			continue
		}
		end := at + partHeaderSize + int64(h.stored)
		if end > r.size {
			bad(gap{at, r.size, true})
			return nil
		}
		switch {
		case h.seq != seq:
			if at != resynced {
				bad(gap{at: at, end: at}) // parts were taken out
			}
			open.parts = 0
		case open.parts > 0 && (open.kind != h.kind || open.mark != h.mark):
			bad(gap{at: open.at, end: at})
			open.parts = 0
		}
		first := open.parts == 0
		if first {
			open = entry{kind: h.kind, mark: h.mark, place: place{at, h.seq}, head: h.decoded}
		}
		open.parts++
		open.stored += uint64(end - at)
		open.length += uint64(h.decoded)
		if h.flags&flagMore == 0 {
			visit(open)
			open.parts = 0
		}
		at, seq = end, h.seq+1
	}
	if open.parts > 0 {
		bad(gap{open.at, r.size, true})
	}
	return nil
}

// resync finds the first header at or after at, whose number is at least seq. It
// returns the file's size when there is none.
func (r *reader) resync(at int64, seq uint64) (int64, error) {
	var magic [4]byte
	binary.LittleEndian.PutUint32(magic[:], partMagic)
	buf := make([]byte, 64<<10)
	for at+partHeaderSize <= r.size {
		n, err := r.f.ReadAt(buf[:min(int64(len(buf)), r.size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("reading at byte %d: %w", at, err)
		}
		if n < partHeaderSize {
			return r.size, nil
		}
		// Headers that begin in the last bytes are left to the next round.
		for i := 0; i <= n-partHeaderSize; i++ {
			j := bytes.Index(buf[i:n], magic[:])
			if j < 0 || i+j > n-partHeaderSize {
				break
			}
			i += j
			if h, err := r.salt.parseHeader(buf[i : i+partHeaderSize]); err == nil && h.seq >= seq {
				return at + int64(i), nil
			}
		}
		at += int64(n - partHeaderSize + 1)
	}
	return r.size, nil
}

// errDamaged tells that a record's bytes are not those that were written.
var errDamaged = errors.New("damaged")

// first reads the first part of the record that e tells of.
func (r *reader) first(e entry) ([]byte, error) {
	e.parts, e.length = 1, uint64(e.head)
	return r.read(e)
}

// read reads the record that e tells of.
func (r *reader) read(e entry) ([]byte, error) {
	if e.length > uint64(r.size)*maxRatio {
		return nil, fmt.Errorf("part %d: %w: it claims to be longer than the file can hold", e.seq, errDamaged)
	}
	var out []byte
	if e.parts > 1 {
		out = make([]byte, 0, e.length)
	}
	at := e.at
	for i := range e.parts {
		h, stored, err := r.part(at)
		if err != nil {
			return nil, fmt.Errorf("part %d at byte %d: %w", e.seq+uint64(i), at, err)
		}
		if h.kind != e.kind || h.seq != e.seq+uint64(i) || uint64(len(out))+uint64(h.decoded) > e.length {
			return nil, fmt.Errorf("part %d at byte %d: %w: another part lies there", e.seq+uint64(i), at, errDamaged)
		}
		piece := stored
		if h.flags&flagZstd != 0 {
			// The decoder writes no more than fits into what it is given.
			piece, err = decoder().DecodeAll(stored, make([]byte, 0, h.decoded))
			if err != nil || len(piece) != int(h.decoded) {
				return nil, fmt.Errorf("part %d at byte %d: %w: it can't be decompressed", h.seq, at, errDamaged)
			}
		}
		if e.parts == 1 {
			return piece, nil
		}
		out = append(out, piece...)
		at += partHeaderSize + int64(h.stored)
	}
	return out, nil
}

// part reads the part at a place in the file and checks it.
func (r *reader) part(at int64) (h header, stored []byte, err error) {
	var b [partHeaderSize]byte
	if _, err := r.f.ReadAt(b[:], at); err != nil {
		return h, nil, err
	}
	if h, err = r.salt.parseHeader(b[:]); err != nil {
		return h, nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if at+partHeaderSize+int64(h.stored) > r.size {
		return h, nil, fmt.Errorf("%w: the file ends within it", errDamaged)
	}
	stored = make([]byte, h.stored)
	if n, err := r.f.ReadAt(stored, at+partHeaderSize); n < len(stored) {
		return h, nil, err
	}
	if checksum(stored) != h.crc {
		return h, nil, fmt.Errorf("%w: its checksum is another one", errDamaged)
	}
	return h, stored, nil
}
