// long_ago: something happens once, and then nothing like it for as long as one
// likes: for measuring how long it takes to go back to it. What comes after it is
// one call of a recursion whose frames are of every length, calls within calls and a
// loop at its leaves, which write to memory all the time. argv[1]: the depth of the
// recursion; with depth d it executes about 10^(d+3) instructions.
#include "rt/rt.h"

// What is written once has a page of its own.
static struct {
	long value;
	char rest[4096 - sizeof(long)];
} event __attribute__((aligned(4096)));

static uint64_t table[512];

static NOINLINE void once(long value)
{
	event.value = value; //@event
}

static NOINLINE long fib(long n)
{
	if (n < 2)
		return n;
	return fib(n - 1) + fib(n - 2); //@fib
}

static NOINLINE uint64_t mix(uint64_t h)
{
	for (int i = 0; i < 29; i++) {
		h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9u; //@mix
		table[h % ARRAY_LEN(table)] += h;
	}
	return h;
}

static NOINLINE uint64_t tree(int depth, uint64_t h)
{
	if (depth == 0) {
		h += (uint64_t)fib(5); //@leaf
		return mix(h);
	}
	for (int i = 0; i < 10; i++)
		h = tree(depth - 1, h); //@branch
	return h; //@grown
}

static NOINLINE uint64_t late(uint64_t h)
{
	return h ^ table[1]; //@late
}

int main(int argc, char **argv)
{
	int depth = argc > 1 ? (int)parse_int(argv[1]) : 1;
	once(depth); //@once
	uint64_t h = tree(depth, FNV_INIT); //@long-call
	h = late(h); //@after
	print("long_ago %d: %016lx\n", depth, h);
	return 0;
}
