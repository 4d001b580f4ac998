package checkpoint

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/dap-revexec/dap-revexec/vm"
)

// The toy is a small machine that keeps the contract of vm.Machine to the
// letter: threads that take turns, pages shared copy-on-write with snapshots,
// inputs through the log (answers, and what wakes it from idle), kernel writes
// to memory, signals, an exit.

const (
	toyPages   = 16
	toyQuantum = 7 // instructions that a thread runs before the next has its turn
	toyBase    = 0x1000
)

type toyOp uint8

const (
	opALU    toyOp = iota // r[a] = r[b]*imm + r[c]
	opLoad                // r[a] = the word at address
	opStore               // the word at address = r[a]
	opBranch              // if r[a]&c != 0 go to imm; to the last instruction, an exit, when icount ≥ the program's length
	opAsk                 // an input at once: r[a] and the word at address
	opWait                // wait for an input: r[a] and the word at address
	opFault               // a signal: goes on at imm after a tick; kills when icount ≥ the program's length
	opExit                // ends the guest when icount ≥ the program's length
	opCall                // calls imm, unless the stack is too deep
	opRet                 // returns, unless the stack is empty
	opUnwind              // returns from several calls at once and goes to imm
)

type toyIns struct {
	op      toyOp
	a, b, c uint8
	imm     uint64
	wide    bool // address anywhere in memory, else within 512 bytes from imm on
}

type toyProgram struct {
	ins     []toyIns
	threads int
	length  uint64 // it ends when this many instructions have been executed, or soon after
}

// randomProgram makes a program of about the given length.
func randomProgram(r *rand.Rand, length uint64) *toyProgram {
	p := &toyProgram{threads: 1 + r.IntN(3), length: length}
	n := 12 + r.IntN(40)
	for range n {
		i := toyIns{
			op: opALU, a: uint8(r.IntN(8)), b: uint8(r.IntN(8)), c: uint8(r.IntN(8)),
			imm: r.Uint64N(toyPages * pageSize), wide: r.IntN(8) == 0,
		}
		switch k := r.IntN(100); {
		case k < 20:
			i.op = opStore
		case k < 35:
			i.op = opLoad
		case k < 50:
			i.op, i.imm, i.c = opBranch, r.Uint64N(uint64(n)), uint8(1+r.IntN(7))
		case k < 56:
			i.op = opAsk
		case k < 60:
			i.op = opWait
		case k < 62:
			i.op, i.imm = opFault, r.Uint64N(uint64(n))
		case k < 66:
			i.op = opExit
		case k < 73:
			i.op, i.imm = opCall, r.Uint64N(uint64(n))
		case k < 80:
			i.op = opRet
		case k < 82:
			i.op, i.imm = opUnwind, r.Uint64N(uint64(n))
		}
		p.ins = append(p.ins, i)
	}
	p.ins = append(p.ins, toyIns{op: opExit})
	return p
}

type toyThread struct {
	r       [8]uint64
	pc      int // index into the program
	lastPC  uint64
	blocked bool
	sp      uint64
	stack   *toyFrame // nil when no call is active
}

// toyState is what a snapshot captures.
type toyState struct {
	icount  uint64
	threads []toyThread
	current int
	pos     int // in the log
	exit    *vm.ExitStatus
	pages   [toyPages]*toyPage
	sum     uint64 // of all words, weighed by address
}

func (s *toyState) clone() toyState {
	c := *s
	c.threads = slices.Clone(s.threads)
	return c
}

type toySnapshot struct {
	state toyState
	act   *vm.Activity
}

func (s *toySnapshot) Icount() uint64         { return s.state.icount }
func (s *toySnapshot) Activity() *vm.Activity { return s.act }

func (s *toySnapshot) Overhead() int { return 100 * len(s.state.threads) }

// toyOutside is what the toy lives in: an endless row of inputs.
type toyOutside struct {
	next  func(wait bool) (v uint64, ok bool) // ok is false when there is nothing yet
	calls int
}

func randomOutside(seed uint64) *toyOutside {
	r := rand.New(rand.NewPCG(seed, 99))
	return &toyOutside{next: func(bool) (uint64, bool) { return r.Uint64(), true }}
}

