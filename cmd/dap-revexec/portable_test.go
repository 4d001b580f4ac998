package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
)

// What is recorded here is replayed by the commands for other processors, which
// qemu-user runs: output, end, and the state at each checkpoint.
func TestRecordingsReplayOnOtherProcessors(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("commands for other processors run on x86-64 Linux, under qemu-user")
	}
	if testing.Short() {
		t.Skip("builds the command for other processors")
	}
	type recorded struct {
		name, path string
		did        result
	}
	var all []recorded
	for _, arch := range testdata.Arches() {
		for _, c := range []struct {
			name  string
			args  []string // in place of the guest's
			flags []string
		}{
			{name: "bench_float", args: []string{"50000"}}, {name: "x86"}, {name: "stdin"}, {name: "programs"}, {name: "crash"},
			{name: "contend_glibc", flags: []string{"--chaos", "1"}}, {name: "sockets_glibc", flags: []string{"--chaos", "2"}},
		} {
			g, ok := testdata.LookupFor(arch, c.name)
			if !ok {
				continue
			}
			if c.args != nil {
				g.Args = c.args
			}
			path, did := record(t, g, append(c.flags, "-q")...)
			all = append(all, recorded{c.name + "@" + arch, path, did})
		}
	}
	for _, f := range []struct{ goarch, qemu string }{{"arm64", "qemu-aarch64"}, {"riscv64", "qemu-riscv64"}} {
		t.Run(f.goarch, func(t *testing.T) {
			qemu, err := exec.LookPath(f.qemu)
			if err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			tool := filepath.Join(t.TempDir(), "dap-revexec")
			build := exec.Command("go", "build", "-o", tool, ".")
			build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+f.goarch, "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("building the command: %v\n%s", err, out)
			}
			for _, r := range all {
				got := finish(t, exec.Command(qemu, tool, "replay", "--verify", r.path), "")
				if got.status != r.did.status || got.out != r.did.out || !strings.Contains(got.err, "verified") {
					t.Errorf("%s: recorded with status %d and output %q; replayed: %+v", r.name, r.did.status, r.did.out, got)
				}
			}
		})
	}
}

// A run that loses a race is recorded, and loses it in each replay.
func TestARecordedRaceIsLostInEachReplay(t *testing.T) {
	for _, arch := range testdata.Arches() {
		t.Run(arch, func(t *testing.T) {
			g, ok := testdata.LookupFor(arch, "lazy_race")
			if !ok {
				t.Fatal("no such guest")
			}
			const lost = 128 + 6
			for seed := range 100 {
				path, did := record(t, g, "-q", "--chaos", strconv.Itoa(seed))
				if did.status == 0 {
					continue
				}
				if did.status != lost || !strings.Contains(did.out, "1 of 2 users") {
					t.Fatalf("seed %d: %+v", seed, did)
				}
				for range 3 {
					if got := runIt(t, "", "replay", path); got != did {
						t.Errorf("seed %d: recorded %+v, replayed %+v", seed, did, got)
					}
				}
				if got := runIt(t, "", "replay", "--verify", path); got.status != lost || !strings.Contains(got.err, "verified") {
					t.Errorf("seed %d: %+v", seed, got)
				}
				return
			}
			t.Error("no run of 100 loses the race")
		})
	}
}
