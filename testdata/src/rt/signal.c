// Signals by their raw system calls.
#include "rt.h"

// The kernel's struct sigaction on an architecture without sa_restorer. Old
// versions of qemu-riscv64 (7.2) believe that there is one, before the mask, and
// ignore it: the second copy is where they look for the mask.
struct kernel_sigaction {
	sig_handler handler;
	unsigned long flags;
	uint64_t mask;
	uint64_t mask_for_qemu;
};

void sig_action(int sig, sig_handler h, unsigned flags, uint64_t mask)
{
	struct kernel_sigaction act = {h, flags | SA_SIGINFO, mask, mask};
	CHECK(rt_syscall(134, sig, (long)&act, 0, sizeof mask, 0, 0) == 0);
}

uint64_t sig_mask(int how, uint64_t set)
{
	uint64_t old = 0;
	CHECK(rt_syscall(135, how, (long)&set, (long)&old, sizeof set, 0, 0) == 0);
	return old;
}

uint64_t sig_pending(void)
{
	uint64_t set = 0;
	CHECK(rt_syscall(136, (long)&set, sizeof set, 0, 0, 0, 0) == 0);
	return set;
}

long sig_suspend(uint64_t mask) { return rt_syscall(133, (long)&mask, sizeof mask, 0, 0, 0, 0); }

void sig_altstack(void *sp, size_t n)
{
	struct stack s = {sp, 0, n};
	CHECK(rt_syscall(132, (long)&s, 0, 0, 0, 0, 0) == 0);
}

struct stack sig_get_altstack(void)
{
	struct stack s;
	CHECK(rt_syscall(132, 0, (long)&s, 0, 0, 0, 0) == 0);
	return s;
}

long sig_kill(int pid, int sig) { return rt_syscall(129, pid, sig, 0, 0, 0, 0); }
long sig_tgkill(int pid, int tid, int sig) { return rt_syscall(131, pid, tid, sig, 0, 0, 0); }

long sig_queue(int pid, int sig, uint64_t value)
{
	struct siginfo info = {.si_signo = sig, .si_code = SI_QUEUE};
	info.si_pid = pid;
	info.si_value = value;
	return rt_syscall(138, pid, sig, (long)&info, 0, 0, 0);
}

void sig_timer(int64_t usec, int64_t interval)
{
	struct itimerval it = {{interval / 1000000, interval % 1000000}, {usec / 1000000, usec % 1000000}};
	CHECK(rt_syscall(103, ITIMER_REAL, (long)&it, 0, 0, 0, 0) == 0);
}
