package linux_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// toolchain is a compiler whose programs run here, and where their libraries are.
type toolchain struct {
	arch, cc, sysroot string
	native            []string // runs its programs for comparison
}

var riscvToolchain = toolchain{
	arch: "riscv64", cc: "riscv64-linux-gnu-gcc", sysroot: "/usr/riscv64-linux-gnu",
	native: []string{"qemu-riscv64", "-L", "/usr/riscv64-linux-gnu"},
}

var amd64Toolchain = toolchain{arch: "amd64", cc: "x86_64-linux-gnu-gcc"}

// toolchains calls f for each toolchain that is installed.
func toolchains(t *testing.T, f func(t *testing.T, tc toolchain)) {
	for _, tc := range []toolchain{riscvToolchain, amd64Toolchain} {
		t.Run(tc.arch, func(t *testing.T) {
			tc.need(t)
			f(t, tc)
		})
	}
}

// need skips the test where the toolchain is not installed; in CI that fails.
func (tc *toolchain) need(t *testing.T) {
	t.Helper()
	if len(tc.native) == 0 && (runtime.GOOS != "linux" || runtime.GOARCH != tc.arch) {
		t.Skipf("the host is no linux/%s", tc.arch)
	}
	for _, tool := range append([]string{tc.cc}, tc.native[:min(len(tc.native), 1)]...) {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}

// build compiles C source to dir/name.
func (tc *toolchain) build(t *testing.T, dir, name, source string, flags ...string) string {
	t.Helper()
	out := filepath.Join(dir, name)
	src := out + ".c"
	if err := os.WriteFile(src, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-g", "-O1", "-o", out, src}, flags...)
	if msg, err := exec.Command(tc.cc, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", tc.cc, err, msg)
	}
	return out
}

// expected runs the program where it does not run in our machine.
func (tc *toolchain) expected(t *testing.T, dir string, env []string, exe string, args ...string) (string, int) {
	t.Helper()
	line := append(append(slices.Clone(tc.native), exe), args...)
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return both.String(), cmd.ProcessState.ExitCode()
}

func (tc *toolchain) config(t *testing.T, exe string, args ...string) linux.Config {
	return fixed(linux.Config{Path: exe, Args: append([]string{exe}, args...), Dir: filepath.Dir(exe), Sysroot: tc.sysroot})
}

// run runs a program to its end and returns what it printed and its exit code.
func runAll(t *testing.T, cfg linux.Config) (m *linux.Machine, output string, code int) {
	t.Helper()
	var both bytes.Buffer
	cfg.Output = func(_ int, _ uint64, p []byte) { both.Write(p) }
	m = start(t, cfg)
	status := toEnd(t, m)
	if status.Signal != 0 {
		t.Fatalf("killed by signal %d; it printed:\n%s", status.Signal, both.String())
	}
	return m, both.String(), status.Code
}

const helloSource = `
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <math.h>
__thread int local = 7;
int main(int argc, char **argv) {
	volatile double two = 2;
	errno = ENOENT;
	printf("%s %d %d %s %.6f\n", "hello", argc, local, strerror(errno), sqrt(two) + pow(two, 0.5));
	return 41;
}`

func TestDynamicallyLinkedProgramsRunAndReplay(t *testing.T) {
	toolchains(t, func(t *testing.T, tc toolchain) {
		for _, kind := range []string{"-pie", "-no-pie"} {
			t.Run(kind, func(t *testing.T) {
				exe := tc.build(t, t.TempDir(), "hello", helloSource, kind, "-lm")
				want, wantCode := tc.expected(t, filepath.Dir(exe), nil, exe, "a", "b")
				cfg := tc.config(t, exe, "a", "b")
				began := time.Now()
				m, got, code := runAll(t, cfg)
				t.Logf("%d instructions, %d bytes of log, %v", m.Icount(), m.Log().Bytes(), time.Since(began))
				if got != want || code != wantCode {
					t.Errorf("printed %q, exit code %d; want %q, %d", got, code, want, wantCode)
				}
				im := m.Image()
				if !strings.HasPrefix(im.Interp, tc.sysroot) || im.InterpBias == 0 {
					t.Errorf("the dynamic loader is %q at bias %#x", im.Interp, im.InterpBias)
				}
				if (im.Bias != 0) != (kind == "-pie") {
					t.Errorf("a program with %s is moved by %#x", kind, im.Bias)
				}
				r := replayOf(t, cfg, m.Log())
				toEnd(t, r)
				if r.Hash() != m.Hash() {
					t.Error("the replay's final state differs")
				}
			})
		}
	})
}

// Each library must pass the door once, however often it is mapped.
func TestMappedFilesAreLoggedOnce(t *testing.T) {
	toolchains(t, func(t *testing.T, tc toolchain) {
		exe := tc.build(t, t.TempDir(), "hello", helloSource, "-lm")
		m, _, _ := runAll(t, tc.config(t, exe))
		var size int64
		for _, v := range m.Mappings() {
			if v.Offset == 0 && v.Name != exe && strings.HasPrefix(v.Name, "/") {
				fi, err := os.Stat(v.Name)
				if err != nil {
					t.Fatal(err)
				}
				size += fi.Size()
			}
		}
		if n := int64(m.Log().Bytes()); size < 1<<20 || n > size+64<<10 {
			t.Errorf("the log takes %d bytes, the libraries %d", n, size)
		}
	})
}

func TestLibrariesAreFoundOpenedAndPreloaded(t *testing.T) {
	toolchains(t, func(t *testing.T, tc toolchain) {
		dir := t.TempDir()
		tc.build(t, dir, "libplug.so", `int twice(int x) { return 2 * x; }
			__attribute__((constructor)) static void hi(void) { extern int puts(const char *); puts("plug is here"); }`, "-shared", "-fPIC")
		tc.build(t, dir, "libpre.so", `int rand(void) { return 4; }`, "-shared", "-fPIC")
		exe := tc.build(t, dir, "prog", `
#include <stdio.h>
#include <stdlib.h>
#include <dlfcn.h>
int main(void) {
	setvbuf(stdout, 0, _IONBF, 0);
	printf("%d\n", rand());
	void *h = dlopen("./libplug.so", RTLD_NOW);
	if (!h) { puts(dlerror()); return 1; }
	int (*f)(int) = (int (*)(int))dlsym(h, "twice");
	printf("%d\n", f(21));
	dlclose(h);
	puts(dlopen("./libmissing.so", RTLD_NOW) ? "?" : dlerror());
	return 0;
}`)
		env := []string{"LD_PRELOAD=" + dir + "/libpre.so"}
		cfg := tc.config(t, exe)
		cfg.Env = env
		m, got, code := runAll(t, cfg)
		want := "4\nplug is here\n42\n./libmissing.so: cannot open shared object file: No such file or directory\n"
		if got != want || code != 0 {
			t.Errorf("printed %q, exit code %d; want %q", got, code, want)
		}

		// A debugger sees libraries come and go.
		r := replayOf(t, cfg, m.Log())
		has := func(name string) bool {
			return slices.ContainsFunc(r.Mappings(), func(v vm.Mapping) bool { return v.Exec && filepath.Base(v.Name) == name })
		}
		var seen []string
		for r.Run(forever, &vm.Stops{Maps: true}).Reason == vm.StopMaps {
			state := ""
			for _, lib := range []string{"libpre.so", "libc.so.6", "libplug.so"} {
				if has(lib) {
					state += " " + lib
				}
			}
			if len(seen) == 0 || seen[len(seen)-1] != state {
				seen = append(seen, state)
			}
		}
		if want := []string{" libpre.so", " libpre.so libc.so.6", " libpre.so libc.so.6 libplug.so", " libpre.so libc.so.6"}; !slices.Equal(seen, want) {
			t.Errorf("libraries over time: %q, want %q", seen, want)
		}
	})
}

func TestAMissingLibraryIsTheLoadersMessage(t *testing.T) {
	toolchains(t, func(t *testing.T, tc toolchain) {
		dir := t.TempDir()
		lib := tc.build(t, dir, "libgone.so", `int gone(void) { return 1; }`, "-shared", "-fPIC")
		exe := tc.build(t, dir, "prog", `int gone(void); int main(void) { return gone(); }`, "-L"+dir, "-lgone")
		if err := os.Remove(lib); err != nil {
			t.Fatal(err)
		}
		_, got, code := runAll(t, tc.config(t, exe))
		if want := exe + ": error while loading shared libraries: libgone.so: cannot open shared object file: No such file or directory\n"; got != want || code != 127 {
			t.Errorf("printed %q, exit code %d; want %q, 127", got, code, want)
		}
	})
}

// dynamic is an executable that asks for a dynamic loader.
func dynamic(interp string) []byte {
	b := counter(1).elf([]byte(interp + "\x00")...)
	le := binary.LittleEndian
	le.PutUint16(b[56:], 3)
	p := b[64+2*56:]
	le.PutUint32(p, uint32(elf.PT_INTERP))
	copy(p[8:], b[64+56+8:64+56+40]) // as the data segment
	return b
}

func TestErrorsOfDynamicLoadersNameBothFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := counter(1).elf()
	foreign := slices.Clone(good)
	foreign[18] = 183
	for _, c := range []struct{ interp, want string }{
		{dir + "/none", "no such file; link with -static, or give the directory that holds the libraries of riscv64 programs as sysroot"},
		{dir, "a directory, not a program"},
		{write("plain", 0o644, good), "not executable (chmod +x it)"},
		{write("text", 0o755, []byte("hello")), "not an ELF file"},
		{write("foreign", 0o755, foreign), "an ARM64 (EM_AARCH64) executable"},
		{write("cut", 0o755, good[:0x1004]), "damaged ELF file: program header 0: the file ends"},
		{write("overlap", 0o755, good), "it wants addresses 0x10000–0x24000, which the program has"},
	} {
		_, err := linux.New(linux.Config{Path: "/some/prog", File: dynamic(c.interp)})
		if err == nil || !strings.HasPrefix(err.Error(), "/some/prog: its dynamic loader "+c.interp+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want /some/prog: its dynamic loader %s: …%s…", err, c.interp, c.want)
		}
	}
}
