package amd64

import (
	"encoding/binary"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// Features is CPUID.01H:EDX, which Linux gives a program as AT_HWCAP.
const Features = feature1EDX

// Features of CPUID leaf 1 (SDM volume 2, "CPUID").
const (
	feature1ECX = 1<<0 | // SSE3
		1<<9 | // SSSE3
		1<<13 | // CMPXCHG16B
		1<<19 | // SSE4.1
		1<<20 | // SSE4.2
		1<<23 // POPCNT
	feature1EDX = 1<<0 | // x87
		1<<4 | // TSC
		1<<8 | // CMPXCHG8B
		1<<15 | // CMOV
		1<<19 | // CLFLUSH
		1<<23 | // MMX
		1<<24 | // FXSR
		1<<25 | // SSE
		1<<26 // SSE2

	featureExtECX = 1 << 0  // LAHF and SAHF
	featureExtEDX = 1<<11 | // SYSCALL
		1<<20 | // no-execute
		1<<27 | // RDTSCP
		1<<29 // long mode
)

const (
	// The version of a processor of this level: family 6, model 0x2c.
	cpuVersion = 0x206c2
	lineSize   = 64
	// Names of CPUID leaves 0, and 0x80000002 to 0x80000004.
	vendor = "GenuineIntel"
	brand  = "dap-revexec virtual CPU"
)

// leaf is what CPUID returns: eax, ebx, ecx, edx.
type leaf [4]uint32

// caches by subleaf of leaf 4: type and level, line size and ways, sets.
var caches = []leaf{
	{1<<5 | 1, 7<<22 | lineSize - 1, 63, 0},         // 32 KiB of data
	{1<<5 | 2, 7<<22 | lineSize - 1, 63, 0},         // 32 KiB of instructions
	{2<<5 | 3, 7<<22 | lineSize - 1, 511, 0},        // 256 KiB
	{3<<5 | 3, 15<<22 | lineSize - 1, 8191, 1 << 1}, // 8 MiB, inclusive
}

// identify answers a CPUID. Leaves beyond the largest one answer as that does.
func identify(eax, ecx uint32) leaf {
	if eax>>31 == 0 && eax > 7 {
		eax = 7
	}
	switch eax {
	case 0:
		return leaf{7, word(vendor, 0), word(vendor, 8), word(vendor, 4)}
	case 1:
		return leaf{cpuVersion, 1<<16 | lineSize/8<<8, feature1ECX, feature1EDX}
	case 2:
		return leaf{0x00ff01, 0, 0, 0} // see leaf 4
	case 4:
		if int(ecx) < len(caches) {
			return caches[ecx]
		}
	case 0x80000000:
		return leaf{0x80000008, 0, 0, 0}
	case 0x80000001:
		return leaf{0, 0, featureExtECX, featureExtEDX}
	case 0x80000002, 0x80000003, 0x80000004:
		at := int(eax-0x80000002) * 16
		return leaf{word(brand, at), word(brand, at+4), word(brand, at+8), word(brand, at+12)}
	case 0x80000006:
		return leaf{0, 0, 256<<16 | 6<<12 | lineSize, 0}
	case 0x80000008:
		return leaf{48<<8 | 40, 0, 0, 0} // bits of addresses
	}
	return leaf{}
}

// word is four bytes of a name, padded with zeros.
func word(s string, at int) uint32 {
	var b [4]byte
	if at < len(s) {
		copy(b[:], s[at:])
	}
	return binary.LittleEndian.Uint32(b[:])
}

func cpuid(t *translation, _ *inst) bool {
	t.pure(func(c *ir.CPU, _ *ir.Op) bool {
		l := identify(uint32(c.R[RAX]), uint32(c.R[RCX]))
		c.R[RAX], c.R[RBX], c.R[RCX], c.R[RDX] = uint64(l[0]), uint64(l[1]), uint64(l[2]), uint64(l[3])
		return true
	}, ir.Op{})
	return true
}
