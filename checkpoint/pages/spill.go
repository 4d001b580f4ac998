package pages

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
)

// ErrFull is returned by Spill.Append when the limit is reached.
var ErrFull = errors.New("the room for checkpoints on the disk is used up")

// spillName is what the temporary files are called, for os.CreateTemp.
const spillName = "history-*.tmp"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Spill is a Backing for as long as the process lives: in memory up to a limit, and
// beyond it in a temporary file, which is made when it is needed.
type Spill struct {
	dir          string
	memory, disk int64 // limits, bytes

	mu     sync.Mutex
	blobs  []spilled
	inMem  int64
	file   *os.File
	remove string // the file to remove at the end, where that is not done at once
	size   int64  // of the file
	err    error
}

// spilled is where a blob is: in memory or in the file.
type spilled struct {
	data   []byte
	offset int64
	length uint32
	sum    uint32
}

// NewSpill returns an empty Spill that keeps up to memory bytes in memory and up to
// disk bytes in a temporary file in dir, which is made if need be.
func NewSpill(dir string, memory, disk int64) *Spill {
	return &Spill{dir: dir, memory: memory, disk: disk}
}

// Append keeps a blob, see [Backing].
func (s *Spill) Append(_ byte, data []byte) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	b := spilled{}
	if n := int64(len(data)); s.file == nil && s.inMem+n <= s.memory {
		b.data = slices.Clone(data)
		s.inMem += n
	} else if b, s.err = s.write(data); s.err != nil {
		return 0, s.err
	}
	s.blobs = append(s.blobs, b)
	return uint64(len(s.blobs) - 1), nil
}

// write appends data to the file.
func (s *Spill) write(data []byte) (spilled, error) {
	b := spilled{offset: s.size, length: uint32(len(data)), sum: crc32.Checksum(data, castagnoli)}
	if s.size+int64(len(data)) > s.disk {
		return b, fmt.Errorf("%w (%d MB)", ErrFull, s.disk>>20)
	}
	if s.file == nil {
		if err := s.create(); err != nil {
			return b, err
		}
	}
	if _, err := s.file.WriteAt(data, s.size); err != nil {
		return b, err
	}
	s.size += int64(len(data))
	return b, nil
}

// create makes the file. Where a file that is open can be removed it is at once, so
// that nothing is left of it however the process ends. Where it can't (Windows), one
// that another process uses can't be removed either: so what can be is a left-over.
func (s *Spill) create() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		old, _ := filepath.Glob(filepath.Join(s.dir, spillName))
		for _, path := range old {
			_ = os.Remove(path)
		}
	}
	f, err := os.CreateTemp(s.dir, spillName)
	if err != nil {
		return err
	}
	s.file = f
	if os.Remove(f.Name()) != nil {
		s.remove = f.Name()
	}
	return nil
}

// Read returns a blob, see [Backing].
func (s *Spill) Read(id uint64) ([]byte, error) {
	s.mu.Lock()
	if id >= uint64(len(s.blobs)) {
		s.mu.Unlock()
		return nil, fmt.Errorf("there is no blob %d", id)
	}
	b, file := s.blobs[id], s.file
	s.mu.Unlock()
	if b.data != nil || b.length == 0 {
		return b.data, nil
	}
	if file == nil {
		return nil, os.ErrClosed
	}
	data := make([]byte, b.length)
	if _, err := file.ReadAt(data, b.offset); err != nil {
		return nil, err
	}
	if crc32.Checksum(data, castagnoli) != b.sum {
		return nil, fmt.Errorf("%s: what was written at byte %d reads differently", file.Name(), b.offset)
	}
	return data, nil
}

// Memory and Disk are the bytes kept in memory and in the file.
func (s *Spill) Memory() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inMem
}

// Disk is the size of the file in bytes.
func (s *Spill) Disk() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// Close removes the file. Nothing can be read afterwards.
func (s *Spill) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = os.ErrClosed
	s.blobs, s.inMem, s.size = nil, 0, 0
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.remove != "" {
		err = errors.Join(err, os.Remove(s.remove))
	}
	s.file = nil
	return err
}
