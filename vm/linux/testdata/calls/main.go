// The guest calls makes system calls that the guests in C do not, and checks
// what they do against what Linux does. It prints "not ok" and why for each
// surprise, and "done" at the end. It works in its current directory.
//
// It is Go so that any machine with Go can build it; it uses raw system calls
// only, by the numbers of asm-generic/unistd.h.
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// call makes a system call and returns its result, a negated error number on
// failure.
func call(nr uintptr, args ...any) int {
	var a [6]uintptr
	var keep [6][]byte
	for i, v := range args {
		switch v := v.(type) {
		case int:
			a[i] = uintptr(v)
		case uintptr:
			a[i] = v
		case string:
			keep[i] = append([]byte(v), 0)
			a[i] = uintptr(unsafe.Pointer(&keep[i][0]))
		case []byte:
			a[i] = uintptr(unsafe.Pointer(unsafe.SliceData(v)))
		case *[2]int64:
			a[i] = uintptr(unsafe.Pointer(v))
		case *[4]int64:
			a[i] = uintptr(unsafe.Pointer(v))
		case *[2]int32:
			a[i] = uintptr(unsafe.Pointer(v))
		case *uint32:
			a[i] = uintptr(unsafe.Pointer(v))
		case *uint64:
			a[i] = uintptr(unsafe.Pointer(v))
		case nil:
		default:
			panic(fmt.Sprintf("argument %T", v))
		}
	}
	r, _, e := syscall.Syscall6(number(nr), a[0], a[1], a[2], a[3], a[4], a[5])
	runtime.KeepAlive(args)
	runtime.KeepAlive(keep)
	if e != 0 {
		return -int(e)
	}
	return int(r)
}

func check[T comparable](what string, got, want T) {
	if got != want {
		fmt.Printf("not ok: %s: %v, want %v\n", what, got, want)
	}
}

func at(addr int) *byte { return *(**byte)(unsafe.Pointer(&addr)) }

const (
	cwd       = -100
	rdwr      = 2
	create    = 0o100
	excl      = 0o200
	appendTo  = 0o2000
	nonblock  = 0o4000
	directory = 0o200000
)

func memory() {
	const page = 4096
	anon := func(n int) int { return call(222, 0, n, 3, 0x22, -1, 0) }
	p := anon(4 * page)
	check("mmap", p > 0 && p%page == 0, true)
	*at(p + 2*page) = 42
	check("mprotect", call(226, p, 4*page, 1), 0)
	check("content after mprotect", *at(p + 2*page), 42)
	hole := anon(page)
	check("munmap", call(215, hole, page), 0)
	check("mprotect of unmapped", call(226, hole, page, 1), -12)
	check("madvise of unmapped", call(233, hole, page, 4), -12)
	check("mprotect", call(226, p, 4*page, 3), 0)
	check("mremap shrinks", call(216, p, 4*page, 3*page, 0, 0), p)
	check("fixed no replace", call(222, p, page, 3, 0x100022, -1, 0), -17)
	check("fixed", call(222, p, page, 3, 0x32, -1, 0), p)
	check("misaligned fixed", call(222, p+1, page, 3, 0x32, -1, 0), -22)
	q := call(216, p, 3*page, 64*page, 1, 0)
	check("mremap moves or grows", q > 0, true)
	check("content after mremap", *at(q + 2*page), 42)
	check("rest after mremap", *at(q + 63*page), 0)
	to := anon(8 * page)
	check("mremap to a place", call(216, q, 64*page, 8*page, 3, to), to)
	check("content there", *at(to + 2*page), 42)
	check("the old place is free", call(226, q, page, 1), -12)
	check("madvise", call(233, to, 8*page, 4), 0)
	check("content after madvise", *at(to + 2*page), 0)
	vec := make([]byte, 8)
	*at(to) = 1
	check("mincore", call(232, to, page, vec), 0)
	check("vec", vec[0]&1, 1)
	check("munmap", call(215, to, 8*page), 0)
	check("mincore of unmapped", call(232, to, page, vec), -12)
	check("munmap misaligned", call(215, to+1, page), -22)
	check("munmap of nothing", call(215, to, 0), -22)
	check("mmap of nothing", call(222, 0, 0, 3, 0x22, -1, 0), -22)
	check("mmap of a bad descriptor", call(222, 0, page, 1, 2, 99, 0), -9)
	brk := call(214, 0)
	check("brk grows", call(214, brk+3*page), brk+3*page)
	*at(brk + 2*page) = 7
	check("brk shrinks", call(214, brk), brk)
	check("brk grows again", call(214, brk+3*page), brk+3*page)
	check("its content is gone", *at(brk + 2*page), 0)
}

