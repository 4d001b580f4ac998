package recording

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync/atomic"

	"github.com/dap-revexec/dap-revexec/vm"
)

// The toy is a small machine that can be saved: one thread that writes words to
// pages at random, with an input every so often, until it exits.

const (
	toyPages = 24
	toyEvery = 97 // instructions between two inputs
)

type toyState struct {
	icount, x, y uint64
	pos          int // in the log
	exited       bool
	pages        [toyPages]*[vm.PageSize]byte
}

// toyRef is where a page's content is in a store.
type toyRef struct {
	store vm.PageStore
	ref   vm.PageRef
}

type toySnapshot struct {
	toyState
	dirty []uint64
	refs  [toyPages]toyRef // of who saves it
}

type toy struct {
	toyState
	log     *vm.Log
	length  uint64 // it exits there
	outside *rand.Rand
	sealed  bool
	dirty   uint32
	err     error
	stop    atomic.Bool
}

// newToy makes a toy that exits at length. A sealed one has no outside.
func newToy(log *vm.Log, length uint64, outside *rand.Rand) *toy {
	m := &toy{log: log, length: length, outside: outside, sealed: outside == nil}
	m.x = 88172645463325252
	if !m.sealed && log.Len() == 0 {
		log.Append(&vm.Input{Kind: vm.InputInit, Ret: int64(outside.Uint64())})
	}
	if in := log.At(0); in != nil {
		m.y, m.pos = uint64(in.Ret), 1
	}
	return m
}

var toyArch = &vm.Arch{}

func (m *toy) Arch() *vm.Arch                       { return toyArch }
func (m *toy) Icount() uint64                       { return m.icount }
func (m *toy) Log() *vm.Log                         { return m.log }
func (m *toy) CurrentThread() vm.ThreadID           { return 1 }
func (m *toy) Mappings() []vm.Mapping               { return nil }
func (m *toy) MapsVersion() uint64                  { return 0 }
func (m *toy) Elsewhere() bool                      { return false }
func (m *toy) Image() vm.Image                      { return vm.Image{} }
func (m *toy) Reg(vm.ThreadID, int) uint64          { return m.x }
func (m *toy) RegBytes(vm.ThreadID, int) []byte     { return nil }
func (m *toy) LastPC(vm.ThreadID) uint64            { return 0x1000 }
func (m *toy) ReadMemory(addr uint64, p []byte) int { return 0 }
func (m *toy) Threads() []vm.Thread                 { return []vm.Thread{{ID: 1, PC: 0x1000}} }
func (m *toy) Exited() (vm.ExitStatus, bool)        { return vm.ExitStatus{Code: 3}, m.exited }
func (m *toy) Interrupt()                           { m.stop.Store(true) }
func (m *toy) ClearInterrupt()                      { m.stop.Store(false) }

func (m *toy) Hash() vm.Hash {
	h := fnv.New128a()
	fmt.Fprint(h, m.icount, m.x, m.y, m.pos, m.exited)
	for _, p := range m.pages {
		if p != nil {
			h.Write(p[:])
		}
	}
	return vm.Hash(h.Sum(nil))
}

func (m *toy) stopped(why vm.Reason) vm.Stop {
	if m.err == nil {
		m.log.Reached(m.icount)
	}
	return vm.Stop{Reason: why, Icount: m.icount, Thread: 1, PC: 0x1000, Err: m.err}
}

func (m *toy) Run(until uint64, _ *vm.Stops) vm.Stop {
	for n := 0; ; n++ {
		switch {
		case m.err != nil:
			return m.stopped(vm.StopError)
		case m.icount >= until:
			return m.stopped(vm.StopLimit)
		case m.exited:
			return m.stopped(vm.StopExit)
		case m.sealed && m.icount >= m.log.Frontier():
			return m.stopped(vm.StopEnd)
		case n%64 == 63 && m.stop.Swap(false):
			return m.stopped(vm.StopInterrupted)
		}
		m.one()
	}
}

