package symbols

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var cGuests = []string{"steps", "steps_dwarf4", "steps_o2", "values_o2", "inline_o2", "signals"}

func hex64(t *testing.T, s string) uint64 {
	t.Helper()
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestBodyStartIsWhereGDBBreaks(t *testing.T) {
	// At -O2 gdb breaks at the entry, and shows arguments by entry values.
	for _, name := range []string{"steps", "steps_dwarf4", "values", "recurse", "signals", "hello_glibc"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := loadGuest(t, name)
			var commands []string
			var funcs []*Function
			for _, f := range p.Funcs() {
				// The runtime of the guests is -O1.
				if f.CU != nil && f.Language == LangC && !strings.Contains(f.CU.Name, "rt/") {
					funcs = append(funcs, f)
					commands = append(commands, fmt.Sprintf("break -function %s -source %s", f.Name, f.CU.Name))
				}
			}
			out := gdbOutput(t, guestFile(t, name), commands...)
			found := regexp.MustCompile(`Breakpoint \d+ at (0x[0-9a-f]+)`).FindAllStringSubmatch(out, -1)
			if len(found) != len(funcs) || len(funcs) == 0 {
				t.Fatalf("gdb found %d of %d functions:\n%s", len(found), len(funcs), out)
			}
			for i, f := range funcs {
				if want := hex64(t, found[i][1]); f.BodyStart != want {
					t.Errorf("%s: body starts at %#x, gdb breaks at %#x", f.Name, f.BodyStart, want)
				}
			}
		})
	}
}

func TestLinesAreThoseOfGDB(t *testing.T) {
	line := regexp.MustCompile(`Line (\d+) of "([^"]*)" (?:starts at|is at) address (0x[0-9a-f]+)`)
	for _, name := range cGuests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := loadGuest(t, name)
			var commands []string
			var addrs []uint64
			for _, f := range p.Funcs() {
				for _, r := range f.Ranges {
					for a := r.Low; a < r.High && f.CU != nil; a += 2 {
						addrs = append(addrs, a)
						commands = append(commands, fmt.Sprintf(`echo %#x|`, a), fmt.Sprintf("info line *%#x", a))
					}
				}
			}
			out := gdbOutput(t, guestFile(t, name), commands...)
			theirs := map[uint64][]string{}
			for _, l := range strings.Split(out, "\n") {
				if addr, rest, ok := strings.Cut(l, "|"); ok && strings.HasPrefix(addr, "0x") {
					theirs[hex64(t, addr)] = line.FindStringSubmatch(rest)
				}
			}
			known, other := 0, 0
			for _, a := range addrs {
				ours, ok := p.LineAt(a)
				want := theirs[a]
				if ok != (want != nil) {
					t.Errorf("%#x: line known: %t, gdb: %q", a, ok, want)
					continue
				}
				if !ok {
					continue
				}
				known++
				if fmt.Sprint(ours.Line) != want[1] && hasRow(p, ours.Low, want[1]) {
					other++ // gdb drops rows that repeat a line with a discriminator
					continue
				}
				if fmt.Sprint(ours.Line) != want[1] || !strings.HasSuffix(ours.File, strings.TrimPrefix(want[2], "./")) {
					t.Errorf("%#x: %s:%d, gdb says %s:%s", a, ours.File, ours.Line, want[2], want[1])
				}
			}
			if minimum := 20; known < minimum || other*100 > known {
				t.Errorf("%d addresses have lines, another than gdb's: %d", known, other)
			}
		})
	}
}

// hasRow reports whether one of the rows of an address has that line.
func hasRow(p *Program, addr uint64, line string) bool {
	for _, r := range p.lines.rowsOf(p.lines.exact(addr)) {
		if fmt.Sprint(r.line) == line {
			return true
		}
	}
	return false
}

func TestSourceBreakpointsAreAmongThoseOfGDB(t *testing.T) {
	// gdb's places at -O0, where one line is one place: the same addresses.
	for _, c := range []struct{ guest, file string }{{"steps", "steps.c"}, {"values", "values.c"}, {"recurse", "recurse.c"}} {
		t.Run(c.guest, func(t *testing.T) {
			t.Parallel()
			p := loadGuest(t, c.guest)
			lines, err := p.BreakpointLines(c.file, 1, 10_000)
			if err != nil || len(lines) < 20 {
				t.Fatalf("%d lines, %v", len(lines), err)
			}
			var commands []string
			for _, l := range lines {
				commands = append(commands, fmt.Sprintf("echo @@%d\\n", l), fmt.Sprintf("break %s:%d", c.file, l), "info breakpoints", "delete")
			}
			out := gdbOutput(t, guestFile(t, c.guest), commands...)
			address := regexp.MustCompile(`y\s+(0x[0-9a-f]+) in`)
			for _, part := range strings.Split(out, "@@")[1:] {
				number, text, _ := strings.Cut(part, "\n")
				l, err := strconv.Atoi(strings.TrimSpace(number))
				if err != nil {
					continue
				}
				theirs := map[uint64]bool{}
				for _, m := range address.FindAllStringSubmatch(text, -1) {
					theirs[hex64(t, m[1])] = true
				}
				place, err := p.Resolve(c.file, l)
				if err != nil || place.Line != l || len(place.Addrs) == 0 {
					t.Errorf("line %d: %v, %v", l, place, err)
				}
				for _, a := range place.Addrs {
					if !theirs[a] {
						t.Errorf("line %d: a place at %#x; gdb has %v\n%s", l, a, theirs, text)
					}
				}
			}
		})
	}
}
