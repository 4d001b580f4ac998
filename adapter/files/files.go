// Package files gives those who read symbols and sources the files that belong to
// the debugged program: of a program that runs here the host's, of a recording
// those that lie in it. Who reads a file says which by the path that it has for
// the program, and never opens one by other means: that is what keeps a recording
// from reading the files of the machine that it is looked at on.
package files

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Files opens files by their paths. It may be used from several goroutines.
type Files interface {
	// Open opens a file for reading. The error satisfies
	// errors.Is(err, fs.ErrNotExist) if there is no such file, and names it.
	Open(path string) (File, error)
}

// File is an open file.
type File interface {
	io.ReaderAt
	io.Closer
	Size() int64 // bytes
}

// Host are the files of this machine.
var Host Files = host{}

type host struct{}

type hostFile struct {
	*os.File
	size int64
}

func (f hostFile) Size() int64 { return f.size }

// Open implements Files. Only regular files are opened: anything else could wait
// without end.
func (host) Open(path string) (File, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if st, err = f.Stat(); err != nil {
		f.Close()
		return nil, err
	}
	return hostFile{f, st.Size()}, nil
}

// Below are the files of this machine below a directory, by their full paths: for
// paths that are not to be trusted. (Symbolic links are followed: they are of this
// machine.)
func Below(dir string) Files { return below(dir) }

type below string

func (b below) Open(path string) (File, error) {
	rel, err := filepath.Rel(string(b), filepath.FromSlash(path))
	if err != nil || !filepath.IsLocal(rel) {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return Host.Open(filepath.Join(string(b), rel))
}

// Kept are files that a function has the contents of, such as a recording. Its error
// for a path that it does not have satisfies errors.Is(err, fs.ErrNotExist).
type Kept func(path string) ([]byte, error)

// Open implements Files. Where paths are written with backslashes, one that was
// made from a path with slashes is found, too.
func (k Kept) Open(path string) (File, error) {
	data, err := k(path)
	if slashed := filepath.ToSlash(path); errors.Is(err, fs.ErrNotExist) && slashed != path {
		data, err = k(slashed)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return Bytes(data), nil
}

// Bytes is an open file with the content given.
func Bytes(data []byte) File { return memory{bytes.NewReader(data)} }

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// Layers are files of which the first that has one gives it.
type Layers []Files

// Open implements Files.
func (l Layers) Open(path string) (File, error) {
	for _, files := range l {
		if f, err := files.Open(path); !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

// Read reads a file that has limit bytes at most.
func Read(from Files, path string, limit int64) ([]byte, error) {
	f, err := from.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Size() > limit {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("too large")}
	}
	data, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	return data, err
}

// Exists reports whether there is a file.
func Exists(in Files, path string) bool {
	f, err := in.Open(path)
	if err != nil {
		return false
	}
	f.Close()
	return true
}
