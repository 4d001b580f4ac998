package amd64

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

const (
	codeBase  = 0x400000
	dataBase  = 0x600000
	stackTop  = 0x7ff000
	dataPages = 4
)

// machine is a bare CPU with code at codeBase, where everything is permitted,
// pages of data at dataBase and a stack.
func machine(t testing.TB, code []byte) (*ir.CPU, *engine.Engine) {
	t.Helper()
	c := &ir.CPU{PC: codeBase, Mem: mem.NewSpace()}
	Reset(c.R[:])
	c.R[RSP] = stackTop - 0x100
	e := engine.New(c, Translator{})
	codeEnd := (uint64(len(code)) + 2*mem.PageSize) &^ (mem.PageSize - 1)
	for _, v := range []mem.VMA{
		{Start: codeBase, End: codeBase + codeEnd, Prot: mem.Read | mem.Write | mem.Exec},
		{Start: dataBase, End: dataBase + dataPages*mem.PageSize, Prot: mem.Read | mem.Write},
		{Start: stackTop - 4*mem.PageSize, End: stackTop, Prot: mem.Read | mem.Write},
	} {
		if err := c.Mem.Map(v); err != nil {
			t.Fatal(err)
		}
	}
	if !c.Mem.Poke(codeBase, code) {
		t.Fatal("code does not fit")
	}
	return c, e
}

// A repeated string instruction counts an instruction for each iteration, and
// one when there is none; the PC stays at it in between.
func TestEachIterationOfAStringInstructionIsAnInstruction(t *testing.T) {
	c, e := machine(t, []byte{0xf3, 0xaa, 0xf3, 0xaa, 0xcc}) // rep stosb twice
	c.R[RCX], c.R[RDI], c.R[RAX] = 5000, dataBase+100, 0x55
	for i := range uint64(3) {
		if x := e.Run(1, false); x != ir.ExitLimit || c.Icount != i+1 || c.R[RCX] != 5000-i-1 || c.PC != codeBase || c.LastPC != codeBase {
			t.Fatalf("after %d: exit %d, rcx %d, pc %#x", c.Icount, x, c.R[RCX], c.PC)
		}
	}
	if x := e.Run(1<<20, false); x != ir.ExitTrap || c.Icount != 5001 || c.R[RCX] != 0 || c.PC != codeBase+4 || c.LastPC != codeBase+2 {
		t.Fatalf("exit %d, icount %d, rcx %d, pc %#x", x, c.Icount, c.R[RCX], c.PC)
	}
	var b [5002]byte
	c.Mem.Peek(dataBase+99, b[:])
	if b[0] != 0 || b[1] != 0x55 || b[5000] != 0x55 || b[5001] != 0 {
		t.Fatal("the wrong bytes have been written")
	}
}

// state is what two executions must agree on, the lazily kept flags included.
type state struct {
	regs               [NumSlots]uint64
	pc, lastPC, icount uint64
	exit               ir.Exit
	memory             vm.Hash
}

func stateOf(c *ir.CPU, x ir.Exit) (s state) {
	copy(s.regs[:], c.R[:])
	s.pc, s.lastPC, s.icount, s.exit, s.memory = c.PC, c.LastPC, c.Icount, x, c.Mem.Hash()
	return s
}

