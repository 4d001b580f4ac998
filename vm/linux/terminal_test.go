package linux_test

import (
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// person is who sits at a guest's terminal in a test: types, and looks at what it
// shows.
type person struct {
	tb     testing.TB
	does   func(e linux.TerminalEvent) // something at the terminal
	leaves func()                      // hangs up
	events chan linux.TerminalEvent
	asked  chan struct{} // has a token when somebody waits for what is typed

	mu     sync.Mutex
	screen strings.Builder
	read   int // how much of the screen has been looked at
	grown  chan struct{}
}

func newPerson(tb testing.TB) *person {
	p := &person{tb: tb, events: make(chan linux.TerminalEvent, 1024), asked: make(chan struct{}, 1), grown: make(chan struct{}, 1)}
	p.does = func(e linux.TerminalEvent) { p.events <- e }
	p.leaves = func() { close(p.events) }
	return p
}

// Next implements linux.TerminalSource.
func (p *person) Next() (linux.TerminalEvent, error) {
	select {
	case p.asked <- struct{}{}:
	default:
	}
	e, ok := <-p.events
	if !ok {
		return linux.TerminalEvent{}, io.EOF
	}
	return e, nil
}

func (p *person) types(s string) { p.does(linux.TerminalEvent{Data: []byte(s)}) }

func (p *person) resizes(rows, cols uint16) {
	p.does(linux.TerminalEvent{Size: linux.TerminalSize{Rows: rows, Cols: cols}})
}

func (p *person) hangsUp() { p.leaves() }

// sees is the Output of a machine.
func (p *person) sees(fd int, _ uint64, b []byte) {
	if fd != 1 {
		p.tb.Errorf("%q has descriptor %d", b, fd)
	}
	p.mu.Lock()
	p.screen.Write(b)
	p.mu.Unlock()
	select {
	case p.grown <- struct{}{}:
	default:
	}
}

// all is what the terminal has shown so far.
func (p *person) all() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.screen.String()
}

// last is the end of what it has shown.
func (p *person) last() string { s := p.all(); return s[max(0, len(s)-1500):] }

