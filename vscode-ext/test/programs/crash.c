// crash: a loop that runs over the end of an array clears the pointer behind it,
// which is used much later.
#include <stdio.h>

static struct {
	int days[7];
	const char *name;
} week = {.name = "week"};

static void clear(int count)
{
	for (int i = 0; i < count; i++)
		week.days[i] = 0; //@culprit
}

int main(void)
{
	clear(10); //@call-clear
	for (volatile int i = 0; i < 100000; i++)
		;
	putchar(*week.name); //@crash
	return 0;
}
