package rv64_test

import (
	"bytes"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
	"github.com/dap-revexec/dap-revexec/vm/rv64"
)

const (
	compiler = "riscv64-linux-gnu-gcc"
	oracle   = "qemu-riscv64"
)

// need skips the test where a tool is missing, but not in CI.
func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is required in CI: %v", tool, err)
			}
			t.Skipf("%s is not installed", tool)
		}
	}
}

// Instructions for random programs; %d, %a, %b are integer registers, %f, %g,
// %h, %k floating-point ones, %i a 12-bit immediate, %s and %w shift amounts, %o
// an offset into the data, %8 and %4 aligned ones. t0 holds the data's address.
var integerForms = strings.Split(`add %d,%a,%b|sub %d,%a,%b|and %d,%a,%b|or %d,%a,%b|xor %d,%a,%b|sll %d,%a,%b|srl %d,%a,%b
sra %d,%a,%b|slt %d,%a,%b|sltu %d,%a,%b|addw %d,%a,%b|subw %d,%a,%b|sllw %d,%a,%b|srlw %d,%a,%b|sraw %d,%a,%b
mul %d,%a,%b|mulh %d,%a,%b|mulhu %d,%a,%b|mulhsu %d,%a,%b|mulw %d,%a,%b|div %d,%a,%b|divu %d,%a,%b|rem %d,%a,%b|remu %d,%a,%b
divw %d,%a,%b|divuw %d,%a,%b|remw %d,%a,%b|remuw %d,%a,%b
addi %d,%a,%i|addiw %d,%a,%i|andi %d,%a,%i|ori %d,%a,%i|xori %d,%a,%i|slti %d,%a,%i|sltiu %d,%a,%i
slli %d,%a,%s|srli %d,%a,%s|srai %d,%a,%s|slliw %d,%a,%w|srliw %d,%a,%w|sraiw %d,%a,%w
slli %d,%a,%s; srli %d,%d,%s|slli %d,%a,%s; srai %d,%d,%s|slli %d,%a,3; add %d,%d,%b|slli %d,%a,2; add %d,%b,%d
lui %d,0x12345|lui %d,0xfffff; addiw %d,%d,%i|auipc %d,16; sub %d,%d,%d|li %d,-1|li %d,0x8000000000000000|li %d,1|mv %d,%a|addi %d,%d,%i|addiw %d,%d,-1
lb %d,%o(t0)|lbu %d,%o(t0)|lh %d,%o(t0)|lhu %d,%o(t0)|lw %d,%o(t0)|lwu %d,%o(t0)|ld %d,%o(t0)
sb %a,%o(t0)|sh %a,%o(t0)|sw %a,%o(t0)|sd %a,%o(t0)|sd %a,%8(t0)|ld %d,%8(t0)
amoadd.d %d,%a,(t0)|amoswap.w %d,%a,(t0)|amoxor.d %d,%a,(t0)|amoand.w %d,%a,(t0)|amoor.d %d,%a,(t0)|amomin.w %d,%a,(t0)
amomax.d %d,%a,(t0)|amominu.d %d,%a,(t0)|amomaxu.w %d,%a,(t0)|lr.d %d,(t0); sc.d %d,%a,(t0)|lr.w %d,(t0); sc.w %d,%a,(t0)|sc.d %d,%a,(t0)
beq %a,%b,1f; addi %d,%a,1; 1:|blt %a,%b,1f; addi %d,%a,1; 1:|bgeu %a,%b,1f; sub %d,%a,%b; 1:|bltu %a,%b,1f; neg %d,%a; 1:|bge %a,%b,1f; not %d,%b; 1:
jal ra,1f; 1: sub ra,ra,ra|la ra,1f; jalr ra,0(ra); 1: sub %d,ra,ra`, "|")

