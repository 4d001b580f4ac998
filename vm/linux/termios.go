package linux

import "encoding/binary"

// The settings of a terminal (termios(3), asm-generic/termbits.h).

// Indices into termios.cc.
const (
	ccIntr    = 0
	ccQuit    = 1
	ccErase   = 2
	ccKill    = 3
	ccEOF     = 4
	ccTime    = 5
	ccMin     = 6
	ccStart   = 8
	ccStop    = 9
	ccSusp    = 10
	ccEOL     = 11
	ccReprint = 12
	ccWerase  = 14
	ccLnext   = 15
	ccEOL2    = 16
	numCC     = 19
)

// Flags of input.
const (
	inPARMRK = 0o10
	inISTRIP = 0o40
	inINLCR  = 0o100
	inIGNCR  = 0o200
	inICRNL  = 0o400
	inIUCLC  = 0o1000
	inIXON   = 0o2000
	inIXANY  = 0o4000
	inIUTF8  = 0o40000
)

// Flags of output.
const (
	outOPOST  = 0o1
	outOLCUC  = 0o2
	outONLCR  = 0o4
	outOCRNL  = 0o10
	outONOCR  = 0o20
	outONLRET = 0o40
	outTABDLY = 0o14000
	outXTABS  = 0o14000 // of outTABDLY: tabs become spaces
)

// Flags of the line: of those a terminal of this kind has 8 bits always.
const (
	lineB38400 = 0o17
	lineCSIZE  = 0o60
	lineCS8    = 0o60
	lineCREAD  = 0o200
	linePARENB = 0o400
)

// Local flags.
const (
	locISIG    = 0o1
	locICANON  = 0o2
	locECHO    = 0o10
	locECHOE   = 0o20
	locECHOK   = 0o40
	locECHONL  = 0o100
	locNOFLSH  = 0o200
	locTOSTOP  = 0o400
	locECHOCTL = 0o1000
	locECHOPRT = 0o2000
	locECHOKE  = 0o4000
	locIEXTEN  = 0o100000
	locEXTPROC = 0o200000
)

// ccDisabled is what a control character is that no key gives.
const ccDisabled = 0

// termios are the settings of a terminal.
type termios struct {
	in, out, line, local uint32
	disc                 byte // the line discipline's number: N_TTY
	cc                   [numCC]byte
	ispeed, ospeed       uint32 // bits a second
}

// initialTermios is what Linux sets, and IUTF8, as terminal programs add.
func initialTermios() termios {
	return termios{
		in: inICRNL | inIXON | inIUTF8, out: outOPOST | outONLCR, line: lineB38400 | lineCS8 | lineCREAD,
		local: locISIG | locICANON | locECHO | locECHOE | locECHOK | locECHOCTL | locECHOKE | locIEXTEN,
		cc: [numCC]byte{ccIntr: 3, ccQuit: 0o34, ccErase: 0o177, ccKill: 0o25, ccEOF: 4, ccMin: 1, ccStart: 0o21, ccStop: 0o23,
			ccSusp: 0o32, ccReprint: 0o22, 13: 0o17, ccWerase: 0o27, ccLnext: 0o26},
		ispeed: 38400, ospeed: 38400,
	}
}

// Sizes of struct termios and struct termios2 as system calls have them, bytes.
const (
	termiosSize  = 36
	termios2Size = 44
)

// encode is struct termios2, which struct termios is the start of.
func (x *termios) encode() []byte {
	var b record
	b.u32(x.in, x.out, x.line, x.local)
	b.u8(x.disc)
	b.u8(x.cc[:]...)
	b.u32(x.ispeed, x.ospeed)
	return b
}

// decode is the settings that raw, one of the structs, asks for in place of x.
func (x termios) decode(raw []byte) termios {
	le := binary.LittleEndian
	x.in, x.out, x.line, x.local = le.Uint32(raw), le.Uint32(raw[4:]), le.Uint32(raw[8:]), le.Uint32(raw[12:])
	x.disc = raw[16]
	copy(x.cc[:], raw[17:])
	if len(raw) == termios2Size {
		x.ispeed, x.ospeed = le.Uint32(raw[36:]), le.Uint32(raw[40:])
	}
	x.line = x.line&^(lineCSIZE|linePARENB) | lineCS8 | lineCREAD
	return x
}

// is reports whether c is the control character i.
func (x *termios) is(c byte, i int) bool { return c == x.cc[i] && c != ccDisabled }

func (x *termios) canonical() bool { return x.local&(locICANON|locEXTPROC) == locICANON }
func (x *termios) echoes() bool    { return x.local&locECHO != 0 }
func (x *termios) extended() bool  { return x.local&locIEXTEN != 0 }
