// threads: four threads on clone and futex. Whatever the order they run in, the
// output is the same.
#include "rt/rt.h"

enum { THREADS = 4, ROUNDS = 200 };

static struct mutex lock;
static struct barrier barrier = {.parties = THREADS};
static int counter;            // guarded by lock
static int leaders;            // how often some thread was last at the barrier
static long atomic_sum;        // by amoadd
static uint32_t cas_product = 1; // by a lr/sc loop
static int turn;               // whose turn it is to print, in relay

static int worker(void *arg)
{
	int id = (int)(long)arg;
	for (int i = 0; i < ROUNDS; i++) {
		mutex_lock(&lock);
		int seen = counter; // read, then write: lost updates would show
		if (i % 16 == id)
			sys_sched_yield();
		counter = seen + 1; //@counter
		mutex_unlock(&lock);
		__atomic_add_fetch(&atomic_sum, id, __ATOMIC_RELAXED);
	}
	for (int i = 0; i < 10; i++) {
		uint32_t old = cas_product;
		while (!__atomic_compare_exchange_n(&cas_product, &old, old * 3, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			;
	}
	// Nobody may see less than the whole sum behind the barrier.
	if (barrier_wait(&barrier))
		__atomic_add_fetch(&leaders, 1, __ATOMIC_RELAXED);
	CHECK(counter == THREADS * ROUNDS);
	if (barrier_wait(&barrier))
		__atomic_add_fetch(&leaders, 1, __ATOMIC_RELAXED);

	// A relay: each waits for its turn, prints and hands over.
	for (int lap = 0; lap < 2; lap++) {
		wait_for(&turn, lap * THREADS + id);
		print("lap %d: thread %d\n", lap, id); //@relay
		set_and_wake(&turn, lap * THREADS + id + 1);
	}
	return id * 100;
}

int main(void)
{
	static struct thread t[THREADS];
	for (int i = 0; i < THREADS; i++)
		thread_start(&t[i], worker, (void *)(long)i); //@start
	int results = 0;
	for (int i = 0; i < THREADS; i++)
		results += thread_join(&t[i]); //@join
	print("counter %d, sum %ld, product %u, leaders %d, results %d\n", counter, atomic_sum, cas_product, leaders, results);

	return 7;
}