var floatForms = strings.Split(`fadd.d %f,%g,%h|fsub.d %f,%g,%h|fmul.d %f,%g,%h|fdiv.d %f,%g,%h|fsqrt.d %f,%g|fmadd.d %f,%g,%h,%k|fmsub.d %f,%g,%h,%k|fnmadd.d %f,%g,%h,%k|fnmsub.d %f,%g,%h,%k
fadd.s %f,%g,%h|fsub.s %f,%g,%h|fmul.s %f,%g,%h|fdiv.s %f,%g,%h|fsqrt.s %f,%g|fmadd.s %f,%g,%h,%k|fnmsub.s %f,%g,%h,%k
fmin.d %f,%g,%h|fmax.d %f,%g,%h|fmin.s %f,%g,%h|fmax.s %f,%g,%h|feq.d %d,%g,%h|flt.d %d,%g,%h|fle.s %d,%g,%h|flt.s %d,%g,%h|feq.s %d,%g,%h|fle.d %d,%g,%h
fsgnj.d %f,%g,%h|fsgnjn.d %f,%g,%h|fsgnjx.d %f,%g,%h|fsgnj.s %f,%g,%h|fsgnjn.s %f,%g,%h|fsgnjx.s %f,%g,%h|fclass.d %d,%g|fclass.s %d,%g
fcvt.w.d %d,%g|fcvt.wu.d %d,%g,rtz|fcvt.l.d %d,%g,rdn|fcvt.lu.d %d,%g,rup|fcvt.d.w %f,%a|fcvt.d.wu %f,%a|fcvt.d.l %f,%a|fcvt.d.lu %f,%a,rmm
fcvt.w.s %d,%g,rmm|fcvt.wu.s %d,%g|fcvt.l.s %d,%g|fcvt.lu.s %d,%g|fcvt.s.w %f,%a|fcvt.s.wu %f,%a|fcvt.s.l %f,%a,rtz|fcvt.s.lu %f,%a|fcvt.s.d %f,%g|fcvt.d.s %f,%g
fmv.x.d %d,%g|fmv.d.x %f,%a|fmv.x.w %d,%g|fmv.w.x %f,%a|fld %f,%8(t0)|fsd %f,%8(t0)|flw %f,%4(t0)|fsw %f,%4(t0)
csrr %d,fcsr|csrrw %d,fflags,zero|csrwi frm,%r|csrrs %d,fflags,zero|csrrsi %d,fflags,1`, "|")

// registers that random programs use; t0 is the data's.
var (
	intRegs   = strings.Fields("ra sp gp t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 t3 t6")
	floatRegs = strings.Fields("ft0 ft1 fs0 fs1 fa0 fa1 fa5 ft11")
)

// source is a random program that dumps its registers and data at the end.
func source(r *rand.Rand, forms []string, n int) string {
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	var s strings.Builder
	s.WriteString(".globl _start\n_start:\n.option push\n.option norelax\n la t0,data\n.option pop\n")
	for i, reg := range intRegs {
		fmt.Fprintf(&s, " li %s,%#x\n", reg, r.Uint64()>>(uint(i*13)%64))
	}
	for i, reg := range floatRegs {
		fmt.Fprintf(&s, " fld %s,%d(t0)\n", reg, 8*i)
	}
	for range n {
		form := pick(forms)
		var out strings.Builder
		d := pick(intRegs)
		for i := 0; i < len(form); i++ {
			if form[i] != '%' {
				out.WriteByte(form[i])
				continue
			}
			i++
			switch form[i] {
			case 'd':
				out.WriteString(d)
			case 'a', 'b':
				out.WriteString(pick(append(intRegs, "zero")))
			case 'f', 'g', 'h', 'k':
				out.WriteString(pick(floatRegs))
			case 'i':
				fmt.Fprint(&out, r.IntN(4096)-2048)
			case 's':
				fmt.Fprint(&out, r.IntN(64))
			case 'w':
				fmt.Fprint(&out, r.IntN(32))
			case 'o':
				fmt.Fprint(&out, r.IntN(500))
			case '8':
				fmt.Fprint(&out, 8*r.IntN(64))
			case '4':
				fmt.Fprint(&out, 4*r.IntN(128))
			case 'r':
				fmt.Fprint(&out, r.IntN(5))
			}
		}
		s.WriteString(" " + out.String() + "\n")
	}
	for i, reg := range intRegs {
		fmt.Fprintf(&s, " sd %s,%d(t0)\n", reg, 512+8*i)
	}
	for i, reg := range floatRegs {
		fmt.Fprintf(&s, " fsd %s,%d(t0)\n", reg, 768+8*i)
	}
	s.WriteString(" csrr a0,fcsr\n sd a0,840(t0)\n li a0,1\n mv a1,t0\n li a2,1024\n li a7,64\n ecall\n li a0,0\n li a7,93\n ecall\n")
	s.WriteString(".data\n.balign 8\ndata:\n")
	for range 64 {
		v := r.Uint64()
		switch r.IntN(6) {
		case 0: // floats near one another
			v = 0x3ff0000000000000 | v>>40
		case 1:
			v = 0xffffffff3f800000 | v>>52
		case 2: // infinities, NaNs, zeros, subnormals
			v = []uint64{0x7ff0000000000000, 0xfff8000000000001, 0x7ff0000000000001, 0, 1 << 63, 1, 0xffffffff7f800001, 0xffffffff00000003}[r.IntN(8)]
		}
		fmt.Fprintf(&s, " .quad %#x\n", v)
	}
	s.WriteString(" .zero 512\n")
	return s.String()
}

