package symbols

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	guests "github.com/dap-revexec/dap-revexec/testdata"
)

// stripped builds a library and takes its debug information off into a file.
func strippedLibrary(t *testing.T, tc guests.Toolchain) (lib, debug string) {
	t.Helper()
	if err := tc.Missing(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	if _, err := tc.BuildDynamic(dir); err != nil {
		t.Fatal(err)
	}
	lib, debug = filepath.Join(dir, "libshared.so"), filepath.Join(dir, "libshared.debug")
	objcopy := needTool(t, strings.TrimSuffix(tc.CC, "gcc")+"objcopy")
	for _, args := range [][]string{
		{"--only-keep-debug", lib, debug},
		{"--strip-debug", "--strip-unneeded", lib},
		{"--add-gnu-debuglink=" + debug, lib},
	} {
		cmd := exec.Command(objcopy, args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("objcopy %v: %v\n%s", args, err, out)
		}
	}
	return lib, debug
}

func TestDebugInformationOfItsOwnFileIsFound(t *testing.T) {
	for _, tc := range guests.Toolchains() {
		t.Run(tc.Arch, func(t *testing.T) {
			lib, debug := strippedLibrary(t, tc)
			check := func(how string, p *Program, err error, from string) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
				ok, why := p.HasDWARF()
				if ok != (from != "") || p.DebugFile() != from {
					t.Errorf("%s: from %q, %v %s", how, p.DebugFile(), ok, why)
				}
				if from == "" {
					return
				}
				place, err := p.Resolve("shared.c", guests.Line("dynamic/shared.c", "add"))
				if err != nil || len(place.Addrs) != 1 || place.Addrs[0] < 0x5000_0000 {
					t.Errorf("%s: %+v, %v", how, place, err)
				}
				if fs := p.FuncsNamed("inner"); len(fs) != 1 || !p.InCode(fs[0].Low) {
					t.Errorf("%s: function inner: %v", how, fs)
				}
			}
			const bias = 0x5000_0000
			p, err := Load(lib, bias)
			check("by its link", p, err, debug)

			if p, err := (Source{}).Skim(lib, bias); err != nil {
				t.Error(err)
			} else if fs := p.FuncsNamed("inner"); len(fs) != 1 || !p.InCode(fs[0].Low) || fs[0].CU != nil {
				t.Errorf("function inner of the symbol table: %v", fs)
			}

			id := p.BuildID()
			root := t.TempDir()
			installed := filepath.Join(root, ".build-id", id[:2], id[2:]+".debug")
			if err := os.MkdirAll(filepath.Dir(installed), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(debug, installed); err != nil {
				t.Fatal(err)
			}
			p, err = Load(lib, bias, root)
			check("by its build ID", p, err, installed)
			if name, ok := (Source{DebugDirs: []string{root}}).DebugFile(lib); !ok || name != installed {
				t.Errorf("its debug file is %q, %v", name, ok)
			}
			if name, ok := (Source{DebugDirs: []string{root}}).DebugFile(installed); ok {
				t.Errorf("the debug file has the debug file %q", name)
			}

			p, err = Load(lib, bias)
			check("nowhere", p, err, "")
			if _, why := p.HasDWARF(); !strings.Contains(why, id) {
				t.Errorf("without: %s", why)
			}
			if fs := p.FuncsNamed("shared_add"); len(fs) != 1 {
				t.Errorf("exported functions without debug information: %v", fs)
			}

			// A file of that name which belongs to another build.
			other := filepath.Join(filepath.Dir(lib), "libplugin.so")
			data, err := os.ReadFile(other)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(debug, data, 0o644); err != nil {
				t.Fatal(err)
			}
			p, err = Load(lib, bias)
			check("another build's", p, err, "")
			if _, why := p.HasDWARF(); !strings.Contains(why, "another build") {
				t.Errorf("another build's: %s", why)
			}
		})
	}
}

func TestStubsOfLinkageTablesAreNamed(t *testing.T) {
	for _, tc := range guests.Toolchains() {
		t.Run(tc.Arch, func(t *testing.T) {
			if err := tc.Missing(); err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			exe, err := tc.BuildDynamic(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			p, err := Load(exe, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"shared_add@plt", "dlopen@plt", "printf@plt"} {
				s, ok := p.SymbolNamed(name)
				if !ok || !s.Func || !p.inPLT(s.Addr) {
					t.Errorf("%s: %+v, %v", name, s, ok)
				}
			}
		})
	}
}

// flat is guest memory from an address on.
type flat struct {
	base uint64
	data []byte
}

func (m flat) ReadMemory(addr uint64, p []byte) int {
	if addr < m.base || addr-m.base >= uint64(len(m.data)) {
		return 0
	}
	return copy(p, m.data[addr-m.base:])
}

func TestHeadersInMemoryAreReadWhateverTheyHold(t *testing.T) {
	const base = 0x7000_0000
	whole := guests.Bin("steps")
	if m, err := ReadMapped(flat{base, whole}, base); err != nil || m.Low != base || m.High <= base {
		t.Errorf("%+v, %v", m, err)
	}
	for _, data := range [][]byte{nil, whole[:3], whole[:64], []byte(strings.Repeat("\x7fELF", 64))} {
		if m, err := ReadMapped(flat{base, data}, base); err == nil {
			t.Errorf("%d bytes: %+v", len(data), m)
		}
	}
	for i := range 600 {
		data := append([]byte(nil), whole[:4096]...)
		data[i] ^= 0xff
		_, _ = ReadMapped(flat{base, data}, base) // no panic, and in no time
	}
}
