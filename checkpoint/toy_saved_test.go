package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/dap-revexec/dap-revexec/vm"
)

// The toy's saved snapshots: pages are in the store, and read when they are needed;
// the rest stays in this process, and is what is saved that refers to it.

// toyPage is a page of the toy's memory, which may be in a store.
type toyPage struct {
	mu   sync.Mutex
	data *[pageSize]byte // nil if it has not been read yet
	err  error           // it can't be
	home vm.PageStore
	refs map[vm.PageStore]vm.PageRef
}

// newToyPage makes a copy of a page, nil being one of zeros.
func newToyPage(from *toyPage) (*toyPage, error) {
	p := &toyPage{data: &[pageSize]byte{}}
	if from != nil {
		old, err := from.bytes()
		if err != nil {
			return p, err
		}
		*p.data = *old
	}
	return p, nil
}

// bytes are the page's content: zeros if it can't be read.
func (p *toyPage) bytes() (*[pageSize]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.data == nil {
		p.data = &[pageSize]byte{}
		if p.err = p.home.Get(p.refs[p.home], p.data); p.err != nil {
			*p.data = [pageSize]byte{}
		}
	}
	return p.data, p.err
}

// ref is what a store calls the page, 0 if it does not have it.
func (p *toyPage) ref(s vm.PageStore) vm.PageRef {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refs[s]
}

func (p *toyPage) put(base *toyPage, s vm.PageStore) (vm.PageRef, error) {
	if ref := p.ref(s); ref != 0 {
		return ref, nil
	}
	data, err := p.bytes()
	if err != nil {
		return 0, err
	}
	var old *[pageSize]byte
	var oldRef vm.PageRef
	if base != nil {
		if oldRef = base.ref(s); oldRef != 0 {
			if old, err = base.bytes(); err != nil {
				return 0, err
			}
		}
	}
	ref, err := s.Put(data, old, oldRef)
	if err == nil {
		p.mu.Lock()
		if p.refs == nil {
			p.refs = map[vm.PageStore]vm.PageRef{}
		}
		p.refs[s] = ref
		p.mu.Unlock()
	}
	return ref, err
}

// toySaved are the states that have been saved, without pages.
var toySaved struct {
	sync.Mutex
	list []toyState
}

// noPrev stands for the icount of the snapshot before where there is none.
const noPrev = 1<<64 - 1

func (s *toySnapshot) Save(prev vm.Snapshot, to vm.PageStore) ([]byte, error) {
	before, at := &toyState{}, uint64(noPrev)
	if prev != nil {
		before, at = &prev.(*toySnapshot).state, prev.Icount()
		if at >= s.state.icount {
			return nil, fmt.Errorf("toy: %d is saved after %d", s.state.icount, at)
		}
	}
	state := s.state.clone()
	state.pages = [toyPages]*toyPage{}
	toySaved.Lock()
	out := binary.AppendUvarint(nil, uint64(len(toySaved.list)))
	toySaved.list = append(toySaved.list, state)
	toySaved.Unlock()
	out = binary.AppendUvarint(out, at)
	for i, p := range s.state.pages {
		if p == before.pages[i] {
			continue
		}
		ref, err := p.put(before.pages[i], to)
		if err != nil {
			return nil, err
		}
		out = binary.AppendUvarint(binary.AppendUvarint(out, uint64(i)), uint64(ref))
	}
	return out, nil
}

func (m *toy) Load(saved []byte, prev vm.Snapshot, from vm.PageStore) (vm.Snapshot, error) {
	r := reader{rest: saved}
	i, at := r.uvarint(), r.uvarint()
	toySaved.Lock()
	defer toySaved.Unlock()
	if r.err != nil || i >= uint64(len(toySaved.list)) {
		return nil, errors.New("toy: a saved state is damaged")
	}
	s := &toySnapshot{state: toySaved.list[i].clone(), act: &vm.Activity{}}
	if prev == nil != (at == noPrev) || prev != nil && prev.Icount() != at {
		return nil, fmt.Errorf("toy: %d is loaded after the wrong snapshot, not after %d", s.state.icount, at)
	}
	if prev != nil {
		s.state.pages = prev.(*toySnapshot).state.pages
	}
	for len(r.rest) > 0 {
		n, ref := r.uvarint(), vm.PageRef(r.uvarint())
		if r.err != nil || n >= toyPages || ref == 0 {
			return nil, errors.New("toy: a saved page is damaged")
		}
		s.state.pages[n] = &toyPage{home: from, refs: map[vm.PageStore]vm.PageRef{from: ref}}
	}
	return s, nil
}
