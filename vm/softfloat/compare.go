package softfloat

import "math"

// Comparisons, minimum and maximum, and classification. Between numbers the
// host's comparison is exact and raises nothing, in every rounding direction.

const quiet64 = 1 << 51 // the bit that makes a NaN quiet

func nan64(a uint64) bool { return a&^sign64 > exp64 }

func signaling64(a uint64) bool { return nan64(a) && a&quiet64 == 0 }

// unordered64 is the result of a comparison of which one operand is a NaN, or
// both: false, and Invalid for a signaling NaN or a signaling comparison.
func (e *Env) unordered64(signaling bool, a, b uint64) bool {
	if signaling || signaling64(a) || signaling64(b) {
		e.raise(Invalid)
	}
	return false
}

// Eq64 reports a = b. A quiet NaN raises nothing (compareQuietEqual).
func (e *Env) Eq64(a, b uint64) bool {
	if nan64(a) || nan64(b) {
		return e.unordered64(false, a, b)
	}
	return math.Float64frombits(a) == math.Float64frombits(b)
}

// Lt64 reports a < b. Any NaN raises Invalid (compareSignalingLess).
func (e *Env) Lt64(a, b uint64) bool {
	if nan64(a) || nan64(b) {
		return e.unordered64(true, a, b)
	}
	return math.Float64frombits(a) < math.Float64frombits(b)
}

// Le64 reports a ≤ b. Any NaN raises Invalid (compareSignalingLessEqual).
func (e *Env) Le64(a, b uint64) bool {
	if nan64(a) || nan64(b) {
		return e.unordered64(true, a, b)
	}
	return math.Float64frombits(a) <= math.Float64frombits(b)
}

// Min64 is minimumNumber of IEEE 754-2019: the smaller operand, −0 being
// smaller than +0; the other operand if one is a NaN. A signaling NaN raises
// Invalid all the same.
func (e *Env) Min64(a, b uint64) uint64 {
	if nan64(a) || nan64(b) {
		return e.number64(a, b)
	}
	switch x, y := math.Float64frombits(a), math.Float64frombits(b); {
	case x < y:
		return a
	case x > y:
		return b
	}
	return a | b // the same, but for the sign of a zero
}

// Max64 is maximumNumber of IEEE 754-2019, the mirror image of Min64.
func (e *Env) Max64(a, b uint64) uint64 {
	if nan64(a) || nan64(b) {
		return e.number64(a, b)
	}
	switch x, y := math.Float64frombits(a), math.Float64frombits(b); {
	case x > y:
		return a
	case x < y:
		return b
	}
	return a & b // the same, but for the sign of a zero
}

// number64 is the minimum and the maximum of two operands of which one is a
// NaN, or both.
func (e *Env) number64(a, b uint64) uint64 {
	e.unordered64(false, a, b)
	switch {
	case !nan64(a):
		return a
	case !nan64(b):
		return b
	}
	x, y := binary64.unpack(a), binary64.unpack(b)
	return binary64.pack(e.propagate(&binary64, x, y, y))
}

const quiet32 = 1 << 22 // the bit that makes a NaN quiet

func nan32(a uint32) bool { return a&^sign32 > exp32 }

func signaling32(a uint32) bool { return nan32(a) && a&quiet32 == 0 }

// unordered32 is the result of a comparison of which one operand is a NaN, or
// both: false, and Invalid for a signaling NaN or a signaling comparison.
func (e *Env) unordered32(signaling bool, a, b uint32) bool {
	if signaling || signaling32(a) || signaling32(b) {
		e.raise(Invalid)
	}
	return false
}

// Eq32 is Eq64 in binary32.
func (e *Env) Eq32(a, b uint32) bool {
	if nan32(a) || nan32(b) {
		return e.unordered32(false, a, b)
	}
	return math.Float32frombits(a) == math.Float32frombits(b)
}

// Lt32 is Lt64 in binary32.
func (e *Env) Lt32(a, b uint32) bool {
	if nan32(a) || nan32(b) {
		return e.unordered32(true, a, b)
	}
	return math.Float32frombits(a) < math.Float32frombits(b)
}

// Le32 is Le64 in binary32.
func (e *Env) Le32(a, b uint32) bool {
	if nan32(a) || nan32(b) {
		return e.unordered32(true, a, b)
	}
	return math.Float32frombits(a) <= math.Float32frombits(b)
}

// Min32 is Min64 in binary32.
func (e *Env) Min32(a, b uint32) uint32 {
	if nan32(a) || nan32(b) {
		return e.number32(a, b)
	}
	switch x, y := math.Float32frombits(a), math.Float32frombits(b); {
	case x < y:
		return a
	case x > y:
		return b
	}
	return a | b // the same, but for the sign of a zero
}

// Max32 is Max64 in binary32.
func (e *Env) Max32(a, b uint32) uint32 {
	if nan32(a) || nan32(b) {
		return e.number32(a, b)
	}
	switch x, y := math.Float32frombits(a), math.Float32frombits(b); {
	case x > y:
		return a
	case x < y:
		return b
	}
	return a & b // the same, but for the sign of a zero
}

// number32 is the minimum and the maximum of two operands of which one is a
// NaN, or both.
func (e *Env) number32(a, b uint32) uint32 {
	e.unordered32(false, a, b)
	switch {
	case !nan32(a):
		return a
	case !nan32(b):
		return b
	}
	x, y := unpack32(a), unpack32(b)
	return pack32(e.propagate(&binary32, x, y, y))
}

// Class says what a pattern is. Exactly one bit is set, laid out as RISC-V's
// fclass result.
type Class uint16

// Classes.
const (
	NegInf Class = 1 << iota
	NegNormal
	NegSubnormal
	NegZero
	PosZero
	PosSubnormal
	PosNormal
	PosInf
	SignalingNaN
	QuietNaN
)

// classify classifies a pattern of which the parts are given: its magnitude,
// its sign, whether a NaN would be quiet; and the format's smallest normal
// number and infinity.
func classify(mag uint64, neg, quiet bool, normal, inf uint64) Class {
	pos := PosInf // the class if positive; the negative ones mirror it
	switch {
	case mag > inf && quiet:
		return QuietNaN
	case mag > inf:
		return SignalingNaN
	case mag == 0:
		pos = PosZero
	case mag < normal:
		pos = PosSubnormal
	case mag < inf:
		pos = PosNormal
	}
	if neg {
		return NegZero * PosZero / pos
	}
	return pos
}

// Class64 classifies a.
func Class64(a uint64) Class {
	return classify(a&^sign64, a&sign64 != 0, a&quiet64 != 0, expStep64, exp64)
}

// Class32 classifies a.
func Class32(a uint32) Class {
	return classify(uint64(a&^sign32), a&sign32 != 0, a&quiet32 != 0, expStep32, exp32)
}
