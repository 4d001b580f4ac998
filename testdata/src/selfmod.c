// selfmod: writes instructions into memory, runs them, and rewrites them: into a
// fresh page, into one that ran before, into its own next instruction, through a
// second mapping of protections, and into its own text.
#include "rt/rt.h"

typedef long (*function)(long);

enum { PAGE = 4096, RET = 0x8067 };

static uint32_t addi_a0_a0(int imm) { return (uint32_t)imm << 20 | 10 << 15 | 10 << 7 | 0x13; }

static void fence_i(void) { __asm__ volatile("fence.i" ::: "memory"); }

// Lies on pages of its own in .text; main makes them writable.
__attribute__((aligned(4096), noinline)) static long patched(long x)
{
	__asm__ volatile(".option push\n\t.option norvc\n\t"
			 ".globl patch_here\n"
			 "patch_here:\taddi %0, %0, 1\n\t"
			 ".option pop"
			 : "+r"(x));
	return x;
}
extern uint32_t patch_here;

int main(void)
{
	uint32_t *code = sys_mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK((long)code > 0);
	function f = (function)(void *)code;

	// The same place, a hundred times.
	long x = 0;
	for (int i = 1; i <= 100; i++) {
		code[0] = addi_a0_a0(i); //@write
		code[1] = RET;
		fence_i();
		x = f(x); //@run
	}
	print("rewritten: %ld\n", x);

	// A function that grows: only its end changes.
	int n = 0;
	long sum = 0;
	for (; n < 64; n++) {
		code[n] = addi_a0_a0(1);
		code[n + 1] = RET;
		fence_i();
		sum += f(0);
	}
	print("growing: %ld\n", sum);

	// Code that stores over the instruction after its own fence.i:
	//   sw a1, 8(a2) ; fence.i ; addi a0, a0, 1 -> replaced ; ret
	code[0] = 0x00b62423;
	code[1] = 0x0000100f;
	code[2] = addi_a0_a0(1);
	code[3] = RET;
	fence_i();
	long (*own)(long, long, uint32_t *) = (void *)code;
	print("own next instruction: %ld", own(0, addi_a0_a0(5), code));
	print(" %ld\n", own(0, addi_a0_a0(7), code));

	// An instruction across a page boundary, halves rewritten.
	uint16_t *half = (uint16_t *)(code + PAGE / 4) - 1;
	half[0] = (uint16_t)addi_a0_a0(9);
	half[1] = (uint16_t)(addi_a0_a0(9) >> 16);
	half[2] = (uint16_t)RET;
	half[3] = (uint16_t)(RET >> 16);
	fence_i();
	function g = (function)(void *)half;
	print("across pages: %ld", g(100));
	half[1] = (uint16_t)(addi_a0_a0(11) >> 16);
	fence_i();
	print(" %ld\n", g(100));

	// Writable first, executable afterwards, as a compiler does it.
	CHECK(sys_mprotect(code, PAGE, PROT_READ | PROT_WRITE) == 0);
	code[0] = addi_a0_a0(-3);
	code[1] = RET;
	CHECK(sys_mprotect(code, PAGE, PROT_READ | PROT_EXEC) == 0);
	fence_i();
	print("w^x: %ld\n", f(10));

	// A page that is unmapped, mapped again in the same place and filled anew.
	CHECK(sys_munmap(code, PAGE) == 0);
	uint32_t *again = sys_mmap(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(again == code);
	code[0] = addi_a0_a0(21);
	code[1] = RET;
	fence_i();
	print("remapped: %ld\n", f(0));

	// Its own text.
	print("text: %ld", patched(1));
	void *page = (void *)((uintptr_t)&patch_here & -(uintptr_t)PAGE);
	CHECK(sys_mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
	patch_here = (patch_here & 0xfffff) | 100u << 20; //@patch-text
	fence_i();
	print(" %ld\n", patched(1));
	return 0;
}
