// Processes made by fork and clone: what they share with their parent and what not, pipes between them, the order in
// which they are waited for, signals, process groups, orphans. Prints no process IDs: those differ from run to run.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int global = 1;

static void check(int ok, const char *what)
{
	printf("%s: %s\n", what, ok ? "ok" : "WRONG");
}

static pid_t start(int code)
{
	pid_t p = fork();
	if (p == 0)
		_exit(code);
	return p;
}

// copies: the child has its own memory, its own descriptors, but the same open files.
static void copies(void)
{
	char name[] = "forks.tmp", buf[8] = "";
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	int local = 2, status;
	int *heap = malloc(sizeof *heap);
	*heap = 3;
	write(fd, "abcdef", 6);
	lseek(fd, 0, SEEK_SET);
	fflush(stdout);
	pid_t p = fork();
	if (p == 0) {
		global = local = *heap = 100;
		read(fd, buf, 2);
		close(fd);
		_exit(global == 100 && getppid() != 1 ? 42 : 1);
	}
	check(waitpid(p, &status, 0) == p && WIFEXITED(status) && WEXITSTATUS(status) == 42, "the child's code");
	check(global == 1 && local == 2 && *heap == 3, "the parent's memory");
	check(read(fd, buf, 2) == 2 && !memcmp(buf, "cd", 2), "the shared offset");
	check(waitpid(p, &status, 0) == -1 && errno == ECHILD, "nobody left to wait for");
	close(fd);
	unlink(name);
	free(heap);
}

// pipeline is seq | filter | sum, each a process.
static void pipeline(void)
{
	int a[2], b[2], status;
	pipe(a);
	pipe(b);
	if (fork() == 0) {
		dup2(a[1], 1);
		close(a[0]), close(a[1]), close(b[0]), close(b[1]);
		for (int i = 0; i < 20000; i++)
			printf("%d\n", i);
		fflush(stdout);
		_exit(0);
	}
	if (fork() == 0) {
		dup2(a[0], 0);
		dup2(b[1], 1);
		close(a[0]), close(a[1]), close(b[0]), close(b[1]);
		int n;
		while (scanf("%d", &n) == 1)
			if (n % 3 == 0)
				printf("%d\n", n);
		fflush(stdout);
		_exit(0);
	}
	close(a[0]), close(a[1]), close(b[1]);
	FILE *f = fdopen(b[0], "r");
	long sum = 0;
	int n, lines = 0;
	while (fscanf(f, "%d", &n) == 1)
		sum += n, lines++;
	fclose(f);
	int ends = 0;
	while (wait(&status) > 0)
		ends += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	printf("the pipeline: %d lines, sum %ld, %d ends\n", lines, sum, ends);
}

// head: a writer whose reader goes gets SIGPIPE.
static void head(void)
{
	int p[2], status;
	char c;
	pipe(p);
	pid_t w = fork();
	if (w == 0) {
		close(p[0]);
		for (;;)
			write(p[1], "yes\n", 4);
	}
	close(p[1]);
	read(p[0], &c, 1);
	close(p[0]);
	waitpid(w, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE, "SIGPIPE in a child");
}

// Zombies are waited for in the order of their birth, or as asked.
static void zombies(void)
{
	pid_t p[4];
	siginfo_t si;
	int status;
	for (int i = 0; i < 4; i++)
		p[i] = start(i);
	for (int i = 0; i < 4; i++) { // until all have ended, taking none
		memset(&si, 0, sizeof si);
		waitid(P_PID, p[i], &si, WEXITED | WNOWAIT);
		check(si.si_pid == p[i] && si.si_status == i && si.si_code == CLD_EXITED, "waitid WNOWAIT");
	}
	check(waitpid(p[2], &status, 0) == p[2] && WEXITSTATUS(status) == 2, "the third one first");
	check(kill(p[0], 0) == 0, "a zombie is there");
	for (int i = 0; i < 4; i++)
		if (i != 2)
			check(wait(&status) == p[i] && WEXITSTATUS(status) == i, "then in order");
	check(wait(&status) == -1 && errno == ECHILD, "then none");
	check(kill(p[0], 0) == -1 && errno == ESRCH, "nor to be found");
}

static volatile sig_atomic_t handled, lastCode, lastStatus;
static volatile pid_t lastPid;

static void onChild(int sig, siginfo_t *si, void *uc)
{
	(void)sig, (void)uc;
	handled++;
	lastPid = si->si_pid;
	lastCode = si->si_code;
	lastStatus = si->si_status;
}

static void sigchld(void)
{
	struct sigaction sa = {.sa_sigaction = onChild, .sa_flags = SA_SIGINFO}, old;
	sigset_t set, before;
	int status;
	sigaction(SIGCHLD, &sa, &old);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &before);
	pid_t p = start(9);
	sigsuspend(&before);
	check(handled == 1 && lastPid == p && lastCode == CLD_EXITED && lastStatus == 9, "SIGCHLD in a handler");
	check(waitpid(-1, &status, WNOHANG) == p, "WNOHANG finds it");
	p = fork();
	if (p == 0)
		for (;;)
			pause();
	check(waitpid(-1, &status, WNOHANG) == 0, "WNOHANG finds none yet");
	kill(p, SIGKILL);
	sigsuspend(&before);
	check(handled == 2 && lastPid == p && lastCode == CLD_KILLED && lastStatus == SIGKILL, "SIGCHLD for a kill");
	check(waitpid(p, &status, 0) == p && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "and its status");
	p = start(3);
	siginfo_t si;
	check(sigwaitinfo(&set, &si) == SIGCHLD && si.si_pid == p && si.si_status == 3, "SIGCHLD waited for");
	waitpid(p, &status, 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGCHLD, SIG_IGN);
	start(1);
	start(2);
	check(wait(&status) == -1 && errno == ECHILD, "ignored children leave nothing");
	sigaction(SIGCHLD, &old, NULL);
}

