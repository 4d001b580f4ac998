package gdbstub

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/rv64"
)

// toy is a small machine with the registers of RV64 and instructions of its own,
// 4 bytes each from toyCode on. Its threads take turns in a fixed rhythm, which
// makes tests of what happens between threads exact; guests prove the rest.
type toy struct {
	prog []toyIns
	log  vm.Log
	toyState

	mu          sync.Mutex
	wake        *sync.Cond
	interrupted bool
	waiting     func() // called when the toy begins to wait for ever
	sealed      bool   // it only replays
	output      func(fd int, icount uint64, p []byte)
}

const (
	toyCode    = 0x1000
	toyData    = 0x2000 // one page
	toyQuantum = 5      // instructions that a thread runs before the next has its turn
)

type toyOp uint8

const (
	toyAdd    toyOp = iota // x[a] += v
	toyStore               // data[v] = x[a], 8 bytes
	toyLoad                // x[a] = data[v]
	toyJump                // to instruction v
	toyLoop                // to instruction v unless x[a] reaches 0 by counting down
	toyKernel              // the kernel writes x[a] to data[v]
	toyFault               // SIGSEGV at address v; handled: goes on behind
	toyDie                 // SIGSEGV at address v; kills
	toyWait                // waits for ever
	toyPrint               // writes "v" to fd 1
	toyExit                // with code v
)

type toyIns struct {
	op toyOp
	a  int
	v  uint64
}

type toyThread struct {
	regs   [rv64.NumRegs]uint64
	lastPC uint64
}

type toyState struct {
	icount  uint64
	threads []toyThread
	current int
	data    [4096]byte
	exit    *vm.ExitStatus
}

func (s toyState) clone() toyState {
	s.threads = slices.Clone(s.threads)
	return s
}

type toySnapshot struct{ s toyState }

func (s toySnapshot) Icount() uint64         { return s.s.icount }
func (s toySnapshot) Activity() *vm.Activity { return &vm.Activity{Written: []uint64{toyData / 4096}} }
func (s toySnapshot) Save(vm.Snapshot, vm.PageStore) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

func (m *toy) Load([]byte, vm.Snapshot, vm.PageStore) (vm.Snapshot, error) {
	return nil, errors.ErrUnsupported
}
func (m *toy) Replica() (vm.Machine, error) { return nil, errors.ErrUnsupported }

func (s toySnapshot) Overhead() int { return 5000 }

// newToy makes a toy whose threads begin at the given instructions.
func newToy(prog []toyIns, starts ...int) *toy {
	m := &toy{prog: prog}
	m.wake = sync.NewCond(&m.mu)
	for i, at := range starts {
		var t toyThread
		t.regs[rv64.RegPC] = toyPC(at)
		t.regs[rv64.SP] = toyData + 4096
		t.regs[rv64.A0] = uint64(i + 1)
		m.threads = append(m.threads, t)
	}
	return m
}

// toyPC is the address of an instruction.
func toyPC(i int) uint64 { return toyCode + 4*uint64(i) }

func (m *toy) Arch() *vm.Arch             { return rv64.Arch }
func (m *toy) Icount() uint64             { return m.icount }
func (m *toy) Log() *vm.Log               { return &m.log }
func (m *toy) CurrentThread() vm.ThreadID { return vm.ThreadID(m.current + 1) }
func (m *toy) Snapshot() vm.Snapshot      { return toySnapshot{m.clone()} }
func (m *toy) Restore(s vm.Snapshot)      { m.toyState = s.(toySnapshot).s.clone() }

func (m *toy) Mappings() []vm.Mapping {
	return []vm.Mapping{
		{Start: toyCode, End: toyCode + 0x1000, Read: true, Exec: true, Name: "toy"},
		{Start: toyData, End: toyData + 0x1000, Read: true, Write: true},
	}
}

func (m *toy) MapsVersion() uint64 { return 0 }

func (m *toy) Elsewhere() bool { return false }

func (m *toy) Image() vm.Image {
	return vm.Image{Path: "/toy", Args: []string{"toy", "arg"}, Entry: toyCode, Auxv: make([]byte, 16)}
}

func (m *toy) Hash() vm.Hash {
	h := fnv.New128a()
	fmt.Fprint(h, m.icount, m.threads, m.current, m.data, m.exit)
	return vm.Hash(h.Sum(nil))
}

func (m *toy) Exited() (vm.ExitStatus, bool) {
	if m.exit == nil {
		return vm.ExitStatus{}, false
	}
	return *m.exit, true
}

func (m *toy) Threads() []vm.Thread {
	var list []vm.Thread
	for i := range m.threads {
		list = append(list, vm.Thread{ID: vm.ThreadID(i + 1), Name: fmt.Sprintf("toy-%d", i+1), PC: m.threads[i].regs[rv64.RegPC]})
	}
	return list
}

func (m *toy) known(t vm.ThreadID) bool { return t >= 1 && int(t) <= len(m.threads) }

func (m *toy) Reg(t vm.ThreadID, r int) uint64 {
	if !m.known(t) {
		return 0
	}
	return m.threads[t-1].regs[r]
}

