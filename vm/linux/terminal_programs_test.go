//go:build linux && amd64

package linux_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// onTerminal is how to run a program of the host's on a terminal in directory dir. The
// test is skipped when it is not installed.
func onTerminal(t *testing.T, dir string, argv ...string) linux.Config {
	t.Helper()
	path, err := exec.LookPath(argv[0])
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return fixed(linux.Config{
		Path: path, Args: argv, Dir: dir, Terminal: &linux.Terminal{},
		Env: []string{"PATH=" + os.Getenv("PATH"), "TERM=xterm", "PS1=$ ", "LC_ALL=C.UTF-8", "HOME=" + dir},
	})
}

// replaysInPieces replays a machine's history in pieces of various sizes.
func replaysInPieces(t *testing.T, cfg linux.Config, m *linux.Machine) {
	t.Helper()
	cfg.Terminal = &linux.Terminal{Source: nobody{t}}
	for _, chunk := range []uint64{1 << 40, 7919} {
		r := replayOf(t, cfg, m.Log())
		for r.Icount() < m.Icount() {
			if s := r.Run(min(r.Icount()+chunk, m.Icount()), nil); s.Err != nil {
				t.Fatal(s.Err)
			}
		}
		if r.Hash() != m.Hash() {
			t.Errorf("pieces of %d: the replay ends otherwise", chunk)
		}
	}
}

func TestAShellOnTheTerminalControlsItsJobs(t *testing.T) {
	cfg := onTerminal(t, t.TempDir(), "bash", "--norc", "--noprofile", "-i")
	m, p := session(t, cfg, func(p *person) {
		p.awaits("$ ")
		p.types("tty\r")
		p.awaits("/dev/pts/0\r\n")
		p.awaits("$ ")
		p.types("stty size; test -t 0 -a -t 1 -a -t 2 && echo all\r")
		p.awaits("24 80\r\nall\r\n")
		p.awaits("$ ")
		p.types("cat\r")
		p.types("abc\x7fd\r")
		p.awaits("abc\b \bd\r\nabd\r\n")
		p.types("\x04")
		p.awaits("$ ")
		p.types("while :; do :; done\r") // computes
		p.awaits("done")
		p.types("\x03")
		p.awaits("^C")
		p.awaits("$ ")
		p.types("sh -c 'echo on; sleep 1000'\r") // waits
		p.awaits("\ron\r\n")
		p.types("\x03")
		p.awaits("$ ")
		p.types("echo x | tr x y; sh -c 'yes | cat >/dev/null'\r") // give each other turns
		p.awaits("\ry\r\n")
		p.types("\x03")
		p.awaits("$ ")
		p.resizes(50, 132)
		p.types("stty size\r")
		p.awaits("50 132\r\n")
		p.types("exit 3\r")
	})
	if st, _ := m.Exited(); st.Code != 3 {
		t.Errorf("it ends with %+v", st)
	}
	if s := p.all(); strings.Contains(s, "no job control") {
		t.Errorf("the terminal shows %q", s)
	}
	replaysInPieces(t, cfg, m)
}
