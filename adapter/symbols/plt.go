package symbols

import (
	"debug/elf"
	"encoding/binary"
)

// A procedure linkage table holds a stub for each function that a file calls in
// another one: it jumps to where a word in the file's data points, a slot, which
// the dynamic loader fills in. Relocations tell which function a slot is for. No
// symbol table lists the stubs; they are named as gdb and objdump name them,
// NAME@plt.

const (
	relaSize = 24 // bytes of an Elf64_Rela
	pltStub  = 16 // bytes of a stub, on all supported architectures
	maxSlots = 1 << 20
)

// readSlots reads the relocations that name functions.
func (m *image) readSlots(f *elf.File, dynamic []elf.Symbol) {
	if len(m.plt) == 0 || len(dynamic) == 0 {
		return
	}
	m.slots = map[uint64]string{}
	for _, s := range f.Sections {
		if s.Type != elf.SHT_RELA || s.Flags&elf.SHF_ALLOC == 0 || s.Size > maxSlots*relaSize {
			continue
		}
		data, err := s.Data()
		if err != nil {
			m.notes = append(m.notes, sectionError(m.name, s.Name, err).Error())
			continue
		}
		for ; len(data) >= relaSize; data = data[relaSize:] {
			sym := binary.LittleEndian.Uint64(data[8:]) >> 32
			if sym == 0 || sym > uint64(len(dynamic)) || dynamic[sym-1].Name == "" {
				continue
			}
			m.slots[binary.LittleEndian.Uint64(data)] = dynamic[sym-1].Name
		}
	}
}

// pltSymbols makes the symbols of the stubs. Addresses are the file's.
func (m *image) pltSymbols() []Symbol {
	var out []Symbol
	for _, r := range m.plt {
		for at := r.Low; at+pltStub <= r.High && len(m.slots) > 0; at += pltStub {
			slot, ok := m.arch.pltSlot(m.codeAt(at)[:pltStub], at)
			if !ok {
				continue
			}
			if name := m.slots[slot]; name != "" {
				out = append(out, Symbol{Linker: name + "@plt", Addr: at, Size: pltStub, Func: true})
			}
		}
	}
	return out
}

// pltSlotAMD64 finds the slot of a stub at pc: [endbr64] [bnd] jmp *off(%rip).
func pltSlotAMD64(code []byte, pc uint64) (uint64, bool) {
	i := 0
	if len(code) >= 4 && binary.LittleEndian.Uint32(code) == 0xfa1e0ff3 {
		i = 4
	}
	if i < len(code) && code[i] == 0xf2 {
		i++
	}
	if len(code) < i+6 || code[i] != 0xff || code[i+1] != 0x25 {
		return 0, false
	}
	return pc + uint64(i) + 6 + uint64(int64(int32(binary.LittleEndian.Uint32(code[i+2:])))), true
}

// pltSlotRISCV finds the slot of a stub at pc: auipc t3, hi; ld t3, lo(t3); jalr.
func pltSlotRISCV(code []byte, pc uint64) (uint64, bool) {
	if len(code) < 8 {
		return 0, false
	}
	const t3 = 28
	hi, ld := binary.LittleEndian.Uint32(code), binary.LittleEndian.Uint32(code[4:])
	if hi&0xfff != 0x17|t3<<7 || ld&0xfffff != 0x3003|t3<<7|t3<<15 {
		return 0, false
	}
	return pc + uint64(int64(int32(hi&^0xfff))) + uint64(int64(int32(ld)>>20)), true
}
