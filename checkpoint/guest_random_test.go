package checkpoint_test

import (
	"debug/elf"
	"encoding/binary"
	"math/rand/v2"

	"github.com/dap-revexec/dap-revexec/testdata"
)

// Random guest programs: threads that compute, access memory that may or may not
// be there, change mappings and protections, write and run code, send each other
// signals, set timers, sleep, and use pipes and descriptors, all at random. They
// always end: loops are counted, nothing waits without a time-out, and a handler
// skips what faults.

// Registers.
const (
	rZero = 0
	rRA   = 1
	rSP   = 2
	rT0   = 5
	rT1   = 6
	rT2   = 7
	rS0   = 8 // data
	rS1   = 9 // s1, s2–s5: addresses
	rA0   = 10
	rA1   = 11
	rA2   = 12
	rA7   = 17
	rS2   = 18
	rS11  = 27 // turns left
	rT3   = 28 // t3–t6: values
)

// Where things are.
const (
	randCode  = 0x10000
	randData  = 0x100000 // 16 pages
	randPatch = 0x200000 // a page of code that is written
	randArena = 0x300000 // 32 pages whose mappings change
	pageBytes = 4096
)

type randomAsm struct {
	r    *rand.Rand
	code []uint32
}

func (a *randomAsm) emit(w ...uint32) { a.code = append(a.code, w...) }

func encI(op, f3, rd, rs uint32, imm int64) uint32 {
	return uint32(imm)<<20 | rs<<15 | f3<<12 | rd<<7 | op
}

func encS(f3, base, rs uint32, imm int64) uint32 {
	return uint32(imm)>>5<<25 | rs<<20 | base<<15 | f3<<12 | uint32(imm)&31<<7 | 0x23
}

func encB(f3, a, b uint32, off int64) uint32 {
	i := uint32(off)
	return i>>12&1<<31 | i>>5&0x3f<<25 | b<<20 | a<<15 | f3<<12 | i>>1&0xf<<8 | i>>11&1<<7 | 0x63
}

func encJ(rd uint32, off int64) uint32 {
	i := uint32(off)
	return i>>20&1<<31 | i>>1&0x3ff<<21 | i>>11&1<<20 | i>>12&0xff<<12 | rd<<7 | 0x6f
}

func encR(op, f3, f7, rd, rs1, rs2 uint32) uint32 {
	return f7<<25 | rs2<<20 | rs1<<15 | f3<<12 | rd<<7 | op
}

// li loads a constant of 32 bits, in two instructions.
func (a *randomAsm) li(rd uint32, v int64) {
	lo := v << 52 >> 52
	a.emit(uint32(v-lo)&0xfffff000|rd<<7|0x37, encI(0x1b, 0, rd, rd, lo))
}

// sys makes a system call.
func (a *randomAsm) sys(nr int64, args ...int64) {
	for i, v := range args {
		a.li(rA0+uint32(i), v)
	}
	a.li(rA7, nr)
	a.emit(0x73)
}

func (a *randomAsm) pick(v ...int64) int64 { return v[a.r.IntN(len(v))] }

// value is a register for values, address one for addresses.
func (a *randomAsm) value() uint32 { return rT3 + a.r.Uint32N(4) }
func (a *randomAsm) address() uint32 {
	if n := a.r.Uint32N(6); n > 1 {
		return rS2 + n - 2
	}
	return []uint32{rS0, rS1}[a.r.IntN(2)]
}

// place is an address in the data or the arena; pages some of the arena's pages.
func (a *randomAsm) place() int64 {
	if a.r.IntN(3) == 0 {
		return randArena + a.r.Int64N(32*pageBytes)
	}
	return randData + a.r.Int64N(16*pageBytes-256)
}

func (a *randomAsm) pages() (at, size int64) {
	return randArena + a.r.Int64N(28)*pageBytes, (1 + a.r.Int64N(4)) * pageBytes
}

