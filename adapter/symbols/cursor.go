package symbols

import (
	"bytes"
	"encoding/binary"
)

// cursor reads little-endian data. Once it has gone wrong it stays bad, gives
// zeros and has nothing left, so a parser may check after a group of reads and
// none loops.
type cursor struct {
	b   []byte
	off int
	bad bool
}

// at makes a cursor on b from offset off on.
func at(b []byte, off uint64) cursor {
	if off > uint64(len(b)) {
		return cursor{bad: true}
	}
	return cursor{b: b, off: int(off)}
}

func (c *cursor) left() int { return len(c.b) - c.off }

func (c *cursor) fail() {
	c.bad = true
	c.off = len(c.b)
}

func (c *cursor) bytes(n uint64) []byte {
	if c.bad || n > uint64(c.left()) {
		c.fail()
		return nil
	}
	p := c.b[c.off : c.off+int(n)]
	c.off += int(n)
	return p
}

func (c *cursor) u8() uint8 {
	if p := c.bytes(1); p != nil {
		return p[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if p := c.bytes(2); p != nil {
		return binary.LittleEndian.Uint16(p)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if p := c.bytes(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if p := c.bytes(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// uint reads an unsigned integer of 1 to 8 bytes.
func (c *cursor) uint(size int) uint64 {
	if size < 1 || size > 8 {
		c.fail()
		return 0
	}
	return littleUint(c.bytes(uint64(size)))
}

// offset reads a section offset or a length of 32- or 64-bit DWARF.
func (c *cursor) offset(is64 bool) uint64 {
	if is64 {
		return c.u64()
	}
	return uint64(c.u32())
}

// length reads an initial length (DWARF 5, 7.4).
func (c *cursor) length() (n uint64, is64 bool) {
	v := c.u32()
	switch {
	case v == 0xffffffff:
		return c.u64(), true
	case v >= 0xfffffff0:
		c.fail()
	}
	return uint64(v), false
}

func (c *cursor) uleb() uint64 {
	var v uint64
	for shift := uint(0); ; shift += 7 {
		b := c.u8()
		if c.bad {
			return 0
		}
		if shift < 64 {
			v |= uint64(b&0x7f) << shift
		}
		if b&0x80 == 0 {
			return v
		}
	}
}

func (c *cursor) sleb() int64 {
	var v int64
	for shift := uint(0); ; shift += 7 {
		b := c.u8()
		if c.bad {
			return 0
		}
		if shift < 64 {
			v |= int64(b&0x7f) << shift
		}
		if b&0x80 == 0 {
			if b&0x40 != 0 && shift+7 < 64 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
}

// cstring reads a string up to its NUL and returns its length.
func (c *cursor) cstring() int {
	if c.bad {
		return 0
	}
	n := bytes.IndexByte(c.b[c.off:], 0)
	if n < 0 {
		c.fail()
		return 0
	}
	c.off += n + 1
	return n
}

// littleUint makes an integer of up to 8 bytes.
func littleUint(p []byte) uint64 {
	var v uint64
	for i := len(p) - 1; i >= 0; i-- {
		v = v<<8 | uint64(p[i])
	}
	return v
}