func files() {
	fd := call(56, cwd, "a", rdwr|create|excl, 0o644)
	check("create", fd > 2, true)
	check("create again", call(56, cwd, "a", rdwr|create|excl, 0o644), -17)
	check("write", call(64, fd, []byte("hello, world"), 12), 12)
	check("pwrite", call(68, fd, []byte("J"), 1, 0), 1)
	buf := make([]byte, 64)
	check("read at the end", call(63, fd, buf, 64), 0)
	check("lseek", call(62, fd, -5, 2), 7)
	check("read", call(63, fd, buf, 64), 5)
	check("bytes", string(buf[:5]), "world")
	check("pread", call(67, fd, buf, 5, 0), 5)
	check("bytes", string(buf[:5]), "Jello")
	check("pread behind the end", call(67, fd, buf, 5, 100), 0)
	check("pread before the start", call(67, fd, buf, 5, -1), -22)
	check("lseek before the start", call(62, fd, -1, 0), -22)
	dup := call(23, fd)
	check("lseek", call(62, fd, 3, 0), 3)
	check("a duplicate shares the offset", call(62, dup, 0, 1), 3)
	check("dup3", call(24, fd, 100, 0o2000000), 100)
	check("FD_CLOEXEC", call(25, 100, 1), 1)
	check("FD_CLOEXEC of the other", call(25, fd, 1), 0)
	check("F_DUPFD", call(25, fd, 0, 100), 101)
	check("dup3 of itself", call(24, fd, fd, 0), -22)
	check("F_GETFL", call(25, fd, 3)&^0o100000, rdwr)
	check("close", call(57, 100), 0)
	check("close again", call(57, 100), -9)
	check("read of a closed one", call(63, 100, buf, 1), -9)
	call(57, 101)
	check("ftruncate", call(46, fd, 5), 0)
	stat := make([]byte, 128)
	check("fstat", call(80, fd, stat), 0)
	size := func() int64 { return *(*int64)(unsafe.Pointer(&stat[48])) }
	mode := func() uint32 { return *(*uint32)(unsafe.Pointer(&stat[modeAt])) }
	check("size", size(), 5)
	check("mode", mode(), 0o100644)
	check("truncate longer", call(45, "a", 5000), 0)
	check("newfstatat", call(79, cwd, "a", stat, 0), 0)
	check("size", size(), 5000)
	check("empty path", call(79, fd, "", stat, 0x1000), 0)
	statx := make([]byte, 256)
	check("statx", call(291, cwd, "a", 0, 0x7ff, statx), 0)
	check("size", *(*int64)(unsafe.Pointer(&statx[40])), 5000)
	check("mode", *(*uint16)(unsafe.Pointer(&statx[28])), 0o100644)
	m := call(222, 0, 8192, 1, 2, fd, 0)
	check("mmap of a file", string(unsafe.Slice(at(m), 5)), "Jello")
	check("behind its end", *at(m + 5001), 0)
	check("mmap at an offset", *at(call(222, 0, 4096, 1, 2, fd, 4096)), 0)
	ap := call(56, cwd, "a", rdwr|appendTo, 0)
	check("append", call(64, ap, []byte("end"), 3), 3)
	check("offset", call(62, ap, 0, 1), 5003)
	check("fallocate", call(47, fd, 0, 0, 6000), 0)
	call(80, fd, stat)
	check("size", size(), 6000)
	check("fsync", call(82, fd), 0)
	iov := make([]uint64, 4)
	x, y := []byte("abc"), []byte("defg")
	iov[0], iov[1] = uint64(uintptr(unsafe.Pointer(&x[0]))), 3
	iov[2], iov[3] = uint64(uintptr(unsafe.Pointer(&y[0]))), 4
	call(62, fd, 0, 0)
	check("writev", call(66, fd, &iov[0], 2), 7)
	x[0], y[0] = 0, 0
	check("preadv", call(69, fd, &iov[0], 2, 0), 7)
	check("bytes", string(x)+string(y), "abcdefg")
	check("mkdirat", call(34, cwd, "d", 0o755), 0)
	check("mkdirat again", call(34, cwd, "d", 0o755), -17)
	check("not a directory", call(56, cwd, "a", directory, 0), -20)
	check("no such file", call(56, cwd, "none", 0, 0), -2)
	check("linkat", call(37, cwd, "a", cwd, "d/b", 0), 0)
	call(80, fd, stat)
	check("links", *(*uint32)(unsafe.Pointer(&stat[linksAt])), 2)
	check("symlinkat", call(36, "../a", cwd, "d/s"), 0)
	n := call(78, cwd, "d/s", buf, 64)
	check("readlinkat", string(buf[:max(n, 0)]), "../a")
	check("readlinkat of a file", call(78, cwd, "a", buf, 64), -22)
	check("lstat", call(79, cwd, "d/s", stat, 0x100), 0)
	check("mode", mode()&0o170000, 0o120000)
	check("stat", call(79, cwd, "d/s", stat, 0), 0)
	check("mode", mode()&0o170000, 0o100000)
	check("nofollow", call(56, cwd, "d/s", 0o400000, 0), -40)
	dir := call(56, cwd, "d", directory, 0)
	check("a file in it", call(79, dir, "b", stat, 0), 0)
	check("read of a directory", call(63, dir, buf, 64), -21)
	names := func() string {
		ents := make([]byte, 4096)
		seen := map[string]bool{}
		for {
			n := call(61, dir, ents, len(ents))
			if n <= 0 {
				break
			}
			for b := ents[:n]; len(b) > 0; {
				l := int(b[16]) | int(b[17])<<8
				e := b[19:l]
				i := 0
				for e[i] != 0 {
					i++
				}
				seen[fmt.Sprint(string(e[:i]), b[18])] = true
				b = b[l:]
			}
		}
		return fmt.Sprint(seen)
	}
	check("getdents64", names(), "map[..4:true .4:true b8:true s10:true]")
	check("getdents64 at the end", names(), "map[]")
	check("rewind", call(62, dir, 0, 0), 0)
	check("getdents64 again", names(), "map[..4:true .4:true b8:true s10:true]")
	check("getdents64 into too little", func() int { call(62, dir, 0, 0); return call(61, dir, buf, 4) }(), -22)
	check("getdents64 of a file", call(61, fd, buf, 64), -20)
	check("renameat2", call(276, cwd, "d/b", cwd, "d/c", 0), 0)
	check("renameat2 without replacing", call(276, cwd, "d/c", cwd, "a", 1), -17)
	check("faccessat", call(48, cwd, "d/c", 4), 0)
	check("faccessat of none", call(48, cwd, "d/b", 4), -2)
	here := make([]byte, 4096)
	hereLen := call(17, here, len(here))
	check("chdir", call(49, "d"), 0)
	there := make([]byte, 4096)
	n = call(17, there, len(there))
	check("getcwd", string(there[:n-1]), string(here[:hereLen-1])+"/d")
	check("getcwd into too little", call(17, there, 3), -34)
	check("relative now", call(79, cwd, "c", stat, 0), 0)
	check("chdir to a file", call(49, "c"), -20)
	check("chdir", call(49, ".."), 0)
	check("fchdir", call(50, dir), 0)
	check("chdir", call(49, string(here[:hereLen-1])), 0)
	check("utimensat", call(88, cwd, "a", &[4]int64{1000, 5, 2000, 7}, 0), 0)
	call(79, cwd, "a", stat, 0)
	check("mtime", *(*[2]int64)(unsafe.Pointer(&stat[88])), [2]int64{2000, 7})
	check("fchmodat", call(53, cwd, "a", 0o600), 0)
	call(79, cwd, "a", stat, 0)
	check("mode", mode(), 0o100600)
	check("unlinkat of a directory", call(35, cwd, "d", 0), -21)
	check("rmdir of a full one", call(35, cwd, "d", 0x200), -39)
	check("rmdir of a file", call(35, cwd, "a", 0x200), -20)
	for _, f := range []string{"d/c", "d/s", "a"} {
		check("unlinkat "+f, call(35, cwd, f, 0), 0)
	}
	check("an unlinked file lives on", call(67, fd, buf, 3, 0), 3)
	check("rmdir", call(35, cwd, "d", 0x200), 0)
	check("empty path", call(56, cwd, "", 0, 0), -2)
	check("bad dirfd", call(56, 999, "x", 0, 0), -9)
	check("long path", call(56, cwd, long(5000), 0, 0), -36)
	for _, f := range []int{fd, dup, ap, dir} {
		call(57, f)
	}
}

