package debugger

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Disassembled instructions name what they refer to, as gdb and objdump do:
// "callq 0x401030 <puts@plt>", "lea 0x2ed1(%rip),%rdi  # 0x404010 <message>".

// target adds to an instruction's text the symbol of the address that it calls or
// jumps to, and the address that it refers to relative to the PC.
func (d *Debugger) target(in *vm.Inst, addr uint64, code []byte) string {
	if in.Call || in.Jump {
		if i := strings.LastIndexAny(in.Text, " ,\t"); i >= 0 {
			if to, err := strconv.ParseUint(in.Text[i+1:], 0, 64); err == nil && strings.HasPrefix(in.Text[i+1:], "0x") {
				return in.Text + d.bracketed(to)
			}
		}
	}
	if to, ok := relative(in.Text, addr+uint64(in.Size)); ok {
		return fmt.Sprintf("%s  # %#x%s", in.Text, to, d.bracketed(to))
	}
	if to, ok := d.pair(addr, code); ok {
		return fmt.Sprintf("%s  # %#x%s", in.Text, to, d.bracketed(to))
	}
	return in.Text
}

// bracketed is " <symbol+offset>", empty where there is no symbol.
func (d *Debugger) bracketed(addr uint64) string {
	s, off, ok := d.Space().SymbolAt(addr)
	switch {
	case !ok || s.TLS || off != 0 && !s.Func && off >= s.Size:
		return ""
	case off == 0:
		return " <" + s.Name + ">"
	}
	return fmt.Sprintf(" <%s+%d>", s.Name, off)
}

// relative finds the address of an operand OFFSET(%rip) of x86-64; next is the
// address behind the instruction.
func relative(text string, next uint64) (uint64, bool) {
	i := strings.Index(text, "(%rip)")
	if i < 0 {
		return 0, false
	}
	from := strings.LastIndexAny(text[:i], " ,*:\t") + 1
	off, err := strconv.ParseInt(text[from:i], 0, 64)
	return next + uint64(off), err == nil
}

// pair finds the address that an instruction of RISC-V makes of the upper part that
// the instruction before it, auipc, has put into its base register.
func (d *Debugger) pair(addr uint64, code []byte) (uint64, bool) {
	if d.arch.Name != "riscv64" || len(code) < 4 {
		return 0, false
	}
	w := binary.LittleEndian.Uint32(code)
	lo := int64(int32(w) >> 20)
	switch w & 0x7f {
	case 0x03, 0x07, 0x67: // loads, jalr
	case 0x13: // addi
		if w>>12&7 != 0 {
			return 0, false
		}
	case 0x23, 0x27: // stores
		lo = int64(int32(w)>>25)<<5 | int64(w>>7&31)
	default:
		return 0, false
	}
	var before [4]byte
	if d.m.ReadMemory(addr-4, before[:]) != len(before) {
		return 0, false
	}
	u := binary.LittleEndian.Uint32(before[:])
	if u&0x7f != 0x17 || u>>7&31 != w>>15&31 || u>>7&31 == 0 {
		return 0, false
	}
	return addr - 4 + uint64(int64(int32(u&^0xfff))) + uint64(lo), true
}
