package gdbstub

import (
	"errors"
	"io"
)

// Stream makes a connection for Serve of two one-way streams, such as standard
// input and output when gdb started the server itself:
//
//	(gdb) target remote | dap-revexec gdbserver - PROGRAM
//
// Closing it closes those of the two that can be closed.
func Stream(in io.Reader, out io.Writer) io.ReadWriteCloser { return stream{in, out} }

type stream struct {
	io.Reader
	io.Writer
}

func (s stream) Close() error {
	var errs []error
	for _, end := range []any{s.Reader, s.Writer} {
		if c, can := end.(io.Closer); can {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
