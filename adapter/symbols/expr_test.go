package symbols

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-delve/delve/pkg/dwarf/op"
)

// fakeRegs has some registers, with their DWARF numbers.
type fakeRegs map[int]uint64

func (r fakeRegs) Reg(n int) (uint64, bool) { v, ok := r[n]; return v, ok }

// fakeMemory holds at each address multiple of 8 that address times 3.
type fakeMemory struct{ low, high uint64 }

func (m fakeMemory) ReadMemory(addr uint64, p []byte) int {
	for i := range p {
		a := addr + uint64(i)
		if a < m.low || a >= m.high {
			return i
		}
		p[i] = binary.LittleEndian.AppendUint64(nil, (a&^7)*3)[a&7]
	}
	return len(p)
}

func emptyProgram() *Program {
	return &Program{img: &image{arch: &riscv64, ptrSize: 8, sections: map[string][]byte{}}, lines: &lineTable{files: []string{""}}, frames: &frameTable{}, symtab: &symtab{}}
}

func testEvaluator() *evaluator {
	return &evaluator{
		p: emptyProgram(), mem: fakeMemory{0x1000, 0x9000},
		frame: &Frame{PC: 0x400, Exact: true, CFA: 0x8000, Regs: fakeRegs{2: 0x7f00, 8: 0x8000, 10: 42, 42: math.Float64bits(2.5)}},
	}
}

// bin joins operations and operands.
func bin(parts ...any) []byte {
	var out []byte
	for _, x := range parts {
		switch x := x.(type) {
		case op.Opcode:
			out = append(out, byte(x))
		case int:
			out = append(out, byte(x))
		case int16:
			out = binary.LittleEndian.AppendUint16(out, uint16(x))
		case uint64:
			out = binary.LittleEndian.AppendUint64(out, x)
		}
	}
	return out
}

func TestLocationsOfEveryShape(t *testing.T) {
	for _, c := range []struct {
		name string
		expr []byte
		want []Piece
	}{
		{"address", bin(op.DW_OP_addr, uint64(0x1234)), []Piece{{Kind: InMemory, Addr: 0x1234}}},
		{"register", bin(op.DW_OP_reg10), []Piece{{Kind: InRegister, Reg: 10}}},
		{"numbered register", bin(op.DW_OP_regx, 42), []Piece{{Kind: InRegister, Reg: 42}}},
		{"frame", bin(op.DW_OP_call_frame_cfa, op.DW_OP_consts, 0x70, op.DW_OP_plus), []Piece{{Kind: InMemory, Addr: 0x7ff0}}},
		{"based", bin(op.DW_OP_breg2, 8), []Piece{{Kind: InMemory, Addr: 0x7f08}}},
		{"through memory", bin(op.DW_OP_breg8, 0, op.DW_OP_deref), []Piece{{Kind: InMemory, Addr: 0x18000}}},
		{"stack value", bin(op.DW_OP_breg10, 1, op.DW_OP_stack_value), []Piece{{Kind: Literal, Value: bin(uint64(43))}}},
		{"implicit value", bin(op.DW_OP_implicit_value, 3, 7, 8, 9), []Piece{{Kind: Literal, Value: []byte{7, 8, 9}}}},
		{"pieces", bin(op.DW_OP_reg10, op.DW_OP_piece, 4, op.DW_OP_piece, 2, op.DW_OP_lit5, op.DW_OP_stack_value, op.DW_OP_piece, 1, op.DW_OP_breg2, 0, op.DW_OP_piece, 8),
			[]Piece{
				{Kind: InRegister, Reg: 10, Bits: 32},
				{Kind: Missing, Bits: 16, Why: "the compiler keeps no copy of this part"},
				{Kind: Literal, Bits: 8, Value: bin(uint64(5))},
				{Kind: InMemory, Bits: 64, Addr: 0x7f00},
			}},
		{"bit pieces", bin(op.DW_OP_reg10, op.DW_OP_bit_piece, 5, 3), []Piece{{Kind: InRegister, Reg: 10, Bits: 5, Shift: 3}}},
		{"branch", bin(op.DW_OP_lit1, op.DW_OP_bra, int16(3), op.DW_OP_addr, op.DW_OP_nop, op.DW_OP_nop, op.DW_OP_lit7), []Piece{{Kind: InMemory, Addr: 7}}},
	} {
		l, err := testEvaluator().location(c.expr)
		if err != nil || len(l.Pieces) != len(c.want) {
			t.Errorf("%s: %v, %v", c.name, l, err)
			continue
		}
		for i := range c.want {
			a, b := l.Pieces[i], c.want[i]
			if a.Kind != b.Kind || a.Bits != b.Bits || a.Shift != b.Shift || a.Addr != b.Addr || a.Reg != b.Reg || a.Why != b.Why || string(a.Value) != string(b.Value) {
				t.Errorf("%s: piece %d is %+v, want %+v", c.name, i, a, b)
			}
		}
	}
}

