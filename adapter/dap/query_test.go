package dap

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/checkpoint"
)

func TestALongQueryReportsItsProgressUnderItsRequest(t *testing.T) {
	s := newSession(Config{})
	s.prog, _ = openSteps(t.Context(), nil, machineOptions{})
	defer s.prog.close()
	s.client.SupportsProgressReporting = true
	c := &call{seq: 7, name: CommandFindHits, ctx: t.Context()}
	err := s.query(c, "Looking", func(context.Context) error {
		if !s.prog.deaf {
			t.Error("what is replayed would be output")
		}
		s.onProgress(checkpoint.Progress{What: "search back", Fraction: 0.25, Icount: 10})
		// The report begins by the clock.
		for told := false; !told; {
			s.progress.mu.Lock()
			told = s.progress.started
			s.progress.mu.Unlock()
			runtime.Gosched()
		}
		s.onProgress(checkpoint.Progress{What: "search back", Fraction: 0.5, Icount: 5})
		return checkpoint.ErrCancelled
	})
	if f := asFailure(err); f != failCancelled || !errors.Is(err, checkpoint.ErrCancelled) {
		t.Errorf("a cancelled query fails with %v", err)
	}
	if s.prog.deaf || s.progress != nil {
		t.Error("the query has not ended")
	}
	s.out.close()
	all := received(t, s.out)
	if len(all) != 3 {
		t.Fatalf("%d messages", len(all))
	}
	start, ok := all[0].(*godap.ProgressStartEvent)
	if !ok || start.Body.RequestId != 7 || !start.Body.Cancellable || start.Body.Title != "Looking" || start.Body.Percentage != 25 {
		t.Errorf("%+v", all[0])
	}
	if update, ok := all[1].(*godap.ProgressUpdateEvent); !ok || update.Body.Percentage != 50 || update.Body.ProgressId != start.Body.ProgressId {
		t.Errorf("%+v", all[1])
	}
	if end, ok := all[2].(*godap.ProgressEndEvent); !ok || end.Body.ProgressId != start.Body.ProgressId {
		t.Errorf("%+v", all[2])
	}
	if seq, ok := progressSeq(start.Body.ProgressId); !ok || seq != 7 {
		t.Errorf("the report %q cancels request %d", start.Body.ProgressId, seq)
	}
}

// Where there is nowhere to go the program stays, and nothing is wrong with it.
func TestAMotionThatHasNowhereToGoIsNoFailure(t *testing.T) {
	for _, why := range []error{debugger.ErrNoCaller, debugger.ErrNotWritten, debugger.ErrNotExecuted, debugger.ErrNoCall} {
		s := newSession(Config{})
		s.prog, _ = openSteps(t.Context(), nil, machineOptions{})
		s.launched = &launchArguments{}
		err := fmt.Errorf("where to: %w", why)
		s.stopped(debugger.Event{Reason: debugger.ReasonPause}, err, motion{title: "Going"})
		s.prog.close()
		s.out.close()
		told := false
		for _, m := range received(t, s.out) {
			switch m := m.(type) {
			case *godap.StoppedEvent:
				told = true
				if m.Body.Reason != "step" || m.Body.Description != err.Error() {
					t.Errorf("%v: %+v", why, m.Body)
				}
			case *godap.OutputEvent:
				t.Errorf("%v: the debug console says %q", why, m.Body.Output)
			}
		}
		if !told {
			t.Errorf("%v: no stop", why)
		}
	}
}
