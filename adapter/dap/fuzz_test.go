package dap

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// openSteps opens the guest steps, whatever program is asked for.
func openSteps(_ context.Context, _ *launchArguments, o machineOptions) (*program, error) {
	image := testdata.Bin("steps")
	m, err := linux.New(linux.Config{Path: "/steps", File: image, Args: []string{"steps"}, Dir: "/", Output: o.output, Logger: o.log})
	if err != nil {
		return nil, err
	}
	f, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return nil, err
	}
	syms, err := symbols.LoadFile(f, "/steps", m.Image().Bias)
	if err != nil {
		return nil, err
	}
	tl := checkpoint.New(m, checkpoint.Config{Progress: o.progress})
	return &program{machine: m, tl: tl, dbg: debugger.New(tl, syms), outputs: newOutputs(nil)}, nil
}

// script frames requests: each a command and its arguments as JSON.
func script(requests ...string) []byte {
	var b strings.Builder
	for i, r := range requests {
		command, arguments, _ := strings.Cut(r, " ")
		m := fmt.Sprintf(`{"seq":%d,"type":"request","command":%q`, i+1, command)
		if arguments != "" {
			m += `,"arguments":` + arguments
		}
		m += "}"
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(m), m)
	}
	return []byte(b.String())
}

// FuzzSession feeds arbitrary bytes to a session. None may make a handler panic,
// or hang.
func FuzzSession(f *testing.F) {
	begin := []string{
		`initialize {"adapterID":"x","linesStartAt1":true,"columnsStartAt1":true,"supportsProgressReporting":true,"supportsMemoryEvent":true,"supportsInvalidatedEvent":true}`,
		`launch {"program":"steps","stopOnEntry":true,"sourceMap":{"/a":"/b"},"env":{"A":null}}`,
	}
	with := func(more ...string) []byte { return script(append(append([]string{}, begin...), more...)...) }
	f.Add([]byte{})
	f.Add([]byte("Content-Length: -5\r\n\r\n"))
	f.Add([]byte("Content-Length: 99999999999\r\n\r\n{}"))
	f.Add([]byte("Content-Length: 2\r\n\r\n{}Content-Length: 4\r\n\r\nnull"))
	f.Add(with(`setBreakpoints {"source":{"path":"/x/steps.c"},"breakpoints":[{"line":30,"condition":"x==1","hitCondition":"% 2","logMessage":"{x}"}]}`,
		`configurationDone`, `continue {"threadId":0}`, `reverseContinue {"threadId":0}`, `restart`))
	f.Add(with(`configurationDone`, `stackTrace {"threadId":0,"levels":1}`, `scopes {"frameId":1}`, `variables {"variablesReference":2,"filter":"named","start":0,"count":3}`,
		`evaluate {"expression":"trace + 1","context":"watch","frameId":1}`, `evaluate {"expression":"seek 50%","context":"repl"}`, `completions {"text":"tr","column":3}`))
	f.Add(with(`configurationDone`, `dataBreakpointInfo {"name":"trace","bytes":2}`, `setDataBreakpoints {"breakpoints":[{"dataId":"0x14000,4,trace","accessType":"write"}]}`,
		`continue {"threadId":0}`, `stepBack {"threadId":0,"granularity":"instruction"}`, `revexec/seek {"to":"-10"}`, `revexec/reverseStepOut {"threadId":0}`, `revexec/lastWrite {"name":"trace"}`, `restartFrame {"frameId":1}`))
	f.Add(with(`configurationDone`, `readMemory {"memoryReference":"0x10000","offset":-4,"count":64}`, `disassemble {"memoryReference":"0x11000","offset":1,"instructionOffset":-5,"instructionCount":20,"resolveSymbols":true}`,
		`source {"sourceReference":1}`, `loadedSources`, `modules {"startModule":-1}`, `breakpointLocations {"source":{"path":"steps.c"},"line":1,"endLine":50}`))
	f.Add(with(`configurationDone`, `evaluate {"expression":"rs 3","context":"repl"}`, `evaluate {"expression":"info timeline","context":"repl"}`, `exceptionInfo {"threadId":1}`,
		`setFunctionBreakpoints {"breakpoints":[{"name":"a"}]}`, `setInstructionBreakpoints {"breakpoints":[{"instructionReference":"0x11000","offset":2}]}`, `terminate`, `disconnect`))
	f.Add(script(`initialize {"adapterID":"x","supportsRunInTerminalRequest":true}`, `launch {"program":"steps","console":"integratedTerminal"}`))
	f.Add(append(with(), "Content-Length: 79\r\n\r\n"+`{"seq":3,"type":"response","request_seq":1,"success":false,"command":"whatever"}`...))
	f.Add(with(`configurationDone`, `revexec/setBookmark {"name":"x"}`, `revexec/setBookmark {"icount":3}`, `revexec/setBookmark {"id":1,"name":"y"}`, `revexec/bookmarks`, `revexec/removeBookmark {"id":2}`,
		`revexec/timeline {"from":1,"to":100000,"buckets":7}`, `evaluate {"expression":"seek @y","context":"repl"}`, `completions {"text":"unbookmark y","column":12}`, `evaluate {"expression":"timeline","context":"repl"}`))
	f.Add(with(`configurationDone`, `continue {"threadId":0}`, `revexec/valueHistory {"name":"trace","limit":3}`, `revexec/executions {"function":"a","limit":2}`, `revexec/lastExecution {"source":{"path":"steps.c"},"line":10,"breakpoints":true}`,
		`revexec/nextExecution {"instructionReference":"0x11000"}`, `stackTrace {"threadId":0}`, `revexec/backToCall {"frameId":2}`, `revexec/findHits {"limit":1}`, `revexec/outputMoment {"offset":3}`,
		`revexec/outputMoment {"text":"loops","stream":"stdout","before":90000}`, `evaluate {"expression":"printed trace","context":"repl"}`, `evaluate {"expression":"le steps.c:10","context":"repl"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		defects := &defects{}
		cfg := Config{open: openSteps, TerminalWait: time.Millisecond, Logger: zerolog.New(defects).Level(zerolog.ErrorLevel)}

		// One request after the other, each served before the next is read.
		s := newSession(cfg)
		go s.out.write(io.Discard, func(error) {})
		in := newFrames(bytes.NewReader(data))
		for s.phase != ended {
			content, err := in.next()
			if err != nil {
				break
			}
			s.decode(content)
			for len(s.in.queue) > 0 {
				s.serve(s.in.next())
			}
		}
		s.close()
		s.out.close()
		<-s.out.done
		// As a client sends it, and goes away.
		_ = Serve(t.Context(), &stream{Reader: bytes.NewReader(data)}, cfg)
		if defects.text != "" {
			t.Fatal(defects.text)
		}
	})
}

// stream is a client that says what it has to say and does not listen.
type stream struct{ io.Reader }

func (*stream) Write(p []byte) (int, error) { return len(p), nil }
func (*stream) Close() error                { return nil }

// defects notes the log of recovered panics.
type defects struct{ text string }

func (d *defects) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(`"defect"`)) {
		d.text += string(p)
	}
	return len(p), nil
}
