// rt: the small runtime under the guest programs that use no C library.
//
// It holds what the guests need and nothing else: raw Linux system calls, a
// formatter, a bump allocator, threads made of clone and futex, and signals.
// The guests stay a few kilobytes small and every instruction they execute has
// its source here, so a test can reason about all of it.
//
// Error convention: the sys_* functions return what the kernel returned, a
// negative errno on failure. There is no errno variable.
#ifndef RT_H
#define RT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define NOINLINE __attribute__((noinline))
#define NORETURN __attribute__((noreturn))

// --- start.S ---------------------------------------------------------------

// rt_syscall executes system call n with six arguments.
long rt_syscall(long n, long a, long b, long c, long d, long e, long f);

// rt_clone is the clone system call; the child calls fn(arg) on its own stack
// and exits with fn's result. Only the parent returns.
long rt_clone(unsigned long flags, void *stack_top, int *parent_tid, void *tls,
              int *child_tid, int (*fn)(void *), void *arg);

// --- sys.c: system calls ----------------------------------------------------

enum { STDIN = 0, STDOUT = 1, STDERR = 2 };

struct timespec {
	int64_t tv_sec;
	int64_t tv_nsec;
};

// struct stat is the kernel's generic 64-bit layout (asm-generic/stat.h).
struct stat {
	uint64_t st_dev;
	uint64_t st_ino;
	uint32_t st_mode;
	uint32_t st_nlink;
	uint32_t st_uid;
	uint32_t st_gid;
	uint64_t st_rdev;
	uint64_t __pad1;
	int64_t st_size;
	int32_t st_blksize;
	int32_t __pad2;
	int64_t st_blocks;
	struct timespec st_atim;
	struct timespec st_mtim;
	struct timespec st_ctim;
	uint32_t __unused[2];
};

struct iovec {
	void *iov_base;
	size_t iov_len;
};

struct pollfd {
	int fd;
	short events;
	short revents;
};

enum { POLLIN = 1, POLLOUT = 4, POLLHUP = 16 };

// struct dirent64 is a record of getdents64.
struct dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

enum {
	O_RDONLY = 0,
	O_WRONLY = 1,
	O_RDWR = 2,
	O_CREAT = 0100,
	O_EXCL = 0200,
	O_TRUNC = 01000,
	O_APPEND = 02000,
	O_NONBLOCK = 04000,
	O_DIRECTORY = 0200000,
	O_CLOEXEC = 02000000,
	AT_FDCWD = -100,
	AT_REMOVEDIR = 0x200,
	SEEK_SET = 0,
	SEEK_CUR = 1,
	SEEK_END = 2,
	PROT_READ = 1,
	PROT_WRITE = 2,
	PROT_EXEC = 4,
	MAP_PRIVATE = 2,
	MAP_FIXED = 0x10,
	MAP_ANONYMOUS = 0x20,
	CLOCK_REALTIME = 0,
	CLOCK_MONOTONIC = 1,
};

enum {
	ENOENT = 2,
	EINTR = 4,
	EBADF = 9,
	EAGAIN = 11,
	EFAULT = 14,
	EEXIST = 17,
	ENOTDIR = 20,
	EINVAL = 22,
	ESPIPE = 29,
	EPIPE = 32,
	ENOTEMPTY = 39,
	ETIMEDOUT = 110,
};

long sys_openat(int dir, const char *path, int flags, int mode);
long sys_close(int fd);
long sys_read(int fd, void *buf, size_t n);
long sys_write(int fd, const void *buf, size_t n);
long sys_pread(int fd, void *buf, size_t n, int64_t off);
long sys_pwrite(int fd, const void *buf, size_t n, int64_t off);
long sys_readv(int fd, const struct iovec *v, int n);
long sys_writev(int fd, const struct iovec *v, int n);
long sys_lseek(int fd, int64_t off, int whence);
long sys_fstat(int fd, struct stat *st);
long sys_fstatat(int dir, const char *path, struct stat *st, int flags);
long sys_ftruncate(int fd, int64_t size);
long sys_getdents(int fd, void *buf, size_t n);
long sys_mkdirat(int dir, const char *path, int mode);
long sys_unlinkat(int dir, const char *path, int flags);
long sys_renameat2(int olddir, const char *from, int newdir, const char *to, int flags);
long sys_dup3(int fd, int to, int flags);
long sys_pipe2(int fds[2], int flags);
long sys_poll(struct pollfd *fds, size_t n, const struct timespec *timeout);
void *sys_mmap(void *addr, size_t n, int prot, int flags, int fd, int64_t off);
long sys_munmap(void *addr, size_t n);
long sys_mprotect(void *addr, size_t n, int prot);
void *sys_brk(void *end);
long sys_nanosleep(const struct timespec *t, struct timespec *rest);
long sys_clock_gettime(int clock, struct timespec *t);
long sys_getpid(void);
long sys_gettid(void);
long sys_sched_yield(void);
long sys_futex(int *addr, int op, int val, const struct timespec *timeout);
NORETURN void sys_exit(int code);       // ends the thread
NORETURN void sys_exit_group(int code); // ends the program

// --- print.c: text ------------------------------------------------------------