type toy struct {
	prog    *toyProgram
	log     *vm.Log
	outside *toyOutside
	toyState
	dirty uint32
	trace toyTrace
	err   error
	// sealed is that it only replays.
	sealed bool

	mu          sync.Mutex
	wake        *sync.Cond // told when pending changes
	pending     bool
	interrupted func() // called by Interrupt, when set

	runs, snapshots, restores int
}

func newToy(p *toyProgram, log *vm.Log, outside *toyOutside) *toy {
	m := &toy{prog: p, log: log, outside: outside}
	m.wake = sync.NewCond(&m.mu)
	for i := range p.threads {
		m.threads = append(m.threads, toyThread{pc: i * len(p.ins) / p.threads, r: [8]uint64{3, 5, 7, 11, 13, 17, 19, uint64(23 + i)}, sp: toyStack(i)})
	}
	return m
}

var toyArch = &vm.Arch{}

func (m *toy) Arch() *vm.Arch             { return toyArch }
func (m *toy) Icount() uint64             { return m.icount }
func (m *toy) Log() *vm.Log               { return m.log }
func (m *toy) CurrentThread() vm.ThreadID { return vm.ThreadID(m.current + 1) }
func (m *toy) Mappings() []vm.Mapping     { return nil }
func (m *toy) MapsVersion() uint64        { return 0 }
func (m *toy) Elsewhere() bool            { return false }
func (m *toy) Image() vm.Image            { return vm.Image{} }
func (m *toy) pc(thread int) uint64       { return toyBase + 4*uint64(m.threads[thread].pc) }

func (m *toy) Reg(t vm.ThreadID, r int) uint64      { return m.threads[t-1].r[r] }
func (m *toy) RegBytes(t vm.ThreadID, r int) []byte { return nil }
func (m *toy) LastPC(t vm.ThreadID) uint64          { return m.threads[t-1].lastPC }
func (m *toy) ReadMemory(addr uint64, p []byte) int { return 0 }
func (m *toy) Exited() (s vm.ExitStatus, exited bool) {
	if m.exit == nil {
		return s, false
	}
	return *m.exit, true
}

func (m *toy) Threads() []vm.Thread {
	var list []vm.Thread
	for i := range m.threads {
		list = append(list, vm.Thread{ID: vm.ThreadID(i + 1), PC: m.pc(i)})
	}
	return list
}

func (m *toy) Hash() vm.Hash {
	h := fnv.New128a()
	fmt.Fprint(h, m.icount, m.current, m.pos, m.exit != nil, m.sum)
	for _, t := range m.threads {
		fmt.Fprint(h, t.r, t.pc, t.lastPC, t.blocked, t.sp, t.stack.digest())
	}
	return vm.Hash(h.Sum(nil))
}

func (m *toy) Snapshot() vm.Snapshot {
	m.snapshots++
	s := &toySnapshot{state: m.clone(), act: m.activity()}
	m.dirty, m.trace = 0, toyTrace{}
	return s
}

func (m *toy) Restore(s vm.Snapshot) {
	m.restores++
	m.toyState = s.(*toySnapshot).state.clone()
	m.dirty, m.trace = 0, toyTrace{}
	m.err = nil
}

func (m *toy) Interrupt() {
	m.mu.Lock()
	m.pending = true
	m.wake.Broadcast()
	m.mu.Unlock()
	if m.interrupted != nil {
		m.interrupted()
	}
}

func (m *toy) ClearInterrupt() {
	m.mu.Lock()
	m.pending = false
	m.mu.Unlock()
}

// interruptPending tells whether a Run would be interrupted.
func (m *toy) interruptPending() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pending
}

func (m *toy) takeInterrupt() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.pending
	m.pending = false
	return p
}

// toyRun is one call of Run.
type toyRun struct {
	*toy
	start uint64
	stops *vm.Stops
	hits  []vm.Stop // accesses by the guest kernel to watched ranges
}

func (m *toy) stopped(why vm.Reason) vm.Stop {
	return vm.Stop{Reason: why, Icount: m.icount, Thread: m.CurrentThread(), PC: m.pc(m.current), Err: m.err}
}

func (m *toy) Run(until uint64, stops *vm.Stops) vm.Stop {
	m.runs++
	if until <= m.icount {
		return m.stopped(vm.StopLimit)
	}
	if stops == nil {
		stops = &vm.Stops{}
	}
	r := toyRun{toy: m, start: m.icount, stops: stops}
	stop := r.loop(until)
	if !m.sealed {
		m.log.Reached(m.icount)
	}
	return stop
}

