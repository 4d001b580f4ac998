package linux

import (
	"fmt"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/internal/wire"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// A saved snapshot: a version, its icount, that of the snapshot it is relative to
// (plus 1; 0 for none), the state, and the address spaces in the order of the state's
// list, each relative to the one with the same ID before. Its pages are in a store.

// savedVersion is the version of the form of saved snapshots: another one cannot be
// loaded.
const savedVersion = 2

// maxIcount bounds the positions that are loaded: what is computed from them does not
// overflow. No machine gets that far.
const maxIcount = 1 << 62

// Save implements [vm.Snapshot].
func (s *snapshot) Save(prev vm.Snapshot, to vm.PageStore) ([]byte, error) {
	c := &coding{Coder: &wire.Coder{}, lib: s.lib}
	before, _ := prev.(*snapshot)
	c.Put(savedVersion)
	c.Put(s.icount)
	if before == nil {
		c.Put(0)
	} else {
		c.Put(before.icount + 1)
		c.prev = before.st
	}
	c.state(s.st)
	for i, x := range s.st.mms {
		if err := s.mems[i].Save(c.Coder, before.memory(x.id), to, &s.lib.pages); err != nil {
			return nil, fmt.Errorf("saving the memory at icount %d: %w", s.icount, err)
		}
	}
	return c.Written(), nil
}

// memory is address space id of the snapshot, which may be nil; nil if it has none.
func (s *snapshot) memory(id uint64) *mem.Snapshot {
	if s == nil {
		return nil
	}
	for i, x := range s.st.mms {
		if x.id == id {
			return s.mems[i]
		}
	}
	return nil
}

// Load implements [vm.Machine]. What the machine did before the snapshot was taken is
// not saved: the snapshot's Activity is empty.
func (m *Machine) Load(saved []byte, prev vm.Snapshot, from vm.PageStore) (vm.Snapshot, error) {
	before, _ := prev.(*snapshot)
	s := &snapshot{lib: m.lib, st: &state{}, act: &vm.Activity{}}
	if err := m.decode(s, saved, before, from); err != nil {
		return nil, fmt.Errorf("a saved snapshot is damaged: %w", err)
	}
	return s, nil
}

func (m *Machine) decode(s *snapshot, saved []byte, prev *snapshot, from vm.PageStore) error {
	c := &coding{Coder: wire.Reader(saved), lib: m.lib, log: m.old}
	if m.lib.log != nil {
		c.log = m.lib.log
	}
	if v := c.Get(); v != savedVersion && c.Err() == nil {
		return fmt.Errorf("its version is %d, this build reads version %d", v, savedVersion)
	}
	s.icount = c.Get()
	base := c.Get()
	switch {
	case s.icount > maxIcount:
		c.Fail("icount %d", s.icount)
	case base == 0:
		prev = nil
	case prev == nil:
		c.Fail("the snapshot before, at icount %d, is missing", base-1)
	case base != prev.icount+1:
		c.Fail("it is relative to icount %d, not %d", base-1, prev.icount)
	default:
		c.prev = prev.st
	}
	if c.state(s.st); c.Err() != nil {
		return c.Err()
	}
	if err := s.st.check(m.arch); err != nil {
		return err
	}
	l := &mem.Loading{Store: from, Known: &m.lib.pages, Limit: m.maxPages + maxMapFile/mem.PageSize,
		Content: func(id uint64) *mem.Content { return m.lib.pagesOf(source(id), c.log) }}
	for _, x := range s.st.mms {
		sn := l.Load(c.Coder, prev.memory(x.id))
		if c.Err() != nil {
			return c.Err()
		}
		s.mems = append(s.mems, sn)
		if x == s.st.owner().mm {
			s.own = sn
		}
	}
	return c.End()
}
