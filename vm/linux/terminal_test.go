package linux_test

import (
	"io"
	"strings"
	"sync"
	"testing"
	"time"

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
	p := newPerson(tb)
	cfg.Output = p.sees
	if cfg.Terminal == nil {
		cfg.Terminal = &linux.Terminal{}
	}
	x := *cfg.Terminal
	x.Source = p
	cfg.Terminal = &x
	m := start(tb, cfg)
	ch := async(m, forever)
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