// step is one random thing to do.
func (a *randomAsm) step() {
	r := a.r
	switch r.IntN(44) {
	case 0, 1, 2: // load
		a.emit(encI(0x03, r.Uint32N(7), a.value(), a.address(), r.Int64N(4096)-2048))
	case 3, 4, 5, 6: // store
		a.emit(encS(r.Uint32N(4), a.address(), a.value(), r.Int64N(4096)-2048))
	case 7: // another address
		a.li(rT0, a.place())
		a.emit(encI(0x13, 0, rS2+r.Uint32N(4), rT0, 0))
	case 8: // AMO
		f5 := []uint32{0, 1, 4, 8, 12, 16, 20, 24, 28}[r.IntN(9)]
		a.emit(encI(0x13, 7, rT0, a.address(), -8), f5<<27|a.value()<<20|rT0<<15|(2+r.Uint32N(2))<<12|a.value()<<7|0x2f)
	case 9: // LR, SC
		a.emit(encI(0x13, 7, rT0, a.address(), -8), 2<<27|rT0<<15|3<<12|rT1<<7|0x2f, encI(0x13, 0, rT1, rT1, 1),
			3<<27|rT1<<20|rT0<<15|3<<12|rT2<<7|0x2f)
	case 10: // floating point, with flags and rounding
		a.emit(encR(0x53, 0, 0x79, 1, a.value(), 0), encR(0x53, r.Uint32N(5), 0x0d, 1, 1, 2), encR(0x53, 7, 1, 2, 2, 1),
			encR(0x53, 0, 0x71, a.value(), 2, 0), encI(0x73, 2, a.value(), 0, 3))
	case 11, 12: // mmap
		at, size := a.pages()
		a.sys(222, at, size, r.Int64N(4), a.pick(0x32, 0x32, 0x32, 0x22, 0x100022), -1, 0)
		a.emit(encI(0x13, 0, a.pickAddress(), rA0, 0))
	case 13: // munmap
		at, size := a.pages()
		a.sys(215, at, size)
	case 14, 15: // mprotect
		at, size := a.pages()
		a.sys(226, at, size, r.Int64N(8))
	case 16: // madvise
		at, size := a.pages()
		a.sys(233, at, size, a.pick(4, 4, 8, 1))
	case 17: // mremap
		at, size := a.pages()
		_, bigger := a.pages()
		to, _ := a.pages()
		a.sys(216, at, size, bigger, a.pick(0, 1, 3), to)
		a.emit(encI(0x13, 0, a.pickAddress(), rA0, 0))
	case 18: // brk
		a.sys(214, 0)
		a.emit(encI(0x13, 0, rA0, rA0, r.Int64N(4096)-1500))
		a.li(rA7, 214)
		a.emit(0x73, encI(0x13, 0, a.pickAddress(), rA0, -64))
	case 19: // clock_gettime
		a.sys(113, a.pick(0, 1, 2, 3, 7, 99), a.place())
	case 20: // getrandom
		a.sys(278, a.place(), r.Int64N(64), 0)
	case 21: // nanosleep
		a.li(rT0, a.pick(0, 1, 100, 60_000, 900_000))
		a.emit(encS(3, rS0, rZero, 64), encS(3, rS0, rT0, 72))
		a.sys(101, randData+64, a.pick(0, a.place()))
	case 22: // tgkill
		a.sys(131, 1000, 1000+r.Int64N(4), a.pick(10, 10, 34, 34, 0))
	case 23: // kill
		a.sys(129, 1000, a.pick(10, 34, 35, 17))
	case 24: // setitimer
		a.li(rT0, a.pick(1, 20, 300))
		a.emit(encS(3, rS0, rZero, 128), encS(3, rS0, []uint32{rZero, rT0}[r.IntN(2)], 136), encS(3, rS0, rZero, 144), encS(3, rS0, rT0, 152))
		a.sys(103, a.pick(0, 0, 1, 2), randData+128, a.pick(0, a.place()))
	case 25: // and off
		a.emit(encS(3, rS0, rZero, 136), encS(3, rS0, rZero, 152))
		a.sys(103, a.pick(0, 1, 2), randData+128, 0)
	case 39: // timer_create, timer_settime, timer_delete
		switch r.IntN(4) {
		case 0:
			a.sys(107, a.pick(0, 1, 2), 0, randData+192)
		case 1:
			a.sys(111, r.Int64N(4))
		default:
			a.li(rT0, a.pick(0, 500, 20_000))
			a.li(rT1, a.pick(0, 700, 90_000))
			a.emit(encS(3, rS0, rZero, 128), encS(3, rS0, rT0, 136), encS(3, rS0, rZero, 144), encS(3, rS0, rT1, 152))
			a.sys(110, r.Int64N(4), 0, randData+128, a.pick(0, a.place()))
		}
	case 26: // rt_sigprocmask
		a.li(rT0, a.pick(1<<9|1<<33, 1<<13, -1, 0))
		a.emit(encS(3, rS0, rT0, 160))
		a.sys(135, r.Int64N(3), randData+160, a.pick(0, a.place()), 8)
	case 27: // futex with a time-out of a microsecond, or wake
		a.li(rT0, 1000)
		a.emit(encS(3, rS0, rZero, 64), encS(3, rS0, rT0, 72))
		a.sys(98, randData+r.Int64N(8)*4, a.pick(0, 1, 128, 129), a.pick(0, 0, 1), randData+64)
	case 28: // pipe: write, read; neither waits
		a.emit(encI(0x03, 2, rA0, rS0, 4))
		a.li(rA1, a.place())
		a.li(rA2, r.Int64N(6000))
		a.li(rA7, 64)
		a.emit(0x73)
	case 29:
		a.emit(encI(0x03, 2, rA0, rS0, 0))
		a.li(rA1, a.place())
		a.li(rA2, r.Int64N(9000))
		a.li(rA7, 63)
		a.emit(0x73)
	case 30: // what may be in those descriptors
		a.sys(a.pick(23, 57, 63, 64, 62, 25), r.Int64N(12), a.place(), r.Int64N(200))
	case 31: // pipe2, eventfd2, dup
		if r.IntN(2) == 0 {
			a.sys(59, randData, 0o4000)
		} else {
			a.sys(19, r.Int64N(3), 0o4000)
		}
	case 32: // openat of a file of the guest kernel's, read
		a.sys(56, -100, randData+512+32*r.Int64N(4), 0, 0)
		a.li(rA1, a.place())
		a.li(rA2, r.Int64N(500))
		a.li(rA7, 63)
		a.emit(0x73)
	case 33: // output
		a.sys(64, 1+r.Int64N(2), a.place(), r.Int64N(30))
	case 34: // sched_yield, gettid, getcpu and the like
		a.sys(a.pick(124, 178, 172, 153, 160, 165, 179, 168), a.place(), a.place())
	case 35, 36: // write an instruction, run it
		a.li(rT0, randPatch+8*r.Int64N(3))
		a.li(rT1, int64(int32(encI(0x13, 0, a.value(), a.value(), r.Int64N(100)))))
		a.emit(encS(2, rT0, rT1, 0))
		if r.IntN(2) == 0 {
			a.emit(0x100f) // fence.i
		}
		a.emit(encI(0x67, 0, rRA, rT0, 0))
	case 37: // an illegal instruction, ebreak
		a.emit([]uint32{0xffffffff, 0x00100073}[r.IntN(2)])
	case 38: // protection of the page with that code
		a.sys(226, randPatch, pageBytes, a.pick(7, 7, 5, 3))
	default:
		a.emit(encR(0x33, r.Uint32N(8), []uint32{0, 1}[r.IntN(2)], a.value(), a.value(), a.value()), encI(0x13, 0, a.value(), a.value(), r.Int64N(64)))
	}
}

