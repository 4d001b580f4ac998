// Accesses memory in ways that an index of accesses could miss: through other
// processes, moved and dropped mappings, string and vector instructions, atomics,
// pages written by the kernel, and code that is written.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const size_t page = 4096;
static unsigned char data[8 * page] __attribute__((aligned(4096)));
static std::atomic<uint64_t> counter[2];
static volatile uint64_t sum;

__attribute__((noinline)) static void strings(unsigned i) {
	memset(data + page - 100 + i % 50, i, 3000);
	memmove(data + 3 * page - 70, data + page - 60, 3000 + i % 200);
	memcpy(data + 6 * page - 9, data + 2 * page - 7, 40);
	sum += strlen((char *)data + 3 * page - 20) + memcmp(data, data + page, page);
#ifdef __x86_64__
	unsigned char *to = data + 5 * page - 1000, *from = data + page - 1000;
	size_t n = 2000 + i;
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	asm volatile("movdqu %0, %%xmm0; movdqu %%xmm0, %1" : : "m"(data[page - 7]), "m"(data[2 * page - 5]) : "xmm0", "memory");
	asm volatile("fldt %0; fstpt %1" : : "m"(data[3 * page - 4]), "m"(data[4 * page - 4]) : "memory");
#endif
}

__attribute__((noinline)) static void moves(unsigned i) {
	char *a = (char *)mmap(nullptr, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	a[page] = i, a[2 * page + 5] = 3;
	char *b = (char *)mremap(a, 4 * page, 9 * page, MREMAP_MAYMOVE);
	b[page + 1] = b[page] + 1;
	sum += b[2 * page + 5];
	madvise(b + page, page, MADV_DONTNEED);
	sum += b[page] + b[page + 1];
	mprotect(b, page, PROT_READ);
	sum += b[3];
	munmap(b, 9 * page);
	char *top = (char *)sbrk(page);
	top[10] = i;
	sum += top[10];
	sbrk(-(intptr_t)page);
}

__attribute__((noinline)) static void shares(unsigned i) {
	static uint64_t *s;
	if (!s)
		s = (uint64_t *)mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	s[0] = i;
	int fd[2];
	if (pipe(fd))
		return;
	pid_t p = fork();
	if (p == 0) {
		for (int k = 0; k < 20; k++)
			s[1 + k % 5 * 100] += k, __sync_fetch_and_add(&s[0], 1);
		ssize_t n = write(fd[1], s, 900);
		_exit(n == 900);
	}
	iovec v[2] = {{data + 4 * page - 5, 300}, {data + 7 * page - 100, 600}};
	sum += readv(fd[0], v, 2);
	__sync_fetch_and_add(&s[0], 2);
	waitpid(p, nullptr, 0);
	sum += s[0] + s[101];
	close(fd[0]), close(fd[1]);
}

static void *adds(void *arg) {
	for (int i = 0; i < 60; i++) {
		counter[0].fetch_add(i);
		uint64_t was = counter[1].load();
		while (!counter[1].compare_exchange_weak(was, was * 3 + (uintptr_t)arg))
			;
		counter[0].exchange(counter[0].load() ^ 5);
	}
	return nullptr;
}

__attribute__((noinline)) static void threads() {
	pthread_t t[2];
	for (uintptr_t i = 0; i < 2; i++)
		pthread_create(&t[i], nullptr, adds, (void *)i);
	for (pthread_t x : t)
		pthread_join(x, nullptr);
}

__attribute__((noinline)) static void writesCode(unsigned i) {
	static unsigned char *code;
	if (!code)
		code = (unsigned char *)mmap(nullptr, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#ifdef __x86_64__
	unsigned char f[] = {0xb8, (unsigned char)i, 0, 0, 0, 0xc3};
#else
	uint32_t f[] = {0x00000513 | i << 20, 0x00008067};
#endif
	memcpy(code, f, sizeof f);
	__builtin___clear_cache((char *)code, (char *)code + sizeof f);
	sum += ((int (*)())code)();
}

int main(int argc, char **argv) {
	for (unsigned i = 0; i < 12; i++) {
		strings(i);
		moves(i);
		shares(i);
		if (i % 4 == 1)
			threads();
		writesCode(i);
	}
	printf("%s %d\n", argc > 1 ? "again" : "first", sum > 0);
	fflush(stdout);
	if (argc == 1)
		execl(argv[0], argv[0], "again", nullptr);
}
