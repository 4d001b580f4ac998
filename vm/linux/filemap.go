package linux

import (
	"bytes"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// The content of mapped files. It passes the door once: a dynamic loader maps
// each library several times, and a program the same libraries again and again.
// A mapping of a file that has not changed refers to the input of the log that
// has its content, and both show the same pages.

// maxWhole is up to what size in bytes a file's whole content is read when a
// part of it is mapped, so that its other parts are there when they are.
const maxWhole = 16 << 20

// fileContent is what a mapping of n bytes of a file from off on shows, as of
// now: later changes of the file do not appear in it. content starts at offset
// base of the file.
//
// What is shared is going to change, so no other mapping refers to its content.
func (m *Machine) fileContent(t *thread, d *desc, off, n uint64, shared bool) (content *mem.Content, base uint64, bad int64) {
	if d.kind == kindContent {
		return m.madeContent(d), 0, 0
	}
	handle, at := d.handle, m.st.pos
	in := m.ask(t, func(h *host, in *vm.Input) {
		if shared && d.flags&oAccMode != oRdOnly {
			data, errno := h.pread(handle, int(min(n, maxMapFile)), int64(off))
			// What follows is zeros anyway: often all of a new file is.
			in.Ret, in.Aux, in.Data = -errno, []uint64{off, 0}, bytes.TrimRight(data, "\x00")
			return
		}
		h.mapped(m.log, at, handle, off, min(n, maxMapFile), in)
	})
	if in.Ret < 0 {
		return nil, 0, in.Ret
	}
	base = aux(in, 0)
	if i := aux(in, 1); i > 0 {
		at = int(min(i-1, 1<<40))
		if in = m.log.At(at); in == nil || at >= m.st.pos {
			m.diverge("a mapped file's content is not in the log")
			return nil, 0, -eIO
		}
	}
	if base > off || base%mem.PageSize != 0 {
		m.diverge("a mapped file's content starts at %#x, not before %#x", base, off)
		return nil, 0, -eIO
	}
	return m.lib.content(at, in), base, 0
}

// madeContent is the content of a file that the guest kernel has itself.
func (m *Machine) madeContent(d *desc) *mem.Content {
	if from := m.lib.sourceOf(d.content); from != 0 { // /proc/self/exe
		if _, prog := m.lib.executable(from, nil); prog != nil {
			return prog.content
		}
	}
	return mem.NewContent(d.content)
}

// fileKey names a version of a host file.
type fileKey struct {
	path     string
	dev, ino uint64
	size     uint64
	mtime    int64
	ctime    int64
}

func (fi *fileInfo) key(path string) fileKey {
	return fileKey{path, fi.dev, fi.ino, fi.size, fi.mtime, fi.ctime}
}

// unchangedFor is how long before now the file last changed.
func (fi *fileInfo) unchangedFor(now time.Time) time.Duration {
	return now.Sub(time.Unix(0, max(fi.mtime, fi.ctime)))
}

// read is a file's whole content that is in the log.
type read struct {
	index int
	in    *vm.Input
}

// settled is how old a file's last change must be when it is read for a later
// mapping to be believed that finds the same times: they are not exact.
const settled = time.Second

// mapped answers what a mapping of n bytes from off on shows: Data starts at
// offset Aux[0]; Aux[1] is 0, or one more than the index of the input that has
// the Data. next is the index that this answer gets.
func (h *host) mapped(log *vm.Log, next int, handle, off, n uint64, in *vm.Input) {
	fail := func(errno int64) { in.Ret = -errno }
	fi, errno := h.fstat(handle)
	if errno != 0 {
		fail(errno)
		return
	}
	if fi.size > maxWhole && (off > 0 || n < fi.size/2) || fi.size > maxMapFile || fi.size == 0 {
		data, errno := h.pread(handle, int(n), int64(off))
		fail(errno)
		in.Aux, in.Data = []uint64{off, 0}, data
		return
	}
	key := fi.key(h.files[handle].Name())
	if r, ok := h.reads[key]; ok && log.At(r.index) == r.in {
		in.Aux = []uint64{0, uint64(r.index) + 1}
		return
	}
	now := time.Now()
	data, errno := h.pread(handle, int(fi.size), 0)
	fail(errno)
	in.Aux, in.Data = []uint64{0, 0}, data
	if errno == 0 && fi.unchangedFor(now) > settled {
		h.reads[key] = read{next, in}
	}
}
