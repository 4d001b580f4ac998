//go:build linux && amd64

package linux_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// probes are the compilers for testdata/tty/probe.c, by architecture. The first one's
// programs the host can run.
var probes = []struct {
	arch string
	cc   []string
}{
	{"amd64", []string{"gcc"}},
	{"riscv64", []string{"riscv64-linux-gnu-gcc", "-static"}},
}

// probe compiles the probe for an architecture; the test is skipped when there is no
// compiler.
func probe(t *testing.T, dir string, i int) (path string) {
	t.Helper()
	cc := probes[i].cc
	if _, err := exec.LookPath(cc[0]); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	path = filepath.Join(dir, "probe-"+probes[i].arch)
	args := append(cc[1:len(cc):len(cc)], "-O1", "-w", "-o", path, filepath.Join("testdata", "tty", "probe.c"))
	if out, err := exec.Command(cc[0], args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cc[0], err, out)
	}
	return path
}

// natively runs a program of the host's on one of the host's terminals, at which
// someone sits. It returns what that has shown.
func natively(t *testing.T, dir string, argv []string, someone func(p *person)) string {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	master := os.NewFile(uintptr(fd), "ptmx") // non-blocking: closing it ends a read
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	resize := func(s linux.TerminalSize) {
		if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: s.Rows, Col: s.Cols}); err != nil {
			t.Error(err)
		}
	}
	resize(linux.TerminalSize{Rows: 24, Cols: 80})
	if s, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS); err == nil {
		s.Iflag |= unix.IUTF8
		_ = unix.IoctlSetTermios(int(slave.Fd()), unix.TCSETS, s)
	}
	p := newPerson(t)
	p.does = func(e linux.TerminalEvent) {
		if e.Size != (linux.TerminalSize{}) {
			resize(e.Size)
		}
		if _, err := master.Write(e.Data); err != nil {
			t.Error(err)
		}
	}
	var gone sync.Once
	p.leaves = func() { gone.Do(func() { _ = master.Close() }) }
	defer p.leaves()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = slave.Close()
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			p.sees(1, 0, buf[:n])
			if err != nil { // EIO: the program has ended
				return
			}
		}
	}()
	someone(p)
	if err := cmd.Wait(); err != nil {
		t.Errorf("natively: %v", err)
	}
	<-shown
	return p.all()
}

// behaves compares what happens on the guest's terminal with what happens on one of
// the host's: what it shows, and the file that the probe writes.
func behaves(t *testing.T, dir, native, guest string, args []string, file string, someone func(p *person)) *linux.Machine {
	t.Helper()
	content := func() string {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if file != "" && err != nil {
			t.Error(err)
		}
		return string(text)
	}
	want := natively(t, dir, append([]string{native}, args...), someone)
	wantFile := content()
	m, p := session(t, fixed(linux.Config{Path: guest, Args: append([]string{guest}, args...), Dir: dir}), someone)
	if got := p.all(); got != want {
		t.Errorf("the terminal shows\n%q, natively\n%q", got, want)
	}
	if got := content(); got != wantFile {
		t.Errorf("it reads:\n%s\nnatively:\n%s", got, wantFile)
	}
	return m
}

var things = []struct {
	name, file string
	someone    func(p *person)
}{
	{"named", "", func(*person) {}},
	{"timed", "", func(p *person) {
		p.awaits("type")
		p.types("ab")
		p.awaits("more")
		p.types("abcdef")
		p.awaits("two")
		p.types("xyz")
	}},
	{"nonblocking", "", func(p *person) {
		p.awaits("type")
		p.types("abc\r")
	}},
	{"edges", "", func(p *person) {
		p.awaits("type")
		p.types("a\r")
		p.awaits("type")
		p.types("b\r")
	}},
	{"modes", "", func(p *person) {
		p.awaits("type")
		p.types("ab\x04cd")
		p.awaits("more")
		p.types("x\r")
	}},
	{"window", "", func(p *person) {
		p.awaits("resize")
		p.resizes(50, 132)
	}},
	{"ended", "log", func(p *person) {
		p.awaits("hang up")
		p.hangsUp()
	}},
	{"jobs", "", func(p *person) {
		p.awaits("interrupt")
		p.types("\x03")
	}},
	{"stopped", "", func(*person) {}},
}

