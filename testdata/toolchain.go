package testdata

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Toolchain is a C compiler for a guest architecture, with the libraries that
// dynamically linked programs need.
type Toolchain struct {
	Arch    string // as GOARCH has it
	CC      string
	Sysroot string // where the libraries are; empty: the machine's own
	GDB     string // a debugger for its programs
}

// Toolchains lists those that tests use.
func Toolchains() []Toolchain {
	return []Toolchain{
		{Arch: "amd64", CC: "x86_64-linux-gnu-gcc", GDB: "gdb"},
		{Arch: "riscv64", CC: "riscv64-linux-gnu-gcc", Sysroot: "/usr/riscv64-linux-gnu", GDB: "gdb-multiarch"},
	}
}

// Missing tells what of the toolchain is not installed; nil if all is there.
func (tc Toolchain) Missing() error {
	if _, err := exec.LookPath(tc.CC); err != nil {
		return fmt.Errorf("programs for %s can't be built: %w", tc.Arch, err)
	}
	return nil
}

// compile runs the compiler in dir.
func (tc Toolchain) compile(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command(tc.CC, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return cmd.CombinedOutput()
}

// DynamicFiles are the sources of the program that BuildDynamic builds, below src.
var DynamicFiles = []string{"dynamic/main.c", "dynamic/shared.c", "dynamic/plugin.c", "dynamic/shared.h"}

// BuildDynamic builds a dynamically linked program, the library that it is linked
// with and one that it loads itself, with their sources beside them, and returns
// the path of the program. Further flags of the compiler may be given.
func (tc Toolchain) BuildDynamic(dir string, flags ...string) (string, error) {
	for _, f := range DynamicFiles {
		if err := writeFile(filepath.Join(dir, filepath.Base(f)), Source(f), 0o644); err != nil {
			return "", err
		}
	}
	for _, args := range [][]string{
		{"-fPIC", "-shared", "-o", "libshared.so", "shared.c"},
		{"-fPIC", "-shared", "-o", "libplugin.so", "plugin.c"},
		{"-o", "dynamic", "main.c", "-L.", "-lshared", "-Wl,-rpath,$ORIGIN", "-ldl"},
	} {
		if out, err := tc.compile(dir, append(append([]string{"-g", "-O0"}, flags...), args...)...); err != nil {
			return "", fmt.Errorf("testdata: %s %v: %w\n%s", tc.CC, args, err, out)
		}
	}
	return filepath.Join(dir, "dynamic"), nil
}

// BuildStaticCXX builds a statically linked program of one C++ source file below src,
// with the source beside it, and returns its path.
func (tc Toolchain) BuildStaticCXX(dir, source string, flags ...string) (string, error) {
	if err := writeFile(filepath.Join(dir, source), Source(source), 0o644); err != nil {
		return "", err
	}
	name := strings.TrimSuffix(source, filepath.Ext(source))
	tc.CC = strings.TrimSuffix(tc.CC, "gcc") + "g++"
	args := append(append([]string{"-g", "-static"}, flags...), "-o", name, source)
	if out, err := tc.compile(dir, args...); err != nil {
		return "", fmt.Errorf("testdata: %s %v: %w\n%s", tc.CC, args, err, out)
	}
	return filepath.Join(dir, name), nil
}
