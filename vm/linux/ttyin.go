package linux

// What the line discipline does with what is typed: control characters, the editing
// of lines, and echo (termios(3); where that leaves it open, as Linux's N_TTY does).

// receiving is what a terminal shows and raises while it takes characters.
type receiving struct {
	*tty
	shown   []byte
	signals []int
}

// receive takes what has arrived, as far as there is room.
func (y *tty) receive() (shown []byte, signals []int) {
	r := receiving{tty: y}
	n := 0
	for n < len(y.later) && y.room() {
		r.take(y.later[n])
		n++
	}
	if y.later = y.later[n:]; len(y.later) == 0 {
		y.later = nil
	}
	return r.shown, r.signals
}

// room reports whether one more character may come. In a line that fills the buffer
// alone the last one is replaced, so that its end can still be typed.
func (y *tty) room() bool {
	left := ttyBuffer - len(y.buf)
	if y.in&inPARMRK != 0 {
		left = (left + 2) / 3 // what a character may become
	}
	switch left--; {
	case left > 0:
		return true
	case !y.canonical() || y.ready > 0:
		return false
	case left < 0:
		y.buf = y.buf[:len(y.buf)-1]
	}
	return true
}

// take is what one character does.
func (r *receiving) take(c byte) {
	if r.in&inISTRIP != 0 {
		c &= 0x7f
	}
	if r.in&inIUCLC != 0 && r.extended() && isUpper(c) {
		c += 'a' - 'A'
	}
	switch {
	case r.local&locEXTPROC != 0:
		r.queue(c, 0)
		return
	case r.literal:
		r.literal = false
		r.plain(c, false)
		return
	case r.flow(c), r.signal(c):
		return
	}
	if r.stopped && r.in&inIXON != 0 && r.in&inIXANY != 0 {
		r.resume()
	}
	end := false // it is a line's end that another key has given
	switch {
	case c == '\r' && r.in&inIGNCR != 0:
		return
	case c == '\r' && r.in&inICRNL != 0:
		c, end = '\n', true
	case c == '\n' && r.in&inINLCR != 0:
		c = '\r'
	}
	if !r.canonical() || !r.edit(c) {
		r.plain(c, end)
	}
}

// flow stops output, or lets it go on, if c asks for that.
func (r *receiving) flow(c byte) bool {
	switch {
	case r.in&inIXON == 0:
		return false
	case r.is(c, ccStart):
		r.resume()
	case r.is(c, ccStop):
		r.stopped = true
	default:
		return false
	}
	return true
}

// resume lets output go on, unless a call has stopped it.
func (r *receiving) resume() {
	if r.stopped && !r.byCall {
		r.shown = append(r.shown, r.start()...)
	}
}

// start lets output go on. It returns what has been kept of it.
func (y *tty) start() []byte {
	p := y.held
	y.stopped, y.byCall, y.held = false, false, nil
	return p
}

var ttySignals = []struct{ cc, sig int }{{ccIntr, sigINT}, {ccQuit, sigQUIT}, {ccSusp, sigTSTP}}

// signal raises the signal that c stands for, if any. What has been typed before is
// forgotten then.
func (r *receiving) signal(c byte) bool {
	if r.local&locISIG == 0 {
		return false
	}
	for _, s := range ttySignals {
		if !r.is(c, s.cc) {
			continue
		}
		r.signals = append(r.signals, s.sig)
		if r.local&locNOFLSH == 0 {
			r.held = nil
			r.flush()
		}
		if r.in&inIXON != 0 {
			r.resume()
		}
		if r.echoes() {
			r.echo(c)
		}
		return true
	}
	return false
}

// flush forgets what has been typed and not been read.
func (y *tty) flush() { y.buf, y.ready, y.erasing = nil, 0, false }

// edit does with the line that is typed what c asks for, in canonical mode. It
// reports whether that is anything.
func (r *receiving) edit(c byte) bool {
	ext, echo := r.extended(), r.echoes()
	switch {
	case r.is(c, ccErase), r.is(c, ccKill), r.is(c, ccWerase) && ext:
		r.erase(c)
	case r.is(c, ccLnext) && ext:
		r.literal = true
		if echo {
			r.finishErasing()
			if r.local&locECHOCTL != 0 {
				r.show('^', '\b')
			}
		}
	case r.is(c, ccReprint) && echo && ext:
		r.finishErasing()
		r.echo(c)
		r.show('\n')
		for _, x := range r.buf[r.ready:] {
			if len(r.shown) >= maxShown {
				break
			}
			r.echo(byte(x))
		}
	case c == '\n':
		if r.local&(locECHO|locECHONL) != 0 {
			r.show('\n')
		}
		r.end(c)
	case r.is(c, ccEOF):
		r.end(0)
	case r.is(c, ccEOL), r.is(c, ccEOL2) && ext:
		if echo {
			r.begun()
			r.echo(c)
		}
		if c == 0xff && r.in&inPARMRK != 0 {
			r.queue(c, 0)
		}
		r.end(c)
	default:
		return false
	}
	return true
}

// end ends the line with c.
func (r *receiving) end(c byte) {
	r.queue(c, ttyEnd)
	r.ready = len(r.buf)
}

