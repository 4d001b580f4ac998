package dap_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	godap "github.com/google/go-dap"
	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
	"github.com/dap-revexec/dap-revexec/adapter/dap/client"
	"github.com/dap-revexec/dap-revexec/testdata"
)

// deadline is when a test that waits for a message fails.
const deadline = 60 * time.Second

// args are the arguments of a request.
type args = map[string]any

// peer is a client in a test: each of its methods fails the test when the adapter
// does not do what is expected.
type peer struct {
	*testing.T
	c      *client.Client
	ctx    context.Context
	served chan error // what Serve returned
	thread int        // the current one, as of the last stop
}

// connect starts a session and a client on it.
func connect(t *testing.T) *peer {
	t.Helper()
	near, far := net.Pipe()
	return connectWith(t, near, func(ctx context.Context) error {
		return dap.Serve(ctx, far, dap.Config{Logger: zerolog.New(zerolog.NewTestWriter(t))})
	})
}

func connectWith(t *testing.T, conn net.Conn, serve func(context.Context) error) *peer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	p := &peer{T: t, c: client.New(conn), ctx: ctx, served: make(chan error, 1)}
	go func() { p.served <- serve(ctx) }()
	t.Cleanup(func() {
		conn.Close()
		select {
		case <-p.served:
		case <-time.After(deadline):
			t.Error("the session does not end when the connection is closed")
		}
		cancel()
		if t.Failed() {
			for _, m := range p.c.Pending() {
				t.Logf("not taken: %s", m.Raw)
			}
		}
	})
	return p
}