func (a *randomAsm) pickAddress() uint32 { return rS2 + a.r.Uint32N(4) }

// body is a counted loop of random steps.
func (a *randomAsm) body(steps, turns int) {
	a.li(rS0, randData)
	a.li(rS1, randArena+8*pageBytes)
	for i := range uint32(4) {
		a.li(rS2+i, a.place())
		a.li(rT3+i, a.r.Int64N(1<<20))
	}
	a.li(rS11, int64(turns))
	start := len(a.code)
	for range steps {
		a.step()
	}
	// The loop may be longer than a branch reaches.
	a.emit(encI(0x13, 0, rS11, rS11, -1), encB(0, rS11, rZero, 8))
	a.emit(encJ(rZero, int64(start-len(a.code))*4))
}

// randomProgram makes a program.
func randomProgram(r *rand.Rand) *program {
	a := &randomAsm{r: r}
	toMain := len(a.code)
	a.emit(0)
	// Faults: what lies in the written page returns, anything else is skipped.
	fault := int64(randCode + 4*len(a.code))
	a.emit(encI(0x03, 3, rT0, rA2, 176))
	a.li(rT1, randPatch)
	a.emit(encB(6, rT0, rT1, 12), encI(0x03, 3, rT0, rA2, 184), encJ(rZero, 8), encI(0x13, 0, rT0, rT0, 4), encS(3, rA2, rT0, 176),
		encI(0x67, 0, rZero, rRA, 0))
	// Other signals are counted.
	sent := int64(randCode + 4*len(a.code))
	a.li(rT0, randData)
	a.emit(encI(0x03, 3, rT1, rT0, 1024), encI(0x13, 0, rT1, rT1, 1), encS(3, rT0, rT1, 1024), encI(0x67, 0, rZero, rRA, 0))

	a.code[toMain] = encJ(rZero, int64(len(a.code)-toMain)*4)
	a.li(rS0, randData)
	for _, h := range []struct{ sig, handler int64 }{
		{4, fault}, {5, fault}, {7, fault}, {11, fault},
		{10, sent}, {13, sent}, {14, sent}, {26, sent}, {27, sent}, {34, sent}, {35, sent},
	} {
		flags := int64(4) // SA_SIGINFO
		if h.handler == fault {
			flags |= 0x40000000 // SA_NODEFER
		} else {
			flags |= []int64{0, 0x10000000}[r.IntN(2)] // SA_RESTART
		}
		a.li(rT0, h.handler)
		a.emit(encS(3, rS0, rT0, 32))
		a.li(rT0, flags)
		a.emit(encS(3, rS0, rT0, 40), encS(3, rS0, rZero, 48))
		a.sys(134, h.sig, randData+32, 0, 8)
	}
	a.sys(57, 0)                // nothing waits for standard input: that is never the same twice
	a.sys(59, randData, 0o4000) // pipe2
	a.sys(222, randArena+4*pageBytes, 12*pageBytes, 3, 0x32, -1, 0)
	for range r.IntN(3) {
		// clone of a thread with a stack in the data; the child skips over the
		// parent's jump and does its own.
		a.sys(220, 0x50f00, randData+(4+r.Int64N(12))*pageBytes, 0, 0, 0)
		a.emit(encB(0, rA0, rZero, 8))
		over := len(a.code)
		a.emit(0)
		a.body(5+r.IntN(30), 1+r.IntN(30))
		a.sys(93, 0)
		a.code[over] = encJ(rZero, int64(len(a.code)-over)*4)
	}
	a.body(20+r.IntN(80), 1+r.IntN(40))
	a.sys(94, r.Int64N(256))

	data := make([]byte, 1024)
	for i, path := range []string{"/dev/urandom", "/proc/self/maps", "/dev/zero", "/proc/self/stat"} {
		copy(data[512+32*i:], path)
	}
	return &program{Guest: testdata.Guest{Name: "random"}, file: a.image(data), unknown: true}
}

