package linux

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// host is all that the machine has of the outside. Only live questions at the
// door touch it. Errors are the guest's error numbers, 0 for success.
type host struct {
	files  map[uint64]*os.File // by the handle that the guest kernel gave it
	stdin  *feed
	output func(fd int, icount uint64, p []byte)

	// reads are the files whose content is in the log.
	reads    map[fileKey]read
	programs map[fileKey]read // and the executables
	newest   map[string]read  // the latest version of each executable, by path
	sysroot  string           // see Config.Sysroot

	now int64 // the guest's time of day at the question, ns since 1970
}

func newHost(stdin *feed, output func(fd int, icount uint64, p []byte), sysroot string) *host {
	return &host{files: map[uint64]*os.File{}, reads: map[fileKey]read{}, programs: map[fileKey]read{}, newest: map[string]read{}, stdin: stdin, output: output, sysroot: sysroot}
}

func (h *host) close() {
	h.stdin.close()
	for _, f := range h.files {
		_ = f.Close()
	}
	h.files = map[uint64]*os.File{}
}

// Guest file types in st_mode.
const (
	modeType   = 0o170000
	modeFIFO   = 0o010000
	modeChar   = 0o020000
	modeDir    = 0o040000
	modeFile   = 0o100000
	modeLink   = 0o120000
	modeSocket = 0o140000
	modeBlock  = 0o060000
)

// fileInfo is what stat tells. Times are ns since 1970.
type fileInfo struct {
	dev, ino     uint64
	mode         uint32
	nlink        uint64
	uid, gid     uint64
	rdev         uint64
	size         uint64
	blockSize    uint64
	blocks       uint64 // of 512 bytes
	atime, mtime int64
	ctime, btime int64
}

// aux is the form in which a fileInfo passes the door.
func (fi *fileInfo) aux() []uint64 {
	return []uint64{fi.dev, fi.ino, uint64(fi.mode), fi.nlink, fi.uid, fi.gid, fi.rdev, fi.size, fi.blockSize, fi.blocks,
		uint64(fi.atime), uint64(fi.mtime), uint64(fi.ctime), uint64(fi.btime)}
}

func infoFromAux(a []uint64) *fileInfo {
	a = append(slices.Clone(a), make([]uint64, 14)...)
	return &fileInfo{dev: a[0], ino: a[1], mode: uint32(a[2]), nlink: a[3], uid: a[4], gid: a[5], rdev: a[6], size: a[7],
		blockSize: a[8], blocks: a[9], atime: int64(a[10]), mtime: int64(a[11]), ctime: int64(a[12]), btime: int64(a[13])}
}

// Guest open flags (asm-generic/fcntl.h).
const (
	oAccMode   = 3
	oRdOnly    = 0
	oWrOnly    = 1
	oRdWr      = 2
	oCreat     = 0o100
	oExcl      = 0o200
	oTrunc     = 0o1000
	oAppend    = 0o2000
	oNonblock  = 0o4000
	oDirectory = 0o200000
	oNoFollow  = 0o400000
	oCloexec   = 0o2000000
	oPath      = 0o10000000
)

var openFlags = []struct {
	guest uint32
	host  int
}{
	{oCreat, os.O_CREATE}, {oExcl, os.O_EXCL}, {oTrunc, os.O_TRUNC},
	{oNoFollow, hostNoFollow}, {oDirectory, hostDirectory},
}

// open opens a regular file or a directory under the given handle and returns
// its mode and identity. Anything else could block the host, and is refused.
func (h *host) open(handle uint64, path string, flags, perm uint32) (id fileInfo, errno int64) {
	fi, err := os.Stat(path)
	switch {
	case err != nil: // it may be created
	case flags&oCreat != 0 && flags&oExcl != 0:
		return id, eEXIST
	case fi.Mode()&fs.ModeNamedPipe != 0:
		id.mode = guestMode(fi.Mode())
		id.dev, id.ino = identify(fi, path)
		return id, 0
	case !fi.Mode().IsRegular() && !fi.IsDir():
		return id, eNXIO
	}
	fresh := err != nil || flags&oTrunc != 0
	var hf int
	switch flags & oAccMode {
	case oWrOnly:
		hf = os.O_WRONLY
	case oRdWr:
		hf = os.O_RDWR
	}
	for _, f := range openFlags {
		if flags&f.guest == f.guest {
			hf |= f.host
		}
	}
	f, err := os.OpenFile(path, hf|hostNonblock, hostMode(perm))
	if err != nil {
		return id, errnoOf(err)
	}
	fi, err = f.Stat()
	switch {
	case err != nil:
		_ = f.Close()
		return id, errnoOf(err)
	case !fi.Mode().IsRegular() && !fi.IsDir():
		_ = f.Close()
		return id, eNXIO
	}
	h.files[handle] = f
	if fresh {
		h.stamp(f)
	}
	id.mode = guestMode(fi.Mode())
	id.dev, id.ino = identify(fi, path)
	return id, 0
}

