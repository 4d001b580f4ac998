package linux

import (
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// Shared memory: what mmap(2) maps with MAP_SHARED. All mappings of one memory
// show the same pages, in whatever processes they are: see [mem.Sharing].
//
// Anonymous memory is where it is mapped, and nowhere else. Of a file the mapped
// pages are in the guest while the rest is on the host. What has been written to
// them goes to the host when the guest synchronizes or unmaps them or ends, and
// before it reads the file by other means; what the guest writes to the file by
// other means appears in them.

// sharedFile is a host file of which a part is mapped shared.
type sharedFile struct {
	id       uint64 // of the memory
	dev, ino uint64
	desc     int  // the open file by which it is written back, which is held as long
	written  bool // a mapping of it is or was writable
}

// sharedFile finds what of file d is mapped shared; nil: nothing.
func (s *state) sharedFile(d *desc) *sharedFile {
	if d.kind != kindHost {
		return nil
	}
	for i := range s.shared {
		if f := &s.shared[i]; f.dev == d.dev && f.ino == d.ino {
			return f
		}
	}
	return nil
}

// share makes v, which is about to be mapped, show memory that others can show
// too: a part of host file d, or new memory if d is nil. writable says that the
// guest wants to write to it now.
func (m *Machine) share(v *mem.VMA, d *desc, writable bool) {
	s := m.st
	if d == nil {
		s.lastShare++
		v.Shared, v.Name = s.lastShare, "/dev/zero (deleted)"
		return
	}
	v.Fixed = d.flags&oAccMode == oRdOnly
	f := s.sharedFile(d)
	if f == nil {
		s.lastShare++
		s.shared = append(s.shared, sharedFile{id: s.lastShare, dev: d.dev, ino: d.ino, desc: s.index(d)})
		d.refs++
		f = &s.shared[len(s.shared)-1]
	} else if held := s.descs[f.desc]; held.flags&oAccMode == oRdOnly && !v.Fixed {
		was := f.desc
		f.desc = s.index(d)
		d.refs++
		m.unref(was)
	}
	f.written = f.written || writable
	v.Shared = f.id
}

// unshare lets go of the files of which nothing is mapped any more.
func (m *Machine) unshare() {
	s := m.st
	for i := 0; i < len(s.shared); {
		if f := s.shared[i]; m.sharing.Mapped(f.id) {
			i++
		} else {
			s.shared = slices.Delete(s.shared, i, i+1)
			m.unref(f.desc)
		}
	}
}

// writeBack writes to the host's files what the guest has written to their
// mappings in [start, end) of space.
func (m *Machine) writeBack(t *thread, space *mem.Space, start, end uint64) int64 {
	var bad int64
	for _, f := range m.st.shared {
		if !f.written {
			continue
		}
		pieces := space.TakeWritten(f.id, start, end)
		if len(pieces) == 0 {
			continue
		}
		handle := m.st.descs[f.desc].handle
		if r := m.ask(t, func(h *host, in *vm.Input) { in.Ret = -h.writeMapped(handle, pieces) }).Ret; r < 0 {
			bad = r
		}
	}
	return bad
}

// writeBackAll does so for all of all processes.
func (m *Machine) writeBackAll(t *thread) {
	if len(m.st.shared) == 0 {
		return
	}
	for _, x := range m.st.mms {
		m.writeBack(t, m.realms[x.id].mem, 0, mem.MaxAddr)
	}
}

// coherent has the host's file d hold what its mappings show.
func (m *Machine) coherent(t *thread, d *desc) {
	if len(m.st.shared) > 0 && m.st.sharedFile(d) != nil {
		m.writeBackAll(t)
	}
}

// putShared has the mappings of d show what has just been written to the file at
// offset off.
func (m *Machine) putShared(d *desc, off uint64, p []byte) {
	if len(m.st.shared) == 0 {
		return
	}
	if f := m.st.sharedFile(d); f != nil {
		m.sharing.Put(f.id, off, p)
	}
}

// unmapping prepares for the end of what is mapped in [start, end), which unshare
// must follow.
func (m *Machine) unmapping(t *thread, start, end uint64) {
	if len(m.st.shared) > 0 {
		m.writeBack(t, m.mem, start, end)
	}
}

// lastWords writes back what p, which is about to end, leaves in mappings of
// files; with the debugged process everything ends. The call that it is logged as
// is exit_group, whatever the end is due to.
func (m *Machine) lastWords(p *process) {
	if len(m.st.shared) == 0 {
		return
	}
	m.nr = 94
	switch {
	case p.own():
		m.writeBackAll(m.cur)
	case p.mm != nil && p.mm.users == 1:
		m.writeBack(m.cur, m.realms[p.mm.id].mem, 0, mem.MaxAddr)
	}
}

// writeMapped writes pieces of a mapped file, as far as the file reaches.
func (h *host) writeMapped(handle uint64, pieces []mem.Piece) int64 {
	fi, errno := h.fstat(handle)
	if errno != 0 {
		return errno
	}
	for _, p := range pieces {
		if p.Offset >= fi.size {
			continue
		}
		n := min(uint64(len(p.Data)), fi.size-p.Offset)
		if _, _, errno := h.pwrite(handle, p.Data[:n], int64(p.Offset), false); errno != 0 {
			return errno
		}
	}
	return 0
}
