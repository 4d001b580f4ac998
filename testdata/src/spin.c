// spin: never ends and never calls the kernel again after its first line. For
// pause, cancel, and what a debugger does with a program that hangs.
#include "rt/rt.h"

static volatile uint64_t turns;

static NORETURN void spin(void)
{
	for (;;) {
		turns++; //@turn
	}
}

int main(void)
{
	print("spinning\n");
	spin(); //@call-spin
}
