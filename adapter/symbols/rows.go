package symbols

import (
	"debug/dwarf"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// Flags of rows and of addresses in a lineTable.
const (
	rowStmt      = 1 << iota // a recommended breakpoint location
	rowPrologue              // prologue_end
	rowEnd                   // end of a sequence: no code from here on
	rowCandidate             // a statement can start here
)

// row is a row of a line table, as recorded.
type row struct {
	addr  uint64
	line  int32
	file  int32 // index into lineTable.files; 0 is no file
	col   uint16
	flags uint8
}

// lineTable holds the line tables of all units as one: flat arrays in order of
// address, because the stepper asks it at every instruction it looks at.
type lineTable struct {
	rows  []row    // all rows, by address, those of one address in recorded order
	files []string // files[0] is ""

	// The following have an element for each distinct address.
	addr   []uint64
	byAddr addrIndex
	pos    []uint64 // file<<32 | line of the row that stands for the address; 0: none
	pick   []int32  // index of that row
	fn     []int32  // function that contains the address, -1 if none
	flags  []uint8  // of that row, and what was found out about the address
}

// find returns the index of the last address ≤ pc, -1 if there is none.
func (t *lineTable) find(pc uint64) int { return t.byAddr.find(pc) }

// exact returns the index of address pc, or -1.
func (t *lineTable) exact(pc uint64) int {
	if i := t.find(pc); i >= 0 && t.addr[i] == pc {
		return i
	}
	return -1
}

// rowsOf returns the rows at address i.
func (t *lineTable) rowsOf(i int) []row {
	end := int(t.pick[i]) + 1
	for end < len(t.rows) && t.rows[end].addr == t.addr[i] {
		end++
	}
	start := int(t.pick[i])
	for start > 0 && t.rows[start-1].addr == t.addr[i] {
		start--
	}
	return t.rows[start:end]
}

// lineBuilder collects line tables.
type lineBuilder struct {
	d       *dwarf.Data
	img     *image
	bias    uint64
	vetter  *lineVetter
	rows    []row
	seqs    []sequence
	files   []string
	fileIDs map[string]int32
	tables  map[int64][]int32 // section offset → file number → index into files
	left    int               // rows that may still come
}

// sequence is a run of rows for contiguous code: rows[from:to], the last of
// which ends it.
type sequence struct {
	low, high uint64
	from, to  int
}

func newLineBuilder(d *dwarf.Data, img *image, bias uint64) *lineBuilder {
	return &lineBuilder{
		d: d, img: img, bias: bias, vetter: newLineVetter(img.sections),
		files: []string{""}, fileIDs: map[string]int32{"": 0}, tables: map[int64][]int32{},
		// A row takes at least one byte; tables that overlap, which only a
		// hostile file has, run out of this.
		left: 2*len(img.sections[".debug_line"]) + 1024,
	}
}

// add reads the line table of the unit whose first entry is cu and returns its
// files by number.
func (b *lineBuilder) add(cu *dwarf.Entry) ([]int32, error) {
	off, ok := cu.Val(dwarf.AttrStmtList).(int64)
	if !ok {
		return nil, nil
	}
	if files, seen := b.tables[off]; seen {
		return files, nil
	}
	compDir, _ := cu.Val(dwarf.AttrCompDir).(string)
	if err := b.vetter.vet(off, len(compDir)); err != nil {
		return nil, err
	}
	r, err := b.d.LineReader(cu)
	if err != nil || r == nil {
		return nil, err
	}
	ids := map[*dwarf.LineFile]int32{nil: 0}
	from := len(b.rows)
	var e dwarf.LineEntry
	var lastFile *dwarf.LineFile
	var lastID int32
	for {
		if err := r.Next(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if b.left--; b.left < 0 {
			return nil, fmt.Errorf("section .debug_line: tables overlap at %#x", off)
		}
		if e.File != lastFile {
			id, known := ids[e.File]
			if !known {
				id = b.file(e.File.Name)
				ids[e.File] = id
			}
			lastFile, lastID = e.File, id
		}
		x := row{addr: e.Address + b.bias, file: lastID, col: uint16(min(max(e.Column, 0), 1<<16-1))}
		if e.Line > 0 && e.Line < 1<<31 {
			x.line = int32(e.Line)
		}
		if e.IsStmt {
			x.flags |= rowStmt
		}
		if e.PrologueEnd {
			x.flags |= rowPrologue
		}
		if e.EndSequence {
			x.flags, x.line, x.file = rowEnd, 0, 0
		}
		b.rows = append(b.rows, x)
		if e.EndSequence {
			b.end(from)
			from = len(b.rows)
		}
	}
	b.rows = b.rows[:from] // a sequence without an end has no extent
	files := make([]int32, len(r.Files()))
	for i, f := range r.Files() {
		if f != nil {
			files[i] = b.file(f.Name)
		}
	}
	b.tables[off] = files
	return files, nil
}

// end closes the sequence that began at row from. Code that the linker
// discarded, whose addresses are 0 or all ones, is left out.
func (b *lineBuilder) end(from int) {
	rows := b.rows[from:]
	if !slices.IsSortedFunc(rows, byAddr) {
		slices.SortStableFunc(rows, byAddr)
	}
	s := sequence{rows[0].addr, rows[len(rows)-1].addr, from, len(b.rows)}
	if s.low >= s.high || rows[len(rows)-1].flags&rowEnd == 0 || b.img.codeAt(s.low-b.bias) == nil {
		b.rows = b.rows[:from]
		return
	}
	b.seqs = append(b.seqs, s)
}

func byAddr(a, b row) int { return compare(a.addr, b.addr) }

// file gives a path its number.
func (b *lineBuilder) file(name string) int32 {
	id, ok := b.fileIDs[name]
	if ok {
		return id
	}
	clean := cleanPath(name)
	id, ok = b.fileIDs[clean]
	if !ok {
		id = int32(len(b.files))
		b.files = append(b.files, clean)
		b.fileIDs[clean] = id
	}
	b.fileIDs[name] = id
	return id
}

// cleanPath removes "." and ".." from a path; DOS paths stay as they are.
func cleanPath(name string) string {
	if name == "" || strings.ContainsRune(name, '\\') {
		return name
	}
	return path.Clean(name)
}

// table joins the sequences.
func (b *lineBuilder) table() *lineTable {
	slices.SortStableFunc(b.seqs, func(x, y sequence) int { return compare(x.low, y.low) })
	t := &lineTable{files: b.files, rows: make([]row, 0, len(b.rows))}
	var high uint64
	for _, s := range b.seqs {
		if s.low < high {
			continue // the same code twice: the linker folded identical functions
		}
		high = s.high
		t.rows = append(t.rows, b.rows[s.from:s.to]...)
	}
	for i := 0; i < len(t.rows); {
		j := i + 1
		for j < len(t.rows) && t.rows[j].addr == t.rows[i].addr {
			j++
		}
		k := pickRow(t.rows[i:j]) + i
		r := &t.rows[k]
		t.addr = append(t.addr, r.addr)
		t.pick = append(t.pick, int32(k))
		t.pos = append(t.pos, linePos(r.file, r.line))
		t.flags = append(t.flags, r.flags)
		i = j
	}
	t.byAddr = newAddrIndex(t.addr)
	return t
}

// pickRow chooses the row that stands for an address that has several: the last
// one, or, when that is no statement, the last before it that is. This is gdb's
// rule (find_pc_sect_line), so both show the same line.
func pickRow(rows []row) int {
	last := len(rows) - 1
	for last > 0 && rows[last].flags&rowEnd != 0 {
		last-- // the end of a sequence, with another one starting there
	}
	if rows[last].line == 0 {
		return last
	}
	for k := last; k >= 0 && rows[k].line != 0; k-- {
		if rows[k].flags&rowStmt != 0 {
			return k
		}
	}
	return last
}
