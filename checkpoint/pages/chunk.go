package pages

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dap-revexec/dap-revexec/vm"
)

// A PageRef is made of the number of a chunk and 1, the page's index in it, and how
// many differences lie between it and a whole page:
//
//	bits 0–3   depth
//	bits 4–15  index
//	bits 16–63 chunk + 1
//
// Chunks are numbered 0, 1, 2, … in the order in which they were appended.
const (
	depthBits = 4
	indexBits = 12
	// maxDepth is the longest chain of differences to go through to get a page.
	maxDepth = 8
	// maxPages is the most pages of a chunk.
	maxPages  = 1 << indexBits
	maxChunks = 1 << 40
)

func makeRef(chunk uint64, index, depth int) vm.PageRef {
	return vm.PageRef((chunk+1)<<(depthBits+indexBits) | uint64(index)<<depthBits | uint64(depth))
}

// split takes a reference apart; ok is false if it is none.
func split(ref vm.PageRef) (chunk uint64, index, depth int, ok bool) {
	chunk = uint64(ref) >> (depthBits + indexBits)
	index = int(ref >> depthBits & (maxPages - 1))
	depth = int(ref & (1<<depthBits - 1))
	return chunk - 1, index, depth, chunk != 0 && chunk <= maxChunks && depth <= maxDepth
}

// A chunk, before it is packed, is
//
//	the number of its pages, uvarint
//	of each page: the length of its body, uvarint
//	              the distance from its reference to the base's, uvarint; 0: no difference
//	              its depth, a byte
//	the bodies
const (
	// chunkSize is about how long a chunk is before it is packed, bytes.
	chunkSize = 64 << 10
	// maxChunk is how long it is at most: bodies up to the last page beyond
	// chunkSize, and what is kept of each page.
	maxChunk = chunkSize + vm.PageSize + maxPages*(2+binary.MaxVarintLen64+1) + binary.MaxVarintLen64
)

// entry is a page in a chunk.
type entry struct {
	end   uint32     // of its body in the bodies
	depth uint8      // of its reference
	base  vm.PageRef // what the body is a difference to, 0 if it is none
}

// chunk is a chunk that is not packed. One that is complete is immutable.
type chunk struct {
	entries []entry
	bodies  []byte
}

// size is about how much memory a chunk takes.
func (c *chunk) size() int { return cap(c.bodies) + 16*cap(c.entries) + 64 }

// body is page i's.
func (c *chunk) body(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = c.entries[i-1].end
	}
	return c.bodies[start:c.entries[i].end]
}

// encode makes the blob of chunk number n.
func (c *chunk) encode(n uint64) []byte {
	raw := binary.AppendUvarint(make([]byte, 0, len(c.bodies)+8*len(c.entries)+8), uint64(len(c.entries)))
	for i, e := range c.entries {
		raw = binary.AppendUvarint(raw, uint64(len(c.body(i))))
		dist := uint64(0)
		if e.base != 0 {
			dist = uint64(makeRef(n, i, int(e.depth)) - e.base)
		}
		raw = binary.AppendUvarint(raw, dist)
		raw = append(raw, e.depth)
	}
	return Pack(nil, append(raw, c.bodies...))
}

var errChunkShort = errors.New("the list of its pages is not complete")

// decode reads the blob of chunk number n.
func decode(n uint64, blob []byte) (*chunk, error) {
	raw, err := Unpack(blob, maxChunk)
	if err != nil {
		return nil, err
	}
	uvarint := func() (v uint64) {
		v, size := binary.Uvarint(raw)
		if size <= 0 {
			err = errChunkShort
			return 0
		}
		raw = raw[size:]
		return v
	}
	count := uvarint()
	if err != nil || count > maxPages || count > uint64(len(raw)) {
		return nil, errChunkShort
	}
	c := &chunk{entries: make([]entry, count)}
	end := uint64(0)
	for i := range c.entries {
		length, dist := uvarint(), uvarint()
		if err != nil || len(raw) == 0 {
			return nil, errChunkShort
		}
		e := entry{depth: raw[0]}
		raw = raw[1:]
		self := uint64(makeRef(n, i, int(e.depth)))
		switch {
		case length > vm.PageSize:
			return nil, fmt.Errorf("page %d has %d bytes", i, length)
		case dist == 0 && (e.depth != 0 || length != 0 && length != vm.PageSize):
			return nil, fmt.Errorf("page %d is no difference, and has %d bytes and depth %d", i, length, e.depth)
		case dist != 0:
			e.base = vm.PageRef(self - dist)
			// A chain of bases comes to an end because depth falls.
			if _, _, depth, ok := split(e.base); dist >= self || !ok || depth >= int(e.depth) || e.depth > maxDepth {
				return nil, fmt.Errorf("page %d is a difference to %#x, which is no base of it", i, uint64(e.base))
			}
		}
		end += length
		e.end = uint32(end)
		c.entries[i] = e
	}
	if uint64(len(raw)) != end {
		return nil, fmt.Errorf("its pages have %d bytes, not %d", len(raw), end)
	}
	c.bodies = raw
	return c, nil
}
