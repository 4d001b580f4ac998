// Executes other programs, all of them itself under other names and arguments: execve, posix_spawn, vfork, scripts, what
// survives execve and what does not, and the errors. Prints no process IDs.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char self[4096];

static void check(int ok, const char *what)
{
	printf("%s: %s\n", what, ok ? "ok" : "WRONG");
	fflush(stdout);
}

static int codeOf(pid_t p)
{
	int status = -1;
	waitpid(p, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int shared;
static char stack[16384] __attribute__((aligned(16)));

static int inParentsMemory(void *arg)
{
	shared = *(int *)arg + 1;
	_exit(5);
}

// The parts that are played by the program when it is executed again.
static int play(int argc, char **argv)
{
	if (!strcmp(argv[1], "echo")) {
		for (int i = 2; i < argc; i++)
			printf("%s%c", argv[i], i + 1 < argc ? ' ' : '\n');
		return argc - 2;
	}
	if (!strcmp(argv[1], "env")) {
		for (char **e = environ; *e; e++)
			puts(*e);
		return 0;
	}
	if (!strcmp(argv[1], "upper")) {
		int c;
		while ((c = getchar()) != EOF)
			putchar(c >= 'a' && c <= 'z' ? c - 32 : c);
		return 0;
	}
	if (!strcmp(argv[1], "count")) {
		int c, n = 0;
		while ((c = getchar()) != EOF)
			n += c == '\n';
		printf("%d lines\n", n);
		return 0;
	}
	if (!strcmp(argv[1], "chain")) { // executes itself until the count is 0
		int n = atoi(argv[2]);
		char next[16];
		if (n == 0)
			return 33;
		snprintf(next, sizeof next, "%d", n - 1);
		execl(self, "chain", "chain", next, NULL);
		return 1;
	}
	if (!strcmp(argv[1], "state")) { // what it finds of its former life
		struct sigaction usr1, usr2;
		sigset_t mask;
		stack_t ss;
		sigaction(SIGUSR1, NULL, &usr1);
		sigaction(SIGUSR2, NULL, &usr2);
		sigprocmask(SIG_BLOCK, NULL, &mask);
		sigaltstack(NULL, &ss);
		printf("handler %d, ignored %d, blocked %d, altstack %d, fd 7 %d, fd 8 %d, shared %d\n", usr1.sa_handler == SIG_DFL,
		       usr2.sa_handler == SIG_IGN, sigismember(&mask, SIGTERM), !(ss.ss_flags & SS_DISABLE),
		       fcntl(7, F_GETFD) != -1, fcntl(8, F_GETFD) != -1, shared);
		return 0;
	}
	return 99;
}

static void handler(int sig)
{
	(void)sig;
}

static void execs(void)
{
	pid_t p;
	fflush(stdout);
	if ((p = fork()) == 0)
		execl(self, "renamed", "echo", "hello,", "world", NULL);
	check(codeOf(p) == 2, "execl");
	if ((p = fork()) == 0) {
		char *args[] = {"x", "env", NULL}, *env[] = {"A=1", "B=two words", NULL};
		execve(self, args, env);
	}
	check(codeOf(p) == 0, "execve with an environment");
	if ((p = fork()) == 0)
		execl(self, "chain", "chain", "10", NULL);
	check(codeOf(p) == 33, "a chain of programs");
	if ((p = fork()) == 0) {
		int fd = open(self, O_RDONLY);
		char *args[] = {"x", "echo", "by descriptor", NULL};
		syscall(SYS_execveat, fd, "", args, environ, AT_EMPTY_PATH);
	}
	check(codeOf(p) == 1, "execveat");
	if ((p = fork()) == 0) {
		stack_t ss = {.ss_sp = stack, .ss_size = sizeof stack};
		sigset_t set;
		signal(SIGUSR1, handler);
		signal(SIGUSR2, SIG_IGN);
		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		sigprocmask(SIG_BLOCK, &set, NULL);
		sigaltstack(&ss, NULL);
		dup2(0, 7);
		dup3(0, 8, O_CLOEXEC);
		shared = 77;
		execl(self, "x", "state", NULL);
	}
	check(codeOf(p) == 0, "what survives");
}

static void vforks(void)
{
	int arg = 10;
	pid_t p = clone(inParentsMemory, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &arg);
	check(shared == 11, "a child in the parent's memory");
	check(codeOf(p) == 5, "and its end");
	volatile int before = 1;
	if ((p = vfork()) == 0) {
		before = 2;
		execl(self, "x", "echo", "from vfork", NULL);
		_exit(1);
	}
	check(before == 2 && codeOf(p) == 1, "vfork and exec");
}

// pipeline is echo | upper | count through posix_spawn.
static void pipeline(void)
{
	int a[2], b[2];
	pid_t p[3];
	posix_spawn_file_actions_t fa;
	char *args[3][4] = {{"x", "echo", "one\ntwo\nthree", NULL}, {"x", "upper", NULL}, {"x", "count", NULL}};
	pipe2(a, O_CLOEXEC);
	pipe2(b, O_CLOEXEC);
	int in[3] = {0, a[0], b[0]}, out[3] = {a[1], b[1], 1};
	for (int i = 0; i < 3; i++) {
		posix_spawn_file_actions_init(&fa);
		if (in[i] != 0)
			posix_spawn_file_actions_adddup2(&fa, in[i], 0);
		if (out[i] != 1)
			posix_spawn_file_actions_adddup2(&fa, out[i], 1);
		check(posix_spawn(&p[i], self, &fa, NULL, args[i], environ) == 0, "posix_spawn");
		posix_spawn_file_actions_destroy(&fa);
	}
	close(a[0]), close(a[1]), close(b[0]), close(b[1]);
	check(codeOf(p[0]) == 1 && codeOf(p[1]) == 0 && codeOf(p[2]) == 0, "a pipeline");
	pid_t q;
	check(posix_spawn(&q, "/nonexistent", NULL, NULL, args[0], environ) == ENOENT, "posix_spawn of nothing");
}

static void put(const char *name, const char *text, int mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	write(fd, text, strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static int fails(const char *name, char **args)
{
	return execve(name, args, environ) == -1 ? errno : 0;
}

static void scriptsAndErrors(void)
{
	char text[8192], big[200 << 10];
	char *args[] = {"x", "y z", NULL};
	pid_t p;
	snprintf(text, sizeof text, "#! %s echo  \nthis is not read\n", self);
	put("script", text, 0700);
	fflush(stdout);
	if ((p = fork()) == 0)
		execl("./script", "zero", "one", "two", NULL);
	check(codeOf(p) == 3, "a script");
	put("nested", "#!./script\n", 0700);
	if ((p = fork()) == 0)
		execl("nested", "zero", "last", NULL);
	check(codeOf(p) == 3, "a script for a script");
	put("endless", "#!./endless\n", 0700);
	check(fails("./endless", args) == ELOOP, "a script for itself");
	put("empty", "", 0700);
	check(fails("./empty", args) == ENOEXEC, "an empty file");
	put("text", "hello\n", 0700);
	check(fails("./text", args) == ENOEXEC, "a text");
	put("text", "#!\n", 0700);
	check(fails("./text", args) == ENOEXEC, "a script without an interpreter");
	put("text", "#!/nonexistent\n", 0700);
	check(fails("./text", args) == ENOENT, "a script with a missing interpreter");
	put("text", "\177ELF", 0700);
	check(fails("./text", args) == ENOEXEC, "a damaged program");
	chmod("text", 0600);
	check(fails("./text", args) == EACCES, "what is not executable");
	check(fails("/", args) == EACCES, "a directory");
	check(fails("/nonexistent", args) == ENOENT, "nothing");
	check(fails("./text/x", args) == ENOTDIR, "below a file");
	check(fails("", args) == ENOENT, "no name");
	memset(big, 'a', sizeof big - 1);
	big[sizeof big - 1] = 0;
	args[1] = big;
	check(fails(self, args) == E2BIG, "too large an argument");
	check(syscall(SYS_execve, self, 8L, NULL) == -1 && errno == EFAULT, "arguments nowhere");
	unlink("script"), unlink("nested"), unlink("endless"), unlink("empty"), unlink("text");
}

int main(int argc, char **argv)
{
	self[readlink("/proc/self/exe", self, sizeof self - 1)] = 0;
	if (argc > 1)
		return play(argc, argv);
	execs();
	vforks();
	pipeline();
	scriptsAndErrors();
	fflush(stdout);
	execl(self, "x", "echo", "the last word", NULL);
	return 1;
}
