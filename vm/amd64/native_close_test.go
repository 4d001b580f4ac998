//go:build linux && amd64

package amd64_test

import "math"

// c1 is the bit of the x87 status word that tells the direction of rounding.
const c1 = 1 << 9

// close reports whether two results agree as far as the tolerance of their form
// promises: the reciprocal approximations have a relative error below 1.5·2^-12,
// and are otherwise the processor's own.
func close(tol string, a, b [2]uint64) bool {
	if tol != "ps" {
		return false
	}
	for i := range a {
		for shift := 0; shift < 64; shift += 32 {
			x := float64(math.Float32frombits(uint32(a[i] >> shift)))
			y := float64(math.Float32frombits(uint32(b[i] >> shift)))
			if uint32(a[i]>>shift) != uint32(b[i]>>shift) && math.Abs(x-y) > math.Abs(y)*3/4096 {
				return false
			}
		}
	}
	return true
}

// close80 reports whether two results of a transcendental function differ by at
// most one unit in the last place.
func close80(tol string, a, b float80) bool {
	if tol != "ld" {
		return false
	}
	if a.Exp == b.Exp {
		return a.Mant-b.Mant+1 <= 2
	}
	// On two sides of a power of two.
	if b.Exp == a.Exp+1 {
		a, b = b, a
	}
	return a.Exp == b.Exp+1 && a.Mant == 1<<63 && b.Mant == math.MaxUint64
}
