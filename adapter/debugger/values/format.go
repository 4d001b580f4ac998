package values

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// Format says how to show a value. The zero Format is a language's usual way.
type Format struct {
	Hex   bool // integers, characters and enums in hexadecimal
	Limit int  // most characters of a text; 0 for 256
}

const defaultLimit = 256

// Text shows the value on one line. At most one Format is used.
func (v *Value) Text(f ...Format) string {
	p := printer{left: defaultLimit, letter: v.letter}
	if len(f) > 0 {
		if f[0].Limit > 0 {
			p.left = f[0].Limit
		}
		if f[0].Hex && p.letter == 0 {
			p.letter = 'x'
			p.soft = true
		}
	}
	p.value(v, 0)
	return string(p.out)
}

// FormatBytes shows data, the content of the value's place (Address) at another
// time, as [Value.Text] would.
func (v *Value) FormatBytes(data []byte) string {
	c := v.withBytes(data)
	// What the bytes point to may have been something else at that time.
	p := printer{left: defaultLimit, letter: c.letter, raw: !isArithmetic(strip(c.typ))}
	p.value(c, 0)
	return string(p.out)
}

// NumberOf is the number that data, the content of the value's place at another time,
// stands for. ok is false for values that are not integers, characters, enums, bools or
// floating-point numbers.
func (v *Value) NumberOf(data []byte) (n float64, ok bool) {
	c := v.withBytes(data)
	if t := strip(c.typ); !isArithmetic(t) || kindOf(t) == symbols.KindComplex {
		return 0, false
	}
	n, err := c.Float()
	return n, err == nil
}

// withBytes is the value with data in its place.
func (v *Value) withBytes(data []byte) *Value {
	c := *v.seenThrough()
	if addr, size, ok := c.Address(); !ok || addr != v.src.addr || size != uint64(len(data)) {
		c = *v
	}
	c.err, c.fn, c.lit, c.kids = nil, nil, nil, nil
	c.src = source{kind: srcBytes, data: data}
	return &c
}

// printer writes the text of values, up to a limit. It stops reading the guest
// as soon as the text is full.
type printer struct {
	out    []byte
	left   int  // characters that may still be written
	full   bool // something was left out
	letter byte // format, 0 for the usual one
	raw    bool // without views
	soft   bool // the format came from the user interface: floats stay as they are
	steps  int
}

const (
	maxLevels    = 5       // nesting of aggregates that is shown
	maxPrintStep = 1 << 12 // values that one text looks at
	maxElements  = 200     // elements of one aggregate
)

// put writes s, or as much of it as there is room for.
func (p *printer) put(s string) {
	if p.full {
		return
	}
	if len(s) <= p.left || utf8.RuneCountInString(s) <= p.left {
		p.out = append(p.out, s...)
		p.left -= utf8.RuneCountInString(s)
		return
	}
	for _, r := range s {
		if p.left <= 0 {
			break
		}
		p.out = utf8.AppendRune(p.out, r)
		p.left--
	}
	p.more()
}

// more marks that something was left out.
func (p *printer) more() {
	if !p.full {
		p.out = append(p.out, "…"...)
		p.full = true
	}
}

// close writes a closing bracket, which always has room.
func (p *printer) close(s string) { p.out = append(p.out, s...) }

// value writes v; level is how deep in aggregates it is.
func (p *printer) value(v *Value, level int) {
	if p.steps++; p.steps > maxPrintStep {
		p.more()
	}
	if p.full {
		return
	}
	switch {
	case v.err != nil:
		p.failure(v.err)
	case v.isNil:
		p.put("nil")
	case v.fn != nil:
		p.put(v.c.codeText(v.src.addr))
	case v.symbol:
		p.put(fmt.Sprintf("{no debug information} %#x", v.src.addr))
	case v.lit != nil:
		p.quoted([]byte(*v.lit), int64(len(*v.lit)), goQuote)
	case v.kids != nil:
		p.list(v.kids, level)
	case !p.raw && v.view() != nil:
		p.viewText(v.view(), level)
	case v.goL:
		p.goValue(v, level, true)
	default:
		p.cValue(v, level)
	}
}

// failure writes why a value can't be shown.
func (p *printer) failure(err error) {
	var opt *symbols.OptimizedOutError
	switch {
	case errors.As(err, &opt):
		p.put("<optimized out>")
	case errors.Is(err, errNoValue):
		p.put("void")
	default:
		p.put("<" + err.Error() + ">")
	}
}

func (p *printer) list(kids []*Value, level int) {
	p.put("{")
	for i, k := range kids {
		if i > 0 {
			p.put(", ")
		}
		p.put(k.name + "=")
		p.value(k, level+1)
	}
	p.close("}")
}

