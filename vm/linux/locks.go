package linux

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Locks on files (flock(2), and the record locks of fcntl(2)). They are among the
// guest's processes only: on the host no file is locked.

// recordLock is a lock of bytes [start, end) of a host file. Its owner is a
// process, or an open file.
type recordLock struct {
	dev, ino   uint64
	pid        vm.ThreadID
	desc       int // of an open file's lock; else -1
	start, end uint64
	exclusive  bool
}

// Operations of flock.
const (
	lockShared    = 1
	lockExclusive = 2
	lockNonblock  = 4
	lockUnlock    = 8
)

func sysFlock(m *Machine, t *thread, a *[6]uint64) int64 {
	d := m.file(t, a[0])
	if d == nil {
		return -eBADF
	}
	op := a[1] &^ lockNonblock
	switch {
	case op != lockShared && op != lockExclusive && op != lockUnlock:
		return -eINVAL
	case op == lockUnlock:
		d.flock, m.changed = 0, true
		return 0
	case d.kind != kindHost:
		return 0
	}
	for _, o := range m.st.descs {
		if o == nil || o == d || o.kind != kindHost || o.dev != d.dev || o.ino != d.ino || o.flock == 0 {
			continue
		}
		if op == lockExclusive || o.flock == lockExclusive {
			// A lock that can't be converted at once is lost.
			if d.flock != 0 {
				d.flock, m.changed = 0, true
			}
			if a[1]&lockNonblock != 0 {
				return -eAGAIN
			}
			return m.blockOn(t, d, wait{})
		}
	}
	d.flock, m.changed = uint8(op), true
	return 0
}

// Types of record locks, and the size of struct flock: l_type, l_whence, l_start,
// l_len, l_pid.
const (
	recordRead   = 0
	recordWrite  = 1
	recordUnlock = 2
	flockSize    = 32
)

// recordLocks are the commands of fcntl about record locks.
func (m *Machine) recordLocks(t *thread, d *desc, cmd uint32, addr uint64) int64 {
	raw, ok := m.copyIn(addr, flockSize)
	if !ok {
		return -eFAULT
	}
	le := binary.LittleEndian
	typ := le.Uint16(raw)
	want := recordLock{dev: d.dev, ino: d.ino, pid: m.p.pid, desc: -1, exclusive: typ == recordWrite}
	if cmd == fOfdGetlk || cmd == fOfdSetlk || cmd == fOfdSetlkw {
		if leU32(raw[24:]) != 0 {
			return -eINVAL
		}
		want.pid, want.desc = -1, m.st.index(d)
	}
	from := int64(leU64(raw[8:]))
	switch le.Uint16(raw[2:]) {
	case seekSet:
	case seekCur:
		from += d.off
	case seekEnd:
		if t.blocked() { // a try looks nowhere outside; it has been asked before
			return -eINVAL
		}
		size, bad := m.sizeOf(t, d)
		if bad != 0 {
			return bad
		}
		from += size
	default:
		return -eINVAL
	}
	n := int64(leU64(raw[16:]))
	if n < 0 {
		from, n = from+n, -n
	}
	if from < 0 || typ > recordUnlock {
		return -eINVAL
	}
	want.start, want.end = uint64(from), uint64(from)+uint64(n)
	if n == 0 {
		want.end = math.MaxUint64
	}
	if d.kind != kindHost {
		typ = recordUnlock // nobody else has it
	}
	other := m.lockedOut(&want)
	switch {
	case cmd == fGetlk || cmd == fOfdGetlk:
		if typ == recordUnlock || other == nil {
			le.PutUint16(raw, recordUnlock)
		} else {
			le.PutUint16(raw, recordRead)
			if other.exclusive {
				le.PutUint16(raw, recordWrite)
			}
			le.PutUint16(raw[2:], seekSet)
			le.PutUint64(raw[8:], other.start)
			le.PutUint64(raw[16:], other.end-other.start)
			if other.end == math.MaxUint64 {
				le.PutUint64(raw[16:], 0)
			}
			le.PutUint32(raw[24:], uint32(other.pid))
		}
		if !m.copyOut(addr, raw) {
			return -eFAULT
		}
	case typ == recordUnlock:
		m.setLock(want, false)
	case typ == recordRead && d.flags&oAccMode == oWrOnly, typ == recordWrite && d.flags&oAccMode == oRdOnly:
		return -eBADF
	case other == nil:
		m.setLock(want, true)
	case cmd == fSetlkw || cmd == fOfdSetlkw:
		return m.blockOn(t, d, wait{})
	default:
		return -eAGAIN
	}
	return 0
}

// lockedOut finds a lock of somebody else's that rules want out.
func (m *Machine) lockedOut(want *recordLock) *recordLock {
	for i := range m.st.locks {
		l := &m.st.locks[i]
		if l.dev == want.dev && l.ino == want.ino && (l.pid != want.pid || l.desc != want.desc) &&
			l.start < want.end && want.start < l.end && (l.exclusive || want.exclusive) {
			return l
		}
	}
	return nil
}

// setLock replaces what its owner has locked of the bytes of l: by l, or by
// nothing.
func (m *Machine) setLock(l recordLock, on bool) {
	var out []recordLock
	for _, o := range m.st.locks {
		if o.dev != l.dev || o.ino != l.ino || o.pid != l.pid || o.desc != l.desc || o.end <= l.start || l.end <= o.start {
			out = append(out, o)
			continue
		}
		if before := o; o.start < l.start {
			before.end = l.start
			out = append(out, before)
		}
		if after := o; o.end > l.end {
			after.start = l.end
			out = append(out, after)
		}
	}
	if on && len(out) < maxLocks {
		out = append(out, l)
	}
	m.st.locks, m.changed = out, true
}

// dropLocks takes p's record locks on a file away, as the close of any of its
// descriptors does. A nil d stands for all files.
func (m *Machine) dropLocks(p *process, d *desc) {
	if len(m.st.locks) == 0 {
		return
	}
	m.st.locks = slices.DeleteFunc(m.st.locks, func(l recordLock) bool {
		return l.pid == p.pid && (d == nil || l.dev == d.dev && l.ino == d.ino)
	})
	m.changed = true
}

// dropDescLocks takes away the record locks that open file i owns.
func (m *Machine) dropDescLocks(i int) {
	if len(m.st.locks) > 0 {
		m.st.locks = slices.DeleteFunc(m.st.locks, func(l recordLock) bool { return l.desc == i })
	}
}
