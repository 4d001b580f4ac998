// Threads made of clone and futex.
#include "rt.h"

enum {
	CLONE_VM = 0x100,
	CLONE_FS = 0x200,
	CLONE_FILES = 0x400,
	CLONE_SIGHAND = 0x800,
	CLONE_THREAD = 0x10000,
	CLONE_SYSVSEM = 0x40000,
	CLONE_PARENT_SETTID = 0x100000,
	CLONE_CHILD_CLEARTID = 0x200000,
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_PRIVATE = 128,
	STACK_SIZE = 64 << 10,
};

static int thread_main(void *arg)
{
	struct thread *t = arg;
	t->result = t->fn(t->arg);
	return 0;
}

void thread_start(struct thread *t, int (*fn)(void *), void *arg)
{
	t->fn = fn;
	t->arg = arg;
	t->tid = -1;
	char *stack = sys_mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK((long)stack > 0);
	long tid = rt_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
				    CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
			    stack + STACK_SIZE, &t->tid, NULL, &t->tid, thread_main, t);
	CHECK(tid > 0);
}

int thread_join(struct thread *t)
{
	int tid;
	// The kernel's wake at thread exit is on the shared futex, not the private one.
	while ((tid = __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE)) != 0)
		sys_futex(&t->tid, FUTEX_WAIT, tid, NULL);
	return t->result;
}

void mutex_lock(struct mutex *m)
{
	int seen = 0;
	if (__atomic_compare_exchange_n(&m->state, &seen, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	if (seen != 2)
		seen = __atomic_exchange_n(&m->state, 2, __ATOMIC_ACQUIRE);
	while (seen != 0) {
		sys_futex(&m->state, FUTEX_WAIT | FUTEX_PRIVATE, 2, NULL);
		seen = __atomic_exchange_n(&m->state, 2, __ATOMIC_ACQUIRE);
	}
}

void mutex_unlock(struct mutex *m)
{
	if (__atomic_exchange_n(&m->state, 0, __ATOMIC_RELEASE) == 2)
		sys_futex(&m->state, FUTEX_WAKE | FUTEX_PRIVATE, 1, NULL);
}

bool barrier_wait(struct barrier *b)
{
	int round = __atomic_load_n(&b->round, __ATOMIC_ACQUIRE);
	if (__atomic_add_fetch(&b->waiting, 1, __ATOMIC_ACQ_REL) == b->parties) {
		b->waiting = 0;
		set_and_wake(&b->round, round + 1);
		return true;
	}
	wait_while(&b->round, round);
	return false;
}

void wait_for(int *word, int value)
{
	int now;
	while ((now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != value)
		sys_futex(word, FUTEX_WAIT | FUTEX_PRIVATE, now, NULL);
}

void wait_while(int *word, int value)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
		sys_futex(word, FUTEX_WAIT | FUTEX_PRIVATE, value, NULL);
}

void set_and_wake(int *word, int value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	sys_futex(word, FUTEX_WAKE | FUTEX_PRIVATE, 0x7fffffff, NULL);
}
