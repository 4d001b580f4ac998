// bench_float: a floating-point loop for measuring the speed of an engine. One
// iteration moves a particle in the field of three others: differences, squares,
// a square root and a division, in double precision. argv[1]: the number of
// iterations.
#include "rt/rt.h"

struct vec { double x, y, z; };

static const struct vec suns[3] = {{1.0, 0.25, -0.5}, {-0.75, 1.5, 0.5}, {0.25, -1.25, 1.0}};

static NOINLINE struct vec move(struct vec p, long n)
{
	struct vec v = {0.01, -0.02, 0.005};
	for (long i = 0; i < n; i++) {
		for (int k = 0; k < 3; k++) {
			double dx = suns[k].x - p.x, dy = suns[k].y - p.y, dz = suns[k].z - p.z;
			double d2 = dx * dx + dy * dy + dz * dz + 0.125;
			double f = 0.001 / (d2 * __builtin_sqrt(d2)); //@hot
			v.x += dx * f;
			v.y += dy * f;
			v.z += dz * f;
		}
		p.x += v.x * 0.001;
		p.y += v.y * 0.001;
		p.z += v.z * 0.001;
	}
	return p;
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? parse_int(argv[1]) : 1000;
	union { struct vec v; uint64_t bits[3]; } r = {.v = move((struct vec){0.5, 0.5, 0.5}, n)};
	print("bench_float %ld: %016lx %016lx %016lx\n", n, r.bits[0], r.bits[1], r.bits[2]);
	return 0;
}
