// The system-call gate on x86-64. The rest of rt uses the numbers and the
// structures of asm-generic, as RISC-V does; here they become x86-64's.
#include "rt.h"

// numbers holds the x86-64 number of the calls that rt and the guests make.
static const short numbers[] = {
	[24] = 292, /* dup3 */ [34] = 258, /* mkdirat */ [35] = 263, /* unlinkat */ [46] = 77, /* ftruncate */
	[56] = 257, /* openat */ [57] = 3, /* close */ [59] = 293, /* pipe2 */ [61] = 217, /* getdents64 */
	[62] = 8, /* lseek */ [64] = 1, /* write */ [65] = 19, /* readv */ [66] = 20, /* writev */
	[67] = 17, /* pread64 */ [68] = 18, /* pwrite64 */ [73] = 271, /* ppoll */ [79] = 262, /* newfstatat */
	[80] = 5, /* fstat */ [93] = 60, /* exit */ [94] = 231, /* exit_group */ [98] = 202, /* futex */
	[101] = 35, /* nanosleep */ [103] = 38, /* setitimer */ [113] = 228, /* clock_gettime */ [124] = 24, /* sched_yield */
	[129] = 62, /* kill */ [131] = 234, /* tgkill */ [132] = 131, /* sigaltstack */ [133] = 130, /* rt_sigsuspend */
	[134] = 13, /* rt_sigaction */ [135] = 14, /* rt_sigprocmask */ [136] = 127, /* rt_sigpending */ [138] = 129, /* rt_sigqueueinfo */
	[172] = 39, /* getpid */ [178] = 186, /* gettid */ [214] = 12, /* brk */ [215] = 11, /* munmap */
	[222] = 9, /* mmap */ [226] = 10, /* mprotect */ [276] = 316, /* renameat2 */
};

enum { READ = 63, FSTATAT = 79, FSTAT = 80, SIGACTION = 134, SA_RESTORER = 0x04000000 };

static long gate(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "+a"(n)
			 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return n;
}

struct native_stat {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, pad;
	uint64_t rdev;
	int64_t size, blksize, blocks;
	struct timespec atim, mtim, ctim;
	int64_t unused[3];
};

static void convert(struct stat *to, const struct native_stat *from)
{
	*to = (struct stat){
		.st_dev = from->dev, .st_ino = from->ino, .st_mode = from->mode, .st_nlink = (uint32_t)from->nlink,
		.st_uid = from->uid, .st_gid = from->gid, .st_rdev = from->rdev, .st_size = from->size,
		.st_blksize = (int32_t)from->blksize, .st_blocks = from->blocks,
		.st_atim = from->atim, .st_mtim = from->mtim, .st_ctim = from->ctim,
	};
}

// struct generic_action is signal.c's, as far as it matters here.
struct generic_action {
	uint64_t handler, flags, mask;
};

struct native_action {
	uint64_t handler, flags;
	void (*restorer)(void);
	uint64_t mask;
};

void rt_restorer(void);

long rt_syscall(long n, long a, long b, long c, long d, long e, long f)
{
	CHECK(n == READ || n > 0 && n < (long)ARRAY_LEN(numbers) && numbers[n] != 0);
	long nr = numbers[n], r;
	struct native_stat st;
	struct native_action act, old;
	switch (n) {
	case FSTAT:
		r = gate(nr, a, (long)&st, 0, 0, 0, 0);
		if (r == 0)
			convert((struct stat *)b, &st);
		return r;
	case FSTATAT:
		r = gate(nr, a, b, (long)&st, d, 0, 0);
		if (r == 0)
			convert((struct stat *)c, &st);
		return r;
	case SIGACTION:
		if (b != 0) {
			const struct generic_action *g = (const struct generic_action *)b;
			act = (struct native_action){g->handler, g->flags | SA_RESTORER, rt_restorer, g->mask};
			b = (long)&act;
		}
		r = gate(nr, a, b, c == 0 ? 0 : (long)&old, d, 0, 0);
		if (r == 0 && c != 0)
			*(struct generic_action *)c = (struct generic_action){old.handler, old.flags & ~SA_RESTORER, old.mask};
		return r;
	}
	return gate(nr, a, b, c, d, e, f);
}
