package linux_test

import (
	"bytes"
	"encoding/gob"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// A history that was made by this test's build for the host's architecture is
// replayed by builds for others, which qemu-user runs.

// carried names the directory where such a build finds histories.
const carried = "REVEXEC_CARRIED_HISTORIES"

// carriedHistory is a history as it goes from build to build, in a file of its own:
// the parts of a recording.
type carriedHistory struct {
	Name, Made string // the guest's; GOOS and GOARCH of the build
	Machine    []byte // from Describe
	Inputs     []vm.Input
	Frontier   uint64
	Points     []uint64 // positions, ascending; the last is the end
	Hashes     []vm.Hash
	Saved      [][]byte // snapshots there, each relative to the one before
	Pages      [][]byte // of the snapshots, in the order of their refs
}

// travellers are the guests whose histories are carried, with arguments in place of
// the guest's own: what they have in common is that a host could make a difference,
// in floating point, vectors, the order of threads and of bytes.
var travellers = []struct {
	name  string
	chaos bool
	args  []string
}{
	{name: "floats"}, {name: "arith"}, {name: "x86"}, {name: "selfmod"}, // not for both architectures
	{name: "bench_float", args: []string{"20000"}},
	{name: "hello_glibc"}, {name: "files"}, {name: "stdin"}, {name: "signals_more"}, {name: "threads"}, {name: "values_o2"},
	{name: "pthread_glibc", chaos: true}, {name: "contend_glibc", chaos: true}, {name: "lazy_race", chaos: true},
	{name: "programs"}, {name: "gohello"},
}

// pack records a guest's history.
func pack(t *testing.T, g testdata.Guest, chaos bool) *carriedHistory {
	t.Helper()
	cfg := config(t, g)
	cfg.Chaos = linux.Chaos{On: chaos, Seed: 3}
	h := recordConfig(t, cfg, 6)
	m := replayOf(t, cfg, h.log)
	c := &carriedHistory{Name: g.Arch + "/" + g.Name, Made: runtime.GOOS + "/" + runtime.GOARCH,
		Machine: linux.Describe(m), Frontier: h.log.Frontier(), Points: h.points}
	for i := range h.log.Len() {
		c.Inputs = append(c.Inputs, *h.log.At(i))
	}
	var store drawer
	var prev vm.Snapshot
	for _, p := range h.points {
		m.Run(p, nil)
		s := m.Snapshot()
		data, err := s.Save(prev, &store)
		if err != nil {
			t.Fatal(err)
		}
		prev = s
		c.Hashes, c.Saved = append(c.Hashes, h.hashes[p]), append(c.Saved, data)
	}
	for i := range store.pages {
		c.Pages = append(c.Pages, store.pages[i][:])
	}
	return c
}

// replay goes through the history: all positions in order, then from the snapshots
// that were saved there.
func (c *carriedHistory) replay(t *testing.T) {
	log := &vm.Log{}
	for i := range c.Inputs {
		log.Append(&c.Inputs[i])
	}
	log.Reached(c.Frontier)
	m, err := linux.Reopen(c.Machine, log, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	check := func(i int, how string) {
		t.Helper()
		if m.Icount() != c.Points[i] {
			t.Fatalf("%s: at %d instead of %d", how, m.Icount(), c.Points[i])
		}
		if m.Hash() != c.Hashes[i] {
			t.Fatalf("%s: the state at icount %d is another on %s/%s than it was on %s", how, c.Points[i], runtime.GOOS, runtime.GOARCH, c.Made)
		}
	}
	for i, p := range c.Points {
		m.Run(p, nil)
		check(i, "replayed")
	}
	store := &drawer{}
	for _, p := range c.Pages {
		store.pages = append(store.pages, [vm.PageSize]byte(p))
	}
	var prev vm.Snapshot
	for i, data := range c.Saved {
		s, err := m.Load(data, prev, store)
		if err != nil {
			t.Fatal(err)
		}
		m.Restore(s)
		check(i, "loaded")
		if i+1 < len(c.Points) {
			m.Run(c.Points[i+1], nil)
			check(i+1, "replayed from a loaded snapshot")
		}
		prev = s
	}
}

// This is what a build for another architecture is asked to do.
func TestCarriedHistoriesReplay(t *testing.T) {
	dir := os.Getenv(carried)
	if dir == "" {
		t.Skip("for a build that TestABuildForAnotherArchitectureReplaysTheSame runs")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.history"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no histories in %s: %v", dir, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c carriedHistory
		if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&c); err != nil {
			t.Fatal(file, err)
		}
		t.Run(c.Name, func(t *testing.T) {
			began := time.Now()
			c.replay(t)
			t.Logf("%d instructions in %v", c.Points[len(c.Points)-1], time.Since(began).Round(time.Millisecond))
		})
	}
}

// foreignArchitectures are those that builds are made for, and what runs them here.
var foreignArchitectures = []struct{ goarch, qemu string }{{"arm64", "qemu-aarch64"}, {"riscv64", "qemu-riscv64"}}

func TestABuildForAnotherArchitectureReplaysTheSame(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("builds for other architectures run on x86-64 Linux, under qemu-user")
	}
	if testing.Short() {
		t.Skip("builds tests for other architectures")
	}
	dir := t.TempDir()
	made := 0
	for _, tr := range travellers {
		for _, arch := range testdata.Arches() {
			g, ok := testdata.LookupFor(arch, tr.name)
			if !ok {
				continue
			}
			if tr.args != nil {
				g.Args = tr.args
			}
			var b bytes.Buffer
			if err := gob.NewEncoder(&b).Encode(pack(t, g, tr.chaos)); err != nil {
				t.Fatal(err)
			}
			made++
			if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(made)+".history"), b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range foreignArchitectures {
		t.Run(f.goarch, func(t *testing.T) {
			qemu, err := exec.LookPath(f.qemu)
			if err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			exe := filepath.Join(t.TempDir(), "tests")
			build := exec.Command("go", "test", "-c", "-o", exe, ".")
			build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+f.goarch, "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("building the tests: %v\n%s", err, out)
			}
			run := exec.Command(qemu, exe, "-test.run", "^TestCarriedHistoriesReplay$", "-test.v")
			run.Env = append(os.Environ(), carried+"="+dir)
			out, err := run.CombinedOutput()
			if n := strings.Count(string(out), "    --- PASS"); err != nil || n != made {
				t.Fatalf("%d of %d histories replay: %v\n%s", n, made, err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// The Go specification allows x*y + z to be rounded once, and builds for some
// architectures do. What a guest sees must not depend on that: the machine's own code
// asks for it, with math.FMA, or not.
func TestNoBuildFusesFloatingPointUnasked(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("one host is enough")
	}
	if testing.Short() {
		t.Skip("compiles for other architectures")
	}
	for _, f := range foreignArchitectures {
		build := exec.Command("go", "build", "-gcflags=-S", "github.com/dap-revexec/dap-revexec/vm/...")
		build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+f.goarch, "CGO_ENABLED=0")
		out, err := build.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", f.goarch, err, out)
		}
		asked := 0
		for _, m := range fused.FindAllStringSubmatch(string(out), -1) {
			source, err := os.ReadFile(m[1])
			if err != nil {
				t.Fatal(err)
			}
			n, _ := strconv.Atoi(m[2])
			if line := strings.Split(string(source), "\n")[n-1]; !strings.Contains(line, "math.FMA(") {
				t.Errorf("%s: %s:%d is compiled to %s: round the product with float64(…)\n%s", f.goarch, m[1], n, m[3], line)
			} else {
				asked++
			}
		}
		if asked == 0 {
			t.Errorf("%s: no fused instruction at all, even where they are asked for: has the listing another form?", f.goarch)
		}
	}
}

// fused matches a line of the compiler's listing with such an instruction.
var fused = regexp.MustCompile(`\((/[^\s():]+\.go):(\d+)\)\s+(F\w*M(?:ADD|SUB)\w*)\b`)
