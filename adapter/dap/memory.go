package dap

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
)

// readMemory, disassemble, and code shown as a source.

const (
	maxRead        = 2 << 20 // bytes of one readMemory
	maxDisassemble = 10_000  // instructions of one disassemble
	maxRemembered  = 1000    // memory references that memory events are sent for
	pageSize       = 4096
)

func (s *session) readMemory(c *call, m *godap.ReadMemoryRequest) (any, error) {
	a := &m.Arguments
	base, err := parseAddress(a.MemoryReference)
	if err != nil {
		return nil, badArgument("readMemory: memoryReference: %v", err)
	}
	if a.Count < 0 || a.Count > maxRead {
		return nil, badArgument("readMemory: count %d: 0 to %d bytes can be read at once", a.Count, maxRead)
	}
	addr := base + uint64(int64(a.Offset))
	if a.Offset < 0 && addr > base || a.Offset > 0 && addr < base {
		return nil, badArgument("readMemory: %s%+d lies outside of the address space", a.MemoryReference, a.Offset)
	}
	s.remember(a.MemoryReference, a.Offset, a.Count)
	data := make([]byte, a.Count)
	n := s.prog.machine.ReadMemory(addr, data)
	body := godap.ReadMemoryResponseBody{Address: hex(addr), Data: base64.StdEncoding.EncodeToString(data[:n])}
	if n < a.Count {
		body.UnreadableBytes = s.unreadable(addr+uint64(n), a.Count-n)
	}
	return body, nil
}

// unreadable is how many of the count bytes from addr on can't be read before the
// next that can, or before their end.
func (s *session) unreadable(addr uint64, count int) int {
	for _, r := range s.prog.machine.Mappings() {
		if r.Start >= addr && r.Start-addr < uint64(count) {
			return int(r.Start - addr)
		}
	}
	return count
}

// remember notes what the client shows of memory: see memoryEvents.
func (s *session) remember(ref string, offset, count int) {
	if s.shown.memory == nil || len(s.shown.memory) >= maxRemembered {
		s.shown.memory = map[string]span{}
	}
	r, seen := s.shown.memory[ref]
	if seen {
		end := max(r.offset+r.count, offset+count)
		offset = min(r.offset, offset)
		count = end - offset
	}
	s.shown.memory[ref] = span{offset, count}
}

func (s *session) disassemble(c *call, m *godap.DisassembleRequest) (any, error) {
	a := &m.Arguments
	addr, err := parseAddress(a.MemoryReference)
	if err != nil {
		return nil, badArgument("disassemble: memoryReference: %v", err)
	}
	if a.InstructionCount < 0 || a.InstructionCount > maxDisassemble {
		return nil, badArgument("disassemble: instructionCount %d: 0 to %d can be asked for", a.InstructionCount, maxDisassemble)
	}
	if a.InstructionOffset < -maxDisassemble || a.InstructionOffset > maxDisassemble {
		return nil, badArgument("disassemble: instructionOffset %d: -%d to %[2]d is possible", a.InstructionOffset, maxDisassemble)
	}
	addr += uint64(int64(a.Offset))
	list := s.prog.dbg.Disassemble(addr, a.InstructionOffset, a.InstructionCount)
	out := make([]disassembledInstruction, len(list))
	file := ""
	for i := range list {
		in := &list[i]
		d := &out[i]
		d.Address, d.Instruction = hex(in.Addr), in.Text
		if in.Bytes == nil {
			d.PresentationHint = "invalid"
		}
		d.InstructionBytes = fmt.Sprintf("% x", in.Bytes)
		if a.ResolveSymbols {
			d.Symbol = in.Sym
		}
		if in.Line > 0 {
			d.Line = s.lineOut(in.Line)
			if in.File != file { // it holds for those that follow, too
				file = in.File
				d.Location = s.source1(file)
			}
		}
	}
	return struct {
		Instructions []disassembledInstruction `json:"instructions"`
	}{out}, nil
}

// codeAround finds the function or symbol that pc is in: what is shown as a source
// for code that has none.
func (s *session) codeAround(pc uint64) (name string, low, high uint64, ok bool) {
	if p := s.prog.dbg.Space().Glance(pc); p != nil && p.FuncAt(pc) != nil {
		f := p.FuncAt(pc)
		for _, r := range f.Ranges {
			if r.Contains(pc) {
				return f.Name, r.Low, r.High, true
			}
		}
	}
	if sym, _, found := s.prog.dbg.Space().SymbolAt(pc); found && sym.Func && sym.Size > 0 && pc-sym.Addr < sym.Size {
		return sym.Name, sym.Addr, sym.Addr + sym.Size, true
	}
	return "", 0, 0, false
}

// instructions disassembles a range.
func (s *session) instructions(low, high uint64) []debugger.Instruction {
	n := int(min((high-low)/uint64(s.prog.dbg.Arch().MinInst), maxDisassemble))
	list := s.prog.dbg.Disassemble(low, 0, n)
	for i := range list {
		if list[i].Addr >= high {
			return list[:i]
		}
	}
	return list
}

// disassembly is the source to show for code without one, and the line of pc in it.
func (s *session) disassembly(pc uint64) (src *godap.Source, line int, ok bool) {
	name, low, high, ok := s.codeAround(pc)
	if !ok {
		return nil, 0, false
	}
	starts, known := s.sources.starts[low]
	if !known {
		for _, in := range s.instructions(low, high) {
			starts = append(starts, in.Addr)
		}
		s.sources.starts[low] = starts
	}
	line, exact := slices.BinarySearch(starts, pc)
	if exact {
		line++
	}
	return &godap.Source{
		Name: name + ".s", SourceReference: s.sources.ref(sourceRef{addr: low}),
		PresentationHint: "deemphasize", Origin: "disassembly",
	}, line, true
}

// listing is the content of such a source: an instruction a line.
func (s *session) listing(addr uint64) string {
	_, low, high, ok := s.codeAround(addr)
	if !ok {
		return fmt.Sprintf("; there is no code at %s in this program\n", hex(addr))
	}
	var b strings.Builder
	for _, in := range s.instructions(low, high) {
		fmt.Fprintf(&b, "%-12s %-24s %s\n", hex(in.Addr), in.Sym, in.Text)
	}
	return b.String()
}
