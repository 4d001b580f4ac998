package gdbstub

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// vFile lets gdb read files from the guest's world: the executable and its
// libraries, so that "target remote" is all that one has to type, and a few of
// /proc. No other file of the host is served. "Debugging with GDB", appendix "Host I/O Packets".

// Error numbers of the File-I/O protocol.
const (
	fileioNoEntry = 2
	fileioBadFD   = 9
	fileioInvalid = 22
	fileioTooMany = 24
	fileioReadFS  = 30
	fileioUnknown = 9999
)

// maxFiles bounds the files that a client has open.
const maxFiles = 64

// openFile is a file that the client reads.
type openFile struct {
	io.ReaderAt
	size  int64
	close func() error
}

// openFiles are the client's open files, by descriptor.
type openFiles map[int]openFile

// fileResult is an answer without data: a number, or -1 and an error number.
func fileResult(n int, errno int) response {
	if errno != 0 {
		return answer(fmt.Sprintf("F-1,%x", errno))
	}
	return answer(fmt.Sprintf("F%x", n))
}

// fileData is an answer with data.
func fileData(p string) response { return answer(fmt.Sprintf("F%x;%s", len(p), p)) }

// fileCalls are the operations of vFile:OPERATION:ARGUMENTS.
var fileCalls = map[string]func(s *session, args string) response{
	"setfs":    func(*session, string) response { return fileResult(0, 0) },
	"open":     (*session).fileOpen,
	"close":    (*session).fileClose,
	"pread":    (*session).filePread,
	"fstat":    (*session).fileStat,
	"readlink": (*session).fileReadlink,
}

func (s *session) file(_ context.Context, args string) response {
	op, rest, found := strings.Cut(strings.TrimPrefix(args, ":"), ":")
	call, known := fileCalls[op]
	if !found || !known {
		return unsupported
	}
	return call(s, rest)
}

// fileOpen is open:PATH,FLAGS,MODE.
func (s *session) fileOpen(args string) response {
	hexPath, rest, _ := strings.Cut(args, ",")
	path, good := unhexText(hexPath)
	flags, _, good2 := pair(rest, ",")
	switch {
	case !good || !good2:
		return fileResult(0, fileioInvalid)
	case flags != 0:
		return fileResult(0, fileioReadFS)
	case len(s.files) >= maxFiles:
		return fileResult(0, fileioTooMany)
	}
	f, err := s.openFile(path)
	if err != nil {
		s.log.Debug().Err(err).Str("path", path).Msg("file not served")
		if errors.Is(err, fs.ErrNotExist) {
			return fileResult(0, fileioNoEntry)
		}
		return fileResult(0, fileioUnknown)
	}
	if s.files == nil {
		s.files = openFiles{}
	}
	fd := 3
	for ; ; fd++ {
		if _, taken := s.files[fd]; !taken {
			break
		}
	}
	s.files[fd] = f
	return fileResult(fd, 0)
}

// openFile opens one of the files that are served.
func (s *session) openFile(path string) (openFile, error) {
	if host, ok := s.hostPath(path); ok {
		return s.openReal(host)
	}
	proc := fmt.Sprintf("/proc/%d/", s.pid)
	switch path {
	case proc + "exe":
		return s.openReal(s.m.Image().Path)
	case proc + "maps":
		return text(s.maps()), nil
	case proc + "cmdline":
		return text(strings.Join(s.m.Image().Args, "\x00") + "\x00"), nil
	}
	return openFile{}, fs.ErrNotExist
}

// openReal opens a file of the guest's world.
func (s *session) openReal(path string) (openFile, error) {
	f, err := s.served.Open(path)
	if err != nil {
		return openFile{}, err
	}
	return openFile{ReaderAt: f, size: f.Size(), close: f.Close}, nil
}

func text(s string) openFile {
	return openFile{ReaderAt: strings.NewReader(s), size: int64(len(s)), close: func() error { return nil }}
}

// maps is /proc/PID/maps, for "info proc mappings".
func (s *session) maps() string {
	var b strings.Builder
	for _, m := range s.m.Mappings() {
		fmt.Fprintf(&b, "%x-%x %sp %08x 00:00 0 %s\n", m.Start, m.End, permissions(m.Read, m.Write, m.Exec), m.Offset, m.Name)
	}
	return b.String()
}

// descriptor finds the open file that hexFD names.
func (s *session) descriptor(hexFD string) (int, openFile, bool) {
	fd, good := number(hexFD)
	if !good || fd > maxFiles+3 {
		return 0, openFile{}, false
	}
	f, open := s.files[int(fd)]
	return int(fd), f, open
}

func (s *session) fileClose(args string) response {
	fd, f, open := s.descriptor(args)
	if !open {
		return fileResult(0, fileioBadFD)
	}
	delete(s.files, fd)
	if err := f.close(); err != nil {
		return fileResult(0, fileioUnknown)
	}
	return fileResult(0, 0)
}

// filePread is pread:FD,COUNT,OFFSET.
func (s *session) filePread(args string) response {
	fd, rest, _ := strings.Cut(args, ",")
	count, offset, good := pair(rest, ",")
	if !good || offset > 1<<62 {
		return fileResult(0, fileioInvalid)
	}
	_, f, open := s.descriptor(fd)
	if !open {
		return fileResult(0, fileioBadFD)
	}
	p := make([]byte, min(count, packetSize/2-16)) // escaping may double it
	n, err := f.ReadAt(p, int64(offset))
	if err != nil && !errors.Is(err, io.EOF) {
		return fileResult(0, fileioUnknown)
	}
	return fileData(string(p[:n]))
}

// fileStat is fstat:FD. The answer is the protocol's own struct stat, big-endian:
// dev, ino, mode, nlink, uid, gid, rdev (4 bytes each), size, blksize, blocks (8),
// atime, mtime, ctime (4).
func (s *session) fileStat(args string) response {
	_, f, open := s.descriptor(args)
	if !open {
		return fileResult(0, fileioBadFD)
	}
	const (
		regular   = 0o100444
		blockSize = 4096
	)
	var b []byte
	for _, v := range []uint32{0, 1, regular, 1, 0, 0, 0} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	for _, v := range []uint64{uint64(f.size), blockSize, uint64(f.size+511) / 512} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	b = append(b, make([]byte, 3*4)...)
	return fileData(string(b))
}

func (s *session) fileReadlink(args string) response {
	path, good := unhexText(args)
	switch {
	case !good:
		return fileResult(0, fileioInvalid)
	case path == fmt.Sprintf("/proc/%d/exe", s.pid):
		return fileData(s.m.Image().Path)
	}
	return fileResult(0, fileioNoEntry)
}

// closeAll closes what the client left open.
func (o openFiles) closeAll() {
	for _, f := range o {
		_ = f.close() // opened for reading only
	}
}
