package linux_test

import "testing"

// What is easily got wrong about sockets and epoll sets, compared with the host.
const edgesSource = `
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2];

static void *write_much(void *arg)
{
	size_t n = (size_t)arg;
	char *p = malloc(n);
	for (size_t i = 0; i < n; i++)
		p[i] = (char)(i * 31 >> 3);
	size_t done = 0;
	while (done < n) {
		ssize_t k = write(ends[0], p + done, n - done);
		if (k <= 0)
			break;
		done += k;
	}
	free(p);
	return NULL;
}

// More at once than a socket holds.
static void waitall(void)
{
	size_t n = 1500000;
	pthread_t th;
	socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	pthread_create(&th, NULL, write_much, (void *)n);
	char *p = malloc(n);
	ssize_t got = recv(ends[1], p, n, MSG_WAITALL);
	pthread_join(th, NULL);
	unsigned sum = 0;
	for (ssize_t i = 0; i < got; i++)
		sum = sum * 33 + (unsigned char)p[i];
	printf("waitall: %zd %u\n", got, sum);
	close(ends[0]);
	close(ends[1]);
}

static void *drain(void *arg)
{
	size_t total = 0, want = *(size_t *)arg;
	static char buf[4096];
	unsigned sum = 0;
	while (total < want) {
		ssize_t k = read(ends[1], buf, sizeof buf);
		if (k <= 0)
			break;
		for (ssize_t i = 0; i < k; i++)
			sum = sum * 33 + (unsigned char)buf[i];
		total += k;
	}
	printf("sendmmsg: %zu %u\n", total, sum);
	return NULL;
}

// Several messages, the first of which has to wait half way.
static void several(void)
{
	static char a[600000], b[] = "behind it";
	memset(a, 'a', sizeof a);
	struct iovec v[2] = {{a, sizeof a}, {b, sizeof b}};
	struct mmsghdr m[2];
	memset(m, 0, sizeof m);
	for (int i = 0; i < 2; i++) {
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	size_t want = sizeof a + sizeof b;
	pthread_t th;
	socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	pthread_create(&th, NULL, drain, &want);
	int n = sendmmsg(ends[0], m, 2, 0);
	printf("sent: %d %u %u\n", n, m[0].msg_len, n > 1 ? m[1].msg_len : 0);
	close(ends[0]);
	pthread_join(th, NULL);
	close(ends[1]);
}

// Sets that hold one another.
static void loops(void)
{
	int a = epoll_create1(0), b = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN, .data.fd = 1};
	int first = epoll_ctl(a, EPOLL_CTL_ADD, b, &e);
	int second = epoll_ctl(b, EPOLL_CTL_ADD, a, &e);
	printf("loop: %d %d %s", first, second, strerror(errno));
	int self = epoll_ctl(a, EPOLL_CTL_ADD, a, &e);
	printf(" %d %s", self, strerror(errno));
	printf(" %d\n", epoll_wait(a, &e, 1, 0));
}

// Options of a listener and of what it accepts are two things.
static void options(void)
{
	int l = socket(AF_INET, SOCK_STREAM, 0), v = 1, w = 0;
	socklen_t n = sizeof v;
	setsockopt(l, SOL_SOCKET, SO_KEEPALIVE, &v, sizeof v);
	listen(l, 5);
	struct sockaddr_storage at;
	socklen_t size = sizeof at;
	getsockname(l, (struct sockaddr *)&at, &size);
	int c = socket(AF_INET, SOCK_STREAM, 0);
	connect(c, (struct sockaddr *)&at, size);
	int s = accept(l, NULL, NULL);
	v = 0;
	setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &v, sizeof v);
	getsockopt(l, SOL_SOCKET, SO_KEEPALIVE, &v, &n);
	getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &w, &n);
	printf("keepalive: %d %d\n", v, w);
}

int main(void)
{
	waitall();
	several();
	loops();
	options();
	puts("done");
	return 0;
}
`

func TestAMD64SocketsAndSetsAtTheirEdges(t *testing.T) {
	compareNatively(t, edgesSource, "-pthread")
}
