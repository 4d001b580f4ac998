package linux

import (
	"errors"
	"io/fs"
	"syscall"

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
