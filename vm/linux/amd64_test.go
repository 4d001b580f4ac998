package linux_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// compareNatively builds a C program for amd64 and compares what it prints here
// with what it prints on the host. Then its history must replay.
func compareNatively(t *testing.T, source string, flags ...string) {
	t.Helper()
	amd64Toolchain.need(t)
	t.Parallel()
	exe := amd64Toolchain.build(t, t.TempDir(), "prog", source, flags...)
	want, code := amd64Toolchain.expected(t, filepath.Dir(exe), nil, exe)
	if code != 0 || !strings.HasSuffix(want, "done\n") {
		t.Fatalf("on the host: exit code %d, it prints:\n%s", code, want)
	}
	h := recordConfig(t, amd64Toolchain.config(t, exe), 20)
	_, got, _ := runAll(t, amd64Toolchain.config(t, exe))
	if got != want {
		t.Errorf("it prints:\n%s\nwant:\n%s", got, want)
	}
	h.inChunks(t, 9973)
}

const signalSource = `
#define _GNU_SOURCE
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static char low[1 << 16];
static volatile int count;

static void fault(int sig, siginfo_t *si, void *p)
{
	ucontext_t *u = p;
	greg_t *g = u->uc_mcontext.gregs;
	printf("signal %d code %d trap %lld error %lld flags %lx", sig, si->si_code, g[REG_TRAPNO], g[REG_ERR], u->uc_flags & 6);
	if (si->si_code > 0 && si->si_code < 128 && sig == SIGSEGV)
		printf(" at %s", si->si_addr == (void *)g[REG_CR2] ? "cr2" : "?");
	if (sig == SIGILL || sig == SIGFPE)
		printf(" at %s", si->si_addr == (void *)g[REG_RIP] ? "rip" : "?");
	printf(" cs %llx, frame %s, image %d\n", g[REG_CSGSFS] & 0xffff,
	       (char *)p >= low && (char *)p < low + sizeof low ? "on the alternate stack" : "on the stack",
	       (int)((long)u->uc_mcontext.fpregs & 63));
	// A handler starts with clean x87 and SSE modes.
	unsigned csr;
	unsigned short cw;
	__asm__("stmxcsr %0\n\tfnstcw %1" : "=m"(csr), "=m"(cw));
	printf("modes %x %x, saved %x %x\n", csr, cw, u->uc_mcontext.fpregs->mxcsr & ~63, u->uc_mcontext.fpregs->cwd);
	if (sig != SIGTRAP)
		siglongjmp(back, 1);
}

static void edit(int sig, siginfo_t *si, void *p)
{
	ucontext_t *u = p;
	u->uc_mcontext.gregs[REG_RAX] = 4711;
	u->uc_mcontext.gregs[REG_RIP] += 2; // over ud2
	memset(&u->uc_mcontext.fpregs->_xmm[7], 0x5a, 16);
}

static void counted(int sig) { count++; }

#define TRY(what) do { printf(#what ": "); if (!sigsetjmp(back, 1)) { what; puts("nothing"); } fesetenv(FE_DFL_ENV); } while (0)

int main(void)
{
	setvbuf(stdout, 0, _IONBF, 0);
	struct sigaction sa = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO};
	for (int *s = (int[]){SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGBUS, 0}; *s; s++)
		sigaction(*s, &sa, 0);
	volatile int zero = 0, r;
	volatile double dzero = 0, d;
	volatile long double l;
	static char aligned[64] __attribute__((aligned(16)));
	TRY(*(volatile int *)0x10 = 1);
	TRY(r = *(volatile int *)0x20);
	TRY(*(volatile char *)main = 1);
	TRY(*(volatile int *)0x1234567890abcdef = 1);
	TRY(((void (*)(void))0x30)());
	TRY(__asm__ volatile("idivl %0" : : "r"(zero) : "eax", "edx"));
	TRY(__asm__ volatile("idivl %0" : : "r"(-1), "a"(0x80000000), "d"(-1)));
	TRY(__asm__ volatile("ud2"));
	TRY(__asm__ volatile("hlt"));
	TRY(__asm__ volatile("movaps %0, %%xmm0" : : "m"(aligned[1]) : "xmm0"));
	TRY(__asm__ volatile("int3"));
	TRY(__asm__ volatile(".byte 0xcd, 3"));
	TRY(feenableexcept(FE_DIVBYZERO); d = 1 / dzero);
	TRY(feenableexcept(FE_INVALID); d = dzero / dzero);
	TRY(feenableexcept(FE_INEXACT); d = 1 / (dzero + 3));
	TRY(feenableexcept(FE_OVERFLOW); d = 1e300 * (dzero + 1e300));
	TRY(feenableexcept(FE_DIVBYZERO); l = 1; l /= dzero; __asm__ volatile("fwait"));

	stack_t st = {.ss_sp = low, .ss_size = sizeof low};
	sigaltstack(&st, 0);
	sa.sa_flags |= SA_ONSTACK;
	sigaction(SIGSEGV, &sa, 0);
	TRY(*(volatile int *)0x40 = 1);

	// What a handler changes in its frame is changed.
	struct sigaction ed = {.sa_sigaction = edit, .sa_flags = SA_SIGINFO};
	sigaction(SIGILL, &ed, 0);
	long rax = 0, x[2], red;
	__asm__ volatile("movq $77, -64(%%rsp)\n\tstd\n\tud2\n\tmovq -64(%%rsp), %2\n\tpushfq\n\tpopq %%rcx\n\tcld\n\tmovdqu %%xmm7, %1"
			 : "+a"(rax), "=m"(x), "=r"(red) : : "rcx", "xmm7", "memory", "cc");
	printf("rax %ld xmm7 %lx %lx red zone %ld\n", rax, x[0], x[1], red);

	// An interrupted call is made again, or not.
	struct sigaction al = {.sa_handler = counted, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &al, 0);
	int p[2];
	char c = 0;
	if (pipe(p))
		return 1;
	if (fork() == 0) {
		usleep(300000);
		r = write(p[1], "x", 1);
		_exit(0);
	}
	ualarm(50000, 0);
	r = read(p[0], &c, 1);
	printf("read %d %c after %d signals\n", r, c, count);
	al.sa_flags = 0;
	sigaction(SIGALRM, &al, 0);
	ualarm(50000, 0);
	r = read(p[0], &c, 1);
	printf("read %d after %d signals\n", r, count);
	ualarm(50000, 0);
	pause();
	printf("%d signals\n", count);
	puts("done");
	return 0;
}`

