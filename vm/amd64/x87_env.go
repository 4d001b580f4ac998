package amd64

import (
	"encoding/binary"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// The environment in memory (SDM volume 1, section 8.1.10), in its two
// protected-mode formats: seven words of 4 bytes, or of 2 with an operand-size
// prefix (operand C). The upper halves of the longer words are all ones, but for
// those of addresses. FNSAVE and FRSTOR have the registers after it, from ST(0)
// on, 10 bytes each.

const (
	envSize  = 28
	regsSize = 80
)

// tagWord is the full tag word: what each register holds, by its number.
func tagWord(r []uint64) (w uint64) {
	for i := range uint64(8) {
		w |= tagOf(r, i) << (2 * i)
	}
	return w
}

func tagOf(r []uint64, i uint64) uint64 {
	const valid, zero, special, none = 0, 1, 2, 3
	v := softfloat.F80{Mant: r[FP0+2*i], SE: uint16(r[FP0+2*i+1])}
	switch {
	case r[FPTag]>>i&1 == 0:
		return none
	case v.IsZero():
		return zero
	case v.IsUnsupported(), v.IsNaN(), v.IsInf(), v.IsDenormal():
		return special
	}
	return valid
}

// envBytes is the size of the environment with a word size.
func envBytes(short bool) int {
	if short {
		return envSize / 2
	}
	return envSize
}

func putEnv(r []uint64, b []byte, short bool) {
	words := [7]uint64{r[FPCW], r[FPSW], tagWord(r), r[FPIP], 0, r[FPDP], 0}
	le := binary.LittleEndian
	if short {
		for i, w := range words {
			le.PutUint16(b[2*i:], uint16(w))
		}
		return
	}
	for i, w := range words {
		switch i {
		case 0, 1, 2, 6:
			w |= 0xffff0000
		case 4:
			w = r[FPOp] << 16
		}
		le.PutUint32(b[4*i:], uint32(w))
	}
}

func getEnv(r []uint64, b []byte, short bool) {
	le := binary.LittleEndian
	var words [7]uint64
	for i := range words {
		if short {
			words[i] = uint64(le.Uint16(b[2*i:]))
		} else {
			words[i] = uint64(le.Uint32(b[4*i:]))
		}
	}
	r[FPTag] = 0
	for i := range 8 {
		if words[2]>>(2*i)&3 != 3 {
			r[FPTag] |= 1 << i
		}
	}
	r[FPIP], r[FPDP] = words[3], words[5]
	r[FPOp] = words[4] >> 16 & 0x7ff
	r[FPCW] = words[0]&cwDefined | cwFixed
	setStatus(r, words[1])
}

// fnstenv stores the environment, and masks all exceptions.
func fnstenv(c *ir.CPU, op *ir.Op) bool {
	short := op.C != 0
	var b [envSize]byte
	putEnv(c.R[:], b[:], short)
	if !c.Mem.StoreBytes(operand(c, op), b[:envBytes(short)]) {
		return memoryFault(c)
	}
	setControl(c.R[:], c.R[FPCW]|swExceptions)
	return true
}

func fldenv(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	short := op.C != 0
	var b [envSize]byte
	if !c.Mem.LoadBytes(operand(c, op), b[:envBytes(short)]) {
		return memoryFault(c)
	}
	getEnv(c.R[:], b[:], short)
	return true
}

// fnsave stores the environment and the registers, and initializes the unit.
func fnsave(c *ir.CPU, op *ir.Op) bool {
	short := op.C != 0
	n := envBytes(short)
	var b [envSize + regsSize]byte
	r := c.R[:]
	putEnv(r, b[:], short)
	for i := range uint8(8) {
		v, at := st(r, i), b[n+10*int(i):]
		binary.LittleEndian.PutUint64(at, v.Mant)
		binary.LittleEndian.PutUint16(at[8:], v.SE)
	}
	if !c.Mem.StoreBytes(operand(c, op), b[:n+regsSize]) {
		return memoryFault(c)
	}
	initFPU(r)
	return true
}

func frstor(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	short := op.C != 0
	n := envBytes(short)
	var b [envSize + regsSize]byte
	if !c.Mem.LoadBytes(operand(c, op), b[:n+regsSize]) {
		return memoryFault(c)
	}
	r := c.R[:]
	getEnv(r, b[:], short)
	for i := range uint64(8) {
		p, at := (top(r)+i)&7, b[n+10*int(i):]
		r[FP0+2*p] = binary.LittleEndian.Uint64(at)
		r[FP0+2*p+1] = uint64(binary.LittleEndian.Uint16(at[8:]))
	}
	return true
}