func TestWhatCannotBeEvaluatedIsAnErrorThatSaysWhy(t *testing.T) {
	for _, c := range []struct {
		expr []byte
		why  string
	}{
		{nil, "no location"},
		{bin(op.DW_OP_breg11, 0), "register a1 was overwritten"},
		{bin(op.DW_OP_plus), "underflow"},
		{bin(op.DW_OP_lit1, op.DW_OP_lit0, op.DW_OP_div), "division by zero"},
		{bin(op.DW_OP_lit1, op.DW_OP_lit0, op.DW_OP_mod), "division by zero"},
		{bin(op.DW_OP_lit0, op.DW_OP_deref), "can't read memory at 0x0"},
		{bin(op.DW_OP_skip, int16(-3)), "does not end"},
		{bin(op.DW_OP_skip, int16(-4)), "jump out of it"},
		{bin(op.DW_OP_lit0, op.DW_OP_dup, op.DW_OP_skip, int16(-4)), "overflow"},
		{bin(op.DW_OP_addr, 1, 2), "truncated"},
		{bin(op.DW_OP_reg10, op.DW_OP_lit1), "after a location"},
		{bin(op.DW_OP_push_object_address), "DW_OP_push_object_address"},
		{bin(0xee), "0xee"},
		{bin(opEntryValue, 1, op.DW_OP_reg10), "entry"},
		{bin(op.DW_OP_fbreg, 0), "function is not known"},
		{bin(op.DW_OP_lit4, op.DW_OP_form_tls_address), "thread-local"},
		{bin(opAddrx, 5), ".debug_addr"},
		{bin(opConvert, 9), "without a unit"},
	} {
		_, err := testEvaluator().location(c.expr)
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("% x: %v, want %q", c.expr, err, c.why)
		}
	}
}

