// Package wire is the byte form of saved snapshots: one description of a structure
// serves to write it and to read it, so that the two cannot differ.
//
// Numbers are varints (unsigned LEB128; signed ones zigzag), as encoding/binary has
// them; lengths precede what varies in length. What is read may come from a stranger:
// nothing is allocated that the bytes at hand do not account for, and the first thing
// that is wrong makes all that follows read as zero.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Coder writes or reads variables. Writing does not change them. The zero value writes.
type Coder struct {
	b       []byte // written so far, or left to be read
	reading bool
	err     error
}

// Reader returns a Coder that reads b, which it does not keep parts of.
func Reader(b []byte) *Coder { return &Coder{b: b, reading: true} }

// Reading reports whether the Coder reads.
func (c *Coder) Reading() bool { return c.reading }

// Written is what has been written. The caller must not go on writing.
func (c *Coder) Written() []byte { return c.b }

// Left is the number of bytes that have not been read.
func (c *Coder) Left() int { return len(c.b) }

// Err is the first thing that was wrong with what was read.
func (c *Coder) Err() error { return c.err }

// Fail says that what is read is wrong. Only the first time counts.
func (c *Coder) Fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
	c.b = nil
}

var errShort = errors.New("it ends too early")

// End says that nothing more is to be read.
func (c *Coder) End() error {
	if c.err == nil && len(c.b) > 0 {
		c.Fail("%d bytes too many", len(c.b))
	}
	return c.err
}

// Uint writes or reads an unsigned number.
func (c *Coder) Uint(p *uint64) {
	if !c.reading {
		c.b = binary.AppendUvarint(c.b, *p)
		return
	}
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.Fail("%w", errShort)
		*p = 0
		return
	}
	*p, c.b = v, c.b[n:]
}

// Uints does so for some numbers.
func (c *Coder) Uints(ps ...*uint64) {
	for _, p := range ps {
		c.Uint(p)
	}
}

// Put writes a number that is not a variable; for writing only.
func (c *Coder) Put(v uint64) { c.Uint(&v) }

// Get reads a number.
func (c *Coder) Get() (v uint64) {
	c.Uint(&v)
	return v
}

// Num writes or reads a number of any type. One that the type cannot hold is wrong.
func Num[T ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](c *Coder, p *T) {
	zero := T(0)
	signed := zero-1 < zero
	v := uint64(*p)
	if signed {
		v = uint64(int64(*p)<<1 ^ int64(*p)>>63)
	}
	c.Uint(&v)
	if !c.reading {
		return
	}
	if signed {
		x := int64(v>>1) ^ -int64(v&1)
		if *p = T(x); int64(*p) != x {
			c.Fail("%d is out of range", x)
			*p = 0
		}
		return
	}
	if *p = T(v); uint64(*p) != v {
		c.Fail("%d is out of range", v)
		*p = 0
	}
}

// Bool writes or reads a truth value.
func (c *Coder) Bool(p *bool) {
	var v uint8
	if *p {
		v = 1
	}
	Num(c, &v)
	if !c.reading {
		return
	}
	if v > 1 {
		c.Fail("%d is not a truth value", v)
	}
	*p = v == 1
}

// Len writes or reads a length: at most max, and when read, not more than there are
// bytes left.
func (c *Coder) Len(n, max int) int {
	Num(c, &n)
	if c.reading && (n < 0 || n > max || n > len(c.b)) {
		c.Fail("a length of %d: at most %d are possible", n, min(max, len(c.b)))
		return 0
	}
	return n
}

// Bytes writes or reads a sequence of bytes. What is read is a copy; nil if empty.
func (c *Coder) Bytes(p *[]byte) {
	n := c.Len(len(*p), int(^uint(0)>>1))
	if !c.reading {
		c.b = append(c.b, *p...)
		return
	}
	*p = append([]byte(nil), c.b[:n]...)
	c.b = c.b[n:]
}

// String writes or reads a string.
func (c *Coder) String(p *string) {
	n := c.Len(len(*p), int(^uint(0)>>1))
	if !c.reading {
		c.b = append(c.b, *p...)
		return
	}
	*p = string(c.b[:n])
	c.b = c.b[n:]
}

// Fixed writes or reads bytes whose number both sides know.
func (c *Coder) Fixed(p []byte) {
	if !c.reading {
		c.b = append(c.b, p...)
		return
	}
	if len(p) > len(c.b) {
		c.Fail("%w", errShort)
		clear(p)
		return
	}
	c.b = c.b[copy(p, c.b):]
}

// List writes or reads a slice of at most max elements, each of which takes a byte at
// least. An empty one is read as nil.
func List[T any](c *Coder, s *[]T, max int, each func(*T)) {
	n := c.Len(len(*s), max)
	if !c.reading {
		for i := range *s {
			each(&(*s)[i])
		}
		return
	}
	*s = nil
	for range n {
		var v T
		each(&v)
		if c.err != nil {
			*s = nil
			return
		}
		*s = append(*s, v)
	}
}

// Optional writes or reads something that may not be there. It returns nil when what
// it reads is not.
func Optional[T any](c *Coder, p *T, each func(*T)) *T {
	there := p != nil
	if c.Bool(&there); !there {
		return nil
	}
	if c.reading {
		p = new(T)
	}
	each(p)
	return p
}
