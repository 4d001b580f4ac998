package terminal

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// modes knows which modes of a terminal a program has set by its output and not taken
// back: a program whose session ends in the midst of things can't do that any more.
// It follows ECMA-48 and xterm's control sequences ("Xterm Control Sequences", DEC
// private modes) as far as that goes, over any cuts between pieces of output.
type modes struct {
	state  modeState
	seq    []byte       // of a control sequence so far, without its introducer
	set    map[int]bool // private modes that differ from what they should be
	marks  bool         // colours and the like are on
	keypad bool         // application keypad
	keys   bool         // xterm's modifyOtherKeys
}

type modeState uint8

const (
	inText modeState = iota
	afterEscape
	inSequence
	tooLong // a sequence that none of ours is
)

const maxSequence = 64 // bytes; none of the sequences below is as long

// privateModes are the DEC private modes that are undone, and how they should be.
var privateModes = map[int]bool{
	1:  false,                           // cursor keys send application sequences
	5:  false,                           // reverse video
	6:  false,                           // origin
	7:  true,                            // wrap around
	25: true,                            // the cursor is shown
	9:  false,                           // mouse reports
	47: false, 1047: false, 1049: false, // the alternate screen
	1000: false, 1001: false, 1002: false, 1003: false, // mouse reports
	1004: false,                           // focus reports
	1005: false, 1006: false, 1015: false, // how the mouse is reported
	1016: false,
	2004: false, // pasted text is marked
	2026: false, // output is shown in one go
}

// feed takes note of output.
func (m *modes) feed(p []byte) {
	for len(p) > 0 {
		if m.state == inText {
			i := bytes.IndexByte(p, 0x1b)
			if i < 0 {
				return
			}
			m.state, p = afterEscape, p[i+1:]
			continue
		}
		c := p[0]
		p = p[1:]
		switch {
		case c == 0x1b:
			m.state = afterEscape
		case c == 0x18 || c == 0x1a: // CAN and SUB end a sequence
			m.state = inText
		case m.state == afterEscape:
			m.escape(c)
		case c >= 0x40 && c <= 0x7e: // the end of a sequence
			if m.state == inSequence {
				m.sequence(string(m.seq), c)
			}
			m.state = inText
		case len(m.seq) == maxSequence:
			m.state = tooLong
		default:
			m.seq = append(m.seq, c)
		}
	}
}

// escape takes the character after ESC.
func (m *modes) escape(c byte) {
	m.state = inText
	switch c {
	case '[':
		m.state, m.seq = inSequence, m.seq[:0]
	case '=':
		m.keypad = true
	case '>':
		m.keypad = false
	case 'c': // a full reset
		*m = modes{}
	}
}

// sequence takes a control sequence: its parameters, and the character that ends it.
func (m *modes) sequence(params string, final byte) {
	private, isPrivate := strings.CutPrefix(params, "?")
	switch {
	case final == 'm' && strings.HasPrefix(params, ">4"):
		m.keys = strings.HasPrefix(params, ">4;") && params != ">4;0"
	case final == 'm' && (params == "" || params[0] >= '0' && params[0] <= ';'):
		m.marks = strings.Trim(params, "0;") != ""
	case final == 'p' && params == "!": // a soft reset
		alternate := m.set[47] || m.set[1047] || m.set[1049]
		kept := m.set
		*m = modes{}
		if alternate { // it does not leave that
			m.set = kept
		}
	case isPrivate && (final == 'h' || final == 'l'):
		for _, s := range strings.Split(private, ";") {
			n, err := strconv.Atoi(s)
			if should, ours := privateModes[n]; err == nil && ours {
				if m.set == nil {
					m.set = map[int]bool{}
				}
				if on := final == 'h'; on != should {
					m.set[n] = true
				} else {
					delete(m.set, n)
				}
			}
		}
	}
}

// undo returns what takes all of it back, nothing if there is nothing, and forgets it.
func (m *modes) undo() []byte {
	var b bytes.Buffer
	if m.state != inText {
		b.WriteByte(0x18) // CAN ends an unfinished sequence
	}
	var list []int
	for n := range m.set {
		list = append(list, n)
	}
	slices.Sort(list)
	for _, n := range list {
		final := 'l'
		if privateModes[n] {
			final = 'h'
		}
		fmt.Fprintf(&b, "\x1b[?%d%c", n, final)
	}
	if m.keypad {
		b.WriteString("\x1b>")
	}
	if m.keys {
		b.WriteString("\x1b[>4m")
	}
	if m.marks {
		b.WriteString("\x1b[0m")
	}
	*m = modes{}
	return b.Bytes()
}
