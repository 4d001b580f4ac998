// lazy_race: two workers go through batches of requests side by side. Each batch has
// a table, made by whoever needs it first, who forgets the lock. Nearly always one
// worker is well ahead of the other, and all goes well. But when it is stopped between
// looking for the table and storing the new one, each makes its own, and what one of
// them puts into it is lost.
#include "rt/rt.h"

enum { BATCHES = 16 };

struct table {
	int users;
	uint32_t digest;
};

static struct table *tables[BATCHES]; // made at first use
static struct table arena[2 * BATCHES];
static int used; // of the arena
static struct mutex lock; // guards the tables' fields
static struct barrier batch_end = {.parties = 2};
static int ready;
static uint32_t config; // what the requests start from

static NOINLINE struct table *table_of(int batch)
{
	if (tables[batch] == NULL) //@check
		tables[batch] = &arena[__atomic_fetch_add(&used, 1, __ATOMIC_RELAXED)]; //@act
	return tables[batch];
}

static NOINLINE uint32_t parse(uint32_t seed, int bytes)
{
	for (int i = 0; i < bytes; i++) {
		seed = seed * 1664525 + 1013904223;
		if (seed >> 31)
			seed ^= i;
	}
	return seed;
}

static int work(void *arg)
{
	int id = (int)(long)arg;
	wait_for(&ready, 1);
	for (int batch = 0; batch < BATCHES; batch++) {
		uint32_t answer = parse(config + id, 4 + (config >> batch) % 8);
		struct table *t = table_of(batch);
		mutex_lock(&lock);
		t->users++;
		t->digest ^= answer;
		mutex_unlock(&lock);
		barrier_wait(&batch_end);
	}
	return 0;
}

int main(void)
{
	static struct thread t;
	struct timespec now;
	thread_start(&t, work, (void *)1);
	sys_clock_gettime(CLOCK_REALTIME, &now);
	uint64_t day = fnv(fnv(FNV_INIT, now.tv_sec), now.tv_nsec);
	// How long it takes to read the configuration depends on the day.
	config = parse(day, 20000 + (day >> 32) % 20000);
	set_and_wake(&ready, 1);
	work(0);
	thread_join(&t);
	for (int batch = 0; batch < BATCHES; batch++) {
		if (tables[batch]->users != 2) {
			print("batch %d: the table has %d of 2 users\n", batch, tables[batch]->users);
			sig_kill(sys_getpid(), SIGABRT); //@lost
		}
	}
	print("%d batches\n", BATCHES);
	return 0;
}
