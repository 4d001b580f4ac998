package dap

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	godap "github.com/google/go-dap"
	"github.com/rs/zerolog"
)

// Config sets a session up. The zero value means the defaults.
type Config struct {
	// Logger takes the log: sessions, requests and failures at debug level,
	// messages at trace level. It never writes to the protocol stream.
	Logger zerolog.Logger
	// Drain is how long the end of a session waits for the client to read
	// what has been sent. Default 2 s.
	Drain time.Duration
	// Tool is the name and version that recordings tell as what made them.
	// Default "dap-revexec".
	Tool string
	// TerminalWait is how long a launch waits for the terminal that it has asked
	// the client for. Default 20 s.
	TerminalWait time.Duration

	// open replaces openProgram in tests.
	open func(context.Context, *launchArguments, machineOptions) (*program, error)
}

var codec = NewCodec()

// session is one client's session. Its fields belong to the engine goroutine
// except where the package comment says otherwise.
type session struct {
	cfg   Config
	log   zerolog.Logger
	in    *inbox
	out   *outbox
	asked asked // the client; it has a mutex

	phase  phase
	client godap.InitializeRequestArguments

	launched *launchArguments
	prog     *program
	term     *console // nil without one
	breaks   breakpoints
	sources  sources
	refs     references
	shown    shown
	marks    bookmarks
	// hitsKnown is the part of the history in which all hits of what is set are known;
	// nil for none.
	hitsKnown *TimelineRange
	progress  *progressReport // of the work under way, nil when none
	workCtx   context.Context // of the motion under way, else nil
	hexOn     bool            // numbers are shown in hexadecimal: the word hex
	logFile   io.Closer       // of the launch configuration's log, nil if none
	// hushed tells of the stop that the client has not been told of, since the request
	// that is served next makes it irrelevant, unless it fails. Else nil.
	hushed func()
}

// Serve runs one session: it reads requests from conn and writes responses and
// events to it until the client disconnects, conn ends, or ctx does. It closes
// conn. The error says what was wrong with the connection; a client that just
// goes away is no error.
func Serve(ctx context.Context, conn io.ReadWriteCloser, cfg Config) error {
	s := newSession(cfg)
	s.log.Debug().Msg("session begins")

	var broken error // written by the reader and the writer, once
	var once sync.Once
	lost := func(err error) { once.Do(func() { broken = err }); s.in.finish() }
	read := make(chan struct{})
	go func() {
		defer close(read)
		if err := s.read(newFrames(conn)); err != nil {
			lost(err)
		}
		s.in.finish()
	}()
	go s.out.write(conn, lost)
	stop := context.AfterFunc(ctx, s.in.finish)

	s.engine()

	stop()
	s.out.close()
	drained := time.NewTimer(s.cfg.Drain)
	select {
	case <-s.out.done:
	case <-drained.C:
		s.log.Warn().Msg("the client does not read what is left")
	}
	drained.Stop()
	conn.Close()
	once.Do(func() {}) // from here on broken does not change
	if broken != nil {
		s.log.Error().Err(broken).Msg("session ends")
		return broken
	}
	s.log.Debug().Msg("session ends")
	return nil
}

func newSession(cfg Config) *session {
	if cfg.Drain == 0 {
		cfg.Drain = 2 * time.Second
	}
	if cfg.Tool == "" {
		cfg.Tool = "dap-revexec"
	}
	if cfg.TerminalWait == 0 {
		cfg.TerminalWait = 20 * time.Second
	}
	if cfg.open == nil {
		cfg.open = openProgram
	}
	s := &session{cfg: cfg, log: cfg.Logger, in: newInbox(), out: newOutbox(), phase: fresh}
	s.out.log = cfg.Logger
	s.breaks.filters = defaultFilters()
	return s
}

