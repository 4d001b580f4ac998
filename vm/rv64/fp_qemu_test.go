package rv64

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fpProgram executes instructions as records on stdin ask for: the number of an
// instruction, three operands, fcsr; 40 bytes each. For each it writes fa3, a3
// and fflags, 24 bytes. %s is the instructions, each followed by a ret.
const fpProgram = `
	.option norvc
	.globl	_start
_start:	la	s0, records
	mv	s1, s0
	la	s4, end
1:	li	a0, 0			# read to the end of the input
	mv	a1, s1
	sub	a2, s4, s1
	li	a7, 63
	ecall
	add	s1, s1, a0
	bgtz	a0, 1b
	la	s2, results
	mv	s3, s2
	la	s5, table
2:	bgeu	s0, s1, 3f
	ld	t0, 0(s0)
	ld	a0, 8(s0)
	fld	fa0, 8(s0)
	fld	fa1, 16(s0)
	fld	fa2, 24(s0)
	ld	t1, 32(s0)
	fmv.d.x	fa3, zero
	li	a3, 0
	fscsr	t1
	slli	t0, t0, 3
	add	t0, t0, s5
	jalr	t0
	frflags	t1
	fsd	fa3, 0(s2)
	sd	a3, 8(s2)
	sd	t1, 16(s2)
	addi	s0, s0, 40
	addi	s2, s2, 24
	j	2b
3:	li	a0, 1			# write all results
	mv	a1, s3
	sub	a2, s2, s3
	li	a7, 64
	ecall
	add	s3, s3, a0
	bltu	s3, s2, 3b
	li	a0, 0
	li	a7, 94
	ecall
table:
%s
	.bss
	.balign 8
records: .skip	%d
end:	.skip	8
results: .skip	%d
`

// fpText writes an instruction in assembly, or as a number if the assembler has
// no words for it: it may refuse a rounding mode that has no effect.
func fpText(name string, inst uint32) string {
	if strings.HasPrefix(name, "fcvt.d.") {
		return fmt.Sprintf(".word %#x", inst)
	}
	d, a := "fa3", "fa0"
	f, _ := decodeFP(inst)
	if f.Dst < F0 {
		d = "a3"
	}
	if f.A < F0 {
		a = "a0"
	}
	operands := []string{d, a}
	unary := slices.ContainsFunc([]string{"fcvt", "fmv", "fclass", "fsqrt"}, func(p string) bool { return strings.HasPrefix(name, p) })
	switch {
	case inst&0x7f != opFP:
		operands = append(operands, "fa1", "fa2")
	case !unary:
		operands = append(operands, "fa1")
	}
	if fpRounds(inst) {
		operands = append(operands, []string{"rne", "rtz", "rdn", "rup", "rmm", "", "", "dyn"}[inst>>12&7])
	}
	return name + " " + strings.Join(operands, ", ")
}

// fpOperand is a random register: a boxed single or a double, at the corners of
// its format, near 1 or anywhere; or an integer; sometimes a box with a hole.
func fpOperand(r *rand.Rand, single bool) uint64 {
	fracBits, expMask := uint(52), uint64(0x7ff)
	if single {
		fracBits, expMask = 23, 0xff
	}
	exp := r.Uint64() & expMask
	switch r.IntN(4) {
	case 0:
		exp = expMask/2 + r.Uint64N(9) - 4
	case 1:
		exp = []uint64{0, 1, expMask / 2, expMask - 1, expMask}[r.IntN(5)]
	}
	frac := r.Uint64()
	switch r.IntN(4) {
	case 0:
		frac = 1<<r.UintN(fracBits+1) + r.Uint64N(3) - 1
	case 1:
		frac = -(uint64(1) << r.UintN(fracBits+1))
	}
	v := r.Uint64()&1<<fracBits*(expMask+1) | exp<<fracBits | frac&(1<<fracBits-1)
	switch {
	case r.IntN(8) == 0: // an integer, long or short
		return r.Uint64() >> r.UintN(64)
	case r.IntN(16) == 0: // unboxed, if a single
		return v ^ r.Uint64()<<32
	case single:
		return boxBits | v
	}
	return v
}

func TestFloatInstructionsAgreeWithQEMU(t *testing.T) {
	const compiler, qemu = "riscv64-linux-gnu-gcc", "qemu-riscv64"
	for _, tool := range []string{compiler, qemu} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is required in CI: %v", tool, err)
			}
			t.Skipf("%s is not installed", tool)
		}
	}
	const perMode = 150
	var table strings.Builder
	var insts []uint32
	var names []string
	for name := range fpInsts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		inst := fpInsts[name]
		modes := []uint32{0}
		if fpRounds(inst) {
			modes = []uint32{rne, rtz, rdn, rup, rmm, dyn}
		}
		for _, mode := range modes {
			insts = append(insts, inst|mode<<12)
			fmt.Fprintf(&table, "\t%s\n\tret\n", fpText(name, inst|mode<<12))
		}
	}

	type record struct{ Index, A, B, C, Fcsr uint64 }
	type result struct{ Float, Integer, Fflags uint64 }
	r := rand.New(rand.NewPCG(10, 64))
	var records []record
	for i, inst := range insts {
		single := strings.HasSuffix(fpName(inst), ".s")
		for range perMode {
			records = append(records, record{
				uint64(i), fpOperand(r, single), fpOperand(r, single), fpOperand(r, single), r.Uint64N(5)<<5 | r.Uint64N(2)*nx,
			})
		}
	}
	var input bytes.Buffer
	if err := binary.Write(&input, binary.LittleEndian, records); err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	source, program := filepath.Join(dir, "fp.s"), filepath.Join(dir, "fp")
	text := fmt.Sprintf(fpProgram, table.String(), input.Len(), 24*len(records))
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(compiler, "-nostdlib", "-static", "-march=rv64gc", "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", compiler, err, out)
	}
	run := exec.Command(qemu, program)
	run.Stdin, run.Stderr = &input, os.Stderr
	output, err := run.Output()
	if err != nil {
		t.Fatalf("%s: %v", qemu, err)
	}
	results := make([]result, len(records))
	if n, err := binary.Decode(output, binary.LittleEndian, results); err != nil || n != len(output) {
		t.Fatalf("%d bytes of results for %d records: %v", len(output), len(records), err)
	}

	for i, rec := range records {
		inst := insts[rec.Index]
		want := results[i].Float
		if f, _ := decodeFP(inst); f.Dst == tD {
			want = results[i].Integer
		}
		got, flags, ok := execFP(t, inst, rec.Fcsr>>5, rec.Fcsr&31, rec.A, rec.B, rec.C)
		if !ok || got != want || flags != results[i].Fflags {
			t.Errorf("%s with fcsr %#x of %#x %#x %#x: %#x flags %05b executed %v, qemu has %#x flags %05b",
				fpText(fpName(inst), inst), rec.Fcsr, rec.A, rec.B, rec.C, got, flags, ok, want, results[i].Fflags)
		}
	}
}
