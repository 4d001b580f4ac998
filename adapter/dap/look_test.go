package dap_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
	"github.com/dap-revexec/dap-revexec/testdata"
)

// scope lists the variables of one of the innermost frame's scopes.
func (p *peer) scope(name string) []godap.Variable {
	p.Helper()
	for _, s := range ask[godap.ScopesResponseBody](p, "scopes", args{"frameId": p.stack()[0].Id}).Scopes {
		if s.Name == name {
			return p.children(args{"variablesReference": s.VariablesReference})
		}
	}
	p.Fatalf("no scope %q", name)
	return nil
}

func (p *peer) children(a args) []godap.Variable {
	p.Helper()
	return ask[godap.VariablesResponseBody](p, "variables", a).Variables
}

func named(t *testing.T, list []godap.Variable, name string) godap.Variable {
	t.Helper()
	for _, v := range list {
		if v.Name == name {
			return v
		}
	}
	t.Fatalf("no variable %q", name)
	return godap.Variable{}
}

// atAll stops where all variables of the guest values are alive.
func atAll(t *testing.T) *peer {
	t.Helper()
	p, exe := configured(t, "values")
	p.breakOn(exe, "values.c", bp{at: "all"})
	p.do("configurationDone", nil)
	p.stopped("breakpoint")
	return p
}

func TestScopesAndVariables(t *testing.T) {
	p := atAll(t)
	if v := named(t, p.scope("Locals"), "argc"); v.Value != "1" || v.Type != "int" || v.EvaluateName != "argc" {
		t.Errorf("argc: %+v", v)
	}
	locals := p.scope("Locals")
	for name, want := range map[string]string{"i64_min": "-9223372036854775808", "u16_max": "65535", "minus": "-2", "d": "-2.25", "in_register": "77"} {
		if v := named(t, locals, name); v.Value != want || v.VariablesReference != 0 {
			t.Errorf("%s: %+v, expected %s", name, v, want)
		}
	}
	// A structure: its members, with names that can be evaluated.
	r := named(t, locals, "r")
	if r.VariablesReference == 0 || r.NamedVariables == 0 || r.MemoryReference == "" {
		t.Fatalf("r: %+v", r)
	}
	min := named(t, p.children(args{"variablesReference": r.VariablesReference}), "min")
	y := named(t, p.children(args{"variablesReference": min.VariablesReference}), "y")
	if y.Value != "20" || p.eval(y.EvaluateName).Result != "20" {
		t.Errorf("r.min.y: %+v", y)
	}
	if v := named(t, p.scope("Globals"), "global_int"); v.Value != "-123456789" {
		t.Errorf("global_int: %+v", v)
	}
	regs := p.scope("Registers")
	if v := named(t, regs, "sp"); !strings.HasPrefix(v.Value, "0x") {
		t.Errorf("sp: %+v", v)
	}
	if len(p.scope("Floating-point registers")) < 32 {
		t.Error("too few floating-point registers")
	}
}

func TestVariablesComeInPagesAndInHexadecimal(t *testing.T) {
	p := atAll(t)
	numbers := named(t, p.scope("Locals"), "numbers")
	if numbers.IndexedVariables != 5 || numbers.NamedVariables != 0 {
		t.Fatalf("numbers: %+v", numbers)
	}
	values := func(a args) (out []string) {
		a["variablesReference"] = numbers.VariablesReference
		for _, v := range p.children(a) {
			out = append(out, v.Value)
		}
		return out
	}
	for _, c := range []struct {
		args args
		want []string
	}{
		{args{}, []string{"1", "-2", "3", "-4", "5"}},
		{args{"filter": "indexed", "start": 1, "count": 2}, []string{"-2", "3"}},
		{args{"start": 3, "count": 100}, []string{"-4", "5"}},
		{args{"start": 100, "count": 1}, nil},
		{args{"filter": "named"}, nil},
		{args{"filter": "indexed", "start": 4, "format": args{"hex": true}}, []string{"0x5"}},
	} {
		if got := values(c.args); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, expected %v", c.args, got, c.want)
		}
	}
	p.refused(1003, "variables", args{"variablesReference": numbers.VariablesReference, "filter": "odd"})
	p.refused(1003, "variables", args{"variablesReference": numbers.VariablesReference, "start": -1})
}