// elements writes the elements [0, n) of an aggregate, with repetitions counted:
// show writes one, same counts how many from i on are alike (over says that there
// may be more).
func (p *printer) elements(n int64, show func(i int64) bool, same func(i int64) (count int64, over bool)) {
	const threshold = 10
	shown := 0
	for i := int64(0); i < n && !p.full; {
		if i > 0 {
			p.put(", ")
		}
		if shown++; shown > maxElements {
			p.more()
			return
		}
		count, over := same(i)
		if !show(i) {
			return
		}
		switch {
		case over:
			p.put(fmt.Sprintf(" <repeats over %d times>, ", count))
			p.more()
		case count > threshold:
			p.put(fmt.Sprintf(" <repeats %d times>", count))
			i += count
			continue
		}
		i++
	}
}

// arrayRun returns the same function for elements of size bytes that lie one
// after the other in v.
func arrayRun(v *Value, size, n int64) func(i int64) (int64, bool) {
	const block, most = 4096, 1 << 16
	known, knownUntil := int64(0), int64(-1) // the run that the last call found
	return func(i int64) (int64, bool) {
		if size <= 0 || size > block/2 {
			return 1, false
		}
		if i < knownUntil {
			return known - (i - (knownUntil - known)), false
		}
		first, err := v.read(i*size, size)
		if err != nil {
			return 1, false
		}
		count := int64(1)
		for i+count < n {
			if count*size >= most {
				return count, true
			}
			chunk := min(block/size, n-i-count)
			b, err := v.read((i+count)*size, chunk*size)
			if err != nil {
				return count, false
			}
			for ; len(b) > 0 && string(b[:size]) == string(first); b = b[size:] {
				count++
			}
			if len(b) > 0 {
				break
			}
		}
		known, knownUntil = count, i+count
		return count, false
	}
}

// integer writes an integer of C or Go in a format.
func integer(n num, letter byte) string {
	v := n.bigInt()
	bits := uint(8 * n.size)
	pattern := func() *big.Int {
		if v.Sign() >= 0 {
			return v
		}
		return new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), bits))
	}
	switch letter {
	case 'x', 'a':
		return "0x" + pattern().Text(16)
	case 'o':
		if v.Sign() == 0 {
			return "0"
		}
		return "0" + pattern().Text(8)
	case 't':
		return "0b" + pattern().Text(2)
	case 'u':
		return pattern().String()
	case 'd':
		if n.kind == numUint && v.BitLen() == int(bits) {
			return new(big.Int).Sub(v, new(big.Int).Lsh(big.NewInt(1), bits)).String()
		}
	}
	return v.String()
}

// formatted writes a number in the format that was asked for; false when the
// format says nothing about it.
func (p *printer) formatted(v *Value, n num) bool {
	if p.letter == 0 || p.letter == 's' {
		return false
	}
	if n.kind >= numFloat {
		if p.soft || n.kind == numComplex || p.letter == 'f' {
			return false
		}
		b, err := v.read(0, int64(n.size))
		if err != nil || p.letter == 'c' {
			return false
		}
		if p.letter == 'd' || p.letter == 'u' {
			n = n.toInt(8, true)
		} else {
			n = decodeInt(b, false)
		}
	}
	switch p.letter {
	case 'c':
		if kindOf(strip(v.typ)) != symbols.KindChar {
			n = n.toInt(1, n.kind == numInt)
		}
		p.put(charText(n, ""))
	case 'a':
		p.put(v.c.addressText(n.uint64()))
	case 'f':
		switch {
		case n.size == 4 && v.bits.size == 0:
			p.put(cFloat(num{kind: numFloat, size: 4, f: float64(math.Float32frombits(uint32(n.u)))}))
		case n.size == 8 && v.bits.size == 0:
			p.put(cFloat(num{kind: numFloat, size: 8, f: math.Float64frombits(n.u)}))
		default:
			p.put(integer(n, 0))
		}
	default:
		if v.bits.size > 0 && n.size <= 8 { // as wide as the field
			n.u = truncate(n.u, 8, false)
			if v.bits.size < 64 && p.letter != 'd' {
				n.u &= 1<<v.bits.size - 1
				n.kind = numUint
			}
		}
		p.put(integer(n, p.letter))
	}
	return true
}

// addressText is an address with the symbol that covers it, if one does.
func (c *Context) addressText(addr uint64) string {
	s := fmt.Sprintf("%#x", addr)
	if sym := c.symbolText(addr); sym != "" {
		s += " <" + sym + ">"
	}
	return s
}

