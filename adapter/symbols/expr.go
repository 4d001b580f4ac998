package symbols

import (
	"bytes"
	"debug/dwarf"
	"errors"
	"fmt"

	"github.com/go-delve/delve/pkg/dwarf/godwarf"
	"github.com/go-delve/delve/pkg/dwarf/loclist"
	"github.com/go-delve/delve/pkg/dwarf/op"
)

// The evaluator of DWARF expressions. Delve's (op.ExecuteStackProgram) is made
// for what Go's compiler emits; on gcc's optimized code it gives wrong values or
// panics: a piece without a location reads as zero, so does a register that a
// callee has overwritten, there are no entry values, implicit pointers or typed
// operations, and a division by zero is not caught. Only its table of operations
// is used, and the tests compare the two where both apply.
//
// Whatever can't be evaluated is an error that says why, never a guess.

// Operations that Delve's table does not have: DWARF 5 and the GNU extensions
// that became it.
const (
	opImplicitPointer    op.Opcode = 0xa0
	opAddrx              op.Opcode = 0xa1
	opConstx             op.Opcode = 0xa2
	opEntryValue         op.Opcode = 0xa3
	opConstType          op.Opcode = 0xa4
	opRegvalType         op.Opcode = 0xa5
	opDerefType          op.Opcode = 0xa6
	opConvert            op.Opcode = 0xa8
	opReinterpret        op.Opcode = 0xa9
	opGNUPushTLS         op.Opcode = 0xe0
	opGNUUninit          op.Opcode = 0xf0
	opGNUImplicitPointer op.Opcode = 0xf2
	opGNUEntryValue      op.Opcode = 0xf3
	opGNUConstType       op.Opcode = 0xf4
	opGNURegvalType      op.Opcode = 0xf5
	opGNUDerefType       op.Opcode = 0xf6
	opGNUConvert         op.Opcode = 0xf7
	opGNUReinterpret     op.Opcode = 0xf9
	opGNUAddrIndex       op.Opcode = 0xfb
	opGNUConstIndex      op.Opcode = 0xfc
)

const (
	maxExprSteps = 10_000 // operations, those of nested expressions included
	maxExprDepth = 16     // nesting of expressions
	maxExprStack = 1 << 10
)

var errUnderflow = errors.New("malformed expression: stack underflow")

// evaluator executes expressions in the context of a frame.
type evaluator struct {
	p     *Program
	unit  *Unit
	frame *Frame // may be nil: for globals
	mem   Memory
	depth int
	steps *int

	stack  []value
	pieces []Piece
	simple Piece // a register, literal or implicit pointer, when has is set
	has    bool
}

func (e *evaluator) push(v value) { e.stack = append(e.stack, v) }

func (e *evaluator) pop() (value, error) {
	n := len(e.stack)
	if n == 0 {
		return value{}, errUnderflow
	}
	v := e.stack[n-1]
	e.stack = e.stack[:n-1]
	return v, nil
}

// nested makes an evaluator for an expression that this one refers to.
func (e *evaluator) nested(u *Unit, f *Frame) (*evaluator, error) {
	if e.depth >= maxExprDepth {
		return nil, errors.New("expressions nest too deeply")
	}
	return &evaluator{p: e.p, unit: u, frame: f, mem: e.mem, depth: e.depth + 1, steps: e.steps}, nil
}

// location evaluates a location description.
func (e *evaluator) location(expr []byte) (Location, error) {
	if len(expr) == 0 {
		return Location{}, errors.New("the compiler gave it no location here")
	}
	if err := e.run(expr); err != nil {
		return Location{}, err
	}
	switch {
	case len(e.pieces) > 0:
		if e.has {
			return Location{}, errors.New("malformed expression: a location after the last piece")
		}
		return Location{Pieces: e.pieces}, nil
	case e.has:
		return Location{Pieces: []Piece{e.simple}}, nil
	}
	v, err := e.pop()
	if err != nil {
		return Location{}, err
	}
	return Location{Pieces: []Piece{{Kind: InMemory, Addr: v.address()}}}, nil
}

// scalar evaluates an expression to one value: the top of the stack, or, for a
// register location, what the register holds.
func (e *evaluator) scalar(expr []byte) (uint64, error) {
	v, err := e.value(expr)
	return v.address(), err
}