func TestEvaluateInEachContext(t *testing.T) {
	p := atAll(t)
	frame := p.stack()[0].Id
	eval := func(expr, context string) godap.EvaluateResponseBody {
		t.Helper()
		return ask[godap.EvaluateResponseBody](p, "evaluate", args{"expression": expr, "frameId": frame, "context": context})
	}
	for _, context := range []string{"watch", "hover", "repl", "clipboard", "variables", ""} {
		if got := eval("numbers[1] * 10 + p.x", context).Result; got != "-17" {
			t.Errorf("in %q: %s", context, got)
		}
	}
	if got := eval("rect_pointer->max", "watch"); got.VariablesReference == 0 || got.NamedVariables != 2 {
		t.Errorf("a structure: %+v", got)
	}
	if got := ask[godap.EvaluateResponseBody](p, "evaluate", args{"expression": "numbers[4]", "frameId": frame, "format": args{"hex": true}}); got.Result != "0x5" {
		t.Errorf("in hexadecimal: %+v", got)
	}
	for _, c := range []struct {
		id                  int
		expression, context string
	}{
		{2004, "no_such_thing", "hover"},
		{2004, "1 +", "repl"},
		{2004, "p.x = 5", "repl"},
		{1003, "seek nowhere", "repl"},
		{2005, "seek 999999999999", "repl"},
		{2004, "where", "watch"}, // outside of the console a word is an expression
	} {
		// What is shown where it was typed is not to be shown in a notification, too.
		if e := p.refused(c.id, "evaluate", args{"expression": c.expression, "frameId": frame, "context": c.context}); e.ShowUser {
			t.Errorf("%q in %q: the user is told twice: %s", c.expression, c.context, e)
		}
	}
	p.refused(1003, "evaluate", args{"expression": "1", "frameId": 99999})
}

func TestWordsEverywhereIsForClientsThatDoNotSayWhatWasTyped(t *testing.T) {
	p, exe := connect(t), guest(t, "steps")
	p.initialize()
	p.launch(exe, args{"wordsEverywhere": true, "stopOnEntry": true})
	p.do("configurationDone", nil)
	p.stopped("entry")
	for _, a := range []args{{"expression": "next"}, {"expression": "reverse-next", "context": "watch"}} {
		ask[godap.EvaluateResponseBody](p, "evaluate", a)
		p.stopped("step")
	}
	p.refused(2004, "evaluate", args{"expression": "no_such_thing", "context": "hover"})
}

