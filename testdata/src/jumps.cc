// Leaves calls in every way but by returning, on several stacks: longjmp,
// exceptions, coroutines, handlers on another stack, tail calls.
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile unsigned sum;
static jmp_buf env;
static sigjmp_buf senv;
static ucontext_t mainctx, co[2];
static char low[2][32768], alt[32768];

static void work(unsigned n) {
	for (unsigned i = 0; i < n; i++)
		sum += i * 3;
}

static unsigned deep(unsigned n, unsigned how) {
	work(20);
	if (n > 0) {
		unsigned r = deep(n - 1, how);
		work(3);
		return r + 1;
	}
	switch (how % 5) {
	case 0:
		longjmp(env, 1);
	case 1:
		throw how;
	case 2:
		siglongjmp(senv, 1);
	case 3:
		raise(SIGUSR1);
		break;
	}
	return how;
}

static void coroutine(int id) {
	for (;;) {
		work(15);
		unsigned r = 0;
		try {
			r = deep(3, 4 - 3 * (id & 1));
		} catch (unsigned x) {
			r = x;
		}
		sum += r;
		swapcontext(&co[id], &mainctx);
		work(5);
	}
}

static void handler(int) {
	work(30);
	sum += deep(2, 4);
	work(3);
	if (sum % 3 == 0)
		siglongjmp(senv, 2);
}

static unsigned leap(unsigned how) {
	volatile unsigned h = how;
	if (setjmp(env) == 0) {
		sum += deep(4, 0);
	}
	work(h % 7);
	return h;
}

static unsigned caught(unsigned how) {
	try {
		sum += deep(how % 6, 1);
	} catch (unsigned x) {
		work(x % 9);
	}
	return how + 1;
}

static unsigned signalled(unsigned how) {
	volatile unsigned h = how;
	if (sigsetjmp(senv, 1) == 0)
		sum += deep(2, h % 2 ? 3 : 2);
	work(4);
	return h;
}

static unsigned switched(unsigned how) {
	work(6);
	swapcontext(&mainctx, &co[how % 2]);
	work(2);
	return how;
}

static unsigned child(unsigned how) {
	pid_t p = vfork();
	if (p == 0)
		_exit(how & 7);
	int status;
	waitpid(p, &status, 0);
	work(how % 5);
	return status;
}

static unsigned round_(unsigned i) {
	unsigned r = 0;
	r += leap(i);
	r += caught(i);
	r += signalled(i);
	r += switched(i);
	if (i % 4 == 0)
		r += child(i);
	return r;
}

int main() {
	stack_t s = {};
	s.ss_sp = alt, s.ss_size = sizeof alt;
	sigaltstack(&s, nullptr);
	struct sigaction a = {};
	a.sa_handler = handler, a.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &a, nullptr);
	for (int i = 0; i < 2; i++) {
		getcontext(&co[i]);
		co[i].uc_stack.ss_sp = i ? low[1] : (char *)alloca(32768);
		co[i].uc_stack.ss_size = 32768;
		makecontext(&co[i], (void (*)())coroutine, 1, i);
	}
	unsigned r = 0;
	for (unsigned i = 0; i < 30; i++)
		r += round_(i);
	printf("%u %u\n", r, sum);
}