// faults: a child may crash, and its parent goes on.
static void faults(void)
{
	int status;
	pid_t p = fork();
	if (p == 0) {
		struct rlimit none = {0, 0};
		setrlimit(RLIMIT_CORE, &none);
		*(volatile int *)8 = 1;
	}
	waitpid(p, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a crash in a child");
	p = fork();
	if (p == 0) {
		struct rlimit none = {0, 0};
		setrlimit(RLIMIT_CORE, &none);
		abort();
	}
	waitpid(p, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "an abort in a child");
	p = fork();
	if (p == 0) {
		alarm(1);
		for (;;)
			pause();
	}
	waitpid(p, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM, "an alarm in a child");
}

// groups: kill reaches a process group, wait selects one.
static void groups(void)
{
	int ready[2], status;
	char c;
	pipe(ready);
	pid_t first = 0, p[3];
	for (int i = 0; i < 3; i++) {
		p[i] = fork();
		if (p[i] == 0) {
			setpgid(0, first);
			write(ready[1], "r", 1);
			for (;;)
				pause();
		}
		setpgid(p[i], first ? first : p[i]);
		if (!first)
			first = p[0];
	}
	for (int i = 0; i < 3; i++)
		read(ready[0], &c, 1);
	check(getpgid(p[2]) == p[0] && getsid(p[2]) == getsid(0), "a group of three");
	check(waitpid(0, &status, WNOHANG) == -1 && errno == ECHILD, "none in ours");
	kill(-first, SIGTERM);
	int n = 0;
	while (waitpid(-first, &status, 0) > 0)
		n += WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
	check(n == 3, "all of them terminated");
	pid_t s = fork();
	if (s == 0)
		_exit(setsid() == getpid() && getpgrp() == getpid() && getsid(0) == getpid() && setsid() == -1 ? 0 : 1);
	waitpid(s, &status, 0);
	check(status == 0, "a session of its own");
	close(ready[0]), close(ready[1]);
}

// orphans: a grandchild outlives its parent; the pipe tells of its end.
static void orphans(void)
{
	int p[2], status;
	char buf[32];
	pipe(p);
	pid_t c = fork();
	if (c == 0) {
		pid_t me = getpid();
		if (fork() == 0) {
			struct timespec ts = {0, 1000000};
			while (getppid() == me)
				nanosleep(&ts, NULL);
			write(p[1], "orphan", 6);
			_exit(0);
		}
		_exit(0);
	}
	close(p[1]);
	waitpid(c, &status, 0);
	int n = read(p[0], buf, sizeof buf);
	check(n == 6 && read(p[0], buf, sizeof buf) == 0, "an orphan's last words");
	close(p[0]);
}

// proc: what /proc tells of a child, a zombie and oneself.
static int firstLine(pid_t p, const char *file, char *buf, int size)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)p, file);
	int fd = open(path, O_RDONLY), n = -1;
	if (fd >= 0) {
		n = read(fd, buf, size - 1);
		close(fd);
	}
	buf[n < 0 ? 0 : n] = 0;
	return n;
}

static void proc(void)
{
	char buf[1024], name[32], state;
	int pid, ppid, status;
	pid_t p = fork();
	if (p == 0)
		for (;;)
			pause();
	check(firstLine(p, "stat", buf, sizeof buf) > 0 && sscanf(buf, "%d (%31[^)]) %c %d", &pid, name, &state, &ppid) == 4 &&
	      pid == p && ppid == getpid(), "the stat of a child");
	kill(p, SIGKILL);
	siginfo_t si;
	waitid(P_PID, p, &si, WEXITED | WNOWAIT);
	check(firstLine(p, "stat", buf, sizeof buf) > 0 && sscanf(buf, "%d (%31[^)]) %c", &pid, name, &state) == 3 && state == 'Z',
	      "the stat of a zombie");
	waitpid(p, &status, 0);
	check(firstLine(p, "stat", buf, sizeof buf) == -1 && errno == ENOENT, "the stat of nobody");
	check(firstLine(getpid(), "comm", buf, sizeof buf) > 0, "one's own name");
}

// many: generations, each of which waits for the next.
static int generation(int n)
{
	int status = 0;
	if (n == 0)
		return 7;
	pid_t p = fork();
	if (p == 0)
		_exit(generation(n - 1) + 1);
	waitpid(p, &status, 0);
	return WEXITSTATUS(status);
}

int main(void)
{
	copies();
	fflush(stdout);
	pipeline();
	fflush(stdout);
	head();
	zombies();
	sigchld();
	faults();
	groups();
	orphans();
	proc();
	printf("generations: %d\n", generation(20)); //@generations
	struct rusage ru;
	check(getrusage(RUSAGE_CHILDREN, &ru) == 0 && ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec > 0, "the children's time");
	return 0;
}
