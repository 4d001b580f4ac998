// signals: faults repaired on an alternate stack, timers, masks, nesting, and
// what siginfo says. Each test prints what its handlers saw.
#include "rt/rt.h"

static char altstack[16384] __attribute__((aligned(16)));
static volatile int count;
static volatile struct siginfo seen; // copied by the last handler that ran

static int on_altstack(void)
{
	char here;
	return &here >= altstack && &here < altstack + sizeof altstack;
}

// skip_instruction makes the handler return behind the instruction that faulted.
static void skip_instruction(struct ucontext *uc)
{
	uint16_t low;
	memcpy(&low, (void *)uc->gregs[0], 2);
	uc->gregs[0] += (low & 3) == 3 ? 4 : 2;
}

// --- SIGSEGV ---------------------------------------------------------------------

#define HOLE ((volatile int *)0x6fff0000) // nothing is mapped there

static void repair_by_mapping(int sig, struct siginfo *info, struct ucontext *uc)
{
	(void)uc;
	print("signal %d, code %d, address %lx, on the alternate stack: %d\n", sig, info->si_code, info->si_addr, on_altstack());
	void *page = (void *)(info->si_addr & -4096ul);
	CHECK(sys_mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page); //@repair
}

static void repair_by_unprotecting(int sig, struct siginfo *info, struct ucontext *uc)
{
	(void)uc;
	print("signal %d, code %d\n", sig, info->si_code);
	CHECK(sys_mprotect((void *)(info->si_addr & -4096ul), 4096, PROT_READ | PROT_WRITE) == 0);
}

static void repair_by_skipping(int sig, struct siginfo *info, struct ucontext *uc)
{
	print("signal %d, code %d, at its own PC: %d\n", sig, info->si_code, info->si_addr == uc->gregs[0]);
	uc->gregs[10] = 1234; // a0
	skip_instruction(uc);
}

static void test_faults(void)
{
	sig_altstack(altstack, sizeof altstack);
	sig_action(SIGSEGV, repair_by_mapping, SA_ONSTACK, 0);
	HOLE[3] = 5; //@fault
	print("repaired: %d\n", HOLE[3]);

	CHECK(sys_mprotect((void *)HOLE, 4096, PROT_READ) == 0);
	sig_action(SIGSEGV, repair_by_unprotecting, 0, 0);
	HOLE[3]++; //@fault-readonly
	print("repaired: %d\n", HOLE[3]);

	// An illegal instruction, and a load from nowhere into a0, skipped.
	register long a0 __asm__("a0") = 0;
	sig_action(SIGILL, repair_by_skipping, 0, 0);
	__asm__ volatile(".4byte 0xffffffff" : "+r"(a0)); //@illegal
	print("skipped: %ld\n", a0);
	sig_action(SIGTRAP, repair_by_skipping, 0, 0);
	register long b0 __asm__("a0") = 0;
	__asm__ volatile("c.ebreak" : "+r"(b0)); //@ebreak
	print("skipped: %ld\n", b0);
}

// A call into nothing faults at its target, with ra already set.
static void repair_by_returning(int sig, struct siginfo *info, struct ucontext *uc)
{
	print("signal %d, address %lx is the PC: %d\n", sig, info->si_addr, info->si_addr == uc->gregs[0]);
	uc->gregs[0] = uc->gregs[1]; // ra
	uc->gregs[10] = 77;
}

static void test_wild_call(void)
{
	sig_action(SIGSEGV, repair_by_returning, 0, 0);
	int (*volatile wild)(void) = (int (*)(void))0x5fff1230;
	print("returned: %d\n", wild()); //@wild-call
}

// --- Sent signals -----------------------------------------------------------------

static void note(int sig, struct siginfo *info, struct ucontext *uc)
{
	(void)uc;
	seen = *info;
	CHECK(info->si_signo == sig);
	count++; //@note
}

static void test_sent(void)
{
	int pid = (int)sys_getpid();
	sig_action(SIGUSR1, note, 0, 0);
	CHECK(sig_kill(pid, SIGUSR1) == 0); //@kill
	print("kill: count %d, code %d, from itself: %d\n", count, seen.si_code, seen.si_pid == pid);
	CHECK(sig_tgkill(pid, (int)sys_gettid(), SIGUSR1) == 0);
	print("tgkill: count %d, code %d\n", count, seen.si_code);

	// Blocked, sent twice, delivered once.
	uint64_t old = sig_mask(SIG_BLOCK, SIG_BIT(SIGUSR1));
	sig_kill(pid, SIGUSR1);
	sig_kill(pid, SIGUSR1);
	print("blocked: count %d, pending %lx\n", count, sig_pending());
	sig_mask(SIG_SETMASK, old); //@unblock
	print("unblocked: count %d, pending %lx\n", count, sig_pending());

	// An ignored signal is gone, and so is one pending when it is ignored.
	sig_mask(SIG_BLOCK, SIG_BIT(SIGUSR1));
	sig_kill(pid, SIGUSR1);
	sig_action(SIGUSR1, SIG_IGN, 0, 0);
	sig_mask(SIG_UNBLOCK, SIG_BIT(SIGUSR1));
	sig_kill(pid, SIGUSR1);
	print("ignored: count %d\n", count);
	print("no such signal: %ld, no such process: %ld\n", sig_kill(pid, 65), sig_tgkill(pid, 0x3fffffff, SIGUSR1));
}

