// arith: the integer instructions of RV64 (I, M, A and C), each on a matrix of
// edge cases. It prints one digest per instruction; with the argument "all" also
// every single result, to find out which one is wrong.
#include "rt/rt.h"

static const uint64_t edges[] = {
	0,
	1,
	2,
	7,
	(uint64_t)-1,
	(uint64_t)-2,
	31,
	32,
	63,
	64,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	0x100000000,
	0xffffffff80000000,
	0x7fffffffffffffff,
	0x8000000000000000,
	0x8000000000000001,
	0x0123456789abcdef,
	0xfedcba9876543210,
};

static bool verbose;

// --- Register-register instructions ------------------------------------------

#define RR(op)                                                                 \
	static uint64_t rr_##op(uint64_t a, uint64_t b)                        \
	{                                                                      \
		uint64_t r;                                                    \
		__asm__ volatile(#op " %0, %1, %2" : "=r"(r) : "r"(a), "r"(b)); \
		return r;                                                      \
	}
#define RR_LIST(X)                                                         \
	X(add) X(sub) X(sll) X(slt) X(sltu) X(xor) X(srl) X(sra) X(or) X(and) \
	X(addw) X(subw) X(sllw) X(srlw) X(sraw)                            \
	X(mul) X(mulh) X(mulhsu) X(mulhu) X(div) X(divu) X(rem) X(remu)    \
	X(mulw) X(divw) X(divuw) X(remw) X(remuw)
RR_LIST(RR)

struct binary {
	const char *name;
	uint64_t (*fn)(uint64_t, uint64_t);
};
#define RR_ENTRY(op) {#op, rr_##op},
static const struct binary binaries[] = {RR_LIST(RR_ENTRY)};

static void test_binaries(void)
{
	for (size_t i = 0; i < ARRAY_LEN(binaries); i++) {
		uint64_t h = FNV_INIT;
		for (size_t a = 0; a < ARRAY_LEN(edges); a++)
			for (size_t b = 0; b < ARRAY_LEN(edges); b++) {
				uint64_t r = binaries[i].fn(edges[a], edges[b]);
				if (verbose)
					print("  %s %016lx %016lx = %016lx\n", binaries[i].name, edges[a], edges[b], r);
				h = fnv(h, r);
			}
		print("%-8s %016lx\n", binaries[i].name, h);
	}
}

// --- Immediates ----------------------------------------------------------------

// Compressed forms appear where the assembler finds one: small immediates, and
// the same register as source and destination.
#define IMM(op, imm)                                                                   \
	do {                                                                           \
		uint64_t r, same = v;                                                  \
		__asm__ volatile(#op " %0, %1, " #imm : "=r"(r) : "r"(v));             \
		__asm__ volatile(#op " %0, %0, " #imm : "+r"(same));                   \
		if (verbose)                                                           \
			print("  %s %016lx %s = %016lx %016lx\n", #op, v, #imm, r, same); \
		CHECK(r == same);                                                      \
		h = fnv(h, r);                                                         \
	} while (0)
#define IMM12(op)                \
	do {                     \
		uint64_t h = FNV_INIT; \
		for (size_t i = 0; i < ARRAY_LEN(edges); i++) { \
			uint64_t v = edges[i]; \
			IMM(op, 0); IMM(op, 1); IMM(op, -1); IMM(op, 31); \
			IMM(op, -32); IMM(op, 2047); IMM(op, -2048); \
		} \
		print("%-8s %016lx\n", #op, h); \
	} while (0)
#define SHIFT64(op)              \
	do {                     \
		uint64_t h = FNV_INIT; \
		for (size_t i = 0; i < ARRAY_LEN(edges); i++) { \
			uint64_t v = edges[i]; \
			IMM(op, 0); IMM(op, 1); IMM(op, 31); IMM(op, 32); IMM(op, 63); \
		} \
		print("%-8s %016lx\n", #op, h); \
	} while (0)
#define SHIFT32(op)              \
	do {                     \
		uint64_t h = FNV_INIT; \
		for (size_t i = 0; i < ARRAY_LEN(edges); i++) { \
			uint64_t v = edges[i]; \
			IMM(op, 0); IMM(op, 1); IMM(op, 15); IMM(op, 31); \
		} \
		print("%-8s %016lx\n", #op, h); \
	} while (0)

static NOINLINE void test_immediates(void)
{
	IMM12(addi);
	IMM12(slti);
	IMM12(sltiu);
	IMM12(xori);
	IMM12(ori);
	IMM12(andi);
	IMM12(addiw);
	SHIFT64(slli);
	SHIFT64(srli);
	SHIFT64(srai);
	SHIFT32(slliw);
	SHIFT32(srliw);
	SHIFT32(sraiw);

	uint64_t a, b, c, d;
	__asm__("lui %0, 0x80000\n\tlui %1, 0x7ffff\n\tc.lui %2, 31\n\tc.li %3, -32"
		: "=r"(a), "=r"(b), "=r"(c), "=r"(d));
	print("lui      %016lx %016lx %016lx %016lx\n", a, b, c, d);
	__asm__("auipc %0, 1\n\tauipc %1, 0x80000" : "=r"(a), "=r"(b));
	print("auipc    %016lx\n", b - a);
}

// --- Branches -------------------------------------------------------------------

#define BRANCH(op)                                                               \
	do {                                                                     \
		uint64_t h = FNV_INIT;                                           \
		for (size_t i = 0; i < ARRAY_LEN(edges); i++)                    \
			for (size_t j = 0; j < ARRAY_LEN(edges); j++) {          \
				uint64_t taken = 1;                              \
				__asm__ volatile(#op " %1, %2, 1f\n\tli %0, 0\n1:" \
						 : "+r"(taken)                   \
						 : "r"(edges[i]), "r"(edges[j])); \
				h = fnv(h, taken);                               \
			}                                                        \
		print("%-8s %016lx\n", #op, h);                                  \
	} while (0)

static NOINLINE void test_branches(void)
{
	BRANCH(beq);
	BRANCH(bne);
	BRANCH(blt);
	BRANCH(bge);
	BRANCH(bltu);
	BRANCH(bgeu);
}

// --- Loads and stores --------------------------------------------------------------

#define LOAD(op, p)                                                     \
	do {                                                            \
		uint64_t r;                                             \
		__asm__ volatile(#op " %0, 0(%1)" : "=r"(r) : "r"(p) : "memory"); \
		if (verbose)                                            \
			print("  %s +%d = %016lx\n", #op, off, r);      \
		h = fnv(h, r);                                          \
	} while (0)
#define STORE(op, p, v) __asm__ volatile(#op " %1, 0(%0)" : : "r"(p), "r"(v) : "memory")

static NOINLINE void test_memory(void)
{
	static uint8_t buf[64] __attribute__((aligned(16)));
	for (int i = 0; i < 64; i++)
		buf[i] = (uint8_t)(i * 37 + 129);
	uint64_t h = FNV_INIT;
	for (int off = 0; off < 40; off++) { // misaligned ones too
		uint8_t *p = buf + off;
		LOAD(lb, p);
		LOAD(lbu, p);
		LOAD(lh, p);
		LOAD(lhu, p);
		LOAD(lw, p);
		LOAD(lwu, p);
		LOAD(ld, p);
	}
	print("loads    %016lx\n", h);
	for (int off = 0; off < 40; off += 5) {
		uint8_t *p = buf + off;
		uint64_t v = 0x8182838485868788u + off;
		STORE(sb, p, v);
		STORE(sh, p + 3, v);
		STORE(sw, p + 7, v);
		STORE(sd, p + 13, v);
	}
	h = FNV_INIT;
	for (int i = 0; i < 64; i += 8) {
		uint64_t v;
		memcpy(&v, buf + i, 8);
		h = fnv(h, v);
	}
	print("stores   %016lx\n", h);

	// One that crosses into the next page.
	static uint8_t pages[3 * 4096] __attribute__((aligned(4096)));
	uint8_t *edge = pages + 4096;
	for (int off = -8; off < 8; off++) {
		STORE(sd, edge + off, 0x1122334455667788u);
		uint64_t v;
		__asm__ volatile("ld %0, 0(%1)" : "=r"(v) : "r"(edge + off) : "memory");
		CHECK(v == 0x1122334455667788u);
	}
	print("crossing %02x %02x %02x\n", edge[-8], edge[0], edge[14]);
}

// --- Atomics ---------------------------------------------------------------------------

#define AMO(op)                                                                   \
	do {                                                                      \
		uint64_t h = FNV_INIT;                                            \
		for (size_t i = 0; i < ARRAY_LEN(edges); i++)                     \
			for (size_t j = 0; j < ARRAY_LEN(edges); j++) {           \
				uint64_t cell = edges[i], old;                    \
				__asm__ volatile(#op " %0, %2, (%1)"              \
						 : "=&r"(old)                     \
						 : "r"(&cell), "r"(edges[j])      \
						 : "memory");                     \
				if (verbose)                                      \
					print("  %s %016lx %016lx: %016lx, was %016lx\n", #op, edges[i], edges[j], cell, old); \
				h = fnv(fnv(h, old), cell);                       \
			}                                                         \
		print("%-13s %016lx\n", #op, h);                                  \
	} while (0)

static NOINLINE void test_atomics(void)
{
	AMO(amoswap.w); AMO(amoadd.w); AMO(amoxor.w); AMO(amoand.w); AMO(amoor.w);
	AMO(amomin.w); AMO(amomax.w); AMO(amominu.w); AMO(amomaxu.w);
	AMO(amoswap.d); AMO(amoadd.d); AMO(amoxor.d); AMO(amoand.d); AMO(amoor.d);
	AMO(amomin.d); AMO(amomax.d); AMO(amominu.d); AMO(amomaxu.d);
	AMO(amoadd.w.aqrl); AMO(amoadd.d.aq); AMO(amoadd.d.rl);

	// A store-conditional succeeds only after a load-reserved of its address,
	// and only once. A zero from sc means success.
	static uint64_t cell[64] __attribute__((aligned(64)));
	uint64_t old, first, again, other, without;
	cell[0] = 0xffffffff80000000u;
	__asm__ volatile("lr.d %0, (%4)\n\t"
			 "sc.d %1, %5, (%4)\n\t"
			 "sc.d %2, zero, (%4)\n\t"
			 "lr.d %3, (%4)\n\t"
			 : "=&r"(old), "=&r"(first), "=&r"(again), "=&r"(other)
			 : "r"(cell), "r"(42L)
			 : "memory");
	print("lr.d %016lx sc.d %d then %d, cell %ld %ld\n", old, first == 0, again == 0, other, cell[0]);
	__asm__ volatile("lr.w %0, (%3)\n\t"
			 "sc.w %1, %5, (%4)\n\t" // another address
			 "sc.w %2, %5, (%3)\n\t"
			 : "=&r"(old), "=&r"(other), "=&r"(without)
			 : "r"(cell), "r"(cell + 32), "r"(7L)
			 : "memory");
	print("lr.w %lx elsewhere %d, after it %d, cells %ld %ld\n", old, other == 0, without == 0, cell[0], cell[32]);
	cell[1] = 0x80000000u;
	__asm__ volatile("lr.w.aq %0, (%2)\n\tsc.w.rl %1, zero, (%2)"
			 : "=&r"(old), "=&r"(first) : "r"(cell + 1) : "memory");
	print("lr.w sign %016lx %d %lx\n", old, first == 0, cell[1]);
	__asm__ volatile("fence rw, rw\n\tfence.tso\n\tfence.i");
}

// --- Whole algorithms, as the compiler writes them ----------------------------------------

static uint32_t crc32(const uint8_t *p, size_t n)
{
	uint32_t crc = ~0u;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
	}
	return ~crc;
}

static int collatz(uint64_t n)
{
	int steps = 0;
	for (; n != 1; steps++)
		n = n % 2 ? 3 * n + 1 : n / 2;
	return steps;
}

static uint64_t xorshift(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static __int128 power(__int128 x, int n)
{
	__int128 r = 1;
	for (; n > 0; n--)
		r *= x;
	return r;
}

static void test_algorithms(void)
{
	print("crc32    %08x\n", crc32((const uint8_t *)"123456789", 9));
	print("collatz  %d %d\n", collatz(27), collatz(837799));
	uint64_t seed = 88172645463325252u, sum = 0;
	for (int i = 0; i < 1000; i++)
		sum += xorshift(&seed) % 1000003;
	print("xorshift %016lx %lu\n", seed, sum);
	__int128 p = power(-7, 41);
	print("power    %016lx%016lx\n", (uint64_t)(p >> 64), (uint64_t)p);

	static int v[500];
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		v[i] = (int)xorshift(&seed);
	for (size_t gap = ARRAY_LEN(v) / 2; gap > 0; gap /= 2) // Shell's sort
		for (size_t i = gap; i < ARRAY_LEN(v); i++)
			for (size_t j = i; j >= gap && v[j - gap] > v[j]; j -= gap) {
				int t = v[j];
				v[j] = v[j - gap];
				v[j - gap] = t;
			}
	uint64_t h = FNV_INIT;
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		h = fnv(h, (uint64_t)v[i]);
	print("sort     %d %d %016lx\n", v[0], v[499], h);
}

int main(int argc, char **argv, char **envp)
{
	(void)envp;
	verbose = argc > 1 && strcmp(argv[1], "all") == 0;
	test_binaries();
	test_immediates();
	test_branches();
	test_memory();
	test_atomics();
	test_algorithms();
	return 0;
}
