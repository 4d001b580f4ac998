package gdbstub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/adapter/files"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Timeline is what the server needs of a history: [*checkpoint.Timeline], whose
// documentation says what each method does.
type Timeline interface {
	Machine() vm.Machine
	Icount() uint64
	Start() uint64
	Frontier() uint64
	Live() bool
	Seek(ctx context.Context, icount uint64) error
	Forward(ctx context.Context, until uint64, stops *vm.Stops) vm.Stop
	Back(ctx context.Context, lower uint64, stops *vm.Stops) (vm.Stop, error)
	Pin() checkpoint.Info
	Checkpoints() []checkpoint.Info
	Stats() checkpoint.Stats
}

// Config sets a server up.
type Config struct {
	// Timeline is the history to serve.
	Timeline Timeline
	// Logger takes the server's log: sessions at level info, packets at trace.
	Logger zerolog.Logger
	// Stdout and Stderr take what the guest writes, if the guest's machine hands
	// its output to Server.Output. Nil sends it to the client's console (or
	// drops it while there is no client).
	Stdout, Stderr io.Writer
	// Files are what a client can read of the program's and its libraries' files;
	// nil: this machine's.
	Files files.Files
}

// ErrKilled is returned by Serve when the client asked to kill the guest.
var ErrKilled = errors.New("the client ended the debugging session")

// Server serves one timeline to one client after the other. Serve and
// ListenAndServe run on the goroutine that calls them, which becomes the engine
// goroutine and the owner of the timeline meanwhile.
type Server struct {
	cfg     Config
	tl      Timeline
	machine vm.Machine
	regs    *registers
	pid     vm.ThreadID // constant
	session *session    // the current one, nil between clients
	heard   uint64      // output from before this position has been given out
}

// New returns a server for a timeline.
func New(cfg Config) *Server {
	m := cfg.Timeline.Machine()
	if cfg.Files == nil {
		cfg.Files = files.Host
	}
	return &Server{cfg: cfg, tl: cfg.Timeline, machine: m, regs: newRegisters(m.Arch()), pid: processID(m)}
}

// ListenAndServe serves the clients that connect to l, one at a time: another
// one waits until the one before has gone. The history stays from client to
// client. It returns nil when a client asked to kill the guest, ctx's error when
// ctx has ended, and else why l accepts no more connections. It closes l.
func (s *Server) ListenAndServe(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	defer l.Close()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("gdb server: %w", err)
		}
		log := s.cfg.Logger.With().Str("client", conn.RemoteAddr().String()).Logger()
		log.Info().Uint64("icount", s.tl.Icount()).Msg("client connected")
		switch err := s.serve(ctx, conn, log); {
		case errors.Is(err, ErrKilled):
			log.Info().Msg("client killed the guest")
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			log.Info().AnErr("cause", err).Uint64("icount", s.tl.Icount()).Msg("client gone")
		}
	}
}

// Serve serves the one client at the other end of conn, and closes conn. It
// returns nil when the client has detached or closed the connection, ErrKilled
// when it asked to kill the guest, ctx's error when ctx has ended, and else what
// went wrong with the connection. In each case the history is intact and can be
// served again.
func (s *Server) Serve(ctx context.Context, conn io.ReadWriteCloser) error {
	return s.serve(ctx, conn, s.cfg.Logger)
}

func (s *Server) serve(ctx context.Context, conn io.ReadWriteCloser, log zerolog.Logger) error {
	link := newLink(ctx, conn, log)
	s.session = newSession(s, link, log)
	defer func() { s.session = nil }()
	err := s.session.run()
	s.session.files.closeAll()
	link.close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Output takes what the guest writes to its standard output (fd 1) or error (any
// other fd) at a position, for the machine to call. It must be called on the engine
// goroutine, as a machine does that runs under this server. A recording's machine
// calls it each time that it comes by: it is given out when that is the first time
// going forward.
func (s *Server) Output(fd int, icount uint64, p []byte) {
	if icount < s.heard || s.session != nil && icount < s.session.seen.icount {
		return
	}
	s.heard = icount + 1
	w := s.cfg.Stderr
	if fd == 1 {
		w = s.cfg.Stdout
	}
	switch {
	case w != nil:
		if _, err := w.Write(p); err != nil {
			s.cfg.Logger.Warn().Err(err).Int("fd", fd).Msg("guest output lost")
		}
	case s.session != nil:
		s.session.console(string(p))
	}
}
