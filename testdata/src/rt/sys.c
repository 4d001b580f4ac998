// Linux system calls by name. The numbers are those of asm-generic/unistd.h,
// which RISC-V uses.
#include "rt.h"

#define SYS0(n) rt_syscall(n, 0, 0, 0, 0, 0, 0)
#define SYS1(n, a) rt_syscall(n, (long)(a), 0, 0, 0, 0, 0)
#define SYS2(n, a, b) rt_syscall(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define SYS3(n, a, b, c) rt_syscall(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYS4(n, a, b, c, d) rt_syscall(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYS5(n, a, b, c, d, e) rt_syscall(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

long sys_openat(int dir, const char *path, int flags, int mode) { return SYS4(56, dir, path, flags, mode); }
long sys_close(int fd) { return SYS1(57, fd); }
long sys_read(int fd, void *buf, size_t n) { return SYS3(63, fd, buf, n); }
long sys_write(int fd, const void *buf, size_t n) { return SYS3(64, fd, buf, n); }
long sys_pread(int fd, void *buf, size_t n, int64_t off) { return SYS4(67, fd, buf, n, off); }
long sys_pwrite(int fd, const void *buf, size_t n, int64_t off) { return SYS4(68, fd, buf, n, off); }
long sys_readv(int fd, const struct iovec *v, int n) { return SYS3(65, fd, v, n); }
long sys_writev(int fd, const struct iovec *v, int n) { return SYS3(66, fd, v, n); }
long sys_lseek(int fd, int64_t off, int whence) { return SYS3(62, fd, off, whence); }
long sys_fstat(int fd, struct stat *st) { return SYS2(80, fd, st); }
long sys_fstatat(int dir, const char *path, struct stat *st, int flags) { return SYS4(79, dir, path, st, flags); }
long sys_ftruncate(int fd, int64_t size) { return SYS2(46, fd, size); }
long sys_getdents(int fd, void *buf, size_t n) { return SYS3(61, fd, buf, n); }
long sys_mkdirat(int dir, const char *path, int mode) { return SYS3(34, dir, path, mode); }
long sys_unlinkat(int dir, const char *path, int flags) { return SYS3(35, dir, path, flags); }
long sys_renameat2(int olddir, const char *from, int newdir, const char *to, int flags)
{
	return SYS5(276, olddir, from, newdir, to, flags);
}
long sys_dup3(int fd, int to, int flags) { return SYS3(24, fd, to, flags); }
long sys_pipe2(int fds[2], int flags) { return SYS2(59, fds, flags); }
long sys_poll(struct pollfd *fds, size_t n, const struct timespec *timeout)
{
	return SYS5(73, fds, n, timeout, 0, 8); // ppoll
}
void *sys_mmap(void *addr, size_t n, int prot, int flags, int fd, int64_t off)
{
	return (void *)rt_syscall(222, (long)addr, (long)n, prot, flags, fd, off);
}
long sys_munmap(void *addr, size_t n) { return SYS2(215, addr, n); }
long sys_mprotect(void *addr, size_t n, int prot) { return SYS3(226, addr, n, prot); }
void *sys_brk(void *end) { return (void *)SYS1(214, end); }
long sys_nanosleep(const struct timespec *t, struct timespec *rest) { return SYS2(101, t, rest); }
long sys_clock_gettime(int clock, struct timespec *t) { return SYS2(113, clock, t); }
long sys_getpid(void) { return SYS0(172); }
long sys_gettid(void) { return SYS0(178); }
long sys_sched_yield(void) { return SYS0(124); }
long sys_futex(int *addr, int op, int val, const struct timespec *timeout)
{
	return SYS4(98, addr, op, val, timeout);
}

void sys_exit(int code)
{
	for (;;)
		SYS1(93, code);
}

void sys_exit_group(int code)
{
	for (;;)
		SYS1(94, code);
}
