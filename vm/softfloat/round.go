package softfloat

// up reports whether a magnitude of sign neg, cut off after a unit that is odd
// or not, goes up to the next unit, where rest/2⁶⁴ of a unit was cut off, with
// the lowest bit of rest sticky.
func (r Rounding) up(neg, odd bool, rest uint64) bool {
	const half = 1 << 63
	switch r {
	case RNE:
		return rest > half || rest == half && odd
	case RMM:
		return rest >= half
	case RDN:
		return neg && rest != 0
	case RUP:
		return !neg && rest != 0
	}
	return false
}

// cut splits hi:lo after the topmost prec bits: what is kept, in place, and
// the rest in 2⁻⁶⁴ of the last place kept, sticky.
func cut(prec uint, hi, lo uint64) (kept, rest uint64) {
	rest = hi<<prec | lo>>(64-prec)
	if lo<<prec != 0 {
		rest |= 1
	}
	return hi &^ (1<<(64-prec) - 1), rest
}

// shiftRight shifts hi:lo right by n bits, n ≥ 0; what falls out stays visible
// in the lowest, sticky, bit.
func shiftRight(hi, lo uint64, n uint) (uint64, uint64) {
	var lost uint64
	switch {
	case n < 64: // shifts by 64 give 0 in Go, so n = 0 works
		lost = lo << (64 - n)
		hi, lo = hi>>n, hi<<(64-n)|lo>>n
	case n < 128:
		lost = hi<<(128-n) | lo
		hi, lo = 0, hi>>(n-64)
	default:
		lost = hi | lo
		hi, lo = 0, 0
	}
	if lost != 0 {
		lo |= 1
	}
	return hi, lo
}

// round rounds the exact value ±hi:lo/2¹²⁷ × 2^exp to the format and raises
// Inexact, Underflow and Overflow. Bit 127 must be set; bit 0 is sticky.
func (e *Env) round(f *format, neg bool, exp int, hi, lo uint64) num {
	if e.Unmasked != 0 && (exp < f.emin || exp >= f.emax) {
		if n, ok := e.unbounded(f, neg, exp, hi, lo); ok {
			return n
		}
	}
	ulp := uint64(1) << (64 - f.prec)
	tiny := false
	if exp < f.emin {
		// Rounding as if there were no lower bound reaches the smallest normal
		// number only by carrying out of the binade just below it.
		tiny = true
		if e.Tiny == TinyAfter && exp == f.emin-1 {
			kept, rest := cut(f.prec, hi, lo)
			tiny = !(kept == -ulp && e.Rounding.up(neg, true, rest))
		}
		hi, lo = shiftRight(hi, lo, uint(f.emin-exp))
		exp = f.emin
	}

	kept, rest := cut(f.prec, hi, lo)
	if rest != 0 {
		e.raise(Inexact)
		if tiny {
			e.raise(Underflow)
		}
		if e.Rounding.up(neg, kept&ulp != 0, rest) {
			e.Up = true
			kept += ulp
			if kept == 0 {
				kept = intBit
				exp++
			}
		}
	}
	if exp > f.emax {
		return e.overflow(f, neg)
	}
	n := num{class: finite, neg: neg, exp: exp, sig: kept}
	if kept == 0 {
		n.class = zero
	}
	return n
}

// overflow is the result of an operation whose rounded value exceeds the
// largest finite number: that number if the direction points towards zero,
// otherwise an infinity (IEEE 754-2019 section 7.4).
func (e *Env) overflow(f *format, neg bool) num {
	e.raise(Overflow | Inexact)
	e.Up = e.Rounding == RNE || e.Rounding == RMM || e.Rounding.up(neg, true, 1)
	if e.Up {
		return f.infinity(neg)
	}
	return num{class: finite, neg: neg, exp: f.emax, sig: -(uint64(1) << (64 - f.prec))}
}

// unbounded is round for a result that overflows or is tiny where that is
// unmasked; else ok is false.
func (e *Env) unbounded(f *format, neg bool, exp int, hi, lo uint64) (n num, ok bool) {
	tiny := exp < f.emin
	ulp := uint64(1) << (64 - f.prec)
	kept, rest := cut(f.prec, hi, lo)
	up := e.Rounding.up(neg, kept&ulp != 0, rest)
	if up {
		kept += ulp
		if kept == 0 {
			kept = intBit
			exp++
		}
	}
	if e.Tiny == TinyAfter {
		tiny = exp < f.emin
	}
	adjust := (f.emax + 1) / 2 * 3
	switch {
	case exp > f.emax && e.Unmasked&Overflow != 0:
		e.raise(Overflow)
		exp -= adjust
	case tiny && e.Unmasked&Underflow != 0:
		e.raise(Underflow)
		exp += adjust
	default:
		return num{}, false
	}
	if rest != 0 {
		e.raise(Inexact)
	}
	e.Up = e.Up || up
	return num{class: finite, neg: neg, exp: exp, sig: kept}, true
}
