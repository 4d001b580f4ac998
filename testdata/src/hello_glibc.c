// hello_glibc: an ordinary C program with the GNU C library, linked statically:
// formatted output, the heap, qsort with a callback of ours below a frame of
// theirs, strings, atexit.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct word {
	char *text;
	int count;
};

static int compared;

static int by_count(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	compared++; //@compare
	if (x->count != y->count)
		return y->count - x->count;
	return strcmp(x->text, y->text);
}

static struct word *add(struct word *words, size_t *n, const char *text)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(words[i].text, text) == 0) {
			words[i].count++; //@again
			return words;
		}
	words = realloc(words, (*n + 1) * sizeof *words);
	words[*n] = (struct word){strdup(text), 1}; //@new-word
	++*n;
	return words;
}

static void bye(void)
{
	printf("bye, %d comparisons or fewer\n", compared > 64 ? -1 : 64); //@bye
}

int main(int argc, char **argv)
{
	atexit(bye);
	printf("hello, %s\n", argc > 1 ? argv[1] : "world"); //@hello
	char text[] = "the quick brown fox jumps over the lazy dog and the quick cat";
	struct word *words = NULL;
	size_t n = 0;
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		words = add(words, &n, w);
	qsort(words, n, sizeof *words, by_count); //@qsort
	for (size_t i = 0; i < 3; i++)
		printf("%-6s %d\n", words[i].text, words[i].count); //@print-word
	printf("%.3f %e %g %08.3f\n", 3.14159265, 6.02214076e23, 1e-5, -2.5);
	char *big = malloc(1 << 20); // above the mmap threshold
	memset(big, 'x', 1 << 20);
	printf("%c%c %zu\n", big[0], big[(1 << 20) - 1], strlen(words[0].text));
	free(big);
	FILE *f = fopen("/nonexistent/file", "r");
	printf("fopen: %s\n", f ? "?" : strerror(errno));
	for (size_t i = 0; i < n; i++)
		free(words[i].text);
	free(words);
	fflush(stdout);
	fprintf(stderr, "done\n");
	return 5;
}
