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

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// hostProgram is a program of the host's, or one that the host's compilers make,
// which must do in the VM what it does natively.
type hostProgram struct {
	name  string
	quick bool     // runs always; the others with HOST_PROGRAMS=all
	build []string // made first, in the directory
	argv  []string
	stdin string
	max   uint64 // instructions that it may take; 0: 2·10^10
	// changes matches what differs from run to run: times, addresses.
	changes *regexp.Regexp
}

var durations = regexp.MustCompile(`random seed: \d+|load avg: [0-9.]+|(\d+ min )?\d+(\.\d+)? ?(sec|ms|s)\b|0x[0-9a-f]+`)

// sh is a line for bash.
func sh(line string) []string { return []string{"bash", "-c", line} }

// goTests is the tests of a package of Go's standard library.
func goTests(pkg string, args ...string) hostProgram {
	return hostProgram{
		name:    "go-" + strings.ReplaceAll(pkg, "/", "-"),
		build:   []string{"go", "test", "-c", "-o", "tests", pkg},
		argv:    append([]string{"./tests", "-test.short"}, args...),
		changes: durations,
		max:     1e11,
	}
}

var hostPrograms = []hostProgram{
	{name: "ls", quick: true, argv: []string{"ls", "-lRgo", "tree"}},
	{name: "sort", quick: true, argv: []string{"sort", "-k2", "-n", "words.txt"}},
	{name: "sha256sum", quick: true, argv: []string{"sha256sum", "words.txt", "main.c"}},
	{name: "cat", quick: true, argv: []string{"cat"}, stdin: "one\ntwo\n"},
	{name: "grep", quick: true, argv: []string{"grep", "-nE", "(ab|cd)[e-m]+.*9$", "words.txt"}},
	{name: "sed", quick: true, argv: []string{"sed", "-E", "s/([a-m]+) ([0-9]+)/\\2:\\1/;10q", "words.txt"}},
	{name: "awk", quick: true, argv: []string{"awk", "{n[length($1)]++; s+=$2} END {for (i=0;i<20;i++) printf \"%d %d\\n\", i, n[i]; printf \"%.3f %g\\n\", s/NR, sqrt(s)}", "words.txt"}},
	{name: "bash-loop", quick: true, argv: sh(`s=0; for i in {1..500}; do ((s+=i*i)); done; echo $s; f() { [ $1 -lt 2 ] && echo $1 || echo $(( $(f $(($1-1))) + $(f $(($1-2))) )); }; f 5; printf '%s\n' "${BASH_VERSION%%.*}" tree/*`)},
	{name: "bash-pipes", quick: true, argv: sh(`sort words.txt | uniq -c | sort -rn | head -5; cut -d' ' -f2 words.txt | tr 0-9 a-j | wc; (exit 3) || echo failed $?; cat <(echo sub) > out; trap 'echo bye' EXIT; kill -USR1 $$ 2>/dev/null; exit 7`)},
	{name: "bash-jobs", quick: true, argv: sh(`for i in 3 1 2; do (sleep 0.0$i; echo job $i) & done; wait; (exit 4) & wait $!; echo $?; sleep 100 & kill $!; wait $!; echo $?; coproc cat; echo co >&${COPROC[1]}; read -u ${COPROC[0]} x; echo $x; x=$(exec sh -c 'echo $0 $1' a b); echo $x; timeout 1 sleep 5; echo $?; yes | head -2; echo ${PIPESTATUS[*]}; read -r a b < <(echo hello world); echo $b $a`)},
	{name: "script", quick: true, argv: sh(`printf '#!/bin/sh -e\necho $0 $*; exec ./two x\n' > one; printf '#! ./three  y\n' > two; cp /bin/echo three; chmod +x one two; ./one a b; ls -1 | xargs -n 2 echo; env -i A=1 env; nice sh -c 'echo nice'; setsid -w echo session; rm one two three`)},
	{name: "make", quick: true, argv: []string{"make", "-s", "-j2", "-f", "-", "all"}, stdin: "all: a b\n\t@echo all\na:\n\t@echo making a\nb: a\n\t@echo making b | tr a-z A-Z\n"},
	{name: "python-subprocess", argv: []string{"/usr/bin/python3", "-c", "import subprocess, os; print(subprocess.run(['sh', '-c', 'echo hi; exit 4'], capture_output=True)); p = os.fork() or os._exit(5); print(os.waitpid(p, 0)[1]); q = subprocess.Popen(['cat'], stdin=-1, stdout=-1); print(q.communicate(b'x' * 200000)[0] == b'x' * 200000, q.returncode)"}},
	{name: "find", quick: true, argv: []string{"find", "tree", "-type", "f", "-size", "+10c", "-printf", "%p %s\\n"}},
	{name: "gzip", quick: true, argv: sh(`gzip -9 -c words.txt > w.gz && gzip -dc w.gz | cmp - words.txt && echo same`)},
	{name: "perl", quick: true, argv: []string{"perl", "-e", `my %h; while (<STDIN>) { $h{$1} += $2 if /^(\w)\w* (\d+)/ } print "$_ $h{$_}\n" for sort keys %h; printf "%.10f %s\n", atan2(1,1)*4, join ",", map { $_**2 } 1..9;`}, stdin: "abc 12\nade 30\nb 7\n"},
	{name: "xz", argv: sh(`xz -k words.txt && xz -dc words.txt.xz | cmp - words.txt && rm words.txt.xz && echo same`)},
	{name: "zstd", argv: sh(`zstd -q -19 words.txt -o w.zst && zstd -dqc w.zst | cmp - words.txt && echo same`)},
	{name: "tar", argv: sh(`tar cf - --sort=name tree | tee t.tar | tar tvf - && mkdir x && tar xf t.tar -C x && diff -r tree x/tree && rm -r x && echo same`)},
	{name: "bc-dc", argv: sh(`command -v bc >/dev/null && echo 'scale=50; 4*a(1)' | bc -l; expr 6 '*' 7; seq 5 | paste -sd+; date -u -d @1000000000 +%F; od -c main.c | tail -2`)},
	{name: "python-hello", argv: []string{"python3", "-c", "import sys, math, json; print(sum(math.sqrt(i) for i in range(1000)), json.dumps({'a': [1, 2.5, None]}), 2**200, sys.byteorder)"}},
	{name: "python-json", argv: []string{"python3", "-m", "test", "-q", "test_json"}, changes: durations, max: 2e11},
	{name: "python-re", argv: []string{"python3", "-m", "test", "-q", "test_re"}, changes: durations, max: 2e11},
	{name: "sqlite3", quick: true, argv: []string{"sqlite3", "test.db"}, stdin: `
create table t(id integer primary key, name text, v real);
with recursive c(x) as (values(1) union all select x+1 from c where x<500) insert into t select x, 'n' || (x*7919%1000), x*1.5 from c;
create index i on t(name);
select count(*), sum(v), avg(v) from t where name like 'n1%';
begin; delete from t where id%3=0; rollback;
select name, v from t order by name desc limit 3;
pragma integrity_check;
`},
	{name: "git", argv: sh(`export GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' GIT_CONFIG_NOSYSTEM=1 HOME=$PWD; git init -q repo && cd repo && git config user.name n && git config user.email e && cp -r ../tree . && git add . && git commit -qm first && git log --oneline && echo x >> tree/a.txt && git diff --stat && git status --short && rm -rf .git`)},
	{name: "node", argv: []string{"node", "--jitless", "-e", "console.log([3,1,2].sort().map(x => x ** 20), JSON.stringify({a: new Date(0)}))"}},
	{name: "tcl", argv: []string{"tclsh"}, stdin: "set s 0\nfor {set i 0} {$i < 1000} {incr i} {incr s $i}\nputs [list $s [clock format 0 -gmt 1] [expr {sqrt(2)}]]\n"},
	{name: "cc1", argv: sh(`gcc -O2 -S -o main.s main.c && gcc -O2 -o main main.c -lm && ./main`), max: 1e11},
	{name: "c-static", quick: true, build: []string{"gcc", "-O2", "-static", "-o", "main-static", "main.c", "-lm"}, argv: []string{"./main-static"}},
	{name: "c-dynamic", quick: true, build: []string{"gcc", "-O2", "-o", "main-dynamic", "main.c", "-lm"}, argv: []string{"./main-dynamic"}},
	{name: "threads", quick: true, build: []string{"g++", "-O2", "-pthread", "-o", "threads", "threads.cc"}, argv: []string{"./threads"}},
	goTests("sort"),
	goTests("strconv"),
	goTests("encoding/json"),
	goTests("compress/flate"),
	goTests("net/http", "-test.run", "TestServe|TestHandler|TestClient"),
	goTests("regexp"),
	goTests("sync"),
	goTests("time"),
}

