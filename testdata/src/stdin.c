// stdin: echoes the lines of standard input with their number and sums up the
// numbers in them. The reads are of 16 bytes, so most lines come in pieces.
#include "rt/rt.h"

static char chunk[16];
static long chunk_len, chunk_at, reads;

// next_char returns -1 at the end of input.
static int next_char(void)
{
	if (chunk_at == chunk_len) {
		chunk_len = sys_read(STDIN, chunk, sizeof chunk); //@read
		chunk_at = 0;
		reads++;
		if (chunk_len <= 0) {
			chunk_len = 0;
			return -1;
		}
	}
	return (unsigned char)chunk[chunk_at++];
}

// read_line returns the length without the newline, -1 at the end of input.
static int read_line(char *line, int size)
{
	int n = 0, c;
	while ((c = next_char()) >= 0 && c != '\n')
		if (n < size - 1)
			line[n++] = (char)c;
	line[n] = 0;
	return c < 0 && n == 0 ? -1 : n;
}

static long sum_numbers(const char *s)
{
	long sum = 0;
	while (*s) {
		bool digit = *s >= '0' && *s <= '9';
		if (!digit && !(*s == '-' && s[1] >= '0' && s[1] <= '9')) {
			s++;
			continue;
		}
		sum += parse_int(s);
		for (s++; *s >= '0' && *s <= '9'; s++)
			;
	}
	return sum;
}

int main(void)
{
	char line[80];
	long total = 0;
	int lines = 0, n;
	while ((n = read_line(line, sizeof line)) >= 0) {
		long sum = sum_numbers(line); //@sum
		total += sum;
		print("%2d: %s (%d characters, sum %ld)\n", ++lines, line, n, sum); //@echo
	}
	print("%d lines, total %ld\n", lines, total);
	return lines;
}
