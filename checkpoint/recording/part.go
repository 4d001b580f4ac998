package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/checkpoint/pages"
)

// Sizes and limits of the format, bytes. See the package comment.
const (
	fileHeaderSize = 20
	partHeaderSize = 40
	// pieceSize is how much a part holds at most, decoded. What is longer goes
	// into several parts.
	pieceSize = 4 << 20
	// maxStored is how much a part's payload takes at most in the file.
	maxStored = pieceSize + 64<<10
	// maxRatio bounds how much smaller a payload may be in the file than decoded:
	// so the size of a file bounds the memory that reading it takes.
	maxRatio = 64
	// smallPayload is what is not worth compressing.
	smallPayload = 256
)

// formatVersion is the version of the format that is written here.
const formatVersion = 1

// fileMagic begins every recording. The line ends in it tell when a transfer
// as text has damaged the file.
var fileMagic = [8]byte{0x89, 'R', 'V', 'X', '\r', '\n', 0x1a, '\n'}

// partMagic begins every part: where a header is damaged, the next one is found
// by it.
const partMagic = 0x54524150 // "PART"

// kind is what a part holds.
type kind uint8

// Kinds of parts.
const (
	kindBegin   kind = 1 // what was recorded, and from where on
	kindContent kind = 2 // the content of a file
	kindFile    kind = 3 // a file's name
	kindInputs  kind = 4 // inputs and the frontier
	kindJournal kind = 5 // events
	kindKept    kind = 6 // inputs from before the start
	kindEnd     kind = 7 // how it ended
	// kindBlob is the first of 64 kinds for what the timeline saves: its own kind
	// is added.
	kindBlob kind = 64

	kindChunk      = kindBlob + kind(pages.Kind)
	kindCheckpoint = kindBlob + kind(checkpoint.KindCheckpoint)
)

// kindBlobs is how many kinds of blobs there can be.
const kindBlobs = 64

func (k kind) blob() bool { return k >= kindBlob && k < kindBlob+kindBlobs }

// Flags of a part.
const (
	flagZstd = 1 << iota // the payload is one Zstandard frame
	flagMore             // the next part goes on with this one's record
	flagAll  = flagZstd | flagMore
)

// salt is a file's own number: headers of another file that lies within this one, as
// a file that was recorded, are not taken for its own.
type salt uint32

// castagnoli is the polynomial of all checksums.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }

// header is a part's header.
type header struct {
	kind    kind
	flags   uint8
	crc     uint32 // of the payload, as it is stored
	seq     uint64 // 0, 1, 2, … in the file
	mark    uint64 // what it means depends on the kind
	stored  uint32 // bytes of payload in the file
	decoded uint32 // bytes of payload decoded
}

// checksum is that of a part's header.
func (x salt) checksum(b []byte) uint32 {
	return crc32.Update(uint32(x), castagnoli, b[8:partHeaderSize])
}

// appendHeader encodes a header.
func (x salt) appendHeader(b []byte, h header) []byte {
	le := binary.LittleEndian
	at := len(b)
	b = le.AppendUint32(b, partMagic)
	b = le.AppendUint32(b, 0)
	b = append(b, byte(h.kind), h.flags, 0, 0)
	b = le.AppendUint32(b, h.crc)
	b = le.AppendUint64(b, h.seq)
	b = le.AppendUint64(b, h.mark)
	b = le.AppendUint32(b, h.stored)
	b = le.AppendUint32(b, h.decoded)
	le.PutUint32(b[at+4:], x.checksum(b[at:]))
	return b
}

// errHeader tells that bytes are no part's header.
var errHeader = errors.New("not the header of a part")

// parseHeader decodes a part's header and checks all that can be checked without the payload.
func (x salt) parseHeader(b []byte) (h header, err error) {
	le := binary.LittleEndian
	if len(b) < partHeaderSize || le.Uint32(b) != partMagic || le.Uint32(b[4:]) != x.checksum(b) {
		return h, errHeader
	}
	h = header{
		kind: kind(b[8]), flags: b[9],
		crc: le.Uint32(b[12:]), seq: le.Uint64(b[16:]), mark: le.Uint64(b[24:]),
		stored: le.Uint32(b[32:]), decoded: le.Uint32(b[36:]),
	}
	switch {
	case h.flags&^flagAll != 0 || b[10] != 0 || b[11] != 0:
		return h, fmt.Errorf("%w: unknown flags", errHeader)
	case h.decoded > pieceSize || h.stored > maxStored:
		return h, fmt.Errorf("%w: it holds more than %d bytes", errHeader, pieceSize)
	case h.flags&flagZstd == 0 && h.stored != h.decoded:
		return h, fmt.Errorf("%w: its sizes contradict each other", errHeader)
	case uint64(h.decoded) > maxRatio*uint64(h.stored):
		return h, fmt.Errorf("%w: it claims to hold too much for its size", errHeader)
	}
	return h, nil
}

// appendFileHeader encodes the head of a file.
func appendFileHeader(b []byte, version uint16, x salt) []byte {
	le := binary.LittleEndian
	at := len(b)
	b = append(b, fileMagic[:]...)
	b = le.AppendUint16(b, version)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint32(b, uint32(x))
	return le.AppendUint32(b, checksum(b[at:]))
}

// parseFileHeader checks the head of a file and gives its salt.
func parseFileHeader(b []byte) (salt, error) {
	le := binary.LittleEndian
	switch {
	case len(b) == 0:
		return 0, errors.New("the file is empty: not even the beginning of a recording")
	case !bytes.HasPrefix(b, fileMagic[:]):
		return 0, errors.New("not a recording made by dap-revexec record")
	case len(b) < fileHeaderSize || le.Uint32(b[16:]) != checksum(b[:16]):
		return 0, errors.New("the first bytes of the recording are damaged")
	case le.Uint16(b[8:]) > formatVersion:
		return 0, fmt.Errorf("the recording has format version %d, and this dap-revexec knows versions up to %d: open it with a newer one", le.Uint16(b[8:]), formatVersion)
	case le.Uint16(b[8:]) == 0:
		return 0, errors.New("the recording has format version 0, which never was")
	}
	return salt(le.Uint32(b[12:])), nil
}