// plain takes c as itself. It is shown as a line's end if end says so.
func (r *receiving) plain(c byte, end bool) {
	if r.echoes() {
		r.finishErasing()
		if end {
			r.show(c)
		} else {
			r.begun()
			r.echo(c)
		}
	}
	if c == 0xff && r.in&inPARMRK != 0 {
		r.queue(c, 0)
	}
	r.queue(c, 0)
}

func (r *receiving) queue(c byte, end uint16) {
	if len(r.buf) == ttyBuffer { // a character has become several
		r.buf = r.buf[:ttyBuffer-1]
	}
	r.buf = append(r.buf, uint16(c)|end)
}

// begun notes the column of a line's first character.
func (r *receiving) begun() {
	if r.ready == len(r.buf) {
		r.canonColumn = r.column
	}
}

// continues reports whether c is one of the bytes behind the first one of a character
// of several.
func (y *tty) continues(c byte) bool { return y.in&inIUTF8 != 0 && c&0xc0 == 0x80 }

// isControl reports whether c has no shape of its own.
func isControl(c byte) bool { return c < ' ' || c == 0x7f }

// Letters are those of Latin-1 for the kernel, which knows no encoding: so the first
// byte of a longer character is part of a word, too.
func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 0xc0 && c <= 0xde && c != 0xd7 }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' || c >= 0xdf && c != 0xf7 }
func isWord(c byte) bool  { return isUpper(c) || isLower(c) || c >= '0' && c <= '9' || c == '_' }

// erase erases a character, a word or the line, as c says.
func (r *receiving) erase(c byte) {
	if len(r.buf) == r.ready {
		return
	}
	word, one := false, false
	switch {
	case r.is(c, ccErase):
		one = true
	case r.is(c, ccWerase):
		word = true
	case !r.echoes():
		r.buf = r.buf[:r.ready]
		return
	case r.local&locECHOK == 0 || r.local&locECHOKE == 0 || r.local&locECHOE == 0:
		r.buf = r.buf[:r.ready]
		r.finishErasing()
		r.echo(r.cc[ccKill])
		if r.local&locECHOK != 0 {
			r.show('\n')
		}
		return
	}
	seen := false // a part of the word
	for len(r.buf) > r.ready {
		at := len(r.buf) - 1
		for r.continues(byte(r.buf[at])) && at > r.ready {
			at--
		}
		first := byte(r.buf[at])
		if r.continues(first) {
			break // not a part of a character
		}
		if word {
			if isWord(first) {
				seen = true
			} else if seen {
				break
			}
		}
		gone := r.buf[at:]
		r.buf = r.buf[:at]
		if r.echoes() {
			r.showErased(gone, one)
		}
		if one {
			break
		}
	}
	if len(r.buf) == r.ready && r.echoes() {
		r.finishErasing()
	}
}

// showErased shows that the last character of the line has gone.
func (r *receiving) showErased(gone []uint16, one bool) {
	c := byte(gone[0])
	switch {
	case r.local&locECHOPRT != 0:
		if !r.erasing {
			r.show('\\')
			r.erasing = true
		}
		r.echo(c)
		for _, x := range gone[1:] {
			r.show(byte(x))
			r.column = max(r.column-1, 0)
		}
	case one && r.local&locECHOE == 0:
		r.echo(r.cc[ccErase])
	case c == '\t':
		r.eraseTab()
	default:
		if isControl(c) && r.local&locECHOCTL != 0 {
			r.show('\b', ' ', '\b')
		}
		if !isControl(c) || r.local&locECHOCTL != 0 {
			r.show('\b', ' ', '\b')
		}
	}
}

// eraseTab goes back over a tab, to the end of what is before it.
func (r *receiving) eraseTab() {
	before, tab := 0, false
	for i := len(r.buf) - 1; i >= r.ready && !tab; i-- {
		switch c := byte(r.buf[i]); {
		case c == '\t':
			tab = true
		case isControl(c):
			if r.local&locECHOCTL != 0 {
				before += 2
			}
		case !r.continues(c):
			before++
		}
	}
	if !tab {
		before += r.canonColumn
	}
	for n := 8 - before&7; n > 0; n-- {
		r.put('\b')
		r.column = max(r.column-1, 0)
	}
}

func (r *receiving) finishErasing() {
	if r.erasing {
		r.show('/')
		r.erasing = false
	}
}

// echo shows a character that has been typed.
func (r *receiving) echo(c byte) {
	if r.local&locECHOCTL != 0 && isControl(c) && c != '\t' {
		r.put('^')
		r.put(c ^ 0o100)
		r.column += 2
		return
	}
	r.show(c)
}

// show shows characters as if a program had written them: but for 0xff, which Linux
// takes for itself on the way, and so leaves as it is.
func (r *receiving) show(p ...byte) {
	for _, c := range p {
		switch {
		case c == 0xff:
			r.put(c)
			r.column++
		case r.out&outOPOST == 0:
			r.put(c)
		default:
			var b [8]byte
			for _, c := range r.post(b[:0], c) {
				r.put(c)
			}
		}
	}
}

// put gives one character to the terminal as it is, or keeps it while output is
// stopped.
func (r *receiving) put(c byte) {
	switch {
	case !r.stopped && len(r.shown) >= maxShown: // as Linux where its buffer is full
	case !r.stopped:
		r.shown = append(r.shown, c)
	case len(r.held) < maxHeld:
		r.held = append(r.held, c)
	}
}