// read is the reader goroutine. It returns nil when the connection ends. (Its log
// is the one that the session began with: the engine may open another.)
func (s *session) read(f *frames) error {
	for {
		data, err := f.next()
		var long *tooLongError
		switch {
		case errors.As(err, &long):
			s.out.send(fail(errMalformed, "%v", err).response(0, ""))
			continue
		case err != nil:
			var framing *framingError
			if errors.As(err, &framing) {
				s.out.send(fail(errMalformed, "%v", err).response(0, ""))
				return err
			}
			s.cfg.Logger.Debug().Err(err).Msg("connection ends")
			return nil
		}
		if e := s.cfg.Logger.Trace(); e.Enabled() {
			e.RawJSON("message", bytes.ToValidUTF8(data, []byte("?"))).Msg("received")
		}
		s.decode(data)
		if s.in.over() {
			return nil
		}
	}
}

// decode turns a message into a call, or into an error response.
func (s *session) decode(data []byte) {
	msg, err := codec.DecodeMessage(data)
	var head struct {
		Seq       int             `json:"seq"`
		Type      string          `json:"type"`
		Command   string          `json:"command"`
		Arguments json.RawMessage `json:"arguments"`
	}
	if err != nil || msg == nil {
		_ = json.Unmarshal(data, &head) // whatever can be found of it
		if head.Type == "response" {
			s.answered(data)
			return
		}
		if head.Type == "event" {
			s.cfg.Logger.Debug().Str("type", head.Type).Msg("ignored: not a request")
			return
		}
		s.out.send(decodeFailure(err).response(head.Seq, head.Command))
		return
	}
	if _, ok := msg.(godap.ResponseMessage); ok {
		s.answered(data)
		return
	}
	req, ok := msg.(godap.RequestMessage)
	if !ok {
		s.cfg.Logger.Debug().Msg("ignored: not a request")
		return
	}
	r := req.GetRequest()
	c := &call{seq: r.Seq, name: r.Command, msg: msg, raw: data, cmd: commands[r.Command]}
	if c.cmd == nil {
		s.out.send(fail(errUnknown, "%s is not supported", c.name).response(c.seq, c.name))
		return
	}
	if len(c.cmd.needs) > 0 {
		_ = json.Unmarshal(data, &head) // it was decoded before
		var args map[string]json.RawMessage
		_ = json.Unmarshal(head.Arguments, &args)
		for _, name := range c.cmd.needs {
			if v, ok := args[name]; !ok || string(v) == "null" {
				s.out.send(badArgument("%s: the argument %q is missing", c.name, name).response(c.seq, c.name))
				return
			}
		}
	}
	s.receive(c)
}

// receive puts a request where it belongs. It runs on the reader goroutine.
func (s *session) receive(c *call) {
	b := s.in
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.name == "cancel" {
		s.cancel(c)
		return
	}
	if b.moving {
		switch whileMovingOf(c) {
		case refuse:
			s.out.send(failNotStopped.response(c.seq, c.name))
			return
		case pauses:
			s.reply(c, pauseBody(c))
			b.pause("Paused")
			return
		case copied:
			s.reply(c, godap.ThreadsResponseBody{Threads: b.threads})
			return
		}
	}
	if !b.put(c) {
		s.out.send(fail(errState, "%s: more than %d requests are waiting", c.name, maxQueued).response(c.seq, c.name))
		return
	}
	switch {
	case c.name == "disconnect":
		b.finishLocked()
	case b.yields && c.cmd.moving == replaces:
		b.stop(context.Canceled)
	case b.moving:
		b.interrupted = true
		b.stop(errInterrupt)
	}
}

