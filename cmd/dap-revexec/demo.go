package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	godap "github.com/google/go-dap"
	"github.com/spf13/cobra"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
	"github.com/dap-revexec/dap-revexec/adapter/dap/client"
	"github.com/dap-revexec/dap-revexec/testdata"
)

const (
	demoGuest = "demo_inventory"
	demoExpr  = "o->customer"   // what is corrupted where the program crashes
	demoLimit = 2 * time.Minute // after which something is wrong
)

// newDemo builds the command that shows what the debugger is for.
func newDemo(std stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Find the cause of a crash by going back to it: a program with a bug, over a true DAP connection",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(context.Background(), demoLimit)
			defer cancel()
			p := painter{w: std.out, colours: isTerminal(std.out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
			if err := demo(ctx, p); err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			return nil
		},
	}
}

// demo tells its story on p. The adapter runs in this process, behind a loopback
// connection; all that is shown comes through that.
func demo(ctx context.Context, p painter) error {
	dir, err := os.MkdirTemp("", "dap-revexec-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	exe, err := testdata.Extract(dir, demoGuest)
	if err != nil {
		return err
	}
	ln, err := dap.Listen("127.0.0.1:0", false)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- dap.ServeListener(ctx, ln, dap.Config{}) }()
	defer func() { cancel(); <-served }()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		return err
	}
	defer conn.Close()
	d := &demonstration{painter: p, c: client.New(conn), dir: dir}
	return d.tell(ctx, exe)
}

// demonstration is the client's side.
type demonstration struct {
	painter
	c   *client.Client
	dir string
}

func (d *demonstration) tell(ctx context.Context, exe string) error {
	d.title("1. Run the program until it crashes")
	began := time.Now()
	if err := d.launch(ctx, exe); err != nil {
		return err
	}
	crash, err := d.stop(ctx, "exception")
	if err != nil {
		return err
	}
	if err := d.showOutput(ctx); err != nil {
		return err
	}
	frames, err := d.stack(ctx, crash.ThreadId)
	if err != nil {
		return err
	}
	d.line("%s, after %s instructions (%.2f s):", d.red(crash.Text), grouped(crash.Revexec.Icount), time.Since(began).Seconds())
	if err := d.showSource(frames[0], 2); err != nil {
		return err
	}
	broken, err := d.value(ctx, demoExpr, frames[0].Id)
	if err != nil {
		return err
	}
	d.line("%s is %s: no customer at all. The code here only follows it: who wrote it?", d.bold(demoExpr), d.red(broken))

	d.title("2. Watch it, and press reverse continue")
	var info godap.DataBreakpointInfoResponseBody
	if err := d.c.Do(ctx, "dataBreakpointInfo", map[string]any{"name": demoExpr, "frameId": frames[0].Id}, &info); err != nil {
		return err
	}
	id, ok := info.DataId.(string)
	if !ok {
		return errors.New(info.Description)
	}
	watch := map[string]any{"breakpoints": []map[string]any{{"dataId": id, "accessType": "write"}}}
	if err := d.c.Do(ctx, "setDataBreakpoints", watch, nil); err != nil {
		return err
	}
	began = time.Now()
	if err := d.c.Do(ctx, "reverseContinue", map[string]any{"threadId": crash.ThreadId}, nil); err != nil {
		return err
	}
	culprit, err := d.stop(ctx, "data breakpoint")
	if err != nil {
		return err
	}
	took := time.Since(began)
	w := culprit.Revexec.Watch
	if w == nil {
		return errors.New("the stop does not tell what was written")
	}
	d.line("watching %s", info.Description)
	d.line("went back %s instructions in %s, to icount %s", d.bold(grouped(crash.Revexec.Icount-culprit.Revexec.Icount)),
		d.bold(took.Round(100*time.Microsecond).String()), grouped(culprit.Revexec.Icount))

	d.title("3. The culprit")
	if frames, err = d.stack(ctx, culprit.ThreadId); err != nil {
		return err
	}
	if err := d.showSource(frames[0], 4); err != nil {
		return err
	}
	d.line("writes over %s: before %s, after %s", d.bold(w.Expr), d.green(w.Old), d.red(w.New))
	var parts []string
	for _, expr := range []string{"o->number", "o->count", "i", "units"} {
		v, err := d.value(ctx, expr, frames[0].Id)
		if err != nil {
			return err
		}
		parts = append(parts, expr+" = "+v)
	}
	d.line("there: %s", strings.Join(parts, ", "))
	d.line("stack:")
	for i, f := range frames {
		place := "?"
		if f.Source != nil {
			place = f.Source.Name + ":" + strconv.Itoa(f.Line)
		}
		d.line("  #%d  %-12s %s", i, f.Name, d.dim(place))
	}
	d.line("")
	d.line("An order has room for 6 products, and this is the seventh: it lands on the customer, who comes next.")
	d.line("The check above should be i >= MAX_PRODUCTS.")
	return d.c.Do(ctx, "disconnect", nil, nil)
}

