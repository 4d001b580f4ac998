// Sockets within the program: TCP and UDP on the loopback addresses, Unix
// sockets, what their ends and errors look like. Everything printed is the same
// in every run.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static const char *name(long r)
{
	if (r >= 0)
		return "ok";
	return strerrorname_np(errno);
}

static void say(const char *what, long r)
{
	const char *s = name(r);
	printf("%s: %ld %s\n", what, r < 0 ? -1 : r, s);
}

static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static int port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t n = sizeof a;
	getsockname(fd, (struct sockaddr *)&a, &n);
	return ntohs(a.sin_port);
}

static int listener(int *port)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = loopback(0);
	bind(s, (struct sockaddr *)&a, sizeof a);
	listen(s, 8);
	*port = port_of(s);
	return s;
}

enum { chunk = 100000, chunks = 12 };

static void *serve(void *arg)
{
	int c = accept((int)(long)arg, 0, 0);
	static unsigned char buf[chunk];
	unsigned long total = 0, sum = 0;
	for (;;) {
		ssize_t n = read(c, buf, sizeof buf);
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 31 + buf[i];
		total += n;
	}
	char reply[64];
	int n = snprintf(reply, sizeof reply, "%lu bytes, sum %lx", total, sum);
	send(c, reply, n, 0);
	close(c);
	return 0;
}

static void stream(void)
{
	int port, s = listener(&port);
	pthread_t t;
	pthread_create(&t, 0, serve, (void *)(long)s);
	int c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = loopback(port);
	say("connect", connect(c, (struct sockaddr *)&a, sizeof a));
	say("connect again", connect(c, (struct sockaddr *)&a, sizeof a));
	int one = 1;
	say("nodelay", setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
	static unsigned char data[chunk];
	for (int i = 0; i < chunk; i++)
		data[i] = i * 7 + i / 251;
	long sent = 0;
	for (int i = 0; i < chunks; i++)
		sent += send(c, data, chunk, 0);
	say("sent", sent);
	say("shutdown", shutdown(c, SHUT_WR));
	say("send after shutdown", send(c, "x", 1, MSG_NOSIGNAL));
	char reply[65] = {0};
	recv(c, reply, 64, MSG_WAITALL);
	printf("reply: %s\n", reply);
	say("end", recv(c, reply, 64, 0));
	pthread_join(t, 0);
	close(c);
	close(s);
	c = socket(AF_INET, SOCK_STREAM, 0);
	say("connect to nobody", connect(c, (struct sockaddr *)&a, sizeof a));
	close(c);
}

static void polled(void)
{
	int port, s = listener(&port);
	int ep = epoll_create1(0);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u64 = 0x1122334455667788};
	int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = loopback(port);
	int r = connect(c, (struct sockaddr *)&a, sizeof a);
	printf("connect without waiting: %s\n", r == 0 || errno == EINPROGRESS ? "begun" : name(r));
	struct pollfd p = {.fd = c, .events = POLLOUT};
	say("poll", poll(&p, 1, 1000));
	int err = -1;
	socklen_t n = sizeof err;
	getsockopt(c, SOL_SOCKET, SO_ERROR, &err, &n);
	printf("SO_ERROR %d\n", err);
	int d = accept4(s, 0, 0, SOCK_NONBLOCK);
	char b[16];
	say("nothing to read", read(d, b, 16));
	fcntl(s, F_SETFL, O_NONBLOCK);
	say("accept: nobody", accept(s, 0, 0));
	epoll_ctl(ep, EPOLL_CTL_ADD, c, &ev);
	struct epoll_event got[4];
	int k = epoll_wait(ep, got, 4, 1000);
	printf("epoll %d: %x %llx\n", k, got[0].events, (unsigned long long)got[0].data.u64);
	say("edge passed", epoll_wait(ep, got, 4, 0));
	say("write", write(d, "hello", 5));
	k = epoll_wait(ep, got, 4, 1000);
	printf("epoll %d: %x\n", k, got[0].events);
	int waiting = 0;
	ioctl(c, FIONREAD, &waiting);
	printf("FIONREAD %d\n", waiting);
	say("peek", recv(c, b, 16, MSG_PEEK));
	say("read", read(c, b, 16));
	close(d);
	k = epoll_wait(ep, got, 4, 1000);
	printf("closed, epoll %d: %x\n", k, got[0].events);
	say("end", read(c, b, 16));
	close(c);
	close(s);
	close(ep);
}

