package terminal

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/linux"
)

func TestContentOfAnyLengthArrivesAsItWasSent(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 100, maxContent - 1, maxContent, maxContent + 1, 3*maxContent + 5} {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(rng.Uint32())
		}
		in := bufio.NewReader(bytes.NewReader(appendFrames(nil, kindOutput, p)))
		var got []byte
		for {
			k, content, err := readFrame(in, sessionSide, nil)
			if err == io.EOF {
				break
			}
			if err != nil || k != kindOutput {
				t.Fatalf("%d bytes: a frame of kind %q, %v", n, k, err)
			}
			got = append(got, content...)
		}
		if !bytes.Equal(got, p) {
			t.Errorf("%d bytes were sent, %d arrived", n, len(got))
		}
	}
}

func TestFramesThatAreWrongAreRefused(t *testing.T) {
	for name, b := range map[string][]byte{
		"unknown kind":      {'?', 0, 1, 'x'},
		"of the other side": appendFrame(nil, kindOutput, []byte("x")),
		"size of 3 bytes":   {byte(kindSize), 0, 3, 1, 2, 3},
		"empty input":       {byte(kindInput), 0, 0},
		"too long":          {byte(kindInput), 0xff, 0xff},
		"cut off":           {byte(kindInput), 0, 5, 'a'},
		"cut off head":      {byte(kindInput), 0},
	} {
		if _, _, err := readFrame(bufio.NewReader(bytes.NewReader(b)), proxySide, nil); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzFrames reads arbitrary bytes as either end does: whatever is accepted is what a
// well-behaved other end would have sent.
func FuzzFrames(f *testing.F) {
	f.Add(appendFrame(nil, kindHello, []byte(`{"version":1,"token":"x","rows":24,"cols":80}`)))
	f.Add(appendFrame(appendFrame(nil, kindInput, []byte("abc")), kindSize, sizeContent(linux.TerminalSize{Rows: 1, Cols: 2})))
	f.Add(appendFrame(appendFrame(appendFrame(nil, kindWelcome, nil), kindOutput, []byte("\x1b[?25l")), kindEnd, nil))
	f.Add([]byte{'I', 0xff, 0xff, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, from := range []side{proxySide, sessionSide} {
			in := bufio.NewReader(bytes.NewReader(data))
			var again []byte
			for {
				k, content, err := readFrame(in, from, nil)
				if err != nil {
					break
				}
				again = appendFrame(again, k, content)
				switch k {
				case kindHello:
					_, _ = parseHello(content)
				case kindSize:
					if !bytes.Equal(sizeContent(parseSize(content)), content) {
						t.Fatalf("a size is not what it was: %x", content)
					}
				}
			}
			if !bytes.HasPrefix(data, again) {
				t.Fatalf("%x was read as %x", data, again)
			}
		}
	})
}

func TestModesThatAreLeftSetAreUndone(t *testing.T) {
	for _, c := range []struct{ output, undo string }{
		{"plain text\r\n", ""},
		{"\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"},
		{"\x1b[?1049h\x1b[?25l text \x1b[?25h\x1b[?1049l", ""},
		{"\x1b[?1000;1006h", "\x1b[?1000l\x1b[?1006l"},
		{"\x1b[?2004h\x1b[?1h\x1b=", "\x1b[?1l\x1b[?2004l\x1b>"},
		{"\x1b[31mred", "\x1b[0m"},
		{"\x1b[31mred\x1b[m", ""},
		{"\x1b[31mred\x1b[0;0m", ""},
		{"\x1b[>4;2m", "\x1b[>4m"},
		{"\x1b[>4;2m\x1b[>4;0m", ""},
		{"\x1b[?7l", "\x1b[?7h"},
		{"\x1b[?25l\x1bc", ""},
		{"\x1b[?1049h\x1b[?25l\x1b[!p", "\x1b[?25h\x1b[?1049l"},
		{"\x1b[?25l\x1b[", "\x18\x1b[?25h"},
		{"\x1b[?99999999999999999999;25l", "\x1b[?25h"},
		{"\x1b[" + string(bytes.Repeat([]byte("1;"), 1000)) + "m", ""},
	} {
		for cut := range len(c.output) + 1 {
			var m modes
			m.feed([]byte(c.output[:cut]))
			m.feed([]byte(c.output[cut:]))
			if got := string(m.undo()); got != c.undo {
				t.Fatalf("%q, cut at %d: undone by %q, want %q", c.output, cut, got, c.undo)
			}
			if got := m.undo(); len(got) != 0 {
				t.Fatalf("%q: undone twice", c.output)
			}
		}
	}
}

// What undoes modes sets none itself, whatever the output was.
func FuzzModes(f *testing.F) {
	f.Add([]byte("\x1b[?1049h\x1b[31m\x1b="))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m modes
		m.feed(data)
		undo := m.undo()
		m.feed(undo)
		if rest := m.undo(); len(rest) > 0 {
			t.Fatalf("%q is undone by %q, and that by %q", data, undo, rest)
		}
	})
}
