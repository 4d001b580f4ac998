// pthread_glibc: threads of the GNU C library: a bounded queue with a mutex and
// two condition variables, thread-local storage, once, join. The output does not
// depend on the order that threads run in.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { PRODUCERS = 2, CONSUMERS = 3, ITEMS = 100, ROOM = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int queue[ROOM], length, finished, inits;
static __thread long mine; // what this consumer has summed up
static pthread_key_t key;

static void destroyed(void *p) { free(p); }

static void init(void)
{
	inits++;
	pthread_key_create(&key, destroyed);
}

static void put(int x)
{
	pthread_mutex_lock(&lock);
	while (length == ROOM)
		pthread_cond_wait(&not_full, &lock); //@wait-full
	queue[length++] = x; //@put
	pthread_cond_signal(&not_empty);
	pthread_mutex_unlock(&lock);
}

// get returns 0 when nothing will come any more.
static int get(void)
{
	pthread_mutex_lock(&lock);
	while (length == 0 && finished < PRODUCERS)
		pthread_cond_wait(&not_empty, &lock); //@wait-empty
	int x = length ? queue[--length] : 0; //@get
	pthread_cond_signal(&not_full);
	pthread_mutex_unlock(&lock);
	return x;
}

static void *produce(void *arg)
{
	long id = (long)arg;
	pthread_once(&once, init);
	for (int i = 1; i <= ITEMS; i++)
		put((int)(id * 1000 + i));
	pthread_mutex_lock(&lock);
	finished++;
	pthread_cond_broadcast(&not_empty);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void *consume(void *arg)
{
	(void)arg;
	pthread_once(&once, init);
	pthread_setspecific(key, malloc(16));
	for (int x; (x = get()) != 0;)
		mine += x; //@consume
	return (void *)mine;
}

int main(void)
{
	pthread_t producers[PRODUCERS], consumers[CONSUMERS];
	for (long i = 0; i < PRODUCERS; i++)
		pthread_create(&producers[i], NULL, produce, (void *)i); //@create
	for (long i = 0; i < CONSUMERS; i++)
		pthread_create(&consumers[i], NULL, consume, NULL);
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i], NULL);
	long sum = 0;
	for (int i = 0; i < CONSUMERS; i++) {
		void *part;
		pthread_join(consumers[i], &part); //@join
		sum += (long)part;
	}
	printf("sum %ld, left %d, initialised %d time, main's own %ld\n", sum, length, inits, mine);
	return 0;
}
