package gdbstub

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Agent expressions are the bytecode into which gdb compiles breakpoint
// conditions ("Debugging with GDB", appendix "The GDB Agent Expression
// Mechanism"). Evaluating them here means that a breakpoint whose condition is
// false costs no round trip and, going back, no landing there.

// Limits of an expression. gdb's own stub allows 100 values.
const (
	agentStack = 128
	agentSteps = 100_000 // there are loops
	agentBytes = 16 << 10
)

// agentContext is what an expression can look at.
type agentContext interface {
	register(n int) (uint64, bool) // by gdb's number
	memory(addr uint64, p []byte) bool
}

// agentExpr is checked bytecode.
type agentExpr []byte

// Operations with a role in the decoder; see agentOps for all.
const (
	opIfGoto = 0x20
	opGoto   = 0x21
	opConst8 = 0x22
	opReg    = 0x26
	opEnd    = 0x27
	opPick   = 0x32
	opExt    = 0x16
	opZext   = 0x2a
)

// agentOp describes an operation: how many bytes of operand follow it, how many
// values it needs on the stack, and what it does to them. do is nil for what the
// loop in eval does itself.
type agentOp struct {
	name    string
	operand int
	pops    int
	do      func(m *agentMachine, operand uint64) error
}

var errDivideByZero = errors.New("division by zero")

// binary makes an operation of two values, a below b.
func binaryOp(name string, f func(a, b uint64) uint64) agentOp {
	return agentOp{name, 0, 2, func(m *agentMachine, _ uint64) error {
		b, a := m.pop(), m.pop()
		m.push(f(a, b))
		return nil
	}}
}

// division makes an operation that fails for b == 0.
func division(name string, f func(a, b uint64) uint64) agentOp {
	return agentOp{name, 0, 2, func(m *agentMachine, _ uint64) error {
		b, a := m.pop(), m.pop()
		if b == 0 {
			return errDivideByZero
		}
		m.push(f(a, b))
		return nil
	}}
}

// load makes an operation that reads n bytes at the address on the stack.
func load(name string, n int) agentOp {
	return agentOp{name, 0, 1, func(m *agentMachine, _ uint64) error {
		addr := m.pop()
		var p [8]byte
		if !m.ctx.memory(addr, p[:n]) {
			return fmt.Errorf("no memory at %#x", addr)
		}
		m.push(binary.LittleEndian.Uint64(p[:])) // all guest architectures are little-endian
		return nil
	}}
}

