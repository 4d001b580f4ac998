package rv64

import "github.com/dap-revexec/dap-revexec/vm/ir"

// fpInst is a decoded computational instruction of the F or D extension.
type fpInst struct {
	Helper       ir.Helper
	Dst, A, B, C uint8 // slots
	Imm          int64 // static rounding mode, or 7 for the one in Frm
}

// decodeFP decodes the computational instructions of F and D (major opcodes
// OP-FP, MADD, MSUB, NMSUB, NMADD). Loads and stores are decode.go's.
func decodeFP(inst uint32) (fpInst, bool) {
	return fpInst{}, false
}
