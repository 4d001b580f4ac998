package gdbstub

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/adapter/files"
	"github.com/dap-revexec/dap-revexec/vm"
)

// session is the engine's side of one connection. Only the engine goroutine
// touches it.
type session struct {
	tl   Timeline
	m    vm.Machine
	regs *registers
	pid  vm.ThreadID
	link *link
	log  zerolog.Logger

	client  abilities
	general vm.ThreadID // Hg: whose registers are read; anyThread for the one that stopped
	resume  vm.ThreadID // Hc: whom the old resume packets and bs are about
	alone   vm.ThreadID // during a motion: the only thread whose stops the client can take, or anyThread
	points  points
	// What evaluates conditions, and what it looks at. They are kept: in a search
	// a condition may be evaluated millions of times.
	conditions agentMachine
	looking    guestContext
	pass       map[int]bool // QPassSignals: signals, in gdb's numbers, that need no stop
	pretence   pretence
	last       stopReply // what ? answers
	seen       seen
	objects    map[string]string // qXfer objects that are being read, by name
	served     files.Files       // the files of the guest's world
	files      openFiles
	killed     bool  // the client has killed the guest and may want to run it again
	ending     error // set to end the session after the current answer
}

// abilities are what the client said it can do.
type abilities struct {
	swbreak       bool // understands the stop reason swbreak
	hwbreak       bool // and hwbreak
	multiprocess  bool // writes thread ids as pPID.TID
	errorMessage  bool // takes E.TEXT as an answer to everything
	threadSuffix  bool // lldb: puts ;thread:TID; behind register packets
	threadsInStop bool // lldb: wants all threads in stop replies
	execEvents    bool // wants to be told when the process becomes another program
}

// errDetached ends a session as the client wished.
var errDetached = errors.New("detached")

// response is the answer to a request.
type response struct {
	body   string
	silent bool // send nothing
}

// Answers that many requests share.
var (
	unsupported = response{}
	ok          = response{body: "OK"}
	noAnswer    = response{silent: true}
)

func answer(body string) response { return response{body: body} }

// Error numbers of E answers: those of Linux, as gdbserver uses them.
const (
	errnoNoEntry  = 0x02
	errnoNoThread = 0x03 // ESRCH
	errnoIO       = 0x05
	errnoFault    = 0x0e
	errnoInvalid  = 0x16
)

// fail is an error answer: the text if the client understands texts everywhere,
// else the number.
func (s *session) fail(errno int, text string) response {
	if s.client.errorMessage {
		return answer("E." + text)
	}
	return answer("E" + string(hexDigits[errno>>4&15]) + string(hexDigits[errno&15]))
}

// malformed answers a request whose arguments make no sense.
func (s *session) malformed() response {
	return s.fail(errnoInvalid, "malformed packet")
}

func newSession(srv *Server, l *link, log zerolog.Logger) *session {
	s := &session{
		tl: srv.tl, m: srv.machine, regs: srv.regs, pid: srv.pid, link: l, log: log,
		points:  newPoints(),
		served:  srv.cfg.Files,
		objects: map[string]string{},
	}
	s.looking.s = s
	s.conditions.ctx = &s.looking
	s.stopped(stopReply{signal: sigTrap, thread: s.m.CurrentThread()})
	return s
}

// run answers requests until the client goes. It returns nil after an orderly
// end.
func (s *session) run() error {
	for s.ending == nil {
		select {
		case r, open := <-s.link.requests:
			if !open {
				return s.gone()
			}
			s.serve(r)
		case <-s.link.ctx.Done():
			s.drain()
			return s.gone()
		}
	}
	return s.end()
}

// drain handles what the client sent before it went: it may have been k.
func (s *session) drain() {
	for s.ending == nil {
		select {
		case r, open := <-s.link.requests:
			if !open {
				return
			}
			s.serve(r)
		default:
			return
		}
	}
}