// guest writes a guest and its sources into a directory and returns the
// executable's path. The name may end with "@" and an architecture other than
// riscv64.
func guest(t *testing.T, name string) string {
	t.Helper()
	name, arch, found := strings.Cut(name, "@")
	if !found {
		arch = testdata.RISCV64
	}
	g, known := testdata.LookupFor(arch, name)
	if !known {
		t.Fatalf("no guest %s for %s", name, arch)
	}
	exe, err := g.Extract(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// do sends a request that is expected to succeed.
func (p *peer) do(command string, a any) {
	p.Helper()
	if err := p.c.Do(p.ctx, command, a, nil); err != nil {
		p.Fatal(err)
	}
}

// ask sends a request that is expected to succeed and returns the response's body.
func ask[T any](p *peer, command string, a any) T {
	p.Helper()
	var body T
	if err := p.c.Do(p.ctx, command, a, &body); err != nil {
		p.Fatal(err)
	}
	return body
}

// refused sends a request that is expected to fail with an error number and
// returns the error.
func (p *peer) refused(id int, command string, a any) *client.Error {
	p.Helper()
	err := p.c.Do(p.ctx, command, a, nil)
	var e *client.Error
	if !errors.As(err, &e) {
		p.Fatalf("%s %v: an error was expected, not %v", command, a, err)
	}
	if e.ID != id {
		p.Fatalf("%s %v: error %d (%s), expected %d", command, a, e.ID, e, id)
	}
	if e.Format == "" || e.Message == "" {
		p.Errorf("%s: an error without text", command)
	}
	return e
}

// send sends a request and does not wait for its response.
func (p *peer) send(command string, a any) int {
	p.Helper()
	seq, err := p.c.Send(command, a)
	if err != nil {
		p.Fatal(err)
	}
	return seq
}

// response waits for the response to a request that was sent.
func (p *peer) response(seq int) error {
	return p.c.Response(p.ctx, seq, nil)
}

// event waits for an event and returns its body.
func event[T any](p *peer, name string) T {
	p.Helper()
	var body T
	if err := p.c.Event(p.ctx, name, &body); err != nil {
		p.Fatal(err)
	}
	return body
}

// initialize starts the protocol as an editor with all abilities does.
func (p *peer) initialize() dap.Capabilities {
	p.Helper()
	return ask[dap.Capabilities](p, "initialize", args{
		"clientID": "test", "adapterID": "dap-revexec", "linesStartAt1": true, "columnsStartAt1": true, "pathFormat": "path",
		"supportsVariableType": true, "supportsVariablePaging": true, "supportsMemoryReferences": true,
		"supportsProgressReporting": true, "supportsInvalidatedEvent": true, "supportsMemoryEvent": true,
	})
}

// launch launches a program and configures nothing.
func (p *peer) launch(program string, more ...args) {
	p.Helper()
	a := args{"program": program, "cwd": filepath.Dir(program), "env": args{}}
	for _, m := range more {
		for k, v := range m {
			a[k] = v
		}
	}
	p.do("launch", a)
	if err := p.c.Event(p.ctx, "initialized", nil); err != nil {
		p.Fatal(err)
	}
}

// start runs a guest to the start of main.
func start(t *testing.T, name string, more ...args) *peer {
	t.Helper()
	p := connect(t)
	p.initialize()
	p.launch(guest(t, name), append([]args{{"stopOnEntry": true}}, more...)...)
	p.do("configurationDone", nil)
	p.stopped("entry")
	return p
}

// each calls f with a guest on each architecture, run to the start of main.
func each(t *testing.T, name string, f func(t *testing.T, p *peer)) {
	for _, arch := range testdata.Arches() {
		t.Run(arch, func(t *testing.T) { f(t, start(t, name+"@"+arch)) })
	}
}

// stopped waits for the program to stop, for a certain reason.
func (p *peer) stopped(reason string) dap.StoppedEventBody {
	p.Helper()
	body := event[dap.StoppedEventBody](p, "stopped")
	if body.Reason != reason {
		p.Fatalf("stopped for %q (%s; %s), expected %q", body.Reason, body.Description, body.Text, reason)
	}
	if !body.AllThreadsStopped || body.ThreadId == 0 {
		p.Errorf("stopped: thread %d, all threads %v", body.ThreadId, body.AllThreadsStopped)
	}
	p.thread = body.ThreadId
	return body
}

// move sends a motion request and waits for the stop.
func (p *peer) move(command, reason string) dap.StoppedEventBody {
	p.Helper()
	p.do(command, args{"threadId": p.thread})
	return p.stopped(reason)
}

// stack asks for the current thread's frames.
func (p *peer) stack() []godap.StackFrame {
	p.Helper()
	body := ask[godap.StackTraceResponseBody](p, "stackTrace", args{"threadId": p.thread})
	if len(body.StackFrames) == 0 {
		p.Fatal("no frames")
	}
	return body.StackFrames
}

// at checks that the program is at a marked line of a source.
func (p *peer) at(source, marker string) godap.StackFrame {
	p.Helper()
	top := p.stack()[0]
	if want := testdata.Line(source, marker); top.Line != want || top.Source == nil || top.Source.Name != source {
		p.Fatalf("at %s, line %d, expected %s, line %d (%s)", top.Name, top.Line, source, want, marker)
	}
	return top
}

// eval evaluates an expression in the innermost frame.
func (p *peer) eval(expr string) godap.EvaluateResponseBody {
	p.Helper()
	return ask[godap.EvaluateResponseBody](p, "evaluate", args{"expression": expr, "frameId": p.stack()[0].Id, "context": "watch"})
}

// console types a line into the debug console.
func (p *peer) console(line string) string {
	p.Helper()
	return ask[godap.EvaluateResponseBody](p, "evaluate", args{"expression": line, "context": "repl"}).Result
}

// breakOn sets breakpoints on marked lines of a source and checks that they are
// accepted there.
func (p *peer) breakOn(program, source string, bps ...bp) []godap.Breakpoint {
	p.Helper()
	var list []args
	for _, b := range bps {
		a := args{"line": testdata.Line(source, b.at)}
		for k, v := range map[string]string{"condition": b.cond, "hitCondition": b.hit, "logMessage": b.log} {
			if v != "" {
				a[k] = v
			}
		}
		list = append(list, a)
	}
	body := ask[godap.SetBreakpointsResponseBody](p, "setBreakpoints", args{
		"source":      args{"name": source, "path": filepath.Join(filepath.Dir(program), source)},
		"breakpoints": slices.Clip(append([]args{}, list...)),
	})
	if len(body.Breakpoints) != len(bps) {
		p.Fatalf("%d breakpoints came back for %d", len(body.Breakpoints), len(bps))
	}
	for i, b := range body.Breakpoints {
		if !b.Verified || b.Line != testdata.Line(source, bps[i].at) || b.Id == 0 {
			p.Fatalf("breakpoint at %s: %+v", bps[i].at, b)
		}
	}
	return body.Breakpoints
}

// bp is a breakpoint on a marked line.
type bp struct{ at, cond, hit, log string }

// output is the output of a category that has come so far.
func (p *peer) output(category string) string {
	var b strings.Builder
	for _, m := range p.c.Pending() {
		if e, ok := m.Msg.(*godap.OutputEvent); ok && e.Body.Category == category {
			b.WriteString(e.Body.Output)
		}
	}
	return b.String()
}

// write writes a file in a new directory.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// decode decodes the body of a message.
func decode[T any](t *testing.T, raw []byte) T {
	t.Helper()
	var m struct {
		Body T `json:"body"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m.Body
}
