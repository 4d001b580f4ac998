package values

import (
	"strings"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// examine asks a value everything; nothing may panic or take long.
func examine(v *Value, depth int) {
	v.Text()
	v.Text(Format{Hex: true, Limit: 3})
	v.Type()
	v.Err()
	v.Hint()
	v.Target()
	v.Uint()
	v.Float()
	v.Truth()
	if addr, size, ok := v.Address(); ok && size < 1<<16 {
		_ = addr
		b, _ := v.Bytes()
		v.FormatBytes(b)
		v.FormatBytes(b[:len(b)/2])
	}
	v.FormatBytes(nil)
	total := v.NumNamed() + v.NumIndexed()
	kids, _ := v.Children(0, 3)
	last, _ := v.Children(total-1, 5)
	if depth > 0 {
		for _, k := range append(kids, last...) {
			examine(k, depth-1)
		}
	}
}

// within fails the test when f hangs or nearly does.
func within(t testing.TB, limit time.Duration, what string, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if d := time.Since(start); d > limit {
		t.Errorf("%s took %v", clip(what, 200), d)
	}
}

// monsters are expressions made to break a parser or an evaluator.
func monsters() []string {
	n := 1 << 13
	rep := strings.Repeat
	return []string{
		rep("(", n), rep("(", n) + "1" + rep(")", n), rep("-", n) + "1", rep("!", n), rep("*", n) + "p", rep("&", n) + "p",
		rep("1+", n-1) + "1", rep("1,", n-1) + "1", "1" + rep("?1:1", n/4), rep("1?", n/4) + "1" + rep(":1", n/4), rep("p[", n) + "0" + rep("]", n),
		"list" + rep("->next", n/6), "list" + rep("[0]", n/4), rep("sizeof ", n/8) + "1", rep("(int)", n/6) + "1", "(int" + rep("*", n) + ")0", "(int" + rep("[9]", n/4) + ")0",
		"(int " + rep("(*", n/2) + rep(")", n/2) + ")0", rep("{int}", n/6) + "0", "\"" + rep("a", n) + "\"", rep("\"a\"", n/4), "'" + rep("a", n) + "'", rep("9", n), "0x" + rep("f", n), "1e" + rep("9", n),
		"1." + rep("0", n) + "1", rep("a", n), rep("a::", n/4) + "b", rep("a.", n/3) + "b", rep("@1", n/2), "p" + rep("@1", n/3), "zeroed@1000000000000", "*list@9223372036854775807", "zeroed@1000000000@1000000000",
		"zeroed[9223372036854775807]", "zeroed[-9223372036854775807-1]", "pointer[9223372036854775807]", "((struct rect *)0)[576460752303423488]", "{int [9223372036854775807]} 0", "{int [999999999]} 0", "{char [65536][65536][65536]} 0",
		"sizeof(char [9999999999999999999])", "1 << 9223372036854775807", "i128 << 1000000", "i128 * i128 * i128", "-i64_min / -1", "i64_min / -1", "i64_min % -1", "(int)1e300", "(__int128)infinity", "(long)nan", "(_Complex double)1 / 0.0",
		rep("[]", n) + "int(0)", rep("map[int]", n/8) + "int(nil)", rep("chan ", n/8) + "int(nil)", "x" + rep(".(T)", n/4), "slice" + rep("[0:1]", n/5), rep("len(", n/4) + "s" + rep(")", n/4), "s" + rep("+s", n/2), "slice[0:9223372036854775807]",
		"\x00", "\xff\xfe", "'\xff'", "$" + rep("x", n), "/x", "/x/x 1", ",x", "1,x,x", "a b c", "::", "::x::", "'values.c'::", "(", ")", "[", "{", "}", "{}", "()", "(int", "(int)", "sizeof", "sizeof()", "1..2", "...", ";", "\\", "#", "`", "~r0",
	}
}

func TestMonstersAreRefusedOrEvaluatedQuickly(t *testing.T) {
	for _, p := range places[:1] {
		c := guestAt(t, p.guest, p.source, p.marker)
		testMonsters(t, c)
	}
	testMonsters(t, guestAt(t, "govalues", "govalues/main.go", "all"))
}

func testMonsters(t *testing.T, c *Context) {
	for _, expr := range monsters() {
		within(t, time.Minute, expr, func() {
			v, err := Evaluate(c, expr)
			if err != nil {
				if len(err.Error()) > 1000 {
					t.Errorf("an error of %d characters: %s", len(err.Error()), clip(err.Error(), 200))
				}
				return
			}
			if len(v.Text()) > 2000 {
				t.Errorf("%s: a text of %d bytes", clip(expr, 100), len(v.Text()))
			}
			examine(v, 1)
		})
	}
}

// badMemory spoils some of the words that are read, always the same for a seed.
type badMemory struct {
	symbols.Memory
	seed uint64
	one  uint64 // of how many words one is bad
}

func (m badMemory) ReadMemory(addr uint64, p []byte) int {
	n := m.Memory.ReadMemory(addr, p)
	for i := range p[:max(n, 0)] {
		a := addr + uint64(i)
		h := mix(m.seed, a/8)
		if h%m.one != 0 {
			continue
		}
		switch h / m.one % 4 {
		case 0:
			p[i] = 0xff
		case 1:
			p[i] = byte(mix(m.seed, a))
		case 2: // a small negative, or a huge unsigned number
			p[i] = 0xf0
		default:
			p[i] ^= 1 << (h >> 40 % 8)
		}
	}
	return n
}

// mix is a hash: splitmix64.
func mix(seed, x uint64) uint64 {
	x += seed * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func TestDamagedMemoryNeitherPanicsNorHangs(t *testing.T) {
	rounds := 10 * len(places)
	if testing.Short() {
		rounds = len(places)
	}
	for _, p := range places {
		c := guestAt(t, p.guest, p.source, p.marker)
		good := c.Mem
		for seed := range uint64(rounds / len(places)) {
			for _, one := range []uint64{1, 2, 5, 20} {
				c.Mem = badMemory{Memory: good, seed: seed, one: one}
				within(t, time.Minute, p.guest, func() {
					vs, _ := Locals(c)
					for _, v := range append(vs, Globals(c)...) {
						examine(v, 2)
					}
				})
			}
		}
	}
}

func FuzzExpression(f *testing.F) {
	for _, e := range oracle {
		f.Add(e)
	}
	for _, e := range goExpressions {
		f.Add(e.expr)
	}
	for _, e := range cErrors {
		f.Add(e.expr)
	}
	for _, e := range monsters() {
		if len(e) < 200 {
			f.Add(e)
		}
	}
	contexts := []*Context{guestAt(f, "values", "values.c", "all"), guestAt(f, "govalues", "govalues/main.go", "all")}
	f.Fuzz(func(t *testing.T, expr string) {
		for _, c := range contexts {
			within(t, time.Minute, expr, func() {
				if v, err := Evaluate(c, expr); err == nil {
					examine(v, 1)
				}
			})
		}
	})
}