func (e *evaluator) value(expr []byte) (value, error) {
	if err := e.run(expr); err != nil {
		return value{}, err
	}
	if len(e.pieces) > 0 {
		return value{}, errors.New("a value in pieces where one is needed")
	}
	if !e.has {
		return e.pop()
	}
	switch e.simple.Kind {
	case InRegister:
		v, err := e.reg(e.simple.Reg)
		return generic(v), err
	case Literal:
		if len(e.simple.Value) <= 8 {
			return generic(littleUint(e.simple.Value)), nil
		}
	}
	return value{}, errors.New("a location where a value is needed")
}

func (e *evaluator) reg(n int) (uint64, error) {
	if e.frame == nil || e.frame.Regs == nil {
		return 0, errors.New("it depends on a register, and no frame is selected")
	}
	v, ok := e.frame.Regs.Reg(n)
	if !ok {
		return 0, fmt.Errorf("register %s was overwritten by a function called from here", e.p.regName(n))
	}
	return v, nil
}

// run executes an expression.
func (e *evaluator) run(expr []byte) error {
	if e.steps == nil {
		e.steps = new(int)
	}
	c := cursor{b: expr}
	for c.left() > 0 {
		if *e.steps++; *e.steps > maxExprSteps {
			return errors.New("the expression does not end")
		}
		if len(e.stack) > maxExprStack {
			return errors.New("the expression's stack overflows")
		}
		o := op.Opcode(c.u8())
		if e.has && o != op.DW_OP_piece && o != op.DW_OP_bit_piece && o != op.DW_OP_nop && o != opGNUUninit {
			return fmt.Errorf("malformed expression: operation %#x after a location", byte(o))
		}
		if err := e.step(o, &c); err != nil {
			return err
		}
		if c.bad {
			return errors.New("truncated expression")
		}
	}
	return nil
}

// step executes one operation (DWARF 5, 2.5 and 2.6).
func (e *evaluator) step(o op.Opcode, c *cursor) error {
	switch {
	case o >= op.DW_OP_lit0 && o <= op.DW_OP_lit31:
		e.push(generic(uint64(o - op.DW_OP_lit0)))
		return nil
	case o >= op.DW_OP_reg0 && o <= op.DW_OP_reg31:
		return e.setSimple(Piece{Kind: InRegister, Reg: int(o - op.DW_OP_reg0)})
	case o >= op.DW_OP_breg0 && o <= op.DW_OP_breg31:
		return e.breg(int(o-op.DW_OP_breg0), c.sleb())
	case binaryOps[o] != nil:
		return e.binary(o)
	}
	if n, ok := constSizes[o]; ok {
		v := c.uint(n.size)
		if n.signed {
			v = uint64(signExtend(v, n.size))
		}
		e.push(generic(v))
		return nil
	}
	switch o {
	case op.DW_OP_nop, opGNUUninit:
	case op.DW_OP_addr:
		e.push(generic(c.uint(e.p.img.ptrSize) + e.p.bias))
	case opAddrx, opGNUAddrIndex, opConstx, opGNUConstIndex:
		a, ok := uint64(0), false
		if idx := c.uleb(); e.unit != nil {
			a, ok = addrAt(e.p.img.sections[".debug_addr"], e.unit, idx)
		}
		if !ok {
			return errors.New("an address index beyond section .debug_addr")
		}
		if o == opAddrx || o == opGNUAddrIndex {
			a += e.p.bias
		}
		e.push(generic(a))
	case op.DW_OP_constu:
		e.push(generic(c.uleb()))
	case op.DW_OP_consts:
		e.push(generic(uint64(c.sleb())))
	case op.DW_OP_regx:
		return e.setSimple(Piece{Kind: InRegister, Reg: int(min(c.uleb(), 1<<20))})
	case op.DW_OP_bregx:
		n := int(min(c.uleb(), 1<<20))
		return e.breg(n, c.sleb())
	case op.DW_OP_fbreg:
		off := c.sleb()
		base, err := e.frameBase()
		if err != nil {
			return err
		}
		e.push(generic(base + uint64(off)))
	case op.DW_OP_call_frame_cfa:
		if e.frame == nil || e.frame.CFA == 0 {
			return errors.New("the frame's address is not known")
		}
		e.push(generic(e.frame.CFA))
	case op.DW_OP_deref, op.DW_OP_deref_size, opDerefType, opGNUDerefType:
		return e.deref(o, c)
	case op.DW_OP_skip, op.DW_OP_bra:
		return e.jump(o, c)
	case op.DW_OP_piece, op.DW_OP_bit_piece:
		return e.piece(o, c)
	case op.DW_OP_stack_value:
		v, err := e.pop()
		if err != nil {
			return err
		}
		return e.setSimple(Piece{Kind: Literal, Value: v.bytes()})
	case op.DW_OP_implicit_value:
		return e.setSimple(Piece{Kind: Literal, Value: bytes.Clone(c.bytes(c.uleb()))})
	case opImplicitPointer, opGNUImplicitPointer:
		return e.implicitPointer(c)
	case opEntryValue, opGNUEntryValue:
		v, err := e.entryValue(c.bytes(c.uleb()))
		if err != nil {
			return err
		}
		e.push(v)
	case op.DW_OP_form_tls_address, opGNUPushTLS:
		return e.tls()
	case op.DW_OP_call2, op.DW_OP_call4, op.DW_OP_call_ref:
		return e.call(o, c)
	case opConstType, opGNUConstType:
		t, err := e.baseType(c.uleb())
		if err != nil {
			return err
		}
		v := c.bytes(uint64(c.u8()))
		if len(v) != t.size {
			return errors.New("malformed expression: a constant that is not as long as its type")
		}
		e.push(value{littleUint(v), t})
	case opRegvalType, opGNURegvalType:
		n := int(min(c.uleb(), 1<<20))
		t, err := e.baseType(c.uleb())
		if err != nil {
			return err
		}
		v, err := e.reg(n)
		if err != nil {
			return err
		}
		e.push(value{v, t}.normal())
	case opConvert, opGNUConvert, opReinterpret, opGNUReinterpret:
		var t *exprType
		if off := c.uleb(); off != 0 {
			var err error
			if t, err = e.baseType(off); err != nil {
				return err
			}
		}
		v, err := e.pop()
		if err != nil {
			return err
		}
		if o == opConvert || o == opGNUConvert {
			v, err = v.convert(t)
		} else {
			v, err = v.reinterpret(t)
		}
		if err != nil {
			return err
		}
		e.push(v)
	default:
		return e.stackOp(o, c)
	}
	return nil
}

