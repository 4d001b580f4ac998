package linux

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	hostNoFollow  = unix.O_NOFOLLOW
	hostDirectory = unix.O_DIRECTORY
	hostNonblock  = unix.O_NONBLOCK // against a FIFO put in place of a file
)

// hostErrno: the numbers that matter are the same on all of Linux's common
// architectures.
func hostErrno(err error) int64 {
	var n syscall.Errno
	if errors.As(err, &n) && n > 0 && n <= 133 {
		return int64(n)
	}
	return 0
}

// identify tells files apart.
func identify(fi fs.FileInfo, _ string) (dev, ino uint64) {
	st := statOf(fi)
	return st.dev, st.ino
}

func statOf(fi fs.FileInfo) *fileInfo {
	out := portableInfo(fi)
	if s, ok := fi.Sys().(*syscall.Stat_t); ok {
		out.dev, out.ino, out.mode, out.rdev = uint64(s.Dev), s.Ino, s.Mode, uint64(s.Rdev)
		out.nlink, out.uid, out.gid = uint64(s.Nlink), uint64(s.Uid), uint64(s.Gid)
		out.blockSize, out.blocks = uint64(s.Blksize), uint64(s.Blocks)
		out.atime, out.ctime = s.Atim.Nano(), s.Ctim.Nano()
		out.btime = min(out.mtime, out.ctime)
	}
	return out
}

func (h *host) access(path string, mode uint32, follow bool) int64 {
	flags := 0
	if !follow {
		flags = unix.AT_SYMLINK_NOFOLLOW
	}
	return errnoOf(unix.Faccessat(unix.AT_FDCWD, h.real(path), mode, flags))
}

func (h *host) mknod(path string, perm uint32, fifo bool) int64 {
	kind := uint32(unix.S_IFREG)
	if fifo {
		kind = unix.S_IFIFO
	}
	return errnoOf(unix.Mknod(path, kind|perm, 0))
}

// hostTime is a time as utimensat(2) takes it.
func hostTime(ns int64) unix.Timespec {
	if ns == utimeOmit {
		return unix.Timespec{Nsec: unix.UTIME_OMIT}
	}
	return unix.NsecToTimespec(ns)
}

// setFileTime sets the time of modification of f. It is of no concern where that
// can't be done.
func setFileTime(f *os.File, ns int64) {
	times := [2]unix.Timespec{hostTime(utimeOmit), hostTime(ns)}
	_, _, _ = unix.Syscall6(unix.SYS_UTIMENSAT, f.Fd(), 0, uintptr(unsafe.Pointer(&times)), 0, 0, 0)
}

// setLinkTimes sets the times of a symbolic link.
func setLinkTimes(path string, atime, mtime int64) int64 {
	return errnoOf(unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{hostTime(atime), hostTime(mtime)}, unix.AT_SYMLINK_NOFOLLOW))
}

func (h *host) unlink(path string, dir bool) int64 {
	if dir {
		return errnoOf(unix.Rmdir(path))
	}
	return errnoOf(unix.Unlink(path))
}

// rename takes the flags of renameat2(2), which are the guest's too.
func (h *host) rename(from, to string, flags uint32) int64 {
	return errnoOf(unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, uint(flags)))
}
