// Reads a line from its terminal.
#include <stdio.h>
#include <unistd.h>

int main(void) {
	char name[64] = "";
	printf("terminal %d; name? ", isatty(0));
	fflush(stdout);
	if (fgets(name, sizeof name, stdin) == NULL)
		return 1;
	printf("hello %s", name);
	return 0;
}