func (r *toyRun) loop(until uint64) vm.Stop {
	for n := 0; ; n++ {
		switch {
		case r.err != nil:
			return r.stopped(vm.StopError)
		case r.icount >= until:
			return r.stopped(vm.StopLimit)
		case r.exit != nil:
			return r.stopped(vm.StopExit)
		case r.sealed && r.icount >= r.log.Frontier():
			return r.stopped(vm.StopEnd)
		case n%8 == 7 && r.takeInterrupt():
			return r.stopped(vm.StopInterrupted)
		}
		if in := r.log.At(r.pos); in != nil && in.Icount < r.icount {
			r.err = fmt.Errorf("input %d was not asked for", r.pos)
			continue
		}
		if s := r.one(); s != nil {
			return *s
		}
		for _, s := range r.hits {
			if s.At > r.start || r.stops.AtStart {
				if s.Icount, s.Thread, s.PC = r.icount, r.CurrentThread(), r.pc(r.current); r.wanted(s) {
					return s
				}
			}
		}
		r.hits = r.hits[:0]
	}
}

func (r *toyRun) wanted(s vm.Stop) bool {
	s.Machine = r.toy
	return r.stops.Filter == nil || r.stops.Filter(&s)
}

// one executes an instruction or a tick, or returns a stop before it.
func (r *toyRun) one() *vm.Stop {
	m := r.toy
	asked := r.stops.AtStart || m.icount > r.start
	if m.threads[m.current].blocked { // all are: idle
		in, ok := m.input(vm.InputWake, true)
		if !ok {
			if m.err == nil {
				s := m.stopped(vm.StopInterrupted)
				return &s
			}
			return nil
		}
		m.icount++
		i := int(in.Num) % len(m.threads)
		t := &m.threads[i]
		m.trace.events |= vm.EventInput
		r.arrive(t, in)
		t.blocked = false
		m.current = i
		return nil
	}
	t := &m.threads[m.current]
	ins := &m.prog.ins[t.pc]
	if asked && r.stops.Breaks.Has(m.pc(m.current)) {
		if s := m.stopped(vm.StopBreak); r.wanted(s) {
			return &s
		}
	}
	if asked && (ins.op == opLoad || ins.op == opStore) {
		for i, w := range r.stops.Watches {
			if s := m.watchStop(i, w, t.address(ins), ins.op == opStore); s != nil && r.wanted(*s) {
				return s
			}
		}
	}
	if asked && ins.op == opFault && r.stops.Signals {
		s := m.stopped(vm.StopSignal)
		s.Signal, s.Fatal = 11, m.icount >= m.prog.length
		if r.wanted(s) {
			return &s
		}
	}
	next := (t.pc + 1) % len(m.prog.ins)
	m.trace.code |= 1 << t.pc
	m.trace.ran |= 1 << m.current
	switch ins.op {
	case opALU:
		t.r[ins.a] = t.r[ins.b]*ins.imm + t.r[ins.c]
	case opLoad:
		t.r[ins.a] = m.word(t.address(ins))
		m.trace.read |= 1 << (t.address(ins) >> pageShift)
	case opStore:
		m.setWord(t.address(ins), t.r[ins.a])
	case opBranch:
		if m.icount >= m.prog.length {
			next = len(m.prog.ins) - 1
		} else if t.r[ins.a]&uint64(ins.c) != 0 {
			next = int(ins.imm)
		}
	case opAsk:
		in, ok := m.input(vm.InputSyscall, false)
		if !ok {
			return nil
		}
		m.trace.events |= vm.EventInput | vm.EventSyscall
		r.arrive(t, in)
	case opWait:
		m.trace.events |= vm.EventSyscall
		t.blocked = true
	case opFault:
		m.trace.events |= vm.EventSignal
		m.deliver(t, ins)
		next = int(ins.imm)
		if m.icount >= m.prog.length {
			m.exit = &vm.ExitStatus{Signal: 11}
		}
	case opExit:
		if m.icount >= m.prog.length {
			m.exit = &vm.ExitStatus{Code: 3}
		}
	case opCall:
		if t.call(next, ins.c) {
			next = int(ins.imm)
		}
	case opRet:
		if t.stack != nil {
			next = t.stack.ret
			m.unwind(t, 1)
		}
	case opUnwind:
		if n := 1 + int(t.r[ins.a]%4); n <= t.stack.depth() {
			m.unwind(t, n)
			next = int(ins.imm)
		}
	}
	t.lastPC = m.pc(m.current)
	t.pc = next
	m.icount++
	if m.icount%toyQuantum == 0 || t.blocked {
		m.schedule()
	}
	return nil
}

