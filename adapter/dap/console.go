package dap

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/terminal"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// A program on a terminal of the editor's (the launch argument "console"). The
// session asks the client to start our proxy in a terminal, and waits for it to
// connect; see package terminal. The terminal is the session's, not the program's: a
// restart keeps it.

// The values of the launch argument "console".
const (
	consoleInternal   = "internalConsole" // output events; the default
	consoleIntegrated = "integratedTerminal"
	consoleExternal   = "externalTerminal"
)

// terminalEnd is how long the end of a session waits for the terminal to show what is
// left.
const terminalEnd = 2 * time.Second

// console is the terminal that a session's programs run on.
type console struct {
	kind   string // a value of the launch argument
	remote *terminal.Remote
}

// onTerminal reports whether the program is to have a terminal.
func (a *launchArguments) onTerminal() bool {
	return a.Console != "" && a.Console != consoleInternal
}

// checkConsole says what is wrong with the argument "console".
func (a *launchArguments) checkConsole() error {
	switch {
	case !slices.Contains([]string{"", consoleInternal, consoleIntegrated, consoleExternal}, a.Console):
		return badArgument("launch: console: %.60q: write %q, %q or %q", a.Console, consoleInternal, consoleIntegrated, consoleExternal)
	case a.onTerminal() && a.Stdin != nil:
		return badArgument(`launch: the arguments "console" and "stdin" exclude each other: on a terminal the program reads what is typed there`)
	}
	return nil
}

// openConsole gets the terminal that args ask for: the one that is there if it is of
// that kind and still open, else a new one. It is nil without one. It does not change
// which one the session has.
func (s *session) openConsole(ctx context.Context, args *launchArguments) (*console, error) {
	if !args.onTerminal() {
		return nil, nil
	}
	if t := s.term; t != nil && t.kind == args.Console && !t.gone() {
		return t, nil
	}
	if !s.client.SupportsRunInTerminalRequest {
		return nil, fail(errLaunch, "console: this editor does not open terminals for debug adapters (supportsRunInTerminalRequest): use %q, and \"stdin\" for the program's input; or record the program in a terminal (dap-revexec record) and debug the recording", consoleInternal)
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fail(errLaunch, "console: %v", err)
	}
	ln, err := terminal.Listen()
	if err != nil {
		return nil, fail(errLaunch, "console: %v", err)
	}
	defer ln.Close()
	defer s.in.yield()()
	ctx, stop := context.WithTimeoutCause(ctx, s.cfg.TerminalWait, errNoTerminal)
	defer stop()
	ctx, refuse := context.WithCancelCause(ctx)
	defer refuse(nil)
	forget := s.ask("runInTerminal", godap.RunInTerminalRequestArguments{
		Kind: strings.TrimSuffix(args.Console, "Terminal"), Title: filepath.Base(args.title()), Cwd: args.dir(), Args: ln.Args(exe),
	}, func(err error) {
		if err != nil {
			refuse(fail(errLaunch, "console: the editor did not open a terminal: %v; use another \"console\", such as %q", err, consoleInternal))
		}
	})
	defer forget()
	remote, err := ln.Accept(ctx)
	var refused *failure
	switch {
	case errors.As(err, &refused):
		return nil, refused
	case errors.Is(err, errNoTerminal):
		return nil, fail(errLaunch, "console: nothing has come from the editor's terminal within %v: look there for an error (it has to run %s, on the machine of the debug adapter), or use %q", s.cfg.TerminalWait, exe, consoleInternal)
	case ctx.Err() != nil:
		return nil, failCancelled
	case err != nil:
		return nil, fail(errLaunch, "console: %v", err)
	}
	t := &console{kind: args.Console, remote: remote}
	go func() {
		<-remote.Gone()
		if remote.Lost() {
			s.warn(errors.New("the program's terminal was closed: as it goes on it gets the signal SIGHUP, and nothing more is typed; restart opens another terminal"))
		}
	}()
	return t, nil
}

// errNoTerminal is why a terminal is waited for no more.
var errNoTerminal = errors.New("no terminal")

// gone reports whether the terminal is no more.
func (t *console) gone() bool {
	select {
	case <-t.remote.Gone():
		return true
	default:
		return false
	}
}

// setConsole makes t the session's terminal, nil for none. The one before ends, unless
// it is the same: then it is made ready for another program.
func (s *session) setConsole(t *console) {
	switch {
	case s.term == nil:
	case s.term == t:
		t.remote.Reset()
	default:
		s.term.remote.End("", terminalEnd)
	}
	s.term = t
}

// endConsole lets the terminal go.
func (s *session) endConsole() { s.setConsole(nil) }

// shows shows what the program has written, if it is on a terminal that is there.
func (s *session) shows(ctx context.Context, p []byte) bool {
	return s.term != nil && s.term.remote.Write(ctx, p)
}

// device makes the terminal the one of the machine that cfg describes. What is to be
// closed with the machine is returned.
func (t *console) device(cfg *linux.Config, args *launchArguments) io.Closer {
	in := t.remote.Source()
	cfg.Terminal = &linux.Terminal{Source: in, Size: t.remote.Size()}
	for _, kv := range t.remote.Env() {
		name, _, _ := strings.Cut(kv, "=")
		if _, set := args.Env[name]; set {
			continue
		}
		cfg.Env = slices.DeleteFunc(cfg.Env, func(old string) bool { return strings.HasPrefix(old, name+"=") })
		cfg.Env = append(cfg.Env, kv)
	}
	return in
}