// --- Nesting ------------------------------------------------------------------------

static int depth;

static void nested(int sig, struct siginfo *info, struct ucontext *uc)
{
	(void)info;
	int mine = ++depth;
	print("> signal %d at depth %d, blocked before it: %lx\n", sig, mine, uc->uc_sigmask);
	if (sig == SIGUSR1)
		sig_kill((int)sys_getpid(), SIGUSR2); //@nested-kill
	print("< signal %d at depth %d\n", sig, mine);
	depth--;
}

static void again(int sig, struct siginfo *info, struct ucontext *uc)
{
	(void)info;
	(void)uc;
	count++;
	if (count < 3)
		sig_kill((int)sys_getpid(), sig); // SA_NODEFER: at once, inside this one
	print("again %d\n", count--);
}

static void test_nesting(void)
{
	int pid = (int)sys_getpid();
	sig_action(SIGUSR2, nested, 0, 0);
	sig_action(SIGUSR1, nested, 0, 0); // SIGUSR2 comes in between
	sig_kill(pid, SIGUSR1);
	sig_action(SIGUSR1, nested, 0, SIG_BIT(SIGUSR2)); // SIGUSR2 has to wait
	sig_kill(pid, SIGUSR1);
	count = 0;
	sig_action(SIGUSR1, again, SA_NODEFER, 0);
	sig_kill(pid, SIGUSR1);
	print("mask at the end %lx, count %d\n", sig_mask(SIG_BLOCK, 0), count);
}

// --- Timers ---------------------------------------------------------------------------

static void test_timer(void)
{
	count = 0;
	sig_action(SIGALRM, note, 0, 0);
	uint64_t old = sig_mask(SIG_BLOCK, SIG_BIT(SIGALRM));
	sig_timer(2000, 3000);
	while (count < 3)
		CHECK(sig_suspend(old) == -EINTR); //@suspend
	sig_timer(0, 0);
	sig_mask(SIG_SETMASK, old);
	print("alarms: %d, signal %d\n", count, seen.si_signo);

	// A sleep is cut short and tells how much is left.
	struct timespec t = {5, 0}, rest = {0, 0};
	sig_timer(2000, 0);
	long r = sys_nanosleep(&t, &rest); //@sleep
	print("sleep: %ld, more than a second left: %d\n", r, rest.tv_sec >= 1);

	// A busy loop is interrupted as well.
	count = 0;
	sig_timer(2000, 0);
	volatile uint64_t turns = 0;
	while (count == 0)
		turns++;
	print("busy: %d\n", count);
}

// --- Registers survive ------------------------------------------------------------------

static void clobber(int sig, struct siginfo *info, struct ucontext *uc)
{
	(void)sig;
	(void)info;
	(void)uc;
	__asm__ volatile("li t0, -1\n\tli t1, -1\n\tli a5, -1\n\tfmv.d.x ft0, zero\n\tfmv.d.x fa0, zero\n\tfsflagsi 31"
			 ::: "t0", "t1", "a5", "ft0", "fa0");
}

static void test_registers(void)
{
	sig_action(SIGUSR1, clobber, 0, 0);
	register long a0 __asm__("a0") = sys_getpid();
	register long a1 __asm__("a1") = SIGUSR1;
	register long a7 __asm__("a7") = 129; // kill
	uint64_t t0, t1, f, csr;
	__asm__ volatile("fsflags zero\n\t"
			 "li t0, 11\n\tli t1, 22\n\tli a5, 33\n\tfmv.d.x ft0, a5\n\t"
			 "ecall\n\t"
			 "mv %0, t0\n\tadd %1, t1, a5\n\tfmv.x.d %2, ft0\n\tfrflags %3"
			 : "=&r"(t0), "=&r"(t1), "=&r"(f), "=r"(csr), "+r"(a0)
			 : "r"(a1), "r"(a7)
			 : "t0", "t1", "a5", "ft0", "memory");
	print("registers: %ld %lu %lu %lu, flags %lu\n", a0, t0, t1, f, csr);
}

int main(void)
{
	test_faults();
	test_wild_call();
	test_sent();
	test_nesting();
	test_timer();
	test_registers();
	sig_action(SIGUSR1, SIG_DFL, 0, 0);
	print("dying of SIGUSR1\n");
	sig_kill((int)sys_getpid(), SIGUSR1); //@die
	return 1;
}