// schedule gives the next thread that can run its turn.
func (m *toy) schedule() {
	for i := range m.threads {
		if n := (m.current + 1 + i) % len(m.threads); !m.threads[n].blocked {
			m.current = n
			return
		}
	}
}

// input takes an input from the log, or from outside and appends it. It fails
// when replay has diverged, or when waiting has been interrupted.
func (m *toy) input(k vm.InputKind, wait bool) (*vm.Input, bool) {
	if in := m.log.At(m.pos); in != nil {
		if in.Icount != m.icount || in.Kind != k {
			m.err = fmt.Errorf("input %d is for icount %d, asked for at %d", m.pos, in.Icount, m.icount)
			return nil, false
		}
		m.pos++
		return in, true
	}
	if m.icount < m.log.Frontier() {
		panic("toy: looked outside in the past")
	}
	v, ok := m.outside.next(wait)
	m.outside.calls++
	if !ok {
		if !wait {
			panic("toy: no answer from outside")
		}
		m.mu.Lock()
		for !m.pending {
			m.wake.Wait()
		}
		m.pending = false
		m.mu.Unlock()
		return nil, false
	}
	in := &vm.Input{Icount: m.icount, Kind: k, Num: uint32(v % 97), Ret: int64(v)}
	m.log.Append(in)
	m.pos++
	return in, true
}

// arrive gives thread t an input: in a register, and in memory where the
// instruction before its PC says (or the one at the PC, which has not retired).
func (r *toyRun) arrive(t *toyThread, in *vm.Input) {
	m := r.toy
	ins := &m.prog.ins[t.pc]
	if in.Kind == vm.InputWake {
		ins = &m.prog.ins[(t.pc+len(m.prog.ins)-1)%len(m.prog.ins)]
	}
	addr := t.address(ins)
	t.r[ins.a] = uint64(in.Ret)
	m.setWord(addr, uint64(in.Ret))
	for i, w := range r.stops.Watches {
		if s := m.watchStop(i, w, addr, true); s != nil {
			s.After, s.At = true, in.Icount
			r.hits = append(r.hits, *s)
		}
	}
}

func (m *toy) watchStop(i int, w vm.Watch, addr uint64, write bool) *vm.Stop {
	if !(write && w.Write || !write && w.Read) || addr >= w.Addr+w.Size || w.Addr >= addr+8 {
		return nil
	}
	s := m.stopped(vm.StopWatch)
	s.Watch, s.Addr, s.Size, s.Write, s.At = i, addr, 8, write, m.icount
	return &s
}

// address is where an instruction of a thread accesses memory.
func (t *toyThread) address(i *toyIns) uint64 {
	a := i.imm + t.r[i.b]&0x1f8
	if i.wide {
		a = i.imm ^ t.r[i.b]
	}
	return a % (toyPages * pageSize) &^ 7
}

func (m *toy) word(addr uint64) uint64 {
	p := m.pages[addr>>pageShift]
	if p == nil {
		return 0
	}
	b, err := p.bytes()
	if err != nil {
		m.err = err
	}
	return binary.LittleEndian.Uint64(b[addr%pageSize:])
}

func (m *toy) setWord(addr, v uint64) {
	n := addr >> pageShift
	if m.dirty>>n&1 == 0 {
		p, err := newToyPage(m.pages[n])
		if err != nil {
			m.err = err
		}
		m.pages[n] = p
		m.dirty |= 1 << n
	}
	p := m.pages[n].data[addr%pageSize:]
	weight := (addr*2 + 1) * 0x9e3779b97f4a7c15
	m.sum += (v - binary.LittleEndian.Uint64(p)) * weight
	binary.LittleEndian.PutUint64(p, v)
}

// equalMemory compares two states' pages.
func (s *toyState) equalMemory(o *toyState) bool {
	var zero [pageSize]byte
	content := func(p *toyPage) *[pageSize]byte {
		if p == nil {
			return &zero
		}
		b, _ := p.bytes()
		return b
	}
	for i := range s.pages {
		if a, b := s.pages[i], o.pages[i]; a != b && *content(a) != *content(b) {
			return false
		}
	}
	return true
}
