// signals_more: the rarer corners of signals: queued real-time signals, system
// calls that restart, one-shot handlers, a broken pipe, threads as targets, and
// death on a fault in a blocked signal.
#include "rt/rt.h"

static volatile int count;
static uint64_t values[8];
static int signals[8];
static int pipe_fds[2];

static void collect(int sig, struct siginfo *info, struct ucontext *uc)
{
	(void)uc;
	signals[count] = sig;
	values[count] = info->si_value;
	count++;
}

static void test_queue(void)
{
	int pid = (int)sys_getpid();
	sig_action(SIGRTMIN, collect, 0, ~0ul);
	uint64_t old = sig_mask(SIG_BLOCK, SIG_BIT(SIGRTMIN));
	for (uint64_t v = 1; v <= 3; v++)
		CHECK(sig_queue(pid, SIGRTMIN, v) == 0);
	sig_mask(SIG_SETMASK, old); // every one of them arrives, in order
	for (int i = 0; i < count; i++)
		print("queued: signal %d value %lu\n", signals[i], values[i]);
}

static void feed(int sig, struct siginfo *info, struct ucontext *uc)
{
	(void)sig;
	(void)info;
	(void)uc;
	count++;
	CHECK(sys_write(pipe_fds[1], "fed", 3) == 3);
}

static void test_restart(void)
{
	char buf[8];
	CHECK(sys_pipe2(pipe_fds, 0) == 0);
	count = 0;
	sig_action(SIGALRM, feed, SA_RESTART, 0);
	sig_timer(2000, 0);
	long n = sys_read(pipe_fds[0], buf, sizeof buf); //@restarted
	print("restarted: %ld bytes, %d signal\n", n, count);
	sig_action(SIGALRM, feed, 0, 0);
	sig_timer(2000, 0);
	n = sys_read(pipe_fds[0], buf, sizeof buf);
	print("not restarted: %ld, %d signals\n", n, count);
}

static void test_oneshot(void)
{
	count = 0;
	sig_action(SIGUSR1, collect, SA_RESETHAND, 0);
	sig_action(SIGUSR2, collect, SA_RESETHAND | SA_NODEFER, 0);
	sig_kill((int)sys_getpid(), SIGUSR1);
	print("one shot: %d\n", count);
	struct { sig_handler handler; unsigned long flags; uint64_t mask[2]; } now;
	CHECK(rt_syscall(134, SIGUSR1, 0, (long)&now, 8, 0, 0) == 0);
	print("handler is the default again: %d\n", now.handler == SIG_DFL);
	// The kernel refuses to catch what cannot be caught.
	print("catching SIGKILL: %ld\n", rt_syscall(134, 9, (long)&now, 0, 8, 0, 0));
}

static void test_broken_pipe(void)
{
	sys_close(pipe_fds[0]);
	count = 0;
	sig_action(SIGPIPE, collect, 0, 0);
	long n = sys_write(pipe_fds[1], "x", 1);
	print("broken pipe: %ld, signal %d\n", n, signals[0]);
}

static int target_tid, stage;
static char altstack[16384];

static void where(int sig, struct siginfo *info, struct ucontext *uc)
{
	(void)sig;
	(void)info;
	(void)uc;
	char here;
	target_tid = (int)sys_gettid();
	print("on its alternate stack: %d\n", &here >= altstack && &here < altstack + sizeof altstack);
	struct stack s = sig_get_altstack();
	print("flags: %d\n", s.ss_flags);
}

static int target(void *arg)
{
	(void)arg;
	sig_altstack(altstack, sizeof altstack);
	set_and_wake(&stage, (int)sys_gettid());
	while (target_tid == 0)
		sys_sched_yield();
	return target_tid == (int)sys_gettid();
}

static void test_thread(void)
{
	static struct thread t;
	sig_action(SIGUSR1, where, SA_ONSTACK, 0);
	thread_start(&t, target, NULL);
	wait_while(&stage, 0);
	CHECK(sig_tgkill((int)sys_getpid(), stage, SIGUSR1) == 0); //@to-thread
	print("handled by the target: %d\n", thread_join(&t));
}

int main(void)
{
	test_queue();
	test_restart();
	test_oneshot();
	test_broken_pipe();
	test_thread();
	sig_action(SIGSEGV, collect, 0, 0);
	sig_mask(SIG_BLOCK, SIG_BIT(SIGSEGV));
	print("faulting while the fault is blocked\n");
	*(volatile int *)8 = 1; //@die
	return 0;
}
