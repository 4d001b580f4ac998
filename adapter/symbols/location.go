package symbols

import (
	"fmt"

	"github.com/go-delve/delve/pkg/dwarf/regnum"
)

// PieceKind says where a piece of a value is.
type PieceKind uint8

// Piece kinds.
const (
	InMemory   PieceKind = iota // at Addr
	InRegister                  // in DWARF register Reg
	Literal                     // it is Value itself: no location, can't be written
	Missing                     // optimized out: Why says more
	Implicit                    // a pointer to a value that has no address: see Target
)

// Piece is a part of a value, in the order of the value's bytes.
type Piece struct {
	Kind  PieceKind
	Bits  uint   // size; 0 when the piece is the whole value
	Shift uint   // bits to skip at the low end of the memory, register or literal
	Addr  uint64 // for InMemory
	Reg   int    // for InRegister
	Value []byte // for Literal, in guest byte order
	Why   string // for Missing
	// For Implicit: the pointer points Offset bytes into the value of Target.
	Target *Variable
	Offset int64
}

// Location tells where a value is: one piece, or several one after the other.
type Location struct {
	Pieces []Piece
}

// Addr is the value's address, when all of it lies in memory in one stretch.
func (l Location) Addr() (uint64, bool) {
	for i, x := range l.Pieces {
		if x.Kind != InMemory || x.Shift != 0 {
			return 0, false
		}
		if i > 0 {
			prev := l.Pieces[i-1]
			if prev.Bits%8 != 0 || prev.Addr+uint64(prev.Bits/8) != x.Addr {
				return 0, false
			}
		}
	}
	if len(l.Pieces) == 0 {
		return 0, false
	}
	return l.Pieces[0].Addr, true
}

// OptimizedOut reports whether no part of the value is there, and why.
func (l Location) OptimizedOut() (why string, yes bool) {
	for _, x := range l.Pieces {
		if x.Kind != Missing {
			return "", false
		}
		if why == "" {
			why = x.Why
		}
	}
	return why, true
}

// Slice is the location of a part of the value: size bytes from byte off on,
// such as a member or an element.
func (l Location) Slice(off, size int64) Location {
	if off < 0 || size < 0 || off > 1<<40 || size > 1<<40 {
		return Location{Pieces: []Piece{{Kind: Missing, Why: "beyond the value"}}}
	}
	if len(l.Pieces) == 1 && l.Pieces[0].Bits == 0 {
		x := l.Pieces[0]
		switch x.Kind {
		case InMemory:
			x.Addr += uint64(off)
		case InRegister, Literal:
			x.Shift += uint(off) * 8
		case Implicit:
			if off != 0 {
				x = Piece{Kind: Missing, Why: "part of a pointer without a value"}
			}
		}
		if x.Kind == InRegister || x.Kind == Literal {
			x.Bits = uint(size) * 8
		}
		return Location{Pieces: []Piece{x}}
	}
	from, to := uint(off)*8, uint(off+size)*8
	var out Location
	at := uint(0)
	for _, x := range l.Pieces {
		low, high := max(at, from), min(at+x.Bits, to)
		if low < high {
			part := x
			part.Shift += low - at
			part.Bits = high - low
			if part.Kind == InMemory {
				part.Addr += uint64(part.Shift / 8)
				part.Shift %= 8
			}
			out.Pieces = append(out.Pieces, part)
		}
		at += x.Bits
	}
	if len(out.Pieces) == 0 {
		out.Pieces = []Piece{{Kind: Missing, Why: "beyond the value"}}
	}
	return out
}

// maxValue bounds the size of a value read at once, bytes.
const maxValue = 64 << 20

// Read reads a value of size bytes. When a part of it is missing the error is
// an [*OptimizedOutError]; when memory or a register can't be read it says
// which.
func (l Location) Read(size int, regs Regs, mem Memory) ([]byte, error) {
	if size < 0 || size > maxValue {
		return nil, fmt.Errorf("a value of %d bytes is too large", size)
	}
	out := make([]byte, size)
	at := uint(0)
	for _, x := range l.Pieces {
		bits := uint(size)*8 - at
		if x.Bits != 0 {
			bits = min(bits, x.Bits)
		}
		if bits == 0 {
			break
		}
		src, err := x.read(bits, regs, mem)
		if err != nil {
			return nil, err
		}
		copyBits(out, at, src, x.Shift, bits)
		at += bits
	}
	if at < uint(size)*8 {
		return nil, &OptimizedOutError{"its description covers only a part of it"}
	}
	return out, nil
}

// read returns bytes that hold at least Shift+bits bits of the piece.
func (x *Piece) read(bits uint, regs Regs, mem Memory) ([]byte, error) {
	n := int((x.Shift + bits + 7) / 8)
	switch x.Kind {
	case InMemory:
		if n > maxValue+8 {
			return nil, fmt.Errorf("a value of %d bytes is too large", n)
		}
		b := make([]byte, n)
		if mem == nil {
			return nil, fmt.Errorf("can't read memory at %#x", x.Addr)
		}
		if got := mem.ReadMemory(x.Addr, b); got < n {
			return nil, fmt.Errorf("can't read memory at %#x", x.Addr+uint64(max(got, 0)))
		}
		return b, nil
	case InRegister:
		if regs == nil {
			return nil, fmt.Errorf("it is in a register, and no frame is selected")
		}
		if wide, ok := regs.(WideRegs); ok && n > 8 {
			if b, ok := wide.RegBytes(x.Reg); ok && n <= len(b) {
				return b, nil
			}
		}
		v, ok := regs.Reg(x.Reg)
		if !ok {
			return nil, &OptimizedOutError{"it was in a register that a function called from here has overwritten"}
		}
		if n > 8 {
			return nil, fmt.Errorf("a value of %d bits in a register", x.Shift+bits)
		}
		return value{bits: v}.bytes(), nil
	case Literal:
		if n > len(x.Value) {
			return nil, &OptimizedOutError{"its description covers only a part of it"}
		}
		return x.Value, nil
	case Implicit:
		return nil, &OptimizedOutError{"it points to a value that has no address"}
	}
	return nil, &OptimizedOutError{x.Why}
}

// copyBits copies n bits from bit from of src to bit to of dst, least
// significant first.
func copyBits(dst []byte, to uint, src []byte, from, n uint) {
	if to%8 == 0 && from%8 == 0 && n%8 == 0 {
		copy(dst[to/8:], src[from/8:from/8+n/8])
		return
	}
	for i := range n {
		s, d := from+i, to+i
		if src[s/8]>>(s%8)&1 != 0 {
			dst[d/8] |= 1 << (d % 8)
		}
	}
}

// OptimizedOutError says that a value does not exist at this position in the
// program, and why.
type OptimizedOutError struct{ Why string }

func (e *OptimizedOutError) Error() string {
	if e.Why == "" {
		return "optimized out"
	}
	return "optimized out: " + e.Why
}

// regName names a DWARF register for messages.
func (p *Program) regName(n int) string {
	if p.img.arch == &riscv64 && n >= 0 && n < len(riscvNames) {
		return riscvNames[n]
	}
	if p.img.arch == &amd64 {
		return regnum.AMD64ToName(uint64(n))
	}
	return fmt.Sprintf("#%d", n)
}

// riscvNames are the ABI's names; Delve's are x0 to x31.
var riscvNames = [...]string{
	"zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
	"a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
	"ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5",
	"fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
}
