package pages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// How packed data begins.
const (
	packedRaw  = 0 // the data follow as they are
	packedZstd = 1 // their length as a uvarint, then a zstd frame (RFC 8878)
)

// packWindow is the greatest distance at which repetitions are found, bytes.
const packWindow = 1 << 18

var packer = sync.OnceValue(func() *zstd.Encoder {
	// The options are constants, and good.
	e, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2),
		zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(packWindow))
	return e
})

var unpacker = sync.OnceValue(func() *zstd.Decoder {
	d, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(4), zstd.WithDecodeAllCapLimit(true),
		zstd.WithDecoderMaxWindow(1<<30))
	return d
})

// Pack appends data to dst, compressed if that makes it shorter. It may be called
// from any goroutine.
func Pack(dst, data []byte) []byte {
	start := len(dst)
	dst = append(dst, packedZstd)
	dst = binary.AppendUvarint(dst, uint64(len(data)))
	dst = packer().EncodeAll(data, dst)
	if len(dst)-start > len(data) {
		dst = append(append(dst[:start], packedRaw), data...)
	}
	return dst
}

// MaxRatio is how many times longer than what PackBounded returns the data may be.
const MaxRatio = 64

// PackBounded does what Pack does, but makes nothing so small that its size does not
// bound the memory that unpacking takes: see MaxRatio. Unpack reads both.
func PackBounded(dst, data []byte) []byte {
	const header = 8 // of a skippable frame (RFC 8878, section 3.1.2)
	start := len(dst)
	dst = Pack(dst, data)
	if lacks := (len(data)+MaxRatio-1)/MaxRatio - (len(dst) - start); lacks > 0 {
		size := max(lacks-header, 0)
		dst = append(dst, 0x50, 0x2a, 0x4d, 0x18)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(size))
		dst = append(dst, make([]byte, size)...)
	}
	return dst
}

// Unpacked is how long what Unpack returns will be, if packed is not damaged.
func Unpacked(packed []byte) uint64 {
	if len(packed) > 0 && packed[0] == packedZstd {
		n, _ := binary.Uvarint(packed[1:])
		return n
	}
	return uint64(max(len(packed)-1, 0))
}

// Unpack returns what Pack was given, if it is at most most bytes long: no more
// memory is taken. It may return a part of packed itself. It may be called from any
// goroutine.
func Unpack(packed []byte, most int) ([]byte, error) {
	if len(packed) == 0 {
		return nil, errors.New("packed data are empty")
	}
	form, rest := packed[0], packed[1:]
	switch form {
	case packedRaw:
		if len(rest) > most {
			return nil, fmt.Errorf("%d bytes, more than %d", len(rest), most)
		}
		return rest, nil
	case packedZstd:
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > uint64(most) {
			return nil, fmt.Errorf("packed data say that they are %d bytes long, more than %d", n, most)
		}
		data, err := unpacker().DecodeAll(rest[size:], make([]byte, 0, n))
		if err != nil {
			return nil, err
		}
		if uint64(len(data)) != n {
			return nil, fmt.Errorf("packed data are %d bytes long and say %d", len(data), n)
		}
		return data, nil
	}
	return nil, fmt.Errorf("packed data begin with %#x", form)
}
