package symbols

import (
	"strings"
	"testing"
)

func TestShortNamesAreThoseThatPeopleWrite(t *testing.T) {
	for name, want := range map[string]string{
		"int": "int", "main": "main", "core::option::Option<&alloc::string::String>": "Option<&String>", "my::alloc::Thing": "my::alloc::Thing", "a::b<c>": "a::b<c>", "x < y": "x < y", "operator<": "operator<", "ns::operator<<": "ns::operator<<",
		"std::vector<int, std::allocator<int> >":                                                                                   "std::vector<int>",
		"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >":                                          "std::string",
		"std::__1::basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char>>":                                     "std::string",
		"std::map<int, long unsigned int, std::less<int>, std::allocator<std::pair<int const, long unsigned int> > >":              "std::map<int, unsigned long>",
		"std::unique_ptr<a::b, std::default_delete<a::b> >":                                                                        "std::unique_ptr<a::b>",
		"std::unique_ptr<a::b, a::deleter>":                                                                                        "std::unique_ptr<a::b, a::deleter>",
		"std::stack<int, std::deque<int, std::allocator<int> > >":                                                                  "std::stack<int>",
		"mine::vector<int, std::allocator<int> >":                                                                                  "mine::vector<int, std::allocator<int>>",
		"std::chrono::duration<long int, std::ratio<1, 1000> >":                                                                    "std::chrono::milliseconds",
		"alloc::vec::Vec<alloc::string::String, alloc::alloc::Global>":                                                             "Vec<String>",
		"<guest::A as core::fmt::Debug>::fmt":                                                                                      "<guest::A as Debug>::fmt",
		"std::function<int (std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&, int)>":         "std::function<int (std::string const&, int)>",
		"std::vector<std::vector<int, std::allocator<int> >, std::allocator<std::vector<int, std::allocator<int> > > >::push_back": "std::vector<std::vector<int>>::push_back",
		"bool std::operator< <char>(x)":                                                                                            "bool std::operator< <char>(x)",
		"unclosed<int, std::allocator<int>":                                                                                        "unclosed<int, std::allocator<int>",
	} {
		if got := ShortName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestFrameNamesLeaveLongArgumentsOut(t *testing.T) {
	long := "ns::table<" + strings.Repeat("very::long_name, ", 10) + "int>::find<int>"
	if got, want := FrameName(long), "ns::table<…>::find<int>"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := FrameName("f<int>"); got != "f<int>" {
		t.Error(got)
	}
}

func TestFunctionsAreFoundByTheNamesThatPeopleUse(t *testing.T) {
	for _, c := range []struct {
		full, want string
		match      bool
	}{
		{"shop::grid<int>::at", "shop::grid::at", true}, {"shop::grid<int>::at", "grid::at", true}, {"shop::grid<int>::at", "grid<int>::at", true},
		{"shop::grid<int>::at", "shop::grid<int>::at", true}, {"shop::grid<int>::at", "at", true}, {"shop::grid<int>::at", "grid<long>::at", false},
		{"shop::grid<std::vector<int, std::allocator<int> > >::at", "grid<std::vector<int>>::at", true},
		{"<guest::Circle as guest::Shape>::area", "Circle::area", true}, {"<guest::Circle as guest::Shape>::area", "guest::Circle::area", true},
		{"guest::largest::<i32>", "largest", true}, {"guest::largest<i32>", "guest::largest", true},
		{"std::filesystem::__cxx11::path::empty", "std::filesystem::path::empty", true}, {"f<int>", "g", false},
	} {
		if got := nameMatches(c.full, c.want); got != c.match {
			t.Errorf("%s for %s: %t", c.want, c.full, got)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("std::vector<int, std::allocator<int> >")
	f.Add("<a as b>::c<d->e>")
	f.Add("operator<<<<<>>>,(")
	f.Fuzz(func(t *testing.T, name string) {
		if short := ShortName(name); !strings.Contains(name, "<") && !strings.Contains(name, "::_") && short != name {
			t.Errorf("%q: %q", name, short)
		}
		FrameName(name)
		BaseName(name)
		canonical(name)
		plainFunction(name)
	})
}

func TestParameterTypesChooseAnOverload(t *testing.T) {
	for _, c := range []struct {
		linker, params string
		has            bool
	}{
		{"_ZN2ns1fEi", "int", true}, {"_ZN2ns1fEi", "long", false}, {"_ZN2ns1fEi", "", false}, {"_ZN2ns1fEv", "", true}, {"_ZN2ns1fEv", "void", true},
		{"_ZN2ns1fEPKcm", "const char *, unsigned long", true}, {"_ZN2ns1fEPKcm", "char const*, long unsigned int", true}, {"_ZN2ns1fEPKcm", "char *, unsigned long", false},
		{"_ZN2ns1fERKSt6vectorIiSaIiEE", "const std::vector<int> &", true}, {"_ZNK2ns1c1gENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE", "std::string", true},
		{"main", "int", false},
	} {
		if got := hasParams(c.linker, c.params); got != c.has {
			t.Errorf("%s with (%s): %t", c.linker, c.params, got)
		}
	}
	for name, want := range map[string]bool{"f(int)": true, "ns::f(int, char) const": true, "main.(*T)": false, "(anonymous namespace)": false, "c::operator()": false, "f": false} {
		if _, _, ok := cutParams(name); ok != want {
			t.Errorf("%s: %t", name, ok)
		}
	}
}

func TestNamesOfRustsOlderManglingKeepTheirUnderscores(t *testing.T) {
	for linker, want := range map[string]string{
		"_ZN3std3sys9backtrace28__rust_begin_short_backtrace17h96f57fff153d193cE":     "std::sys::backtrace::__rust_begin_short_backtrace",
		"_ZN4core3ops8function6FnOnce9call_once17h96f57fff153d193cE":                  "core::ops::function::FnOnce::call_once",
		"_ZN45_$LT$T$u20$as$u20$alloc..string..ToString$GT$4_own17h96f57fff153d193cE": "<T as alloc::string::ToString>::_own",
		"_ZN3ns11_f17h96f57fff153d193cE":                                              "_ZN3ns11_f17h96f57fff153d193cE", // a length beyond the end
		"_ZN2ns4__fnEv":                                                               "ns::__fn",                       // C++
	} {
		if got := demangled(linker); got != want {
			t.Errorf("%s is %s, not %s", linker, got, want)
		}
	}
}

func TestTypeInfoNamesArePeoples(t *testing.T) {
	for mangled, want := range map[string]string{
		"i": "int", "N4bank5errorE": "bank::error", "St13runtime_error": "std::runtime_error", "*N12_GLOBAL__N_11eE": "(anonymous namespace)::e", "": "", "?": "?",
	} {
		if got := TypeInfoName(mangled); got != want {
			t.Errorf("%q is %q, not %q", mangled, got, want)
		}
	}
}