func long(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'x'
	}
	return string(b)
}

func devices() {
	buf := []byte{1, 2, 3, 4}
	null := call(56, cwd, "/dev/null", rdwr, 0)
	check("read of null", call(63, null, buf, 4), 0)
	check("write to null", call(64, null, buf, 4), 4)
	zero := call(56, cwd, "/dev/zero", 0, 0)
	check("read of zero", call(63, zero, buf, 4), 4)
	check("zeros", [4]byte(buf), [4]byte{})
	check("write where reading", call(64, zero, buf, 4), -9)
	full := call(56, cwd, "/dev/full", rdwr, 0)
	check("write to full", call(64, full, buf, 4), -28)
	stat := make([]byte, 128)
	check("fstat of null", call(80, null, stat), 0)
	check("mode", *(*uint32)(unsafe.Pointer(&stat[modeAt]))&0o170000, 0o20000)
	rnd := call(56, cwd, "/dev/urandom", 0, 0)
	big := make([]byte, 64)
	check("random bytes", call(63, rnd, big, 64), 64)
	check("not all zero", string(big) != string(make([]byte, 64)), true)
	check("getrandom", call(278, big, 64, 0), 64)
	link := make([]byte, 4096)
	n := call(78, cwd, "/proc/self/exe", link, 4096)
	check("own executable", n > 0 && link[0] == '/', true)
	maps, err := os.ReadFile("/proc/self/maps")
	check("maps", err == nil && len(maps) > 100, true)
	check("tty", call(29, null, 0x5401, stat), -25)
	for _, f := range []int{null, zero, full, rnd} {
		call(57, f)
	}
}

