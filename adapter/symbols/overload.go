package symbols

import (
	"strings"

	"github.com/ianlancetaylor/demangle"
)

// cutParams takes the list of parameter types off a function's name, as it ends
// "f(int, char*) const". Go's receivers stand in front.
func cutParams(name string) (base, params string, ok bool) {
	name = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(name), " const"))
	if !strings.HasSuffix(name, ")") || strings.HasSuffix(name, "operator()") || len(name) > maxParsedName {
		return "", "", false
	}
	depth := 0
	for i := len(name) - 1; i > 0; i-- {
		switch name[i] {
		case ')':
			depth++
		case '(':
			if depth--; depth == 0 {
				base = strings.TrimSpace(name[:i])
				return base, name[i+1 : len(name)-1], base != "" && !strings.HasSuffix(base, "::") && !strings.HasSuffix(base, ".")
			}
		}
	}
	return "", "", false
}

// hasParams reports whether a function with this linkage name of C++ has
// parameters of these types.
func hasParams(linker, params string) bool {
	full, err := demangle.ToString(linker, demangle.MaxLength(14))
	if err != nil {
		return false
	}
	_, have, ok := cutParams(full)
	return ok && sameParams(have, params)
}

func sameParams(a, b string) bool {
	x, _ := templateArgs("<"+a+">", 0)
	y, _ := templateArgs("<"+b+">", 0)
	if len(y) == 1 && y[0] == "void" {
		y = nil
	}
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if canonicalParam(x[i]) != canonicalParam(y[i]) {
			return false
		}
	}
	return true
}

// canonicalParam is a parameter's type for comparing: with const in front of what
// it belongs to, however it was written.
func canonicalParam(t string) string {
	t = strings.TrimSpace(t)
	base := strings.TrimRight(t, "*& ")
	marks := strings.ReplaceAll(t[len(base):], " ", "")
	if s, ok := strings.CutSuffix(base, " const"); ok {
		base = "const " + strings.TrimSpace(s)
	}
	if s, ok := strings.CutPrefix(base, "const "); ok {
		return "const " + shortInt(canonical(s)) + marks
	}
	return shortInt(canonical(base)) + marks
}