static void datagrams(void)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a = loopback(0), from;
	bind(s, (struct sockaddr *)&a, sizeof a);
	a = loopback(port_of(s));
	say("sendto", sendto(c, "first", 5, 0, (struct sockaddr *)&a, sizeof a));
	say("connect", connect(c, (struct sockaddr *)&a, sizeof a));
	say("send", send(c, "second message", 14, 0));
	char b[8];
	socklen_t n = sizeof from;
	say("recvfrom", recvfrom(s, b, sizeof b, 0, (struct sockaddr *)&from, &n));
	printf("%.5s, from %s port: %d\n", b, ntohl(from.sin_addr.s_addr) == INADDR_LOOPBACK ? "loopback" : "elsewhere", ntohs(from.sin_port) == port_of(c));
	say("recv, cut", recv(s, b, sizeof b, MSG_TRUNC));
	struct timeval tv = {.tv_usec = 20000};
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	say("time-out", recv(s, b, sizeof b, 0));
	close(s);
	say("to nobody", send(c, "x", 1, 0));
	say("then", send(c, "x", 1, 0));
	close(c);
}

static void local(void)
{
	int v[2];
	say("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, v));
	int pipefd[2];
	say("pipe", pipe(pipefd));
	// An open file travels through the socket.
	char c = 'x', control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {&c, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &pipefd[1], sizeof(int));
	say("sendmsg", sendmsg(v[0], &m, 0));
	close(pipefd[1]);
	memset(control, 0, sizeof control);
	say("recvmsg", recvmsg(v[1], &m, 0));
	int passed = -1;
	h = CMSG_FIRSTHDR(&m);
	if (h)
		memcpy(&passed, CMSG_DATA(h), sizeof passed);
	say("write to what was passed", write(passed, "through the pipe", 16));
	close(passed);
	char b[32] = {0};
	say("read", read(pipefd[0], b, sizeof b));
	printf("%s\n", b);
	say("end of the pipe", read(pipefd[0], b, sizeof b));
	close(v[1]);
	signal(SIGPIPE, SIG_IGN);
	say("write to nobody", write(v[0], "x", 1));
	close(v[0]);

	struct sockaddr_un a = {.sun_family = AF_UNIX};
	strcpy(a.sun_path + 1, "revexec-test");
	socklen_t n = offsetof(struct sockaddr_un, sun_path) + 13;
	int s = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	say("bind", bind(s, (struct sockaddr *)&a, n));
	int other = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	say("bind again", bind(other, (struct sockaddr *)&a, n));
	say("connect too early", connect(other, (struct sockaddr *)&a, n));
	say("listen", listen(s, 1));
	say("connect", connect(other, (struct sockaddr *)&a, n));
	int d = accept(s, 0, 0);
	say("one", send(other, "one", 3, 0));
	say("three", send(other, "three", 5, 0));
	say("recv", recv(d, b, sizeof b, 0));
	say("recv", recv(d, b, sizeof b, 0));
	close(other);
	say("end", recv(d, b, sizeof b, 0));
	close(d);
	close(s);
}

int main(void)
{
	stream();
	polled();
	datagrams();
	local();
	int s = socket(AF_INET, SOCK_STREAM, 0);
	say("not connected", recv(s, &s, 1, 0));
	say("no socket", listen(0, 1));
	return 0;
}
