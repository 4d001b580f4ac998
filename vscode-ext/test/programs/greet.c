// greet: reads a name from the terminal and greets.
#include <stdio.h>
#include <string.h>

int main(void)
{
	char name[40];
	printf("name? "); //@ask
	fflush(stdout);
	if (!fgets(name, sizeof name, stdin)) //@read
		return 1;
	name[strcspn(name, "\n")] = 0;
	printf("hello %s\n", name); //@greet
	return 0;
}
