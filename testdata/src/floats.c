// floats: the F and D instructions on a matrix of edge cases, in every rounding
// mode, with the exception flags each of them raises. It prints one digest per
// instruction and rounding mode; with the argument "all" also every result.
#include "rt/rt.h"

static bool verbose;

static const uint64_t doubles[] = {
	0x0000000000000000, // 0
	0x8000000000000000, // -0
	0x3ff0000000000000, // 1
	0xbff0000000000000, // -1
	0x3ff0000000000001, // 1 + ulp
	0x3fe0000000000000, // 0.5
	0x3fd5555555555555, // 1/3
	0x400921fb54442d18, // pi
	0xc00921fb54442d18,
	0x41dfffffffc00000, // 2^31 - 1
	0x41e0000000000000, // 2^31
	0xc1e0000000200000, // -2^31 - 1
	0x41efffffffe00000, // 2^32 - 1
	0x43e0000000000000, // 2^63
	0xc3e0000000000000, // -2^63
	0x43f0000000000000, // 2^64
	0x0000000000000001, // the smallest subnormal
	0x800fffffffffffff, // the largest, negative
	0x0010000000000000, // the smallest normal
	0x0010000000000001,
	0x7fefffffffffffff, // the largest
	0xffefffffffffffff,
	0x36a0000000000000, // underflows in single precision
	0x47efffffefffffff, // rounds to the largest single
	0x7ff0000000000000, // infinity
	0xfff0000000000000,
	0x7ff8000000000000, // the canonical NaN
	0xfff8000000000123, // a quiet one with a payload
	0x7ff0000000000001, // a signalling one
	0x3fe8000000000000, // 0.75, ties when rounded to an integer
	0x4004000000000000, // 2.5
	0xbff8000000000000, // -1.5
};

static const uint32_t singles[] = {
	0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x3f800001, 0x3f000000, 0x3eaaaaab, 0x40490fdb,
	0xc0490fdb, 0x4effffff, 0x4f000000, 0xcf000001, 0x4f800000, 0x5f000000, 0xdf000000, 0x5f800000,
	0x00000001, 0x807fffff, 0x00800000, 0x00800001, 0x7f7fffff, 0xff7fffff, 0x1e3ce508, 0x7f800000,
	0xff800000, 0x7fc00000, 0xffc00123, 0x7f800001, 0x3f400000, 0x40200000, 0xbfc00000, 0x4b7fffff,
};

static const uint64_t integers[] = {
	0, 1, (uint64_t)-1, 0x7fffffff, 0x80000000, 0xffffffff, 0xffffffff80000000,
	0x7fffffffffffffff, 0x8000000000000000, 0x8000000000000401, 0x0020000000000001, 0x0000000001000001,
	0xfffffffffeffffff, 0x123456789abcdef0,
};

// Rounding modes as fsrm takes them.
static const char *const modes[] = {"rne", "rtz", "rdn", "rup", "rmm"};

static void set_mode(int rm) { __asm__ volatile("fsrm %0" : : "r"(rm)); }
static void clear_flags(void) { __asm__ volatile("fsflags zero"); }
static uint64_t flags(void)
{
	uint64_t f;
	__asm__ volatile("frflags %0" : "=r"(f));
	return f;
}

// Registers are filled and read by moves that neither round nor look at boxing.
#define FROM_BITS(f, bits) __asm__ volatile("fmv.d.x %0, %1" : "=f"(f) : "r"(bits))
#define TO_BITS(bits, f) __asm__ volatile("fmv.x.d %0, %1" : "=r"(bits) : "f"(f))
#define BOX(s) (0xffffffff00000000u | (s)) // how a single lies in a 64-bit register

