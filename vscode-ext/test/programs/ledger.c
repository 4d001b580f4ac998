// ledger: five days of bookkeeping. Each day prints one line.
#include <stdio.h>

static int balance;

static int fee(int amount)
{
	int part = amount / 10; //@fee
	return part;            //@fee-return
}

static void book(int amount)
{
	int cost = fee(amount);   //@call-fee
	balance += amount - cost; //@write
} //@book-end

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0); //@first
	for (int day = 1; day <= 5; day++) { //@days
		book(day * 10);                         //@call-book
		printf("day %d: %d\n", day, balance); //@print
	}
	puts("closed"); //@last
	return 0;
}
