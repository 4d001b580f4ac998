package dap

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// The moments of the program's output: where a byte of it was written, or a text.

// Bounds of searches for a text in the output.
const (
	maxPrinted   = 64 << 10   // bytes of the text
	blockText    = 1 << 20    // bytes of output that are looked at at once
	blockHistory = 20_000_000 // instructions that are replayed at once, where the output is not kept any more
	momentText   = 1 << 10    // bytes of a write that are told
)

func (s *session) outputMoment(c *call, m *OutputMomentRequest) (any, error) {
	a := &m.Arguments
	fds := streams
	if a.Stream != "" {
		i := slices.IndexFunc(streams, func(fd int) bool { return streamName(fd) == a.Stream })
		if i < 0 {
			return nil, badArgument(`outputMoment: stream %.60q: write "stdout" or "stderr"`, a.Stream)
		}
		fds = streams[i : i+1]
	}
	switch {
	case a.Offset != nil && a.Text != "":
		return nil, badArgument(`outputMoment: the arguments "offset" and "text" exclude each other`)
	case a.Offset != nil:
		return s.momentOf(c, fds[0], *a.Offset)
	case a.Text == "":
		return nil, badArgument(`outputMoment: an argument "offset" or "text" is missing`)
	}
	before := s.prog.tl.Frontier() + 1
	if a.Before != nil {
		before = *a.Before
	}
	out, err := s.printed(c, fds, a.Text, before)
	if err == nil && out == nil {
		err = fail(errUnresolvable, "outputMoment: %.60q is not in what the program has written before icount %d", a.Text, before)
	}
	return out, err
}

// momentOf is where the byte at an offset of a stream was written.
func (s *session) momentOf(c *call, fd int, offset uint64) (out *OutputMoment, err error) {
	w := &s.prog.outputs[fd]
	i := w.of(offset)
	if i < 0 {
		if offset < w.size {
			return nil, fail(errUnresolvable, "outputMoment: when byte %d of %s was written is not known any more", offset, streamName(fd))
		}
		return nil, fail(errUnresolvable, "outputMoment: %s has %s so far: there is no byte %d", streamName(fd), plural(w.size, "byte"), offset)
	}
	err = s.query(c, "Looking for the output", func(ctx context.Context) error {
		out, err = s.moment(ctx, fd, i)
		return err
	})
	return out, err
}

// moment describes write i to a stream.
func (s *session) moment(ctx context.Context, fd, i int) (*OutputMoment, error) {
	w := &s.prog.outputs[fd]
	out := &OutputMoment{Icount: w.marks[i].icount, Stream: streamName(fd), Offset: w.marks[i].offset}
	out.Size = w.end(i) - out.Offset
	n := int(min(out.Size, momentText))
	text := w.text(out.Offset, n)
	if len(text) < n {
		all, err := s.replayed(ctx, fd, i, i+1)
		if err != nil {
			return nil, err
		}
		text = all[:min(n, len(all))]
	}
	text = text[:len(text)-incomplete(text)]
	out.Text = strings.ToValidUTF8(string(text), "\uFFFD")
	return out, nil
}

