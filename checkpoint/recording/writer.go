package recording

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// target is the file that is written: an *os.File, or what a test puts in its
// place.
type target interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// errStopped is returned for what comes after a write has failed.
var errStopped = errors.New("the recording has stopped")

// writer appends parts to a file. Any goroutine may call it.
type writer struct {
	mu   sync.Mutex
	f    target
	salt salt
	at   int64  // where the next part goes: the file is valid up to here
	seq  uint64 // its number
	buf  []byte // reused
	err  error  // the first failure: nothing is written after it
	fail func(error)
}

// newWriter starts a file, which must be empty. fail is told of the first failure
// to write, on the goroutine that meets it.
func newWriter(f target, fail func(error)) (*writer, error) {
	w := &writer{f: f, salt: salt(rand.Uint32()), fail: fail}
	if err := w.put(appendFileHeader(nil, formatVersion, w.salt)); err != nil {
		return nil, err
	}
	return w, nil
}

// encoder is shared by all writers.
var encoder = sync.OnceValue(func() *zstd.Encoder {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2),
		zstd.WithEncoderCRC(false), zstd.WithWindowSize(pieceSize))
	if err != nil {
		panic("recording: " + err.Error()) // constant options
	}
	return enc
})

// place says where a record lies.
type place struct {
	at  int64  // of its first part's header
	seq uint64 // of its first part
}

// record appends a record, in one write if it fits into one part.
func (w *writer) record(k kind, mark uint64, payload []byte) (place, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pieces(k, mark, payload)
}

// pieces appends a record whose payload consists of pieces, each of which has a part
// of its own, or several. The caller holds mu.
func (w *writer) pieces(k kind, mark uint64, payload ...[]byte) (place, error) {
	p := place{w.at, w.seq}
	if w.err != nil {
		return p, w.stopped()
	}
	for len(payload) > 0 {
		piece := payload[0][:min(len(payload[0]), pieceSize)]
		if payload[0] = payload[0][len(piece):]; len(payload[0]) == 0 {
			payload = payload[1:]
		}
		h := header{kind: k, mark: mark, seq: w.seq}
		if len(payload) > 0 {
			h.flags = flagMore
		}
		w.buf = w.appendPart(w.buf[:0], h, piece)
		if err := w.put(w.buf); err != nil {
			return p, err
		}
		w.seq++
	}
	return p, nil
}

// stopped is the error of a write after the first failure.
func (w *writer) stopped() error { return fmt.Errorf("%w: %w", errStopped, w.err) }

// appendPart encodes a part; h has what does not follow from the payload. Blobs come
// compressed already.
func (w *writer) appendPart(b []byte, h header, payload []byte) []byte {
	at := len(b)
	b = append(b, make([]byte, partHeaderSize)...)
	h.decoded = uint32(len(payload))
	if len(payload) >= smallPayload && !h.kind.blob() {
		b = encoder().EncodeAll(payload, b)
		b = padRatio(b, at+partHeaderSize, len(payload))
		h.flags |= flagZstd
	}
	if n := len(b) - at - partHeaderSize; h.flags&flagZstd == 0 || n >= len(payload)-len(payload)/16 {
		b = append(b[:at+partHeaderSize], payload...)
		h.flags &^= flagZstd
	}
	stored := b[at+partHeaderSize:]
	h.stored, h.crc = uint32(len(stored)), checksum(stored)
	w.salt.appendHeader(b[at:at], h)
	return b
}

// padRatio lengthens the frame that begins at b[from] until it is not too small for
// the n bytes that it stands for, with a skippable frame (RFC 8878, section 3.1.2).
func padRatio(b []byte, from, n int) []byte {
	const frameHeader = 8
	if least := (n + maxRatio - 1) / maxRatio; len(b)-from < least {
		size := max(least-(len(b)-from)-frameHeader, 0)
		b = append(b, 0x50, 0x2a, 0x4d, 0x18, byte(size), byte(size>>8), byte(size>>16), byte(size>>24))
		b = append(b, make([]byte, size)...)
	}
	return b
}

// put writes p at the end, whole or not at all. The caller holds mu, or is alone.
func (w *writer) put(p []byte) error {
	n, err := w.f.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		// What has been written of it is cut off if that is possible; the reader
		// would see that it is incomplete.
		_ = w.f.Truncate(w.at)
		w.err = err
		if w.fail != nil {
			w.fail(err)
		}
		return err
	}
	w.at += int64(len(p))
	return nil
}

// sync waits until everything written is on the disk.
func (w *writer) sync() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.stopped()
	}
	return w.f.Sync()
}

// size is how long the file is, bytes.
func (w *writer) size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}