func TestTypedValuesConvertAsTheStandardSays(t *testing.T) {
	i32, u32 := &exprType{size: 4, signed: true}, &exprType{size: 4}
	i8, f32, f64 := &exprType{size: 1, signed: true}, &exprType{size: 4, float: true}, &exprType{size: 8, float: true}
	minus := uint64(math.MaxUint64)
	for _, c := range []struct {
		from value
		to   *exprType
		want uint64
	}{
		{generic(minus), i32, 0xffffffff},
		{value{0xffffffff, i32}, nil, minus},
		{value{0xffffffff, u32}, nil, 0xffffffff},
		{value{0x80, i8}, u32, 0xffffff80},
		{generic(3), f64, math.Float64bits(3)},
		{value{0xffffffff, i32}, f32, uint64(math.Float32bits(-1))},
		{value{0xffffffff, u32}, f64, math.Float64bits(4294967295)},
		{value{math.Float64bits(-2.9), f64}, i32, 0xfffffffe},
		{value{math.Float64bits(1.5), f64}, f32, uint64(math.Float32bits(1.5))},
		{value{math.Float64bits(1 << 63), f64}, &exprType{size: 8}, 1 << 63},
	} {
		got, err := c.from.convert(c.to)
		if err != nil || got.bits != c.want || got.typ != c.to {
			t.Errorf("%+v to %+v: %#x, %v; want %#x", c.from, c.to, got.bits, err, c.want)
		}
	}
	if v, err := (value{math.Float64bits(math.NaN()), f64}).convert(i32); err == nil {
		t.Errorf("NaN became %v", v)
	}
	if v, err := (value{1, i32}).reinterpret(f64); err == nil {
		t.Errorf("4 bytes became 8: %v", v)
	}
	e := testEvaluator()
	for _, c := range []struct {
		o    op.Opcode
		a, b value
		want uint64
	}{
		{op.DW_OP_plus, value{0xffffffff, u32}, value{2, u32}, 1},
		{op.DW_OP_div, value{0xfffffff8, i32}, value{2, i32}, 0xfffffffc},
		{op.DW_OP_div, value{0xfffffff8, u32}, value{2, u32}, 0x7ffffffc},
		{op.DW_OP_shra, value{0x80, i8}, generic(3), 0xf0},
		{op.DW_OP_shr, value{0x80, i8}, generic(3), 0x10},
		{op.DW_OP_lt, value{0x80, i8}, value{1, i8}, 1},
		{op.DW_OP_lt, value{0x80000000, u32}, value{1, u32}, 0},
		{op.DW_OP_mul, value{math.Float64bits(1.5), f64}, value{math.Float64bits(4), f64}, math.Float64bits(6)},
		{op.DW_OP_le, value{math.Float64bits(math.NaN()), f64}, value{0, f64}, 0},
		{op.DW_OP_ne, value{math.Float64bits(math.NaN()), f64}, value{0, f64}, 1},
	} {
		e.stack = []value{c.a, c.b}
		if err := e.binary(c.o); err != nil || len(e.stack) != 1 || e.stack[0].bits != c.want {
			t.Errorf("%#x %+v %+v: %+v, %v; want %#x", byte(c.o), c.a, c.b, e.stack, err, c.want)
		}
	}
	e.stack = []value{{1, u32}, generic(1)}
	if err := e.binary(op.DW_OP_plus); err == nil {
		t.Error("operands of different types were added")
	}
}

// TestEvaluatorAgreesWithDelveWhereBothApply runs random programs of the
// operations that Delve's evaluator gets right.
func TestEvaluatorAgreesWithDelveWhereBothApply(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	unary := []op.Opcode{op.DW_OP_neg, op.DW_OP_not, op.DW_OP_abs, op.DW_OP_dup}
	binary := []op.Opcode{
		op.DW_OP_plus, op.DW_OP_minus, op.DW_OP_mul, op.DW_OP_and, op.DW_OP_or, op.DW_OP_xor,
		op.DW_OP_eq, op.DW_OP_ne, op.DW_OP_lt, op.DW_OP_le, op.DW_OP_gt, op.DW_OP_ge, op.DW_OP_swap, op.DW_OP_over,
		op.DW_OP_shl, op.DW_OP_shr, op.DW_OP_shra,
	}
	var regs op.DwarfRegisters
	regs.ByteOrder = leOrder
	regs.CFA = 0x8000
	for n, v := range testEvaluator().frame.Regs.(fakeRegs) {
		regs.AddReg(uint64(n), op.DwarfRegisterFromUint64(v))
	}
	compared := 0
	for range 20_000 {
		var expr []byte
		depth := 0
		for range 3 + rnd.IntN(12) {
			switch k := rnd.IntN(6); {
			case depth >= 2 && k < 2:
				o := binary[rnd.IntN(len(binary))]
				expr = append(expr, byte(o))
				switch o {
				case op.DW_OP_swap:
				case op.DW_OP_over:
					depth++
				default:
					depth--
				}
			case depth >= 1 && k == 2:
				o := unary[rnd.IntN(len(unary))]
				expr = append(expr, byte(o))
				if o == op.DW_OP_dup {
					depth++
				}
			case k == 3:
				expr = append(expr, byte(op.DW_OP_lit0)+byte(rnd.IntN(32)))
				depth++
			case k == 4:
				expr = append(expr, byte(op.DW_OP_const1s), byte(rnd.IntN(256)))
				depth++
			default:
				expr = append(expr, byte(op.DW_OP_breg10), byte(rnd.IntN(128)))
				depth++
			}
		}
		want, pieces, err := op.ExecuteStackProgram(regs, expr, 8, nil)
		got, err2 := testEvaluator().scalar(expr)
		if err != nil || pieces != nil || err2 != nil {
			t.Fatalf("% x: Delve: %v, here: %v", expr, err, err2)
		}
		compared++
		if uint64(want) != got {
			t.Fatalf("% x: %#x, Delve has %#x", expr, got, want)
		}
	}
	t.Logf("%d programs", compared)
}

