package symbols

import (
	"regexp"
	"strings"
)

// ShortName is a name of C++ or Rust, of a type or a function, as a person would
// write it: without the inline namespaces of the standard library and template
// arguments that are its defaults, and std::string for what it is short for.
// Other names stay as they are.
func ShortName(name string) string {
	if strings.Contains(name, "<") || strings.Contains(name, "::_") {
		name = shorten(name, maxNameNesting)
	}
	if strings.Contains(name, "::") && len(name) <= maxParsedName {
		name = rustPaths.ReplaceAllString(name, "$1$2")
	}
	return name
}

// rustPaths are the modules of types of Rust's standard library, which programs
// import: core::option::Option. Types of C++'s don't begin with capital letters.
var rustPaths = regexp.MustCompile(`(^|[^:\w])(?:core|alloc|hashbrown|std::(?:borrow|boxed|cell|collections|env|ffi|fs|hash|io|net|num|os|path|process|rc|string|sync|sys|thread|time|vec))(?:::[a-z_0-9]+)*::([A-Z])`)

// FrameName is a function's name for a list of frames: [ShortName] with long
// template arguments left out.
func FrameName(name string) string {
	short := ShortName(name)
	if len(short) <= maxFrameName {
		return short
	}
	return elide(short)
}

const (
	maxNameNesting = 32      // template arguments in template arguments
	maxFrameName   = 80      // bytes that a frame's name may have with all its arguments
	maxArgsInFrame = 24      // bytes of one list of arguments that stays in a long name
	maxParsedName  = 1 << 12 // bytes; longer names stay as they are
)

// inlineSpaces are namespaces that nobody writes: libstdc++'s and libc++'s.
var inlineSpaces = []string{"__cxx11::", "__1::", "__ndk1::", "_V2::", "__debug::", "__cxx1998::"}

// defaultArgs are how template arguments begin that are the library's defaults
// where they come last, by the library that the template is of.
var defaultArgs = map[string][]string{
	"std": {
		"std::allocator<", "std::char_traits<", "std::less<", "std::hash<", "std::equal_to<", "std::default_delete<",
		"alloc::alloc::Global", "std::hash::random::RandomState", "std::collections::hash::map::RandomState",
	},
	"alloc":     {"alloc::alloc::Global"},
	"hashbrown": {"alloc::alloc::Global", "hashbrown::hasher::DefaultHashBuilder"},
}

// defaultBases are the containers that adaptors have by default.
var defaultBases = map[string]string{
	"std::stack": "std::deque<", "std::queue": "std::deque<", "std::priority_queue": "std::vector<",
}

// dynamicExtent is that of a std::span whose size is no part of its type.
const dynamicExtent = "18446744073709551615"

// aliases are instances that have names.
var aliases = map[string]string{
	"std::chrono::duration<long, std::ratio<1, 1000000000>>": "std::chrono::nanoseconds",
	"std::chrono::duration<long, std::ratio<1, 1000000>>":    "std::chrono::microseconds",
	"std::chrono::duration<long, std::ratio<1, 1000>>":       "std::chrono::milliseconds",
	"std::chrono::duration<long, std::ratio<1, 1>>":          "std::chrono::seconds",
	"std::chrono::duration<long, std::ratio<60, 1>>":         "std::chrono::minutes",
	"std::chrono::duration<long, std::ratio<3600, 1>>":       "std::chrono::hours",
	"std::basic_string<char>":                                "std::string", "std::basic_string<wchar_t>": "std::wstring",
	"std::basic_string<char8_t>": "std::u8string", "std::basic_string<char16_t>": "std::u16string",
	"std::basic_string<char32_t>":  "std::u32string",
	"std::basic_string_view<char>": "std::string_view", "std::basic_string_view<wchar_t>": "std::wstring_view",
	"std::basic_string_view<char8_t>": "std::u8string_view", "std::basic_string_view<char16_t>": "std::u16string_view",
	"std::basic_string_view<char32_t>": "std::u32string_view",
	"std::basic_ostream<char>":         "std::ostream", "std::basic_istream<char>": "std::istream",
}

// aliasOf has the same the other way round.
var aliasOf = func() map[string]string {
	out := map[string]string{}
	for instance, alias := range aliases {
		out[alias] = instance
	}
	return out
}()

// shorten rewrites the template arguments in s from the inside out.
func shorten(s string, depth int) string {
	if depth == 0 || len(s) > maxParsedName {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '<' || isOperator(s, i) {
			if rest, ok := skipInline(s, i); ok {
				i = rest
				continue
			}
			out.WriteByte(s[i])
			i++
			continue
		}
		args, end := templateArgs(s, i)
		if end < 0 {
			out.WriteString(s[i:])
			break
		}
		before := out.String()
		start := lastWord(before)
		base := before[start:]
		for k := range args {
			args[k] = shortInt(shorten(args[k], depth-1))
		}
		args = dropDefaults(base, args)
		whole := base + "<" + strings.Join(args, ", ") + ">"
		if alias, ok := aliases[whole]; ok {
			whole = alias
		}
		out.Reset()
		out.WriteString(before[:start] + whole)
		i = end
	}
	return out.String()
}

// skipInline passes an inline namespace of the standard library, at i.
func skipInline(s string, i int) (next int, ok bool) {
	if s[i] != '_' || !strings.HasSuffix(s[:i], "::") {
		return 0, false
	}
	for _, n := range inlineSpaces {
		if strings.HasPrefix(s[i:], n) {
			return i + len(n), true
		}
	}
	return 0, false
}