func TestWordsOfTheDebugConsole(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		if got := p.console("when"); !strings.HasPrefix(got, "icount ") || !strings.HasSuffix(got, "(100.00%)") {
			t.Errorf("when: %s", got)
		}
		entry := ask[dap.WhereResponseBody](p, "revexec/where", nil).Icount
		p.console("step")
		if err := p.c.Event(p.ctx, "continued", nil); err != nil {
			t.Fatal(err)
		}
		p.stopped("step")
		p.at("steps.c", "loop-init")
		p.console("next 3")
		p.stopped("step")
		p.console("rn 3")
		p.stopped("step")
		p.at("steps.c", "loop-init")
		p.console("reverse-step")
		p.stopped("step")
		if again := ask[dap.WhereResponseBody](p, "revexec/where", nil).Icount; again != entry {
			t.Errorf("came back to %d, expected %d", again, entry)
		}
		p.console("stepi 5")
		p.stopped("step")
		p.console("rsi 5")
		p.stopped("step")
		p.console("step")
		p.stopped("step")
		p.console("finish")
		p.stopped("step")
		if top := p.stack()[0]; top.Name != "main" {
			t.Errorf("finished into %s", top.Name)
		}
		p.console("reverse-finish")
		p.stopped("step")
		p.console("c")
		end := p.stopped("exit").Revexec.Icount
		p.console("rc")
		p.stopped("entry")
		p.console("seek 50%")
		if at := p.stopped("goto").Revexec.Icount; at != (end+1)/2 {
			t.Errorf("the middle of %d is %d", end, at)
		}
		if got := p.console("checkpoint"); !strings.Contains(got, strconv.FormatUint((end+1)/2, 10)) {
			t.Errorf("checkpoint: %s", got)
		}
		if got := p.console("where"); !strings.Contains(got, strconv.FormatUint((end+1)/2, 10)) || !strings.Contains(got, "%") {
			t.Errorf("where: %s", got)
		}
		if got := p.console("info breakpoints"); got != "no breakpoints" {
			t.Errorf("info breakpoints: %s", got)
		}
		if got := p.console("info th"); !strings.Contains(got, "* "+strconv.Itoa(p.thread)) {
			t.Errorf("info threads: %s", got)
		}
		if got := p.console("info timeline"); !strings.Contains(got, "checkpoints") {
			t.Errorf("info timeline: %s", got)
		}
		help := p.console("help")
		for _, w := range []string{"reverse-step", "reverse-stepi", "reverse-next", "reverse-step-out", "reverse-continue", "seek", "where", "checkpoint", "info", "pause"} {
			if !strings.Contains(help, w) {
				t.Errorf("help does not tell of %s", w)
			}
		}
		p.refused(1003, "evaluate", args{"expression": "seek yesterday", "context": "repl"})
		p.refused(2005, "evaluate", args{"expression": "seek 999999999", "context": "repl"})
		p.refused(1003, "evaluate", args{"expression": "info nothing", "context": "repl"})
		p.console("pause") // when it is stopped already
		p.move("continue", "exit")
	})
}

func TestHexWordChangesHowNumbersAreShown(t *testing.T) {
	p := atAll(t)
	p.console("hex on")
	if areas := event[godap.InvalidatedEventBody](p, "invalidated").Areas; !slices.Contains(areas, "variables") {
		t.Errorf("invalidated: %v", areas)
	}
	if got := p.eval("numbers[4]").Result; got != "0x5" {
		t.Errorf("numbers[4] = %s", got)
	}
	p.console("hex off")
	if got := p.console("print numbers[4]"); got != "5" {
		t.Errorf("numbers[4] = %s", got)
	}
}

func TestCompletions(t *testing.T) {
	p := atAll(t)
	frame := p.stack()[0].Id
	complete := func(text string) (labels []string) {
		t.Helper()
		for _, i := range ask[godap.CompletionsResponseBody](p, "completions", args{"text": text, "column": len(text) + 1, "frameId": frame}).Targets {
			labels = append(labels, i.Label)
			if text[i.Start-1:i.Start-1+i.Length] != i.Label[:i.Length] {
				t.Errorf("%q: %s would replace %q", text, i.Label, text[i.Start-1:i.Start-1+i.Length])
			}
		}
		return labels
	}
	for _, c := range []struct {
		text string
		want string
	}{
		{"reverse-", "reverse-continue"}, {"", "where"}, {"num", "numbers"}, {"1 + num", "numbers"}, {"glob", "global_int"},
		{"coun", "counter"}, {"p.", "x"}, {"rect_pointer->ma", "max"}, {"rects[1].mi", "min"}, {"$s", "$sp"}, {"info ti", "timeline"},
	} {
		if got := complete(c.text); !slices.Contains(got, c.want) {
			t.Errorf("%q: %v, without %s", c.text, got, c.want)
		}
	}
	if got := complete("1 + reverse-"); slices.Contains(got, "reverse-step") {
		t.Error("a word in the middle of an expression")
	}
}