func (m *toy) one() {
	if m.icount%toyEvery == toyEvery-1 {
		in := m.log.At(m.pos)
		switch {
		case in != nil && in.Icount == m.icount:
		case in == nil && !m.sealed && m.icount >= m.log.Frontier():
			in = &vm.Input{Icount: m.icount, Kind: vm.InputSyscall, Thread: 1, Ret: int64(m.outside.Uint64())}
			m.log.Reached(m.icount)
			m.log.Append(in)
		default:
			m.err = fmt.Errorf("no input at icount %d", m.icount)
			return
		}
		m.pos++
		m.y ^= uint64(in.Ret)
	}
	m.icount++
	m.x ^= m.x << 13
	m.x ^= m.x >> 7
	m.x ^= m.x << 17
	n := m.x >> 40 % toyPages
	if m.dirty>>n&1 == 0 {
		p := new([vm.PageSize]byte)
		if m.pages[n] != nil {
			*p = *m.pages[n]
		}
		m.pages[n] = p
		m.dirty |= 1 << n
	}
	binary.LittleEndian.PutUint64(m.pages[n][m.x>>20%512*8:], m.y+m.x)
	m.exited = m.icount >= m.length
}

func (m *toy) Snapshot() vm.Snapshot {
	s := &toySnapshot{toyState: m.toyState}
	for p := range uint64(toyPages) {
		if m.dirty>>p&1 != 0 {
			s.dirty = append(s.dirty, p)
		}
	}
	m.dirty = 0
	return s
}

func (m *toy) Restore(s vm.Snapshot) {
	m.toyState = s.(*toySnapshot).toyState
	m.dirty, m.err = 0, nil
}

func (m *toy) Replica() (vm.Machine, error) { return newToy(m.log, m.length, nil), nil }

func (s *toySnapshot) Icount() uint64         { return s.icount }
func (s *toySnapshot) Overhead() int          { return 100 }
func (s *toySnapshot) Activity() *vm.Activity { return &vm.Activity{Written: s.dirty} }

func (s *toySnapshot) Save(prev vm.Snapshot, to vm.PageStore) ([]byte, error) {
	le := binary.LittleEndian
	b := le.AppendUint64(nil, s.icount)
	b = le.AppendUint64(b, s.x)
	b = le.AppendUint64(b, s.y)
	b = le.AppendUint64(b, uint64(s.pos))
	b = append(b, 0)
	if s.exited {
		b[len(b)-1] = 1
	}
	for i, p := range s.pages {
		var base *[vm.PageSize]byte
		var ref vm.PageRef
		if prev != nil {
			q := prev.(*toySnapshot)
			if q.pages[i] == p {
				s.refs[i] = q.refs[i]
			}
			if q.refs[i].store == to {
				base, ref = q.pages[i], q.refs[i].ref
			}
		}
		if p != nil && (s.refs[i].store != to) {
			made, err := to.Put(p, base, ref)
			if err != nil {
				return nil, err
			}
			s.refs[i] = toyRef{to, made}
		}
		b = le.AppendUint64(b, uint64(s.refs[i].ref))
	}
	return b, nil
}

func (m *toy) Load(b []byte, _ vm.Snapshot, from vm.PageStore) (vm.Snapshot, error) {
	if len(b) != 33+8*toyPages {
		return nil, errors.New("not a toy's state")
	}
	le := binary.LittleEndian
	s := &toySnapshot{toyState: toyState{icount: le.Uint64(b), x: le.Uint64(b[8:]), y: le.Uint64(b[16:]), pos: int(le.Uint64(b[24:])), exited: b[32] != 0}}
	for i := range s.pages {
		if ref := vm.PageRef(le.Uint64(b[33+8*i:])); ref != 0 {
			s.pages[i] = new([vm.PageSize]byte)
			if err := from.Get(ref, s.pages[i]); err != nil {
				return nil, err
			}
			s.refs[i] = toyRef{from, ref}
		}
	}
	return s, nil
}
