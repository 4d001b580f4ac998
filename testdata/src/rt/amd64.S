# start.S for x86-64: the program's entry, the thread entry and the return from
# signal handlers. The .cfi_undefined rip lines tell unwinders that nothing
# called this.

	.text

# Linux enters here with rsp at argc, argv[0] … NULL, envp[0] … NULL, auxv.
	.globl _start
	.type _start, @function
_start:
	.cfi_startproc
	.cfi_undefined rip
	xor	%ebp, %ebp		# ends the chain of frame pointers
	mov	(%rsp), %edi		# argc
	lea	8(%rsp), %rsi		# argv
	lea	8(%rsi,%rdi,8), %rdx	# envp
	and	$-16, %rsp
	call	main
	mov	%eax, %edi
	call	sys_exit_group
	ud2
	.cfi_endproc
	.size _start, .-_start

# long rt_clone(flags, stack_top, parent_tid, tls, child_tid, fn, arg)
# fn and arg cross to the child on its own stack: it must not touch the
# parent's, which goes on being used.
	.globl rt_clone
	.type rt_clone, @function
rt_clone:
	.cfi_startproc
	and	$-16, %rsi
	sub	$16, %rsi
	mov	%r9, (%rsi)
	mov	8(%rsp), %rax
	mov	%rax, 8(%rsi)
	mov	%r8, %r10		# child_tid and tls: the other way round here
	mov	%rcx, %r8
	mov	$56, %eax		# clone
	syscall
	test	%rax, %rax
	jz	1f
	ret
	.cfi_endproc
	.size rt_clone, .-rt_clone

	.type rt_thread_entry, @function
rt_thread_entry:
	.cfi_startproc
	.cfi_undefined rip
1:	xor	%ebp, %ebp
	pop	%rax
	pop	%rdi
	call	*%rax
	mov	%eax, %edi
	call	sys_exit
	ud2
	.cfi_endproc
	.size rt_thread_entry, .-rt_thread_entry

# Signal handlers return to here.
	.globl rt_restorer
	.type rt_restorer, @function
rt_restorer:
	mov	$15, %eax		# rt_sigreturn
	syscall
	.size rt_restorer, .-rt_restorer

	.section .note.GNU-stack,"",@progbits