// cancel serves a cancel request. It runs on the reader goroutine; b.mu is held.
func (s *session) cancel(c *call) {
	args := c.msg.(*godap.CancelRequest).Arguments
	if args == nil || args.RequestId == 0 && args.ProgressId == "" {
		s.out.send(badArgument(`cancel: an argument "requestId" or "progressId" is missing`).response(c.seq, c.name))
		return
	}
	seq := args.RequestId
	if args.ProgressId != "" {
		n, ok := progressSeq(args.ProgressId)
		if !ok {
			s.out.send(badArgument("cancel: there is no progress %.60q", args.ProgressId).response(c.seq, c.name))
			return
		}
		seq = n
	}
	s.reply(c, nil)
	b := s.in
	if waiting := b.remove(seq); waiting != nil {
		s.out.send(failCancelled.response(waiting.seq, waiting.name))
		return
	}
	// Whatever has been done already can't be cancelled any more: no error.
	switch {
	case b.current != seq || b.stop == nil:
		b.cancelled = seq
	case b.moving:
		b.pause("Cancelled")
	default:
		b.stop(context.Canceled)
	}
}

// reply sends the response to a request that succeeded.
func (s *session) reply(c *call, body any) {
	s.out.send(&response{
		Response: godap.Response{
			ProtocolMessage: godap.ProtocolMessage{Type: "response"},
			RequestSeq:      c.seq, Command: c.name, Success: true,
		},
		Body: body,
	})
}

// engine is the engine goroutine: it serves requests until the session ends.
func (s *session) engine() {
	defer s.close()
	for {
		c := s.in.next()
		if c == nil {
			return
		}
		if s.serve(c); c.name == "disconnect" {
			return
		}
	}
}

// serve serves one request and does what follows from it.
func (s *session) serve(c *call) {
	began := time.Now()
	if s.in.over() && c.name != "disconnect" {
		s.out.send(failCancelled.response(c.seq, c.name))
		return
	}
	var body any
	err := c.cmd.check(c, s.phase)
	if err == nil {
		body, err = s.handle(c)
	}
	if err != nil {
		f := asFailure(err)
		s.log.Debug().Int("seq", c.seq).Str("command", c.name).Int("error", f.id).Str("text", f.text).Msg("request failed")
		s.out.send(f.response(c.seq, c.name))
		if tell := s.hushed; tell != nil {
			s.hushed = nil
			s.guard(c.name, tell)
		}
		return
	}
	s.hushed = nil
	s.log.Debug().Int("seq", c.seq).Str("command", c.name).Dur("took", time.Since(began)).Msg("request")
	s.reply(c, body)
	for _, f := range c.after {
		s.guard(c.name, f)
	}
}

// handle runs the request's handler. A panic in it is a defect, which must cost
// the user an answer but not the session.
func (s *session) handle(c *call) (body any, err error) {
	if s.phase == moving {
		// It interrupts a motion, whose context is cancelled for that. What
		// may come then is quick.
		c.ctx = context.Background()
	} else {
		c.ctx = s.in.begin(c.seq)
		defer s.in.end()
	}
	defer func() {
		if p := recover(); p != nil {
			s.log.Error().Str("command", c.name).Interface("panic", p).Bytes("stack", debug.Stack()).Msg("defect")
			err = fail(errInternal, "%s: internal error: %v", c.name, p)
		}
	}()
	return c.cmd.run(s, c)
}

// guard runs f, which is not part of a handler, with the same protection.
func (s *session) guard(what string, f func()) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error().Str("after", what).Interface("panic", p).Bytes("stack", debug.Stack()).Msg("defect")
			s.console("important", fmt.Sprintf("internal error after %s: %v\n", what, p))
		}
	}()
	f()
}

// event sends an event.
func (s *session) event(name string, body any) { s.out.send(newEvent(name, body)) }

// console sends a line of the adapter's own to the debug console.
func (s *session) console(category, text string) {
	s.event("output", OutputEventBody{OutputEventBody: godap.OutputEventBody{
		Category: category, Output: strings.ToValidUTF8(text, "\uFFFD"),
	}})
}

// close lets go of what the session holds.
func (s *session) close() {
	s.unload()
	s.endConsole()
	if s.logFile != nil {
		s.logFile.Close()
	}
}
