package dap

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/vm"
)

// word is a command of the debug console: what an editor without a button for it
// can be told with the keyboard.
type word struct {
	names  []string
	args   string // for the help; empty: it takes none
	help   string
	moving whileMoving
	run    func(s *session, c *call, rest string) (string, error)
	// noun: a variable may well have this name, and what an operator follows is an
	// expression.
	noun bool
	// complete adds what can complete the argument; nil: the names of an expression.
	// frame is the one that it is typed in, or 0.
	complete func(s *session, x *completer, frame int)
}

// words is the table of the debug console's words, in the order of the help. It
// is filled by init, since help looks at it.
var words []word

func init() {
	words = []word{
		{names: []string{"reverse-step", "rs"}, args: "[N]", help: "go back to the statement before, into functions", run: stepWord(debugger.StepIn, true)},
		{names: []string{"reverse-next", "rn"}, args: "[N]", help: "go back to the line before, over functions", run: stepWord(debugger.Next, true)},
		{names: []string{"reverse-step-out", "reverse-finish", "rf"}, help: "go back to the call of this function", run: stepWord(debugger.StepOut, true)},
		{names: []string{"reverse-stepi", "rsi"}, args: "[N]", help: "go back by one instruction", run: stepWord(debugger.StepInstruction, true)},
		{names: []string{"reverse-continue", "rc"}, args: "[N]", help: "go back to the latest earlier breakpoint, or the Nth", run: stepWord(debugger.Continue, true)},
		{names: []string{"last-write"}, args: "EXPRESSION", help: "go back to the latest earlier write to a variable", run: writeWord("last-write", true)},
		{names: []string{"next-write"}, args: "EXPRESSION", help: "go on to the next write to a variable", run: writeWord("next-write", false)},
		{names: []string{"history"}, args: "EXPRESSION", noun: true, help: "list the values that a variable has had, and who wrote them", run: historyWord},
		{names: []string{"last-execution", "le"}, args: "PLACE", help: "go back to the latest earlier execution of a LINE, FILE:LINE, function or 0xADDRESS", complete: (*session).completePlaces, run: executionWord("last-execution", true)},
		{names: []string{"next-execution", "ne"}, args: "PLACE", help: "go on to the next execution of a place", complete: (*session).completePlaces, run: executionWord("next-execution", false)},
		{names: []string{"executions"}, args: "PLACE", noun: true, help: "list the executions of a place", complete: (*session).completePlaces, run: executionsWord},
		{names: []string{"back-to-call"}, args: "[N]", help: "go back to the call that frame N is in, or the selected one", complete: noCompletions, run: backToCallWord},
		{names: []string{"find-hits"}, help: "find all hits of the breakpoints that are set", run: findHitsWord},
		{names: []string{"printed"}, args: "TEXT", noun: true, help: "go to where the program printed a text, the latest before here", complete: noCompletions, run: printedWord},
		{names: []string{"step", "s"}, args: "[N]", help: "go to the next statement, into functions", run: stepWord(debugger.StepIn, false)},
		{names: []string{"next", "n"}, args: "[N]", help: "go to the next line, over functions", run: stepWord(debugger.Next, false)},
		{names: []string{"finish", "step-out"}, help: "go on until this function returns", run: stepWord(debugger.StepOut, false)},
		{names: []string{"stepi", "si"}, args: "[N]", help: "go on by one instruction", run: stepWord(debugger.StepInstruction, false)},
		{names: []string{"continue", "c"}, args: "[N]", help: "go on to the next breakpoint, or the Nth", run: stepWord(debugger.Continue, false)},
		{names: []string{"pause"}, help: "stop where the program is; ends a search, too", moving: pauses, run: func(*session, *call, string) (string, error) {
			return "the program is stopped", nil
		}},
		{names: []string{"seek"}, args: "POSITION", help: "go to a position: N, +N, -N, N%, start, end or @BOOKMARK", complete: (*session).completePositions, run: seekWord},
		{names: []string{"where"}, help: "tell the position, the thread and the place", run: whereWord},
		{names: []string{"when"}, help: "tell the position: instructions executed since the start", run: whenWord},
		{names: []string{"timeline"}, help: "list what happened in the history", run: timelineWord},
		{names: []string{"bookmark"}, args: "[NAME]", noun: true, help: "give this position a name, to come back with seek @NAME", complete: noCompletions, run: bookmarkWord},
		{names: []string{"bookmarks"}, help: "list the bookmarks", run: bookmarksWord},
		{names: []string{"unbookmark"}, args: "BOOKMARK", help: "remove a bookmark, by its name or number", complete: func(s *session, x *completer, _ int) { s.completeBookmarks(x, "") }, run: unbookmarkWord},
		{names: []string{"checkpoint"}, help: "keep a checkpoint here, to come back quickly", run: checkpointWord},
		{names: []string{"save"}, args: "FILE", noun: true, complete: noCompletions, help: "save the history so far as a recording", run: saveWord},
		{names: []string{"info"}, args: "breakpoints|threads|timeline", complete: (*session).completeInfos, help: "list breakpoints or threads; tell what the history costs", run: infoWord},
		{names: []string{"print", "p"}, args: "EXPRESSION", help: "evaluate, also what has the name of a word", run: printWord},
		{names: []string{"hex"}, args: "on|off", help: "show numbers in hexadecimal, or in the usual way", run: hexWord},
		{names: []string{"help"}, help: "list these words", moving: serve, run: helpWord},
	}
}

