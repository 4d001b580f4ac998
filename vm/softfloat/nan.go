package softfloat

// defaultNaN is the NaN of an invalid operation without a NaN operand.
func (e *Env) defaultNaN(f *format) num {
	return num{class: quietNaN, neg: e.NaN != NaNCanonical, exp: f.emax + 1, sig: intBit | quietBit}
}

// invalid is the result of an invalid operation on numbers.
func (e *Env) invalid(f *format) num {
	e.raise(Invalid)
	return e.defaultNaN(f)
}

// propagate is the result of an operation of which one operand or more is a
// NaN. An operation with fewer than three operands repeats one.
func (e *Env) propagate(f *format, a, b, c num) num {
	if a.class == unsupported || b.class == unsupported || c.class == unsupported {
		return e.invalid(f)
	}
	if a.class == signalingNaN || b.class == signalingNaN || c.class == signalingNaN {
		e.raise(Invalid)
	}
	switch e.NaN {
	case NaNFirst:
		return f.quiet(firstNaN(a, b, c))
	case NaNLargest:
		return f.quiet(largerNaN(largerNaN(a, b), c))
	}
	return e.defaultNaN(f)
}

func firstNaN(a, b, c num) num {
	switch {
	case a.isNaN():
		return a
	case b.isNaN():
		return b
	}
	return c
}

// largerNaN is x87's choice between two data of which one at least should be a
// NaN: quiet before signaling, then the larger significand, then the positive.
func largerNaN(a, b num) num {
	switch {
	case !a.isNaN():
		return b
	case !b.isNaN():
		return a
	case a.class != b.class:
		if a.class == quietNaN {
			return a
		}
		return b
	case a.sig != b.sig:
		if a.sig > b.sig {
			return a
		}
		return b
	case a.neg:
		return b
	}
	return a
}

// quiet makes a NaN of any format a quiet one of format f, with as much of the
// payload as fits, the most significant part.
func (f *format) quiet(n num) num {
	n.class = quietNaN
	n.sig |= quietBit
	n.exp = f.emax + 1
	return n
}