// symbolText is "name" or "name+4", "" where there is no symbol.
func (c *Context) symbolText(addr uint64) string {
	if addr == 0 || c.Prog == nil {
		return ""
	}
	sym, off, ok := c.symbolAt(addr)
	if !ok || sym.TLS || sym.Name == "" || off != 0 && off >= sym.Size {
		return ""
	}
	name := clip(sym.Name, 100)
	if off == 0 {
		return name
	}
	return fmt.Sprintf("%s+%d", name, off)
}

// codeText shows a function's address.
func (c *Context) codeText(addr uint64) string {
	if c.symbolText(addr) == "" && c.Prog != nil {
		if f := c.funcAt(addr); f != nil && f.Low == addr {
			return fmt.Sprintf("%#x <%s>", addr, clip(f.Name, 100))
		}
	}
	return c.addressText(addr)
}

// quoting is how a language writes text.
type quoting struct {
	prefix string
	octal  bool // escapes of C, else of Go
}

var (
	cQuote  = quoting{octal: true}
	goQuote = quoting{}
)

// maxShown is the most characters of one string.
const maxShown = 200

// quoted writes text as a string literal; n is its full length, more than
// len(text) when the rest was not read, or -1 when that is not known.
func (p *printer) quoted(text []byte, n int64, q quoting) {
	room := min(p.left-2, max(maxShown, p.left*3/4))
	p.put(q.prefix + `"`)
	used := 0
	cutAt := -1
	var b []byte
	for i := 0; i < len(text) && cutAt < 0; {
		r, size := utf8.DecodeRune(text[i:])
		start := len(b)
		b = q.char(b, r, text[i:i+size])
		if used += utf8.RuneCount(b[start:]); used > room {
			b, cutAt = b[:start], i
		}
		i += size
	}
	p.put(string(b))
	if p.full {
		return
	}
	p.close(`"`)
	p.left--
	if cutAt >= 0 || n > int64(len(text)) || n < 0 {
		p.out = append(p.out, "…"...)
		p.left--
	}
}

// char appends a character in an escaped form where it needs one.
func (q quoting) char(b []byte, r rune, raw []byte) []byte {
	if !q.octal {
		s := strconv.Quote(string(raw))
		return append(b, s[1:len(s)-1]...)
	}
	if r == '"' || r == '\\' {
		return append(b, '\\', byte(r))
	}
	if r != utf8.RuneError && strconv.IsPrint(r) {
		return append(b, raw...)
	}
	for _, c := range raw {
		b = append(b, escapeByte(c)...)
	}
	return b
}

// namedEscapes are those of C, by the character.
var namedEscapes = map[byte]string{
	'\a': `\a`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\v': `\v`,
}

func escapeByte(c byte) string {
	if s, ok := namedEscapes[c]; ok {
		return s
	}
	return fmt.Sprintf(`\%03o`, c)
}

// charText is a character of C with its number: 65 'A'. prefix is that of a wide
// character's literal.
func charText(n num, prefix string) string {
	text := n.bigInt().String()
	open := " " + prefix + "'"
	u := n.uint64()
	switch {
	case n.size > 1 && u > 0x7f:
		if u <= utf8.MaxRune && strconv.IsPrint(rune(u)) {
			return text + open + string(rune(u)) + "'"
		}
		return text
	case byte(u) == '\'' || byte(u) == '\\':
		return text + open + `\` + string(rune(byte(u))) + "'"
	case byte(u) >= ' ' && byte(u) < 0x7f:
		return text + open + string(rune(byte(u))) + "'"
	}
	return text + open + escapeByte(byte(u)) + "'"
}

// cFloat writes a float with the fewest digits that give it back, as %g would.
func cFloat(n num) string {
	switch {
	case math.IsNaN(n.f):
		if math.Signbit(n.f) {
			return "-nan"
		}
		return "nan"
	case math.IsInf(n.f, 0) && n.long == nil:
		if n.f < 0 {
			return "-inf"
		}
		return "inf"
	}
	format := func(verb byte) string {
		if n.long != nil {
			return n.long.Text(verb, -1)
		}
		bits := 64
		if n.size == 4 {
			bits = 32
		}
		return strconv.FormatFloat(n.f, verb, -1, bits)
	}
	digits := map[int]int{2: 5, 4: 9, 8: 17}[n.size]
	if digits == 0 {
		digits = 36
	}
	e := format('e')
	if i := strings.LastIndexByte(e, 'e'); i >= 0 {
		if exp, err := strconv.Atoi(e[i+1:]); err == nil && exp >= -4 && exp < digits {
			return format('f')
		}
	}
	return e
}
