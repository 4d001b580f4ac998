package dap

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
)

// initialize, launch, configurationDone, restart, terminate and disconnect.

func (s *session) initialize(c *call, m *godap.InitializeRequest) (any, error) {
	if f := m.Arguments.PathFormat; f != "" && f != "path" && f != "uri" {
		return nil, badArgument(`initialize: pathFormat %q is not supported (supported: "path", "uri")`, f)
	}
	s.client = m.Arguments
	s.phase = ready
	s.log.Debug().Str("client", s.client.ClientID).Str("name", s.client.ClientName).Msg("client")
	return capabilities(), nil
}

func (s *session) attach(c *call, m *godap.AttachRequest) (any, error) {
	return nil, &failure{id: errAttach, text: "attach is not possible: a program can be recorded from its start only; use a launch configuration"}
}

func (s *session) launch(c *call, m *godap.LaunchRequest) (any, error) {
	args, err := parseLaunch(m.Arguments)
	if err != nil {
		return nil, err
	}
	if args.Log != nil && args.Log.To != "" {
		log, file, err := openLog(args.Log.To)
		if err != nil {
			return nil, err
		}
		if s.logFile != nil {
			s.logFile.Close()
		}
		s.log, s.logFile = log, file
	}
	if err := s.load(c, args); err != nil {
		return nil, err
	}
	if args.Position != "" {
		if _, err := s.parsePosition(args.Position); err != nil {
			s.unload()
			s.endConsole()
			return nil, fmt.Errorf("launch: position: %w", err)
		}
	}
	s.phase = configuring
	c.then(func() {
		s.greet()
		s.event("initialized", nil)
	})
	return nil, nil
}

// load opens the program and makes it the session's. What the client has asked
// for so far is applied to it.
func (s *session) load(c *call, args *launchArguments) error {
	s.report(c, "Loading "+filepath.Base(args.title()))
	defer s.reported()
	term, err := s.openConsole(c.ctx, args)
	if err != nil {
		return err
	}
	if s.prog != nil {
		// The new program may be recorded to the same file.
		if err := s.prog.stopRecording(); err != nil {
			s.log.Warn().Err(err).Msg("the recording")
		}
	}
	p, err := s.cfg.open(c.ctx, args, machineOptions{log: s.log, output: s.programOutput, progress: s.onProgress, warn: s.warn, tool: s.cfg.Tool, term: term})
	if err == nil && c.ctx.Err() != nil {
		p.close()
		err = failCancelled
	}
	if err != nil {
		if term != nil && term != s.term {
			term.remote.End("dap-revexec: "+err.Error(), terminalEnd)
		}
		return err
	}
	s.unload()
	s.setConsole(term)
	for _, id := range slices.Sorted(maps.Keys(s.shown.modules)) { // of the run before
		s.event("module", godap.ModuleEventBody{Reason: "removed", Module: s.shown.modules[id]})
	}
	s.prog, s.launched = p, args
	s.sources.reset(args, p.machine.Image().Path, p.kept)
	s.shown = shown{}
	s.dropBookmarks()
	s.hitsKnown = nil
	p.dbg.SetLogSink(s.logpoint)
	p.dbg.SetModuleSink(s.modulesChanged)
	s.applyFilters()
	if !args.NoDebug {
		c.then(s.reapply)
	}
	s.keepThreads()
	return nil
}

// warn tells the user what is wrong with the history. It may be called from any
// goroutine.
func (s *session) warn(err error) { s.console("important", err.Error()+"\n") }

// unload lets the program go.
func (s *session) unload() {
	if s.prog == nil {
		return
	}
	if err := s.prog.close(); err != nil {
		s.log.Debug().Err(err).Msg("closing the program")
	}
	s.prog = nil
	s.refs.drop()
}

// greet tells the client about a program that was just loaded.
func (s *session) greet() {
	path := s.launched.path()
	if s.prog.played != nil {
		path = s.prog.machine.Image().Path
		if err := s.prog.played.Damage(); err != nil {
			s.warn(err)
		}
	}
	s.processEvent(path)
	s.moduleEvents()
	if ok, why := s.prog.dbg.Program().HasDWARF(); !ok && !s.launched.NoDebug {
		s.console("console", fmt.Sprintf("%s: no debug information (%s): only functions and instructions can be shown; compile with -g for lines and variables\n", s.prog.name(), why))
	}
	s.threadEvents()
}

// processEvent tells the client which program the process runs.
func (s *session) processEvent(path string) {
	s.shown.program = s.prog.machine.Image().Path
	s.event("process", godap.ProcessEventBody{
		Name: path, IsLocalProcess: s.prog.played == nil, StartMethod: "launch", PointerSize: 8 * s.prog.dbg.Arch().PtrSize,
	})
}

func (s *session) configurationDone(c *call, m *godap.ConfigurationDoneRequest) (any, error) {
	s.phase = stopped
	c.then(func() { s.start(c) })
	return nil, nil
}

// start lets a program go that was just loaded.
func (s *session) start(c *call) {
	if p := s.launched.Position; p != "" && !s.launched.NoDebug {
		if to, err := s.parsePosition(p); err == nil { // launch has tried
			s.travel(c, s.seekTo(to))
			return
		}
	}
	if s.launched.StopOnEntry && !s.launched.NoDebug {
		s.travel(c, motion{title: "Running to main", entry: true, run: s.prog.dbg.RunToMain})
		return
	}
	s.travel(c, s.moveBy("Running", debugger.Motion{Verb: debugger.Continue}))
}

// restart makes a new machine with the program and runs that: a new history.
func (s *session) restart(c *call, m *godap.RestartRequest) (any, error) {
	args := s.launched
	if len(m.Arguments) > 0 {
		var a struct {
			Arguments json.RawMessage `json:"arguments"` // the newest launch configuration
		}
		if err := json.Unmarshal(m.Arguments, &a); err != nil {
			return nil, decodeFailure(err)
		}
		if len(a.Arguments) > 0 && string(a.Arguments) != "null" {
			newer, err := parseLaunch(a.Arguments)
			if err != nil {
				return nil, err
			}
			args = newer
		}
	}
	if args == nil {
		return nil, &failure{id: errState, text: "restart: no program has been launched"}
	}
	if err := s.load(c, args); err != nil {
		return nil, err
	}
	if s.phase == configuring {
		return nil, nil
	}
	s.phase = stopped
	c.then(func() {
		s.greet()
		s.start(c)
	})
	return nil, nil
}

func (s *session) terminate(c *call, m *godap.TerminateRequest) (any, error) {
	s.terminated(c)
	return nil, nil
}

// terminated lets the program go and tells the client so after the response.
func (s *session) terminated(c *call) {
	s.flushOutput(context.Background())
	s.unload()
	s.endConsole()
	s.phase = ended
	c.then(func() { s.event("terminated", nil) })
}

func (s *session) disconnect(c *call, m *godap.DisconnectRequest) (any, error) {
	s.unload()
	s.endConsole()
	if s.phase&(configuring|stopped) != 0 {
		s.phase = ended
		c.then(func() { s.event("terminated", nil) })
	}
	return nil, nil
}

func readOnly(s *session, c *call) (any, error) {
	return nil, &failure{id: errReadOnly, text: c.name + ": history can't be changed: registers, memory and variables are read-only"}
}

func noGoto(s *session, c *call) (any, error) {
	return nil, &failure{id: errReadOnly, text: c.name + ": execution can't jump: history can't be changed; the word seek and the request " + CommandSeek + " travel in time"}
}
