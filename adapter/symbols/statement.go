package symbols

import (
	"slices"
	"sort"
)

// What a statement start is
//
// Stepping by source lines, in either direction, needs to say of any position
// in history whether it is the start of a statement. The answer must be a
// function of the machine's state alone: then the stops of a walk forwards and
// of a walk backwards are the same positions. All that a state tells is where
// the thread is (PC) and which instruction it executed last (LastPC). So:
//
//   - The line table's is_stmt rows say where statements can start. Those in a
//     function's prologue don't count, but the body start does: there the
//     arguments are in place.
//   - At such an address a statement starts unless the instruction before
//     belonged to the same one: same file, line and inlined call. This makes a
//     loop on one line one statement, and a line that the compiler split into
//     several rows, too.
//   - After a return the instruction before, in the sense of the frame, is the
//     call: the one in front of PC. Without this "x = f() + g();" would be two
//     statements, since compilers begin a row after each call.

// bodyStart finds the end of f's prologue. The table entries of f's first range
// are [from, to).
//
// Compilers that mark it (clang, Go) are believed. gcc marks nothing, but
// begins a second row for the function's opening line, or for its first
// statement, where the prologue ends; this is also gdb's rule
// (skip_prologue_using_sal).
func (p *Program) bodyStart(f *Function, from, to int) uint64 {
	t := p.lines
	for i := from; i < to; i++ {
		for _, r := range t.rowsOf(i) {
			if r.flags&rowPrologue != 0 {
				return r.addr
			}
		}
	}
	if f.Language == LangGo || f.Language == LangAsm || from >= to || t.addr[from] != f.Low || t.pos[from] == 0 {
		return f.Low
	}
	if lineRows(t.rowsOf(from)) > 1 {
		return f.Low // a prologue without instructions
	}
	first := t.pos[from]
	for i := from + 1; i < to; i++ {
		if t.pos[i] == 0 {
			break
		}
		if t.flags[i]&rowStmt == 0 {
			continue
		}
		// A smaller line in the same file and not inlined: the optimizer moved
		// an instruction of the opening line's macros or parameters up here.
		if t.pos[i] < first && t.pos[i]>>32 == first>>32 && p.inl.find(t.addr[i]) < 0 {
			continue
		}
		return t.addr[i]
	}
	return f.Low // a function of one row, as "f(){}"
}

// lineRows counts the rows that have a line and are statements.
func lineRows(rows []row) int {
	n := 0
	for _, r := range rows {
		if r.line > 0 && r.flags&rowStmt != 0 {
			n++
		}
	}
	return n
}

// statements finds the body starts and marks the addresses where statements can
// start.
func (p *Program) statements() {
	t := p.lines
	t.fn = make([]int32, len(t.addr))
	k := 0
	for i, a := range t.addr {
		for k < len(p.ftab.low) && p.ftab.high[k] <= a {
			k++
		}
		t.fn[i] = -1
		if k < len(p.ftab.low) && a >= p.ftab.low[k] {
			t.fn[i] = p.ftab.fn[k]
		}
	}
	for id, f := range p.funcs {
		from := max(t.find(f.Low), 0)
		if from < len(t.addr) && t.addr[from] < f.Low {
			from++
		}
		to := from
		for to < len(t.addr) && t.fn[to] == int32(id) {
			to++
		}
		f.BodyStart = p.bodyStart(f, from, to)
	}
	for i, a := range t.addr {
		if t.fn[i] < 0 || t.pos[i] == 0 {
			continue
		}
		f := p.funcs[t.fn[i]]
		if a == f.BodyStart || t.flags[i]&rowStmt != 0 && !f.inPrologue(a) {
			t.flags[i] |= rowCandidate
		}
	}
}

// Statements lists the addresses at which a statement of f can start,
// ascending: those for which [Program.IsStatementStart] can be true.
func (p *Program) Statements(f *Function) []uint64 {
	t := p.lines
	var out []uint64
	for _, r := range f.Ranges {
		i := sort.Search(len(t.addr), func(i int) bool { return t.addr[i] >= r.Low })
		for ; i < len(t.addr) && t.addr[i] < r.High; i++ {
			if t.flags[i]&rowCandidate != 0 && t.fn[i] == int32(f.id) {
				out = append(out, t.addr[i])
			}
		}
	}
	return out
}

// AllStatements lists the addresses at which a statement of any function can
// start, ascending.
func (p *Program) AllStatements() []uint64 {
	t := p.lines
	n := 0
	for _, fl := range t.flags {
		if fl&rowCandidate != 0 {
			n++
		}
	}
	out := make([]uint64, 0, n)
	for i, a := range t.addr {
		if t.flags[i]&rowCandidate != 0 {
			out = append(out, a)
		}
	}
	return slices.Clip(out)
}

// IsStatementStart reports whether a thread at pc, whose last retired
// instruction was at lastPC, is at the start of a statement: at an address of
// [Program.Statements], coming from another line, another file, another inlined
// call, from the prologue or from outside of the function. A return to the
// middle of a statement does not start it anew. Takes some tens of nanoseconds.
func (p *Program) IsStatementStart(pc, lastPC uint64) bool {
	t := p.lines
	i := t.exact(pc)
	if i < 0 || t.flags[i]&rowCandidate == 0 {
		return false
	}
	fn := t.fn[i]
	f := p.funcs[fn]
	pred := lastPC
	outside := p.ftab.find(lastPC) != fn
	if pc == f.Low {
		if outside || p.img.flowAt(lastPC-p.bias) == flowCall {
			return true
		}
	} else if outside || p.img.flowAt(lastPC-p.bias) == flowReturn {
		pred = pc - 1
		if p.ftab.find(pred) != fn {
			return true // the start of a split-off part
		}
	}
	if f.inPrologue(pred) {
		return true
	}
	j := t.find(pred)
	if j < 0 || t.pos[j] != t.pos[i] {
		return true
	}
	return p.instAt(pred, fn) != p.instAt(pc, fn)
}
