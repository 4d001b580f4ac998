package linux_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// buildCalls builds the guest in testdata/calls, which checks the results of
// system calls itself.
func buildCalls(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "calls")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", exe, "main.go")
	cmd.Dir = filepath.Join("testdata", "calls")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=riscv64", "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

// qemuDefects is where qemu-riscv64 7.2 differs from Linux.
var qemuDefects = []string{"not ok: madvise of unmapped: 0, want -12", "not ok: fixed no replace: "}

func TestSystemCallsDoWhatLinuxDoes(t *testing.T) {
	t.Parallel()
	exe := buildCalls(t)
	t.Run("here", func(t *testing.T) {
		var o out
		cfg := fixed(linux.Config{Path: exe, Dir: t.TempDir(), Output: o.sink})
		h := recordConfig(t, cfg, 20)
		if got := o.stdout.String(); got != "done\n" {
			t.Errorf("it prints:\n%s%s", got, o.stderr.String())
		}
		if left, _ := os.ReadDir(cfg.Dir); len(left) != 0 {
			t.Errorf("%d files are left", len(left))
		}
		h.inChunks(t, 9973, 50_000)
	})
	t.Run("under qemu", func(t *testing.T) {
		qemu, err := exec.LookPath("qemu-riscv64")
		if err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal("qemu-riscv64 is not installed (Debian: qemu-user)")
			}
			t.Skip("qemu-riscv64 is not installed (Debian: qemu-user)")
		}
		cmd := exec.CommandContext(t.Context(), qemu, exe)
		cmd.Dir, cmd.WaitDelay = t.TempDir(), time.Minute
		got, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, got)
		}
	lines:
		for line := range strings.Lines(string(got)) {
			for _, d := range qemuDefects {
				if strings.HasPrefix(line, d) {
					continue lines
				}
			}
			if line != "done\n" {
				t.Errorf("the guest expects what qemu does not do: %s", line)
			}
		}
	})
}
