package symbols

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/go-delve/delve/pkg/dwarf/frame"
)

// ruleText writes a rule as readelf does in its tables.
func ruleText(p *Program, r regRule, ok bool) string {
	switch {
	case !ok || r.kind == ruleUndefined && !ok:
		return "u"
	case r.kind == ruleUndefined:
		return "u"
	case r.kind == ruleSame:
		return "s"
	case r.kind == ruleOffset:
		return fmt.Sprintf("c%+d", r.off)
	case r.kind == ruleValOffset:
		return fmt.Sprintf("v%+d", r.off)
	case r.kind == ruleRegister:
		return p.regName(int(r.off))
	}
	return "exp"
}

func TestCallFrameRulesAreThoseOfReadelf(t *testing.T) {
	readelf := needTool(t, "riscv64-linux-gnu-readelf")
	for _, c := range []struct {
		path    func(t *testing.T) string
		name    string
		atLeast int // rows
	}{
		{func(t *testing.T) string { return guestFile(t, "inline_o2") }, "inline_o2", 100},
		{func(t *testing.T) string { return guestFile(t, "hello_glibc") }, "hello_glibc", 1000},
		{func(t *testing.T) string { return goGuest(t, "gohello") }, "gohello", 5000},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := c.path(t)
			p, err := Load(path, 0)
			if err != nil {
				t.Fatal(err)
			}
			if w := p.Warnings(); len(w) > 0 {
				t.Error(w)
			}
			out, err := exec.Command(readelf, "--debug-dump=frames-interp", path).Output()
			if err != nil {
				t.Fatal(err)
			}
			rows, bad := 0, 0
			var columns []string
			var fde bool
			for _, line := range strings.Split(string(out), "\n") {
				w := strings.Fields(line)
				switch {
				case strings.Contains(line, " FDE ") || strings.Contains(line, " CIE "):
					fde = strings.Contains(line, " FDE ")
				case len(w) > 1 && w[0] == "LOC":
					columns = w[2:]
				case fde && len(w) == len(columns)+2 && len(w[0]) == 16:
					rows++
					if !rowMatches(t, p, columns, w) {
						bad++
					}
				}
				if bad > 20 {
					t.Fatal("and so on")
				}
			}
			if rows < c.atLeast {
				t.Errorf("only %d rows", rows)
			}
		})
	}
}

func rowMatches(t *testing.T, p *Program, columns, w []string) bool {
	pc, err := strconv.ParseUint(w[0], 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	_, row, err := p.frames.find(pc)
	if err != nil {
		t.Errorf("%#x: %v", pc, err)
		return false
	}
	ok := true
	if cfa := fmt.Sprintf("%s%+d", p.regName(row.cfaReg), row.cfaOff); cfa != w[1] && w[1] != "exp" {
		t.Errorf("%#x: CFA %s, readelf says %s", pc, cfa, w[1])
		ok = false
	}
	reg, off, simple := p.CFARule(pc)
	if simple != (row.cfaExpr == nil) || simple && (reg != row.cfaReg || off != row.cfaOff) {
		t.Errorf("%#x: CFARule = %d, %d, %t", pc, reg, off, simple)
	}
	for i, name := range columns {
		n := -1
		for k := range 64 {
			if p.regName(k) == name {
				n = k
			}
		}
		if n < 0 {
			t.Fatalf("no register %q", name)
		}
		rule, has := row.rule(n)
		if got := ruleText(p, rule, has); got != w[2+i] {
			t.Errorf("%#x: %s is %s, readelf says %s", pc, name, got, w[2+i])
			ok = false
		}
	}
	return ok
}

// evalCFI evaluates instructions of an entry for addresses from 1000 on.
func evalCFI(initial, instr []byte) ([]cfiRow, error) {
	f := &fde{Range: Range{1000, 2000}, instr: instr, cie: &frame.CommonInformationEntry{
		CodeAlignmentFactor: 2, DataAlignmentFactor: -8, ReturnAddressRegister: 1, InitialInstructions: initial,
	}}
	return f.evaluate(0)
}

func TestRestoreGoesBackToTheRulesOfTheCIE(t *testing.T) {
	initial := []byte{
		frame.DW_CFA_def_cfa, 2, 0,
		frame.DW_CFA_same_value, 8,
	}
	rows, err := evalCFI(initial, []byte{
		frame.DW_CFA_advance_loc | 1,
		frame.DW_CFA_def_cfa_offset, 16,
		frame.DW_CFA_offset | 8, 1,
		frame.DW_CFA_offset | 9, 2,
		frame.DW_CFA_val_offset, 10, 2,
		frame.DW_CFA_remember_state,
		frame.DW_CFA_advance_loc | 1,
		frame.DW_CFA_restore | 8,
		frame.DW_CFA_restore_extended, 9,
		frame.DW_CFA_def_cfa_offset, 0,
		frame.DW_CFA_advance_loc | 1,
		frame.DW_CFA_restore_state,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"1000 cfa 2+0: 8=1/0",
		"1002 cfa 2+16: 8=2/-8 9=2/-16 10=3/-16",
		"1004 cfa 2+0: 8=1/0 10=3/-16",
		"1006 cfa 2+16: 8=2/-8 9=2/-16 10=3/-16",
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows", len(rows))
	}
	for i, r := range rows {
		got := fmt.Sprintf("%d cfa %d+%d:", r.loc, r.cfaReg, r.cfaOff)
		for reg := range 64 {
			if x, ok := r.rule(reg); ok {
				got += fmt.Sprintf(" %d=%d/%d", reg, x.kind, x.off)
			}
		}
		if got != want[i] {
			t.Errorf("row %d: %s, want %s", i, got, want[i])
		}
	}
}

func TestDamagedCallFrameInstructionsAreErrors(t *testing.T) {
	for name, instr := range map[string][]byte{
		"restore without remember": {frame.DW_CFA_restore_state},
		"unknown":                  {0x3e},
		"truncated":                {frame.DW_CFA_def_cfa, 0x80},
		"truncated expression":     {frame.DW_CFA_def_cfa_expression, 40, 1, 2},
	} {
		if rows, err := evalCFI(nil, instr); err == nil {
			t.Errorf("%s: %v", name, rows)
		}
	}
	var endless []byte
	for i := range 100_000 {
		endless = append(endless, frame.DW_CFA_offset_extended, byte(i)|0x80, byte(i>>7)&0x7f, 1, frame.DW_CFA_advance_loc|1)
	}
	if _, err := evalCFI(nil, endless); err == nil {
		t.Error("an entry with 100000 registers was evaluated")
	}
}

func TestCIEsOfVersion4AreUnderstood(t *testing.T) {
	// As clang writes them: sizes of addresses and segment selectors before
	// the alignment factors.
	data := []byte{
		16, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 4, 0, 8, 0, 2, 0x78, 1, frame.DW_CFA_def_cfa, 2, 0, 0, 0,
		24, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0,
		frame.DW_CFA_advance_loc | 3, frame.DW_CFA_offset | 1, 1, 0,
	}
	img := &image{name: "test", arch: &riscv64, ptrSize: 8, sections: map[string][]byte{".debug_frame": data},
		text: []textSeg{{Range{0x1000, 0x1020}, make([]byte, 32)}}}
	ft := newFrameTable(img, 0x100000)
	if ft.why != "" {
		t.Fatal(ft.why)
	}
	_, row, err := ft.find(0x101006)
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := row.rule(1); row.loc != 0x101006 || row.cfaReg != 2 || !ok || r.off != -8 {
		t.Errorf("%+v", row)
	}
}