func pipes() {
	var p [2]int32
	check("pipe2", call(59, &p, nonblock), 0)
	r, w := int(p[0]), int(p[1])
	big := make([]byte, 100_000)
	check("read of an empty one", call(63, r, big, 1), -11)
	check("fill", call(64, w, big, len(big)), 65536)
	check("full", call(64, w, big, 1), -11)
	var n uint32
	check("FIONREAD", call(29, r, 0x541b, &n), 0)
	check("in it", n, 65536)
	check("read", call(63, r, big, 5000), 5000)
	check("write again", call(64, w, big, 4096), 4096)
	check("lseek", call(62, r, 0, 0), -29)
	check("pread", call(67, r, big, 1, 0), -29)
	check("write to the reading end", call(64, r, big, 1), -9)
	check("close", call(57, w), 0)
	total := 0
	for {
		n := call(63, r, big, len(big))
		if n <= 0 {
			check("end", n, 0)
			break
		}
		total += n
	}
	check("all of it", total, 65536-5000+4096)
	call(57, r)
	call(59, &p, 0)
	call(57, int(p[0]))
	check("broken", call(64, int(p[1]), big, 1), -32)
	call(57, int(p[1]))

	// A blocked writer goes on as the reader reads.
	call(59, &p, 0)
	r, w = int(p[0]), int(p[1])
	done := make(chan int)
	go func() { done <- call(64, w, make([]byte, 200_000), 200_000) }()
	total = 0
	for total < 200_000 {
		n := call(63, r, big, 30_000)
		if n <= 0 {
			break
		}
		total += n
	}
	check("a long write", <-done, 200_000)
	check("a long read", total, 200_000)
	go func() { done <- call(63, r, make([]byte, 10), 10) }()
	runtime.Gosched()
	call(64, w, []byte("xy"), 2)
	check("a blocked read", <-done, 2)
	go func() { done <- call(63, r, make([]byte, 10), 10) }()
	runtime.Gosched()
	call(57, w)
	check("a blocked read at the end", <-done, 0)
	call(57, r)
}