func TestStackTraceComesInPages(t *testing.T) {
	p, _ := configured(t, "recurse")
	p.do("configurationDone", nil)
	p.stopped("exit")
	p.do("revexec/seek", args{"to": "50%"})
	p.stopped("goto")
	all := p.stack()
	for start := 0; start <= len(all); start += 2 {
		body := ask[godap.StackTraceResponseBody](p, "stackTrace", args{"threadId": p.thread, "startFrame": start, "levels": 2})
		if body.TotalFrames != len(all) {
			t.Fatalf("total %d, expected %d", body.TotalFrames, len(all))
		}
		for i, f := range body.StackFrames {
			if want := all[start+i]; f.Id != want.Id || f.Name != want.Name || f.Line != want.Line {
				t.Errorf("frame %d: %+v, expected %+v", start+i, f, want)
			}
		}
	}
	last := all[len(all)-1]
	if !strings.Contains(last.Name, "start") || last.InstructionPointerReference == "" {
		t.Errorf("outermost frame: %+v", last)
	}
}

func TestThreadsComeAndGoInBothDirections(t *testing.T) {
	p, _ := configured(t, "threads")
	first := event[godap.ThreadEventBody](p, "thread")
	if first.Reason != "started" {
		t.Errorf("first thread: %+v", first)
	}
	p.do("setFunctionBreakpoints", args{"breakpoints": []args{{"name": "barrier_wait"}}})
	p.do("configurationDone", nil)
	p.stopped("function breakpoint")
	threads := ask[godap.ThreadsResponseBody](p, "threads", nil).Threads
	if len(threads) != 5 {
		t.Fatalf("threads: %+v", threads)
	}
	for range 4 {
		if ev := event[godap.ThreadEventBody](p, "thread"); ev.Reason != "started" {
			t.Errorf("%+v", ev)
		}
	}
	for _, th := range threads {
		if frames := ask[godap.StackTraceResponseBody](p, "stackTrace", args{"threadId": th.Id}).StackFrames; len(frames) == 0 {
			t.Errorf("no frames of %+v", th)
		}
	}
	p.do("setFunctionBreakpoints", args{"breakpoints": []args{}})
	p.move("reverseContinue", "entry")
	for range 4 {
		if ev := event[godap.ThreadEventBody](p, "thread"); ev.Reason != "exited" {
			t.Errorf("going back: %+v", ev)
		}
	}
	if threads := ask[godap.ThreadsResponseBody](p, "threads", nil).Threads; len(threads) != 1 {
		t.Errorf("threads at the start: %+v", threads)
	}
}

func TestReadMemory(t *testing.T) {
	p := atAll(t)
	text := p.eval("&text")
	if text.MemoryReference == "" {
		t.Fatalf("text: %+v", text)
	}
	read := func(a args) godap.ReadMemoryResponseBody {
		t.Helper()
		return ask[godap.ReadMemoryResponseBody](p, "readMemory", a)
	}
	body := read(args{"memoryReference": text.MemoryReference, "count": 4})
	if data, _ := base64.StdEncoding.DecodeString(body.Data); string(data) != "text" || body.UnreadableBytes != 0 {
		t.Errorf("text: %+v", body)
	}
	body = read(args{"memoryReference": text.MemoryReference, "offset": 1, "count": 2})
	if data, _ := base64.StdEncoding.DecodeString(body.Data); string(data) != "ex" {
		t.Errorf("with an offset: %+v", body)
	}
	// Nothing is mapped at 0.
	body = read(args{"memoryReference": "0x0", "count": 16})
	if body.Data != "" || body.UnreadableBytes != 16 {
		t.Errorf("at 0: %+v", body)
	}
	p.refused(1003, "readMemory", args{"memoryReference": "0x0", "offset": -1, "count": 1})
	// The client shows it, so it is told after each stop that it may have changed.
	p.move("stepBack", "step")
	for {
		ev := event[godap.MemoryEventBody](p, "memory")
		if ev.MemoryReference == text.MemoryReference {
			if ev.Offset != 0 || ev.Count != 4 {
				t.Errorf("memory event: %+v", ev)
			}
			break
		}
	}
}

