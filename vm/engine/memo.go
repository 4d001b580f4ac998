package engine

import (
	"slices"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// maxMemo is how many blocks a Memo remembers before it starts afresh.
const maxMemo = 1 << 16

// Memo is a translator that remembers what another one has made of the content of
// files, so that it is translated once however many address spaces map it (or one
// space again and again: a program that is executed once more, a snapshot restored
// across an execve). It belongs to one goroutine.
type Memo struct {
	tr     ir.Translator
	blocks map[memoKey]*memoBlock
}

// memoKey says what has been translated: at most max instructions at pc, which
// lies on a page with that content.
type memoKey struct {
	pc   uint64
	max  int
	page *mem.Page
}

// memoBlock is a translation that is only copied, never executed, and the pages
// that it was made from.
type memoBlock struct {
	b     *ir.Block
	pages []*mem.Page
}

// NewMemo returns a Memo for what tr translates.
func NewMemo(tr ir.Translator) *Memo {
	return &Memo{tr: tr, blocks: map[memoKey]*memoBlock{}}
}

// Translate implements [ir.Translator]. With breakpoints it does not remember:
// there is one process that has any.
func (t *Memo) Translate(m *mem.Space, pc uint64, max int, stop func(pc uint64) bool) *ir.Block {
	var page *mem.Page
	if stop == nil {
		page = m.Executed(pc >> mem.PageShift)
	}
	if page == nil {
		return t.tr.Translate(m, pc, max, stop)
	}
	key := memoKey{pc, max, page}
	if known := t.blocks[key]; known != nil && known.holds(m) {
		return known.copy()
	}
	b := t.tr.Translate(m, pc, max, nil)
	if b == nil {
		return nil
	}
	made := &memoBlock{b: b}
	for _, vpn := range b.Pages {
		p := m.Executed(vpn)
		if p == nil {
			return b
		}
		made.pages = append(made.pages, p)
	}
	if len(t.blocks) >= maxMemo {
		clear(t.blocks)
	}
	t.blocks[key] = made
	return made.copy()
}

// holds reports whether m has the content that k was made from.
func (k *memoBlock) holds(m *mem.Space) bool {
	for i, vpn := range k.b.Pages {
		if m.Executed(vpn) != k.pages[i] {
			return false
		}
	}
	return true
}

// copy shares what never changes.
func (k *memoBlock) copy() *ir.Block {
	b := *k.b
	b.Links = slices.Clone(b.Links)
	return &b
}
