// x86: what x86-64 has of its own: string instructions that repeat, in both
// directions, ended by a comparison, by a fault in the middle or by the code that
// they overwrite; code that changes without a fence; x87 and SSE state that a
// signal handler must not disturb.
#include "rt/rt.h"

enum { PAGE = 4096 };

static unsigned char from[2 * PAGE], to[2 * PAGE];

static void fill(void)
{
	for (int i = 0; i < 2 * PAGE; i++) {
		from[i] = (unsigned char)(i * 7 + (i >> 5));
		to[i] = 0;
	}
}

static uint64_t digest(const unsigned char *p, int n)
{
	uint64_t h = FNV_INIT;
	for (int i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3;
	return h;
}

static NOINLINE void copy(void *d, const void *s, unsigned long n)
{
	__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory"); //@copy
}

static void copy_words(void *d, const void *s, unsigned long n)
{
	__asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
}

static void copy_down(void *d, const void *s, unsigned long n)
{
	__asm__ volatile("std\n\trep movsb\n\tcld" : "+D"(d), "+S"(s), "+c"(n) : : "memory", "cc");
}

static void set(void *d, uint64_t v, unsigned long n)
{
	__asm__ volatile("rep stosq" : "+D"(d), "+c"(n) : "a"(v) : "memory");
}

static unsigned long equal(const void *a, const void *b, unsigned long n)
{
	__asm__ volatile("repe cmpsb" : "+S"(a), "+D"(b), "+c"(n) : : "memory", "cc");
	return n;
}

static unsigned long find(const void *a, char c, unsigned long n)
{
	__asm__ volatile("repne scasb" : "+D"(a), "+c"(n) : "a"(c) : "memory", "cc");
	return n;
}

static void strings(void)
{
	fill();
	copy(to + 5, from, 300);
	print("copied: %lx\n", digest(to, PAGE));
	copy_words(to + PAGE - 60, from + 3, 40); // across a page
	print("words: %lx\n", digest(to, 2 * PAGE));
	copy(to + 6, to + 5, 100); // each byte is the one before
	print("overlapping: %lx\n", digest(to, PAGE));
	copy_down(to + 600, to + 500, 300);
	print("downwards: %lx\n", digest(to, PAGE));
	set(to + 2000, 0x1122334455667788, 50);
	print("set: %lx\n", digest(to, PAGE));
	copy(to, from, 1000);
	to[777]++;
	print("equal: %lu %lu %lu\n", equal(to, from, 1000), equal(to, from, 500), equal(to, from, 0));
	print("found: %lu %lu\n", find(from, (char)from[77], 1000), find(from, 1, 0));
}

// A page that can't be written at first: the copy goes on where it failed.
static unsigned char *walls;
static int faults;

static void open_up(int sig, struct siginfo *info, struct ucontext *uc)
{
	(void)uc;
	CHECK(sig == SIGSEGV);
	faults++;
	CHECK(sys_mprotect((void *)(info->si_addr & -(uint64_t)PAGE), PAGE, PROT_READ | PROT_WRITE) == 0);
}

static void stumble(void)
{
	sig_action(SIGSEGV, open_up, SA_SIGINFO, 0);
	walls = sys_mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK((long)walls > 0);
	fill();
	copy(walls + PAGE - 40, from, 80);
	print("faults: %d, %lx\n", faults, digest(walls, 3 * PAGE));
	copy_words(walls + 2 * PAGE - 20, from, 6); // one word lies on both sides
	print("faults: %d, %lx\n", faults, digest(walls, 3 * PAGE));
}

// Code: mov eax, imm32; add eax, edi; ret
static void emit(unsigned char *code, int v)
{
	code[0] = 0xb8;
	memcpy(code + 1, &v, 4);
	code[5] = 0x01;
	code[6] = 0xf8;
	code[7] = 0xc3;
}

static void rewrite(void)
{
	unsigned char *code = sys_mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK((long)code > 0);
	int (*f)(int) = (int (*)(int))(void *)code;
	int x = 0;
	for (int i = 1; i <= 60; i++) {
		emit(code, i);
		x = f(x);
	}
	print("rewritten: %d\n", x);

	// Only an operand changes, and it lies on two pages.
	unsigned char *cross = code + PAGE - 3;
	int (*g)(int) = (int (*)(int))(void *)cross;
	emit(cross, 5);
	x = g(1);
	code[PAGE] = 1;
	print("across pages: %d %d\n", x, g(1));

	// It stores over its own next instruction, which lies in the same block:
	// mov byte [rdi], sil; mov al, 1; movzx eax, al; ret
	static const unsigned char own[] = {0x40, 0x88, 0x37, 0xb0, 1, 0x0f, 0xb6, 0xc0, 0xc3};
	memcpy(code, own, sizeof own);
	int (*h)(unsigned char *, int) = (int (*)(unsigned char *, int))(void *)code;
	print("own next: %d", h(code + 4, 7));
	print(" %d\n", h(code + 4, 9));

	// A repeated store runs over itself and what follows it: what it writes is
	// what it is and what was there. rep stosb; mov eax, ecx; ret
	static const unsigned char stos[] = {0xf3, 0xaa, 0x89, 0xc8, 0xc3};
	memcpy(code, stos, sizeof stos);
	unsigned char *d = code + 64;
	unsigned long n = 100, left;
	__asm__ volatile("call *%[f]" : "=a"(left), "+D"(d), "+c"(n) : "a"(0xc3), [f] "r"(code) : "memory", "cc");
	print("beside: %lu %lx\n", left, digest(code, 256));
	// Copied over by a repeated instruction while it is translated.
	unsigned char other[8];
	emit(code, 100);
	x = f(1);
	emit(other, 200);
	copy(code, other, 8);
	print("copied over: %d %d\n", x, f(1));
}

static double scratch = 3;

static void disturb(int sig, struct siginfo *info, struct ucontext *uc)
{
	(void)sig, (void)info, (void)uc;
	unsigned mxcsr = 0x7f80; // rounds towards zero
	unsigned short cw = 0x0f7f;
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1\n\tfld1\n\tfldpi\n\tfld1\n\tfldz\n\tpxor %%xmm0, %%xmm0\n\tmovaps %%xmm0, %%xmm7" : : "m"(mxcsr), "m"(cw) : "memory");
}

static void floats(void)
{
	sig_action(SIGUSR1, disturb, SA_SIGINFO, 0);
	unsigned mxcsr = 0x5f80, after; // rounds up
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	double quarter = 0.25, third;
	uint64_t top[2];
	long pid = sys_getpid(), ret;
	// Three values on the x87 stack and one in xmm7 across kill(pid, SIGUSR1).
	__asm__ volatile("fldpi\n\tfldl2e\n\tfldl %[q]\n\tmovsd %[s], %%xmm7\n\tmovl $62, %%eax\n\tsyscall\n\t"
			 "fyl2x\n\tfadd %%st(0), %%st(0)\n\tfstpt %[top]\n\tfninit\n\t"
			 "movsd %[q], %%xmm6\n\tdivsd %%xmm7, %%xmm6\n\tmovsd %%xmm6, %[third]"
			 : [top] "=m"(top), [third] "=m"(third), "=a"(ret)
			 : [q] "m"(quarter), [s] "m"(scratch), "D"(pid), "S"((long)SIGUSR1)
			 : "rcx", "r11", "memory", "cc", "xmm6", "xmm7");
	__asm__ volatile("stmxcsr %0" : "=m"(after));
	uint64_t bits;
	memcpy(&bits, &third, 8);
	print("floats: %ld %lx %x %lx mxcsr %x\n", ret, top[0], (unsigned)(top[1] & 0xffff), bits, after);
	mxcsr = 0x1f80;
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

int main(void)
{
	strings();
	stumble();
	rewrite();
	floats();
	return 6;
}
