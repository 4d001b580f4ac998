package checkpoint

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// mostWorkers bounds the replicas that a timeline makes: each has its own
// translated code.
const mostWorkers = 16

// pool are the machines that searches use beside the timeline's own. They are made
// when they are first wanted, and kept.
type pool struct {
	workers []*worker
	none    bool // there are no more to be had
}

// worker is a replica with a little timeline of its own: while it has a job, that
// knows the checkpoint where the interval begins and nothing else.
type worker struct{ t *Timeline }

// workersFor returns up to n workers. They are fewer if the machine has no replicas.
func (t *Timeline) workersFor(n int) []*worker {
	n = min(n, mostWorkers)
	for len(t.pool.workers) < n && !t.pool.none {
		m, err := t.m.Replica()
		if err != nil {
			t.pool.none = true
			break
		}
		w := &worker{&Timeline{m: m, cfg: t.cfg}}
		w.t.cfg.Disabled, w.t.cfg.Progress = true, nil
		w.t.pace.init(w.t.cfg)
		t.pool.workers = append(t.pool.workers, w)
	}
	return t.pool.workers[:min(n, len(t.pool.workers))]
}

// closePool gives the replicas up.
func (t *Timeline) closePool() {
	for _, w := range t.pool.workers {
		if c, ok := w.t.m.(io.Closer); ok {
			_ = c.Close()
		} else if c, ok := w.t.m.(interface{ Close() }); ok {
			c.Close()
		}
	}
	t.pool = pool{none: true}
}

// job is a piece for a worker to scan.
type job struct {
	piece
	snap   vm.Snapshot // of the checkpoint that the interval begins with
	ctx    context.Context
	cancel context.CancelFunc

	// What came of it, when it is finished.
	finished bool
	found    bool
	hit      vm.Stop
	touched  bool
	gather   *gather // for all hits
	err      error
	near     *checkpoint // the last one laid before the hit, nil if none was
	replayed uint64
	panicked any
}

// do scans the job's piece.
func (w *worker) do(j *job, tune *tuning, stops *vm.Stops) {
	t := w.t
	defer func() { j.panicked = recover() }()
	t.tune = *tune
	t.store = store{}
	t.store.init()
	root := &checkpoint{snap: j.snap, icount: j.prev.icount, act: &vm.Activity{}}
	t.store.insert(root)
	_ = t.restore(root) // it is hot
	t.replayed = 0
	defer func() { t.store, t.base = store{}, nil }() // memory
	defer t.begin(j.ctx, "search back")()

	s := newScan(t, stops, j.gather)
	j.found, j.err = s.window(j.start, j.end)
	j.hit, j.touched, j.replayed = s.hit, s.touched, t.replayed
	if j.found && j.err == nil {
		j.near = t.onlyNearest(j.hit.At)
	}
}

// onlyNearest drops all checkpoints but the first and the one nearest to icount,
// which it returns: its activity and pages are then relative to the first. It is nil
// if that is the first.
func (t *Timeline) onlyNearest(icount uint64) *checkpoint {
	c := t.store.nearest(icount)
	for i := len(t.store.list) - 1; i > 0; i-- {
		if t.store.list[i] != c {
			t.store.drop(i)
		}
	}
	if c == t.store.list[0] {
		return nil
	}
	return c
}

// workers returns those that may help to search from p on, the piece that is to be
// looked at next. Where a call has been passed over what is sought is most probably just
// before it, and the machine is near.
func (s *search) workers(p piece) []*worker {
	t := s.t
	if t.cfg.Workers < 2 || !p.whole || p.start <= s.lower || p.end == s.callFrom ||
		p.end-s.lower < t.tune.leastParallel || s.stops.Filter != nil && !s.stops.Anywhere {
		return nil
	}
	return t.workersFor(t.cfg.Workers)
}

