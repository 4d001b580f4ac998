package symbols

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync/atomic"

	"github.com/go-delve/delve/pkg/dwarf/frame"
)

// Delve's frame package splits the sections into entries. Its evaluation of an
// entry's instructions is not used: it forgets the rules of the CIE that
// DW_CFA_restore goes back to (gcc restores registers one by one in each
// epilogue), does not scale DW_CFA_val_offset, and makes maps for each lookup,
// where the stepper wants a CFA in nanoseconds. Here an entry is evaluated once,
// into rows.

// ruleKind says how to find the value that a register had in the caller
// (DWARF 5, 6.4.1).
type ruleKind uint8

const (
	ruleUndefined ruleKind = iota
	ruleSame
	ruleOffset    // saved at CFA + off
	ruleValOffset // is CFA + off
	ruleRegister  // is in register off
	ruleExpr      // saved at the address that expr computes
	ruleValExpr   // is what expr computes
)

// regRule is the rule for one register.
type regRule struct {
	reg  int
	kind ruleKind
	off  int64
	expr []byte
}

// cfiRow holds the rules from address loc on, up to the next row.
type cfiRow struct {
	loc     uint64
	cfaReg  int
	cfaOff  int64
	cfaExpr []byte    // instead of cfaReg and cfaOff
	regs    []regRule // by register; shared between rows
}

func (r *cfiRow) rule(reg int) (regRule, bool) {
	for _, x := range r.regs {
		if x.reg == reg {
			return x, true
		}
	}
	return regRule{}, false
}

// fde describes the frames of a stretch of code.
type fde struct {
	Range
	cie   *frame.CommonInformationEntry
	instr []byte
	eval  atomic.Pointer[fdeRows]
}

// fdeRows is an evaluated fde.
type fdeRows struct {
	rows []cfiRow
	err  error
}

// signal reports whether the frames are those of signal trampolines, in which
// the caller's PC is an instruction to execute, not a return address.
func (f *fde) signal() bool { return strings.Contains(f.cie.Augmentation, "S") }

// frameTable finds call frame information by address.
type frameTable struct {
	bias  uint64
	fdes  []*fde // ascending
	low   []uint64
	byLow addrIndex
	why   string // what could not be used
}

const (
	maxRules     = 256     // registers with a rule in one row
	maxRowCopies = 1 << 16 // rules of all rows of an entry that differ
	maxRemember  = 256     // nesting of remember_state
)

// newFrameTable reads .debug_frame and .eh_frame. Where both describe code the
// first is taken: it is complete, the second says what exceptions need.
func newFrameTable(img *image, bias uint64) *frameTable {
	t := &frameTable{bias: bias}
	for _, s := range []struct {
		name string
		addr uint64
	}{{".debug_frame", 0}, {".eh_frame", img.ehFrame}} {
		data := img.sections[s.name]
		if len(data) == 0 || s.name == ".eh_frame" && s.addr == 0 {
			continue
		}
		var fdes frame.FrameDescriptionEntries
		err := guard(func() (err error) {
			if data, err = checkFrames(data, s.name == ".eh_frame"); err != nil {
				return err
			}
			fdes, err = frame.Parse(data, binary.LittleEndian, bias, img.ptrSize, s.addr)
			return err
		})
		if err != nil {
			t.why = fmt.Sprintf("%s: section %s: %v", img.name, s.name, err)
			continue
		}
		t.add(fdes, img)
	}
	return t
}

// checkFrames walks over a section's entries and cuts it off after the last:
// the parser would wrap around on a length that is too large, and does not
// know of 64-bit DWARF.
func checkFrames(data []byte, eh bool) ([]byte, error) {
	c := cursor{b: data}
	for c.left() >= 4 {
		start := c.off
		n, is64 := c.length()
		switch {
		case is64:
			return nil, fmt.Errorf("64-bit DWARF is not supported (entry at %#x)", start)
		case n == 0 && eh:
			return data[:start], nil // the end
		case c.bad || n > uint64(c.left()):
			return nil, fmt.Errorf("truncated (entry at %#x)", start)
		case n != 0 && n < 4:
			return nil, fmt.Errorf("entry at %#x is too short", start)
		}
		c.bytes(n)
	}
	return data[:c.off], nil
}