// gone is why the connection has ended; nil when the client just closed it.
func (s *session) gone() error {
	err := context.Cause(s.link.ctx)
	switch {
	case s.ending != nil:
		return s.end()
	case s.killed:
		return ErrKilled
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}

// end is the result of an end that the client asked for.
func (s *session) end() error {
	if errors.Is(s.ending, errDetached) {
		return nil
	}
	return s.ending
}

func (s *session) serve(r request) {
	ctx, leave := s.link.gate.enter(s.link.ctx, r.seq)
	defer leave()
	if e := s.log.Trace(); e.Enabled() {
		e.Str("packet", shorten(r.data)).Msg("→")
	}
	a := s.handle(ctx, r)
	if s.link.ctx.Err() != nil || a.silent {
		return
	}
	if e := s.log.Trace(); e.Enabled() {
		e.Str("packet", shorten(a.body)).Msg("←")
	}
	s.link.send(a.body)
}

// handle finds and calls the handler of a request.
func (s *session) handle(ctx context.Context, r request) response {
	if r.tooLong {
		return s.fail(errnoInvalid, "packet too long")
	}
	name, args := split(r.data)
	h, known := handlers[name]
	if !known {
		return unsupported
	}
	return h(s, ctx, args)
}

// split separates a packet's name from its arguments. Packets beginning with q,
// Q, v, j or _ have long names, of letters; bs and bc are what they are; all
// others have one character.
func split(data string) (name, args string) {
	if data == "" {
		return "", ""
	}
	// lldb's only packet whose arguments follow its name without a separator.
	const glued = "qThreadStopInfo"
	if args, found := strings.CutPrefix(data, glued); found {
		return glued, args
	}
	n := 1
	switch data[0] {
	case 'q', 'Q', 'v', 'j', '_':
		for n < len(data) && (data[n]|0x20 >= 'a' && data[n]|0x20 <= 'z') {
			n++
		}
	case 'b':
		n = len(data)
	}
	return data[:n], data[n:]
}

// console shows text on the client's console. Only while the client waits for a
// stop reply or the answer to a monitor command.
func (s *session) console(text string) {
	const most = packetSize/2 - 2
	for len(text) > 0 {
		n := min(len(text), most)
		s.link.send("O" + hexText(text[:n]))
		text = text[n:]
	}
}

// shorten makes a packet fit for the log.
func shorten(data string) string {
	const most = 300
	if len(data) > most {
		data = data[:most] + "…"
	}
	return strings.ToValidUTF8(data, "·")
}

type handler func(s *session, ctx context.Context, args string) response

// handlers has every packet that the server knows, by name.
var handlers map[string]handler

func init() {
	handlers = map[string]handler{
		// Getting to know each other.
		"qSupported":              (*session).qSupported,
		"QStartNoAckMode":         (*session).startNoAckMode,
		"!":                       yes,
		"qAttached":               (*session).attached,
		"vMustReplyEmpty":         empty,
		"QThreadSuffixSupported":  (*session).threadSuffixSupported,
		"QListThreadsInStopReply": (*session).listThreadsInStopReply,
		"qHostInfo":               (*session).hostInfo,
		"qProcessInfo":            (*session).processInfo,
		"qSymbol":                 yes,
		"qOffsets":                empty,

		// State.
		"?":                 (*session).why,
		"g":                 (*session).readRegisters,
		"G":                 (*session).writeRegisters,
		"p":                 (*session).readRegister,
		"P":                 (*session).writeRegister,
		"m":                 (*session).readMemory,
		"M":                 (*session).writeMemory,
		"X":                 (*session).writeMemory,
		"qCRC":              (*session).crc,
		"qMemoryRegionInfo": (*session).memoryRegionInfo,
		"qXfer":             (*session).transfer,
		"vFile":             (*session).file,
		"H":                 (*session).selectThread,
		"T":                 (*session).threadAlive,
		"qC":                (*session).currentThread,
		"qfThreadInfo":      (*session).firstThreadInfo,
		"qsThreadInfo":      (*session).nextThreadInfo,
		"qThreadExtraInfo":  (*session).threadExtraInfo,
		"qThreadStopInfo":   (*session).threadStopInfo,
		"jThreadsInfo":      (*session).threadsInfo,
		"Z":                 (*session).insertPoint,
		"z":                 (*session).removePoint,
		"QPassSignals":      (*session).passSignals,
		"qRcmd":             (*session).monitor,

		// Motion.
		"vCont": (*session).vCont,
		"c":     (*session).oldContinue,
		"C":     (*session).oldContinueSignal,
		"s":     (*session).oldStep,
		"S":     (*session).oldStepSignal,
		"bs":    (*session).backStep,
		"bc":    (*session).backContinue,
		"R":     (*session).restart,
		"vRun":  (*session).runAgain,

		// The end.
		"D":     (*session).detach,
		"k":     (*session).kill,
		"vKill": (*session).killProcess,
	}
}

func yes(*session, context.Context, string) response   { return ok }
func empty(*session, context.Context, string) response { return unsupported }
