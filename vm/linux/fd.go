package linux

import (
	"slices"
	"strings"
)

// fdSlot is what a file descriptor refers to.
type fdSlot struct {
	desc    int // index into state.descs; -1: the descriptor is free
	cloexec bool
}

// descKind says what an open file is.
type descKind uint8

const (
	kindNone    descKind = iota
	kindHost             // a regular file or a directory of the host's
	kindStdin            // standard input
	kindOutput           // standard output or error: stream
	kindDevice           // one of the devices that the kernel has itself: stream
	kindContent          // a file whose content the kernel made up
	kindPipeIn           // the end of a pipe that is read
	kindPipeOut          // the end that is written
	kindEventFD
	kindTimerFD
	kindEpoll
	kindSocket
	kindPipeBoth // both ends of a FIFO
	kindSignalFD
	kindTTY // the terminal: stream
)

// The devices, in desc.stream.
const (
	devNull = iota
	devZero
	devFull
	devRandom
)

// desc is an open file, which several descriptors may share.
type desc struct {
	kind  descKind
	refs  int    // descriptors, and waits, that refer to it
	flags uint32 // access mode and status flags (O_)
	mode  uint32 // st_mode, for what is not on the host: as fstat tells it
	path  string // absolute path, or a name such as "pipe:[1]"

	handle   uint64 // host file
	dev, ino uint64 // which file it is on the host
	off      int64  // file offset, of kinds that have one
	stream   int    // kindOutput: 1 or 2; kindDevice, kindTTY: which

	listed  bool
	listing []dirEntry // entries of the directory; immutable
	content []byte     // kindContent; immutable
	flock   uint8      // the lock of flock(2): 0, lockShared or lockExclusive
	remade  bool       // content is made up when it is read from the start: see makeUp

	pipe      int    // index into state.pipes
	sock      int    // index into state.socks
	count     uint64 // eventfd: counter; timerfd: expiries not read yet
	semaphore bool
	clock     int32 // timerfd
	timer     interval
	items     []epollItem
	events    uint64 // eventfd, timerfd: changes of readiness so far
}

func (d *desc) clone() *desc {
	c := *d
	c.items = slices.Clone(d.items)
	return &c
}

// fileOps is what system calls do with a kind of open file. What is nil gives
// EINVAL (or ESPIPE, for offsets).
type fileOps struct {
	// read and write move bytes between spans, which the caller has checked, and
	// the file. off is -1 for the file's own offset.
	read  func(m *Machine, t *thread, d *desc, spans []span, total uint64, off int64) int64
	write func(m *Machine, t *thread, d *desc, spans []span, total uint64, off int64) int64
	// ready tells the EPOLL events that hold now. outside says that standard
	// input may add to them. nil: always readable and writable.
	ready func(m *Machine, d *desc) (events uint32, outside bool)
	// changes counts the changes of readiness, for edge-triggered waits.
	changes func(m *Machine, d *desc) uint64
	// release frees what the file holds when its last reference goes.
	release  func(m *Machine, d *desc)
	seekable bool
	pollable bool // epoll takes it
}

// kinds is set by init: the operations refer back to it.
var kinds []fileOps

func init() {
	kinds = []fileOps{
		kindHost:    {read: readHost, write: writeHost, release: releaseHost, seekable: true},
		kindStdin:   {read: readStdin, ready: readyStdin, changes: func(m *Machine, _ *desc) uint64 { return m.st.stdin.arrivals }, pollable: true},
		kindOutput:  {write: writeOutput, ready: readyOutput, pollable: true},
		kindDevice:  {read: readDevice, write: writeDevice, seekable: true},
		kindContent: {read: readContent, seekable: true},
		kindPipeIn:  {read: readPipe, ready: readyPipeIn, changes: changesPipeIn, release: releasePipe, pollable: true},
		kindPipeOut: {write: writePipe, ready: readyPipeOut, changes: changesPipeOut, release: releasePipe, pollable: true},
		kindEventFD: {read: readEventFD, write: writeEventFD, ready: readyEventFD, changes: ownChanges, pollable: true},
		kindTimerFD: {read: readTimerFD, ready: readyTimerFD, changes: ownChanges, pollable: true},
		kindEpoll:   {ready: readyEpoll, changes: ownChanges, pollable: true},
		kindSocket:  {read: readSocket, write: writeSocket, ready: readySocket, changes: changesSocket, release: releaseSocket, pollable: true},

		kindPipeBoth: {read: readPipe, write: writePipe, ready: readyPipeBoth, changes: changesPipeBoth, release: releasePipe, pollable: true},
		kindSignalFD: {read: readSignalFD, ready: readySignalFD, changes: ownChanges, pollable: true},
		kindTTY:      {read: readTTY, write: writeTTY, ready: readyTTY, changes: func(m *Machine, _ *desc) uint64 { return m.st.tty.changes }, pollable: true},
	}
}