// print formats and writes to standard output with one write system call, so
// lines of several threads do not mix. It knows %d %u %x %c %s %p %%, the
// length modifiers l, ll and z, a field width, and the flags 0 and -. A result longer
// than 511 bytes is cut.
__attribute__((format(printf, 1, 2))) void print(const char *fmt, ...);

// format is print into a buffer of n bytes; it returns the length, without
// the terminating zero.
__attribute__((format(printf, 3, 4))) int format(char *buf, size_t n, const char *fmt, ...);
int vformat(char *buf, size_t n, const char *fmt, va_list args);

// fail prints a message and exits with code 99: a guest's own check failed.
NORETURN void fail(const char *what, const char *file, int line);
#define CHECK(cond) ((cond) ? (void)0 : fail(#cond, __FILE__, __LINE__))

// --- mem.c: memory and strings -------------------------------------------------

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
char *strcpy(char *dst, const char *src);
long parse_int(const char *s); // decimal, with an optional sign; stops at the first other character

// alloc returns n zeroed bytes, aligned to 16, from the program break. There
// is no free. It is not safe to call from two threads at once.
void *alloc(size_t n);

// fnv folds the eight bytes of v into the FNV-1a hash h; start with FNV_INIT.
uint64_t fnv(uint64_t h, uint64_t v);
#define FNV_INIT 0xcbf29ce484222325u

// --- thread.c: threads ---------------------------------------------------------

struct thread {
	int tid; // set before thread_start returns, cleared by the kernel at exit
	int result;
	int (*fn)(void *);
	void *arg;
};

void thread_start(struct thread *t, int (*fn)(void *), void *arg);
int thread_join(struct thread *t); // returns fn's result

// struct mutex is Drepper's three-state futex mutex: 0 free, 1 held, 2 held
// and somebody waits. Zero it to initialise.
struct mutex {
	int state;
};
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

// struct barrier lets `parties` threads wait for one another, again and again.
struct barrier {
	int parties;
	int waiting;
	int round;
};
bool barrier_wait(struct barrier *b); // true in the last thread to arrive

// wait_for blocks until *word == value, wait_while as long as it is;
// set_and_wake stores and wakes all.
void wait_for(int *word, int value);
void wait_while(int *word, int value);
void set_and_wake(int *word, int value);

// --- signal.c: signals -----------------------------------------------------------

enum {
	SIGILL = 4,
	SIGTRAP = 5,
	SIGABRT = 6,
	SIGUSR1 = 10,
	SIGSEGV = 11,
	SIGUSR2 = 12,
	SIGPIPE = 13,
	SIGALRM = 14,
	SIGRTMIN = 34,
	SIG_BLOCK = 0,
	SIG_UNBLOCK = 1,
	SIG_SETMASK = 2,
	SA_SIGINFO = 4,
	SA_ONSTACK = 0x08000000,
	SA_RESTART = 0x10000000,
	SA_NODEFER = 0x40000000,
	SEGV_MAPERR = 1,
	SEGV_ACCERR = 2,
	SI_USER = 0,
	SI_QUEUE = -1,
	SI_TKILL = -6,
	ITIMER_REAL = 0,
	SS_ONSTACK = 1,
	SS_DISABLE = 2,
};
#define SA_RESETHAND 0x80000000u
#define SIG_DFL ((sig_handler)0)
#define SIG_IGN ((sig_handler)1)
#define SIG_BIT(sig) (1ul << ((sig) - 1))

struct siginfo {
	int si_signo;
	int si_errno;
	int si_code;
	int __pad;
	union {
		struct {
			int si_pid;
			unsigned si_uid;
			uint64_t si_value; // SI_QUEUE only
		};
		uint64_t si_addr; // faults only
		uint8_t __fill[112];
	};
};

struct stack {
	void *ss_sp;
	int ss_flags;
	size_t ss_size;
};

// struct ucontext is what the kernel saves for a handler (arch/riscv
// uapi/asm/ucontext.h). gregs[0] is the PC, gregs[n] is xn.
struct ucontext {
	unsigned long uc_flags;
	struct ucontext *uc_link;
	struct stack uc_stack;
	uint64_t uc_sigmask;
	uint8_t __unused[120];
	_Alignas(16) uint64_t gregs[32];
	uint64_t fpregs[32];
	uint32_t fcsr;
};

typedef void (*sig_handler)(int sig, struct siginfo *info, struct ucontext *uc);

struct itimerval {
	struct { int64_t tv_sec, tv_usec; } it_interval, it_value;
};

// sig_action installs a handler. RISC-V has no sa_restorer: a handler returns
// into the trampoline that the kernel provides (the vDSO's, under Linux).
void sig_action(int sig, sig_handler h, unsigned flags, uint64_t mask);
uint64_t sig_mask(int how, uint64_t set); // returns the mask before
uint64_t sig_pending(void);
long sig_suspend(uint64_t mask);
void sig_altstack(void *sp, size_t n);
struct stack sig_get_altstack(void);
long sig_kill(int pid, int sig);
long sig_tgkill(int pid, int tid, int sig);
long sig_queue(int pid, int sig, uint64_t value);
void sig_timer(int64_t usec, int64_t interval); // ITIMER_REAL, 0 0 to stop it

#endif
