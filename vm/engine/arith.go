package engine

import (
	"math"
	"math/bits"
)

const boxed = 0xffffffff << 32

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func sx(v uint32) uint64 { return uint64(int64(int32(v))) }

// sxn sign-extends v from 8 << (size & 3) bits.
func sxn(v, size uint64) uint64 {
	n := 64 - 8<<(size&3)
	return uint64(int64(v<<n) >> n)
}

func mulhu(a, b uint64) uint64 {
	hi, _ := bits.Mul64(a, b)
	return hi
}

func mulh(a, b uint64) uint64 {
	hi, _ := bits.Mul64(a, b)
	return hi - uint64(int64(a)>>63)&b - uint64(int64(b)>>63)&a
}

func mulhsu(a, b uint64) uint64 {
	hi, _ := bits.Mul64(a, b)
	return hi - uint64(int64(a)>>63)&b
}

// Division follows the RISC-V unprivileged specification, section "M": nothing
// traps; by zero the quotient is all ones and the remainder the dividend; on
// overflow the quotient is the dividend and the remainder 0.

func div(a, b int64) uint64 {
	switch {
	case b == 0:
		return math.MaxUint64
	case a == math.MinInt64 && b == -1:
		return uint64(a)
	}
	return uint64(a / b)
}

func rem(a, b int64) uint64 {
	switch {
	case b == 0:
		return uint64(a)
	case a == math.MinInt64 && b == -1:
		return 0
	}
	return uint64(a % b)
}

func divu(a, b uint64) uint64 {
	if b == 0 {
		return math.MaxUint64
	}
	return a / b
}

func remu(a, b uint64) uint64 {
	if b == 0 {
		return a
	}
	return a % b
}

func div32(a, b int32) uint64 {
	switch {
	case b == 0:
		return math.MaxUint64
	case a == math.MinInt32 && b == -1:
		return uint64(int64(a))
	}
	return uint64(int64(a / b))
}

func rem32(a, b int32) uint64 {
	switch {
	case b == 0:
		return uint64(int64(a))
	case a == math.MinInt32 && b == -1:
		return 0
	}
	return uint64(int64(a % b))
}

func divu32(a, b uint32) uint64 {
	if b == 0 {
		return math.MaxUint64
	}
	return sx(a / b)
}

func remu32(a, b uint32) uint64 {
	if b == 0 {
		return sx(a)
	}
	return sx(a % b)
}
