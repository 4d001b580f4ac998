// Package testdata holds the guest programs that tests, benchmarks and the
// demo run: small static Linux executables with debug information, their
// sources, and what they print. All are there for riscv64 (RV64GC); those that
// are not about that architecture are there for amd64 too.
//
// The sources are in src/: guests in C, most of them on the small runtime in
// src/rt instead of a C library, and guests in Go, one folder each. build.sh
// rebuilds the C guests into bin/; what is checked in is used as it is, so that
// nothing here needs a cross compiler. Go guests are built by [BuildGo] when a
// test wants them.
//
// What each guest prints, and how it ends, was recorded under qemu-riscv64, an
// implementation that has nothing in common with ours: expect/NAME.out, and the
// table behind [Guests].
//
// The package contains no test of this module's other packages, and nothing
// but tests and the demo may import it.
package testdata

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

//go:embed bin src expect
var files embed.FS

// Bin returns the riscv64 executable of a C guest. It panics when there is none:
// the name is a mistake in the test.
func Bin(name string) []byte { return mustRead("bin/" + name) }

// Bin returns the executable of a C guest.
func (g Guest) Bin() []byte { return mustRead(g.bin()) }

func (g Guest) bin() string {
	if g.Arch == AMD64 {
		return "bin/amd64/" + g.Name
	}
	return "bin/" + g.Name
}

// Source returns a source file by its path below src, such as "steps.c",
// "rt/rt.h" or "gohello/main.go". It panics when there is none.
func Source(name string) []byte { return mustRead("src/" + name) }

func mustRead(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic("testdata: " + err.Error())
	}
	return b
}

// Line returns the number of the line in the source file that a comment
// //@marker marks. It panics when there is not exactly one.
func Line(source, marker string) int {
	line := 0
	for i, text := range bytes.Split(Source(source), []byte("\n")) {
		if _, m, ok := bytes.Cut(text, []byte("//@")); ok && markerOf(string(m)) == marker {
			if line != 0 {
				panic(fmt.Sprintf("testdata: //@%s is on lines %d and %d of %s", marker, line, i+1, source))
			}
			line = i + 1
		}
	}
	if line == 0 {
		panic(fmt.Sprintf("testdata: no //@%s in %s", marker, source))
	}
	return line
}

// markerOf cuts what follows //@ to the marker: letters, digits and hyphens.
func markerOf(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	})
	if end >= 0 {
		return s[:end]
	}
	return s
}

// Extract is [Guest.Extract] of the riscv64 guest of that name.
func Extract(dir, name string) (string, error) {
	g, ok := Lookup(name)
	if !ok {
		return "", fmt.Errorf("testdata: no C guest named %q", name)
	}
	return g.Extract(dir)
}

// Extract writes the executable of a C guest to dir/name and the sources that
// it was compiled from beside it, under the relative names that its debug
// information has: dir/name.c, dir/rt/…. It creates dir and returns the path of
// the executable.
func (g Guest) Extract(dir string) (string, error) {
	name := g.Name
	if g.Go() {
		return "", fmt.Errorf("testdata: %s is written in Go: it has to be built", name)
	}
	sources := []string{g.Source}
	if !g.Libc {
		rt, err := fs.ReadDir(files, "src/rt")
		if err != nil {
			return "", err
		}
		for _, f := range rt {
			sources = append(sources, "rt/"+f.Name())
		}
	}
	for _, s := range sources {
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(s)), Source(s), 0o644); err != nil {
			return "", err
		}
	}
	exe := filepath.Join(dir, name)
	return exe, writeFile(exe, g.Bin(), 0o755)
}

func writeFile(name string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, mode)
}

// BuildGo is [Guest.Build] of the riscv64 guest of that name.
func BuildGo(dir, name string, flags ...string) (string, error) {
	g, ok := Lookup(name)
	if !ok {
		return "", fmt.Errorf("testdata: no Go guest named %q", name)
	}
	return g.Build(dir, flags...)
}

// Build builds a Go guest for its architecture with the go command in the PATH
// and returns the path of the executable, dir/name/name. The source lies beside
// it as main.go, where its debug information says. Further flags of go build
// may be given, for instance -gcflags=all=-N -l. The first build on a machine
// compiles Go's runtime for the architecture, which takes some seconds; later
// ones only link.
func (g Guest) Build(dir string, flags ...string) (string, error) {
	name := g.Name
	if !g.Go() {
		return "", fmt.Errorf("testdata: %s is not written in Go", name)
	}
	dir, err := filepath.Abs(filepath.Join(dir, name))
	if err != nil {
		return "", err
	}
	if err := writeFile(filepath.Join(dir, "main.go"), Source(g.Source), 0o644); err != nil {
		return "", err
	}
	exe := filepath.Join(dir, name)
	args := append([]string{"build", "-o", exe}, flags...)
	cmd := exec.Command("go", append(args, "main.go")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+g.Arch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("testdata: building %s: %w\n%s", path.Join(name, "main.go"), err, out)
	}
	return exe, nil
}
