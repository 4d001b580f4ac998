//go:build !linux

package linux

import (
	"hash/fnv"
	"io/fs"
	"os"
	"time"
)

const (
	hostNoFollow  = 0
	hostDirectory = 0
	hostNonblock  = 0
)

// hostErrno: the numbers of other systems mean something else; the portable
// errors have to do.
func hostErrno(error) int64 { return 0 }

// identify tells files apart, by their paths: links to one file count as several.
func identify(_ fs.FileInfo, path string) (dev, ino uint64) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(path))
	return 0, h.Sum64()
}

func statOf(fi fs.FileInfo) *fileInfo { return portableInfo(fi) }

func (h *host) access(path string, mode uint32, follow bool) int64 {
	fi, errno := h.stat(path, follow)
	if errno == 0 && fi.mode>>6&mode != mode {
		return eACCES
	}
	return errno
}

func (h *host) mknod(path string, perm uint32, fifo bool) int64 {
	if fifo {
		return ePERM
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fs.FileMode(perm))
	if err != nil {
		return errnoOf(err)
	}
	return errnoOf(f.Close())
}

func setFileTime(f *os.File, ns int64) { _ = os.Chtimes(f.Name(), time.Time{}, time.Unix(0, ns)) }

// setLinkTimes does nothing: the times of symbolic links can't be set everywhere.
func setLinkTimes(string, int64, int64) int64 { return 0 }

func (h *host) unlink(path string, dir bool) int64 {
	fi, err := os.Lstat(path)
	switch {
	case err != nil:
		return errnoOf(err)
	case dir && !fi.IsDir():
		return eNOTDIR
	case !dir && fi.IsDir():
		return eISDIR
	}
	return errnoOf(os.Remove(path))
}

func (h *host) rename(from, to string, flags uint32) int64 {
	if flags&1 != 0 { // RENAME_NOREPLACE
		if _, err := os.Lstat(to); err == nil {
			return eEXIST
		}
		flags &^= 1
	}
	if flags != 0 {
		return eINVAL
	}
	return errnoOf(os.Rename(from, to))
}
