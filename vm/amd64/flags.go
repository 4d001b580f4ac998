package amd64

// Bits of RFLAGS (SDM volume 1, section 3.4.3).
const (
	FlagCF = 1 << 0
	FlagPF = 1 << 2
	FlagAF = 1 << 4
	FlagZF = 1 << 6
	FlagSF = 1 << 7
	FlagTF = 1 << 8
	FlagIF = 1 << 9
	FlagDF = 1 << 10
	FlagOF = 1 << 11
	FlagAC = 1 << 18
	FlagID = 1 << 21

	// FlagsArith are the flags that arithmetic sets.
	FlagsArith = FlagCF | FlagPF | FlagAF | FlagZF | FlagSF | FlagOF
	flagsOther = FlagDF | FlagAC | FlagID
	flagsFixed = 1<<1 | FlagIF // always set for a program
)

// ccEager in slot CCOp says that CCA holds the arithmetic flags themselves.
const ccEager = 0

// setArith sets the arithmetic flags.
func setArith(r []uint64, bits uint64) { r[CCOp], r[CCA] = ccEager, bits&FlagsArith }

// arith computes the arithmetic flags.
func arith(r []uint64) uint64 { return r[CCA] }

// RFlags reads the flags register.
func RFlags(r []uint64) uint64 { return arith(r) | r[Flags] | flagsFixed }

// SetRFlags writes what a program may change of the flags register.
func SetRFlags(r []uint64, v uint64) {
	setArith(r, v)
	r[Flags] = v & flagsOther
}