func TestAMD64SignalsAreThoseOfLinux(t *testing.T) { compareNatively(t, signalSource, "-lm") }

const legacySource = `
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#define CALL(n, ...) ({ long r_ = syscall(SYS_##n, ##__VA_ARGS__); if (r_ < 0) r_ = -errno; printf(#n ": %ld\n", r_); r_; })

int main(void)
{
	setvbuf(stdout, 0, _IONBF, 0);
	char buf[4096], dir[] = "/tmp/legacyXXXXXX";
	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	CALL(mkdir, "d", 0755);
	CALL(mkdir, "d", 0755);
	CALL(rmdir, "d");
	int fd = CALL(creat, "f", 0640);
	write(fd, "hello", 5);
	close(fd);
	CALL(access, "f", R_OK);
	CALL(access, "g", R_OK);
	CALL(link, "f", "g");
	CALL(symlink, "f", "l");
	CALL(readlink, "l", buf, sizeof buf);
	CALL(rename, "g", "h");
	CALL(chmod, "f", 0600);
	struct stat st;
	CALL(stat, "l", &st);
	printf("%o %ld %ld %ld\n", st.st_mode, (long)st.st_nlink, (long)st.st_size, (long)st.st_blksize);
	CALL(lstat, "l", &st);
	printf("%o %ld\n", st.st_mode, (long)st.st_size);
	struct utimbuf ut = {1000, 2000};
	CALL(utime, "f", &ut);
	stat("f", &st);
	printf("%ld %ld\n", (long)st.st_atime, (long)st.st_mtime);
	struct timeval tv[2] = {{3000, 5}, {4000, 6}};
	CALL(utimes, "f", tv);
	CALL(futimesat, AT_FDCWD, "f", tv);
	stat("f", &st);
	printf("%ld %ld %ld\n", (long)st.st_atime, (long)st.st_mtime, (long)st.st_mtim.tv_nsec);
	fd = CALL(open, "f", O_RDONLY);
	CALL(dup2, fd, fd);
	CALL(dup2, 99, 99);
	CALL(dup2, fd, 20);
	close(20);
	int list = open(".", O_RDONLY | O_DIRECTORY), n = syscall(SYS_getdents, list, buf, sizeof buf), sum = 0;
	for (int at = 0; at < n;) {
		struct { unsigned long ino, off; unsigned short len; char name[]; } *e = (void *)(buf + at);
		for (char *c = e->name; *c; c++)
			sum += *c;
		sum += 1000 * buf[at + e->len - 1]; // the type
		at += e->len;
	}
	printf("entries: %d\n", sum);
	close(list);

	int p[2];
	CALL(pipe, p);
	struct pollfd pf = {p[0], POLLIN, 0};
	CALL(poll, &pf, 1, 1);
	fd_set set;
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	struct timeval t = {0, 1000};
	CALL(select, p[0] + 1, &set, 0, 0, &t);
	printf("left %ld\n", (long)t.tv_usec);
	write(p[1], "ab", 2);
	t = (struct timeval){5, 0};
	FD_SET(p[0], &set);
	CALL(select, p[0] + 1, &set, 0, 0, &t);
	printf("set %d left %d\n", FD_ISSET(p[0], &set) != 0, t.tv_sec >= 4);
	CALL(poll, &pf, 1, -1);
	int ep = CALL(epoll_create, 1);
	struct epoll_event ev = {EPOLLIN, {.u64 = 0x1122334455667788}}, got[2];
	CALL(epoll_ctl, ep, EPOLL_CTL_ADD, p[0], &ev);
	ev.data.u64 = 42;
	ev.events = EPOLLOUT;
	CALL(epoll_ctl, ep, EPOLL_CTL_ADD, p[1], &ev);
	memset(got, 0xee, sizeof got);
	CALL(epoll_wait, ep, got, 2, 100);
	printf("%d bytes each; %x %lx, %x %lx\n", (int)sizeof ev, got[0].events, (long)got[0].data.u64, got[1].events, (long)got[1].data.u64);
	int e = CALL(eventfd, 3);
	uint64_t v;
	read(e, &v, 8);
	printf("%ld\n", (long)v);

	printf("time %d\n", syscall(SYS_time, &v) == (long)v && v > 1600000000);
	CALL(alarm, 100);
	CALL(alarm, 0);
	printf("group %d\n", syscall(SYS_getpgrp) > 0);
	unsigned long fs;
	CALL(arch_prctl, ARCH_GET_FS, &fs);
	printf("self %d\n", *(unsigned long *)fs == fs);
	CALL(arch_prctl, ARCH_SET_GS, 0x1234567000);
	CALL(arch_prctl, ARCH_GET_GS, &fs);
	printf("gs %lx\n", fs);
	CALL(arch_prctl, ARCH_SET_GS, 1l << 62);
	CALL(arch_prctl, 0x3001, 0);
	char *m = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	printf("low %d\n", (long)m > 0 && (long)m >> 31 == 0);
	pid_t child = syscall(SYS_fork);
	if (child == 0)
		_exit(5);
	int status;
	waitpid(child, &status, 0);
	printf("fork %d\n", WEXITSTATUS(status));
	if ((child = vfork()) == 0)
		_exit(6);
	waitpid(child, &status, 0);
	printf("vfork %d\n", WEXITSTATUS(status));
	long rcx, r11, ret = SYS_getpid;
	__asm__ volatile("stc\n\tsyscall\n1: lea 1b(%%rip), %%rdx\n\tsub %%rdx, %%rcx" : "+a"(ret), "=c"(rcx), "=r"(r11) : : "rdx", "r11", "memory");
	printf("rcx %ld\n", rcx);
	CALL(unlink, "f");
	CALL(unlink, "h");
	CALL(unlink, "l");
	CALL(unlink, "l");
	chdir("/");
	rmdir(dir);
	puts("done");
	return 0;
}`

func TestAMD64OlderSystemCallsDoWhatLinuxDoes(t *testing.T) {
	compareNatively(t, legacySource, "-Wno-unused-result")
}

// A gdb user knows these addresses from programs with address space randomization
// switched off.
func TestAMD64ProgramsLieWhereTheyDoUnderGDB(t *testing.T) {
	amd64Toolchain.need(t)
	exe := amd64Toolchain.build(t, t.TempDir(), "hello", helloSource, "-pie", "-lm")
	m := start(t, amd64Toolchain.config(t, exe))
	if got := m.Image().Bias; got != 0x555555554000 {
		t.Errorf("the program is moved by %#x", got)
	}
	var last vm.Mapping
	for _, v := range m.Mappings() {
		if v.Name == m.Image().Interp {
			last = v
		}
	}
	// The loader's bss lies behind what is mapped of its file.
	if last.End > 0x7ffff7fff000 || last.End < 0x7ffff7ffd000 {
		t.Errorf("the dynamic loader ends at %#x", last.End)
	}
	if sp := m.Reg(m.CurrentThread(), m.Arch().SP); sp < 0x7fffffff0000 || sp >= 0x7ffffffff000 || sp%16 != 0 {
		t.Errorf("the stack pointer is %#x", sp)
	}
}
