package symbols

import (
	"debug/dwarf"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Line is a row of the line table: the source position of a range of addresses.
type Line struct {
	File   string // as recorded, joined with the compilation directory
	Line   int    // from 1
	Column int    // from 1; 0 if not known
	IsStmt bool   // Low is a recommended breakpoint location
	Low    uint64 // first address
	High   uint64 // first address of the next row
}

// LineAt finds the source position of pc. For a frame that called another, pass
// its LookupPC. Code that the compiler gives no line (line 0) has none.
func (p *Program) LineAt(pc uint64) (Line, bool) {
	t := p.lines
	i := t.find(pc)
	if i < 0 || t.pos[i] == 0 || i+1 >= len(t.addr) {
		return Line{}, false
	}
	r := &t.rows[t.pick[i]]
	return Line{
		File: t.files[r.file], Line: int(r.line), Column: int(r.col),
		IsStmt: r.flags&rowStmt != 0, Low: r.addr, High: t.addr[i+1],
	}, true
}

// Files lists the source files that have code, sorted.
func (p *Program) Files() []string {
	out := make([]string, 0, len(p.byFile))
	for f := range p.byFile {
		out = append(out, p.lines.files[f])
	}
	slices.Sort(out)
	return out
}

// lineRef is an is_stmt row: line of a file, index into lineTable.rows.
type lineRef struct {
	line int32
	row  int32
}

// indexLines sorts the is_stmt rows by file and line.
func (p *Program) indexLines() {
	p.byFile = map[int32][]lineRef{}
	for i := range p.lines.rows {
		if r := &p.lines.rows[i]; r.flags&rowStmt != 0 && r.line > 0 && r.file != 0 {
			p.byFile[r.file] = append(p.byFile[r.file], lineRef{r.line, int32(i)})
		}
	}
	for _, refs := range p.byFile {
		slices.SortFunc(refs, func(a, b lineRef) int {
			if a.line != b.line {
				return int(a.line) - int(b.line)
			}
			return int(a.row) - int(b.row)
		})
	}
}

// FindFile finds the recorded path for a path that an editor or a person gives:
// the same path after cleaning, or else the one recorded path with the longest
// common end of whole path components, the base name at least. When several
// match equally well ok is false and candidates lists them.
func (p *Program) FindFile(path string) (file string, candidates []string, ok bool) {
	id, candidates := p.findFile(path)
	if id == 0 {
		return "", candidates, false
	}
	return p.lines.files[id], nil, true
}

func (p *Program) findFile(path string) (int32, []string) {
	want := pathParts(path)
	if len(want) == 0 {
		return 0, nil
	}
	var best []int32
	bestLen := 0
	for id := range p.byFile {
		have := pathParts(p.lines.files[id])
		n := 0
		for n < len(want) && n < len(have) && want[len(want)-1-n] == have[len(have)-1-n] {
			n++
		}
		if n == len(want) && n == len(have) {
			n++ // the very path
		}
		switch {
		case n == 0 || n < bestLen:
		case n == bestLen:
			best = append(best, id)
		default:
			best, bestLen = []int32{id}, n
		}
	}
	if len(best) == 1 {
		return best[0], nil
	}
	var names []string
	for _, id := range best {
		names = append(names, p.lines.files[id])
	}
	slices.Sort(names)
	return 0, names
}

// pathParts splits a path of any system into its components.
func pathParts(path string) []string {
	path = strings.ReplaceAll(path, `\`, "/")
	return strings.FieldsFunc(cleanPath(path), func(r rune) bool { return r == '/' })
}

// Place is a source breakpoint's place: where execution stops for it.
type Place struct {
	File  string   // as recorded
	Line  int      // the line that has code: the one asked for, or a later one
	Addrs []uint64 // ascending
}

// Resolve finds the addresses for a breakpoint at a source line: one for each
// function and inlined call that has code for it, the lowest; for a line in
// whose code a function begins, the body start. A line without code stands for
// the next line of the file that has some; Place.Line says which it was. The
// error says what is wrong: no such file, an ambiguous one, or no code from that
// line on.
func (p *Program) Resolve(file string, line int) (Place, error) {
	id, err := p.fileFor(file)
	if err != nil {
		return Place{}, fmt.Errorf("breakpoint at %s:%d: %w", file, line, err)
	}
	refs := p.byFile[id]
	i := sort.Search(len(refs), func(i int) bool { return int(refs[i].line) >= line })
	if i == len(refs) {
		return Place{}, fmt.Errorf("breakpoint at %s:%d: no code on this line (nearest: %d)", file, line, refs[len(refs)-1].line)
	}
	out := Place{File: p.lines.files[id], Line: int(refs[i].line)}
	type key struct {
		fn, inst int32
	}
	lowest := map[key]uint64{}
	for ; i < len(refs) && int(refs[i].line) == out.Line; i++ {
		addr := p.lines.rows[refs[i].row].addr
		fn, inst := p.owner(refs[i].row)
		if fn >= 0 && p.funcs[fn].inPrologue(addr) {
			addr = p.funcs[fn].BodyStart
		}
		k := key{fn, inst}
		if a, ok := lowest[k]; !ok || addr < a {
			lowest[k] = addr
		}
	}
	for _, a := range lowest {
		out.Addrs = append(out.Addrs, a)
	}
	slices.Sort(out.Addrs)
	out.Addrs = slices.Compact(out.Addrs)
	return out, nil
}

// owner finds the function and the inlined call that a row's line belongs to.
// The address alone does not tell: where an inlined call begins, or where
// nothing is left of it, rows of several functions share an address.
func (p *Program) owner(k int32) (fn, inst int32) {
	r := &p.lines.rows[k]
	fn = p.ftab.find(r.addr)
	if fn < 0 {
		return -1, -1
	}
	inst = p.instAt(r.addr, fn)
	if decl, ok := p.declAround(r.file, r.line); ok {
		if p.funcDecl[fn] == decl {
			return fn, -1
		}
		for i := inst; i >= 0; i = p.insts[i].parent {
			if p.instDecl[i] == decl {
				return fn, i
			}
		}
		if i, ok := p.nearest(fn, decl, r.addr); ok {
			return fn, i
		}
	}
	// Otherwise the rows of one address go from the outside in: those before
	// the last belong to the callers.
	i := p.lines.exact(r.addr)
	if i < 0 || p.lines.pos[i] == linePos(r.file, r.line) {
		return fn, inst
	}
	for inst >= 0 && startsAt(p.insts[inst].ranges, r.addr) {
		inst = p.insts[inst].parent
	}
	return fn, inst
}

// linePos packs a position; 0 is no position.
func linePos(file, line int32) uint64 {
	if file == 0 || line <= 0 {
		return 0
	}
	return uint64(file)<<32 | uint64(line)
}

// indexDecls notes where the functions are declared that code comes from.
func (p *Program) indexDecls() {
	decl := func(off dwarf.Offset) uint64 {
		o := p.origin(off)
		return linePos(o.unit.file(o.file), int32(min(o.line, 1<<31-1)))
	}
	p.funcDecl = make([]uint64, len(p.funcs))
	p.instDecl = make([]uint64, len(p.insts))
	p.declInsts = map[declKey][]int32{}
	for i, f := range p.funcs {
		if f.CU != nil {
			p.funcDecl[i] = decl(f.die)
			p.decls = append(p.decls, p.funcDecl[i])
		}
	}
	for i := range p.insts {
		d := decl(p.insts[i].origin)
		p.instDecl[i] = d
		if d != 0 {
			p.decls = append(p.decls, d)
			k := declKey{p.insts[i].fn, d}
			p.declInsts[k] = append(p.declInsts[k], int32(i))
		}
	}
	slices.Sort(p.decls)
	p.decls = slices.Compact(p.decls)
}

// declKey names the calls of a function, by its declaration, that are inlined
// into another.
type declKey struct {
	fn   int32
	decl uint64
}

// declAround finds the declaration of the function around a line: the last one
// of the file up to it.
func (p *Program) declAround(file, line int32) (uint64, bool) {
	pos := linePos(file, line)
	i, found := slices.BinarySearch(p.decls, pos)
	if !found {
		i--
	}
	if i < 0 || p.decls[i]>>32 != uint64(file) {
		return 0, false
	}
	return p.decls[i], true
}

// nearest finds the inlined call of the function declared at decl that has code
// nearest to addr.
func (p *Program) nearest(fn int32, decl, addr uint64) (int32, bool) {
	best, dist := int32(-1), ^uint64(0)
	for _, i := range p.declInsts[declKey{fn, decl}] {
		for _, r := range p.insts[i].ranges {
			d := addr - min(addr, r.High)
			if addr < r.Low {
				d = r.Low - addr
			}
			if d < dist {
				best, dist = i, d
			}
		}
	}
	return best, best >= 0
}

func startsAt(ranges []Range, addr uint64) bool {
	for _, r := range ranges {
		if r.Low == addr {
			return true
		}
	}
	return false
}

// BreakpointLines lists the lines in [from, to] of a file at which a breakpoint
// can be set without being moved, ascending.
func (p *Program) BreakpointLines(file string, from, to int) ([]int, error) {
	id, err := p.fileFor(file)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, r := range p.byFile[id] {
		if l := int(r.line); l >= from && l <= to && (len(out) == 0 || out[len(out)-1] != l) {
			out = append(out, l)
		}
	}
	return out, nil
}

func (p *Program) fileFor(file string) (int32, error) {
	id, candidates := p.findFile(file)
	switch {
	case id != 0:
		return id, nil
	case p.why != "":
		return 0, fmt.Errorf("no source lines are known: %s", p.why)
	case len(candidates) > 0:
		return 0, fmt.Errorf("several files match: %s (say more of the path)", strings.Join(candidates, ", "))
	}
	return 0, fmt.Errorf("no code of %s comes from this file", p.name)
}
