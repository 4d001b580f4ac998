package values

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// charConstant is the value of a character literal's content.
func charConstant(text string, goLang bool) (constant, bool) {
	if len(text) == 1 {
		return constant{kind: constChar, bits: uint64(text[0])}, true
	}
	r, n := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError || n != len(text) {
		return constant{}, false
	}
	if !goLang { // beyond char
		return constant{kind: constInt, bits: uint64(r), base: 10}, true
	}
	return constant{kind: constChar, bits: uint64(r)}, true
}

// parseNumber reads a number of C or Go; msg says what is wrong with it.
func parseNumber(text string, goLang bool) (c constant, msg string) {
	lower := strings.ToLower(text)
	hex := strings.HasPrefix(lower, "0x")
	body := lower
	if !goLang {
		cut := "ul"
		if !hex && strings.ContainsAny(lower, ".e") || hex && strings.ContainsAny(lower, ".p") {
			cut = "fl"
		}
		body = strings.TrimRight(lower, cut)
		c.suffix = lower[len(body):]
	}
	if strings.HasSuffix(body, "i") && goLang {
		return c, "complex literals are not supported"
	}
	bad := fmt.Sprintf("bad number %s", clip(text, 40))
	isFloat := !hex && strings.ContainsAny(body, ".e") || hex && strings.ContainsAny(body, ".p")
	if isFloat {
		switch c.suffix {
		case "", "f", "l":
		default:
			return c, bad
		}
		if strings.Contains(body, "_") && !goLang {
			return c, bad
		}
		c.kind = constFloat
		f, err := strconv.ParseFloat(strings.ReplaceAll(body, "_", ""), 64)
		if err != nil && !math.IsInf(f, 0) {
			return c, bad
		}
		c.float = f
		return c, ""
	}
	switch c.suffix {
	case "", "u", "l", "ul", "lu", "ll", "ull", "llu":
	default:
		return c, bad
	}
	if strings.Contains(body, "_") && !goLang || strings.HasPrefix(body, "0o") && !goLang {
		return c, bad
	}
	bits, err := strconv.ParseUint(body, 0, 64)
	if err != nil {
		if e, ok := err.(*strconv.NumError); ok && e.Err == strconv.ErrRange {
			return c, fmt.Sprintf("%s does not fit in 64 bits", clip(text, 40))
		}
		return c, bad
	}
	c.bits, c.base = bits, 10
	if len(body) > 1 && body[0] == '0' {
		c.base = 16 // or another in which C gives unsigned types
	}
	return c, ""
}

// clip shortens s to about n bytes, for messages.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
