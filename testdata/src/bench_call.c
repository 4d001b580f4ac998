// bench_call: calls and returns for measuring the speed of an engine. One
// iteration computes fib(20) the slow way, 21,891 calls. argv[1]: the number of
// iterations. The attributes keep the compiler from turning the recursion into
// a loop.
#include "rt/rt.h"

static __attribute__((noinline, noclone, optimize("no-optimize-sibling-calls", "no-tree-tail-merge"))) long fib(long n)
{
	if (n < 2)
		return n;
	return fib(n - 1) + fib(n - 2); //@hot
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? parse_int(argv[1]) : 1;
	uint64_t h = FNV_INIT;
	for (long i = 0; i < n; i++)
		h = fnv(h, (uint64_t)fib(20));
	print("bench_call %ld: %016lx\n", n, h);
	return 0;
}