func TestTheTerminalDoesWhatTheHostsDoes(t *testing.T) {
	dir := t.TempDir()
	native := probe(t, dir, 0)
	for i, x := range probes {
		t.Run(x.arch, func(t *testing.T) {
			guest := probe(t, dir, i)
			for _, thing := range things {
				t.Run(thing.name, func(t *testing.T) {
					m := behaves(t, dir, native, guest, []string{thing.name}, thing.file, thing.someone)
					replaysInPieces(t, fixed(linux.Config{Path: guest, Args: []string{guest, thing.name}, Dir: dir}), m)
				})
			}
		})
	}
}

// typing is what is typed in a random session with random settings.
type typing struct {
	args   []string // of the probe
	chunks []string // each ends with a line "syncN"
}

// flags chooses from a list of flags, each with its percentage.
func flags(rnd *rand.Rand, list ...[2]uint32) (f uint32) {
	for _, x := range list {
		if rnd.Uint32N(100) < x[1] {
			f |= x[0]
		}
	}
	return f
}

func randomTyping(rnd *rand.Rand, file string) typing {
	in := flags(rnd, [2]uint32{unix.ICRNL, 80}, [2]uint32{unix.IXON, 70}, [2]uint32{unix.IUTF8, 60}, [2]uint32{unix.IXANY, 25},
		[2]uint32{unix.IGNCR, 10}, [2]uint32{unix.INLCR, 15}, [2]uint32{unix.ISTRIP, 10}, [2]uint32{unix.IUCLC, 10}, [2]uint32{unix.PARMRK, 10})
	out := flags(rnd, [2]uint32{unix.OPOST, 85}, [2]uint32{unix.ONLCR, 75}, [2]uint32{unix.OCRNL, 15}, [2]uint32{unix.ONOCR, 15},
		[2]uint32{unix.ONLRET, 15}, [2]uint32{unix.OLCUC, 10}, [2]uint32{unix.XTABS, 30})
	local := flags(rnd, [2]uint32{unix.ICANON, 75}, [2]uint32{unix.ECHO, 80}, [2]uint32{unix.ECHOE, 75}, [2]uint32{unix.ECHOK, 75},
		[2]uint32{unix.ECHOKE, 75}, [2]uint32{unix.ECHOCTL, 75}, [2]uint32{unix.ECHOPRT, 25}, [2]uint32{unix.ECHONL, 25},
		[2]uint32{unix.ISIG, 70}, [2]uint32{unix.IEXTEN, 80}, [2]uint32{unix.NOFLSH, 50})
	end := "\n"
	if in&unix.INLCR != 0 {
		in, end = in&^unix.IGNCR|unix.ICRNL, "\r"
	}
	if local&unix.ICANON == 0 {
		local |= unix.NOFLSH
	}
	letters := strings.Fields("a b c _ 9 . A Z \x7f \x7f \x17 \x15 \x12 \x16 \x13 \x11 \x0f \x01 \x1b \u00e9 \u20ac \xff \xa9 \x00 \x08")
	letters = append(letters, " ", "\t", "\t", "word", "two words")
	if local&unix.NOFLSH != 0 {
		letters = append(letters, "\x03", "\x1c", "\x1a")
	}
	ends := append(letters[:len(letters):len(letters)], "\r", "\n", "\x04", "|", "%")
	x := typing{args: []string{"settings", file, fmt.Sprint(in), fmt.Sprint(out), fmt.Sprint(local), "1"}}
	for i := range 6 {
		var s strings.Builder
		// What a signal throws away depends on how quick the others are.
		if local&(unix.NOFLSH|unix.ISIG) == unix.ISIG && rnd.IntN(2) == 0 {
			s.WriteString([]string{"\x03", "\x1c", "\x1a"}[rnd.IntN(3)])
		}
		from := letters
		if local&unix.NOFLSH == 0 && rnd.IntN(2) == 0 {
			from = ends
		}
		for range rnd.IntN(40) {
			s.WriteString(from[rnd.IntN(len(from))])
		}
		// Output goes on, and the line ends, whatever was before.
		fmt.Fprintf(&s, "\x11\x11%s%ssync%d%s", end, end, i+1, end)
		x.chunks = append(x.chunks, s.String())
	}
	return x
}