type pollfd struct {
	fd      int32
	events  int16
	revents int16
}

func polls() {
	var p [2]int32
	call(59, &p, nonblock)
	r, w := p[0], p[1]
	fds := []pollfd{{r, 1, 9}, {w, 4, 9}, {-1, 1, 9}, {500, 1, 9}}
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&fds[0])), 8*len(fds))
	check("ppoll", call(73, raw, 4, &[2]int64{0, 0}, nil, 0), 2)
	check("revents", [4]int16{fds[0].revents, fds[1].revents, fds[2].revents, fds[3].revents}, [4]int16{0, 4, 0, 32})
	left := [2]int64{0, 2_000_000}
	check("time-out", call(73, raw, 1, &left, nil, 0), 0)
	check("revents", fds[0].revents, 0)
	check("time left", left, [2]int64{0, 0})
	left = [2]int64{5, 0}
	check("ready", call(73, raw, 2, &left, nil, 0), 1)
	check("some time left", left[0] == 4 && left[1] > 0 || left[0] == 5, true)
	var sets [3]uint64
	sets[0], sets[1] = 1<<r, 1<<w
	check("pselect6", call(72, int(w)+1, &sets[0], &sets[1], nil, &[2]int64{1, 0}, nil), 1)
	check("sets", [2]uint64{sets[0], sets[1]}, [2]uint64{0, 1 << w})
	sets[0] = 1 << 60
	check("pselect6 of a closed one", call(72, 61, &sets[0], nil, nil, &[2]int64{1, 0}, nil), -9)
	call(57, int(w))
	check("hang-up", call(73, raw, 1, nil, nil, 0), 1)
	check("revents", fds[0].revents, 16)
	call(57, int(r))
}

