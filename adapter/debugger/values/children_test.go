package values

import (
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// places are where the tests look at everything there is to see.
var places = []struct{ guest, source, marker string }{
	{"values", "values.c", "all"}, {"values", "values.c", "arguments"}, {"values", "values.c", "counter"},
	{"values_dwarf4", "values.c", "all"}, {"values_o2", "values.c", "arguments"}, {"values_o2", "values.c", "counter"},
	{"govalues", "govalues/main.go", "all"}, {"govalues", "govalues/main.go", "variadic"}, {"govalues", "govalues/main.go", "closure"},
	{"govalues", "govalues/main.go", "scale"}, {"govalues", "govalues/main.go", "area"},
}

// everything lists what a user interface would show first.
func everything(t testing.TB, c *Context) []*Value {
	t.Helper()
	locals, err := Locals(c)
	if err != nil {
		t.Fatal(err)
	}
	args, err := Args(c)
	if err != nil {
		t.Fatal(err)
	}
	all := append(append(args, locals...), Globals(c)...)
	for group := range 3 {
		all = append(all, Registers(c, vmGroup(group))...)
	}
	return all
}

// walk visits values and their children to a depth.
func walk(vs []*Value, depth int, visit func(*Value)) {
	for _, v := range vs {
		visit(v)
		if depth > 0 {
			kids, _ := v.Children(0, 12)
			walk(kids, depth-1, visit)
		}
	}
}

func TestExprOfEveryChildGivesTheSameValueAgain(t *testing.T) {
	for _, p := range places {
		t.Run(p.guest+"/"+p.marker, func(t *testing.T) {
			sameAgain(t, guestAt(t, p.guest, p.source, p.marker))
		})
	}
}

// sameAgain evaluates the expression of everything in sight.
func sameAgain(t *testing.T, c *Context) {
	t.Helper()
	seen := 0
	walk(everything(t, c), 4, func(v *Value) {
		if v.Expr() == "" {
			return
		}
		seen++
		again, err := Evaluate(c, v.Expr())
		if err != nil {
			if v.Err() == nil {
				t.Errorf("%s: %v", v.Expr(), err)
			}
			return
		}
		addr, size, ok := v.Address()
		addr2, size2, ok2 := again.Address()
		if addr != addr2 || size != size2 || ok != ok2 {
			t.Errorf("%s: at %#x, %d bytes (%t); evaluated again at %#x, %d bytes (%t)", v.Expr(), addr, size, ok, addr2, size2, ok2)
		}
		v.letter = 0
		if v.Text() != again.Text() || v.Type() != again.Type() {
			t.Errorf("%s: %s %s; evaluated again: %s %s", v.Expr(), v.Type(), v.Text(), again.Type(), again.Text())
		}
	})
	if seen < 10 {
		t.Errorf("only %d values have an expression", seen)
	}
}

func TestFormatBytesOfTheOwnBytesIsTheText(t *testing.T) {
	for _, p := range places {
		c := guestAt(t, p.guest, p.source, p.marker)
		walk(everything(t, c), 3, func(v *Value) {
			addr, size, ok := v.Address()
			if !ok || size > 4096 || v.Err() != nil {
				return
			}
			data := make([]byte, size)
			if n := c.Mem.ReadMemory(addr, data); n < len(data) {
				t.Fatalf("%s: can't read %d bytes at %#x", v.Expr(), size, addr)
			}
			if got, want := v.FormatBytes(data), v.Text(); got != want {
				t.Errorf("%s: %s, from its bytes %s", v.Expr(), want, got)
			}
		})
	}
}

func TestPagesOfChildrenMakeUpAllOfThem(t *testing.T) {
	for _, p := range places {
		c := guestAt(t, p.guest, p.source, p.marker)
		walk(everything(t, c), 2, func(v *Value) {
			all, err := v.Children(0, 0)
			total := v.NumNamed() + v.NumIndexed()
			if err != nil || len(all) != min(total, MaxChildren) {
				if v.Err() == nil {
					t.Errorf("%s: %d of %d children, %v", v.Expr(), len(all), total, err)
				}
				return
			}
			for start, size := 0, 3; start < len(all) && start < 30; start += size {
				page, err := v.Children(start, size)
				if err != nil || len(page) != min(size, len(all)-start) {
					t.Fatalf("%s: children %d to %d: %d, %v", v.Expr(), start, start+size, len(page), err)
				}
				for i, k := range page {
					if want := all[start+i]; k.Name() != want.Name() || k.Text() != want.Text() {
						t.Errorf("%s: child %d is %s %s in a page, %s %s in all", v.Expr(), start+i, k.Name(), k.Text(), want.Name(), want.Text())
					}
				}
			}
			if beyond, err := v.Children(total, 5); len(beyond) != 0 || err != nil {
				t.Errorf("%s: children beyond the last: %v, %v", v.Expr(), beyond, err)
			}
		})
	}
}

// countingMemory counts the bytes that are read.
type countingMemory struct {
	symbols.Memory
	bytes int
}

func (m *countingMemory) ReadMemory(addr uint64, p []byte) int {
	m.bytes += len(p)
	return m.Memory.ReadMemory(addr, p)
}

// zeroMemory is readable everywhere.
type zeroMemory struct{}

func (zeroMemory) ReadMemory(_ uint64, p []byte) int {
	clear(p)
	return len(p)
}

func TestHugeArraysCostNothing(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	mem := &countingMemory{Memory: zeroMemory{}}
	c.Mem = mem
	for _, expr := range []string{
		"*(int (*)[1000000000])0x10000", "(int (*)[1000000000])0x10000", "{struct rect [1000000000]} 0x10000",
		"{char [1000000000]} 0x10000", "{int [1000][1000][1000]} 0x10000", "{byte [2000000000]} 0x10000",
	} {
		v, err := Evaluate(c, expr)
		if err != nil {
			t.Fatal(err)
		}
		mem.bytes = 0
		if text := v.Text(); len(text) > 600 {
			t.Errorf("%s: a text of %d bytes", expr, len(text))
		}
		if n := v.NumIndexed(); n < 1000 {
			t.Errorf("%s: %d children", expr, n)
		}
		kids, err := v.Children(v.NumIndexed()-2, 10)
		if err != nil || len(kids) != 2 {
			t.Errorf("%s: %d children at the end, %v", expr, len(kids), err)
		}
		if all, err := v.Children(0, 0); err != nil || len(all) > MaxChildren {
			t.Errorf("%s: %d children at once, %v", expr, len(all), err)
		}
		if mem.bytes > 200_000 {
			t.Errorf("%s: %d bytes were read", expr, mem.bytes)
		}
	}
}