// hostSources are files that the programs work on.
var hostSources = map[string]string{
	"tree/a.txt":       "alpha\n",
	"tree/sub/b.txt":   strings.Repeat("beta ", 40) + "\n",
	"tree/sub/deep/.c": "",
	"main.c": `#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct node { struct node *next; int key; char name[16]; };
static struct node *add(struct node *n, int key)
{
	struct node *m = malloc(sizeof *m);
	m->next = n;
	m->key = key * 7919 % 1009;
	snprintf(m->name, sizeof m->name, "node-%d", m->key);
	return m;
}
static int compare(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
	return x->key - y->key;
}
int main(void)
{
	struct node *list = NULL, *all[300];
	for (int i = 0; i < 300; i++)
		all[i] = list = add(list, i);
	qsort(all, 300, sizeof *all, compare);
	double s = 0;
	long double l = 1;
	for (int i = 0; i < 300; i++) {
		s += sin(all[i]->key) * pow(1.01, i % 20);
		l = l * 1.0001L + strlen(all[i]->name);
	}
	printf("%s %s %.12f %.18Lf\n", all[0]->name, all[299]->name, s, l);
	return 5;
}
`,
	"threads.cc": `#include <atomic>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>
int main()
{
	std::mutex m;
	std::condition_variable cv;
	std::atomic<long> sum{0};
	int ready = 0;
	std::vector<std::thread> threads;
	for (int i = 0; i < 6; i++)
		threads.emplace_back([&, i] {
			for (int j = 0; j < 2000; j++)
				sum += i * j;
			std::lock_guard<std::mutex> l(m);
			ready++;
			cv.notify_all();
		});
	{
		std::unique_lock<std::mutex> l(m);
		cv.wait(l, [&] { return ready == 6; });
	}
	for (auto &t : threads)
		t.join();
	std::cout << sum << ' ' << ready << std::endl;
	return 0;
}
`,
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
	for name, text := range hostSources {
		write(name, text)
	}
	write("words.txt", words.String())
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
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
func contents(t *testing.T, dir string) string {
	t.Helper()
	var s strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
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
		cmd := exec.Command(p.build[0], p.build[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(p.build, " "), err, out)
		}
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
	return p.normalize(result{stdout.String(), stderr.String(), contents(t, dir), code}, dir)
}

func (p *hostProgram) inVM(t *testing.T) result {
	t.Helper()
	dir, path := p.prepare(t)
	var o out
	m := start(t, linux.Config{
		Path: path, Args: p.argv, Dir: dir, Env: p.env(dir), Stdin: strings.NewReader(p.stdin), Output: o.sink, NCPU: 2,
	})
	limit := p.max
	if limit == 0 {
		limit = 2e10
	}
	begin := time.Now()
	s := m.Run(limit, nil)
	took := time.Since(begin)
	t.Logf("%d instructions in %v: %.0f million a second", s.Icount, took.Round(time.Millisecond), float64(s.Icount)/1e6/took.Seconds())
	if s.Reason != vm.StopExit {
		t.Fatalf("%v at icount %d, pc %#x: %v\nstdout: %s\nstderr: %s", s.Reason, s.Icount, s.PC, s.Err, tail(o.stdout.String()), tail(o.stderr.String()))
	}
	status, _ := m.Exited()
	code := status.Code
	if status.Signal != 0 {
		code = 128 + status.Signal
	}
	return p.normalize(result{o.stdout.String(), o.stderr.String(), contents(t, dir), code}, dir)
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
// leave. The quick ones run always; all of them:
//
//	HOST_PROGRAMS=all go test ./vm/linux -run HostPrograms -v -timeout 2h
//
// HOST_PROGRAMS may also be a list of names.
func TestHostProgramsRunAsNatively(t *testing.T) {
	which := os.Getenv("HOST_PROGRAMS")
	for _, p := range hostPrograms {
		switch {
		case which == "all":
		case which == "" && (!p.quick || testing.Short()):
			continue
		case which != "" && !slices.Contains(strings.Split(which, ","), p.name):
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			for _, tool := range [][]string{p.build, p.argv} {
				if tool == nil || strings.HasPrefix(tool[0], "./") {
					continue
				}
				if _, err := exec.LookPath(tool[0]); err != nil {
					if os.Getenv("CI") == "true" {
						t.Fatal(err)
					}
					t.Skip(err)
				}
			}
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
			if got.files != want.files && p.build == nil {
				t.Errorf("files differ: %s", difference(got.files, want.files))
			}
		})
	}
}

// The history of a shell with its children is replayed exactly, from any snapshot
// on, on a machine of its own.
func TestHistoriesOfHostShellsAreReplayedExactly(t *testing.T) {
	i := slices.IndexFunc(hostPrograms, func(p hostProgram) bool { return p.name == "bash-jobs" })
	p := hostPrograms[i]
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
}