func epolls() {
	ep := call(20, 0o2000000)
	ev := call(19, 0, nonblock)
	event := func(events uint32, data uint64) *[2]int64 {
		return &[2]int64{int64(events), int64(data)}
	}
	out := make([]byte, 16*8)
	wait := func() [3]int64 {
		clear(out)
		n := call(22, ep, out, 8, 0, nil, 8)
		return [3]int64{int64(n), int64(*(*uint32)(unsafe.Pointer(&out[0]))), *(*int64)(unsafe.Pointer(&out[8]))}
	}
	check("nothing", wait(), [3]int64{})
	check("add", call(21, ep, 1, ev, event(1, 77)), 0)
	check("add again", call(21, ep, 1, ev, event(1, 77)), -17)
	check("not ready", wait(), [3]int64{})
	one := make([]byte, 8)
	one[0] = 3
	check("write", call(64, ev, one, 8), 8)
	check("ready", wait(), [3]int64{1, 1, 77})
	check("still ready", wait(), [3]int64{1, 1, 77})
	check("edge", call(21, ep, 3, ev, event(1|1<<31, 78)), 0)
	check("ready once", wait(), [3]int64{1, 1, 78})
	check("not again", wait(), [3]int64{})
	call(64, ev, one, 8)
	check("a new edge", wait(), [3]int64{1, 1, 78})
	check("one shot", call(21, ep, 3, ev, event(1|1<<30, 79)), 0)
	check("ready once", wait(), [3]int64{1, 1, 79})
	check("disarmed", wait(), [3]int64{})
	check("armed again", call(21, ep, 3, ev, event(1|1<<30, 80)), 0)
	check("ready", wait(), [3]int64{1, 1, 80})
	check("counter", call(63, ev, one, 8), 8)
	check("its value", one[0], 6)
	check("empty", call(63, ev, one, 8), -11)
	check("delete", call(21, ep, 2, ev, event(0, 0)), 0)
	check("delete again", call(21, ep, 2, ev, event(0, 0)), -2)
	check("itself", call(21, ep, 1, ep, event(1, 0)), -22)
	check("a time-out", call(22, ep, out, 8, 3, nil, 8), 0)
	sem := call(19, 2, 1|nonblock)
	call(63, sem, one, 8)
	check("semaphore", one[0], 1)
	call(63, sem, one, 8)
	check("semaphore at 0", call(63, sem, one, 8), -11)
	check("too much", call(64, sem, []byte{255, 255, 255, 255, 255, 255, 255, 255}, 8), -22)
	check("too short", call(64, sem, one, 4), -22)

	tf := call(85, 1, nonblock)
	check("timerfd", tf > 0, true)
	check("not yet", call(63, tf, one, 8), -11)
	check("timerfd_settime", call(86, tf, 0, &[4]int64{0, 1_000_000, 0, 2_000_000}, nil), 0)
	check("add", call(21, ep, 1, tf, event(1, 81)), 0)
	check("wait for it", call(22, ep, out, 8, -1, nil, 8), 1)
	check("read", call(63, tf, one, 8), 8)
	check("expired", one[0] >= 1, true)
	var spec [4]int64
	check("timerfd_gettime", call(87, tf, &spec), 0)
	check("interval", spec[1], 1_000_000)
	for _, f := range []int{ep, ev, sem, tf} {
		call(57, f)
	}
}

func clocks() {
	var res, a, b [2]int64
	check("clock_getres", call(114, 1, &res), 0)
	check("nanoseconds", res, [2]int64{0, 1})
	check("no such clock", call(113, 99, &a), -22)
	ns := func(t [2]int64) int64 { return t[0]*1e9 + t[1] }
	for _, clock := range []int{0, 1, 2, 3, 4, 7} {
		call(113, clock, &a)
		for range 1000 {
			b[0]++
		}
		check("clock_gettime", call(113, clock, &b), 0)
		check(fmt.Sprintf("clock %d goes forward", clock), ns(b) > ns(a), true)
	}
	call(113, 1, &a)
	until := [2]int64{(ns(a) + 3e6) / 1e9, (ns(a) + 3e6) % 1e9}
	check("absolute sleep", call(115, 1, 1, &until, nil), 0)
	call(113, 1, &b)
	check("slept", ns(b) >= ns(until), true)
	check("sleep in the past", call(115, 1, 1, &a, nil), 0)
	check("bad time", call(101, &[2]int64{0, 1e9}, nil), -22)
	var id uint32
	none := make([]byte, 64)
	none[12] = 1 // SIGEV_NONE
	check("timer_create", call(107, 1, none, &id), 0)
	check("timer_settime", call(110, int(id), 0, &[4]int64{0, 0, 100, 0}, nil), 0)
	var spec [4]int64
	check("timer_gettime", call(108, int(id), &spec), 0)
	check("time left", spec[2] == 99 || spec[2] == 100, true)
	check("timer_getoverrun", call(109, int(id)), 0)
	check("timer_delete", call(111, int(id)), 0)
	check("timer_delete again", call(111, int(id)), -22)
}

