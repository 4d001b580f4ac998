// The formatter behind print.
#include "rt.h"

struct sink {
	char *buf;
	size_t len, cap; // cap leaves room for the terminating zero
};

static void put(struct sink *s, char c)
{
	if (s->len < s->cap)
		s->buf[s->len++] = c;
}

static void put_field(struct sink *s, const char *text, size_t n, int width, bool left, char pad)
{
	if (!left)
		for (; width > (int)n; width--)
			put(s, pad);
	for (size_t i = 0; i < n; i++)
		put(s, text[i]);
	if (left)
		for (; width > (int)n; width--)
			put(s, ' ');
}

// put_number writes v with its sign in front of any zero padding.
static void put_number(struct sink *s, uint64_t v, bool negative, unsigned base, int width, bool left, char pad)
{
	char digits[24];
	int i = sizeof digits;
	do
		digits[--i] = "0123456789abcdef"[v % base];
	while ((v /= base) != 0);
	if (negative) {
		if (pad == '0' && !left) {
			put(s, '-');
			width--;
		} else {
			digits[--i] = '-';
		}
	}
	put_field(s, digits + i, sizeof digits - i, width, left, pad);
}

int vformat(char *buf, size_t n, const char *fmt, va_list args)
{
	struct sink s = {buf, 0, n - 1};
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(&s, *fmt);
			continue;
		}
		bool left = false, wide = false;
		char pad = ' ';
		int width = 0;
		for (fmt++; *fmt == '0' || *fmt == '-'; fmt++) {
			if (*fmt == '-')
				left = true;
			else
				pad = '0';
		}
		for (; *fmt >= '0' && *fmt <= '9'; fmt++)
			width = width * 10 + (*fmt - '0');
		for (; *fmt == 'l' || *fmt == 'z'; fmt++)
			wide = true;
		switch (*fmt) {
		case 'd': {
			int64_t v = wide ? va_arg(args, int64_t) : va_arg(args, int);
			put_number(&s, v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0, 10, width, left, pad);
			break;
		}
		case 'u':
		case 'x': {
			uint64_t v = wide ? va_arg(args, uint64_t) : va_arg(args, unsigned);
			put_number(&s, v, false, *fmt == 'x' ? 16 : 10, width, left, pad);
			break;
		}
		case 'p':
			put(&s, '0');
			put(&s, 'x');
			put_number(&s, (uint64_t)va_arg(args, void *), false, 16, width, left, pad);
			break;
		case 'c': {
			char c = (char)va_arg(args, int);
			put_field(&s, &c, 1, width, left, ' ');
			break;
		}
		case 's': {
			const char *text = va_arg(args, const char *);
			if (!text)
				text = "(null)";
			put_field(&s, text, strlen(text), width, left, ' ');
			break;
		}
		case '%':
			put(&s, '%');
			break;
		default:
			fail("known conversion in a format", fmt, 0);
		}
	}
	buf[s.len] = 0;
	return (int)s.len;
}

int format(char *buf, size_t n, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int len = vformat(buf, n, fmt, args);
	va_end(args);
	return len;
}

void print(const char *fmt, ...)
{
	char buf[512];
	va_list args;
	va_start(args, fmt);
	int len = vformat(buf, sizeof buf, fmt, args);
	va_end(args);
	for (char *p = buf; len > 0;) {
		long n = sys_write(STDOUT, p, (size_t)len);
		if (n <= 0)
			break; // nobody listens: not a guest's concern
		p += n;
		len -= (int)n;
	}
}

void fail(const char *what, const char *file, int line)
{
	print("%s:%d: failed: %s\n", file, line, what);
	sys_exit_group(99);
}
