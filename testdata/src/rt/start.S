# The program's entry, the system-call gate and the thread entry: what C can't
# express. The .cfi_undefined ra lines tell unwinders that nothing called this.

	.option norelax
	.text

# Linux enters here with sp at argc, argv[0] … NULL, envp[0] … NULL, auxv.
	.globl _start
	.type _start, @function
_start:
	.cfi_startproc
	.cfi_undefined ra
	la	gp, __global_pointer$	# must not be relaxed to use gp itself
	ld	a0, 0(sp)		# argc
	addi	a1, sp, 8		# argv
	addi	a2, a0, 1
	slli	a2, a2, 3
	add	a2, a1, a2		# envp
	andi	sp, sp, -16
	call	main
	call	sys_exit_group
	unimp
	.cfi_endproc
	.size _start, .-_start

# long rt_syscall(long n, long a, long b, long c, long d, long e, long f)
	.globl rt_syscall
	.type rt_syscall, @function
rt_syscall:
	.cfi_startproc
	mv	a7, a0
	mv	a0, a1
	mv	a1, a2
	mv	a2, a3
	mv	a3, a4
	mv	a4, a5
	mv	a5, a6
	ecall
	ret
	.cfi_endproc
	.size rt_syscall, .-rt_syscall

# long rt_clone(flags, stack_top, parent_tid, tls, child_tid, fn, arg)
# fn and arg cross to the child on its own stack: it must not touch the
# parent's, which goes on being used.
	.globl rt_clone
	.type rt_clone, @function
rt_clone:
	.cfi_startproc
	andi	a1, a1, -16
	addi	a1, a1, -16
	sd	a5, 0(a1)
	sd	a6, 8(a1)
	li	a7, 220			# clone
	ecall
	beqz	a0, 1f
	ret
	.cfi_endproc
	.size rt_clone, .-rt_clone

	.type rt_thread_entry, @function
rt_thread_entry:
	.cfi_startproc
	.cfi_undefined ra
1:	ld	a1, 0(sp)
	ld	a0, 8(sp)
	addi	sp, sp, 16
	li	s0, 0			# ends the chain of frame pointers
	jalr	a1
	call	sys_exit
	unimp
	.cfi_endproc
	.size rt_thread_entry, .-rt_thread_entry

	.section .note.GNU-stack,"",@progbits