func ownChanges(_ *Machine, d *desc) uint64 { return d.events }

func (d *desc) ops() *fileOps { return &kinds[d.kind] }

// slot finds an open descriptor.
func (p *process) slot(fd uint64) *fdSlot {
	if n := uint32(fd); n < uint32(len(p.fds)) && p.fds[n].desc >= 0 {
		return &p.fds[n]
	}
	return nil
}

// file finds the open file of a descriptor; nil if there is none. A thread whose
// call is being retried has the file that it began with, whatever became of the
// descriptor.
func (m *Machine) file(t *thread, fd uint64) *desc {
	if t.blocked() && t.wait.desc >= 0 {
		return m.st.descs[t.wait.desc]
	}
	if f := m.p.slot(fd); f != nil {
		return m.st.descs[f.desc]
	}
	return nil
}

// index finds a file's place in descs.
func (s *state) index(d *desc) int { return slices.Index(s.descs, d) }

// room reports whether n more descriptors are to be had.
func (p *process) room(n int) bool {
	free := p.fdLimit() - len(p.fds)
	for _, f := range p.fds {
		if f.desc < 0 {
			free++
		}
	}
	return free >= n
}

func (p *process) fdLimit() int { return int(min(p.limits[limitNofile][0], maxFDs)) }

// add puts a new file into the table and returns its lowest free descriptor.
// There must be room.
func (m *Machine) add(d *desc, cloexec bool) int64 { return m.bind(m.keep(d), 0, cloexec) }

// keep puts a new file into the table of open files.
func (m *Machine) keep(d *desc) int {
	s := m.st
	i := slices.Index(s.descs, nil)
	if i < 0 {
		i = len(s.descs)
		s.descs = append(s.descs, nil)
	}
	s.descs[i] = d
	return i
}

// bind gives file i another descriptor: the lowest free one from low on.
func (m *Machine) bind(i, low int, cloexec bool) int64 {
	p, n := m.p, low
	for n < len(p.fds) && p.fds[n].desc >= 0 {
		n++
	}
	if n >= p.fdLimit() {
		return -eMFILE
	}
	p.grow(n)
	p.fds[n] = fdSlot{i, cloexec}
	m.st.descs[i].refs++
	return int64(n)
}

func (p *process) grow(n int) {
	for len(p.fds) <= n {
		p.fds = append(p.fds, fdSlot{desc: -1})
	}
}

// closeFD frees a descriptor that is open.
func (m *Machine) closeFD(fd int) {
	i := m.p.fds[fd].desc
	m.p.fds[fd] = fdSlot{desc: -1}
	m.dropLocks(m.p, m.st.descs[i])
	m.unref(i)
}

// unref drops a reference to file i, and the file with the last one.
func (m *Machine) unref(i int) {
	d := m.st.descs[i]
	if d.refs--; d.refs > 0 {
		return
	}
	if f := d.ops().release; f != nil {
		f(m, d)
	}
	m.st.descs[i] = nil
	m.dropDescLocks(i)
	m.forgetInEpolls(i)
	m.changed = true
}

func sysClose(m *Machine, _ *thread, a *[6]uint64) int64 {
	if m.p.slot(a[0]) == nil {
		return -eBADF
	}
	m.closeFD(int(uint32(a[0])))
	return 0
}

func sysCloseRange(m *Machine, _ *thread, a *[6]uint64) int64 {
	const cloexec = 4
	first, last := uint32(a[0]), uint32(a[1])
	if first > last || a[2]&^(cloexec|2) != 0 {
		return -eINVAL
	}
	for fd := int(first); fd < len(m.p.fds) && fd <= int(last); fd++ {
		switch f := m.p.slot(uint64(fd)); {
		case f == nil:
		case a[2]&cloexec != 0:
			f.cloexec = true
		default:
			m.closeFD(fd)
		}
	}
	return 0
}

func sysDup(m *Machine, _ *thread, a *[6]uint64) int64 {
	f := m.p.slot(a[0])
	if f == nil {
		return -eBADF
	}
	return m.bind(f.desc, 0, false)
}

