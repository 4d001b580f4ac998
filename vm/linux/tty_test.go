package linux

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/internal/wire"
)

// Whatever a guest sets and whoever types, the terminal stays one that can be saved,
// checked and loaded.
func TestNoSettingsAndNoTypingHarmTheTerminal(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 8))
	y := newTTY(TerminalSize{24, 80})
	for range 30_000 {
		switch rnd.IntN(8) {
		case 0:
			raw := make([]byte, []int{termiosSize, termios2Size}[rnd.IntN(2)])
			for i := range raw {
				if rnd.IntN(3) > 0 {
					raw[i] = byte(rnd.Uint32())
				}
			}
			y.set(y.decode(raw))
		case 1:
			y.take(1 + rnd.IntN(ttyBuffer))
		case 2:
			y.process([]byte("a\tb\r\n\b\b\b\x00\xff"))
		case 3:
			if rnd.IntN(20) == 0 {
				y.flush()
			}
		case 4:
			if rnd.IntN(50) == 0 {
				y.start()
			}
		default:
			if len(y.later) < ttyLater {
				p := make([]byte, rnd.IntN(1500))
				for i := range p {
					p[i] = byte(rnd.Uint32N(256)) >> rnd.IntN(4)
				}
				y.later = append(y.later, p...)
			}
			y.receive()
		}
		if n := y.unread(); n < 0 || n > ttyBuffer {
			t.Fatalf("%d bytes can be read", n)
		}
		c := &checking{s: &state{tty: y}}
		if c.tty(); c.err != nil {
			t.Fatal(c.err)
		}
		w := digest()
		w.tty(y)
		r := &coding{Coder: wire.Reader(w.Written())}
		r.tty(&tty{})
		if err := r.End(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheEchoOfWhatArrivesAtOnceIsBounded(t *testing.T) {
	y := newTTY(TerminalSize{24, 80})
	again := bytes.Repeat([]byte{0x12}, 1<<20) // each key shows the line once more
	y.later = slices.Concat(bytes.Repeat([]byte{'a'}, 4000), again, []byte("\n"))
	shown, _ := y.receive()
	if n := len(shown); n < maxShown || n > maxShown+8 {
		t.Errorf("%d bytes are shown", n)
	}
	if got := y.take(ttyBuffer); len(got) != 4001 {
		t.Errorf("the line has %d characters", len(got))
	}
	y.later = []byte("b")
	if shown, _ := y.receive(); string(shown) != "b" {
		t.Errorf("then %q is shown", shown)
	}
}