// findWord finds the word that a line of the console begins with. What merely
// looks like one ("next->value", "step + 1") is left to be an expression.
func findWord(line string) (w *word, rest string, ok bool) {
	name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	rest = strings.TrimSpace(rest)
	for i := range words {
		w := &words[i]
		for _, n := range w.names {
			if n != name {
				continue
			}
			if rest != "" && w.args == "" {
				return nil, "", false
			}
			if w.noun && operator(rest) {
				return nil, "", false
			}
			if w.args == "[N]" && rest != "" {
				if _, err := strconv.ParseUint(rest, 10, 64); err != nil {
					return nil, "", false
				}
			}
			return w, rest, true
		}
	}
	return nil, "", false
}

// operator reports whether text goes on an expression, rather than being a path: it
// begins with an operator that stands apart.
func operator(text string) bool {
	first, _, _ := strings.Cut(text, " ")
	return first != "" && strings.Trim(first, "=+-*/%<>&|^?!.") == "" && !strings.HasSuffix(first, "..")
}

// usage is how a word is written.
func (w *word) usage() string {
	return strings.TrimSpace(w.names[0] + " " + w.args)
}

// canMove reports why the program can't be moved now, nil if it can.
func (s *session) canMove() error {
	if s.phase != stopped {
		return &failure{id: errState, text: s.phase.why()}
	}
	return nil
}

// typed starts a motion that a word asked for.
func (s *session) typed(c *call, m motion) {
	m.typed = true
	c.then(func() { s.travel(c, m) })
}

// stepWord makes the word for a verb in a direction.
func stepWord(verb debugger.Verb, back bool) func(*session, *call, string) (string, error) {
	return func(s *session, c *call, rest string) (string, error) {
		if err := s.canMove(); err != nil {
			return "", err
		}
		n := uint64(1)
		if rest != "" {
			var err error
			if n, err = strconv.ParseUint(rest, 10, 64); err != nil || n == 0 {
				return "", badArgument("%q: write how many times, from 1 on", rest)
			}
		}
		at := s.prog.tl.Icount()
		s.typed(c, s.repeated(n, debugger.Motion{Verb: verb, Back: back}))
		from := "from"
		if back {
			from = "back from"
		}
		return fmt.Sprintf("%s icount %d", from, at), nil
	}
}

