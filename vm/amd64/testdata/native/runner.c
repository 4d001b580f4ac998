/* Executes instructions on the host's CPU for the tests of package amd64.
 *
 * A batch of cases lies in a file shared with the test, mapped at SHARED: a
 * header, the window's content that all cases start from, then the cases. For
 * each 8-byte number n read from descriptor 0, cases 0 to n-1 are executed and
 * one byte is written to descriptor 1.
 *
 * The program lives in its signal handler: a case is started by returning from
 * the handler to a context made of its registers, with the trap flag set, and
 * it comes back as SIGTRAP after each instruction or as the signal of its
 * fault, with all registers in the new context. There is no library, hence
 * nothing that depends on fs, gs or the floating-point control words.
 *
 * CODE and WINDOW are below 2 GiB so that instructions can name them in every
 * addressing mode; everything else is far from there, so that a wild access of a
 * tested instruction faults. native_runner_test.go knows the same layout.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <asm/unistd.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

#define CODE 0x1a2b4000ul   /* one page for the instruction */
#define WINDOW 0x20000000ul /* one page of data */
#define SHARED 0x5b3b7c000000ul
#define PAGE 4096
#define FS_BASE (WINDOW + 0x100)
#define GS_BASE (WINDOW + 0xe00)

enum { MAX_CODE = 192, MAX_PATCH = 640, MAX_DIFF = 160 };

struct test {
	/* inputs */
	u64 gpr[16]; /* rax rcx rdx rbx rsp rbp rsi rdi r8-r15 */
	u64 rip, flags, steps;
	u32 code_len, patch_len;
	u64 patch_at; /* offset in the window */
	u8 code[MAX_CODE];
	u8 patch[MAX_PATCH];
	u8 fx[512];
	/* results */
	u64 out_gpr[16];
	u64 out_rip, out_flags, sig, trapno, err, addr, left;
	u8 out_fx[512];
	u64 ndiff;
	struct { u64 at, value; } diff[MAX_DIFF];
};

struct shared {
	u64 size_of_test; /* written here, checked by the test */
	u64 pad[7];
	u8 window[PAGE];
	struct test tests[];
};

#define S ((struct shared *)SHARED)

static u64 call(u64 n, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	register u64 r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "+a"(n) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return n;
}

static void quit(u64 code)
{
	for (;;)
		call(__NR_exit_group, code, 0, 0, 0, 0, 0);
}

static void copy(void *to, const void *from, u64 n) { __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory"); }

static const int regs[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static u64 index, count, left;

static void start(ucontext_t *uc)
{
	struct test *t = &S->tests[index];
	greg_t *g = uc->uc_mcontext.gregs;
	u8 *fx = (u8 *)uc->uc_mcontext.fpregs;

	left = t->steps;
	copy((void *)t->rip, t->code, t->code_len);
	copy((void *)(WINDOW + t->patch_at), t->patch, t->patch_len);
	for (int i = 0; i < 16; i++)
		g[regs[i]] = t->gpr[i];
	g[REG_RIP] = t->rip;
	g[REG_EFL] = t->flags | 0x100;
	copy(fx, t->fx, 464); /* what follows is the kernel's */
	*(u64 *)(fx + 512) |= 3; /* xstate_bv: x87 and SSE are in the area */
}

static void finish(ucontext_t *uc, int sig)
{
	struct test *t = &S->tests[index];
	greg_t *g = uc->uc_mcontext.gregs;
	u64 *now = (u64 *)WINDOW;
	const u64 *before = (const u64 *)S->window;
	u64 n = 0;

	for (int i = 0; i < 16; i++)
		t->out_gpr[i] = g[regs[i]];
	t->out_rip = g[REG_RIP];
	t->out_flags = g[REG_EFL] & ~0x10100ul; /* TF, RF */
	t->sig = sig;
	t->trapno = g[REG_TRAPNO];
	t->err = g[REG_ERR];
	t->addr = g[REG_CR2];
	t->left = left;
	copy(t->out_fx, uc->uc_mcontext.fpregs, 464);
	for (u64 i = 0; i < PAGE / 8; i++) {
		if (now[i] != before[i]) {
			if (n < MAX_DIFF) {
				t->diff[n].at = 8 * i;
				t->diff[n].value = now[i];
			}
			n++;
			now[i] = before[i];
		}
	}
	t->ndiff = n;
}

static void next_batch(void)
{
	u8 done = 1;
	if (count != 0 && call(__NR_write, 1, (u64)&done, 1, 0, 0, 0) != 1)
		quit(1);
	if (call(__NR_read, 0, (u64)&count, 8, 0, 0, 0) != 8)
		quit(0);
	index = 0;
	copy((void *)WINDOW, S->window, PAGE);
}

static void handler(int sig, siginfo_t *info, void *p)
{
	ucontext_t *uc = p;
	(void)info;
	__asm__ volatile("pushfq; andl $~0x240000,(%%rsp); popfq" : : : "memory", "cc"); /* AC, ID */
	if (count == 0 || sig == SIGUSR1) {
		next_batch();
	} else {
		if (sig == SIGTRAP && uc->uc_mcontext.gregs[REG_TRAPNO] == 1 && --left > 0) {
			uc->uc_mcontext.gregs[REG_EFL] |= 0x100; /* popf may have cleared TF */
			return;
		}
		finish(uc, sig);
		if (++index == count)
			next_batch();
	}
	start(uc);
}

__asm__(".globl restorer\nrestorer: mov $15,%eax\n syscall\n");
extern void restorer(void);

struct kernel_sigaction { void *handler; u64 flags; void *restorer; u64 mask; };

static u8 stack[65536] __attribute__((aligned(64)));

__attribute__((used)) static void run(void)
{
	struct kernel_sigaction sa = {handler, SA_SIGINFO | SA_ONSTACK | 0x04000000, restorer, ~0ul};
	stack_t alt = {.ss_sp = stack, .ss_size = sizeof stack};
	static const int sigs[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGUSR1};
	u64 rwx = PROT_READ | PROT_WRITE | PROT_EXEC, fixed = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;

	if (call(__NR_mmap, CODE, PAGE, rwx, fixed, ~0ul, 0) != CODE ||
	    call(__NR_mmap, WINDOW, PAGE, PROT_READ | PROT_WRITE, fixed, ~0ul, 0) != WINDOW)
		quit(2);
	u64 size = call(__NR_lseek, 3, 0, 2 /* SEEK_END */, 0, 0, 0);
	if (call(__NR_mmap, SHARED, size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED, 3, 0) != SHARED)
		quit(3);
	S->size_of_test = sizeof(struct test);
	call(__NR_arch_prctl, ARCH_SET_FS, FS_BASE, 0, 0, 0, 0);
	call(__NR_arch_prctl, ARCH_SET_GS, GS_BASE, 0, 0, 0, 0);
	call(__NR_sigaltstack, (u64)&alt, 0, 0, 0, 0, 0);
	for (u64 i = 0; i < sizeof sigs / sizeof sigs[0]; i++)
		call(__NR_rt_sigaction, sigs[i], (u64)&sa, 0, 8, 0, 0);
	call(__NR_kill, call(__NR_getpid, 0, 0, 0, 0, 0, 0), SIGUSR1, 0, 0, 0, 0);
	quit(4);
}

__asm__(".globl _start\n_start: and $-64,%rsp\n call run\n");
