// Memory and strings. The compiler may call memcpy, memmove, memset and memcmp
// by itself; this file is compiled with -fno-tree-loop-distribute-patterns, else
// it would turn the loops in here into calls of themselves.
#include "rt.h"

void *memcpy(void *dst, const void *src, size_t n)
{
	uint8_t *d = dst;
	const uint8_t *s = src;
	while (n--)
		*d++ = *s++;
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	uint8_t *d = dst;
	const uint8_t *s = src;
	if (d <= s)
		return memcpy(dst, src, n);
	while (n--)
		d[n] = s[n];
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	uint8_t *d = dst;
	while (n--)
		*d++ = (uint8_t)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;
	for (; n > 0; n--, p++, q++)
		if (*p != *q)
			return *p < *q ? -1 : 1;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;
	while (s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (uint8_t)*a - (uint8_t)*b;
}

char *strcpy(char *dst, const char *src)
{
	char *d = dst;
	while ((*d++ = *src++) != 0)
		;
	return dst;
}

long parse_int(const char *s)
{
	bool negative = *s == '-';
	if (*s == '-' || *s == '+')
		s++;
	long v = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (*s - '0');
	return negative ? -v : v;
}

uint64_t fnv(uint64_t h, uint64_t v)
{
	for (int i = 0; i < 8; i++) {
		h ^= v & 0xff;
		h *= 0x100000001b3u;
		v >>= 8;
	}
	return h;
}

static char *heap_next, *heap_end;

void *alloc(size_t n)
{
	n = (n + 15) & ~(size_t)15;
	if (!heap_next) {
		heap_next = sys_brk(NULL);
		heap_next += -(uintptr_t)heap_next & 15;
		heap_end = heap_next;
	}
	if (heap_next + n > heap_end) {
		char *want = heap_next + n;
		want += -(uintptr_t)want & 0xffff; // grow by 64 KiB at least
		heap_end = sys_brk(want);
		CHECK(heap_end >= want);
	}
	void *p = heap_next;
	heap_next += n;
	return p;
}
