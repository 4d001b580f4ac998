package softfloat

// Comparisons, minimum and maximum, and classification work on the patterns
// themselves: they are order-preserving within a sign.

// interchange is an interchange format's pattern type.
type interchange interface{ uint32 | uint64 }

// layout is what a comparison needs to know of a format.
type layout[P interchange] struct {
	sign, inf, quiet P // sign bit, +∞, quiet bit
}

var (
	layout32 = layout[uint32]{sign: sign32, inf: exp32, quiet: 1 << 22}
	layout64 = layout[uint64]{sign: sign64, inf: exp64, quiet: 1 << 51}
)

func (l *layout[P]) isNaN(a P) bool { return a&^l.sign > l.inf }

func (l *layout[P]) isSignaling(a P) bool { return l.isNaN(a) && a&l.quiet == 0 }

// less orders two patterns that are no NaNs, with −0 below +0.
func (l *layout[P]) less(a, b P) bool {
	if a&l.sign != b&l.sign {
		return a&l.sign != 0
	}
	return a != b && (a < b) == (a&l.sign == 0)
}

// bothZero reports whether two patterns are zeros, of either sign.
func (l *layout[P]) bothZero(a, b P) bool { return (a|b)&^l.sign == 0 }

// The functions below return the flags rather than take an Env: through a
// generic function the compiler can't see that an Env stays on the stack.

// unordered reports whether a or b is a NaN. A signaling one is Invalid, and a
// quiet one too if the comparison is a signaling one.
func unordered[P interchange](l *layout[P], signaling bool, a, b P) (bool, Flags) {
	if !l.isNaN(a) && !l.isNaN(b) {
		return false, 0
	}
	if signaling || l.isSignaling(a) || l.isSignaling(b) {
		return true, Invalid
	}
	return true, 0
}

func eq[P interchange](l *layout[P], a, b P) (bool, Flags) {
	nan, flags := unordered(l, false, a, b)
	return !nan && (a == b || l.bothZero(a, b)), flags
}

func lt[P interchange](l *layout[P], a, b P) (bool, Flags) {
	nan, flags := unordered(l, true, a, b)
	return !nan && l.less(a, b) && !l.bothZero(a, b), flags
}

func le[P interchange](l *layout[P], a, b P) (bool, Flags) {
	nan, flags := unordered(l, true, a, b)
	return !nan && (!l.less(b, a) || l.bothZero(a, b)), flags
}

// accrue raises the flags of a comparison and passes its result on.
func (e *Env) accrue(result bool, f Flags) bool {
	e.raise(f)
	return result
}

// pick is minimumNumber, or with larger set maximumNumber, for operands of
// which at most one is a NaN.
func pick[P interchange](l *layout[P], larger bool, a, b P) P {
	switch {
	case l.isNaN(a):
		return b
	case l.isNaN(b):
		return a
	case l.less(a, b) != larger:
		return a
	}
	return b
}

// Eq64 reports a = b. A quiet NaN raises nothing (compareQuietEqual).
func (e *Env) Eq64(a, b uint64) bool { return e.accrue(eq(&layout64, a, b)) }

// Lt64 reports a < b. Any NaN raises Invalid (compareSignalingLess).
func (e *Env) Lt64(a, b uint64) bool { return e.accrue(lt(&layout64, a, b)) }

// Le64 reports a ≤ b. Any NaN raises Invalid (compareSignalingLessEqual).
func (e *Env) Le64(a, b uint64) bool { return e.accrue(le(&layout64, a, b)) }

// Min64 is minimumNumber of IEEE 754-2019: the smaller operand, −0 being
// smaller than +0; the other operand if one is a NaN. A signaling NaN raises
// Invalid all the same.
func (e *Env) Min64(a, b uint64) uint64 { return e.minMax64(false, a, b) }

// Max64 is maximumNumber of IEEE 754-2019, the mirror image of Min64.
func (e *Env) Max64(a, b uint64) uint64 { return e.minMax64(true, a, b) }

func (e *Env) minMax64(larger bool, a, b uint64) uint64 {
	nan, flags := unordered(&layout64, false, a, b)
	e.raise(flags)
	if nan && layout64.isNaN(a) && layout64.isNaN(b) {
		x, y := binary64.unpack(a), binary64.unpack(b)
		return binary64.pack(e.propagate(&binary64, x, y, y))
	}
	return pick(&layout64, larger, a, b)
}

// Eq32 is Eq64 in binary32.
func (e *Env) Eq32(a, b uint32) bool { return e.accrue(eq(&layout32, a, b)) }

// Lt32 is Lt64 in binary32.
func (e *Env) Lt32(a, b uint32) bool { return e.accrue(lt(&layout32, a, b)) }

// Le32 is Le64 in binary32.
func (e *Env) Le32(a, b uint32) bool { return e.accrue(le(&layout32, a, b)) }

// Min32 is Min64 in binary32.
func (e *Env) Min32(a, b uint32) uint32 { return e.minMax32(false, a, b) }

// Max32 is Max64 in binary32.
func (e *Env) Max32(a, b uint32) uint32 { return e.minMax32(true, a, b) }

func (e *Env) minMax32(larger bool, a, b uint32) uint32 {
	nan, flags := unordered(&layout32, false, a, b)
	e.raise(flags)
	if nan && layout32.isNaN(a) && layout32.isNaN(b) {
		x, y := unpack32(a), unpack32(b)
		return pack32(e.propagate(&binary32, x, y, y))
	}
	return pick(&layout32, larger, a, b)
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

func classify[P interchange](l *layout[P], normal, a P) Class {
	mag, neg := a&^l.sign, a&l.sign != 0
	pos := PosInf // the class if positive; the negative ones mirror it
	switch {
	case mag > l.inf:
		if mag&l.quiet != 0 {
			return QuietNaN
		}
		return SignalingNaN
	case mag == 0:
		pos = PosZero
	case mag < normal:
		pos = PosSubnormal
	case mag < l.inf:
		pos = PosNormal
	}
	if neg {
		return NegZero * PosZero / pos
	}
	return pos
}

// Class64 classifies a.
func Class64(a uint64) Class { return classify(&layout64, expStep64, a) }

// Class32 classifies a.
func Class32(a uint32) Class { return classify(&layout32, expStep32, a) }
