//go:build linux && amd64

package linux_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// hostFiles are files that the programs work on, beside the sources in testdata.
var hostFiles = map[string]string{
	"tree/a.txt":       "alpha\n",
	"tree/sub/b.txt":   strings.Repeat("beta ", 40) + "\n",
	"tree/sub/deep/.c": "",
}

// bigSource is a C program of n functions that call each other.
func bigSource(n int) string {
	var b strings.Builder
	b.WriteString("#include <math.h>\n#include <stdio.h>\n#include <string.h>\nstruct s { int a[8]; double d; char t[32]; };\n")
	for i := range n {
		fmt.Fprintf(&b, `
static int f%d(struct s *x, int n)
{
	double acc = x->d;
	for (int i = 0; i < n; i++) {
		x->a[i & 7] += (x->a[(i + %d) & 7] ^ i) * %d;
		acc = acc * 0.75 + sin(i * %d.5) + x->a[i & 7] / (double)(i + 1);
		switch ((x->a[i & 7] >> 3) & 7) {
		case 0: acc += 1; break;
		case 3: x->a[1] -= i; break;
		case 5: snprintf(x->t, sizeof x->t, "%%d-%%d", i, n); break;
		case 6: acc -= strlen(x->t); break;
		}
	}
	x->d = fmod(acc, 1000);
	return x->a[n & 7] & 0xffff;
}
`, i, i%7+1, i*31+7, i%13)
	}
	b.WriteString("int main(void)\n{\n\tstruct s x = {0};\n\tunsigned sum = 0;\n")
	for i := range n {
		fmt.Fprintf(&b, "\tsum = sum * 31 + f%d(&x, %d);\n", i, i%40+2)
	}
	b.WriteString("\tprintf(\"%u %.9g %s\\n\", sum, x.d, x.t);\n\treturn 0;\n}\n")
	return b.String()
}

// hostDirectory makes a directory with the files that the programs work on.
func hostDirectory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var words strings.Builder
	x := uint32(1)
	for range 3000 {
		x = x*1664525 + 1013904223
		for n := x >> 28; n > 2; n-- {
			words.WriteByte("abcdefghijklm"[x>>(n+4)%13])
		}
		fmt.Fprintf(&words, " %d\n", x>>20)
	}
	when := time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC)
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range hostFiles {
		write(name, text)
	}
	sources, err := filepath.Glob(filepath.Join("testdata", "hostprogs", "*"))
	if err != nil || len(sources) == 0 {
		t.Fatal("no sources: ", err)
	}
	for _, path := range sources {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(filepath.Base(path), string(text))
	}
	write("words.txt", words.String())
	write("big.c", bigSource(80))
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, when, when)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// contents lists a directory's files with their digests.
func contents(t *testing.T, dir string, ignore *regexp.Regexp) string {
	t.Helper()
	var s strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if ignore != nil && ignore.MatchString(name) {
			return nil
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&s, "%s %x\n", name, sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.String()
}

// result is what a program did.
type result struct {
	stdout, stderr, files string
	code                  int // 128 + the number of the signal that killed it
}

func (p *hostProgram) normalize(r result, dir string) result {
	for _, s := range []*string{&r.stdout, &r.stderr} {
		*s = strings.ReplaceAll(*s, dir, "DIR")
		if p.changes != nil {
			*s = p.changes.ReplaceAllString(*s, "~")
		}
	}
	return r
}

func (p *hostProgram) env(dir string) []string {
	return []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "PYTHONDONTWRITEBYTECODE=1", "PYTHONHASHSEED=0", "GOMAXPROCS=2"}
}

func (p *hostProgram) prepare(t *testing.T) (dir, path string) {
	t.Helper()
	dir = hostDirectory(t)
	if p.build != nil {
		p.make(t, dir)
	}
	if strings.HasPrefix(p.argv[0], "./") {
		return dir, filepath.Join(dir, p.argv[0])
	}
	path, err := exec.LookPath(p.argv[0])
	if err != nil {
		t.Fatal(err)
	}
	if p.argv[0] == "python3" { // it may be a script that chooses one
		out, err := exec.Command(path, "-c", "import sys; print(sys.executable)").Output()
		if err != nil {
			t.Fatal(err)
		}
		path = strings.TrimSpace(string(out))
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		t.Fatal(err)
	}
	return dir, path
}

// make builds p in dir: once, for the compilers take longer than the programs.
func (p *hostProgram) make(t *testing.T, dir string) {
	t.Helper()
	if p.made == "" {
		cmd := exec.Command(p.build[0], p.build[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(p.build, " "), err, out)
		}
		p.made = t.TempDir()
		if err := os.Rename(dir, filepath.Join(p.made, "dir")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(p.made, "dir"))); err != nil {
		t.Fatal(err)
	}
}

func (p *hostProgram) native(t *testing.T) result {
	t.Helper()
	dir, path := p.prepare(t)
	var stdout, stderr bytes.Buffer
	cmd := &exec.Cmd{Path: path, Args: p.argv, Dir: dir, Env: p.env(dir), Stdin: strings.NewReader(p.stdin), Stdout: &stdout, Stderr: &stderr}
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	code := cmd.ProcessState.ExitCode()
	if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); ws.Signaled() {
		code = 128 + int(ws.Signal())
	}
	return p.normalize(result{stdout.String(), stderr.String(), contents(t, dir, p.ignore), code}, dir)
}

