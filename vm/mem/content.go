package mem

import (
	"unsafe"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Content is an immutable sequence of bytes, a file's, that spaces can map
// without copying it: all mappings share its pages until they write to them.
// It may be used from several goroutines.
type Content struct {
	id    uint64
	pages []Page // of epochClean
	size  uint64
}

// NewContent returns the content with these bytes. The caller must not change
// data afterwards.
func NewContent(data []byte) *Content { return NewKnownContent(0, data) }

// NewKnownContent returns content that whoever loads a saved snapshot can get again
// by its id, unless that is 0: its pages are not saved.
func NewKnownContent(id uint64, data []byte) *Content {
	c := &Content{id: id, pages: make([]Page, (len(data)+pageMask)/PageSize), size: uint64(len(data))}
	var homes []home
	if id != 0 {
		homes = make([]home, len(c.pages))
	}
	for i := range c.pages {
		if id != 0 {
			homes[i] = home{content: c, ref: vm.PageRef(i)}
			c.pages[i].home.Store(&homes[i])
		}
		b := data[i*PageSize:]
		if len(b) >= PageSize && uintptr(unsafe.Pointer(&b[0]))%8 == 0 {
			c.pages[i].data.Store((*[PageSize]byte)(b))
			continue
		}
		d := new([PageSize]byte)
		copy(d[:], b)
		c.pages[i].data.Store(d)
	}
	return c
}

// Size is the content's length in bytes.
func (c *Content) Size() uint64 { return c.size }

// Fill makes [addr, end), all of which must be mapped, show content c from
// offset off on, and zeros behind its end. addr, end and off are multiples of
// PageSize.
func (s *Space) Fill(addr, end uint64, c *Content, off uint64) error {
	if err := checkRange(addr, end); err != nil {
		return err
	}
	s.changing(addr, end)
	s.drop(addr>>PageShift, end>>PageShift)
	for i := off >> PageShift; addr < end && i < uint64(len(c.pages)); i++ {
		vpn := addr >> PageShift
		*s.slot(vpn) = unsafe.Pointer(&c.pages[i])
		s.dirty = append(s.dirty, vpn)
		s.count++
		addr += PageSize
	}
	return nil
}

// Executed returns page vpn if it may be executed and is one of a Content, which
// never changes: two spaces that have the same page there have the same code.
func (s *Space) Executed(vpn uint64) *Page {
	v := s.vmaAt(vpn << PageShift)
	if v == nil || v.Prot&Exec == 0 {
		return nil
	}
	if p := s.lookup(vpn); p != nil && p.epoch == epochClean {
		return p
	}
	return nil
}
