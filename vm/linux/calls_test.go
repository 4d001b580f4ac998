package linux_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// buildCalls builds the guest in testdata/calls, which checks the results of
// system calls itself.
func buildCalls(t *testing.T, arch string) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "calls")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", exe, ".")
	cmd.Dir = filepath.Join("testdata", "calls")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

// qemuDefects is where QEMU 7.2's user mode differs from Linux.
var qemuDefects = []string{"not ok: madvise of unmapped: 0, want -12", "not ok: fixed no replace: "}

func TestSystemCallsDoWhatLinuxDoes(t *testing.T) {
	t.Parallel()
	for _, arch := range testdata.Arches() {
		t.Run(arch, func(t *testing.T) { testCalls(t, arch) })
	}
}

func testCalls(t *testing.T, arch string) {
	exe := buildCalls(t, arch)
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
	t.Run("elsewhere", func(t *testing.T) {
		run := []string{exe}
		var defects []string
		if runtime.GOOS != "linux" || runtime.GOARCH != arch {
			name := map[string]string{testdata.RISCV64: "qemu-riscv64", testdata.AMD64: "qemu-x86_64"}[arch]
			qemu, err := exec.LookPath(name)
			if err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatalf("%s is not installed (Debian: qemu-user)", name)
				}
				t.Skipf("%s is not installed (Debian: qemu-user)", name)
			}
			run, defects = []string{qemu, exe}, qemuDefects
		}
		cmd := exec.CommandContext(t.Context(), run[0], run[1:]...)
		cmd.Dir, cmd.WaitDelay = t.TempDir(), time.Minute
		got, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, got)
		}
	lines:
		for line := range strings.Lines(string(got)) {
			for _, d := range defects {
				if strings.HasPrefix(line, d) {
					continue lines
				}
			}
			if line != "done\n" {
				t.Errorf("the guest expects what is not so elsewhere: %s", line)
			}
		}
	})
}
