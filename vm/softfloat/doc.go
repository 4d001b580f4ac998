// Package softfloat is IEEE 754-2019 binary floating point for guests: exact
// results in every rounding direction, with the five exception flags, for
// binary32, binary64 and x87's double extended format. Operands and results are
// bit patterns (uint32, uint64, F80), never Go floats, so that NaN payloads and
// signs survive and a guest sees the same bits on every host.
//
// The package knows no guest. What architectures do differently is a field of
// [Env]: which NaN an operation returns, what a float that fits no integer
// converts to, when a result counts as tiny. The zero Env is RISC-V's. The
// package never traps; a caller that needs traps looks at Env.Flags.
//
// # How it works
//
// An operation has two ways to its result.
//
// The exact way: unpack turns a pattern into a num (class, sign, exponent,
// 64-bit significand with the integer bit on top); the functions in arith.go
// compute the exact result as a 128-bit significand whose lowest bit is sticky
// (set when anything non-zero lies below it); [Env.round] rounds that to a
// format, the only place where rounding, overflow and underflow are decided;
// pack makes the pattern. Formats are descriptions (a precision and an exponent
// range) of up to 64 significant bits. So x87's format is one more description
// for each precision and, because its integer bit is explicit, its own unpack
// and pack (f80*.go). Its transcendental functions are computed with numbers of
// many more bits, and then rounded once in the same way.
//
// The fast way, in f32.go, f64.go, convert.go and integral.go: in round-to-nearest-even the host's own
// operation gives the same bits wherever the result is known to be clear of
// overflow, underflow and NaN. Whether it was inexact is known at no cost when
// the flag is set already (flags are sticky), and otherwise from an exactly
// computed error. Each fast path says why it is right. They rely on Go's floating
// point to round to nearest even on every port, and keep clear of what is not the
// same everywhere: NaNs, subnormal numbers, and the licence to fuse x*y + z,
// which an explicit conversion of the product takes away.
//
// # Concurrency
//
// There is no package state. An Env belongs to one goroutine at a time.
package softfloat