// printed finds the latest output of a text to one of the streams that was written
// before a position; nil if there is none. What a text begins in is what counts where
// it was written bit by bit.
func (s *session) printed(c *call, fds []int, text string, before uint64) (out *OutputMoment, err error) {
	if len(text) > maxPrinted {
		return nil, badArgument("a text of %d bytes to look for: %d at most", len(text), maxPrinted)
	}
	err = s.query(c, "Looking for the output", func(ctx context.Context) error {
		for _, fd := range fds {
			after := uint64(0)
			if out != nil {
				after = out.Icount
			}
			i, err := s.findText(ctx, fd, []byte(text), after, before)
			if err != nil {
				return err
			}
			if i < 0 {
				continue
			}
			if out, err = s.moment(ctx, fd, i); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// findText finds the latest write to a stream, at or behind the position after and
// before another one, that a text begins in which ends before there, too; -1 if there
// is none.
func (s *session) findText(ctx context.Context, fd int, text []byte, after, before uint64) (int, error) {
	w := &s.prog.outputs[fd]
	var behind []byte // the beginning of what comes behind the block
	for hi, first := w.from(before), w.from(after); hi > first; {
		if ctx.Err() != nil {
			return -1, ctx.Err()
		}
		lo, block, err := s.block(ctx, fd, first, hi)
		if err != nil {
			return -1, err
		}
		hay := append(slices.Clone(block), behind...)
		if i := bytes.LastIndex(hay, text); i >= 0 {
			return w.of(w.marks[lo].offset + uint64(i)), nil
		}
		behind = hay[:min(len(hay), len(text)-1)]
		hi = lo
	}
	return -1, nil
}

// block is the text of a stream's writes from lo up to hi, exclusive: as many, from
// first on, as are looked at at once.
func (s *session) block(ctx context.Context, fd, first, hi int) (lo int, text []byte, err error) {
	w := &s.prog.outputs[fd]
	end := w.end(hi - 1)
	kept := w.holds(end)
	lo = hi - 1
	fits := func(i int) bool { return end-w.marks[i].offset <= blockText }
	if kept <= w.marks[lo].offset {
		for lo > first && w.marks[lo-1].offset >= kept && fits(lo-1) {
			lo--
		}
		return lo, w.text(w.marks[lo].offset, int(end-w.marks[lo].offset)), nil
	}
	last := w.marks[lo].icount
	for lo > first && last-w.marks[lo-1].icount < blockHistory && fits(lo-1) && w.text(w.marks[lo-1].offset, 1) == nil {
		lo--
	}
	text, err = s.replayed(ctx, fd, lo, hi)
	return lo, text, err
}

// replayed is the text of a stream's writes from lo up to hi, exclusive, which is not
// kept: the machine writes it once more. Afterwards the program is where it was.
func (s *session) replayed(ctx context.Context, fd, lo, hi int) (text []byte, err error) {
	p := s.prog
	w := &p.outputs[fd]
	m, ok := p.machine.(*linux.Machine)
	if !ok {
		return nil, fail(errUnresolvable, "the output is not known any more")
	}
	origin, from, to := p.tl.Icount(), w.marks[lo].icount, w.marks[hi-1].icount
	m.Echo(func(f int, icount uint64, data []byte) {
		if f == fd && icount >= from && icount <= to {
			text = append(text, data...)
		}
	})
	defer func() {
		m.Echo(p.echo)
		// A short way, whose end has to be reached.
		if home := p.tl.Seek(context.WithoutCancel(ctx), origin); home != nil {
			err = fmt.Errorf("back to icount %d: %w", origin, home)
		}
		p.dbg.Moved()
	}()
	if err := p.tl.Seek(ctx, from); err != nil {
		return nil, err
	}
	text = text[:0]
	if err := p.tl.Replay(ctx, to+1); err != nil {
		return nil, err
	}
	if size := w.end(hi-1) - w.marks[lo].offset; uint64(len(text)) != size {
		return nil, fail(errMotion, "the output from icount %d to %d is not what was written: %d bytes of %d", from, to, len(text), size)
	}
	return text, nil
}

// outputLine is the beginning of what an event of a timeline stands for, as far as it is
// kept, on a line; empty if it is not.
func (s *session) outputLine(e *TimelineEvent) string {
	const most = 80 // bytes
	for _, fd := range streams {
		if streamName(fd) != e.Stream {
			continue
		}
		w := &s.prog.outputs[fd]
		i := w.from(e.Icount)
		if i >= len(w.marks) || w.marks[i].icount != e.Icount {
			break
		}
		text := w.text(w.marks[i].offset, int(min(w.end(i)-w.marks[i].offset, most)))
		text = text[:len(text)-incomplete(text)]
		line, _, _ := strings.Cut(strings.TrimSpace(strings.ToValidUTF8(string(text), "\uFFFD")), "\n")
		return strings.Map(func(r rune) rune {
			if r < ' ' {
				return ' '
			}
			return r
		}, line)
	}
	return ""
}

// printedWord goes to the latest output of a text before here, so that typing it again
// goes on backward; if there is none, to the latest of all.
func printedWord(s *session, c *call, rest string) (string, error) {
	if err := s.canMove(); err != nil {
		return "", err
	}
	text := rest
	if t, err := strconv.Unquote(rest); err == nil {
		text = t
	}
	if text == "" {
		return "", badArgument("printed: a text is missing")
	}
	out, err := s.printed(c, streams, text, s.prog.tl.Icount())
	if err != nil {
		return "", err
	}
	where := "before here"
	if out == nil {
		if out, err = s.printed(c, streams, text, s.prog.tl.Frontier()+1); err != nil {
			return "", err
		}
		where = "in the future"
	}
	if out == nil {
		return "", fail(errUnresolvable, "printed: %.60q is not in what the program has written so far", text)
	}
	s.typed(c, s.seekTo(out.Icount))
	return fmt.Sprintf("%q, byte %d of %s, written at icount %d, %s", short(out.Text, 60), out.Offset, out.Stream, out.Icount, where), nil
}

// short is the beginning of a text.
func short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	text = text[:most]
	return text[:len(text)-incomplete([]byte(text))] + "…"
}