// launch starts the program.
func (d *demonstration) launch(ctx context.Context, exe string) error {
	if err := d.c.Do(ctx, "initialize", map[string]any{"adapterID": "dap-revexec", "linesStartAt1": true, "columnsStartAt1": true}, nil); err != nil {
		return err
	}
	if err := d.c.Do(ctx, "launch", map[string]any{"program": exe, "cwd": d.dir}, nil); err != nil {
		return err
	}
	if err := d.c.Event(ctx, "initialized", nil); err != nil {
		return err
	}
	if err := d.c.Do(ctx, "setExceptionBreakpoints", map[string]any{"filters": []string{"signals"}}, nil); err != nil {
		return err
	}
	return d.c.Do(ctx, "configurationDone", nil, nil)
}

// stop waits for the program to stop, for a certain reason.
func (d *demonstration) stop(ctx context.Context, reason string) (dap.StoppedEventBody, error) {
	var body dap.StoppedEventBody
	if err := d.c.Event(ctx, "stopped", &body); err != nil {
		return body, err
	}
	if body.Reason != reason {
		return body, fmt.Errorf("the program stopped for %q (%s), not for %q", body.Reason, body.Description, reason)
	}
	return body, nil
}

// showOutput shows what the program has written so far.
func (d *demonstration) showOutput(ctx context.Context) error {
	isOutput := func(m *client.Message) bool {
		e, ok := m.Msg.(*godap.OutputEvent)
		return ok && e.Body.Category == "stdout"
	}
	var text strings.Builder
	for _, m := range d.c.Pending() {
		if !isOutput(&m) {
			continue
		}
		m, err := d.c.Take(ctx, isOutput)
		if err != nil {
			return err
		}
		text.WriteString(m.Msg.(*godap.OutputEvent).Body.Output)
	}
	for _, line := range strings.Split(strings.TrimRight(text.String(), "\n"), "\n") {
		d.line("  %s", d.dim(line))
	}
	return nil
}

// stack asks for the frames.
func (d *demonstration) stack(ctx context.Context, thread int) ([]godap.StackFrame, error) {
	var body godap.StackTraceResponseBody
	if err := d.c.Do(ctx, "stackTrace", map[string]any{"threadId": thread}, &body); err != nil {
		return nil, err
	}
	if len(body.StackFrames) == 0 {
		return nil, errors.New("no frames")
	}
	return body.StackFrames, nil
}

// value asks for an expression's value.
func (d *demonstration) value(ctx context.Context, expr string, frame int) (string, error) {
	var body godap.EvaluateResponseBody
	err := d.c.Do(ctx, "evaluate", map[string]any{"expression": expr, "frameId": frame, "context": "watch"}, &body)
	return body.Result, err
}

// showSource shows the line of a frame, with the lines around it.
func (d *demonstration) showSource(f godap.StackFrame, around int) error {
	if f.Source == nil || f.Source.Path == "" {
		return fmt.Errorf("%s has no source", f.Name)
	}
	data, err := os.ReadFile(f.Source.Path)
	if err != nil {
		return err
	}
	lines := strings.Split(string(data), "\n")
	d.line("%s in %s, line %d", d.dim(filepath.Base(f.Source.Path)), d.bold(f.Name), f.Line)
	for n := max(f.Line-around, 1); n <= min(f.Line+around, len(lines)); n++ {
		text, _, _ := strings.Cut(lines[n-1], " //@") // markers for tests
		text = fmt.Sprintf("%4d  %s", n, strings.ReplaceAll(text, "\t", "    "))
		if n == f.Line {
			d.line("%s", d.bold("→ "+text))
		} else {
			d.line("%s", d.dim("  "+text))
		}
	}
	return nil
}

// grouped writes a number with its digits in groups.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// painter writes lines, in colours on a terminal.
type painter struct {
	w       io.Writer
	colours bool
}

func (p painter) line(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }

func (p painter) title(s string) { p.line("\n%s", p.paint("1;36", s)) }

func (p painter) paint(code, s string) string {
	if !p.colours {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p painter) bold(s string) string  { return p.paint("1", s) }
func (p painter) dim(s string) string   { return p.paint("2", s) }
func (p painter) red(s string) string   { return p.paint("31", s) }
func (p painter) green(s string) string { return p.paint("32", s) }