// nameless opens a new file without a name under the given handle.
func (h *host) nameless(handle uint64) (id fileInfo, errno int64) {
	f, err := os.CreateTemp("", "revexec-memfd-")
	if err != nil {
		return id, errnoOf(err)
	}
	_ = os.Remove(f.Name()) // not all systems can: then it is removed never
	fi, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return id, errnoOf(err)
	}
	h.files[handle] = f
	id.mode = modeFile | 0o777
	id.dev, id.ino = identify(fi, f.Name())
	return id, 0
}

// stamp sets the time of a file that has just been changed to the guest's time of
// day, which is not the host's: make(1) would take what it has made for files from
// the future, and what is made later for older.
func (h *host) stamp(f *os.File) { setFileTime(f, h.now) }

// file finds an open file. One that is missing was opened by a process of the
// past: the history goes on, but not that file.
func (h *host) file(handle uint64) (*os.File, int64) {
	if f := h.files[handle]; f != nil {
		return f, 0
	}
	return nil, eIO
}

func (h *host) drop(handle uint64) {
	if f := h.files[handle]; f != nil {
		_ = f.Close()
		delete(h.files, handle)
	}
}

// pread reads up to n bytes at off; fewer at the end of the file.
func (h *host) pread(handle uint64, n int, off int64) ([]byte, int64) {
	f, errno := h.file(handle)
	if errno != 0 {
		return nil, errno
	}
	// A file in /proc says nothing of its size, so grow as it comes.
	out := make([]byte, 0, sizeHint(f, n, off))
	for len(out) < n {
		if len(out) == cap(out) {
			out = slices.Grow(out, min(n-len(out), 64<<10))
		}
		got, err := f.ReadAt(out[len(out):min(cap(out), n)], off+int64(len(out)))
		out = out[:len(out)+got]
		if err != nil || got == 0 {
			if len(out) == 0 && err != nil && !errors.Is(err, io.EOF) {
				return nil, errnoOf(err)
			}
			break
		}
	}
	return out, 0
}

// sizeHint is how many of n bytes from off on a file seems to have.
func sizeHint(f *os.File, n int, off int64) int64 {
	fi, err := f.Stat()
	if err != nil {
		return 0
	}
	return max(min(int64(n), fi.Size()-off), 0)
}

// pwrite writes p at off, or at the end with atEnd. It returns the offset behind
// what it wrote.
func (h *host) pwrite(handle uint64, p []byte, off int64, atEnd bool) (n int, end, errno int64) {
	f, errno := h.file(handle)
	if errno != 0 {
		return 0, 0, errno
	}
	if atEnd {
		fi, err := f.Stat()
		if err != nil {
			return 0, 0, errnoOf(err)
		}
		off = fi.Size()
	}
	n, err := f.WriteAt(p, off)
	h.stamp(f)
	if n == 0 && err != nil {
		return 0, 0, errnoOf(err)
	}
	return n, off + int64(n), 0
}

func (h *host) fstat(handle uint64) (*fileInfo, int64) {
	f, errno := h.file(handle)
	if errno != 0 {
		return nil, errno
	}
	fi, err := f.Stat()
	if err != nil {
		return nil, errnoOf(err)
	}
	return statOf(fi), 0
}

func (h *host) stat(path string, follow bool) (*fileInfo, int64) {
	get := os.Lstat
	if follow {
		get = os.Stat
	}
	fi, err := get(h.real(path))
	if err != nil {
		return nil, errnoOf(err)
	}
	return statOf(fi), 0
}

// dirEntry is an entry of a directory, as the door passes it.
type dirEntry struct {
	ino  uint64
	typ  byte // DT_ number
	name string
}

// maxListing bounds the entries that are listed of one directory.
const maxListing = 1 << 18