func (e *evaluator) setSimple(x Piece) error {
	e.simple, e.has = x, true
	e.stack = e.stack[:0]
	return nil
}

func (e *evaluator) breg(n int, off int64) error {
	v, err := e.reg(n)
	if err != nil {
		return err
	}
	e.push(generic(v + uint64(off)))
	return nil
}

// frameBase finds what DW_OP_fbreg counts from.
func (e *evaluator) frameBase() (uint64, error) {
	f := e.frame
	if f == nil || f.Func == nil || f.Func.CU == nil {
		return 0, errors.New("it is relative to a frame, and the frame's function is not known")
	}
	tree, err := e.p.scopeTree(f.Func)
	if err != nil {
		return 0, err
	}
	expr, err := e.p.locationExpr(tree.frameBase, f.Func.CU, f.LookupPC())
	if err != nil {
		return 0, fmt.Errorf("the frame base of %s: %w", f.Func.Name, err)
	}
	n, err := e.nested(f.Func.CU, f)
	if err != nil {
		return 0, err
	}
	return n.scalar(expr)
}

func (e *evaluator) deref(o op.Opcode, c *cursor) error {
	size, t := e.p.img.ptrSize, (*exprType)(nil)
	if o != op.DW_OP_deref {
		size = int(c.u8())
	}
	if o == opDerefType || o == opGNUDerefType {
		var err error
		if t, err = e.baseType(c.uleb()); err != nil {
			return err
		}
	}
	if size < 1 || size > 8 {
		return fmt.Errorf("a value of %d bytes in an expression", size)
	}
	a, err := e.pop()
	if err != nil {
		return err
	}
	var b [8]byte
	if e.mem == nil || e.mem.ReadMemory(a.address(), b[:size]) != size {
		return fmt.Errorf("can't read memory at %#x", a.address())
	}
	e.push(value{littleUint(b[:size]), t}.normal())
	return nil
}

func (e *evaluator) jump(o op.Opcode, c *cursor) error {
	off := int(int16(c.u16()))
	if o == op.DW_OP_bra {
		v, err := e.pop()
		if err != nil {
			return err
		}
		if v.isZero() {
			return nil
		}
	}
	to := c.off + off
	if to < 0 || to > len(c.b) {
		return errors.New("malformed expression: a jump out of it")
	}
	c.off = to
	return nil
}