// repeated makes a motion of n motions; it ends early where one ends in an
// unusual way.
func (s *session) repeated(n uint64, mo debugger.Motion) motion {
	title := "Going on"
	if mo.Back {
		title = "Going back"
	}
	one := s.moveBy(title, mo)
	return motion{title: title, run: func(ctx context.Context) (debugger.Event, error) {
		for {
			ev, err := one.run(ctx)
			usual := ev.Reason == debugger.ReasonStep
			if mo.Verb == debugger.Continue {
				usual = ev.Reason == debugger.ReasonBreakpoint || ev.Reason == debugger.ReasonFunction || ev.Reason == debugger.ReasonData
			}
			if err != nil || !usual {
				return ev, err
			}
			if n--; n == 0 {
				return ev, err
			}
			one = s.moveBy(title, mo)
		}
	}}
}

func seekWord(s *session, c *call, rest string) (string, error) {
	if err := s.canMove(); err != nil {
		return "", err
	}
	to, err := s.parsePosition(rest)
	if err != nil {
		return "", fmt.Errorf("seek: %w", err)
	}
	s.typed(c, s.seekTo(to))
	return fmt.Sprintf("to icount %d", to), nil
}

// reachable checks that a position has been recorded.
func (s *session) reachable(icount uint64) (uint64, error) {
	if start := s.prog.tl.Start(); icount < start {
		return 0, fail(errUnresolvable, "icount %d is not in the recording: its history begins at %d", icount, start)
	}
	if end := s.prog.tl.Frontier(); icount > end {
		return 0, fail(errUnresolvable, "icount %d has not been reached yet: history ends at %d (continue goes on from there)", icount, end)
	}
	return icount, nil
}

// parsePosition reads a position in history: "start", "end", "1000", "+1000",
// "-1000", "50%", "@bookmark". Digits may be grouped by _ or commas.
func (s *session) parsePosition(text string) (uint64, error) {
	start, at, end := s.prog.tl.Start(), s.prog.tl.Icount(), s.prog.tl.Frontier()
	if name, ok := strings.CutPrefix(strings.TrimSpace(text), "@"); ok {
		m, err := s.marks.find(name)
		if err != nil {
			return 0, err
		}
		return m.icount, nil
	}
	bad := badArgument("%.60q is no position: write a number of instructions, +N, -N, N%%, start, end or @BOOKMARK", text)
	t := strings.NewReplacer("_", "", ",", "", " ", "").Replace(text)
	switch t {
	case "start", "begin", "beginning":
		return start, nil
	case "end", "frontier":
		return end, nil
	}
	if p, ok := strings.CutSuffix(t, "%"); ok {
		f, err := strconv.ParseFloat(p, 64)
		if err != nil || !(f >= 0 && f <= 100) {
			return 0, bad
		}
		return start + min(uint64(math.Round(f/100*float64(end-start))), end-start), nil
	}
	sign := byte(0)
	if t != "" && (t[0] == '+' || t[0] == '-') {
		sign, t = t[0], t[1:]
	}
	n, err := strconv.ParseUint(t, 10, 64)
	if err != nil {
		return 0, bad
	}
	switch sign {
	case '-':
		return at - min(n, at-start), nil
	case '+':
		if n > end-at {
			return s.reachable(at + min(n, math.MaxUint64-at))
		}
		return at + n, nil
	}
	return s.reachable(n)
}

func whereWord(s *session, c *call, rest string) (string, error) { return s.prog.dbg.Where(), nil }

func whenWord(s *session, c *call, rest string) (string, error) {
	pos := s.prog.position()
	return fmt.Sprintf("icount %d of %d (%.2f%%)", pos.Icount, pos.Frontier, percent(pos.Icount, pos.Frontier)), nil
}

func checkpointWord(s *session, c *call, rest string) (string, error) {
	if err := s.canMove(); err != nil {
		return "", err
	}
	info := s.prog.tl.Pin()
	return fmt.Sprintf("checkpoint at icount %d: come back with \"seek %[1]d\"", info.Icount), nil
}

func hexWord(s *session, c *call, rest string) (string, error) {
	text := map[string]string{"on": "numbers are shown in hexadecimal", "off": "numbers are shown in the usual way"}[rest]
	if text == "" {
		return "", badArgument("hex: write on or off")
	}
	s.hexOn = rest == "on"
	if s.client.SupportsInvalidatedEvent {
		c.then(func() {
			s.event("invalidated", godap.InvalidatedEventBody{Areas: []godap.InvalidatedAreas{"variables"}})
		})
	}
	return text, nil
}