func signals() {
	runtime.LockOSThread()
	set := uint64(1 << (12 - 1)) // SIGUSR2
	var old, pending uint64
	check("block", call(135, 0, &set, &old, 8), 0)
	check("tgkill", call(131, call(172), call(178), 12), 0)
	check("rt_sigpending", call(136, &pending, 8), 0)
	check("pending", pending&set, set)
	info := make([]byte, 128)
	check("rt_sigtimedwait", call(137, &set, info, &[2]int64{1, 0}, 8), 12)
	check("siginfo", [2]int32{*(*int32)(unsafe.Pointer(&info[0])), *(*int32)(unsafe.Pointer(&info[8]))}, [2]int32{12, -6})
	check("none left", call(137, &set, info, &[2]int64{0, 1000}, 8), -11)
	done := make(chan int)
	me := call(178)
	go func() {
		runtime.LockOSThread()
		call(101, &[2]int64{0, 2_000_000}, nil)
		done <- call(131, call(172), me, 12)
	}()
	check("wait for it", call(137, &set, info, nil, 8), 12)
	check("tgkill", <-done, 0)
	check("restore", call(135, 2, &old, nil, 8), 0)
	check("bad how", call(135, 9, &old, nil, 8), -22)
	check("bad size", call(135, 2, &old, nil, 4), -22)
	runtime.UnlockOSThread()
}

func futexes() {
	word := new(uint32)
	other := new(uint32)
	*word = 5
	check("another value", call(98, word, 0, 4, nil), -11)
	check("time-out", call(98, word, 0, 5, &[2]int64{0, 1000}), -110)
	check("wake nobody", call(98, word, 1, 10), 0)
	check("no bits", call(98, word, 9, 5, nil, nil, 0), -22)
	check("misaligned", call(98, uintptr(unsafe.Pointer(word))+1, 1, 1), -22)
	done := make(chan int, 3)
	for range 3 {
		go func() { done <- call(98, word, 9, 5, nil, nil, 2) }()
	}
	n := 0
	for n < 3 { // until all three wait
		n = call(98, word, 4, 0, 3, other, 5)
		for m := 0; n < 3 && m < n; {
			m += call(98, other, 3, 0, 3, word)
		}
		runtime.Gosched()
	}
	check("none is at the old address", call(98, word, 1, 10), 0)
	check("other bits", call(98, other, 10, 10, nil, nil, 1), 0)
	check("one", call(98, other, 10, 1, nil, nil, 3), 1)
	check("woken", <-done, 0)
	*other = 7
	// Add 1 to *other; wake nobody at word; wake two at other, if it was 7.
	check("wake op", call(98, word, 5, 0, 2, other, 1<<28|0<<24|1<<12|7), 2)
	check("word", *other, 8)
	<-done
	<-done
}

func system() {
	uts := make([]byte, 390)
	check("uname", call(160, uts), 0)
	check("sysname", string(uts[:6]), "Linux\x00")
	check("machine", string(uts[260:260+len(machine)]), machine)
	var l [2]int64
	check("getrlimit", call(261, 0, 7, nil, &l), 0)
	check("files", l[0] >= 256, true)
	check("no such limit", call(261, 0, 99, nil, &l), -22)
	old := call(166, 0o77)
	check("umask", call(166, old), 0o77)
	name := append([]byte("a name that is too long"), 0)
	runtime.LockOSThread()
	check("PR_SET_NAME", call(167, 15, name), 0)
	got := make([]byte, 16)
	check("PR_GET_NAME", call(167, 16, got), 0)
	check("name", string(got), "a name that is \x00")
	runtime.UnlockOSThread()
	check("getppid", call(173) != 0, true)
	check("kill nobody", call(129, 1<<22+1, 0), -3)
	check("kill with 0", call(129, call(172), 0), 0)
	check("kill with nonsense", call(129, call(172), 99), -22)
	check("sched_yield", call(124), 0)
	ru := make([]byte, 144)
	check("getrusage", call(165, 0, ru), 0)
	check("wait4", call(260, -1, nil, 0, nil), -10)
	check("no such call", call(4000), -38)
}

func main() {

	for _, f := range []func(){memory, files, devices, pipes, polls, epolls, clocks, signals, futexes, system} {
		f()
	}
	fmt.Println("done")
}