// constant makes an operation that pushes its operand of n bytes.
func constant(name string, n int) agentOp {
	return agentOp{name, n, 0, func(m *agentMachine, v uint64) error {
		m.push(v)
		return nil
	}}
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// agentOps is the instruction set by code, but for tracepoints and floating point, which
// gdb does not use in conditions.
var agentOps = [256]agentOp{
	0x02: binaryOp("add", func(a, b uint64) uint64 { return a + b }),
	0x03: binaryOp("sub", func(a, b uint64) uint64 { return a - b }),
	0x04: binaryOp("mul", func(a, b uint64) uint64 { return a * b }),
	0x05: division("div_signed", func(a, b uint64) uint64 {
		if b == ^uint64(0) {
			return -a // Go's quotient of the smallest number by -1 is itself, as here
		}
		return uint64(int64(a) / int64(b))
	}),
	0x06: division("div_unsigned", func(a, b uint64) uint64 { return a / b }),
	0x07: division("rem_signed", func(a, b uint64) uint64 {
		if b == ^uint64(0) {
			return 0
		}
		return uint64(int64(a) % int64(b))
	}),
	0x08: division("rem_unsigned", func(a, b uint64) uint64 { return a % b }),
	0x09: binaryOp("lsh", func(a, b uint64) uint64 { return a << b }),
	0x0a: binaryOp("rsh_signed", func(a, b uint64) uint64 { return uint64(int64(a) >> b) }),
	0x0b: binaryOp("rsh_unsigned", func(a, b uint64) uint64 { return a >> b }),
	0x0e: {"log_not", 0, 1, func(m *agentMachine, _ uint64) error { m.push(truth(m.pop() == 0)); return nil }},
	0x0f: binaryOp("bit_and", func(a, b uint64) uint64 { return a & b }),
	0x10: binaryOp("bit_or", func(a, b uint64) uint64 { return a | b }),
	0x11: binaryOp("bit_xor", func(a, b uint64) uint64 { return a ^ b }),
	0x12: {"bit_not", 0, 1, func(m *agentMachine, _ uint64) error { m.push(^m.pop()); return nil }},
	0x13: binaryOp("equal", func(a, b uint64) uint64 { return truth(a == b) }),
	0x14: binaryOp("less_signed", func(a, b uint64) uint64 { return truth(int64(a) < int64(b)) }),
	0x15: binaryOp("less_unsigned", func(a, b uint64) uint64 { return truth(a < b) }),
	opExt: {"ext", 1, 1, func(m *agentMachine, bits uint64) error {
		if bits == 0 || bits > 64 {
			return fmt.Errorf("ext to %d bits", bits)
		}
		m.push(uint64(int64(m.pop()<<(64-bits)) >> (64 - bits)))
		return nil
	}},
	0x17:     load("ref8", 1),
	0x18:     load("ref16", 2),
	0x19:     load("ref32", 4),
	0x1a:     load("ref64", 8),
	opIfGoto: {"if_goto", 2, 1, nil},
	opGoto:   {"goto", 2, 0, nil},
	opConst8: constant("const8", 1),
	0x23:     constant("const16", 2),
	0x24:     constant("const32", 4),
	0x25:     constant("const64", 8),
	opReg: {"reg", 2, 0, func(m *agentMachine, n uint64) error {
		v, known := m.ctx.register(int(n))
		if !known {
			return fmt.Errorf("no register %d", n)
		}
		m.push(v)
		return nil
	}},
	opEnd: {"end", 0, 0, nil},
	0x28:  {"dup", 0, 1, func(m *agentMachine, _ uint64) error { v := m.pop(); m.push(v); m.push(v); return nil }},
	0x29:  {"pop", 0, 1, func(m *agentMachine, _ uint64) error { m.pop(); return nil }},
	opZext: {"zero_ext", 1, 1, func(m *agentMachine, bits uint64) error {
		if bits == 0 || bits > 64 {
			return fmt.Errorf("zero_ext to %d bits", bits)
		}
		m.push(m.pop() << (64 - bits) >> (64 - bits))
		return nil
	}},
	0x2b: {"swap", 0, 2, func(m *agentMachine, _ uint64) error {
		b, a := m.pop(), m.pop()
		m.push(b)
		m.push(a)
		return nil
	}},
	opPick: {"pick", 1, 0, func(m *agentMachine, n uint64) error {
		if n >= uint64(len(m.stack)) {
			return fmt.Errorf("pick %d of %d values", n, len(m.stack))
		}
		m.push(m.stack[uint64(len(m.stack))-1-n])
		return nil
	}},
	// a b c → c a b
	0x33: {"rot", 0, 3, func(m *agentMachine, _ uint64) error {
		c, b, a := m.pop(), m.pop(), m.pop()
		m.push(c)
		m.push(a)
		m.push(b)
		return nil
	}},
}

// parseAgentExpr checks bytecode as far as it can be checked without running it:
// known operations, whole operands, jumps to the start of an operation.
func parseAgentExpr(code []byte) (agentExpr, error) {
	if len(code) == 0 || len(code) > agentBytes {
		return nil, fmt.Errorf("agent expression of %d bytes: from 1 to %d are taken", len(code), agentBytes)
	}
	starts := make([]bool, len(code))
	var targets []int
	for pc := 0; pc < len(code); {
		op := &agentOps[code[pc]]
		if op.name == "" {
			return nil, fmt.Errorf("agent expression: unknown operation %#02x at %d", code[pc], pc)
		}
		if pc+1+op.operand > len(code) {
			return nil, fmt.Errorf("agent expression: %s at %d is cut short", op.name, pc)
		}
		starts[pc] = true
		if c := code[pc]; c == opGoto || c == opIfGoto {
			targets = append(targets, int(binary.BigEndian.Uint16(code[pc+1:])))
		}
		pc += 1 + op.operand
	}
	for _, t := range targets {
		if t >= len(code) || !starts[t] {
			return nil, fmt.Errorf("agent expression: jump to %d, where no operation starts", t)
		}
	}
	return agentExpr(code), nil
}

// agentMachine executes expressions, one after the other. Its context may be
// changed between them.
type agentMachine struct {
	ctx   agentContext
	stack []uint64
}

func (m *agentMachine) push(v uint64) { m.stack = append(m.stack, v) }

func (m *agentMachine) pop() uint64 {
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v
}

// eval is an expression's value: what is on top of the stack at its end.
func (m *agentMachine) eval(e agentExpr) (uint64, error) {
	m.stack = m.stack[:0]
	for pc, steps := 0, 0; pc < len(e); steps++ {
		if steps == agentSteps {
			return 0, fmt.Errorf("no end after %d operations", agentSteps)
		}
		code := e[pc]
		op := &agentOps[code]
		if len(m.stack) < op.pops {
			return 0, fmt.Errorf("%s at %d: stack is empty", op.name, pc)
		}
		if len(m.stack)+2 > agentStack {
			return 0, fmt.Errorf("%s at %d: stack is full", op.name, pc)
		}
		var operand uint64
		for _, b := range e[pc+1 : pc+1+op.operand] {
			operand = operand<<8 | uint64(b)
		}
		pc += 1 + op.operand
		switch code {
		case opEnd:
			if len(m.stack) == 0 {
				return 0, errors.New("end: no value")
			}
			return m.pop(), nil
		case opGoto:
			pc = int(operand)
		case opIfGoto:
			if m.pop() != 0 {
				pc = int(operand)
			}
		default:
			if err := op.do(m, operand); err != nil {
				return 0, err
			}
		}
	}
	return 0, errors.New("no end")
}