// run executes a static executable that only writes and exits, and returns what
// it wrote.
func run(t *testing.T, path string) []byte {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := &ir.CPU{PC: f.Entry, Mem: mem.NewSpace()}
	c.R[rv64.Resv] = rv64.NoResv
	e := engine.New(c, rv64.Translator{})
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD {
			continue
		}
		v := mem.VMA{Start: p.Vaddr &^ 4095, End: (p.Vaddr + p.Memsz + 4095) &^ 4095, Prot: mem.Read | mem.Write | mem.Exec}
		if err := c.Mem.Map(v); err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(p.Open())
		if err != nil || !c.Mem.Poke(p.Vaddr, data[:p.Filesz]) {
			t.Fatal("can't load: ", err)
		}
	}
	var out []byte
	for {
		if x := e.Run(1<<30, false); x != ir.ExitSyscall {
			t.Fatalf("exit %d at %#x, fault %+v", x, c.PC, c.Mem.Fault)
		}
		if c.R[rv64.A7] != 64 {
			return out
		}
		buf := make([]byte, c.R[rv64.A0+2])
		c.Mem.Peek(c.R[rv64.A0+1], buf)
		out = append(out, buf...)
		c.PC += 4
	}
}

// TestRandomProgramsEndAsUnderQEMU is the oracle test of decoding and execution:
// programs of thousands of random instructions, compressed where the assembler
// can, end with the registers, flags and data that qemu-riscv64 ends with.
func TestRandomProgramsEndAsUnderQEMU(t *testing.T) {
	need(t, compiler, oracle)
	for _, kind := range []struct {
		name  string
		forms []string
		n     int
	}{{"integer", integerForms, 4000}, {"float", append(floatForms, integerForms...), 2500}, {"short", append(floatForms, integerForms...), 40}} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprintf("%s/%d", kind.name, seed), func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 4))
				dir := t.TempDir()
				src, exe := filepath.Join(dir, "p.s"), filepath.Join(dir, "p")
				if err := os.WriteFile(src, []byte(source(r, kind.forms, kind.n)), 0o600); err != nil {
					t.Fatal(err)
				}
				if out, err := exec.Command(compiler, "-nostdlib", "-static", "-march=rv64gc", "-o", exe, src).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				want, err := exec.Command(oracle, exe).Output()
				if err != nil {
					t.Fatal(err)
				}
				got := run(t, exe)
				if !bytes.Equal(got, want) {
					for i := 0; i+8 <= min(len(got), len(want)); i += 8 {
						if !bytes.Equal(got[i:i+8], want[i:i+8]) {
							t.Errorf("offset %d: %s, want %s", i, hex.EncodeToString(got[i:i+8]), hex.EncodeToString(want[i:i+8]))
						}
					}
					t.Fatalf("%d bytes, want %d", len(got), len(want))
				}
			})
		}
	}
}