// awaits waits until the terminal shows text, behind what was awaited before.
func (p *person) awaits(text string) {
	p.tb.Helper()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for {
		p.mu.Lock()
		rest := p.screen.String()[p.read:]
		if i := strings.Index(rest, text); i >= 0 {
			p.read += i + len(text)
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		select {
		case <-p.grown:
		case <-late.C:
			p.tb.Fatalf("no %q on the terminal:\n%q", text, p.last())
		}
	}
}

// session runs a guest on a terminal while someone sits at it.
func session(tb testing.TB, cfg linux.Config, someone func(p *person)) (*linux.Machine, *person) {
	tb.Helper()
	return sessionWith(tb, cfg, someone, async)
}

// sessionWith is session with a way of running the machine that is not straight on.
func sessionWith(tb testing.TB, cfg linux.Config, someone func(p *person), run func(m *linux.Machine, until uint64) <-chan vm.Stop) (*linux.Machine, *person) {
	tb.Helper()
	p := newPerson(tb)
	cfg.Output = p.sees
	if cfg.Terminal == nil {
		cfg.Terminal = &linux.Terminal{}
	}
	x := *cfg.Terminal
	x.Source = p
	cfg.Terminal = &x
	m := start(tb, cfg)
	ch := run(m, forever)
	someone(p)
	select {
	case s := <-ch:
		if s.Reason != vm.StopExit {
			tb.Fatalf("%v at icount %d: %v\n%q", s.Reason, s.Icount, s.Err, p.last())
		}
	case <-time.After(2 * time.Minute):
		m.Interrupt()
		<-ch
		tb.Fatalf("the guest does not end:\n%q", p.last())
	}
	return m, p
}

// nobody is at the terminal of a machine that replays.
type nobody struct{ tb testing.TB }

func (n nobody) Next() (linux.TerminalEvent, error) {
	n.tb.Error("replay looks at the terminal")
	return linux.TerminalEvent{}, io.EOF
}

func TestInterruptKeyEndsAGuestThatComputes(t *testing.T) {
	for _, arch := range testdata.Arches() {
		t.Run(arch, func(t *testing.T) {
			g, ok := testdata.LookupFor(arch, "spin")
			if !ok {
				t.Fatal("no such guest")
			}
			cfg := fixed(linux.Config{Path: "/spin", File: g.Bin(), Dir: "/"})
			m, p := session(t, cfg, func(p *person) {
				p.awaits("spinning\r\n")
				p.types("abc\x7f")
				p.awaits("abc\b \b")
				p.types("\x03")
			})
			if st, _ := m.Exited(); st.Signal != 2 {
				t.Errorf("it ends with %+v", st)
			}
			if s := p.all(); s != "spinning\r\nabc\b \b^C" {
				t.Errorf("the terminal shows %q", s)
			}
			cfg.Terminal = &linux.Terminal{Source: nobody{t}}
			for _, chunk := range []uint64{1 << 40, 7919, 50_000} {
				r := replayOf(t, cfg, m.Log())
				var again strings.Builder
				r.Echo(func(fd int, _ uint64, p []byte) { again.Write(p) })
				for r.Icount() < m.Icount() {
					r.Run(min(r.Icount()+chunk, m.Icount()), nil)
				}
				if r.Hash() != m.Hash() || again.String() != p.all() {
					t.Errorf("pieces of %d: the replay ends otherwise, having shown %q", chunk, &again)
				}
			}
			var kinds []vm.EventKind
			for _, e := range m.Log().Journal() {
				kinds = append(kinds, e.Kind)
			}
			want := []vm.EventKind{vm.NoteOutput, vm.NoteInput, vm.NoteOutput, vm.NoteInput, vm.NoteOutput, vm.NoteSignal, vm.NoteExit}
			if !slices.Equal(kinds, want) {
				t.Errorf("the journal has %v, not %v", kinds, want)
			}
		})
	}
}

func TestAHangUpEndsAGuestThatDoesNotCareForIt(t *testing.T) {
	a := newAsm()
	a.sys(63, 0, dataBase, 100) // read
	a.exit(1)
	m, _ := session(t, fixed(linux.Config{Path: "/guest", File: a.elf(), Dir: "/"}), (*person).hangsUp)
	if st, _ := m.Exited(); st.Signal != 1 {
		t.Errorf("it ends with %+v", st)
	}
	m = boot(t, a.elf(), func(c *linux.Config) { c.Terminal = &linux.Terminal{} })
	if st := toEnd(t, m); st.Signal != 1 {
		t.Errorf("without an outside it ends with %+v", st)
	}
}

// endlessTyping is a source that has always more.
type endlessTyping struct{ bytes int }

func (e *endlessTyping) Next() (linux.TerminalEvent, error) {
	e.bytes += 1000
	return linux.TerminalEvent{Data: []byte(strings.Repeat("x", 999) + "\n")}, nil
}

func TestWhatIsTypedAheadIsBounded(t *testing.T) {
	a := newAsm()
	a.label("loop")
	a.j("loop")
	e := &endlessTyping{}
	m := boot(t, a.elf(), func(c *linux.Config) { c.Terminal = &linux.Terminal{Source: e} })
	if s := m.Run(20_000_000, nil); s.Reason != vm.StopLimit {
		t.Fatal(s.Reason, s.Err)
	}
	if n := m.Log().Bytes(); n > 16<<10 {
		t.Errorf("%d bytes have been taken that nobody reads", n)
	}
}

func TestSleepingOnATerminalCanBeInterrupted(t *testing.T) {
	a := newAsm()
	a.li(t0, dataBase)
	a.li(t1, 3600)
	a.sd(t1, t0, 0)
	a.sys(101, dataBase, 0) // nanosleep, an hour
	a.exit(1)
	m, _ := session(t, fixed(linux.Config{Path: "/guest", File: a.elf(), Dir: "/"}), func(p *person) {
		<-p.asked
		p.types("\x1c")
		p.awaits("^\\")
	})
	if st, _ := m.Exited(); st.Signal != 3 {
		t.Errorf("it ends with %+v", st)
	}
}