func (e *evaluator) piece(o op.Opcode, c *cursor) error {
	size, shift := c.uleb(), uint64(0)
	if o == op.DW_OP_bit_piece {
		shift = c.uleb()
	} else {
		size *= 8
	}
	if size > 1<<32 || shift > 1<<32 {
		return errors.New("malformed expression: a piece that large")
	}
	x := Piece{Kind: Missing, Why: "the compiler keeps no copy of this part"}
	switch {
	case e.has:
		x = e.simple
	case len(e.stack) > 0:
		x = Piece{Kind: InMemory, Addr: e.stack[len(e.stack)-1].address()}
	}
	x.Bits, x.Shift = uint(size), uint(shift)
	e.pieces = append(e.pieces, x)
	e.simple, e.has = Piece{}, false
	e.stack = e.stack[:0]
	return nil
}

func (e *evaluator) implicitPointer(c *cursor) error {
	var ref uint64
	switch {
	case e.unit == nil:
		return errors.New("an implicit pointer without a unit")
	case e.unit.Version == 2:
		ref = c.uint(e.unit.addrSize)
	default:
		ref = c.offset(e.unit.is64)
	}
	off := c.sleb()
	v, err := e.p.variableAt(dwarf.Offset(ref))
	if err != nil {
		return err
	}
	return e.setSimple(Piece{Kind: Implicit, Target: v, Offset: off})
}

func (e *evaluator) tls() error {
	v, err := e.pop()
	if err != nil {
		return err
	}
	addr, err := e.p.tlsAddress(e.frame, e.mem, v.address())
	if err != nil {
		return err
	}
	e.push(generic(addr))
	return nil
}

// call evaluates the location of another entry on this stack.
func (e *evaluator) call(o op.Opcode, c *cursor) error {
	if e.unit == nil {
		return errors.New("a reference without a unit")
	}
	var off dwarf.Offset
	switch o {
	case op.DW_OP_call2:
		off = e.unit.base + dwarf.Offset(c.u16())
	case op.DW_OP_call4:
		off = e.unit.base + dwarf.Offset(c.u32())
	default:
		off = dwarf.Offset(c.offset(e.unit.is64))
	}
	entry, u, err := e.p.entryAt(off)
	if err != nil {
		return err
	}
	f := entry.AttrField(dwarf.AttrLocation)
	if f == nil {
		return nil // as the standard says
	}
	if e.frame == nil {
		return errors.New("it depends on a frame, and none is selected")
	}
	expr, err := e.p.locationExpr(f, u, e.frame.LookupPC())
	if err != nil {
		return err
	}
	n, err := e.nested(u, e.frame)
	if err != nil {
		return err
	}
	n.stack = e.stack
	if err := n.run(expr); err != nil {
		return err
	}
	if n.has || len(n.pieces) > 0 {
		return errors.New("an expression that calls a location description")
	}
	e.stack = n.stack
	return nil
}

// locationExpr finds the expression of a location attribute at pc: the
// attribute itself or, from a location list, what it says there.
func (p *Program) locationExpr(f *dwarf.Field, u *Unit, pc uint64) ([]byte, error) {
	if f == nil {
		return nil, errors.New("the compiler gave it no location")
	}
	var off uint64
	switch v := f.Val.(type) {
	case []byte:
		return v, nil
	case int64:
		off = uint64(v)
	case uint64:
		var ok bool
		if off, ok = loclistOffset(p.img.sections[".debug_loclists"], u, v); !ok {
			return nil, errors.New("a location list beyond section .debug_loclists")
		}
	default:
		return nil, errors.New("malformed location attribute")
	}
	name := ".debug_loclists"
	if u.Version < 5 {
		name = ".debug_loc"
	}
	data := p.img.sections[name]
	if off >= uint64(len(data)) {
		return nil, fmt.Errorf("a location list beyond section %s", name)
	}
	var entry *loclist.Entry
	var err error
	if u.Version < 5 {
		entry, err = loclist.NewDwarf2Reader(data, u.addrSize).Find(int(off), 0, u.low, pc-p.bias, nil)
	} else {
		entry, err = loclist.NewDwarf5Reader(data).Find(int(off), 0, u.low, pc-p.bias,
			godwarf.ParseAddr(p.img.sections[".debug_addr"]).GetSubsection(u.addrBase))
	}
	if err != nil {
		return nil, fmt.Errorf("section %s: %w", name, err)
	}
	if entry == nil || len(entry.Instr) == 0 {
		return nil, errors.New("it has no value at this point of the program")
	}
	return entry.Instr, nil
}
