package rv64

import "github.com/dap-revexec/dap-revexec/vm/ir"

// CSRs that user mode may access (Unprivileged ISA, chapters "Zicsr", "F",
// "Zicntr").
const (
	csrFflags  = 0x001
	csrFrm     = 0x002
	csrFcsr    = 0x003
	csrCycle   = 0xc00
	csrTime    = 0xc01
	csrInstret = 0xc02
)

// csrs holds each CSR's way to be read and written; a nil write is read-only.
var csrs = map[uint32]struct {
	read  func(c *ir.CPU) uint64
	write func(c *ir.CPU, v uint64)
}{
	csrFflags:  {func(c *ir.CPU) uint64 { return c.R[Fflags] }, func(c *ir.CPU, v uint64) { c.R[Fflags] = v & 31 }},
	csrFrm:     {func(c *ir.CPU) uint64 { return c.R[Frm] }, func(c *ir.CPU, v uint64) { c.R[Frm] = v & 7 }},
	csrFcsr:    {readFcsr, writeFcsr},
	csrCycle:   {read: func(c *ir.CPU) uint64 { return c.Icount }},
	csrTime:    {read: func(c *ir.CPU) uint64 { return c.Icount + c.Skew }},
	csrInstret: {read: func(c *ir.CPU) uint64 { return c.Icount }},
}

func readFcsr(c *ir.CPU) uint64 { return c.R[Frm]<<5 | c.R[Fflags] }

func writeFcsr(c *ir.CPU, v uint64) { c.R[Frm], c.R[Fflags] = v>>5&7, v&31 }

// csr decodes csrrw, csrrs, csrrc and their immediate forms. The counters follow
// the icount (time: the virtual clock, in nanoseconds), so they replay.
func (t *translation) csr(i uint32) {
	r, ok := csrs[i>>20]
	f3 := funct3(i)
	writes := f3&3 == 1 || rs1(i) != 0
	if !ok || writes && r.write == nil {
		t.illegal()
		return
	}
	op := ir.Op{Dst: t.reg(rd(i)), A: rs1(i)}
	imm := f3&4 != 0
	t.helper(ir.HelperSync, func(c *ir.CPU, op *ir.Op) bool {
		v := c.R[op.A]
		if imm {
			v = uint64(op.A)
		}
		old := r.read(c)
		if writes {
			switch f3 & 3 {
			case 2:
				v = old | v
			case 3:
				v = old &^ v
			}
			r.write(c, v)
		}
		c.R[op.Dst] = old
		return true
	}, op)
}
