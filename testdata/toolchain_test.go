package testdata

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
)

// What guests print does not depend on the architecture: those that can be built
// for this machine's do here what they do elsewhere.
func TestGuestsBuiltForThisMachineRunOnIt(t *testing.T) {
	for _, tc := range Toolchains() {
		if tc.Arch != runtime.GOARCH || runtime.GOOS != "linux" {
			continue
		}
		if err := tc.Missing(); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
		for _, name := range []string{"steps", "steps_o2", "recurse", "threads", "crash", "values", "hello_glibc", "demo_inventory"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				g, _ := Lookup(name)
				exe, err := tc.Build(t.TempDir(), name)
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(exe, g.Args...)
				out, err := cmd.Output()
				if cmd.ProcessState == nil {
					t.Fatal(err)
				}
				if g.Signal == 0 && cmd.ProcessState.ExitCode() != g.Exit {
					t.Errorf("exit code %d, want %d", cmd.ProcessState.ExitCode(), g.Exit)
				}
				if len(out) == 0 != (len(g.Expect()) == 0) {
					t.Errorf("it printed %q", out)
				}
			})
		}
	}
}