func dropDefaults(base string, args []string) []string {
	lib, _, ok := strings.Cut(base, "::")
	if !ok {
		return args
	}
	for len(args) > 1 {
		last := args[len(args)-1]
		isDefault := false
		for _, d := range defaultArgs[lib] {
			isDefault = isDefault || strings.HasPrefix(last, d) && closesAtEnd(last)
		}
		isDefault = isDefault || base == "std::span" && last == dynamicExtent
		if d := defaultBases[base]; d != "" && strings.HasPrefix(last, d) {
			isDefault = true
		}
		if !isDefault {
			break
		}
		args = args[:len(args)-1]
	}
	return args
}

// closesAtEnd tells an instance from something made of one, as a pointer to it.
func closesAtEnd(arg string) bool {
	return !strings.Contains(arg, "<") || strings.HasSuffix(arg, ">")
}

// isOperator reports whether the '<' at i belongs to operator<, operator<< and
// the like.
func isOperator(s string, i int) bool {
	before := strings.TrimRight(s[:i], "<")
	return strings.HasSuffix(before, "operator") && i-len(before) < 2
}

// templateArgs splits the arguments in the brackets that open at i; end is
// behind them, -1 when they don't close.
func templateArgs(s string, i int) (args []string, end int) {
	depth, start := 0, i+1
	for ; i < len(s); i++ {
		switch s[i] {
		case '<', '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case '>':
			if s[i-1] == '-' { // of a function type of Rust
				continue
			}
			if depth--; depth == 0 {
				if last := strings.TrimSpace(s[start:i]); last != "" || len(args) > 0 {
					args = append(args, last)
				}
				return args, i + 1
			}
		case ',':
			if depth == 1 {
				args = append(args, strings.TrimSpace(s[start:i]))
				start = i + 1
			}
		}
		if depth < 0 {
			return nil, -1
		}
	}
	return nil, -1
}

// lastWord is where the qualified name at the end of s begins.
func lastWord(s string) int {
	depth := 0
	for i := len(s) - 1; i >= 0; i-- {
		switch s[i] {
		case '>', ')', ']', '}':
			depth++
		case '<', '(', '[', '{':
			if depth--; depth < 0 {
				return i + 1
			}
		case ' ', ',', '*', '&':
			if depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// elide leaves long template arguments out.
func elide(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '<' || isOperator(s, i) || i == 0 { // at the start: Rust's <T as Trait>
			out.WriteByte(s[i])
			continue
		}
		_, end := templateArgs(s, i)
		switch {
		case end < 0:
			out.WriteString(s[i:])
			return out.String()
		case end-i > maxArgsInFrame:
			out.WriteString("<…>")
		default:
			out.WriteString(s[i:end])
		}
		i = end - 1
	}
	return out.String()
}

// canonical is a name for comparing: short, without spaces that don't matter,
// and with qualifiers in front.
func canonical(name string) string { return canonicalWithin(name, maxNameNesting) }

func canonicalWithin(name string, depth int) string {
	if depth == 0 || len(name) > maxParsedName {
		return name
	}
	short := ShortName(name)
	var out strings.Builder
	for i := 0; i < len(short); i++ {
		if short[i] == ' ' && (out.Len() == 0 || i+1 == len(short) || !isWordByte(short[i-1]) || !isWordByte(short[i+1])) {
			continue
		}
		out.WriteByte(short[i])
	}
	s := out.String()
	if front, _, ok := strings.Cut(s, "<"); ok && strings.HasSuffix(s, ">") {
		if list, end := templateArgs(s, len(front)); end == len(s) {
			for i, a := range list {
				if t, ok := strings.CutSuffix(a, " const"); ok {
					a = "const " + t
				}
				list[i] = canonicalWithin(a, depth-1)
			}
			return front + "<" + strings.Join(list, ",") + ">"
		}
	}
	return s
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}

// BaseName is the name of a type of C++ or Rust without its template arguments
// and the inline namespaces of the standard library, and those arguments:
// "std::vector", [int, std::allocator<int>].
func BaseName(name string) (base string, args []string) {
	if i := strings.IndexByte(name, '<'); i > 0 && strings.HasSuffix(name, ">") {
		if list, end := templateArgs(name, i); end == len(name) {
			name, args = name[:i], list
		}
	}
	if strings.Contains(name, "::_") {
		name = shorten(name, 1)
	}
	return name, args
}

// plainFunction is a function's name as people say it for a breakpoint: without
// template arguments, and for Rust's <T as Trait>::f with the type alone.
func plainFunction(name string) string {
	return plainWithin(ShortName(name), maxNameNesting)
}

func plainWithin(name string, depth int) string {
	if depth == 0 || !strings.Contains(name, "<") || len(name) > maxParsedName {
		return name
	}
	var out strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] != '<' || isOperator(name, i) {
			out.WriteByte(name[i])
			continue
		}
		args, end := templateArgs(name, i)
		if end < 0 {
			return name
		}
		if out.Len() == 0 && len(args) == 1 { // Rust's <T as Trait> and <T>
			typ, _, _ := strings.Cut(args[0], " as ")
			out.WriteString(plainWithin(typ, depth-1))
		} else if strings.HasSuffix(out.String(), "::") { // f::<T>
			s := strings.TrimSuffix(out.String(), "::")
			out.Reset()
			out.WriteString(s)
		}
		i = end - 1
	}
	return out.String()
}

// cppMatches reports whether want is what people call a function of C++ or Rust
// whose name has template arguments or inline namespaces in it: with or without
// these, and without its first components.
func cppMatches(full, want string) bool {
	if strings.Contains(want, "<") {
		full, want = canonical(full), canonical(want)
		return full == want || hasSuffixPart(full, want)
	}
	if long := plainWithin(full, maxNameNesting); long == want || hasSuffixPart(long, want) {
		return true
	}
	full = plainFunction(full)
	return full == want || hasSuffixPart(full, want)
}