func printWord(s *session, c *call, rest string) (string, error) {
	if rest == "" {
		return "", badArgument("print: an expression is missing")
	}
	frame := 0
	if m, ok := c.msg.(*godap.EvaluateRequest); ok {
		frame = m.Arguments.FrameId
	}
	body, err := s.value(rest, frame, "repl", s.hexOn)
	if err != nil {
		return "", err
	}
	return body.(godap.EvaluateResponseBody).Result, nil
}

func helpWord(s *session, c *call, rest string) (string, error) {
	var b strings.Builder
	b.WriteString("Words of this console; everything else is evaluated as an expression:\n")
	for i := range words {
		w := &words[i]
		names := w.usage()
		if more := w.names[1:]; len(more) > 0 {
			names += " (" + strings.Join(more, ", ") + ")"
		}
		fmt.Fprintf(&b, "  %-44s %s\n", names, w.help)
	}
	b.WriteString("After an expression: ,x shows hexadecimal, ,d decimal; $a0 is a register; *p@10 are 10 elements.")
	return b.String(), nil
}

// infos are what the word info tells about.
var infos = []struct {
	name string
	run  func(*session) string
}{
	{"breakpoints", (*session).infoBreakpoints},
	{"threads", (*session).infoThreads},
	{"timeline", (*session).infoTimeline},
}

func infoWord(s *session, c *call, rest string) (string, error) {
	for _, i := range infos {
		if rest != "" && strings.HasPrefix(i.name, rest) {
			return i.run(s), nil
		}
	}
	return "", badArgument("info: write breakpoints, threads or timeline")
}

func (s *session) infoBreakpoints() string {
	var b strings.Builder
	for _, set := range s.breaks.sets() {
		for _, bp := range s.applySet(set, true) {
			fmt.Fprintf(&b, "%3d  %-22s", bp.Id, set.reason)
			if bp.Source != nil {
				fmt.Fprintf(&b, " %s:%d", bp.Source.Name, bp.Line)
			}
			if bp.InstructionReference != "" {
				fmt.Fprintf(&b, " %s", bp.InstructionReference)
			}
			if !bp.Verified {
				fmt.Fprintf(&b, " not set: %s", bp.Message)
			}
			b.WriteByte('\n')
		}
	}
	if b.Len() == 0 {
		return "no breakpoints"
	}
	return strings.TrimRight(b.String(), "\n")
}

func (s *session) infoThreads() string {
	var b strings.Builder
	current := s.prog.machine.CurrentThread()
	for _, t := range s.prog.dbg.Threads() {
		mark := " "
		if t.ID == current {
			mark = "*"
		}
		state := map[vm.ThreadState]string{vm.ThreadRunnable: "runnable", vm.ThreadBlocked: "waits", vm.ThreadExited: "exited"}[t.State]
		if t.Detail != "" {
			state += ": " + t.Detail
		}
		place := hex(t.PC)
		if fs, _ := s.prog.dbg.Frames(t.ID); len(fs) > 0 {
			place = s.describeFrame(&fs[0])
		}
		fmt.Fprintf(&b, "%s %d %s (%s) %s\n", mark, t.ID, t.Name, state, place)
	}
	return strings.TrimRight(b.String(), "\n")
}

func (s *session) infoTimeline() string {
	st, pos := s.prog.tl.Stats(), s.prog.position()
	return fmt.Sprintf("position     icount %d of %d (%.2f%%)\ncheckpoints  %d (%d temporary, %d thinned out), %.1f MiB\nspacing      %d instructions\ninput log    %s, %.1f KiB\nreplayed     %d instructions",
		pos.Icount, pos.Frontier, percent(pos.Icount, pos.Frontier),
		st.Checkpoints, st.Temporary, st.Thinned, float64(st.Bytes)/(1<<20), st.Spacing,
		plural(st.LogInputs, "input"), float64(st.LogBytes)/(1<<10), st.Replayed)
}
