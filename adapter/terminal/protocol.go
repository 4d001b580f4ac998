package terminal

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// The protocol between a [Remote] and its proxy, over a TCP connection on the
// loopback interface.
//
// A message is a frame: its kind (a byte), the length of its content (two bytes, big
// endian, at most maxContent), and the content. The proxy begins with hello, and the
// other end answers with welcome or closes the connection; neither sends anything
// else before. From then on:
//
//	proxy → session   input    bytes that were typed, at least one
//	                  size     rows and columns, two bytes each, big endian
//	session → proxy   output   bytes for the terminal, at least one
//	                  reset    undo the modes that the output has set; nothing
//	                  end      the session is over; text for the person, or nothing
//
// The proxy closes the connection when it has shown all output before an end. A
// connection that is closed without an end is a break for the proxy, and a hang-up
// for the session. Either end flow-controls the other by not reading.
type kind byte

const (
	kindHello   kind = 'H'
	kindWelcome kind = 'W'
	kindInput   kind = 'I'
	kindSize    kind = 'S'
	kindOutput  kind = 'O'
	kindReset   kind = 'R'
	kindEnd     kind = 'E'
)

const (
	protocolVersion = 1
	maxContent      = 32 << 10 // bytes in a frame
	frameHeader     = 3        // bytes
)

// side is an end of a connection.
type side uint8

const (
	proxySide side = iota
	sessionSide
)

// frames has the kinds of frames: who sends them, and how long their content is,
// in bytes.
var frames = map[kind]struct {
	from     side
	min, max int
}{
	kindHello:   {proxySide, 1, 4 << 10},
	kindInput:   {proxySide, 1, maxContent},
	kindSize:    {proxySide, 4, 4},
	kindWelcome: {sessionSide, 0, 0},
	kindOutput:  {sessionSide, 1, maxContent},
	kindReset:   {sessionSide, 0, 0},
	kindEnd:     {sessionSide, 0, 4 << 10},
}

// hello is the content of the frame of that kind, as JSON.
type hello struct {
	Version   int    `json:"version"`
	Token     string `json:"token"` // what the session gave to the proxy, and to nobody else
	Rows      uint16 `json:"rows"`
	Cols      uint16 `json:"cols"`
	Term      string `json:"term"`      // the environment variable TERM
	ColorTerm string `json:"colorTerm"` // and COLORTERM
}

// readFrame reads one frame that from has sent. buf is used for the content if it is
// large enough. io.EOF is the end of the connection between two frames.
func readFrame(r *bufio.Reader, from side, buf []byte) (kind, []byte, error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	k, n := kind(head[0]), int(binary.BigEndian.Uint16(head[1:]))
	f, ok := frames[k]
	switch {
	case !ok || f.from != from:
		return 0, nil, fmt.Errorf("terminal connection: a frame of kind %q was not expected", byte(k))
	case n < f.min || n > f.max:
		return 0, nil, fmt.Errorf("terminal connection: a frame of kind %q with %d bytes (%d to %d are right)", byte(k), n, f.min, f.max)
	}
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(r, buf); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	return k, buf, nil
}

// appendFrame appends a frame. The content must not be longer than is allowed.
func appendFrame(b []byte, k kind, content []byte) []byte {
	b = append(b, byte(k))
	b = binary.BigEndian.AppendUint16(b, uint16(len(content)))
	return append(b, content...)
}

// appendFrames appends content of any length in as many frames as it takes.
func appendFrames(b []byte, k kind, content []byte) []byte {
	for len(content) > 0 {
		n := min(len(content), maxContent)
		b = appendFrame(b, k, content[:n])
		content = content[n:]
	}
	return b
}

// sizeContent is the content of a size frame.
func sizeContent(s linux.TerminalSize) []byte {
	b := binary.BigEndian.AppendUint16(nil, s.Rows)
	return binary.BigEndian.AppendUint16(b, s.Cols)
}

// parseSize reads the content of a size frame, which has 4 bytes.
func parseSize(b []byte) linux.TerminalSize {
	return linux.TerminalSize{Rows: binary.BigEndian.Uint16(b), Cols: binary.BigEndian.Uint16(b[2:])}
}

// parseHello reads the content of a hello frame.
func parseHello(b []byte) (hello, error) {
	var h hello
	if err := json.Unmarshal(b, &h); err != nil {
		return h, fmt.Errorf("terminal connection: hello: %w", err)
	}
	if h.Version != protocolVersion {
		return h, fmt.Errorf("terminal connection: the proxy speaks version %d of the protocol, not %d: it is from another installation", h.Version, protocolVersion)
	}
	return h, nil
}