// program is a random program that loops for ever: arithmetic in registers and
// memory, stack, branches, string instructions in both directions, faults (by
// reading beyond the data), and stores into its own code.
func program(g *rand.Rand) []byte {
	reg := func() byte { return []byte{RAX, RCX, RDX}[g.IntN(3)] }
	modrm := func() byte { return 0xc0 | reg()<<3 | reg() }
	memory := func() []byte { // reg, [rbx + disp32]
		return binary.LittleEndian.AppendUint32([]byte{0x83 | reg()<<3}, g.Uint32N(0x2000))
	}
	prefix := func() []byte { return [][]byte{nil, {0x48}, {0x66}}[g.IntN(3)] }
	alu := func() byte { return byte(g.IntN(8))<<3 | byte(g.IntN(2)) }
	join := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	le32 := func(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
	item := func() []byte {
		switch g.IntN(16) {
		case 0, 1:
			return join(prefix(), []byte{alu(), modrm()})
		case 2:
			return join(prefix(), []byte{alu()}, memory())
		case 3:
			return join(prefix(), []byte{alu() | 2}, memory())
		case 4:
			return join(prefix(), []byte{0xc1 - byte(g.IntN(2)), 0xc0 | byte(g.IntN(8))<<3 | reg(), byte(g.IntN(70))})
		case 5:
			return join(prefix(), []byte{0xd3, 0xc0 | byte(g.IntN(8))<<3 | reg()})
		case 6:
			return join(prefix(), []byte{0xff, 0xc0 | byte(g.IntN(2))<<3 | reg()})
		case 7:
			return []byte{0x0f, 0x90 | byte(g.IntN(16)), 0xc0 | reg()}
		case 8:
			return join(prefix(), []byte{0x0f, 0x40 | byte(g.IntN(16)), modrm()})
		case 9:
			return join(prefix(), []byte{0x0f, 0xaf, modrm()})
		case 10:
			return join([]byte{0x50 | reg()}, prefix(), []byte{alu(), modrm()}, []byte{0x58 | reg()})
		case 11: // jcc over a few bytes of nop, into the middle at times
			return []byte{0x70 | byte(g.IntN(16)), byte(g.IntN(4)), 0x0f, 0x1f, 0x00}
		case 12: // mov edi, esi, ecx; repeated string instruction
			n := g.Uint32N(40) * g.Uint32N(40)
			from, to := dataBase+g.Uint32N(0x2800), dataBase+g.Uint32N(0x2800)
			op := []byte{0xa4, 0xa5, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0xa6, 0xa7}[g.IntN(10)]
			rep := []byte{0xf3, 0xf2}[g.IntN(2)]
			return join([]byte{0xbf}, le32(to), []byte{0xbe}, le32(from), []byte{0xb9}, le32(n), []byte{rep}, prefix(), []byte{op})
		case 13:
			return [][]byte{{0xfc}, {0xfd}, {0xfc}, {0xf9}, {0xf5}, {0x9f}, {0x9e}, {0x9c, 0x58}}[g.IntN(8)]
		case 14: // mov [rip + 2], al; mov dl, imm8, whose immediate has just been written
			return []byte{0x88, 0x05, 1, 0, 0, 0, 0xb2, 0x11}
		}
		if g.IntN(8) == 0 { // beyond the data
			return join([]byte{0x48, 0x8b}, []byte{0x83}, le32(dataPages*mem.PageSize-4))
		}
		return join(prefix(), []byte{0x87, modrm()})
	}
	var code []byte
	for range 60 {
		code = append(code, item()...)
	}
	return append(append(code, 0xe9), le32(-uint32(len(code))-5)...)
}

func TestAnyChunkingGivesTheSameStates(t *testing.T) {
	for seed := range uint64(30) {
		g := rand.New(rand.NewPCG(seed, 5))
		code := program(g)
		const steps = 2500
		start := func() (*ir.CPU, *engine.Engine) {
			c, e := machine(t, code)
			c.R[RBX], c.R[RSI], c.R[RDI] = dataBase, dataBase, dataBase
			return c, e
		}
		c, e := start()
		var states []state
		for range steps {
			x := e.Run(1, false)
			states = append(states, stateOf(c, x))
			if x != ir.ExitLimit {
				break
			}
		}
		for range 4 {
			c, e := start()
			x := ir.ExitLimit
			for x == ir.ExitLimit && c.Icount < steps {
				if g.IntN(4) == 0 {
					e.SetBreaks(vm.NewBreaks(codeBase+g.Uint64N(300), codeBase+g.Uint64N(300)))
				}
				x = e.Run(min(1+g.Uint64N(400), steps-c.Icount), g.IntN(2) == 0)
				if x == ir.ExitBreak {
					if x = e.Run(1, true); x != ir.ExitLimit {
						break
					}
				}
				if x == ir.ExitLimit && c.Icount > 0 && states[c.Icount-1] != stateOf(c, x) {
					t.Fatalf("seed %d: state at icount %d differs:\n%+v\n%+v", seed, c.Icount, stateOf(c, x), states[c.Icount-1])
				}
			}
			if want := states[len(states)-1]; want != stateOf(c, x) {
				t.Fatalf("seed %d: end differs:\n%+v\n%+v", seed, stateOf(c, x), want)
			}
		}
	}
}

// An instruction that fails has changed nothing but, maybe, memory below the
// stack pointer.
func TestAFaultLeavesTheRegistersAlone(t *testing.T) {
	const (
		readOnly = dataBase + dataPages*mem.PageSize
		hole     = readOnly + mem.PageSize
	)
	// Memory operands are at rbx, rsi, rdi or rsp; half of the last one lies in
	// the page that can't be accessed as the instruction wants.
	cases := map[string]struct {
		code  []byte
		write bool // it fails by writing only
	}{
		"add [rbx], rax":        {[]byte{0x48, 0x01, 0x03}, true},
		"adc [rbx], rax":        {[]byte{0x48, 0x11, 0x03}, true},
		"sbb [rbx], rax":        {[]byte{0x48, 0x19, 0x03}, true},
		"inc qword [rbx]":       {[]byte{0x48, 0xff, 0x03}, true},
		"neg qword [rbx]":       {[]byte{0x48, 0xf7, 0x1b}, true},
		"not qword [rbx]":       {[]byte{0x48, 0xf7, 0x13}, true},
		"shl qword [rbx], 3":    {[]byte{0x48, 0xc1, 0x23, 3}, true},
		"sar qword [rbx], cl":   {[]byte{0x48, 0xd3, 0x3b}, true},
		"rol qword [rbx], 3":    {[]byte{0x48, 0xc1, 0x03, 3}, true},
		"rcr qword [rbx], cl":   {[]byte{0x48, 0xd3, 0x1b}, true},
		"shld [rbx], rax, 3":    {[]byte{0x48, 0x0f, 0xa4, 0x03, 3}, true},
		"bts [rbx], 3":          {[]byte{0x48, 0x0f, 0xba, 0x2b, 3}, true},
		"xchg [rbx], rax":       {[]byte{0x48, 0x87, 0x03}, true},
		"xadd [rbx], rax":       {[]byte{0x48, 0x0f, 0xc1, 0x03}, true},
		"cmpxchg [rbx], rcx":    {[]byte{0x48, 0x0f, 0xb1, 0x0b}, true},
		"cmpxchg8b [rbx]":       {[]byte{0x0f, 0xc7, 0x0b}, true},
		"sete [rbx]":            {[]byte{0x0f, 0x94, 0x43, 7}, true},
		"mov [rbx], rax":        {[]byte{0x48, 0x89, 0x03}, true},
		"pop [rbx]":             {[]byte{0x8f, 0x03}, true},
		"stosq":                 {[]byte{0x48, 0xab}, true},
		"rep stosq":             {[]byte{0xf3, 0x48, 0xab}, true},
		"movsq":                 {[]byte{0x48, 0xa5}, true},
		"std; rep movsq":        {[]byte{0xf3, 0x48, 0xa5}, true},
		"push rax":              {[]byte{0x50}, true},
		"push [rsi]":            {[]byte{0xff, 0x36}, true},
		"call +0":               {[]byte{0xe8, 0, 0, 0, 0}, true},
		"call [rsi]":            {[]byte{0xff, 0x16}, true},
		"pushfq":                {[]byte{0x9c}, true},
		"enter 16, 0":           {[]byte{0xc8, 16, 0, 0}, true},
		"cmp [rbx], rax":        {[]byte{0x48, 0x39, 0x03}, false},
		"imul rax, [rbx]":       {[]byte{0x48, 0x0f, 0xaf, 0x03}, false},
		"mul qword [rbx]":       {[]byte{0x48, 0xf7, 0x23}, false},
		"div qword [rbx]":       {[]byte{0x48, 0xf7, 0x33}, false},
		"cmovne rax, [rbx]":     {[]byte{0x48, 0x0f, 0x45, 0x03}, false},
		"bsf rax, [rbx]":        {[]byte{0x48, 0x0f, 0xbc, 0x03}, false},
		"popcnt rax, [rbx]":     {[]byte{0xf3, 0x48, 0x0f, 0xb8, 0x03}, false},
		"mov rax, [rbx]":        {[]byte{0x48, 0x8b, 0x03}, false},
		"movzx eax, byte [rbx]": {[]byte{0x0f, 0xb6, 0x43, 7}, false},
		"pop rax":               {[]byte{0x58}, false},
		"popfq":                 {[]byte{0x9d}, false},
		"leave":                 {[]byte{0xc9}, false},
		"ret":                   {[]byte{0xc3}, false},
		"ret 8":                 {[]byte{0xc2, 8, 0}, false},
		"lodsq":                 {[]byte{0x48, 0xad}, false},
		"repe cmpsq":            {[]byte{0xf3, 0x48, 0xa7}, false},
		"scasq":                 {[]byte{0x48, 0xaf}, false},
		"div by 0":              {[]byte{0x48, 0xf7, 0xf5}, false},
		"jmp [rbx]":             {[]byte{0xff, 0x23}, false},
	}
	for name, k := range cases {
		c, e := machine(t, append([]byte{0x48, 0x29, 0xca}, k.code...)) // sub rdx, rcx: flags
		border := uint64(hole)
		if err := c.Mem.Map(mem.VMA{Start: readOnly, End: hole, Prot: mem.Read}); err != nil {
			t.Fatal(err)
		}
		if k.write {
			border = readOnly
		}
		at := border - 4
		c.R[RBX], c.R[RDI], c.R[RSI], c.R[RSP], c.R[RBP] = at, at, dataBase, at, at
		c.R[RAX], c.R[RCX], c.R[RDX] = 0x123456789, 5, 7
		switch name {
		case "push rax", "push [rsi]", "call +0", "call [rsi]", "pushfq", "enter 16, 0":
			c.R[RSP] = border + 4
		case "pop [rbx]":
			c.R[RSP] = dataBase
		case "lodsq":
			c.R[RSI] = at
		case "div by 0":
			c.R[RBP] = 0
		case "std; rep movsq":
			c.R[Flags] = FlagDF
		}
		if x := e.Run(1, false); x != ir.ExitLimit {
			t.Fatalf("%s: exit %d at the first instruction", name, x)
		}
		before, memory := c.R, c.Mem.Hash()
		x := e.Run(1, false)
		want := ir.ExitMem
		if name == "div by 0" {
			want = ir.ExitDivide
		}
		if x != want || c.PC != codeBase+3 || c.Icount != 1 {
			t.Errorf("%s: exit %d, pc %#x, icount %d", name, x, c.PC, c.Icount)
		}
		if !slices.Equal(before[:NumSlots], c.R[:NumSlots]) || memory != c.Mem.Hash() {
			t.Errorf("%s: the state has changed:\n%#x\n%#x", name, before[:NumSlots], c.R[:NumSlots])
		}
	}
}

// A store into the instruction right behind it, in the same block, is executed.
func TestAStoreIntoTheNextInstructionTakesEffect(t *testing.T) {
	c, e := machine(t, []byte{
		0xb0, 42, // mov al, 42
		0x88, 0x05, 1, 0, 0, 0, // mov [rip + 1], al
		0xb2, 1, // mov dl, 1: becomes mov dl, 42
		0xcc,
	})
	for range 3 { // the code is there from the second time on
		c.PC, c.R[RDX] = codeBase, 0
		c.Mem.Poke(codeBase+9, []byte{1})
		if x := e.Run(100, false); x != ir.ExitTrap || c.R[RDX] != 42 {
			t.Fatalf("exit %d, dl = %d", x, c.R[RDX])
		}
	}
}

// FuzzTranslate decodes and translates any bytes, and executes them for a while.
func FuzzTranslate(f *testing.F) {
	f.Add([]byte{0x66, 0x66, 0x48, 0xe8, 0, 0, 0, 0})
	f.Add([]byte{0xf3, 0x0f, 0x1e, 0xfa, 0xf3, 0x48, 0xab})
	f.Add([]byte{0xf0, 0x48, 0x0f, 0xc7, 0x0b})
	f.Add([]byte{0x48, 0x66, 0x0f, 0x3a, 0x63, 0xc1, 0x0c})
	f.Fuzz(func(t *testing.T, code []byte) {
		if len(code) == 0 || len(code) > 4000 {
			return
		}
		for i := range min(len(code), 20) {
			in := Arch.Disassemble(code[i:], codeBase)
			if in.Size < 1 || in.Size > min(maxInst, len(code)-i) || in.Text == "" {
				t.Fatalf("% x: %+v", code[i:], in)
			}
		}
		c, e := machine(t, code)
		c.R[RBX], c.R[RSI], c.R[RDI] = dataBase, dataBase+64, dataBase+512
		for c.Icount < 2000 {
			if x := e.Run(2000-c.Icount, false); x != ir.ExitLimit {
				break
			}
		}
	})
}
