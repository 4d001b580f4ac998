package recording

import (
	"fmt"
	"io/fs"
)

// FileInfo describes a file that a recording holds.
type FileInfo struct {
	Path string
	Kind FileKind
	Size uint64 // bytes
}

// maxFile bounds a file in a recording, bytes.
const maxFile = 1 << 30

// content reads a file's content; record finds the record that it is in.
func (r *reader) content(f file, record func(seq uint64) (entry, bool)) ([]byte, error) {
	e, ok := record(f.seq)
	if !ok || f.bytes > maxFile || f.from > e.length || f.bytes > e.length-f.from {
		return nil, fmt.Errorf("%s: %w: its content is missing", f.path, errDamaged)
	}
	payload, err := r.read(e)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return payload[f.from : f.from+f.bytes], nil
}

// readFiles reads the names of the files.
func (o *opening) readFiles() {
	lost := 0
	for _, e := range o.names {
		payload, err := o.read(e)
		var f file
		if err == nil {
			f, err = parseFile(payload)
		}
		if err != nil {
			lost++
			continue
		}
		o.byName[f.path] = len(o.files)
		o.files = append(o.files, f)
	}
	if lost > 0 {
		o.tell("the names of %d files are damaged", lost)
	}
}

// Files lists the files that the recording holds.
func (r *Recording) Files() []FileInfo {
	list := make([]FileInfo, len(r.files))
	for i, f := range r.files {
		list[i] = FileInfo{f.path, FileKind(f.kind), f.bytes}
	}
	return list
}

// ReadFile returns the content of a file that the recording holds under that very
// path; [fs.ErrNotExist] if it does not. It never looks at the host.
func (r *Recording) ReadFile(path string) ([]byte, error) {
	i, ok := r.byName[path]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	return r.content(r.files[i], func(seq uint64) (entry, bool) { e, ok := r.places[seq]; return e, ok })
}