func sysDup3(m *Machine, _ *thread, a *[6]uint64) int64 {
	f := m.p.slot(a[0])
	to := uint32(a[1])
	switch {
	case uint32(a[0]) == to || a[2]&^oCloexec != 0:
		return -eINVAL
	case f == nil || int64(to) >= int64(m.p.fdLimit()):
		return -eBADF
	}
	i := f.desc
	m.st.descs[i].refs++ // closing the target must not take it away
	if m.p.slot(uint64(to)) != nil {
		m.closeFD(int(to))
	}
	m.p.grow(int(to))
	m.p.fds[to] = fdSlot{i, a[2]&oCloexec != 0}
	return int64(to)
}

// Commands of fcntl(2).
const (
	fDupfd        = 0
	fGetfd        = 1
	fSetfd        = 2
	fGetfl        = 3
	fSetfl        = 4
	fGetlk        = 5
	fSetlk        = 6
	fSetlkw       = 7
	fSetown       = 8
	fGetown       = 9
	fOfdGetlk     = 36
	fOfdSetlk     = 37
	fOfdSetlkw    = 38
	fDupfdCloexec = 1030
	fSetpipeSz    = 1031
	fGetpipeSz    = 1032
	fAddSeals     = 1033
	fGetSeals     = 1034
)

func sysFcntl(m *Machine, t *thread, a *[6]uint64) int64 {
	f := m.p.slot(a[0])
	if f == nil {
		return -eBADF
	}
	d := m.st.descs[f.desc]
	switch cmd := uint32(a[1]); cmd {
	case fDupfd, fDupfdCloexec:
		if a[2] >= uint64(m.p.fdLimit()) {
			return -eINVAL
		}
		return m.bind(f.desc, int(a[2]), cmd == fDupfdCloexec)
	case fGetfd:
		if f.cloexec {
			return 1
		}
		return 0
	case fSetfd:
		f.cloexec = a[2]&1 != 0
		return 0
	case fGetfl:
		return int64(d.flags)
	case fSetfl:
		const settable = oAppend | oNonblock
		d.flags = d.flags&^settable | uint32(a[2])&settable
		return 0
	case fGetlk, fSetlk, fSetlkw, fOfdGetlk, fOfdSetlk, fOfdSetlkw:
		return m.recordLocks(t, d, cmd, a[2])
	case fSetown, fGetown:
		return 0
	case fAddSeals, fGetSeals:
		if !strings.HasPrefix(d.path, memfdPrefix) {
			return -eINVAL
		}
		return 0 // nothing is sealed: nobody else is there to be kept out
	case fGetpipeSz, fSetpipeSz:
		if d.kind != kindPipeIn && d.kind != kindPipeOut && d.kind != kindPipeBoth {
			return -eBADF
		}
		return pipeSize
	}
	return -eINVAL
}

// Requests of ioctl(2) that are not a terminal's (ttyctl.go).
const (
	ioFIONREAD = 0x541b
	ioFIONBIO  = 0x5421
	ioFIONCLEX = 0x5450
	ioFIOCLEX  = 0x5451
)

func sysIoctl(m *Machine, t *thread, a *[6]uint64) int64 {
	f := m.p.slot(a[0])
	if f == nil {
		return -eBADF
	}
	d := m.st.descs[f.desc]
	if d.kind == kindTTY {
		if do := ttyRequests[uint32(a[1])]; do != nil {
			return m.controlTTY(t, uint32(a[1]), do, a[2])
		}
	}
	switch uint32(a[1]) {
	case ioFIONCLEX, ioFIOCLEX:
		f.cloexec = uint32(a[1]) == ioFIOCLEX
		return 0
	case ioFIONBIO:
		v, ok := m.readU32(a[2])
		if !ok {
			return -eFAULT
		}
		d.flags &^= oNonblock
		if v != 0 {
			d.flags |= oNonblock
		}
		return 0
	case ioFIONREAD:
		n := 0
		switch d.kind {
		case kindStdin:
			m.lookStdin(t)
			n = len(m.st.stdin.buf)
		case kindPipeIn, kindPipeBoth:
			n = len(m.st.pipes[d.pipe].buf)
		case kindSocket:
			k := m.sockOf(d)
			if n = len(k.bytes); len(k.packets) > 0 {
				n = len(k.packets[0].data)
			}
		default:
			return -eNOTTY
		}
		if !m.writeU32(a[2], uint32(n)) {
			return -eFAULT
		}
		return 0
	}
	return -eNOTTY
}