var leOrder = binary.LittleEndian

func TestPiecesAreJoinedToTheBit(t *testing.T) {
	mem := fakeMemory{0x1000, 0x2000}
	regs := fakeRegs{10: 0xfedcba9876543210}
	for _, c := range []struct {
		name   string
		pieces []Piece
		size   int
		want   uint64
	}{
		{"register", []Piece{{Kind: InRegister, Reg: 10}}, 4, 0x76543210},
		{"memory", []Piece{{Kind: InMemory, Addr: 0x1008}}, 8, 0x1008 * 3},
		{"two registers", []Piece{{Kind: InRegister, Reg: 10, Bits: 16}, {Kind: InRegister, Reg: 10, Bits: 16, Shift: 32}}, 4, 0xba983210},
		{"bits", []Piece{{Kind: InRegister, Reg: 10, Bits: 3, Shift: 4}, {Kind: Literal, Value: []byte{0xff}, Bits: 5}}, 1, 0xf9},
		{"the rest of a register", []Piece{{Kind: Literal, Value: []byte{1}, Bits: 8}, {Kind: InRegister, Reg: 10}}, 2, 0x1001},
	} {
		b, err := Location{c.pieces}.Read(c.size, regs, mem)
		if err != nil || littleUint(b) != c.want {
			t.Errorf("%s: %#x, %v; want %#x", c.name, littleUint(b), err, c.want)
		}
	}
	for name, x := range map[string]Piece{
		"unmapped":         {Kind: InMemory, Addr: 0x1ffe},
		"unknown register": {Kind: InRegister, Reg: 11},
		"missing":          {Kind: Missing, Why: "x"},
		"short literal":    {Kind: Literal, Value: []byte{1, 2}},
	} {
		if b, err := (Location{[]Piece{x}}).Read(4, regs, mem); err == nil {
			t.Errorf("%s: %v", name, b)
		}
	}
}

func TestSliceOfALocationReadsTheSameBytes(t *testing.T) {
	mem, regs := fakeMemory{0x1000, 0x2000}, fakeRegs{10: 0xfedcba9876543210, 11: 0x0123456789abcdef}
	for name, l := range map[string]Location{
		"memory":   {[]Piece{{Kind: InMemory, Addr: 0x1003}}},
		"register": {[]Piece{{Kind: InRegister, Reg: 10}}},
		"literal":  {[]Piece{{Kind: Literal, Value: []byte{9, 8, 7, 6, 5, 4, 3, 2}}}},
		"pieces": {[]Piece{
			{Kind: InRegister, Reg: 10, Bits: 24, Shift: 8}, {Kind: InMemory, Addr: 0x1010, Bits: 16}, {Kind: InRegister, Reg: 11, Bits: 24},
		}},
	} {
		whole, err := l.Read(8, regs, mem)
		if err != nil {
			t.Fatal(name, err)
		}
		for off := range 8 {
			for size := 1; off+size <= 8; size++ {
				b, err := l.Slice(int64(off), int64(size)).Read(size, regs, mem)
				if err != nil || string(b) != string(whole[off:off+size]) {
					t.Errorf("%s[%d:+%d]: % x, %v; want % x", name, off, size, b, err, whole[off:off+size])
				}
			}
		}
	}
}
