package amd64

import (
	"debug/elf"
	"fmt"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Indices into Arch.Regs, which are gdb's register numbers.
const (
	RegRIP     = 16
	RegEFlags  = 17
	RegCS      = 18 // cs, ss, ds, es, fs, gs
	RegST0     = 24 // st0–st7 are 24–31
	RegFCtrl   = 32 // fctrl, fstat, ftag, fiseg, fioff, foseg, fooff, fop
	RegXMM0    = 40 // xmm0–xmm15 are 40–55
	RegMXCSR   = 56
	RegOrigRAX = 57
	RegFSBase  = 58
	RegGSBase  = 59
	NumRegs    = 60
)

// general lists the general registers in gdb's order, with their slots and
// DWARF numbers (System V ABI, AMD64 supplement, figure 3.36).
var general = [16]struct {
	name  string
	slot  int
	dwarf int
}{
	{"rax", RAX, 0}, {"rbx", RBX, 3}, {"rcx", RCX, 2}, {"rdx", RDX, 1},
	{"rsi", RSI, 4}, {"rdi", RDI, 5}, {"rbp", RBP, 6}, {"rsp", RSP, 7},
	{"r8", R8, 8}, {"r9", R9, 9}, {"r10", R10, 10}, {"r11", R11, 11},
	{"r12", R12, 12}, {"r13", R13, 13}, {"r14", R14, 14}, {"r15", R15, 15},
}

// Selectors that Linux gives a 64-bit program.
const (
	selectorCS = 0x33
	selectorSS = 0x2b
)

// Arch describes x86-64 to debuggers, as gdb's 64bit-core.xml, 64bit-sse.xml,
// 64bit-linux.xml and 64bit-segments.xml do.
var Arch = newArch()

const (
	coreTypes = `<flags id="i386_eflags" size="4">
  <field name="" start="22" end="31"/>
  <field name="CF" start="0" end="0"/>
  <field name="" start="1" end="1"/>
  <field name="PF" start="2" end="2"/>
  <field name="AF" start="4" end="4"/>
  <field name="ZF" start="6" end="6"/>
  <field name="SF" start="7" end="7"/>
  <field name="TF" start="8" end="8"/>
  <field name="IF" start="9" end="9"/>
  <field name="DF" start="10" end="10"/>
  <field name="OF" start="11" end="11"/>
  <field name="NT" start="14" end="14"/>
  <field name="RF" start="16" end="16"/>
  <field name="VM" start="17" end="17"/>
  <field name="AC" start="18" end="18"/>
  <field name="VIF" start="19" end="19"/>
  <field name="VIP" start="20" end="20"/>
  <field name="ID" start="21" end="21"/>
</flags>`
	sseTypes = `<vector id="v4f" type="ieee_single" count="4"/>
<vector id="v2d" type="ieee_double" count="2"/>
<vector id="v16i8" type="int8" count="16"/>
<vector id="v8i16" type="int16" count="8"/>
<vector id="v4i32" type="int32" count="4"/>
<vector id="v2i64" type="int64" count="2"/>
<union id="vec128">
  <field name="v4_float" type="v4f"/>
  <field name="v2_double" type="v2d"/>
  <field name="v16_int8" type="v16i8"/>
  <field name="v8_int16" type="v8i16"/>
  <field name="v4_int32" type="v4i32"/>
  <field name="v2_int64" type="v2i64"/>
  <field name="uint128" type="uint128"/>
</union>
<flags id="i386_mxcsr" size="4">
  <field name="IE" start="0" end="0"/>
  <field name="DE" start="1" end="1"/>
  <field name="ZE" start="2" end="2"/>
  <field name="OE" start="3" end="3"/>
  <field name="UE" start="4" end="4"/>
  <field name="PE" start="5" end="5"/>
  <field name="DAZ" start="6" end="6"/>
  <field name="IM" start="7" end="7"/>
  <field name="DM" start="8" end="8"/>
  <field name="ZM" start="9" end="9"/>
  <field name="OM" start="10" end="10"/>
  <field name="UM" start="11" end="11"/>
  <field name="PM" start="12" end="12"/>
  <field name="FZ" start="15" end="15"/>
</flags>`
)

func newArch() *vm.Arch {
	a := &vm.Arch{
		Name: "amd64", ELF: uint16(elf.EM_X86_64), PtrSize: 8,
		PC: RegRIP, SP: 7, FP: 6, RA: -1,
		Args: []int{5, 4, 3, 2, 8, 9}, Ret: 0, FloatRet: RegXMM0,
		MinInst: 1, MaxInst: 15,
		GDBArch:     "i386:x86-64",
		Disassemble: disassemble,
	}
	core := vm.GDBFeature{Name: "org.gnu.gdb.i386.core", Types: coreTypes}
	sse := vm.GDBFeature{Name: "org.gnu.gdb.i386.sse", Types: sseTypes}
	system := vm.GDBFeature{Name: "org.gnu.gdb.i386.linux"}
	segments := vm.GDBFeature{Name: "org.gnu.gdb.i386.segments"}
	add := func(f *vm.GDBFeature, r vm.Register) {
		r.GDB = len(a.Regs)
		f.Regs = append(f.Regs, len(a.Regs))
		a.Regs = append(a.Regs, r)
	}
	for _, g := range general {
		r := vm.Register{Name: g.name, Bits: 64, DWARF: g.dwarf, GDBType: "int64"}
		if g.slot == RBP || g.slot == RSP {
			r.GDBType = "data_ptr"
		}
		add(&core, r)
	}
	// DWARF's number 16 is the return address, which is what rip is restored from.
	add(&core, vm.Register{Name: "rip", Alias: "pc", Bits: 64, Group: vm.GroupControl, DWARF: 16, GDBType: "code_ptr"})
	add(&core, vm.Register{Name: "eflags", Bits: 32, Group: vm.GroupControl, DWARF: 49, GDBType: "i386_eflags"})
	for i, name := range []string{"cs", "ss", "ds", "es", "fs", "gs"} {
		add(&core, vm.Register{Name: name, Bits: 32, Group: vm.GroupControl, DWARF: []int{51, 52, 53, 50, 54, 55}[i], GDBType: "int32"})
	}
	for i := range 8 {
		add(&core, vm.Register{Name: fmt.Sprintf("st%d", i), Bits: 80, Group: vm.GroupFloat, DWARF: 33 + i, GDBType: "i387_ext"})
	}
	for i, name := range []string{"fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop"} {
		dwarf := -1
		if i < 2 {
			dwarf = 65 + i
		}
		add(&core, vm.Register{Name: name, Bits: 32, Group: vm.GroupFloat, DWARF: dwarf, GDBType: "int"})
	}
	for i := range 16 {
		add(&sse, vm.Register{Name: fmt.Sprintf("xmm%d", i), Bits: 128, Group: vm.GroupFloat, DWARF: 17 + i, GDBType: "vec128"})
	}
	add(&sse, vm.Register{Name: "mxcsr", Bits: 32, Group: vm.GroupFloat, DWARF: 64, GDBType: "i386_mxcsr"})
	add(&system, vm.Register{Name: "orig_rax", Bits: 64, Group: vm.GroupControl, DWARF: -1, GDBType: "int"})
	add(&segments, vm.Register{Name: "fs_base", Bits: 64, Group: vm.GroupControl, DWARF: 58, GDBType: "int"})
	add(&segments, vm.Register{Name: "gs_base", Bits: 64, Group: vm.GroupControl, DWARF: 59, GDBType: "int"})
	a.GDBFeatures = []vm.GDBFeature{core, sse, system, segments}
	return a
}

// ReadRegister reads register i of Arch.Regs: its low 64 bits and those above. 0
// for one that does not exist.
func ReadRegister(r []uint64, pc uint64, i int) (lo, hi uint64) {
	switch {
	case i < 0 || i >= NumRegs:
		return 0, 0
	case i < RegRIP:
		return r[general[i].slot], 0
	case i == RegRIP:
		return pc, 0
	case i == RegEFlags:
		return RFlags(r), 0
	case i == RegCS:
		return selectorCS, 0
	case i == RegCS+1:
		return selectorSS, 0
	case i < RegST0:
		return 0, 0
	case i < RegFCtrl:
		n := FP0 + 2*((r[FPSW]>>11+uint64(i-RegST0))&7)
		return r[n], r[n+1] & 0xffff
	case i < RegXMM0:
		return [8]uint64{r[FPCW], r[FPSW], fullTag(r), 0, uint64(uint32(r[FPIP])), 0, uint64(uint32(r[FPDP])), r[FPOp]}[i-RegFCtrl], 0
	case i < RegMXCSR:
		n := XMM0 + 2*(i-RegXMM0)
		return r[n], r[n+1]
	}
	switch i {
	case RegMXCSR:
		return r[MXCSR], 0
	case RegFSBase:
		return r[FSBase], 0
	case RegGSBase:
		return r[GSBase], 0
	}
	return ^uint64(0), 0 // orig_rax: not within a system call
}

// fullTag is the x87 tag word with two bits for each physical register (SDM
// volume 1, section 8.1.7): valid, zero, special, empty.
func fullTag(r []uint64) (tag uint64) {
	for n := range 8 {
		var t uint64
		mantissa, exponent := r[FP0+2*n], r[FP0+2*n+1]&0x7fff
		switch {
		case r[FPTag]>>n&1 == 0:
			t = 3
		case exponent == 0 && mantissa == 0:
			t = 1
		case exponent == 0 || exponent == 0x7fff || mantissa>>63 == 0:
			t = 2
		}
		tag |= t << (2 * n)
	}
	return tag
}