// A tested instruction takes and returns register bits.
#define F3(id, op)                                                                        \
	static uint64_t id(uint64_t a, uint64_t b, uint64_t c)                            \
	{                                                                                 \
		double x, y, z, r;                                                        \
		uint64_t bits;                                                            \
		FROM_BITS(x, a); FROM_BITS(y, b); FROM_BITS(z, c);                        \
		__asm__ volatile(op : "=f"(r) : "f"(x), "f"(y), "f"(z));                  \
		TO_BITS(bits, r);                                                         \
		return bits;                                                              \
	}
#define FCMP(id, op) /* result in an integer register */                                  \
	static uint64_t id(uint64_t a, uint64_t b, uint64_t c)                            \
	{                                                                                 \
		(void)c;                                                                  \
		double x, y;                                                              \
		uint64_t bits;                                                            \
		FROM_BITS(x, a); FROM_BITS(y, b);                                         \
		__asm__ volatile(op : "=r"(bits) : "f"(x), "f"(y));                       \
		return bits;                                                              \
	}
#define FINT(id, op) /* operand in an integer register */                                 \
	static uint64_t id(uint64_t a, uint64_t b, uint64_t c)                            \
	{                                                                                 \
		(void)b; (void)c;                                                         \
		double r;                                                                 \
		uint64_t bits;                                                            \
		__asm__ volatile(op : "=f"(r) : "r"(a));                                  \
		TO_BITS(bits, r);                                                         \
		return bits;                                                              \
	}

