package softfloat

// Env is the floating-point environment of an operation: how to round, and
// where exceptions are recorded. The zero value is RISC-V's environment after
// reset: round to nearest even, no flags, canonical NaNs, tininess after
// rounding, saturating conversions to integers.
type Env struct {
	Rounding Rounding // rounding direction; a value above RMM rounds as RTZ
	Flags    Flags    // accrued exceptions; operations only ever set bits
	NaN      NaNRule  // which NaN an operation returns
	Tiny     TinyRule // when a result is tiny, for the underflow flag
	Ints     IntRule  // what a float that fits no integer converts to

	// Unmasked may hold Overflow and Underflow, on which a guest traps. An
	// operation that overflows, or whose result is tiny, exact or not, raises
	// the flag then and returns the result rounded as if the exponent had no
	// bounds, with the exponent moved by 3/4 of its range towards its middle
	// (IEEE 754-1985 section 7; Intel SDM volume 1, 4.9.1.4 and 4.9.1.5).
	// Inexact tells of that rounding alone. A result of a conversion between
	// formats that is out of range even so means nothing.
	Unmasked Flags

	// The x87 unit's part; other operations than those on F80 ignore it. There,
	// Unmasked may hold Denormal too: an operation that raises it returns
	// nothing of use then.
	Precision Precision // what arithmetic on F80 rounds to
	Up        bool      // set when a result's magnitude was rounded up; never cleared
	denormals bool      // an operand from Widen32 or Widen64 was denormal
}

// Rounding is a rounding direction, numbered as in RISC-V's frm and rm fields
// (unprivileged ISA, "Floating-Point Control and Status Register").
type Rounding uint8

// Rounding directions.
const (
	RNE Rounding = iota // to nearest, ties to even
	RTZ                 // towards zero
	RDN                 // towards minus infinity
	RUP                 // towards plus infinity
	RMM                 // to nearest, ties away from zero (to max magnitude)
)

// Flags is a set of accrued exceptions (IEEE 754-2019 section 7), laid out as
// RISC-V's fflags.
type Flags uint8

// Exceptions.
const (
	Inexact   Flags = 1 << iota // NX: the rounded result differs from the exact one
	Underflow                   // UF: the result is tiny and inexact
	Overflow                    // OF: the rounded result exceeds the largest finite number
	DivByZero                   // DZ: an exact infinity from finite operands
	Invalid                     // NV: no useful result, or a signaling NaN operand

	// Denormal is x87's: an operand is a denormal number. Only operations on
	// F80 raise it.
	Denormal
)

// Precision is the number of significant bits to which x87 rounds the results
// of arithmetic; the range of the exponent is not affected (Intel SDM volume 1,
// section 8.1.5.2).
type Precision uint8

// Precisions.
const (
	Prec64 Precision = iota
	Prec53
	Prec24
)

// NaNRule says which NaN an operation returns. Under every rule a signaling
// NaN operand raises Invalid and never comes out signaling.
type NaNRule uint8

// NaN rules.
const (
	// NaNCanonical returns the positive quiet NaN with an empty payload,
	// whatever the operands (RISC-V; ARM with FPCR.DN). Infinity times zero
	// plus a NaN raises Invalid.
	NaNCanonical NaNRule = iota
	// NaNFirst returns the first operand that is a NaN, made quiet (x86 SSE).
	// Without a NaN operand it is the negative NaN with an empty payload.
	// Infinity times zero plus a quiet NaN raises nothing.
	NaNFirst
	// NaNLargest returns the NaN operand with the larger significand, a quiet
	// one in preference to a signaling one (x87; Intel SDM volume 1, table
	// 4-7). Otherwise as NaNFirst.
	NaNLargest
)

// TinyRule says when a non-zero result is tiny, which with Inexact makes an
// Underflow (IEEE 754-2019 section 7.5 allows both).
type TinyRule uint8

// Tininess rules.
const (
	// TinyAfter: the result rounded as if the exponent had no lower bound lies
	// below the smallest normal number (RISC-V, x86).
	TinyAfter TinyRule = iota
	// TinyBefore: the exact result lies below it (ARM).
	TinyBefore
)

// IntRule says what a NaN, or a float out of an integer's range, converts to.
// Invalid is raised in either case, and Inexact is not.
type IntRule uint8

// Integer rules.
const (
	// IntSaturate gives the nearest integer of the type; for a NaN the largest
	// (RISC-V).
	IntSaturate IntRule = iota
	// IntIndefinite gives the pattern x86 calls the integer indefinite: the
	// smallest signed integer, the largest unsigned one.
	IntIndefinite
)

// raise records exceptions.
func (e *Env) raise(f Flags) { e.Flags |= f }
