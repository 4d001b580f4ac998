//go:build armbe || arm64be || m68k || mips || mips64 || mips64p32 || ppc || ppc64 || s390 || s390x || shbe || sparc || sparc64

package mem

// The guests are little-endian, and an access that hits the software TLB is one of
// the host's memory, in the host's order of bytes. On other hosts every word would
// come out reversed: better not to build.
const _ = dap_revexec_needs_a_little_endian_host
