// files: regular files, directories and pipes in the current directory. The
// argument names what it creates (and removes again).
#include "rt/rt.h"

static char path[64], other[64];

static void test_regular(void)
{
	long fd = sys_openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | O_TRUNC, 0600); //@create
	CHECK(fd > STDERR);
	print("exclusive again: %ld\n", sys_openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, 0600));
	CHECK(sys_write((int)fd, "hello, file\n", 12) == 12);
	print("at %ld\n", sys_lseek((int)fd, 0, SEEK_CUR));
	CHECK(sys_lseek((int)fd, 7, SEEK_SET) == 7);
	char buf[64] = {0};
	long n = sys_read((int)fd, buf, sizeof buf); //@read
	print("read %ld: %s", n, buf);
	print("at the end: %ld\n", sys_read((int)fd, buf, sizeof buf));

	// A hole reads as zeros.
	CHECK(sys_lseek((int)fd, 5000, SEEK_SET) == 5000);
	CHECK(sys_write((int)fd, "!", 1) == 1);
	struct stat st;
	CHECK(sys_fstat((int)fd, &st) == 0);
	print("size %ld, type and mode %x\n", st.st_size, st.st_mode);
	char hole = 1;
	CHECK(sys_pread((int)fd, &hole, 1, 2000) == 1);
	print("hole: %d\n", hole);
	CHECK(sys_pwrite((int)fd, "HELLO", 5, 0) == 5);
	print("pwrite does not move: %ld\n", sys_lseek((int)fd, 0, SEEK_CUR));
	CHECK(sys_ftruncate((int)fd, 9) == 0);
	print("truncated: %ld\n", sys_lseek((int)fd, 0, SEEK_END));
	CHECK(sys_close((int)fd) == 0);
	print("closed twice: %ld\n", sys_close((int)fd));

	fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_APPEND, 0);
	struct iovec out[] = {{"one ", 4}, {"", 0}, {"two ", 4}, {"three", 5}};
	print("writev: %ld\n", sys_writev((int)fd, out, 4));
	print("reading a write-only file: %ld\n", sys_read((int)fd, buf, 1));
	sys_close((int)fd);

	fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	char a[6] = {0}, b[32] = {0};
	struct iovec in[] = {{a, 5}, {b, 31}};
	n = sys_readv((int)fd, in, 2);
	print("readv %ld: %s|%s\n", n, a, b);
	print("seek before the start: %ld\n", sys_lseek((int)fd, -1, SEEK_SET));
	print("bad buffer: %ld\n", sys_pread((int)fd, (void *)16, 4, 0));
	sys_close((int)fd);
}

// test_directory makes a directory with three files and lists it.
static void test_directory(void)
{
	CHECK(sys_mkdirat(AT_FDCWD, other, 0700) == 0);
	print("mkdir again: %ld\n", sys_mkdirat(AT_FDCWD, other, 0700));
	long dir = sys_openat(AT_FDCWD, other, O_RDONLY | O_DIRECTORY, 0);
	CHECK(dir > 0);
	static const char *const names[] = {"charlie", "alpha", "bravo"};
	for (int i = 0; i < 3; i++) {
		long fd = sys_openat((int)dir, names[i], O_WRONLY | O_CREAT, 0600);
		CHECK(fd > 0);
		CHECK(sys_write((int)fd, names[i], i + 1) == i + 1);
		sys_close((int)fd);
	}
	print("removing a full directory: %ld\n", sys_unlinkat(AT_FDCWD, other, AT_REMOVEDIR));

	// The order of entries is the file system's own: count them.
	char buf[1024] __attribute__((aligned(8)));
	print("reading a directory: %ld\n", sys_read((int)dir, buf, 1));
	int entries = 0, dots = 0, files = 0;
	long n;
	while ((n = sys_getdents((int)dir, buf, sizeof buf)) > 0) //@getdents
		for (long at = 0; at < n;) {
			struct dirent64 *d = (void *)(buf + at);
			entries++;
			if (d->d_name[0] == '.')
				dots++;
			else if (d->d_type == 8) // DT_REG
				files++;
			at += d->d_reclen;
		}
	CHECK(n == 0);
	print("entries %d, dots %d, files %d\n", entries, dots, files);

	for (int i = 0; i < 3; i++) {
		struct stat st;
		CHECK(sys_fstatat((int)dir, names[i], &st, 0) == 0);
		print("%s: %ld bytes, regular: %d\n", names[i], st.st_size, (st.st_mode & 0170000) == 0100000);
		CHECK(sys_unlinkat((int)dir, names[i], 0) == 0);
	}
	struct stat st;
	CHECK(sys_fstat((int)dir, &st) == 0);
	print("a directory: %d\n", (st.st_mode & 0170000) == 0040000);
	sys_close((int)dir);
	CHECK(sys_unlinkat(AT_FDCWD, other, AT_REMOVEDIR) == 0);
	print("gone: %ld\n", sys_fstatat(AT_FDCWD, other, &st, 0));
}

static void test_names(void)
{
	CHECK(sys_renameat2(AT_FDCWD, path, AT_FDCWD, other, 0) == 0); //@rename
	struct stat st;
	print("old name: %ld, new name: %ld\n", sys_fstatat(AT_FDCWD, path, &st, 0), sys_fstatat(AT_FDCWD, other, &st, 0));

	// An unlinked file lives on while it is open.
	long fd = sys_openat(AT_FDCWD, other, O_RDONLY, 0);
	CHECK(sys_unlinkat(AT_FDCWD, other, 0) == 0); //@unlink
	char buf[8] = {0};
	CHECK(sys_read((int)fd, buf, 5) == 5);
	print("unlinked but open: %s, links %d\n", buf, (sys_fstat((int)fd, &st), (int)st.st_nlink));
	sys_close((int)fd);
	print("through a file: %ld\n", sys_openat(AT_FDCWD, "/dev/null/x", O_RDONLY, 0));
	print("bad descriptor: %ld, bad path: %ld\n", sys_read(99, buf, 1), sys_openat(AT_FDCWD, (char *)8, O_RDONLY, 0));
}

static void test_pipe(void)
{
	int fds[2];
	CHECK(sys_pipe2(fds, O_NONBLOCK) == 0);
	char buf[16] = {0};
	print("empty: %ld\n", sys_read(fds[0], buf, sizeof buf));
	CHECK(sys_write(fds[1], "through the pipe", 16) == 16);
	print("first half: %ld", sys_read(fds[0], buf, 8));
	print(" %s, seek: %ld\n", buf, sys_lseek(fds[0], 0, SEEK_SET));
	static char big[4096];
	long total = 0, n;
	while ((n = sys_write(fds[1], big, sizeof big)) > 0)
		total += n;
	print("full: %ld after 15 pages or more: %d\n", n, total >= 15 * 4096);
	CHECK(sys_dup3(fds[0], 50, O_CLOEXEC) == 50);
	sys_close(fds[0]);
	sys_close(fds[1]);
	while ((n = sys_read(50, big, sizeof big)) > 0)
		;
	print("drained through the copy: %ld\n", n);
	sys_close(50);
}

int main(int argc, char **argv)
{
	if (argc != 2 || strlen(argv[1]) > 50) {
		print("usage: files NAME\n");
		return 2;
	}
	format(path, sizeof path, "%s", argv[1]);
	format(other, sizeof other, "%s.other", argv[1]);
	test_regular();
	test_directory();
	test_names();
	test_pipe();
	return 0;
}
