// march: takes many steps, and then says so. Argument: how many millions.
#include <stdio.h>
#include <stdlib.h>

static long steps;

int main(int argc, char **argv)
{
	long count = (argc > 1 ? atol(argv[1]) : 1) * 1000000; //@first
	for (long i = 0; i < count; i++)
		steps++; //@step
	printf("%ld steps\n", steps); //@last
	return 0;
}
