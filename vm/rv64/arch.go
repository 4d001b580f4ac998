package rv64

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/arch/riscv64/riscv64asm"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Indices into Arch.Regs: x0–x31 are 0–31.
const (
	RegPC     = 32
	RegF0     = 33 // f0–f31 are 33–64
	RegFflags = 65
	RegFrm    = 66
	RegFcsr   = 67
	NumRegs   = 68
)

var abiNames = strings.Fields(`zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7
	s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6`)

var floatNames = strings.Fields(`ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5
	fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11`)

// Arch describes RV64GC to debuggers. DWARF numbers are the psABI's, gdb's those
// of its riscv-tdep.h: x0–x31 0–31, pc 32, f0–f31 33–64, CSRs from 65 on.
var Arch = newArch()

func newArch() *vm.Arch {
	a := &vm.Arch{
		Name: "riscv64", ELF: uint16(elf.EM_RISCV), PtrSize: 8,
		PC: RegPC, SP: SP, FP: 8, RA: RA,
		Args: []int{10, 11, 12, 13, 14, 15, 16, 17}, Ret: A0, FloatRet: RegF0 + 10,
		MinInst: 2, MaxInst: 4,
		GDBArch:     "riscv:rv64",
		Disassemble: disassemble,
	}
	cpu := vm.GDBFeature{Name: "org.gnu.gdb.riscv.cpu"}
	fpu := vm.GDBFeature{Name: "org.gnu.gdb.riscv.fpu"}
	add := func(f *vm.GDBFeature, r vm.Register) {
		f.Regs = append(f.Regs, len(a.Regs))
		a.Regs = append(a.Regs, r)
	}
	types := map[int]string{RA: "code_ptr", SP: "data_ptr", GP: "data_ptr", TP: "data_ptr", 8: "data_ptr"}
	for i, name := range abiNames {
		r := vm.Register{Name: name, Alias: fmt.Sprintf("x%d", i), Bits: 64, DWARF: i, GDB: i, GDBType: "int"}
		if t := types[i]; t != "" {
			r.GDBType = t
		}
		if i == 8 {
			r.Name = "fp" // as gdb calls it
		}
		add(&cpu, r)
	}
	add(&cpu, vm.Register{Name: "pc", Bits: 64, Group: vm.GroupControl, DWARF: -1, GDB: 32, GDBType: "code_ptr"})
	for i, name := range floatNames {
		add(&fpu, vm.Register{Name: name, Alias: fmt.Sprintf("f%d", i), Bits: 64, Group: vm.GroupFloat, DWARF: 32 + i, GDB: 33 + i, GDBType: "ieee_double"})
	}
	for i, name := range []string{"fflags", "frm", "fcsr"} {
		add(&fpu, vm.Register{Name: name, Bits: 32, Group: vm.GroupControl, DWARF: -1, GDB: 66 + i, GDBType: "int"})
	}
	a.GDBFeatures = []vm.GDBFeature{cpu, fpu}
	return a
}

// disassemble decodes with x/arch, which knows RV64GC.
func disassemble(code []byte, pc uint64) vm.Inst {
	if len(code) < 2 {
		return vm.Inst{Text: fmt.Sprintf(".byte 0x%02x", code[0]), Size: 1}
	}
	bad := vm.Inst{Text: fmt.Sprintf(".2byte 0x%04x", binary.LittleEndian.Uint16(code)), Size: 2}
	raw := uint32(binary.LittleEndian.Uint16(code))
	size := 2
	if raw&3 == 3 {
		if len(code) < 4 {
			return bad
		}
		raw, size = binary.LittleEndian.Uint32(code), 4
	} else {
		raw = expand(uint16(raw))
	}
	in, err := riscv64asm.Decode(code)
	if err != nil || in.Len != size {
		return bad
	}
	out := vm.Inst{Text: abiText(strings.ToLower(riscv64asm.GNUSyntax(in))), Size: size}
	switch raw & 0x7f {
	case opJAL:
		out.Call, out.Jump = rd(raw) == RA || rd(raw) == 5, rd(raw) == 0
		out.Text = retarget(out.Text, pc+uint64(immJ(raw)))
	case opJALR:
		out.Call = rd(raw) == RA || rd(raw) == 5
		out.Ret = rd(raw) == 0 && (rs1(raw) == RA || rs1(raw) == 5)
		out.Jump = !out.Call && !out.Ret
	case opBRANCH:
		out.Jump = true
		out.Text = retarget(out.Text, pc+uint64(immB(raw)))
	}
	return out
}

// hardwareName matches a register as x/arch writes it.
var hardwareName = regexp.MustCompile(`\b[xf][0-9]+\b`)

// abiText replaces hardware register names by those of the ABI, which gdb and
// objdump show and the expression language knows.
func abiText(text string) string {
	return hardwareName.ReplaceAllStringFunc(text, func(r string) string {
		n, err := strconv.Atoi(r[1:])
		switch {
		case err != nil || n > 31:
			return r
		case r[0] == 'f':
			return floatNames[n]
		}
		return abiNames[n]
	})
}

// retarget replaces the relative operand at the end of a branch by the address
// it leads to.
func retarget(text string, target uint64) string {
	cut := strings.LastIndexAny(text, " ,")
	return fmt.Sprintf("%s%#x", text[:cut+1], target)
}