// image is the executable.
func (a *randomAsm) image(data []byte) []byte {
	le := binary.LittleEndian
	var code, patch []byte
	for _, w := range a.code {
		code = le.AppendUint32(code, w)
	}
	for range 3 { // nop; ret
		patch = le.AppendUint32(patch, 0x13)
		patch = le.AppendUint32(patch, encI(0x67, 0, rZero, rRA, 0))
	}
	file := make([]byte, pageBytes)
	copy(file, "\x7fELF\x02\x01\x01")
	le.PutUint16(file[16:], uint16(elf.ET_EXEC))
	le.PutUint16(file[18:], uint16(elf.EM_RISCV))
	le.PutUint32(file[20:], 1)
	le.PutUint64(file[24:], randCode)
	le.PutUint64(file[32:], 64)
	le.PutUint16(file[52:], 64)
	le.PutUint16(file[54:], 56)
	le.PutUint16(file[56:], 3)
	for i, seg := range []struct {
		flags elf.ProgFlag
		addr  uint64
		b     []byte
		size  int
	}{
		{elf.PF_R | elf.PF_X, randCode, code, len(code)},
		{elf.PF_R | elf.PF_W, randData, data, 16 * pageBytes},
		{elf.PF_R | elf.PF_W | elf.PF_X, randPatch, patch, pageBytes},
	} {
		p := file[64+56*i:]
		le.PutUint32(p, uint32(elf.PT_LOAD))
		le.PutUint32(p[4:], uint32(seg.flags))
		le.PutUint64(p[8:], uint64(len(file)))
		le.PutUint64(p[16:], seg.addr)
		le.PutUint64(p[24:], seg.addr)
		le.PutUint64(p[32:], uint64(len(seg.b)))
		le.PutUint64(p[40:], uint64(seg.size))
		le.PutUint64(p[48:], pageBytes)
		file = append(file, seg.b...)
		file = append(file, make([]byte, -len(file)&(pageBytes-1))...)
	}
	return file
}
