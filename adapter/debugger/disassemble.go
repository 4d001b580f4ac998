package debugger

import (
	"fmt"
	"slices"
)

// maxInstructions bounds one request.
const maxInstructions = 10_000

// Disassemble lists count instructions, starting offset instructions from the
// one at addr. Before addr it decodes from the start of the function, or of the
// symbol, so that instructions of different lengths come out as they are.
func (d *Debugger) Disassemble(addr uint64, offset, count int) []Instruction {
	count = min(max(count, 0), maxInstructions)
	offset = min(max(offset, -maxInstructions), maxInstructions)
	var out []Instruction
	if offset < 0 {
		out = d.before(addr, -offset)
	}
	at := addr
	for skip := offset; len(out) < count || skip > 0; {
		in := d.decode(at)
		at += uint64(max(len(in.Bytes), d.arch.MinInst))
		if skip > 0 {
			skip--
			continue
		}
		out = append(out, in)
	}
	return out[:count]
}

// before lists the n instructions that come before addr.
func (d *Debugger) before(addr uint64, n int) []Instruction {
	var out []Instruction // newest first
	end := addr
	for len(out) < n {
		start := end - uint64(d.arch.MinInst)
		if f := d.Space().FuncAt(start); f != nil && f.Contains(start) {
			for _, r := range f.Ranges {
				if r.Contains(start) {
					start = r.Low
				}
			}
		} else if s, _, ok := d.Space().SymbolAt(start); ok && s.Func && start-s.Addr < 1<<16 {
			start = s.Addr
		}
		var run []Instruction
		for at := start; at < end; {
			in := d.decode(at)
			if len(in.Bytes) == 0 || at+uint64(len(in.Bytes)) > end {
				in = Instruction{Addr: at, Text: "??"}
				if at+uint64(d.arch.MinInst) <= end {
					in.Bytes = nil
				}
			}
			run = append(run, in)
			at += uint64(max(len(in.Bytes), d.arch.MinInst))
		}
		slices.Reverse(run)
		out = append(out, run...)
		if start > end { // wrapped below 0
			break
		}
		end = start
	}
	for len(out) < n {
		end -= uint64(d.arch.MinInst)
		out = append(out, Instruction{Addr: end, Text: "??"})
	}
	out = out[:n]
	slices.Reverse(out)
	return out
}

func (d *Debugger) decode(addr uint64) Instruction {
	buf := make([]byte, d.arch.MaxInst)
	n := d.m.ReadMemory(addr, buf)
	if n == 0 {
		return Instruction{Addr: addr, Text: "??"}
	}
	in := d.arch.Disassemble(buf[:n], addr)
	out := Instruction{Addr: addr, Bytes: buf[:min(in.Size, n)], Text: d.target(&in, addr, buf[:n])}
	if s, off, ok := d.Space().SymbolAt(addr); ok && s.Func {
		out.Sym = s.Name
		if off != 0 {
			out.Sym = fmt.Sprintf("%s+%d", s.Name, off)
		}
	}
	if p := d.Space().Glance(addr); p != nil {
		if l, ok := p.LineAt(addr); ok && l.Low == addr {
			out.File, out.Line = l.File, l.Line
		}
	}
	return out
}