// hunt searches first and what is left after it, several intervals at once. The
// engine goroutine gives out the jobs, the newest first, and waits; only it touches
// the timeline. As soon as a job has a hit the older ones are given up, and the
// newer ones awaited: the answer is that of the newest job with a hit, as if they had
// been done one after the other. A job that fails ends the hunt: whatever is
// the matter with its interval, the timeline's own machine has to find out. When hunt
// returns, no worker runs any more.
func (s *search) hunt(first piece, workers []*worker) (*vm.Stop, error) {
	t := s.t
	ctx, cancel := context.WithCancel(t.req.ctx)
	// One job waits for the first worker that is free.
	most := len(workers) + 1
	todo, results := make(chan *job, most), make(chan *job, most)
	var running sync.WaitGroup
	var line []*job // those given out, the newest history first
	defer func() {
		cancel()
		close(todo)
		running.Wait()
		for _, j := range line {
			s.giveBack(j)
		}
	}()
	for _, w := range workers {
		running.Go(func() {
			for j := range todo {
				w.do(j, &t.tune, &s.stops)
				results <- j
			}
		})
	}
	var tick <-chan time.Time
	if t.cfg.Progress != nil {
		ticker := time.NewTicker(max(t.tune.progressEvery, time.Millisecond))
		defer ticker.Stop()
		tick = ticker.C
	}

	unfinished, more := 0, true
	give := func(p piece) {
		snap, err := t.snapshot(p.prev)
		j := &job{piece: p, snap: snap, err: err, finished: err != nil}
		if g := s.gather; g != nil {
			j.gather = &gather{after: g.after, left: g.left}
		}
		j.ctx, j.cancel = context.WithCancel(ctx)
		p.prev.held++
		p.next.held++
		line = append(line, j)
		if err != nil {
			more = false
			return
		}
		unfinished++
		todo <- j
	}
	for give(first); ; {
		for more && unfinished < most {
			p, ok := s.next()
			if !ok {
				more = false
				break
			}
			give(p)
		}
		for len(line) > 0 && line[0].finished {
			j := line[0]
			switch {
			case j.panicked != nil:
				panic(j.panicked)
			case t.cancelled():
				return nil, ErrCancelled
			case j.err != nil:
				s.again(j.end)
				return nil, nil
			case j.found:
				s.handOver(j)
				return &j.hit, nil
			case s.gathered(j.gather):
				return nil, nil
			}
			s.nothingIn(j.piece, j.touched)
			s.giveBack(j)
			line = line[1:]
		}
		if len(line) == 0 && !more {
			s.done = s.edge // what was passed over last
		}
		s.report()
		if len(line) == 0 && !more {
			return nil, nil
		}
		select {
		case j := <-results:
			unfinished--
			j.finished = true
			t.replayed += j.replayed
			if j.found || j.err != nil || j.panicked != nil {
				more = false
				for k := len(line) - 1; line[k] != j; k-- {
					line[k].cancel()
				}
			}
		case <-tick:
		}
	}
}

// giveBack releases what a job holds.
func (s *search) giveBack(j *job) {
	j.cancel()
	j.prev.held--
	j.next.held--
}

// handOver makes the checkpoint that a worker laid near its hit one of the
// timeline's: the way to the hit is short from there.
func (s *search) handOver(j *job) {
	t := s.t
	if j.near == nil {
		return
	}
	i := t.store.after(j.near.icount)
	if i == len(t.store.list) || t.store.list[i] != j.next || t.store.list[i-1] != j.prev {
		return
	}
	t.store.insert(&checkpoint{
		snap: j.near.snap, icount: j.near.icount, act: partOf(j.next.act, j.near.act), quiet: j.next.quiet,
		dirty: j.near.dirty, again: uncounted, temp: true, root: j.prev.root,
	})
}

// report tells the progress, if it is time to.
func (s *search) report() {
	s.callbacks.Lock()
	defer s.callbacks.Unlock()
	s.t.progress(time.Now())
}
