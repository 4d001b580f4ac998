// sleepy: everything that waits for time. It prints no times, only whether they
// are right, so its output does not depend on how fast the clock goes.
#include "rt/rt.h"

static int64_t now(int clock)
{
	struct timespec t;
	CHECK(sys_clock_gettime(clock, &t) == 0);
	CHECK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

// slept tells whether at least ms milliseconds passed since start, and not
// absurdly more.
static const char *slept(int64_t start, int ms)
{
	int64_t ns = now(CLOCK_MONOTONIC) - start;
	return ns < ms * (int64_t)1000000 ? "too short" : ns > 10 * (int64_t)1000000000 ? "too long" : "ok";
}

// ms is set anew before each use: ppoll writes the time left into its argument.
static struct timespec ms(int n) { return (struct timespec){0, n * 1000000}; }

static int waker(void *arg)
{
	struct timespec t = ms(5);
	sys_nanosleep(&t, NULL);
	set_and_wake(arg, 1);
	return 0;
}

int main(void)
{
	int64_t start = now(CLOCK_MONOTONIC);
	struct timespec t = ms(20);
	CHECK(sys_nanosleep(&t, NULL) == 0); //@nanosleep
	print("nanosleep: %s\n", slept(start, 20));

	start = now(CLOCK_MONOTONIC);
	t = ms(10);
	CHECK(sys_poll(NULL, 0, &t) == 0); //@poll
	print("poll without descriptors: %s\n", slept(start, 10));

	int fds[2];
	CHECK(sys_pipe2(fds, 0) == 0);
	struct pollfd p = {fds[0], POLLIN, 0};
	start = now(CLOCK_MONOTONIC);
	t = ms(10);
	CHECK(sys_poll(&p, 1, &t) == 0 && p.revents == 0);
	print("poll of an empty pipe: %s\n", slept(start, 10));
	CHECK(sys_write(fds[1], "x", 1) == 1);
	t = ms(10);
	CHECK(sys_poll(&p, 1, &t) == 1 && p.revents == POLLIN);
	print("poll of a full one: ready\n");

	static int word;
	start = now(CLOCK_MONOTONIC);
	t = ms(10);
	long r = sys_futex(&word, 0, 0, &t); // FUTEX_WAIT
	print("futex: %s, %s\n", r == -ETIMEDOUT ? "timed out" : "woken", slept(start, 10));
	r = sys_futex(&word, 0, 1, &t);
	print("futex with another value: %s\n", r == -EAGAIN ? "again" : "?");

	static struct thread th;
	start = now(CLOCK_MONOTONIC);
	thread_start(&th, waker, &word);
	wait_for(&word, 1); // all threads sleep here for a while
	print("woken by a sleeper: %s\n", slept(start, 5));
	thread_join(&th);

	int64_t day = now(CLOCK_REALTIME) / 1000000000 / 86400;
	print("the year is plausible: %s\n", day > 18262 && day < 65000 ? "yes" : "no"); // 2020 to 2147
	uint64_t a, b;
	__asm__ volatile("rdtime %0\n\trdcycle zero\n\trdinstret zero\n\trdtime %1" : "=r"(a), "=r"(b));
	print("rdtime goes forward: %s\n", b >= a ? "yes" : "no");
	int64_t last = now(CLOCK_MONOTONIC);
	for (int i = 0; i < 1000; i++) {
		int64_t t2 = now(CLOCK_MONOTONIC);
		CHECK(t2 >= last);
		last = t2;
	}
	print("the clock never goes back\n");
	return 0;
}
