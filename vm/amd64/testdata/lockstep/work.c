/* Integer work: SHA-256, qsort, 128-bit arithmetic, bits, setjmp, a heap. */
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t k[64], h[8];
static uint32_t rotr(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void block(const uint8_t *p)
{
	uint32_t w[64], s[8];
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t a = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
		uint32_t b = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
		w[i] = w[i - 16] + a + w[i - 7] + b;
	}
	memcpy(s, h, sizeof s);
	for (int i = 0; i < 64; i++) {
		uint32_t t1 = s[7] + (rotr(s[4], 6) ^ rotr(s[4], 11) ^ rotr(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
		uint32_t t2 = (rotr(s[0], 2) ^ rotr(s[0], 13) ^ rotr(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
		memmove(s + 1, s, 28);
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		h[i] += s[i];
}

static int by_value(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;
	return (x > y) - (x < y);
}

static jmp_buf out;
static void deep(int n)
{
	if (n == 0)
		longjmp(out, 3);
	deep(n - 1);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 10;
	uint64_t seed = 42, sum = 0;
	uint8_t data[64];
	for (int i = 0; i < 64; i++)
		k[i] = (uint32_t)(i * 0x9e3779b9u) ^ 0x428a2f98u;
	for (int r = 0; r < rounds; r++) {
		for (int i = 0; i < 64; i++)
			data[i] = (uint8_t)(seed = seed * 6364136223846793005u + 1442695040888963407u) ^ (uint8_t)(seed >> 56);
		block(data);
		long v[50];
		for (int i = 0; i < 50; i++)
			v[i] = (long)(seed = seed * 6364136223846793005u + 1442695040888963407u) >> (i % 60);
		qsort(v, 50, sizeof *v, by_value);
		sum = sum * 33 + (uint64_t)v[7];
		__int128 wide = (__int128)v[3] * v[40] + v[9];
		sum += (uint64_t)(wide >> 61) + (uint64_t)(wide / (v[20] | 1)) + (uint64_t)(wide % 1000003);
		for (int i = 0; i < 50; i++) {
			uint64_t u = (uint64_t)v[i] | 1;
			sum += __builtin_ctzl(u) + __builtin_clzl(u) + __builtin_popcountl(u) + __builtin_bswap64(u) % 17 + u / (r + 3) + v[i] % (i + 2);
			sum ^= u << (i & 63) | u >> (64 - (i & 63) & 63);
			uint16_t s = (uint16_t)u;
			int8_t c = (int8_t)u;
			sum += (uint16_t)(s * 3 + c) / 7 + (c >> 2) + (uint8_t)(s >> 3);
		}
		void *p[20];
		for (int i = 0; i < 20; i++)
			memset(p[i] = malloc(16 + (seed >> i) % 3000), i, 16);
		for (int i = 0; i < 20; i++)
			free(p[(i * 7) % 20]);
		if (setjmp(out) == 0)
			deep(10 + r % 5);
		float f[16];
		for (int i = 0; i < 16; i++)
			f[i] = (float)v[i] * 0.25f;
		for (int i = 0; i < 16; i++)
			sum += (uint64_t)(int64_t)(f[i] * 1e-12f);
	}
	for (int i = 0; i < 8; i++)
		printf("%08x", h[i]);
	printf(" %lu\n", (unsigned long)sum);
	return 0;
}
