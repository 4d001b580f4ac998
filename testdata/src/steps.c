// steps: one construct after the other for a debugger to step through, in both
// directions. A comment //@NAME marks a line, so that tests name lines and do not
// count them. No line here depends on input, time or threads.
#include "rt/rt.h"

static int trace; // grows with every call, so that no two visits look alike

static int a(int x)
{
	trace++; //@a-body
	return x + 1;
}

static int b(int x)
{
	trace++; //@b-body
	return x * 2;
}

static int c(int x)
{
	trace++; //@c-body
	return x - 3;
}

// --- Loops ---------------------------------------------------------------------

static int loops(void)
{
	int sum = 0; //@loop-init
	for (int i = 0; i < 3; i++) { //@loop-head
		sum += i; //@loop-body
	}
	for (int i = 0; i < 5; i++) sum += i; //@loop-one-line
	while (sum < 20) //@while-head
		sum += 4; //@while-body
	do { //@do-head
		sum--;
	} while (sum > 15); //@do-test
	for (int i = 0; i < 3; i++) sum += a(i); //@loop-call-one-line
	for (;;) { //@endless-head
		if (sum > 30)
			break; //@break
		if (sum++ % 2)
			continue; //@continue
		sum++;
	}
	return sum; //@loops-return
}

// --- Calls -----------------------------------------------------------------------

static int nested_calls(int x)
{
	int r = a(b(c(x))); //@nested
	r += a(x) + b(x) + c(x); //@three-calls
	r = x > 0 ? a(r) : b(r); //@conditional-call
	if (a(x) > 0 && b(x) > 0 || c(x) > 0) //@short-circuit
		r++;
	return c(r) + a(b(r)); //@return-calls
}

typedef int (*operation)(int);

static int through_pointer(operation op, int x)
{
	return op(x); //@indirect
}

static int function_pointers(void)
{
	static const operation table[] = {a, b, c};
	int sum = 0;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		sum += table[i](10); //@table-call
	sum += through_pointer(b, sum); //@pass-pointer
	return sum;
}

static void each(const int *v, int n, void (*visit)(int, void *), void *context)
{
	for (int i = 0; i < n; i++)
		visit(v[i], context); //@callback-call
}

static void add_to(int x, void *context)
{
	int *sum = context; //@callback-body
	*sum += x;
}

static int callbacks(void)
{
	static const int v[] = {3, 1, 4, 1, 5};
	int sum = 0;
	each(v, ARRAY_LEN(v), add_to, &sum); //@callbacks
	return sum;
}

// --- Branches ------------------------------------------------------------------------

static const char *sign(int x)
{
	if (x < 0)
		return "negative"; //@early-return
	if (x == 0) {
		return "zero"; //@second-return
	} else {
		trace++;
	}
	return "positive"; //@last-return
}

static int switches(int x)
{
	int r = 0;
	switch (x) { //@switch
	case 0:
		r = 10; //@case-0
		break;
	case 1:
		r = 20; //@case-1, falls through
	case 2:
		r += 5; //@case-2
		break;
	case 1000:
		r = a(x);
		break;
	default:
		r = -1; //@case-default
	}
	return r;
}

static int gotos(int n)
{
	int tries = 0;
again:
	tries++; //@goto-target
	if (tries < n)
		goto again; //@goto-back
	if (n > 2)
		goto out; //@goto-forward
	tries += 100;
out:
	return tries; //@goto-out
}

// --- Macros, and several lines that are one statement ------------------------------------

#define TWICE(x) (a(x) + a(x))
#define SWAP(x, y)          \
	do {                \
		int t = x;  \
		x = y;      \
		y = t;      \
	} while (0)

static int macros(int x)
{
	int y = TWICE(x); //@macro-call
	SWAP(x, y); //@macro-swap
	return x * 100 + y;
}

static int long_statement(int x)
{
	return a(x) + //@long-1
	       b(x) + //@long-2
	       c(x +  //@long-3
	         a(1)); //@long-4
}

static inline __attribute__((always_inline)) int inlined(int x)
{
	trace++; //@inlined-body
	return x ^ 5; //@inlined-return
}

static int uses_inlined(int x)
{
	int r = inlined(x); //@inlined-call
	r += inlined(r) + inlined(r + 1); //@inlined-twice
	return r;
}

// --- Recursion ------------------------------------------------------------------------------

static int factorial(int n)
{
	if (n <= 1)
		return 1; //@factorial-bottom
	int below = factorial(n - 1); //@factorial-call
	return n * below; //@factorial-return
}

static int one_line_factorial(int n) { return n <= 1 ? 1 : n * one_line_factorial(n - 1); } //@factorial-one-line

// --- Scopes and frames ------------------------------------------------------------------------

static int shadowing(int x)
{
	int r = x; //@outer
	{
		int x = 7; //@inner
		r += x; //@inner-use
		{
			int x = 9;
			r += x; //@innermost-use
		}
	}
	return r + x; //@outer-again
}

// Its frame has no fixed size.
static int variable_frame(int n)
{
	int v[n]; //@vla
	for (int i = 0; i < n; i++)
		v[i] = a(i);
	return v[n - 1]; //@vla-return
}

static NOINLINE int many_arguments(int a1, int a2, int a3, int a4, int a5, int a6, int a7, int a8, int a9, long a10)
{
	return a1 + a2 * a3 - a4 + a5 - a6 + a7 * a8 + a9 - (int)a10; //@many-arguments
}

static void empty(void) {} //@empty

static void leave_from_loop(int n)
{
	for (int i = 0;; i++)
		if (i == n)
			return; //@return-from-loop
}

int main(void)
{
	print("loops %d\n", loops()); //@main-loops
	print("nested_calls %d\n", nested_calls(5)); //@main-nested
	print("function_pointers %d\n", function_pointers());
	print("callbacks %d\n", callbacks());
	print("%s %s %s\n", sign(-5), sign(0), sign(5)); //@main-sign
	print("switches %d %d %d %d %d\n", switches(0), switches(1), switches(2), switches(1000), switches(9));
	print("gotos %d %d\n", gotos(2), gotos(4));
	print("macros %d\n", macros(3));
	print("long_statement %d\n", long_statement(4));
	print("uses_inlined %d\n", uses_inlined(8));
	print("factorial %d %d\n", factorial(5), one_line_factorial(5)); //@main-factorial
	print("shadowing %d\n", shadowing(1));
	print("variable_frame %d\n", variable_frame(6));
	print("many_arguments %d\n", many_arguments(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
	empty(); //@main-empty
	leave_from_loop(3);
	print("trace %d\n", trace); //@main-last
	return 3; //@main-return
} //@main-end
