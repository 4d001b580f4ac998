// recurse: recursion of every kind, for stepping over, out of and back into
// calls, and for deep stacks. //@NAME marks a line for tests.
#include "rt/rt.h"

static int fib(int n)
{
	if (n < 2)
		return n; //@fib-leaf
	return fib(n - 1) + fib(n - 2); //@fib-recurse
}

static int ackermann(int m, int n)
{
	if (m == 0)
		return n + 1;
	if (n == 0)
		return ackermann(m - 1, 1);
	return ackermann(m - 1, ackermann(m, n - 1)); //@ackermann-nested
}

static bool is_odd(unsigned n);

static bool is_even(unsigned n)
{
	if (n == 0)
		return true;
	return is_odd(n - 1); //@even-calls-odd
}

static bool is_odd(unsigned n)
{
	if (n == 0)
		return false;
	return is_even(n - 1); //@odd-calls-even
}

// The whole function is one line: every step over it starts and ends on it.
static int sum_to(int n) { return n == 0 ? 0 : n + sum_to(n - 1); } //@one-line

static int moves;

static void hanoi(int n, char from, char to, char via)
{
	if (n == 0)
		return;
	hanoi(n - 1, from, via, to);
	moves++; //@hanoi-move
	hanoi(n - 1, via, to, from);
}

// permute prints nothing; it counts the permutations of s[k…n) that are
// palindromes, and works in place, so every level undoes its own swap.
static int permute(char *s, int k, int n)
{
	if (k == n) {
		for (int i = 0; i < n / 2; i++)
			if (s[i] != s[n - 1 - i])
				return 0;
		return 1;
	}
	int found = 0;
	for (int i = k; i < n; i++) {
		char t = s[k];
		s[k] = s[i];
		s[i] = t;
		found += permute(s, k + 1, n); //@permute-down
		s[i] = s[k];
		s[k] = t;
	}
	return found;
}

// deep makes a frame of about 100 bytes per level.
static int deep(int level)
{
	volatile char pad[64];
	pad[level % 64] = (char)level;
	if (level == 0)
		return 0; //@deep-bottom
	return deep(level - 1) + (pad[level % 64] != 0);
}

int main(void)
{
	print("fib(15) = %d\n", fib(15)); //@main-fib
	print("ackermann(2, 3) = %d\n", ackermann(2, 3));
	print("is_even(10) = %d, is_odd(10) = %d\n", is_even(10), is_odd(10));
	print("sum_to(100) = %d\n", sum_to(100)); //@main-sum
	hanoi(8, 'a', 'b', 'c');
	print("hanoi(8) = %d moves\n", moves);
	char word[] = "aabbc";
	print("permute = %d\n", permute(word, 0, 5));
	print("deep(1000) = %d\n", deep(1000));
	return 42;
}
