// The numbers of x86-64's system calls: the rest of the runtime uses the generic
// ones (asm-generic/unistd.h).
#include "rt.h"

long rt_syscall_amd64(long n, long a, long b, long c, long d, long e, long f);

static const short numbers[] = {
	[24] = 292, // dup3
	[34] = 258, // mkdirat
	[35] = 263, // unlinkat
	[46] = 77, // ftruncate
	[56] = 257, // openat
	[57] = 3, // close
	[59] = 293, // pipe2
	[61] = 217, // getdents64
	[62] = 8, // lseek
	[63] = 0, // read
	[64] = 1, // write
	[65] = 19, // readv
	[66] = 20, // writev
	[67] = 17, // pread64
	[68] = 18, // pwrite64
	[73] = 271, // ppoll
	[79] = 262, // newfstatat
	[80] = 5, // fstat
	[93] = 60, // exit
	[94] = 231, // exit_group
	[98] = 202, // futex
	[101] = 35, // nanosleep
	[103] = 38, // setitimer
	[113] = 228, // clock_gettime
	[115] = 230, // clock_nanosleep
	[124] = 24, // sched_yield
	[129] = 62, // kill
	[131] = 234, // tgkill
	[132] = 131, // sigaltstack
	[133] = 130, // rt_sigsuspend
	[134] = 13, // rt_sigaction
	[135] = 14, // rt_sigprocmask
	[136] = 127, // rt_sigpending
	[137] = 128, // rt_sigtimedwait
	[138] = 129, // rt_sigqueueinfo
	[172] = 39, // getpid
	[178] = 186, // gettid
	[214] = 12, // brk
	[215] = 11, // munmap
	[222] = 9, // mmap
	[226] = 10, // mprotect
	[276] = 316, // renameat2
};

void rt_sigreturn(void);

// rt_syscall takes the generic number. x86-64 wants to be told what a signal handler
// returns to: in the place of the first mask (see signal.c).
long rt_syscall(long n, long a, long b, long c, long d, long e, long f)
{
	if (n == 134 && b != 0) {
		uint64_t act[4];
		for (int i = 0; i < 4; i++)
			act[i] = ((uint64_t *)b)[i];
		act[1] |= 0x04000000; // SA_RESTORER
		act[2] = (uint64_t)rt_sigreturn;
		return rt_syscall_amd64(13, a, (long)act, c, d, 0, 0);
	}
	if (n == 63) // whose number is 0
		return rt_syscall_amd64(0, a, b, c, d, e, f);
	if (n < 0 || n >= (long)ARRAY_LEN(numbers) || numbers[n] == 0)
		return -38; // ENOSYS
	return rt_syscall_amd64(numbers[n], a, b, c, d, e, f);
}
