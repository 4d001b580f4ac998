package dap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	maxMessage = 64 << 20 // bytes of a message's content that are accepted
	maxSkip    = 1 << 30  // bytes of a message's content that are read over
	maxHeader  = 8 << 10  // bytes of a header line
)

// tooLongError says that a message was announced with more than maxMessage bytes.
type tooLongError struct{ n int64 }

func (e *tooLongError) Error() string {
	return fmt.Sprintf("message of %d bytes: at most %d are accepted", e.n, int64(maxMessage))
}

// framingError says that it is not known where the next message starts.
type framingError struct{ what string }

func (e *framingError) Error() string {
	return e.what + `: expected "Content-Length: N", an empty line and N bytes of JSON`
}

// frames reads the base protocol: messages with a header (the specification's
// "Base protocol"). go-dap's reader accepts no header field but Content-Length
// and no message over 4 MiB, and can't go on after an error.
type frames struct {
	r    *bufio.Reader
	skip int64 // bytes of a refused message that are still to come
}

func newFrames(r io.Reader) *frames {
	return &frames{r: bufio.NewReaderSize(r, maxHeader)}
}

// next reads the content of one message. After a [*tooLongError] it can be called
// again; any other error is final.
func (f *frames) next() ([]byte, error) {
	if f.skip > 0 {
		if _, err := io.CopyN(io.Discard, f.r, f.skip); err != nil {
			return nil, err
		}
		f.skip = 0
	}
	n, err := f.header()
	if err != nil {
		return nil, err
	}
	if n > maxSkip {
		return nil, &framingError{fmt.Sprintf("Content-Length of %d bytes (at most %d are accepted)", n, int64(maxMessage))}
	}
	if n > maxMessage {
		f.skip = n
		return nil, &tooLongError{n}
	}
	// The announced length is not allocated on trust.
	var b strings.Builder
	if _, err := io.CopyN(&b, f.r, n); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return []byte(b.String()), nil
}

// header reads a header, up to its empty line, and returns the content's length.
// Other fields are ignored, and so are lines that are no field: what a program
// printed into the stream by mistake.
func (f *frames) header() (int64, error) {
	length, some := int64(-1), false
	for {
		line, err := f.r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return 0, &framingError{fmt.Sprintf("header line of more than %d bytes", maxHeader)}
		case errors.Is(err, io.EOF) && (some || len(line) > 0):
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return 0, err
		}
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			if length >= 0 {
				return length, nil
			}
			continue
		}
		some = true
		name, value, ok := strings.Cut(text, ":")
		if !ok || !strings.EqualFold(strings.TrimSpace(name), "Content-Length") {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		if err != nil || n < 0 {
			return 0, &framingError{fmt.Sprintf("header %.80q", text)}
		}
		length = n
	}
}
