/* The C library's string functions on all alignments and many lengths. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

static char a[512], b[512], c[512];
static unsigned seed = 1;
static unsigned next(void) { return seed = seed * 1103515245 + 12345, seed >> 8; }

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 100;
	unsigned long sum = 0;
	for (int i = 0; i < rounds; i++) {
		unsigned off = next() % 32, off2 = next() % 32, n = next() % 200;
		for (unsigned j = 0; j < n; j++)
			a[off + j] = 'a' + next() % 26;
		a[off + n] = 0;
		char *p = a + off, *q = b + off2;
		sum += strlen(p);
		strcpy(q, p);
		sum += strcmp(p, q) == 0;
		if (n > 0)
			q[next() % n] ^= 1;
		sum = sum * 31 + (strcmp(p, q) > 0);
		sum += memcmp(p, q, n) < 0;
		sum += strncmp(p, q, n / 2) < 0;
		sum += strcasecmp(p, q) < 0;
		char *r = strchr(p, 'e');
		sum += r ? r - p : 7;
		r = strrchr(p, 'x');
		sum += r ? r - p : 3;
		r = memchr(p, 'q', n);
		sum += r ? r - p : 5;
		sum += strspn(p, "abcdefghijklmno") + strcspn(p, "xyz");
		r = strpbrk(p, "vwz");
		sum += r ? r - p : 11;
		char needle[4] = {p[0], p[n / 2], 0};
		r = strstr(q, needle);
		sum += r ? r - q : 13;
		memmove(a + off + next() % 8, a + off, n);
		memset(c + off2, next(), n);
		memcpy(c + off, a + off2, n);
		sum += strnlen(p, 64);
		char *save, copy[256];
		snprintf(copy, sizeof copy, "%.100s one two,three", p);
		for (char *t = strtok_r(copy, " ,e", &save); t; t = strtok_r(NULL, " ,e", &save))
			sum += strlen(t);
		wchar_t w[64];
		size_t wn = mbstowcs(w, "wide text", 64);
		sum += wn + wcslen(w);
	}
	printf("%lu\n", sum);
	return 0;
}
