package gdbstub

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/dap-revexec/dap-revexec/checkpoint"
)

// Commands for "monitor" (gdb) and "process plugin packet monitor" (lldb): time
// travel that the protocol has no packets for. Positions are icounts, decimal.

// monitorCommand is a command: its words, what it does, and what help says.
type monitorCommand struct {
	name, args, help string
	run              func(s *session, ctx context.Context, args []string) (string, error)
}

var monitorCommands []monitorCommand

func init() {
	monitorCommands = []monitorCommand{
		{"when", "", "where in history the guest is", (*session).monitorWhen},
		{"seek", "POSITION", "go to a position: N, +N, -N, N%, start or end", (*session).monitorSeek},
		{"start", "", "go to the start of history", (*session).monitorStart},
		{"end", "", "go to the end of what has been recorded", (*session).monitorEnd},
		{"last-write", "ADDR SIZE", "go back to the latest earlier write to SIZE bytes at ADDR", (*session).monitorLastWrite},
		{"next-write", "ADDR SIZE", "go on to the next write to SIZE bytes at ADDR", (*session).monitorNextWrite},
		{"checkpoint", "", "keep a checkpoint here for good", (*session).monitorCheckpoint},
		{"checkpoints", "", "list the checkpoints", (*session).monitorCheckpoints},
		{"info", "", "what the history costs", (*session).monitorInfo},
		{"help", "", "this list", (*session).monitorHelp},
	}
}

// flushHint is what to tell gdb after the position has changed behind its back. It
// remembers registers, and what it has read of stacks.
const flushHint = "gdb has not noticed: type \"maintenance flush register-cache\" and \"maintenance flush dcache\"\n"

// monitor is qRcmd,COMMAND. What the command says goes to the console, errors
// included: not every client shows error texts.
func (s *session) monitor(ctx context.Context, args string) response {
	line, good := unhexText(strings.TrimPrefix(args, ","))
	if !good {
		return s.malformed()
	}
	words := strings.Fields(line)
	if len(words) == 0 {
		words = []string{"help"}
	}
	text, err := s.runMonitor(ctx, words)
	if err != nil {
		text = fmt.Sprintf("%s: %v\n", words[0], err)
	}
	s.console(text)
	return ok
}

func (s *session) runMonitor(ctx context.Context, words []string) (string, error) {
	for _, c := range monitorCommands {
		if c.name != words[0] {
			continue
		}
		if (c.args == "") != (len(words) == 1) {
			return "", fmt.Errorf("usage: %s", strings.TrimSpace(c.name+" "+c.args))
		}
		return c.run(s, ctx, words[1:])
	}
	return "", errors.New("no such command: try help")
}

func (s *session) monitorHelp(context.Context, []string) (string, error) {
	var b strings.Builder
	for _, c := range monitorCommands {
		fmt.Fprintf(&b, "%-24s %s\n", strings.TrimSpace(c.name+" "+c.args), c.help)
	}
	return b.String(), nil
}

func (s *session) monitorWhen(context.Context, []string) (string, error) {
	at, frontier := s.tl.Icount(), s.tl.Frontier()
	state := "in the past"
	switch x, exited := s.m.Exited(); {
	case exited && x.Signal != 0:
		state = fmt.Sprintf("killed by signal %d", x.Signal)
	case exited:
		state = fmt.Sprintf("exited with code %d", x.Code)
	case s.tl.Live():
		state = "at the frontier: execution is live"
	}
	t := s.m.CurrentThread()
	return fmt.Sprintf("icount %d of %d recorded, thread %d, pc %#x, %s\n",
		at, frontier, t, s.m.Reg(t, s.m.Arch().PC), state), nil
}