func (p *hostProgram) inVM(t *testing.T) result {
	t.Helper()
	dir, path := p.prepare(t)
	var o out
	var log bytes.Buffer
	m := start(t, linux.Config{
		Logger: zerolog.New(&log).Level(zerolog.WarnLevel),
		Path:   path, Args: p.argv, Dir: dir, Env: p.env(dir), Stdin: strings.NewReader(p.stdin), Output: o.sink, NCPU: 2,
	})
	limit := p.max
	if limit == 0 {
		limit = 2e10
	}
	begin := time.Now()
	watchdog := time.AfterFunc(p.patience(t), m.Interrupt) // a guest that hangs waits for ever
	s := m.Run(limit, nil)
	watchdog.Stop()
	took := time.Since(begin)
	t.Logf("%d instructions in %v: %.0f million a second", s.Icount, took.Round(time.Millisecond), float64(s.Icount)/1e6/took.Seconds())
	if s.Reason != vm.StopExit {
		t.Fatalf("%v at icount %d, pc %#x: %v\nstdout: %s\nstderr: %s", s.Reason, s.Icount, s.PC, s.Err, tail(o.stdout.String()), tail(o.stderr.String()))
	}
	if log.Len() > 0 { // a call that is not supported, for example
		t.Errorf("log: %s", &log)
	}
	status, _ := m.Exited()
	code := status.Code
	if status.Signal != 0 {
		code = 128 + status.Signal
	}
	return p.normalize(result{o.stdout.String(), o.stderr.String(), contents(t, dir, p.ignore), code}, dir)
}

// patience is how long p may take.
func (p *hostProgram) patience(t *testing.T) time.Duration {
	d := 20 * time.Minute
	if p.quick {
		d = time.Minute
	}
	if end, ok := t.Deadline(); ok {
		d = min(d, time.Until(end)*9/10)
	}
	return d
}

// tail is the end of a text.
func tail(s string) string { return s[max(0, len(s)-1500):] }

// difference shows where two texts part.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d:\n %q, want\n %q", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d; it ends with %q", len(g), len(w), tail(got))
}

// TestHostProgramsRunAsNatively runs unmodified programs of the host, in the VM
// and natively, and compares their output, exit code and the files that they
// leave. The quick ones run always; all of them, an hour or so:
//
//	REVEXEC_HOST_PROGRAMS=all go test ./vm/linux -run HostProgramsRun -v -timeout 4h
//
// REVEXEC_HOST_PROGRAMS may also be a list of names. What is not installed is
// skipped; with CI=true the quick ones must be there.
func TestHostProgramsRunAsNatively(t *testing.T) {
	which := os.Getenv("REVEXEC_HOST_PROGRAMS")
	for _, p := range hostPrograms {
		switch {
		case which == "all":
		case which == "" && (!p.quick || testing.Short()):
			continue
		case which != "" && !slices.Contains(strings.Split(which, ","), p.name):
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			p.require(t)
			want := p.native(t)
			if want.code == 1 && strings.HasPrefix(p.name, "python-") && strings.Contains(want.stdout+want.stderr, "No module named") {
				t.Skip("python3 is installed without its tests")
			}
			got := p.inVM(t)
			if got.code != want.code {
				t.Errorf("exit code %d, want %d", got.code, want.code)
			}
			if got.stdout != want.stdout {
				t.Errorf("stdout differs: %s", difference(got.stdout, want.stdout))
			}
			if got.stderr != want.stderr {
				t.Errorf("stderr differs: %s", difference(got.stderr, want.stderr))
			}
			if got.files != want.files {
				t.Errorf("files differ: %s", difference(got.files, want.files))
			}
		})
	}
}

// require skips the test when what p needs is not installed.
func (p *hostProgram) require(t *testing.T) {
	t.Helper()
	needs := slices.Clone(p.needs)
	for _, tool := range [][]string{p.build, p.argv} {
		if tool != nil && !strings.HasPrefix(tool[0], "./") {
			needs = append(needs, tool[0])
		}
	}
	for _, tool := range needs {
		if _, err := exec.LookPath(tool); err != nil {
			if p.quick && os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}

// The history of a program with children is replayed exactly, from any snapshot
// on, on a machine of its own.
func TestHistoriesOfHostProgramsAreReplayedExactly(t *testing.T) {
	for _, name := range []string{"bash-jobs", "shared-memory", "kernel"} {
		t.Run(name, func(t *testing.T) {
			i := slices.IndexFunc(hostPrograms, func(p hostProgram) bool { return p.name == name })
			p := hostPrograms[i]
			p.require(t)
			dir, path := p.prepare(t)
			h := recordConfig(t, fixed(linux.Config{Path: path, Args: p.argv, Dir: dir, Env: p.env(dir)}), 12)
			m := replayOf(t, h.cfg, h.log)
			rnd := rand.New(rand.NewPCG(6, 6))
			snaps := []vm.Snapshot{m.Snapshot()}
			for range 15 {
				m.Restore(snaps[rnd.IntN(len(snaps))])
				next, found := slices.BinarySearch(h.points, m.Icount())
				if found {
					next++
				}
				if next == len(h.points) {
					continue
				}
				m.Run(h.points[min(next+rnd.IntN(3), len(h.points)-1)], nil)
				h.check(t, m, "after restores")
				snaps = append(snaps, m.Snapshot())
			}
		})
	}
}