func TestDisassemble(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		pc := p.stack()[0].InstructionPointerReference
		list := ask[godap.DisassembleResponseBody](p, "disassemble", args{"memoryReference": pc, "instructionOffset": -4, "instructionCount": 10, "resolveSymbols": true}).Instructions
		if len(list) != 10 || list[4].Address != pc {
			t.Fatalf("instructions: %+v", list)
		}
		if !strings.HasPrefix(list[4].Symbol, "main") || list[4].InstructionBytes == "" || list[4].Line == 0 {
			t.Errorf("at pc: %+v", list[4])
		}
		located := slices.ContainsFunc(list, func(i godap.DisassembledInstruction) bool {
			return i.Location != nil && i.Location.Name == "steps.c"
		})
		if !located {
			t.Error("no instruction tells its source")
		}
		for i := 1; i < len(list); i++ {
			if list[i-1].Address >= list[i].Address {
				t.Errorf("%s before %s", list[i-1].Address, list[i].Address)
			}
		}
		nowhere := ask[godap.DisassembleResponseBody](p, "disassemble", args{"memoryReference": "0x10", "instructionCount": 3}).Instructions
		if len(nowhere) != 3 || nowhere[0].InstructionBytes != "" {
			t.Errorf("where no memory is: %+v", nowhere)
		}
	})
}

func TestSourcesAreFoundMappedOrExplained(t *testing.T) {
	exe := guest(t, "steps")
	here := filepath.Join(filepath.Dir(exe), "steps.c")
	alone := filepath.Join(t.TempDir(), "steps") // without sources beside it
	if err := os.WriteFile(alone, testdata.Bin("steps"), 0o755); err != nil {
		t.Fatal(err)
	}
	source := func(t *testing.T, program string, more args) (*peer, godap.Source) {
		p := connect(t)
		p.initialize()
		more["stopOnEntry"] = true
		p.launch(program, more)
		p.do("configurationDone", nil)
		p.stopped("entry")
		return p, *p.stack()[0].Source
	}
	t.Run("beside the program", func(t *testing.T) {
		if _, s := source(t, exe, args{}); s.Path != here || s.SourceReference != 0 {
			t.Errorf("source %+v", s)
		}
	})
	t.Run("in a directory given", func(t *testing.T) {
		if _, s := source(t, alone, args{"sourcePaths": []string{filepath.Dir(exe)}}); s.Path != here {
			t.Errorf("source %+v", s)
		}
	})
	for name, m := range map[string]any{
		"object": args{"/revexec/testdata/src": filepath.Dir(exe)},
		"pairs":  [][]string{{"/nowhere", "/x"}, {"/revexec/testdata/src/", filepath.Dir(exe)}},
		"list":   []args{{"from": "/revexec/testdata/src", "to": filepath.Dir(exe)}},
	} {
		t.Run("mapped by "+name, func(t *testing.T) {
			p, s := source(t, alone, args{"sourceMap": m})
			if s.Path != here {
				t.Errorf("source %+v", s)
			}
			p.breakOn(exe, "steps.c", bp{at: "nested"}) // and back
			p.move("continue", "breakpoint")
		})
	}
	t.Run("nowhere", func(t *testing.T) {
		p, s := source(t, alone, args{})
		if s.SourceReference == 0 {
			t.Fatalf("source %+v", s)
		}
		body := ask[godap.SourceResponseBody](p, "source", args{"sourceReference": s.SourceReference, "source": s})
		if !strings.Contains(body.Content, "steps.c") || !strings.Contains(body.Content, "sourceMap") {
			t.Errorf("content %q", body.Content)
		}
	})
}