func (s *session) monitorSeek(ctx context.Context, args []string) (string, error) {
	if len(args) != 1 {
		return "", errors.New("usage: seek POSITION")
	}
	start, end := s.tl.Start(), s.tl.Frontier()
	to, err := parsePosition(args[0], s.tl.Icount(), start, end)
	switch {
	case err != nil:
		return "", err
	case to < start && args[0][0] == '-':
		to = start
	case to < start:
		return "", fmt.Errorf("%d is not in the recording: its history begins at %d", to, start)
	}
	return s.seek(ctx, to)
}

// parsePosition parses start, end, N%, N, +N or -N, which may have _ or , between
// the digits, in a history from start to end.
func parsePosition(text string, here, start, end uint64) (uint64, error) {
	switch text {
	case "start":
		return start, nil
	case "end":
		return end, nil
	}
	if part, is := strings.CutSuffix(text, "%"); is {
		percent, err := strconv.ParseFloat(part, 64)
		if err != nil || !(percent >= 0 && percent <= 100) {
			return 0, fmt.Errorf("%q is no position: want 0%% to 100%%", text)
		}
		return start + min(uint64(percent/100*float64(end-start)), end-start), nil
	}
	digits := strings.NewReplacer("_", "", ",", "").Replace(strings.TrimLeft(text, "+-"))
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || len(text) > 1 && strings.ContainsAny(text[1:], "+-") {
		return 0, fmt.Errorf("%q is no position: want a number of instructions, N%%, start or end", text)
	}
	switch text[0] {
	case '+':
		if here+n < here {
			return 0, checkpoint.ErrBeyondFrontier
		}
		return here + n, nil
	case '-':
		return here - min(n, here), nil
	}
	return n, nil
}

func (s *session) monitorStart(ctx context.Context, _ []string) (string, error) {
	return s.seek(ctx, s.tl.Start())
}

func (s *session) monitorEnd(ctx context.Context, _ []string) (string, error) {
	return s.seek(ctx, s.tl.Frontier())
}

// seek moves within the recorded history. The client has to be told by hand.
func (s *session) seek(ctx context.Context, to uint64) (string, error) {
	if err := s.tl.Seek(ctx, to); errors.Is(err, checkpoint.ErrBeyondFrontier) {
		return "", fmt.Errorf("%d lies beyond the recorded history, which ends at %d", to, s.tl.Frontier())
	} else if err != nil {
		return "", err
	}
	return s.moved(ctx)
}

// moved tells where the guest is after a command has moved it.
func (s *session) moved(ctx context.Context) (string, error) {
	// Unlike after a stop, the client still looks at the thread that it looked at.
	general := s.generalThread()
	s.stopped(stopReply{signal: sigTrap, thread: s.m.CurrentThread()})
	s.general = general
	text, err := s.monitorWhen(ctx, nil)
	return text + flushHint, err
}

func (s *session) monitorCheckpoint(context.Context, []string) (string, error) {
	return fmt.Sprintf("checkpoint kept at icount %d\n", s.tl.Pin().Icount), nil
}

func (s *session) monitorCheckpoints(context.Context, []string) (string, error) {
	var b strings.Builder
	for _, c := range s.tl.Checkpoints() {
		kind := ""
		switch {
		case c.Pinned:
			kind = "  kept"
		case c.Temporary:
			kind = "  temporary"
		}
		fmt.Fprintf(&b, "%16d  %6d pages%s\n", c.Icount, c.Pages, kind)
	}
	return b.String(), nil
}

func (s *session) monitorInfo(context.Context, []string) (string, error) {
	st := s.tl.Stats()
	return fmt.Sprintf(`recorded        %d instructions
checkpoints     %d (%d temporary, %d thinned), one per %d instructions
memory          %.1f MiB in checkpoints, %.1f MiB in the log of %d inputs
replayed        %d instructions so far, last request took %v
`, s.tl.Frontier(), st.Checkpoints, st.Temporary, st.Thinned, st.Spacing,
		float64(st.Bytes)/(1<<20), float64(st.LogBytes)/(1<<20), st.LogInputs, st.Replayed, st.LastRequest), nil
}