func (t *frameTable) add(fdes frame.FrameDescriptionEntries, img *image) {
	old := t.fdes
	fixed := map[*frame.CommonInformationEntry]bool{}
	var added []*fde
	for _, d := range fdes {
		if !fixed[d.CIE] {
			fixed[d.CIE] = true
			fixVersion4(d.CIE)
		}
		if d.Begin() >= d.End() || img.codeAt(d.Begin()-t.bias) == nil {
			continue // discarded by the linker
		}
		if i := findFDE(old, d.Begin()); i >= 0 && old[i].Contains(d.Begin()) {
			continue
		}
		added = append(added, &fde{Range: Range{d.Begin(), d.End()}, cie: d.CIE, instr: d.Instructions})
	}
	t.fdes = append(slices.Clone(old), added...)
	slices.SortStableFunc(t.fdes, func(a, b *fde) int { return compare(a.Low, b.Low) })
	t.fdes = slices.CompactFunc(t.fdes, func(a, b *fde) bool { return a.Low == b.Low })
	t.low = make([]uint64, len(t.fdes))
	for i, d := range t.fdes {
		t.low[i] = d.Low
	}
	t.byLow = newAddrIndex(t.low)
}

// fixVersion4 repairs what the parser made of a CIE of version 4: it does not
// know the two bytes for the sizes of addresses and segment selectors that
// stand before the alignment factors, so each field is the one before it.
func fixVersion4(c *frame.CommonInformationEntry) {
	if c.Version != 4 || c.Augmentation != "" {
		return
	}
	r := cursor{b: c.InitialInstructions}
	c.CodeAlignmentFactor = c.ReturnAddressRegister
	c.DataAlignmentFactor = r.sleb()
	c.ReturnAddressRegister = r.uleb()
	c.InitialInstructions = r.b[r.off:]
}

func findFDE(fdes []*fde, pc uint64) int {
	return sort.Search(len(fdes), func(i int) bool { return fdes[i].Low > pc }) - 1
}

// find returns the entry and the rules for pc.
func (t *frameTable) find(pc uint64) (*fde, *cfiRow, error) {
	i := t.byLow.find(pc)
	if i < 0 || !t.fdes[i].Contains(pc) {
		return nil, nil, errNoCFI
	}
	f := t.fdes[i]
	ev := f.eval.Load()
	if ev == nil {
		ev = &fdeRows{}
		ev.err = guard(func() (err error) {
			ev.rows, err = f.evaluate(t.bias)
			return err
		})
		f.eval.Store(ev)
	}
	if ev.err != nil {
		return nil, nil, ev.err
	}
	k := sort.Search(len(ev.rows), func(i int) bool { return ev.rows[i].loc > pc }) - 1
	return f, &ev.rows[max(k, 0)], nil
}

var errNoCFI = errors.New("no call frame information")

// cfiMachine executes call frame instructions.
type cfiMachine struct {
	row     cfiRow
	shared  bool // row.regs is in use by an earlier row
	initial []regRule
	stack   []cfiRow
	rows    []cfiRow
	copies  int
	code    uint64
	data    int64
	bias    uint64
	err     error
}

func (f *fde) evaluate(bias uint64) ([]cfiRow, error) {
	m := &cfiMachine{code: f.cie.CodeAlignmentFactor, data: f.cie.DataAlignmentFactor, bias: bias}
	m.row.loc = f.Low
	m.run(f.cie.InitialInstructions)
	m.rows = nil
	m.row.loc = f.Low
	m.initial, m.shared = m.row.regs, true
	m.run(f.instr)
	if m.err != nil {
		return nil, fmt.Errorf("call frame information for %#x: %w", f.Low, m.err)
	}
	return append(m.rows, m.row), nil
}

// advance ends the current row at loc.
func (m *cfiMachine) advance(loc uint64) {
	if loc > m.row.loc {
		m.rows = append(m.rows, m.row)
		m.shared = true
		m.row.loc = loc
	}
}

// set changes the rule of a register.
func (m *cfiMachine) set(r regRule) {
	m.own()
	for i := range m.row.regs {
		if m.row.regs[i].reg == r.reg {
			m.row.regs[i] = r
			return
		}
	}
	if len(m.row.regs) >= maxRules {
		m.err = fmt.Errorf("rules for more than %d registers", maxRules)
		return
	}
	m.row.regs = append(m.row.regs, r)
}

// own makes the rules of the current row its own.
func (m *cfiMachine) own() {
	if !m.shared {
		return
	}
	m.row.regs = slices.Clone(m.row.regs)
	m.shared = false
	if m.copies += len(m.row.regs); m.copies > maxRowCopies {
		m.err = errors.New("too many rules")
	}
}

// restore goes back to the rule of the CIE.
func (m *cfiMachine) restore(reg int) {
	for _, r := range m.initial {
		if r.reg == reg {
			m.set(r)
			return
		}
	}
	m.own()
	m.row.regs = slices.DeleteFunc(m.row.regs, func(r regRule) bool { return r.reg == reg })
}

