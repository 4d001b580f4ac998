// probe tells what the terminal that it runs on does.
//
//	probe settings FILE IN OUT LOCAL MIN: makes the terminal's settings those (numbers),
//	and writes to FILE what it reads, signals included, until the terminal says "end".
//	Whenever a line "syncN" has come it writes "<N>" and a sample to the terminal.
//	probe NAME: does one of the things in the table below.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t raised[65];

static void note(int sig) { raised[sig]++; }

static void catch(int sig)
{
	struct sigaction sa = {.sa_handler = note, .sa_flags = SA_RESTART};
	sigaction(sig, &sa, NULL);
}

static void say(const char *s) { write(1, s, strlen(s)); }

static int settings(char **arg)
{
	struct termios t;
	FILE *f = fopen(arg[0], "w");
	char text[1 << 16], line[64];
	size_t n = 0;

	if (!f || tcgetattr(0, &t))
		return 2;
	t.c_iflag = strtoul(arg[1], NULL, 0);
	t.c_oflag = strtoul(arg[2], NULL, 0);
	t.c_lflag = strtoul(arg[3], NULL, 0);
	t.c_cc[VMIN] = strtoul(arg[4], NULL, 0);
	t.c_cc[VEOL] = '|';
	t.c_cc[VEOL2] = '%';
	if (tcsetattr(0, TCSAFLUSH, &t))
		return 3;
	catch(SIGINT), catch(SIGQUIT), catch(SIGTSTP);
	say("<0>");
	for (;;) {
		ssize_t got = read(0, text + n, sizeof text - n);
		if (got < 0)
			return 4;
		for (int sig = 1; sig < 65; sig++)
			if (raised[sig])
				fprintf(f, "signal %d\n", sig), raised[sig] = 0;
		if (t.c_lflag & ICANON) {
			fprintf(f, "%zd:", got);
			for (ssize_t i = 0; i < got; i++)
				fprintf(f, " %02x", (unsigned char)text[n + i]);
			fprintf(f, "\n");
		}
		n += got;
		char *at = n > 7 ? memmem(text, n, "sync", 4) : NULL;
		if (memmem(text, n, "end", 3))
			break;
		if (!at || (text[n - 1] != '\n' && text[n - 1] != '\r'))
			continue;
		fprintf(f, "%zu in all:", n);
		for (size_t i = 0; i < n; i++)
			fprintf(f, " %02x", (unsigned char)text[i]);
		fprintf(f, "\n");
		snprintf(line, sizeof line, "<%.*s>", (int)(text + n - 1 - (at + 4)), at + 4);
		n = 0;
		say("a\tbc\r\nD\t\te\n\xc3\xa9\tx\by\t\x1b[m\t~\n\rz");
		say(line);
	}
	return fclose(f) ? 5 : 0;
}

static void raw(int min, int time)
{
	struct termios t;
	tcgetattr(0, &t);
	t.c_lflag &= ~(ICANON | ECHO);
	t.c_cc[VMIN] = min, t.c_cc[VTIME] = time;
	tcsetattr(0, TCSANOW, &t);
}

static void report(ssize_t n)
{
	char line[64];
	int e = errno;
	snprintf(line, sizeof line, "[%zd %s]\n", n, n < 0 ? strerrorname_np(e) : "");
	say(line);
}

static char buf[4096];

static void named(void)
{
	struct stat a, b, c;
	char *name = ttyname(0);
	int fd = open("/dev/tty", O_RDWR);
	fstat(0, &a), stat(name ? name : "", &b), stat("/dev/tty", &c);
	printf("%d %d %d\n", isatty(0), isatty(1), isatty(2));
	printf("named %d, same %d, char %d, terminal %d\n", name != NULL, a.st_ino == b.st_ino && a.st_rdev == b.st_rdev,
		S_ISCHR(a.st_mode), c.st_rdev == makedev(5, 0));
	printf("controlling %d, isatty %d, session %d, foreground %d\n", fd >= 0, isatty(fd), tcgetsid(fd) == getsid(0), tcgetpgrp(fd) == getpgrp());
	dprintf(fd, "through it\n");
	struct winsize w = {0};
	ioctl(fd, TIOCGWINSZ, &w);
	printf("%d rows, %d columns\n", w.ws_row, w.ws_col);
	printf("seek %ld", (long)lseek(0, 0, SEEK_SET));
	printf(" %s\n", strerrorname_np(errno));
}

static void timed(void)
{
	raw(0, 1);
	report(read(0, buf, 10)); // nothing, after 0.1 s
	say("type");
	raw(3, 1);
	report(read(0, buf, 10)); // of five what has come before a pause
	raw(0, 0);
	report(read(0, buf, 10));
	say("more");
	raw(4, 0);
	report(read(0, buf, 10)); // four at least
	raw(4, 0);
	say("two");
	report(read(0, buf, 2)); // no more is wanted
}

static void nonblocking(void)
{
	fcntl(0, F_SETFL, O_NONBLOCK);
	report(read(0, buf, 10));
	say("type");
	struct pollfd p = {0, POLLIN | POLLOUT, 0};
	int n;
	do // a line is not there before its end
		n = 0, poll(&p, 1, -1), ioctl(0, FIONREAD, &n);
	while (!(p.revents & POLLIN));
	report(n);
	report(read(0, buf, 2));
	ioctl(0, FIONREAD, &n);
	report(n);
	report(read(0, buf, 10));
	report(read(0, buf, 10));
}

