// bench_int: an integer loop for measuring the speed of an engine. One iteration
// mixes a word with shifts, additions and a multiplication, and takes a branch
// that depends on the data. argv[1]: the number of iterations.
#include "rt/rt.h"

static NOINLINE uint64_t mix(uint64_t n)
{
	uint64_t x = 0x9e3779b97f4a7c15u, sum = 0;
	for (uint64_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		sum = (sum + (x >> 32)) * 31; //@hot
		if (sum & 64)
			sum ^= i;
	}
	return sum;
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? (uint64_t)parse_int(argv[1]) : 1000;
	print("bench_int %lu: %016lx\n", n, mix(n));
	return 0;
}
