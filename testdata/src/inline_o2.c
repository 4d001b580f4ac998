// inline_o2: compiled at -O2, so that functions are inlined into one another,
// variables live in registers for part of their life (location lists), arguments
// are only known through the caller (entry values), loops are rotated, and calls
// at the end become jumps (tail calls, with DW_TAG_call_site).
#include "rt/rt.h"

struct vec {
	long x, y, z;
};

static inline long square(long x)
{
	return x * x; //@square
}

static inline long dot(const struct vec *a, const struct vec *b)
{
	return a->x * b->x + a->y * b->y + a->z * b->z; //@dot
}

static inline long norm(const struct vec *v)
{
	long xx = square(v->x); //@norm-xx
	long yy = square(v->y);
	long zz = square(v->z);
	return xx + yy + zz; //@norm
}

// Inlined three levels deep: angle → norm → square.
static inline long angle(const struct vec *a, const struct vec *b)
{
	long na = norm(a), nb = norm(b); //@angle-norms
	return dot(a, b) * 1000 / (na + nb + 1); //@angle
}

static NOINLINE long kernel(const struct vec *v, int n)
{
	long best = -1; //@kernel
	for (int i = 0; i + 1 < n; i++) {
		long here = angle(&v[i], &v[i + 1]); //@kernel-angle
		if (here > best)
			best = here; //@kernel-best
	}
	return best;
}

// The compiler turns the last calls into jumps: the frames in between vanish.
static volatile long sink;

static NOINLINE long tail_last(long x)
{
	sink = x; //@tail-last
	return x + 1;
}

static NOINLINE long tail_middle(long x, long y)
{
	sink += y; //@tail-middle
	return tail_last(x * 2); //@tail-middle-call
}

static NOINLINE long tail_first(long x)
{
	return tail_middle(x + 3, x); //@tail-first
}

// After the first line nothing needs `n` itself any more: a debugger finds it
// only as the entry value that the caller passed.
static NOINLINE long dead_argument(long n, long scale)
{
	long half = n / 2; //@dead-half
	sink = half; //@dead-sink
	sink += scale;
	return half * 3; //@dead-return
}

static NOINLINE long split_struct(struct vec v)
{
	v.x += v.y; //@split
	long before = v.x;
	v.y = square(before) - v.z;
	sink = v.y; //@split-sink
	return before + v.y;
}

// A constant that exists only in the debug information.
static NOINLINE long folded(long x)
{
	const long factor = 12;
	long offset = factor * 100; //@folded
	return x * factor + offset;
}

static NOINLINE double in_float_registers(double a, float b)
{
	double sum = a + b; //@float-sum
	double product = sum * a;
	sink = (long)product; //@float-sink
	return product / sum;
}

static NOINLINE __attribute__((cold)) void complain(const char *what, long x)
{
	print("complaint: %s %ld\n", what, x); //@complain
}

// The unlikely branch is moved far away, into checked.cold: the function has two
// ranges of addresses.
static NOINLINE long checked(long x)
{
	if (__builtin_expect(x < 0, 0)) {
		complain("negative", x); //@checked-cold
		complain("still", -x);
	}
	return square(x); //@checked-hot
}

int main(int argc, char **argv)
{
	(void)argv;
	static struct vec v[8];
	for (int i = 0; i < 8; i++)
		v[i] = (struct vec){i * argc, i * i - 3, 7 - i};
	print("kernel %ld\n", kernel(v, 8)); //@main-kernel
	print("tail %ld\n", tail_first(argc + 4)); //@main-tail
	print("dead %ld\n", dead_argument(argc * 100, 6)); //@main-dead
	print("split %ld\n", split_struct(v[3]));
	print("folded %ld\n", folded(argc + 1));
	print("float %ld\n", (long)(in_float_registers(argc + 0.5, 2.5f) * 1000));
	print("checked %ld %ld\n", checked(argc + 6), checked(argc - 6));
	return 0;
}