// list reads a directory, sorted by name.
func (h *host) list(handle uint64) ([]dirEntry, int64) {
	f, errno := h.file(handle)
	if errno != 0 {
		return nil, errno
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, errnoOf(err)
	}
	es, err := f.ReadDir(-1)
	if err != nil {
		return nil, errnoOf(err)
	}
	slices.SortFunc(es, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	out := []dirEntry{{1, 4, "."}, {1, 4, ".."}}
	for _, e := range es[:min(len(es), maxListing)] {
		d := dirEntry{ino: 1, typ: byte(guestMode(e.Type()) >> 12), name: e.Name()}
		if fi, err := e.Info(); err == nil {
			d.ino = statOf(fi).ino
		}
		out = append(out, d)
	}
	return out, 0
}

func (h *host) readlink(path string) (string, int64) {
	to, err := os.Readlink(h.real(path))
	return to, errnoOf(err)
}

func (h *host) truncate(handle uint64, size int64) int64 {
	f, errno := h.file(handle)
	if errno != 0 {
		return errno
	}
	err := f.Truncate(size)
	h.stamp(f)
	return errnoOf(err)
}

func (h *host) sync(handle uint64) int64 {
	f, errno := h.file(handle)
	if errno != 0 {
		return errno
	}
	return errnoOf(f.Sync())
}

func (h *host) chdir(path string) (string, int64) {
	path = h.real(path)
	fi, err := os.Stat(path)
	if err != nil {
		return "", errnoOf(err)
	}
	if !fi.IsDir() {
		return "", eNOTDIR
	}
	real, err := filepath.EvalSymlinks(path)
	return real, errnoOf(err)
}

// utime marks a time that utimensat leaves as it is.
const utimeOmit = int64(-1 << 63)

func (h *host) chtimes(path string, atime, mtime int64, follow bool) int64 {
	if !follow {
		return setLinkTimes(path, atime, mtime)
	}
	at := func(ns int64) time.Time {
		if ns == utimeOmit {
			return time.Time{} // os.Chtimes leaves it
		}
		return time.Unix(0, ns)
	}
	return errnoOf(os.Chtimes(path, at(atime), at(mtime)))
}

var modeTypes = []struct {
	host  fs.FileMode
	guest uint32
}{
	{fs.ModeDir, modeDir}, {fs.ModeSymlink, modeLink}, {fs.ModeNamedPipe, modeFIFO}, {fs.ModeSocket, modeSocket},
	{fs.ModeCharDevice, modeChar}, {fs.ModeDevice, modeBlock},
}

// hostMode is the mode that a guest gives a file.
func hostMode(perm uint32) fs.FileMode {
	m := fs.FileMode(perm & 0o777)
	for _, b := range []struct {
		guest uint32
		host  fs.FileMode
	}{{0o4000, fs.ModeSetuid}, {0o2000, fs.ModeSetgid}, {0o1000, fs.ModeSticky}} {
		if perm&b.guest != 0 {
			m |= b.host
		}
	}
	return m
}

func guestMode(m fs.FileMode) uint32 {
	g := uint32(m.Perm())
	if m&fs.ModeSetuid != 0 {
		g |= 0o4000
	}
	if m&fs.ModeSetgid != 0 {
		g |= 0o2000
	}
	if m&fs.ModeSticky != 0 {
		g |= 0o1000
	}
	for _, t := range modeTypes {
		if m&t.host != 0 {
			return g | t.guest
		}
	}
	return g | modeFile
}

// hostUser and hostGroup are whose the host's files are that the guest can
// change, so the guest runs as them. Where the host has no such numbers they are
// those of the first user of most Linux systems.
func hostUser() uint32  { return idOr(os.Getuid()) }
func hostGroup() uint32 { return idOr(os.Getgid()) }

func idOr(id int) uint32 {
	if id < 0 {
		return 1000
	}
	return uint32(id)
}

// portableInfo is what every host can tell of a file.
func portableInfo(fi fs.FileInfo) *fileInfo {
	t := fi.ModTime().UnixNano()
	return &fileInfo{
		dev: 1, ino: 1, mode: guestMode(fi.Mode()), nlink: 1, uid: uint64(hostUser()), gid: uint64(hostGroup()),
		size: uint64(fi.Size()), blockSize: 4096, blocks: uint64(fi.Size()+511) / 512,
		atime: t, mtime: t, ctime: t, btime: t,
	}
}

// portableErrors maps the errors that every host has.
var portableErrors = []struct {
	err   error
	errno int64
}{
	{fs.ErrNotExist, eNOENT}, {fs.ErrExist, eEXIST}, {fs.ErrPermission, eACCES}, {fs.ErrInvalid, eINVAL}, {fs.ErrClosed, eBADF},
}

// errnoOf is the guest's number for a host error.
func errnoOf(err error) int64 {
	if err == nil {
		return 0
	}
	if n := hostErrno(err); n != 0 {
		return n
	}
	for _, p := range portableErrors {
		if errors.Is(err, p.err) {
			return p.errno
		}
	}
	return eIO
}
