package amd64

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// The image that FXSAVE64 writes (SDM volume 1, table 10-2 and section 10.5.1).
const (
	fxControl   = 0
	fxStatus    = 2
	fxTag       = 4
	fxOpcode    = 6
	fxIP        = 8
	fxDP        = 16
	fxMXCSR     = 24
	fxMXCSRMask = 28
	fxST        = 32  // ST(0) to ST(7), 16 bytes each
	fxXMM       = 160 // XMM0 to XMM15
	fxWritten   = 416 // bytes that the instruction touches
	fxSize      = 512
)

// mxcsrMask has the bits of MXCSR that exist.
const mxcsrMask = 0xffff

// FXSave makes the image of the x87, MMX and SSE registers that FXSAVE64 writes
// and that a signal frame holds. Bytes from 416 on are 0.
func FXSave(r []uint64) (img [512]byte) {
	fxsaveTo(r, &img, true)
	return img
}

// fxsaveTo writes the image. Without wide, the instruction's REX.W, the
// addresses are of 32 bits, followed by a selector that is 0.
func fxsaveTo(r []uint64, img *[fxSize]byte, wide bool) {
	le := binary.LittleEndian
	le.PutUint16(img[fxControl:], uint16(r[FPCW]))
	le.PutUint16(img[fxStatus:], uint16(r[FPSW]))
	img[fxTag], img[fxTag+1] = byte(r[FPTag]), 0
	le.PutUint16(img[fxOpcode:], uint16(r[FPOp]))
	ip, dp := r[FPIP], r[FPDP]
	if !wide {
		ip, dp = uint64(uint32(ip)), uint64(uint32(dp))
	}
	le.PutUint64(img[fxIP:], ip)
	le.PutUint64(img[fxDP:], dp)
	le.PutUint32(img[fxMXCSR:], uint32(r[MXCSR]))
	le.PutUint32(img[fxMXCSRMask:], mxcsrMask)
	for i := range uint64(8) {
		n := FP0 + 2*((top(r)+i)&7)
		le.PutUint64(img[fxST+16*i:], r[n])
		le.PutUint64(img[fxST+16*i+8:], r[n+1]&0xffff)
	}
	for i := range 32 {
		le.PutUint64(img[fxXMM+8*i:], r[XMM0+i])
	}
}

// FXRestore sets the x87, MMX and SSE registers from an image, as FXRSTOR64
// does. A reserved bit of MXCSR that is set is an error, and nothing changes
// then.
func FXRestore(r []uint64, img *[512]byte) error {
	if v := binary.LittleEndian.Uint32(img[fxMXCSR:]); v&^mxcsrMask != 0 {
		return fmt.Errorf("amd64: FXSAVE image: reserved bits of MXCSR %#x are set", v)
	}
	fxrstorFrom(r, img, true)
	return nil
}

func fxrstorFrom(r []uint64, img *[fxSize]byte, wide bool) {
	le := binary.LittleEndian
	r[MXCSR] = uint64(le.Uint32(img[fxMXCSR:]))
	r[FPTag] = uint64(img[fxTag])
	r[FPOp] = uint64(le.Uint16(img[fxOpcode:])) & 0x7ff
	r[FPIP], r[FPDP] = le.Uint64(img[fxIP:]), le.Uint64(img[fxDP:])
	if !wide {
		r[FPIP], r[FPDP] = uint64(uint32(r[FPIP])), uint64(uint32(r[FPDP]))
	}
	r[FPCW] = uint64(le.Uint16(img[fxControl:]))&cwDefined | cwFixed
	setStatus(r, uint64(le.Uint16(img[fxStatus:])))
	for i := range uint64(8) {
		n := FP0 + 2*((top(r)+i)&7)
		r[n] = le.Uint64(img[fxST+16*i:])
		r[n+1] = uint64(le.Uint16(img[fxST+16*i+8:]))
	}
	for i := range 32 {
		r[XMM0+i] = le.Uint64(img[fxXMM+8*i:])
	}
}

func init() {
	register(map[x86asm.Op]handler{
		x86asm.FXSAVE:    x87Helper(fxsave32),
		x86asm.FXSAVE64:  x87Helper(fxsave64),
		x86asm.FXRSTOR:   x87Helper(fxrstor32),
		x86asm.FXRSTOR64: x87Helper(fxrstor64),
	})
}

func fxsave32(c *ir.CPU, op *ir.Op) bool  { return fxsave(c, operand(c, op), false) }
func fxsave64(c *ir.CPU, op *ir.Op) bool  { return fxsave(c, operand(c, op), true) }
func fxrstor32(c *ir.CPU, op *ir.Op) bool { return fxrstor(c, operand(c, op), false) }
func fxrstor64(c *ir.CPU, op *ir.Op) bool { return fxrstor(c, operand(c, op), true) }

func fxsave(c *ir.CPU, addr uint64, wide bool) bool {
	if addr&15 != 0 {
		c.Trap = ir.ExitProtection
		return false
	}
	var img [fxSize]byte
	fxsaveTo(c.R[:], &img, wide)
	n := fxWritten
	if !c.Mem.CanWrite(addr, fxSize) {
		n = fxSize // what is not written has to be writable, too: the store fails
	}
	return c.Mem.StoreBytes(addr, img[:n]) || memoryFault(c)
}

func fxrstor(c *ir.CPU, addr uint64, wide bool) bool {
	if addr&15 != 0 {
		c.Trap = ir.ExitProtection
		return false
	}
	var img [fxSize]byte
	if !c.Mem.LoadBytes(addr, img[:]) {
		return memoryFault(c)
	}
	if binary.LittleEndian.Uint32(img[fxMXCSR:])&^uint32(mxcsrMask) != 0 {
		c.Trap = ir.ExitProtection
		return false
	}
	fxrstorFrom(c.R[:], &img, wide)
	return true
}