// sit types it.
func (x *typing) sit(p *person) {
	p.awaits("<0>")
	for i, s := range x.chunks {
		p.types(s)
		p.awaits(fmt.Sprintf("<%d>", i+1))
	}
	p.types("end\n\r")
}

// typist is a machine's probe, to be run with what is typed.
func typist(t *testing.T, dir string, i int, seed uint64) (linux.Config, typing) {
	t.Helper()
	guest := probe(t, dir, i)
	x := randomTyping(rand.New(rand.NewPCG(seed, 1)), "log")
	return fixed(linux.Config{Path: guest, Args: append([]string{guest}, x.args...), Dir: dir}), x
}

// A machine that goes back and on again while somebody types asks for nothing twice,
// and shows nothing twice.
func TestGoingBackTakesNothingFromTheTerminal(t *testing.T) {
	dir := t.TempDir()
	for i, x := range probes {
		t.Run(x.arch, func(t *testing.T) {
			for seed := range uint64(8) {
				cfg, x := typist(t, dir, i, seed)
				_, straight := session(t, cfg, x.sit)
				m, p := sessionWith(t, cfg, x.sit, func(m *linux.Machine, until uint64) <-chan vm.Stop {
					return backAndForth(m, until, rand.New(rand.NewPCG(seed, 2)))
				})
				if p.all() != straight.all() {
					t.Errorf("seed %d: the terminal shows\n%q, going straight on\n%q", seed, p.all(), straight.all())
				}
				replaysInPieces(t, cfg, m)
			}
		})
	}
}

// backAndForth runs a machine live, going back now and then.
func backAndForth(m *linux.Machine, until uint64, rnd *rand.Rand) <-chan vm.Stop {
	ch := make(chan vm.Stop, 1)
	go func() {
		snaps := []vm.Snapshot{m.Snapshot()}
		for {
			s := m.Run(m.Icount()+1+rnd.Uint64N(60_000), nil)
			if s.Reason != vm.StopLimit {
				ch <- s
				return
			}
			if rnd.IntN(4) > 0 {
				continue
			}
			at, hash := m.Icount(), m.Hash()
			snaps = append(snaps, m.Snapshot())
			m.Restore(snaps[rnd.IntN(len(snaps))])
			for m.Icount() < at {
				m.Run(min(at, m.Icount()+1+rnd.Uint64N(100_000)), nil)
			}
			if m.Hash() != hash {
				ch <- vm.Stop{Reason: vm.StopError, Icount: at, Err: errors.New("another state")}
				return
			}
		}
	}()
	return ch
}

// What has been recorded on a terminal is replayed by a machine that has been made from
// its description, and its snapshots are the same states whoever loads them.
func TestASavedTerminalIsTheSame(t *testing.T) {
	dir := t.TempDir()
	for i, x := range probes {
		t.Run(x.arch, func(t *testing.T) {
			for seed := range uint64(4) {
				cfg, x := typist(t, dir, i, 100+seed)
				cfg.Terminal = &linux.Terminal{Size: linux.TerminalSize{Rows: 40, Cols: 100}}
				m, _ := session(t, cfg, x.sit)
				cfg.Terminal.Source = nobody{t}
				h := &history{cfg: cfg, log: m.Log(), end: m.Icount(), final: m.Hash()}
				s := h.everywhereLoaded(t, 30)
				if s.hash[len(s.hash)-1] != h.final && s.at[len(s.at)-1] == h.end {
					t.Error("the replay ends otherwise")
				}
			}
		})
	}
}

func TestRandomTypingIsEditedAndEchoedAsByTheHost(t *testing.T) {
	dir := t.TempDir()
	native := probe(t, dir, 0)
	for i, x := range probes {
		t.Run(x.arch, func(t *testing.T) {
			guest := probe(t, dir, i)
			for seed := range uint64(40) {
				x := randomTyping(rand.New(rand.NewPCG(seed, 1)), "log")
				m := behaves(t, dir, native, guest, x.args, "log", x.sit)
				if seed%10 == 0 {
					replaysInPieces(t, fixed(linux.Config{Path: guest, Args: append([]string{guest}, x.args...), Dir: dir}), m)
				}
				if t.Failed() {
					t.Fatalf("seed %d: %v %q", seed, x.args, x.chunks)
				}
			}
		})
	}
}
