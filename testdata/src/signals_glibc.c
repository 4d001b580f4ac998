// signals_glibc: signals through the GNU C library: sigaction, raise, sigsetjmp
// out of a fault, abort with a handler that returns.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

static sigjmp_buf recovery;
static volatile sig_atomic_t caught, alarms;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	caught = sig;
	printf("fault %d at %p\n", sig, info->si_addr);
	siglongjmp(recovery, 1); //@longjmp
}

static void on_usr1(int sig)
{
	printf("signal %d\n", sig); //@usr1
}

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void on_abort(int sig)
{
	printf("abort handler, signal %d\n", sig); // returns: abort kills all the same
	fflush(stdout);
}

int main(void)
{
	struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	sigaction(SIGSEGV, &act, NULL);
	for (int i = 1; i <= 2; i++)
		if (sigsetjmp(recovery, 1) == 0)
			*(volatile int *)(long)(i * 16) = 1; //@fault
		else
			printf("recovered from %d\n", caught);

	signal(SIGUSR1, on_usr1);
	raise(SIGUSR1); //@raise
	signal(SIGALRM, on_alarm);
	struct itimerval timer = {.it_value = {.tv_usec = 3000}};
	sigset_t block, old;
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, &old);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (!alarms)
		sigsuspend(&old);
	printf("alarms: %d\n", (int)alarms);
	signal(SIGABRT, on_abort);
	printf("aborting\n");
	fflush(stdout);
	abort(); //@abort
}
