package linux

// What the line discipline does with what programs write, and with echo.

// process is what the terminal gets when a program writes p, which is not changed.
func (y *tty) process(p []byte) []byte {
	if y.out&outOPOST == 0 {
		return p
	}
	out := make([]byte, 0, len(p)+len(p)/16+8)
	for _, c := range p {
		out = y.post(out, c)
	}
	return out
}

// post appends what becomes of c, and keeps track of the column.
func (y *tty) post(out []byte, c byte) []byte {
	switch c {
	case '\n':
		if y.out&outONLRET != 0 {
			y.column = 0
		}
		if y.out&outONLCR != 0 {
			y.column, y.canonColumn = 0, 0
			return append(out, '\r', '\n')
		}
		y.canonColumn = y.column
	case '\r':
		if y.out&outONOCR != 0 && y.column == 0 {
			return out
		}
		if y.out&outOCRNL != 0 {
			if c = '\n'; y.out&outONLRET == 0 {
				break
			}
		}
		y.column, y.canonColumn = 0, 0
	case '\t':
		n := 8 - y.column&7
		y.column += n
		if y.out&outTABDLY == outXTABS {
			return append(out, "        "[:n]...)
		}
	case '\b':
		y.column = max(y.column-1, 0)
	default:
		if isControl(c) {
			break
		}
		if y.out&outOLCUC != 0 && isLower(c) {
			c -= 'a' - 'A'
		}
		if !y.continues(c) {
			y.column++
		}
	}
	return append(out, c)
}
