package mem

import (
	"sync"
	"sync/atomic"
	"weak"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Page is the content of one page. It may be written in place only by the space
// whose epoch it carries.
type Page struct {
	// data lies apart, so that it is aligned as the host's pages are. nil: it is
	// still at home. It changes from nil only.
	data  atomic.Pointer[[PageSize]byte]
	epoch uint64
	hash  atomic.Pointer[vm.Hash] // of data, once frozen
	home  atomic.Pointer[home]    // nil: no one else has what it holds
}

// Epochs that no space has: pages that carry them are never written in place.
const (
	epochClean = 0          // nothing has been written since it was mapped or taken by TakeWritten
	epochSaved = ^uint64(0) // read from a store, and written before
)

// home is where the content of a page can be had again. Immutable.
type home struct {
	store   vm.PageStore
	ref     vm.PageRef // its name in the store, or
	content *Content   // the file it is a page of, ref being its index
}

func newPage(epoch uint64, data *[PageSize]byte) *Page {
	p := &Page{epoch: epoch}
	p.data.Store(data)
	return p
}

// bytes returns the content, which it reads from the page's home if need be.
func (p *Page) bytes() (*[PageSize]byte, error) {
	if d := p.data.Load(); d != nil {
		return d, nil
	}
	h, d := p.home.Load(), new([PageSize]byte)
	if err := h.store.Get(h.ref, d); err != nil {
		return nil, err
	}
	p.data.CompareAndSwap(nil, d)
	return p.data.Load(), nil
}

// here brings the content of p, which may be nil, into memory. It reports false when
// that is lost, and tells OnLost.
func (s *Space) here(p *Page) bool {
	if p == nil || p.data.Load() != nil {
		return true
	}
	if _, err := p.bytes(); err != nil {
		if s.OnLost != nil {
			s.OnLost(err)
		}
		return false
	}
	return true
}

// Pages remembers which pages are in stores: what has been saved from memory and is
// loaded again is the same page, as long as anyone has it. Stores are told apart by
// comparing them, so they must be comparable, as pointers are. The zero value is
// ready. It may be used from several goroutines.
type Pages struct {
	mu    sync.Mutex
	known map[pageKey]weak.Pointer[Page]
	next  int // size at which to look for pages that are gone
}

type pageKey struct {
	store vm.PageStore
	ref   vm.PageRef
	clean bool
}

// minSweep is from how many pages on Pages looks for those that are gone.
const minSweep = 1 << 12

// remember says that the store has page p as ref.
func (k *Pages) remember(p *Page, store vm.PageStore, ref vm.PageRef) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.add(pageKey{store, ref, p.epoch == epochClean}, p)
}

func (k *Pages) add(key pageKey, p *Page) {
	if len(k.known) >= max(k.next, minSweep) {
		for key, p := range k.known {
			if p.Value() == nil {
				delete(k.known, key)
			}
		}
		k.next = 2 * len(k.known)
	}
	if k.known == nil {
		k.known = map[pageKey]weak.Pointer[Page]{}
	}
	k.known[key] = weak.Make(p)
}

// page returns the page that the store has as ref.
func (k *Pages) page(store vm.PageStore, ref vm.PageRef, clean bool) *Page {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := pageKey{store, ref, clean}
	if p := k.known[key].Value(); p != nil {
		return p
	}
	p := &Page{epoch: epochSaved}
	if clean {
		p.epoch = epochClean
	}
	p.home.Store(&home{store: store, ref: ref})
	k.add(key, p)
	return p
}
