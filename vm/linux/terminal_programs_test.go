//go:build linux && amd64

package linux_test

import (
	"fmt"
	"math/rand/v2"
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

// replaysInPieces replays a machine's history in pieces of random sizes.
func replaysInPieces(t *testing.T, cfg linux.Config, m *linux.Machine) {
	t.Helper()
	cfg.Terminal = &linux.Terminal{Source: nobody{t}}
	rnd := rand.New(rand.NewPCG(3, m.Icount()))
	r := replayOf(t, cfg, m.Log())
	for r.Icount() < m.Icount() {
		if s := r.Run(min(r.Icount()+1+rnd.Uint64N(m.Icount()/50+1), m.Icount()), nil); s.Err != nil {
			t.Fatal(s.Err)
		}
	}
	if r.Hash() != m.Hash() {
		t.Error("the replay ends otherwise")
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

func TestPythonsPromptOnTheTerminal(t *testing.T) {
	path, err := exec.Command("python3", "-c", "import sys, readline; print(sys.executable)").Output()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no python3 with readline")
	}
	cfg := onTerminal(t, t.TempDir(), strings.TrimSpace(string(path)), "-q", "-S")
	m, _ := session(t, cfg, func(p *person) {
		p.awaits(">>> ")
		p.types("1+2\x1b[D\x1b[D\x1b[D10*\r") // edited: 10*1+2
		p.awaits("12\r\n")
		p.awaits(">>> ")
		p.types("\x1b[A\x7f5\r") // the line before, changed
		p.awaits("15\r\n")
		p.awaits(">>> ")
		p.types("while True: pass\r\r")
		p.awaits("... ")
		p.awaits("\n")
		p.types("\x03")
		p.awaits("KeyboardInterrupt")
		p.awaits(">>> ")
		p.types("import os; os.get_terminal_size().columns, os.ttyname(0)\r")
		p.awaits("(80, '/dev/pts/0')")
		p.awaits(">>> ")
		p.types("\x04")
	})
	if st, _ := m.Exited(); st.Code != 0 || st.Signal != 0 {
		t.Errorf("it ends with %+v", st)
	}
	replaysInPieces(t, cfg, m)
}

func TestAnEditorAndAPagerOnTheTerminal(t *testing.T) {
	t.Run("vi", func(t *testing.T) {
		dir := t.TempDir()
		cfg := onTerminal(t, dir, "vi", "-u", "NONE", "-n", "text")
		m, _ := session(t, cfg, func(p *person) {
			p.awaits("text") // its status line
			p.types("ihello\rworld\x1bkA there\x1b")
			p.awaits("there")
			p.types(":wq\r")
		})
		if text, err := os.ReadFile(filepath.Join(dir, "text")); string(text) != "hello there\nworld\n" {
			t.Errorf("the file has %q, %v", text, err)
		}
		replaysInPieces(t, cfg, m)
	})
	t.Run("less", func(t *testing.T) {
		dir := t.TempDir()
		var lines strings.Builder
		for i := range 200 {
			fmt.Fprintf(&lines, "line %d\n", i+1)
		}
		if err := os.WriteFile(filepath.Join(dir, "text"), []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		cfg := onTerminal(t, dir, "less", "text")
		m, _ := session(t, cfg, func(p *person) {
			p.awaits("line 23")
			p.types(" ")
			p.awaits("line 46")
			p.types("/line 150\r")
			p.awaits("line 150")
			p.types("q")
		})
		if st, _ := m.Exited(); st.Code != 0 || st.Signal != 0 {
			t.Errorf("it ends with %+v", st)
		}
		replaysInPieces(t, cfg, m)
	})
}
