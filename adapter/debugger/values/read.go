package values

import (
	"errors"
	"fmt"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

type sourceKind uint8

const (
	srcNone     sourceKind = iota
	srcMemory              // at addr
	srcBytes               // data
	srcLocation            // loc, from byte off on
)

// source is where a value's bytes are.
type source struct {
	kind sourceKind
	addr uint64
	data []byte
	loc  symbols.Location
	off  int64
}

// at is the source off bytes further on.
func (s source) at(off int64) source {
	switch s.kind {
	case srcMemory:
		s.addr += uint64(off)
	case srcBytes:
		if off < 0 || off > int64(len(s.data)) {
			off = int64(len(s.data))
		}
		s.data = s.data[off:]
	case srcLocation:
		s.off += off
	}
	return s
}

var errNoValue = errors.New("there is no value")

// read reads n bytes of the value from off on.
func (v *Value) read(off, n int64) ([]byte, error) {
	if v.err != nil {
		return nil, v.err
	}
	if n < 0 || n > MaxBytes {
		return nil, fmt.Errorf("a value of %d bytes is too large to be read at once", n)
	}
	switch v.src.kind {
	case srcMemory:
		return v.c.readMemory(v.src.addr+uint64(off), n, v.origin)
	case srcBytes:
		have := int64(len(v.src.data))
		if off < 0 || off > have || n > have-off {
			return nil, fmt.Errorf("only %d bytes of the value are known", have)
		}
		return v.src.data[off : off+n : off+n], nil
	case srcLocation:
		loc := v.src.loc.Slice(v.src.off+off, n)
		return loc.Read(int(n), v.c.regs(), v.c.Mem)
	}
	return nil, errNoValue
}

// readSome reads n bytes of the value from off on, or fewer where memory ends.
func (v *Value) readSome(off, n int64) ([]byte, error) {
	if v.err != nil || v.src.kind != srcMemory || v.c.Mem == nil {
		return v.read(off, n)
	}
	b := make([]byte, n)
	if got := v.c.Mem.ReadMemory(v.src.addr+uint64(off), b); got > 0 {
		return b[:got], nil
	}
	return nil, &memoryError{v.src.addr + uint64(off), 1, v.origin}
}

func (c *Context) readMemory(addr uint64, n int64, o *origin) ([]byte, error) {
	b := make([]byte, n)
	got := 0
	if c.Mem != nil {
		got = c.Mem.ReadMemory(addr, b)
	}
	if int64(got) < n {
		return nil, &memoryError{addr, n, o}
	}
	return b, nil
}

// readWord reads an address-sized word.
func (c *Context) readWord(addr uint64) (uint64, error) {
	b, err := c.readMemory(addr, 8, nil)
	if err != nil {
		return 0, err
	}
	return decodeInt(b, false).u, nil
}

// memoryError says that memory can't be read, and which pointer led there.
type memoryError struct {
	addr   uint64
	size   int64
	origin *origin
}

func (e *memoryError) Error() string {
	s := fmt.Sprintf("cannot read %d bytes at %#x", e.size, e.addr)
	if e.size == 1 {
		s = fmt.Sprintf("cannot read the byte at %#x", e.addr)
	}
	switch o := e.origin; {
	case o == nil || o.expr == "":
	case o.addr == 0 && o.goL:
		s += fmt.Sprintf(" (%s is nil)", clip(o.expr, 80))
	case o.addr == 0:
		s += fmt.Sprintf(" (%s is NULL)", clip(o.expr, 80))
	case o.addr != e.addr:
		s += fmt.Sprintf(" (%s is %#x)", clip(o.expr, 80), o.addr)
	}
	return s
}

// number reads a scalar.
func (v *Value) number() (num, error) {
	if v.err != nil {
		return num{}, v.err
	}
	t := strip(v.typ)
	info, ok := scalarOf(t)
	if !ok {
		return num{}, fmt.Errorf("%s: %w", v.Type(), errNoNumber)
	}
	if v.bits.size != 0 {
		return v.bitNumber(info)
	}
	n, ok := sizeOf(t)
	if !ok || n <= 0 || n > 32 {
		return num{}, fmt.Errorf("%s: a number of an unusual size", v.Type())
	}
	b, err := v.read(0, n)
	if err != nil {
		return num{}, err
	}
	switch info.kind {
	case numFloat:
		f, long, ok := decodeFloat(b, v.c.x87())
		if !ok {
			return num{}, fmt.Errorf("%s: a float of %d bytes", v.Type(), n)
		}
		return num{kind: numFloat, size: int(n), f: f, long: long}, nil
	case numComplex:
		re, _, ok1 := decodeFloat(b[:n/2], v.c.x87())
		im, _, ok2 := decodeFloat(b[n/2:], v.c.x87())
		if !ok1 || !ok2 {
			return num{}, fmt.Errorf("%s: a complex number of %d bytes", v.Type(), n)
		}
		return num{kind: numComplex, size: int(n), f: re, im: im}, nil
	}
	if n > 8 && n != 16 {
		return num{}, fmt.Errorf("%s: an integer of %d bytes", v.Type(), n)
	}
	return decodeInt(b, info.kind == numInt), nil
}

// bitNumber reads a bit field. Its number has the size of its declared type.
func (v *Value) bitNumber(info scalarInfo) (num, error) {
	if v.bits.size > 64 || v.bits.start < 0 || v.bits.start > 63 {
		return num{}, fmt.Errorf("%s: a bit field of %d bits", v.Type(), v.bits.size)
	}
	b, start, err := v.readBits()
	if err != nil {
		return num{}, err
	}
	var u uint64
	for i := int64(0); i < v.bits.size; i++ {
		bit := start + i
		u |= uint64(b[bit/8]>>(bit%8)&1) << i
	}
	if info.kind == numInt {
		u = uint64(int64(u<<(64-v.bits.size)) >> (64 - v.bits.size))
	}
	n, _ := sizeOf(strip(v.typ))
	return num{kind: info.kind, size: int(min(max(n, 1), 8)), u: u}, nil
}

// readBits reads the bytes that a bit field touches, and where in them it begins.
// Of a value in pieces it reads the field's own bits only: its neighbours may be
// missing.
func (v *Value) readBits() (b []byte, start int64, err error) {
	if v.err != nil || v.src.kind != srcLocation {
		b, err = v.read(0, v.bits.bytes())
		return b, v.bits.start, err
	}
	loc := cutBits(v.src.loc, uint(v.src.off*8+v.bits.start), uint(v.bits.size))
	b, err = loc.Read(int(v.bits.size+7)/8, v.c.regs(), v.c.Mem)
	return b, 0, err
}

// regs are the frame's registers, nil without a frame.
func (c *Context) regs() symbols.Regs {
	if c.Frame == nil {
		return nil
	}
	return c.Frame.Regs
}

// cutBits is the location of size bits of a value, from bit off on, filled up with
// zeros to whole bytes.
func cutBits(l symbols.Location, off, size uint) symbols.Location {
	var out symbols.Location
	at := uint(0)
	for _, p := range l.Pieces {
		have := p.Bits
		if have == 0 { // the whole value
			have = off + size
		}
		low, high := max(off, at), min(off+size, at+have)
		if low < high {
			p.Shift += low - at
			p.Bits = high - low
			if p.Kind == symbols.InMemory {
				p.Addr += uint64(p.Shift / 8)
				p.Shift %= 8
			}
			out.Pieces = append(out.Pieces, p)
		}
		at += have
	}
	if pad := -size % 8; pad != 0 {
		out.Pieces = append(out.Pieces, symbols.Piece{Kind: symbols.Literal, Bits: pad, Value: []byte{0}})
	}
	return out
}

// implicit is what a pointer without a value of its own points into: a variable
// that has no address, and the offset in it, bytes.
func (v *Value) implicit() (target *symbols.Variable, off int64, ok bool) {
	if v.implied != nil {
		return v.implied, v.shift, true
	}
	if v.err != nil || v.src.kind != srcLocation || !isPointer(strip(v.typ)) {
		return nil, 0, false
	}
	if loc := v.src.loc.Slice(v.src.off, ptrSize); len(loc.Pieces) == 1 && loc.Pieces[0].Kind == symbols.Implicit {
		p := loc.Pieces[0]
		return p.Target, p.Offset, p.Target != nil
	}
	return nil, 0, false
}