func TestCodeWithoutSourceIsShownDisassembled(t *testing.T) {
	each(t, "hello_glibc", func(t *testing.T, p *peer) {
		p.do("setFunctionBreakpoints", args{"breakpoints": []args{{"name": "puts"}, {"name": "printf"}}})
		p.move("continue", "function breakpoint")
		top := p.stack()[0]
		if top.PresentationHint != "subtle" || top.Source == nil || top.Source.SourceReference == 0 || top.Line == 0 {
			t.Fatalf("frame %+v", top)
		}
		body := ask[godap.SourceResponseBody](p, "source", args{"sourceReference": top.Source.SourceReference})
		lines := strings.Split(body.Content, "\n")
		if top.Line > len(lines) || !strings.HasPrefix(lines[top.Line-1], top.InstructionPointerReference) {
			t.Errorf("line %d of the disassembly is not %s", top.Line, top.InstructionPointerReference)
		}
		p.refused(2005, "setBreakpoints", args{"source": top.Source, "breakpoints": []args{{"line": 1}}})
	})
}

// Editors go to the innermost frame that is neither subtle nor has a deemphasized
// source. There has to be one at every stop.
func TestSomeFrameCanBeSelected(t *testing.T) {
	selectable := func(f godap.StackFrame) bool {
		return f.PresentationHint != "subtle" && f.Source != nil && f.Source.PresentationHint != "deemphasize"
	}
	t.Run("called from a source", func(t *testing.T) {
		p := start(t, "hello_glibc")
		p.do("setFunctionBreakpoints", args{"breakpoints": []args{{"name": "puts"}, {"name": "printf"}}})
		p.move("continue", "function breakpoint")
		frames := p.stack()
		if i := slices.IndexFunc(frames, selectable); i < 1 || frames[i].Name != "main" {
			t.Errorf("frame %d of %+v", i, frames)
		}
	})
	t.Run("at the start of history", func(t *testing.T) {
		p := start(t, "hello_glibc")
		p.move("reverseContinue", "entry")
		if top := p.stack()[0]; !selectable(top) {
			t.Errorf("frame %+v", top)
		}
	})
	t.Run("at the end, in the C library", func(t *testing.T) {
		p := start(t, "hello_glibc")
		p.move("continue", "exit")
		frames := p.stack()
		if i := slices.IndexFunc(frames, selectable); i < 0 {
			t.Errorf("none of %+v", frames)
		}
	})
	t.Run("without any source", func(t *testing.T) {
		p := connect(t)
		p.initialize()
		p.launch(write(t, "alone", string(testdata.Bin("steps"))), args{"stopOnEntry": true})
		p.do("configurationDone", nil)
		p.stopped("entry")
		// As an editor asks: first the innermost frame alone.
		one := ask[godap.StackTraceResponseBody](p, "stackTrace", args{"threadId": p.thread, "levels": 1}).StackFrames
		more := ask[godap.StackTraceResponseBody](p, "stackTrace", args{"threadId": p.thread, "startFrame": 1}).StackFrames
		if len(one) != 1 || !selectable(one[0]) {
			t.Errorf("the innermost frame: %+v", one)
		}
		if slices.ContainsFunc(more, selectable) {
			t.Errorf("frames further out: %+v", more)
		}
	})
}

func TestModulesAndLoadedSources(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		mods := ask[godap.ModulesResponseBody](p, "modules", nil)
		if mods.TotalModules != 1 || len(mods.Modules) != 1 || mods.Modules[0].Name != "steps" || mods.Modules[0].AddressRange == "" {
			t.Errorf("modules: %+v", mods)
		}
		if none := ask[godap.ModulesResponseBody](p, "modules", args{"startModule": 1}); len(none.Modules) != 0 {
			t.Errorf("from the second on: %+v", none)
		}
		sources := ask[godap.LoadedSourcesResponseBody](p, "loadedSources", nil).Sources
		if !slices.ContainsFunc(sources, func(s godap.Source) bool { return s.Name == "steps.c" && s.Path != "" }) {
			t.Errorf("sources: %+v", sources)
		}
		text := ask[godap.SourceResponseBody](p, "source", args{"sourceReference": 0, "source": args{"path": "/x/steps.c"}})
		if text.Content != string(testdata.Source("steps.c")) {
			t.Error("the source is not what was compiled")
		}
		p.refused(2005, "source", args{"sourceReference": 0, "source": args{"path": "/etc/passwd"}})
	})
}