// run executes instructions (DWARF 5, 6.4.2 and 7.24).
func (m *cfiMachine) run(instr []byte) {
	c := cursor{b: instr}
	reg := func() int { return int(min(c.uleb(), 1<<20)) }
	for c.left() > 0 && m.err == nil {
		op := c.u8()
		low := op & 0x3f
		switch op & 0xc0 {
		case frame.DW_CFA_advance_loc:
			m.advance(m.row.loc + uint64(low)*m.code)
			continue
		case frame.DW_CFA_offset:
			m.set(regRule{reg: int(low), kind: ruleOffset, off: int64(c.uleb()) * m.data})
			continue
		case frame.DW_CFA_restore:
			m.restore(int(low))
			continue
		}
		switch op {
		case frame.DW_CFA_nop:
		case frame.DW_CFA_set_loc:
			m.advance(c.u64() + m.bias)
		case frame.DW_CFA_advance_loc1:
			m.advance(m.row.loc + uint64(c.u8())*m.code)
		case frame.DW_CFA_advance_loc2:
			m.advance(m.row.loc + uint64(c.u16())*m.code)
		case frame.DW_CFA_advance_loc4:
			m.advance(m.row.loc + uint64(c.u32())*m.code)
		case frame.DW_CFA_offset_extended:
			m.set(regRule{reg: reg(), kind: ruleOffset, off: int64(c.uleb()) * m.data})
		case frame.DW_CFA_offset_extended_sf:
			m.set(regRule{reg: reg(), kind: ruleOffset, off: c.sleb() * m.data})
		case 0x2f: // DW_CFA_GNU_negative_offset_extended
			m.set(regRule{reg: reg(), kind: ruleOffset, off: -int64(c.uleb()) * m.data})
		case frame.DW_CFA_val_offset:
			m.set(regRule{reg: reg(), kind: ruleValOffset, off: int64(c.uleb()) * m.data})
		case frame.DW_CFA_val_offset_sf:
			m.set(regRule{reg: reg(), kind: ruleValOffset, off: c.sleb() * m.data})
		case frame.DW_CFA_restore_extended:
			m.restore(reg())
		case frame.DW_CFA_undefined:
			m.set(regRule{reg: reg(), kind: ruleUndefined})
		case frame.DW_CFA_same_value:
			m.set(regRule{reg: reg(), kind: ruleSame})
		case frame.DW_CFA_register:
			m.set(regRule{reg: reg(), kind: ruleRegister, off: int64(reg())})
		case frame.DW_CFA_expression:
			m.set(regRule{reg: reg(), kind: ruleExpr, expr: c.bytes(c.uleb())})
		case frame.DW_CFA_val_expression:
			m.set(regRule{reg: reg(), kind: ruleValExpr, expr: c.bytes(c.uleb())})
		case frame.DW_CFA_remember_state:
			if len(m.stack) >= maxRemember {
				m.err = errors.New("too many remembered states")
				break
			}
			m.shared = true
			m.stack = append(m.stack, m.row)
		case frame.DW_CFA_restore_state:
			if len(m.stack) == 0 {
				m.err = errors.New("restore_state without remember_state")
				break
			}
			loc := m.row.loc
			m.row = m.stack[len(m.stack)-1]
			m.row.loc = loc
			m.stack = m.stack[:len(m.stack)-1]
			m.shared = true
		case frame.DW_CFA_def_cfa:
			m.row.cfaReg, m.row.cfaOff, m.row.cfaExpr = reg(), int64(c.uleb()), nil
		case frame.DW_CFA_def_cfa_sf:
			m.row.cfaReg, m.row.cfaOff, m.row.cfaExpr = reg(), c.sleb()*m.data, nil
		case frame.DW_CFA_def_cfa_register:
			m.row.cfaReg, m.row.cfaExpr = reg(), nil
		case frame.DW_CFA_def_cfa_offset:
			m.row.cfaOff = int64(c.uleb())
		case frame.DW_CFA_def_cfa_offset_sf:
			m.row.cfaOff = c.sleb() * m.data
		case frame.DW_CFA_def_cfa_expression:
			m.row.cfaExpr = c.bytes(c.uleb())
		case frame.DW_CFA_GNU_args_size:
			c.uleb()
		default:
			m.err = fmt.Errorf("unknown instruction %#x", op)
		}
	}
	if c.bad && m.err == nil {
		m.err = errors.New("truncated instructions")
	}
}

// CFARule is the simple form of the rule for the CFA at pc: the value of the
// DWARF register reg plus offset bytes. ok is false when pc has no call frame
// information or needs an expression: use [Program.CFA] then. Takes some tens
// of nanoseconds.
func (p *Program) CFARule(pc uint64) (reg int, offset int64, ok bool) {
	_, row, err := p.frames.find(pc)
	if err != nil || row.cfaExpr != nil {
		return 0, 0, false
	}
	return row.cfaReg, row.cfaOff, true
}
