package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/terminal"
	"github.com/dap-revexec/dap-revexec/adapter/terminal/ptytest"
)

// sitting starts the command on a terminal.
func sitting(t *testing.T, args ...string) (*ptytest.Terminal, *exec.Cmd) {
	t.Helper()
	tty := ptytest.New(t)
	cmd := command(args...)
	cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=0") // the race detector's end is slow
	tty.Start(cmd)
	tty.AwaitRaw()
	return tty, cmd
}

// left waits for the command's end and checks its exit status, and that the terminal
// is in order.
func left(t *testing.T, tty *ptytest.Terminal, cmd *exec.Cmd, status int) {
	t.Helper()
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != status {
		t.Errorf("the exit status is %d, want %d", got, status)
	}
	tty.Settle()
	if tty.Raw() {
		t.Error("the terminal is left in raw mode")
	}
}

// typeLines answers the guest stdin.
func typeLines(tty *ptytest.Terminal) {
	tty.Type("one 1\r")
	tty.Expect(" 1: one 1 (5 characters, sum 1)\r\n")
	tty.Type("\x04")
	tty.Expect("1 lines, total 1\r\n")
}

func TestRunGivesTheProgramTheTerminal(t *testing.T) {
	tty, cmd := sitting(t, "run", "--stats", guest(t, "stdin"))
	typeLines(tty)
	tty.Expect("icount ")
	left(t, tty, cmd, 1)
	if n := tty.Count("one 1"); n != 2 { // the echo, the answer
		t.Errorf("the line is seen %d times: %q", n, tty.Seen())
	}
}

func TestKeysAreTheProgramsWhileItRuns(t *testing.T) {
	for keys, status := range map[string]int{"\x03": 128 + 2, "\x1c": 128 + 3} {
		tty, cmd := sitting(t, "run", guest(t, "spin"))
		tty.Type(keys)
		left(t, tty, cmd, status)
	}
}

func TestTerminalIsRestoredWhenTheCommandIsEndedBySignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		tty, cmd := sitting(t, "run", guest(t, "stdin"))
		tty.Type("one 1\r")
		tty.Expect(" 1: one 1")
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		left(t, tty, cmd, 128+int(sig))
	}
}

func TestClosingTheTerminalHangsTheProgramUp(t *testing.T) {
	tty, cmd := sitting(t, "run", guest(t, "stdin"))
	tty.Type("one 1\r")
	tty.Expect(" 1: one 1")
	tty.Close()
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 128+1 {
		t.Errorf("the exit status is %d, not SIGHUP's: %v", got, cmd.ProcessState)
	}
}

func TestRecordingOnATerminalIsWhatWasSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rec")
	tty, cmd := sitting(t, "record", "-o", path, guest(t, "stdin"))
	typeLines(tty)
	tty.Expect("recorded ")
	left(t, tty, cmd, 1)
	seen, _, _ := strings.Cut(tty.Seen(), "dap-revexec: recorded")
	replayed := runIt(t, "", "replay", "--verify", path)
	if replayed.out != seen || replayed.status != 1 {
		t.Errorf("%q is replayed, status %d, of %q", replayed.out, replayed.status, seen)
	}
}

func TestWhatIsSaidOfARecordingHasALineOfItsOwn(t *testing.T) {
	tty, cmd := sitting(t, "record", "-o", filepath.Join(t.TempDir(), "rec"), guest(t, "stdin"))
	tty.Type("half a line\x03")
	tty.Expect("^C\r\ndap-revexec: recorded ")
	left(t, tty, cmd, 128+2)
}

func TestTerminalOfAnotherIsLeftAlone(t *testing.T) {
	exe := guest(t, "steps")
	t.Run("in the background", func(t *testing.T) {
		tty := ptytest.New(t)
		before := tty.Mode()
		run := command("run", exe)
		sh := exec.Command("/bin/sh", "-c", `set -m; "$@" & wait $!; echo status $?`, "sh")
		sh.Args = append(sh.Args, run.Args...)
		sh.Env = run.Env
		tty.Start(sh)
		tty.Expect("status 3")
		left(t, tty, sh, 0)
		if tty.Mode() != before {
			t.Error("the terminal's mode has changed")
		}
	})
	t.Run("piped", func(t *testing.T) {
		tty := ptytest.New(t)
		run := command("run", exe)
		sh := exec.Command("/bin/sh", "-c", `"$@" | cat`, "sh")
		sh.Args = append(sh.Args, run.Args...)
		sh.Env = run.Env
		tty.Start(sh)
		left(t, tty, sh, 0)
		if strings.Contains(tty.Seen(), "\r\r\n") {
			t.Errorf("a pipe gets what is for a terminal: %q", tty.Seen())
		}
	})
}

func TestTerminalIsRestoredWhenTheProxyIsEndedBySignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		ln, err := terminal.Listen()
		if err != nil {
			t.Fatal(err)
		}
		tty, cmd := sitting(t, ln.Args("")[1:]...)
		r, err := ln.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r.Write(t.Context(), []byte("\x1b[?1049h\x1b[?25ltext"))
		tty.Expect("text")
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		left(t, tty, cmd, 128+int(sig))
		tty.Expect("\x1b[?25h\x1b[?1049l")
		<-r.Gone()
		if !r.Lost() {
			t.Errorf("%v: the session does not notice", sig)
		}
	}
}

func TestTheProxyIsHiddenAndSaysWhatItIsFor(t *testing.T) {
	if help := runIt(t, "", "--help"); strings.Contains(help.out, " terminal ") {
		t.Error("the help lists the proxy")
	}
	got := runIt(t, "", "terminal", "/nonexistent")
	if got.status != 1 || !strings.Contains(got.err, "for editors") {
		t.Errorf("without a terminal: %+v", got)
	}
	if got := runIt(t, "", "terminal"); got.status != 1 || !strings.Contains(got.err, "arg") {
		t.Errorf("without a file: %+v", got)
	}
}
