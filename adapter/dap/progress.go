package dap

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/checkpoint"
)

// progressReport tells the client how far a piece of work is, from the moment
// that it has taken progressAfter. A timer starts it, the engine feeds it.
type progressReport struct {
	mu      sync.Mutex
	out     *outbox
	id      string
	seq     int // of the request that it is about
	title   string
	timer   *time.Timer
	known   bool // there is something to tell: else it is the program that runs
	due     bool // it has taken long enough
	started bool // the client knows
	ended   bool
	last    checkpoint.Progress
	percent int
}

const progressPrefix = "revexec-"

// progressSeq is the seq of the request that a progress ID belongs to.
func progressSeq(id string) (int, bool) {
	rest, ok := strings.CutPrefix(id, progressPrefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(rest)
	return n, err == nil
}

// report begins a report on what the engine does for c from now on. Work which
// only runs the program is reported when it turns out to be a search or a replay:
// the client shows by itself that the program runs.
func (s *session) report(c *call, title string) {
	s.reported()
	if !s.client.SupportsProgressReporting {
		return
	}
	r := &progressReport{out: s.out, id: fmt.Sprintf("%s%d", progressPrefix, c.seq), seq: c.seq, title: title}
	r.known = c.name == "launch" || c.name == "restart" && s.phase != moving
	r.timer = time.AfterFunc(progressAfter, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.due = true
		r.start()
	})
	s.progress = r
}

// start tells the client, when it is time to. r.mu is held.
func (r *progressReport) start() {
	if !r.due || !r.known || r.started || r.ended {
		return
	}
	r.started = true
	r.out.send(newEvent("progressStart", godap.ProgressStartEventBody{
		ProgressId: r.id, Title: r.title, RequestId: r.seq, Cancellable: true, Message: r.message(), Percentage: r.percent,
	}))
}

func (r *progressReport) message() string {
	if r.last.What == "" {
		return ""
	}
	return fmt.Sprintf("%s: icount %d", r.last.What, r.last.Icount)
}

// onProgress takes the timeline's progress. It runs on the engine goroutine.
func (s *session) onProgress(p checkpoint.Progress) {
	r := s.progress
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known, r.last = true, p
	// A percentage must not go back, while a motion has several parts.
	percent := max(r.percent, min(int(p.Fraction*100), 99))
	changed := percent != r.percent
	r.percent = percent
	if !r.started {
		r.start()
		return
	}
	if changed && !r.ended {
		r.out.send(newEvent("progressUpdate", godap.ProgressUpdateEventBody{ProgressId: r.id, Message: r.message(), Percentage: percent}))
	}
}

// reported ends the report.
func (s *session) reported() {
	r := s.progress
	if r == nil {
		return
	}
	s.progress = nil
	r.timer.Stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	if r.started {
		r.out.send(newEvent("progressEnd", godap.ProgressEndEventBody{ProgressId: r.id}))
	}
}