static void edges(void)
{
	int e = epoll_create1(0);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	epoll_ctl(e, EPOLL_CTL_ADD, 0, &ev);
	for (int i = 0; i < 2; i++) {
		say("type");
		report(epoll_wait(e, &ev, 1, -1));
	}
	report(read(0, buf, 100));
}

// A line that is typed, and then the terminal is made raw; and the other way round.
static void modes(void)
{
	struct termios was;
	tcgetattr(0, &was);
	say("type");
	struct pollfd p = {0, POLLIN, 0};
	poll(&p, 1, -1);
	raw(1, 0);
	report(read(0, buf, 3));
	tcsetattr(0, TCSANOW, &was);
	report(read(0, buf, 100));
	say("more");
	poll(&p, 1, -1);
	tcflush(0, TCIFLUSH);
	fcntl(0, F_SETFL, O_NONBLOCK);
	report(read(0, buf, 100));
}

static void window(void)
{
	struct winsize w;
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGWINCH);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	say("resize");
	int sig = 0;
	sigwait(&mask, &sig);
	ioctl(0, TIOCGWINSZ, &w);
	printf("signal %d: %d rows, %d columns\n", sig, w.ws_row, w.ws_col);
	w.ws_row = 7;
	ioctl(0, TIOCSWINSZ, &w);
	sigwait(&mask, &sig);
	printf("signal %d\n", sig);
}

static void ended(void)
{
	catch(SIGHUP);
	int log = open("log", O_WRONLY | O_CREAT | O_TRUNC, 0666);
	say("hang up");
	ssize_t n = read(0, buf, 10);
	dprintf(log, "read %d, signal %d\n", n > 0, (int)raised[SIGHUP]); // 0, or EIO if it is quicker than the hang-up
	n = write(1, "x", 1);
	dprintf(log, "write %zd %s\n", n, strerrorname_np(errno));
	struct termios t;
	n = tcgetattr(0, &t);
	dprintf(log, "tcgetattr %zd %s\n", n, strerrorname_np(errno));
	n = open("/dev/tty", O_RDWR);
	dprintf(log, "open %zd %s\n", n, strerrorname_np(errno));
	struct pollfd p = {0, POLLIN | POLLOUT, 0};
	poll(&p, 1, -1);
	dprintf(log, "poll %#x\n", p.revents);
	close(log);
	_exit(0);
}

// A child in the background.
static void jobs(void)
{
	signal(SIGTTOU, SIG_IGN);
	pid_t pid = fork();
	if (!pid) {
		setpgid(0, 0);
		signal(SIGTTIN, SIG_IGN);
		report(read(0, buf, 10)); // it may not
		catch(SIGTTIN);
		struct sigaction sa = {.sa_handler = note};
		sigaction(SIGTTIN, &sa, NULL);
		report(read(0, buf, 10));
		printf("signals %d\n", (int)raised[SIGTTIN]);
		printf("foreground %d\n", tcgetpgrp(0) == getpgrp());
		tcsetpgrp(0, getpgrp());
		printf("foreground %d\n", tcgetpgrp(0) == getpgrp());
		fflush(stdout);
		signal(SIGINT, SIG_DFL);
		say("interrupt");
		for (;;)
			pause();
	}
	int status;
	waitpid(pid, &status, 0);
	printf("killed by %d\n", WTERMSIG(status));
	tcsetpgrp(0, getpgrp());
	printf("in front %d, nobody's %d", tcgetpgrp(0) == getpgrp(), tcsetpgrp(0, 99999));
	printf(" %s\n", strerrorname_np(errno));
	fflush(stdout);
	pid = fork();
	if (!pid) { // a session without a terminal
		setsid();
		printf("open %d", open("/dev/tty", O_RDWR));
		printf(" %s\n", strerrorname_np(errno));
		printf("group %d", tcgetpgrp(0));
		printf(" %s\n", strerrorname_np(errno));
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
}

static void stopped(void)
{
	tcflow(1, TCOOFF);
	fcntl(1, F_SETFL, O_NONBLOCK);
	ssize_t n = write(1, "x", 1);
	int e = errno;
	struct pollfd p = {1, POLLOUT, 0};
	int ready = poll(&p, 1, 0);
	tcflow(1, TCOON);
	fcntl(1, F_SETFL, 0);
	printf("%zd %s, %d ready\n", n, strerrorname_np(e), ready);
	tcflow(1, TCIOFF), tcflow(1, TCION);
}

static struct { const char *name; void (*run)(void); } table[] = {
	{"named", named}, {"timed", timed}, {"nonblocking", nonblocking}, {"edges", edges}, {"modes", modes}, {"window", window},
	{"ended", ended}, {"jobs", jobs}, {"stopped", stopped},
};

int main(int argc, char **argv)
{
	if (argc == 7 && !strcmp(argv[1], "settings"))
		return settings(argv + 2);
	setvbuf(stdout, NULL, _IOFBF, 0);
	for (size_t i = 0; argc > 1 && i < sizeof table / sizeof *table; i++)
		if (!strcmp(argv[1], table[i].name)) {
			table[i].run();
			printf("done\n");
			return 0;
		}
	return 1;
}