#define BOTH(KIND, name, args) \
	KIND(name##_d, #name ".d " args) \
	KIND(name##_s, #name ".s " args)
BOTH(F3, fadd, "%0, %1, %2")
BOTH(F3, fsub, "%0, %1, %2")
BOTH(F3, fmul, "%0, %1, %2")
BOTH(F3, fdiv, "%0, %1, %2")
BOTH(F3, fmin, "%0, %1, %2")
BOTH(F3, fmax, "%0, %1, %2")
BOTH(F3, fsgnj, "%0, %1, %2")
BOTH(F3, fsgnjn, "%0, %1, %2")
BOTH(F3, fsgnjx, "%0, %1, %2")
BOTH(F3, fsqrt, "%0, %1")
BOTH(F3, fmadd, "%0, %1, %2, %3")
BOTH(F3, fmsub, "%0, %1, %2, %3")
BOTH(F3, fnmadd, "%0, %1, %2, %3")
BOTH(F3, fnmsub, "%0, %1, %2, %3")
BOTH(FCMP, feq, "%0, %1, %2")
BOTH(FCMP, flt, "%0, %1, %2")
BOTH(FCMP, fle, "%0, %1, %2")
BOTH(FCMP, fclass, "%0, %1")
F3(fcvt_s_d, "fcvt.s.d %0, %1")
F3(fcvt_d_s, "fcvt.d.s %0, %1")
FCMP(fcvt_w_d, "fcvt.w.d %0, %1, dyn")
FCMP(fcvt_w_s, "fcvt.w.s %0, %1, dyn")
FCMP(fcvt_wu_d, "fcvt.wu.d %0, %1, dyn")
FCMP(fcvt_wu_s, "fcvt.wu.s %0, %1, dyn")
FCMP(fcvt_l_d, "fcvt.l.d %0, %1, dyn")
FCMP(fcvt_l_s, "fcvt.l.s %0, %1, dyn")
FCMP(fcvt_lu_d, "fcvt.lu.d %0, %1, dyn")
FCMP(fcvt_lu_s, "fcvt.lu.s %0, %1, dyn")
FINT(fcvt_d_w, "fcvt.d.w %0, %1")
FINT(fcvt_s_w, "fcvt.s.w %0, %1, dyn")
FINT(fcvt_d_wu, "fcvt.d.wu %0, %1")
FINT(fcvt_s_wu, "fcvt.s.wu %0, %1, dyn")
FINT(fcvt_d_l, "fcvt.d.l %0, %1, dyn")
FINT(fcvt_s_l, "fcvt.s.l %0, %1, dyn")
FINT(fcvt_d_lu, "fcvt.d.lu %0, %1, dyn")
FINT(fcvt_s_lu, "fcvt.s.lu %0, %1, dyn")
// Static rounding modes: fcsr's must not matter.
F3(fadd_d_rtz, "fadd.d %0, %1, %2, rtz")
F3(fadd_d_rup, "fadd.d %0, %1, %2, rup")
F3(fmul_s_rmm, "fmul.s %0, %1, %2, rmm")
F3(fdiv_s_rdn, "fdiv.s %0, %1, %2, rdn")
FCMP(fcvt_w_d_rtz, "fcvt.w.d %0, %1, rtz")
FCMP(fcvt_l_s_rmm, "fcvt.l.s %0, %1, rmm")
// Moves of 32 bits: the upper half of the register is ones after fmv.w.x, and
// is not looked at by fmv.x.w, which extends the sign.
FCMP(fmv_x_w, "fmv.x.w %0, %1")
FINT(fmv_w_x, "fmv.w.x %0, %1")

enum operands { D1, D2, D3, S1, S2, S3, INT };

struct op {
	const char *name;
	enum operands operands;
	bool rounds; // try every rounding mode
	uint64_t (*fn)(uint64_t, uint64_t, uint64_t);
};

static const struct op ops[] = {
	{"fadd.d", D2, true, fadd_d},
	{"fadd.s", S2, true, fadd_s},
	{"fsub.d", D2, true, fsub_d},
	{"fsub.s", S2, true, fsub_s},
	{"fmul.d", D2, true, fmul_d},
	{"fmul.s", S2, true, fmul_s},
	{"fdiv.d", D2, true, fdiv_d},
	{"fdiv.s", S2, true, fdiv_s},
	{"fmin.d", D2, false, fmin_d},
	{"fmin.s", S2, false, fmin_s},
	{"fmax.d", D2, false, fmax_d},
	{"fmax.s", S2, false, fmax_s},
	{"fsgnj.d", D2, false, fsgnj_d},
	{"fsgnj.s", S2, false, fsgnj_s},
	{"fsgnjn.d", D2, false, fsgnjn_d},
	{"fsgnjn.s", S2, false, fsgnjn_s},
	{"fsgnjx.d", D2, false, fsgnjx_d},
	{"fsgnjx.s", S2, false, fsgnjx_s},
	{"feq.d", D2, false, feq_d},
	{"feq.s", S2, false, feq_s},
	{"flt.d", D2, false, flt_d},
	{"flt.s", S2, false, flt_s},
	{"fle.d", D2, false, fle_d},
	{"fle.s", S2, false, fle_s},
	{"fsqrt.d", D1, true, fsqrt_d},
	{"fsqrt.s", S1, true, fsqrt_s},
	{"fclass.d", D1, false, fclass_d},
	{"fclass.s", S1, false, fclass_s},
	{"fmadd.d", D3, true, fmadd_d},
	{"fmadd.s", S3, true, fmadd_s},
	{"fmsub.d", D3, true, fmsub_d},
	{"fmsub.s", S3, true, fmsub_s},
	{"fnmadd.d", D3, true, fnmadd_d},
	{"fnmadd.s", S3, true, fnmadd_s},
	{"fnmsub.d", D3, true, fnmsub_d},
	{"fnmsub.s", S3, true, fnmsub_s},
	{"fcvt.s.d", D1, true, fcvt_s_d},
	{"fcvt.d.s", S1, false, fcvt_d_s},
	{"fcvt.w.d", D1, true, fcvt_w_d},
	{"fcvt.w.s", S1, true, fcvt_w_s},
	{"fcvt.wu.d", D1, true, fcvt_wu_d},
	{"fcvt.wu.s", S1, true, fcvt_wu_s},
	{"fcvt.l.d", D1, true, fcvt_l_d},
	{"fcvt.l.s", S1, true, fcvt_l_s},
	{"fcvt.lu.d", D1, true, fcvt_lu_d},
	{"fcvt.lu.s", S1, true, fcvt_lu_s},
	{"fcvt.d.w", INT, false, fcvt_d_w},
	{"fcvt.s.w", INT, true, fcvt_s_w},
	{"fcvt.d.wu", INT, false, fcvt_d_wu},
	{"fcvt.s.wu", INT, true, fcvt_s_wu},
	{"fcvt.d.l", INT, true, fcvt_d_l},
	{"fcvt.s.l", INT, true, fcvt_s_l},
	{"fcvt.d.lu", INT, true, fcvt_d_lu},
	{"fcvt.s.lu", INT, true, fcvt_s_lu},
	{"fadd.d.rtz", D2, true, fadd_d_rtz},
	{"fadd.d.rup", D2, true, fadd_d_rup},
	{"fmul.s.rmm", S2, true, fmul_s_rmm},
	{"fdiv.s.rdn", S2, true, fdiv_s_rdn},
	{"fcvt.w.d.rtz", D1, true, fcvt_w_d_rtz},
	{"fcvt.l.s.rmm", S1, true, fcvt_l_s_rmm},
	{"fmv.x.w", S1, false, fmv_x_w},
	{"fmv.w.x", INT, false, fmv_w_x},
};

static uint64_t one(const struct op *op, uint64_t h, uint64_t a, uint64_t b, uint64_t c)
{
	clear_flags();
	uint64_t r = op->fn(a, b, c);
	uint64_t f = flags();
	if (verbose)
		print("  %016lx %016lx %016lx = %016lx %02lx\n", a, b, c, r, f);
	return fnv(fnv(h, r), f);
}

// run applies op to all its operands, or to every third when it takes three.
static uint64_t run(const struct op *op)
{
	uint64_t h = FNV_INIT;
	size_t nd = ARRAY_LEN(doubles), ns = ARRAY_LEN(singles);
	switch (op->operands) {
	case D1:
		for (size_t i = 0; i < nd; i++)
			h = one(op, h, doubles[i], 0, 0);
		break;
	case D2:
		for (size_t i = 0; i < nd; i++)
			for (size_t j = 0; j < nd; j++)
				h = one(op, h, doubles[i], doubles[j], 0);
		break;
	case D3:
		for (size_t i = 0; i < nd; i++)
			for (size_t j = i % 3; j < nd; j += 3)
				for (size_t k = j % 5; k < nd; k += 5)
					h = one(op, h, doubles[i], doubles[j], doubles[k]);
		break;
	case S1:
		for (size_t i = 0; i < ns; i++)
			h = one(op, h, BOX(singles[i]), 0, 0);
		break;
	case S2:
		for (size_t i = 0; i < ns; i++)
			for (size_t j = 0; j < ns; j++)
				h = one(op, h, BOX(singles[i]), BOX(singles[j]), 0);
		break;
	case S3:
		for (size_t i = 0; i < ns; i++)
			for (size_t j = i % 3; j < ns; j += 3)
				for (size_t k = j % 5; k < ns; k += 5)
					h = one(op, h, BOX(singles[i]), BOX(singles[j]), BOX(singles[k]));
		break;
	case INT:
		for (size_t i = 0; i < ARRAY_LEN(integers); i++)
			h = one(op, h, integers[i], 0, 0);
		break;
	}
	return h;
}

// A single that is not boxed, that is, whose upper half is not all ones, counts
// as the canonical NaN for every instruction that computes with it.
static void test_boxing(void)
{
	uint64_t h = FNV_INIT;
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		const struct op *op = &ops[i];
		if (op->operands != S1 && op->operands != S2 && op->operands != S3)
			continue;
		set_mode(0);
		uint64_t before = h;
		h = one(op, h, 0x3f800000, BOX(0x3f800000), BOX(0x40000000));
		h = one(op, h, BOX(0x3f800000), 0xfffffffe3f800000, BOX(0x40000000));
		h = one(op, h, BOX(0x3f800000), BOX(0x3f800000), 0x400921fb54442d18);
		print("boxing %-12s %016lx\n", op->name, before ^ h);
	}

	// Loads box, stores and 64-bit moves do not care.
	uint32_t word = 0x3f800000, back;
	uint64_t bits, raw = 0x123456783f800000;
	double f;
	__asm__ volatile("flw %0, 0(%1)" : "=f"(f) : "r"(&word));
	TO_BITS(bits, f);
	FROM_BITS(f, raw);
	__asm__ volatile("fsw %1, 0(%0)" : : "r"(&back), "f"(f) : "memory");
	print("flw %016lx, fsw %08x\n", bits, back);
}

// The control register and its views.
static void test_fcsr(void)
{
	uint64_t a, b, c, d;
	__asm__ volatile("fscsr zero\n\tfsrmi 3\n\tfsflagsi 0x15\n\tfrcsr %0" : "=r"(a));
	__asm__ volatile("li %0, 0xfff\n\tfscsr %1, %0\n\tfrcsr %2" : "=&r"(b), "=&r"(c), "=r"(d));
	print("fcsr %02lx, swapped %02lx, only 8 bits kept: %02lx\n", a, c, d);
	__asm__ volatile("csrrci %0, fcsr, 0x11\n\tcsrrsi %1, fflags, 0x01\n\tcsrrc %2, frm, %3\n\tfrcsr %3"
			 : "=&r"(a), "=&r"(b), "=&r"(c), "+r"(d));
	print("bits cleared and set: %02lx %02lx %02lx %02lx\n", a, b, c, d);
	__asm__ volatile("fscsr zero");
}

// Flags accumulate until they are cleared.
static void test_accumulation(void)
{
	set_mode(0);
	clear_flags();
	fdiv_d(0x3ff0000000000000, 0, 0); // divide by zero
	print("flags %02lx", flags());
	fadd_d(0x3ff0000000000000, 0x3c00000000000000, 0); // inexact
	print(" %02lx", flags());
	fsqrt_d(0xbff0000000000000, 0, 0); // invalid
	print(" %02lx", flags());
	fmul_d(0x7fefffffffffffff, 0x7fefffffffffffff, 0); // overflow
	print(" %02lx", flags());
	fmul_d(0x0010000000000001, 0x3fd5555555555555, 0); // underflow
	print(" %02lx\n", flags());
}

// What a compiler makes of floating-point code.
static void test_algorithms(void)
{
	set_mode(0);
	double sum = 0, x = 1;
	for (int i = 1; i < 2000; i++)
		sum += 1.0 / (i * (double)i);
	for (int i = 0; i < 40; i++)
		x = 0.5 * (x + 2 / x);
	float s = 0;
	for (int i = 1; i < 1000; i++)
		s += 1.0f / i;
	uint64_t bits[2];
	uint32_t sbits;
	memcpy(&bits[0], &sum, 8);
	memcpy(&bits[1], &x, 8);
	memcpy(&sbits, &s, 4);
	print("zeta(2) %016lx sqrt(2) %016lx harmonic %08x\n", bits[0], bits[1], sbits);
	print("to integers %ld %d %lu\n", (long)(sum * 1e15), (int)-x, (unsigned long)(s * 1e9f));
}

int main(int argc, char **argv)
{
	verbose = argc > 1 && strcmp(argv[1], "all") == 0;
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		int n = ops[i].rounds ? (int)ARRAY_LEN(modes) : 1;
		for (int rm = 0; rm < n; rm++) {
			set_mode(rm);
			if (verbose)
				print("%s %s\n", ops[i].name, modes[rm]);
			print("%-12s %s %016lx\n", ops[i].name, modes[rm], run(&ops[i]));
		}
	}
	test_boxing();
	test_fcsr();
	test_accumulation();
	test_algorithms();
	return 0;
}