func (m *toy) RegBytes(t vm.ThreadID, r int) []byte {
	if !m.known(t) {
		return nil
	}
	b := binary.LittleEndian.AppendUint64(nil, m.threads[t-1].regs[r])
	return b[:rv64.Arch.Regs[r].Bits/8]
}

func (m *toy) LastPC(t vm.ThreadID) uint64 {
	if !m.known(t) {
		return 0
	}
	return m.threads[t-1].lastPC
}

func (m *toy) ReadMemory(addr uint64, p []byte) int {
	for i := range p {
		switch a := addr + uint64(i); {
		case a >= toyCode && a < toyCode+0x1000:
			p[i] = 0x13 // the code can't be seen
		case a >= toyData && a < toyData+4096:
			p[i] = m.data[a-toyData]
		default:
			return i
		}
	}
	return len(p)
}

func (m *toy) Interrupt() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.interrupted = true
	m.wake.Broadcast()
}

func (m *toy) ClearInterrupt() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.interrupted = false
}

func (m *toy) takeInterrupt() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.interrupted
	m.interrupted = false
	return was
}

func (m *toy) stop(r vm.Reason) vm.Stop {
	return vm.Stop{Reason: r, Icount: m.icount, At: m.icount, Thread: m.CurrentThread(), PC: m.threads[m.current].regs[rv64.RegPC]}
}

func (m *toy) Run(until uint64, stops *vm.Stops) vm.Stop {
	if stops == nil {
		stops = &vm.Stops{}
	}
	if until > m.icount {
		defer func() { m.log.Reached(m.icount) }()
	}
	for start := m.icount; ; {
		switch {
		case m.icount >= until:
			return m.stop(vm.StopLimit)
		case m.exit != nil:
			return m.stop(vm.StopExit)
		case m.sealed && m.icount >= m.log.Frontier():
			return m.stop(vm.StopEnd)
		case m.icount%64 == 63 && m.takeInterrupt():
			return m.stop(vm.StopInterrupted)
		}
		if s, stopped := m.one(stops, m.icount > start || stops.AtStart); stopped {
			return s
		}
	}
}

// one executes an instruction, or stops at it.
func (m *toy) one(stops *vm.Stops, asked bool) (vm.Stop, bool) {
	t := &m.threads[m.current]
	pc := t.regs[rv64.RegPC]
	i := m.prog[(pc-toyCode)/4]
	wanted := func(s vm.Stop) bool {
		s.Machine = m
		return asked && (stops.Filter == nil || stops.Filter(&s))
	}
	if s := m.stop(vm.StopBreak); stops.Breaks.Has(pc) && wanted(s) {
		return s, true
	}
	access := func(s vm.Stop, write bool) (vm.Stop, bool) {
		for n, w := range stops.Watches {
			if a := toyData + i.v; a < w.Addr+w.Size && w.Addr < a+8 && (w.Write && write || w.Read && !write) {
				s.Watch, s.Addr, s.Size, s.Write = n, a, 8, write
				if wanted(s) {
					return s, true
				}
			}
		}
		return s, false
	}
	switch i.op {
	case toyStore, toyLoad:
		if s, stopped := access(m.stop(vm.StopWatch), i.op == toyStore); stopped {
			return s, true
		}
	case toyFault, toyDie:
		s := m.stop(vm.StopSignal)
		s.Signal, s.Addr, s.Fatal = 11, i.v, i.op == toyDie
		if stops.Signals && wanted(s) {
			return s, true
		}
	case toyWait:
		return m.wait(), true
	}
	at := m.icount
	m.execute(t, i)
	if i.op == toyKernel {
		s := m.stop(vm.StopWatch)
		s.After, s.At = true, at
		return access(s, true)
	}
	return vm.Stop{}, false
}

func (m *toy) wait() vm.Stop {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting != nil && !m.interrupted {
		m.waiting()
	}
	for !m.interrupted {
		m.wake.Wait()
	}
	m.interrupted = false
	return m.stop(vm.StopInterrupted)
}

func (m *toy) execute(t *toyThread, i toyIns) {
	pc := t.regs[rv64.RegPC]
	next := pc + 4
	word := m.data[i.v%4089:]
	switch i.op {
	case toyAdd:
		t.regs[i.a] += i.v
	case toyStore, toyKernel:
		binary.LittleEndian.PutUint64(word, t.regs[i.a])
	case toyLoad:
		t.regs[i.a] = binary.LittleEndian.Uint64(word)
	case toyJump:
		next = toyPC(int(i.v))
	case toyLoop:
		if t.regs[i.a]--; t.regs[i.a] != 0 {
			next = toyPC(int(i.v))
		}
	case toyDie:
		m.exit = &vm.ExitStatus{Signal: 11}
	case toyPrint:
		if m.icount >= m.log.Frontier() && m.output != nil {
			m.output(1, m.icount, fmt.Appendln(nil, i.v))
		}
	case toyExit:
		m.exit = &vm.ExitStatus{Code: int(i.v)}
	}
	t.lastPC = pc
	t.regs[rv64.RegPC] = next
	m.icount++
	if m.icount%toyQuantum == 0 {
		m.current = (m.current + 1) % len(m.threads)
	}
}
