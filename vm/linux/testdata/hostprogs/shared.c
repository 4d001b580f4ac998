#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#define PAGE 4096
struct area { pthread_mutex_t lock; pthread_cond_t cond; int n, turn; };
static void anonymous(void)
{
	struct area *a = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t m;
	pthread_condattr_t c;
	pthread_mutexattr_init(&m);
	pthread_mutexattr_setpshared(&m, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&a->lock, &m);
	pthread_condattr_init(&c);
	pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&a->cond, &c);
	for (int p = 0; p < 3; p++)
		if (fork() == 0) {
			for (int i = 0; i < 200; i++) {
				pthread_mutex_lock(&a->lock);
				while (a->turn % 3 != p)
					pthread_cond_wait(&a->cond, &a->lock);
				a->turn++;
				a->n += p + 1;
				((char *)a)[PAGE + i] += p + 1;
				pthread_cond_broadcast(&a->cond);
				pthread_mutex_unlock(&a->lock);
			}
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	int s = 0;
	for (int i = 0; i < PAGE; i++)
		s += ((char *)a)[PAGE + i];
	printf("anonymous: %d %d %d\n", a->n, a->turn, s);
	char *b = mremap(a, 3 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	printf("grown: %d %d\n", b != MAP_FAILED, b[PAGE]);
}
static void file(const char *name)
{
	char buf[64] = {0};
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600), ro = open(name, O_RDONLY);
	ftruncate(fd, 5 * PAGE + 100);
	char *a = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *b = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, ro, 2 * PAGE);
	printf("read-only: %d %d\n", mprotect(b, PAGE, PROT_READ | PROT_WRITE),
	       mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0) == MAP_FAILED);
	strcpy(a + 2 * PAGE + 10, "through the mapping");
	printf("other mapping: %s\n", b + 10);
	pread(fd, buf, 30, 2 * PAGE + 10);
	printf("read: %s\n", buf);
	pwrite(fd, "by a write", 10, 3 * PAGE - 5);
	printf("mapped: %.5s %.5s\n", a + 3 * PAGE - 5, b + PAGE);
	close(fd);
	close(ro);
	if (fork() == 0) {
		strcpy(a + 5 * PAGE + 80, "the child was here, beyond the end");
		strcpy(a + 100, "and here");
		raise(SIGKILL);
	}
	wait(NULL);
	printf("child: %s / %s\n", a + 100, a + 5 * PAGE + 80);
	fd = open(name, O_RDWR);
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	printf("private: %s\n", p + 100);
	strcpy(p + 100, "nobody sees this");
	printf("shared: %s\n", a + 100);
	ftruncate(fd, 4 * PAGE + 10);
	strcpy(a + 4 * PAGE, "0123456789abcdef");
	munmap(a + PAGE, PAGE);
	msync(a, PAGE, MS_SYNC);
	lseek(fd, 100, SEEK_SET);
	read(fd, buf, 10);
	printf("synchronized: %s\n", buf);
	strcpy(a + 3 * PAGE + 1000, "left at the end");
	char *again = mremap(a + 3 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	printf("moved: %s %.10s\n", again + 1000, again + PAGE);
	strcpy(again + 2000, "after the move");
	fflush(stdout);
}
int main(void)
{
	anonymous();
	file("shared.bin");
	return 3;
}
