/* What the kernel does about locks, FIFOs, signals as files and copies. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int lock(int fd, int cmd, int type, long start, long len)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
	int r = fcntl(fd, cmd, &l);
	if (cmd == F_GETLK || cmd == F_OFD_GETLK)
		printf("  held: type %d, %ld+%ld, mine %d\n", l.l_type, (long)l.l_start, (long)l.l_len, l.l_pid == getppid());
	return r < 0 ? -errno : r;
}

/* in another process: with its own lock, if cmd is not 0 */
static void elsewhere(int cmd, int type, long start, long len)
{
	fflush(stdout);
	if (fork() == 0) {
		int fd = open("locked", O_RDWR);
		lock(fd, F_GETLK, type, start, len);
		printf("  try: %d\n", lock(fd, cmd, type, start, len));
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

static void records(void)
{
	int fd = open("locked", O_RDWR | O_CREAT, 0600), to[2];
	char c;
	ftruncate(fd, 1000);
	printf("lock: %d %d %d\n", lock(fd, F_SETLK, F_WRLCK, 0, 100), lock(fd, F_SETLK, F_RDLCK, 40, 20), lock(fd, F_SETLK, F_UNLCK, 80, 5));
	elsewhere(F_SETLK, F_RDLCK, 45, 5);
	elsewhere(F_SETLK, F_WRLCK, 45, 5);
	elsewhere(F_SETLK, F_WRLCK, 80, 5);
	elsewhere(F_SETLK, F_RDLCK, 500, 0);
	elsewhere(F_SETLK, F_RDLCK, 99, 0);
	pipe(to);
	fflush(stdout);
	if (fork() == 0) {
		int mine = open("locked", O_RDWR);
		write(to[1], "x", 1);
		int r = lock(mine, F_SETLKW, F_WRLCK, 0, 0);
		printf("waited: %d\n", r);
		fflush(stdout);
		_exit(0);
	}
	read(to[0], &c, 1);
	close(open("locked", O_RDONLY)); /* which drops all locks of this process */
	wait(NULL);
	int other = open("locked", O_RDWR);
	printf("open files: %d", lock(fd, F_OFD_SETLK, F_WRLCK, 0, 10));
	printf(" %d", lock(other, F_OFD_SETLK, F_WRLCK, 5, 10));
	printf(" %d\n", lock(other, F_OFD_SETLK, F_WRLCK, 10, 10));
	printf("read only: %d\n", lock(open("locked", O_RDONLY), F_SETLK, F_WRLCK, 100, 10));
	printf("flock: %d", flock(fd, LOCK_SH));
	printf(" %d %d", flock(other, LOCK_SH | LOCK_NB), flock(other, LOCK_EX | LOCK_NB));
	printf(" %d", flock(fd, LOCK_UN));
	printf(" %d\n", flock(other, LOCK_EX | LOCK_NB));
}

static void signals(void)
{
	sigset_t set;
	struct signalfd_siginfo si[3];
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	printf("signalfd: %d", poll(&p, 1, 0));
	raise(SIGUSR1);
	printf(" %d", poll(&p, 1, 0));
	printf(" %zd", read(fd, si, sizeof si));
	printf(" %d %d\n", si[0].ssi_signo, si[0].ssi_pid == getpid());
	fflush(stdout);
	if (fork() == 0)
		_exit(7);
	printf("waits: %d", poll(&p, 1, -1));
	printf(" %zd", read(fd, si, sizeof si));
	printf(" %d %d\n", si[0].ssi_signo, si[0].ssi_status);
	wait(NULL);
	close(fd);
}

static void copies(void)
{
	char buf[100] = {0};
	int a = open("source", O_RDWR | O_CREAT | O_TRUNC, 0644), b = memfd_create("memory", 0), p[2];
	for (int i = 0; i < 3000; i++)
		write(a, "0123456789", 10);
	off_t from = 5, to = 100;
	int c = open("target", O_RDWR | O_CREAT | O_TRUNC, 0644);
	ssize_t n = copy_file_range(a, &from, c, &to, 50, 0);
	printf("copy: %zd %ld %ld\n", n, (long)from, (long)to);
	lseek(a, 0, SEEK_SET);
	lseek(b, 200, SEEK_SET);
	printf("sendfile: %zd", sendfile(b, a, NULL, 1000));
	printf(" %ld %ld\n", (long)lseek(a, 0, SEEK_CUR), (long)lseek(b, 0, SEEK_CUR));
	pipe(p);
	from = 3;
	n = sendfile(p[1], a, &from, 20);
	n += read(p[0], buf, sizeof buf);
	printf("pipe: %zd %s\n", n, buf);
	fflush(stdout);
	if (fork() == 0) { /* more than the pipe holds, to a slow reader */
		long all = 0;
		close(p[0]);
		for (int i = 0; i < 10; i++)
			for (from = 0; (n = sendfile(p[1], a, &from, 50000)) > 0; all += n)
				;
		_exit(all == 300000 ? 0 : 1);
	}
	close(p[1]);
	long all = 0, sum = 0;
	int status;
	for (char more[700]; (n = read(p[0], more, sizeof more)) > 0; all += n)
		for (int i = 0; i < n; i++)
			sum += more[i] * (i + all) % 7;
	wait(&status);
	printf("slowly: %ld %ld %d\n", all, sum, status);
	char *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, b, 0);
	printf("memory: %.12s", m + 200);
	strcpy(m, "written");
	pread(b, buf, 8, 0);
	struct stat st;
	fstat(b, &st);
	printf(" %s %ld %d\n", buf, (long)st.st_size, S_ISREG(st.st_mode));
}

static void names(void)
{
	struct stat st;
	struct timespec t[2] = {{1000, 5}, {2000, 7}};
	int e = mkfifo("fifo", 0640);
	stat("fifo", &st);
	printf("fifo: %d %o %d\n", e, st.st_mode, open("fifo", O_WRONLY | O_NONBLOCK) < 0 ? errno : 0);
	fflush(stdout);
	if (fork() == 0) {
		int w = open("fifo", O_WRONLY);
		write(w, "first", 5);
		_exit(0);
	}
	char buf[20] = {0};
	int r = open("fifo", O_RDONLY);
	ssize_t n = read(r, buf, sizeof buf);
	printf("read: %zd %s", n, buf);
	printf(" %zd\n", read(r, buf, sizeof buf));
	wait(NULL);
	unlink("fifo");
	symlink("nowhere", "link");
	e = utimensat(AT_FDCWD, "link", t, AT_SYMLINK_NOFOLLOW);
	lstat("link", &st);
	printf("link: %d %ld.%ld\n", e, (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	printf("exists: %d\n", open("link", O_CREAT | O_EXCL | O_RDWR, 0600) < 0 ? errno : 0);
	unlink("link");
	int fd = open("new", O_CREAT | O_RDWR, 0600);
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	write(fd, "x", 1);
	fstat(fd, &st);
	printf("new: %d\n", st.st_mtim.tv_sec - now.tv_sec < 2 && st.st_mtim.tv_sec - now.tv_sec >= -1);
	mkdir("sticky", 01777);
	stat("sticky", &st);
	printf("mode: %o %d", st.st_mode & 07000, renameat(AT_FDCWD, "sticky", AT_FDCWD, "renamed"));
	printf(" %d\n", rmdir("renamed"));
	struct sched_param sp;
	struct rusage u;
	printf("process: %d %d %d %d\n", sched_getscheduler(0), sched_getparam(0, &sp), getrusage(RUSAGE_CHILDREN, &u), prctl(PR_GET_SECCOMP));
}

static void address(const char *what, int fd, int r)
{
	struct sockaddr_in6 a;
	socklen_t n = sizeof a;
	char text[64];
	getsockname(fd, (struct sockaddr *)&a, &n);
	printf("%s: %d %s %d\n", what, r, inet_ntop(AF_INET6, &a.sin6_addr, text, sizeof text), a.sin6_port != 0);
}

/* what getaddrinfo does to sort addresses: one socket for both families */
static void sockets(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(80), .sin6_addr = in6addr_loopback};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	address("ipv6", fd, connect(fd, (struct sockaddr *)&v6, sizeof v6));
	address("none", fd, connect(fd, &none, sizeof none));
	address("ipv4", fd, connect(fd, (struct sockaddr *)&v4, sizeof v4));
}

int main(void)
{
	records();
	signals();
	copies();
	names();
	sockets();
	return 0;
}
