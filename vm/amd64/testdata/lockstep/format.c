/* printf and strtod of doubles and long doubles, and mathematics. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned long seed = 88172645463325252ul;
static unsigned long next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 100;
	char text[600];
	double sum = 0;
	long double lsum = 0;
	for (int i = 0; i < rounds; i++) {
		union { unsigned long u; double d; } v = {next()};
		double x = (double)(next() >> 20) / 1e9 - 3.5;
		long double l = (long double)next() / 3.0L - 1e18L;
		snprintf(text, sizeof text, "%g %.17g %a %.3f", v.d, v.d, v.d, x);
		sum += strtod(text, NULL) == v.d;
		snprintf(text, sizeof text, "%Lg %.21Lg %La %Lf", l, l, l, l / 1e10L);
		lsum += strtold(text, NULL);
		sum += sin(x) + cos(x * 3) + exp(x / 10) + log(fabs(x) + 1) + pow(fabs(x), 0.3) + atan2(x, 2) + cbrt(x);
		sum += sqrt(fabs(x)) + floor(x) + ceil(x * 7) + rint(x) + fmod(x, 0.7) + hypot(x, 1) + tanh(x);
		float f = (float)x;
		sum += sinf(f) + expf(f / 4) + sqrtf(fabsf(f)) + roundf(f);
		lsum += sqrtl(fabsl(l)) + floorl(l / 7) + fmodl(l, 13.5L) + rintl(l / 1e9L);
		sum += (int)x + (long)(x * 1e12) + (unsigned)(f > 0 ? f : 0) + (double)(unsigned long)next();
		sum += isnan(v.d) + isinf(v.d) * 2 + signbit(v.d) + nextafter(x, 10) - x;
	}
	printf("%.17g %.21Lg\n", sum, lsum);
	return 0;
}
