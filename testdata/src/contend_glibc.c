// contend_glibc: eight threads that fight over a mutex, a spin lock, a barrier,
// atomics and a condition variable. Nobody says who comes next: the order in which
// they got their turns, which stays in memory, is what a scheduler makes it.
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

enum { THREADS = 8, ROUNDS = 400 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_barrier_t barrier;
static _Atomic uint64_t shared;
static uint64_t order;   // a digest of who held the mutex when; guarded by it
static uint64_t spun;    // the same for the spin lock
static int waiting;      // threads in the condition variable; guarded by mutex
static int over;         // some thread is through: nobody waits any more; guarded by mutex
static long unguarded;   // updated without any lock: updates are lost
static __thread uint64_t mine;

static uint64_t mix(uint64_t h, uint64_t v)
{
	return (h ^ v) * 0x100000001b3u;
}

static void *fight(void *arg)
{
	uint64_t id = (uint64_t)(uintptr_t)arg;
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < ROUNDS; i++) {
		for (uint64_t k = 0; k < 100 + id * 13; k++)
			mine = mix(mine, k);
		pthread_mutex_lock(&mutex);
		order = mix(order, id); //@order
		if (i % 50 == 49 && !over && waiting < THREADS / 2) {
			waiting++;
			pthread_cond_wait(&turned, &mutex);
		} else if (waiting > 0) {
			waiting--;
			pthread_cond_signal(&turned);
		}
		pthread_mutex_unlock(&mutex);
		long seen = unguarded;
		shared = mix(shared, mine) + (uint64_t)seen;
		unguarded = seen + 1;
		pthread_spin_lock(&spin);
		spun = mix(spun, id);
		pthread_spin_unlock(&spin);
	}
	// Let nobody wait for ever.
	pthread_mutex_lock(&mutex);
	over = 1;
	pthread_cond_broadcast(&turned);
	pthread_mutex_unlock(&mutex);
	return 0;
}

int main(void)
{
	pthread_t threads[THREADS];
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	pthread_barrier_init(&barrier, 0, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], 0, fight, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], 0);
	printf("%d threads, %d rounds each\n", THREADS, ROUNDS);
	return 0;
}
