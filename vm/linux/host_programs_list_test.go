//go:build linux && amd64

package linux_test

import (
	"regexp"
	"strings"
)

// hostProgram is a program of the host's, or one that the host's compilers make,
// which must do in the VM what it does natively.
type hostProgram struct {
	name string
	// quick ones run always, and CI must have what they need; the others with
	// REVEXEC_HOST_PROGRAMS=all.
	quick bool
	needs []string // commands, beside the first of build and argv
	build []string // made first and natively, in the directory
	argv  []string
	stdin string
	max   uint64 // instructions that it may take; 0: 2·10^10
	// changes matches what differs from run to run: times, addresses.
	changes *regexp.Regexp
	// ignore matches the names of files that differ from run to run.
	ignore *regexp.Regexp

	made string // directory that holds what build has made
}

var durations = regexp.MustCompile(`random seed: \d+|load avg: [\d.]+|\d+:\d\d:\d\d |(\d+ min )?\d+(\.\d+)? ?(sec|ms|s)\b|0x[0-9a-f]+`)

// sh is a line for bash.
func sh(line string) []string { return []string{"bash", "-c", line} }

// goTests is the tests of a package of Go's standard library, with its files around.
func goTests(pkg string, args ...string) hostProgram {
	return hostProgram{
		name:    "go-" + strings.ReplaceAll(pkg, "/", "-"),
		build:   sh(`cp -r "$(go env GOROOT)/src/` + pkg + `/." . && go test -c -o tests ` + pkg),
		needs:   []string{"go"},
		argv:    append([]string{"./tests", "-test.short"}, args...),
		changes: durations,
		max:     1e12,
	}
}

var hostPrograms = []hostProgram{
	// Small tools
	{name: "ls", quick: true, argv: []string{"ls", "-lRgo", "tree"}},
	{name: "sort", quick: true, argv: []string{"sort", "-k2", "-n", "words.txt"}},
	{name: "sha256sum", quick: true, argv: []string{"sha256sum", "words.txt", "main.c"}},
	{name: "cat", quick: true, argv: []string{"cat"}, stdin: "one\ntwo\n"},
	{name: "grep", quick: true, argv: []string{"grep", "-nE", "(ab|cd)[e-m]+.*9$", "words.txt"}},
	{name: "sed", quick: true, argv: []string{"sed", "-E", "s/([a-m]+) ([0-9]+)/\\2:\\1/;10q", "words.txt"}},
	{name: "awk", quick: true, argv: []string{"awk", "{n[length($1)]++; s+=$2} END {for (i=0;i<20;i++) printf \"%d %d\\n\", i, n[i]; printf \"%.3f %g\\n\", s/NR, sqrt(s)}", "words.txt"}},
	{name: "find", quick: true, argv: []string{"find", "tree", "-type", "f", "-size", "+10c", "-printf", "%p %s\\n"}},
	{name: "find-xargs", argv: sh(`find . -type f -print0 | sort -z | xargs -0 -n 2 -P 2 wc -c | sort; find tree -name '*.txt' -exec grep -l a {} + | sort; find tree -depth -delete; ls`)},
	{name: "diff-patch", needs: []string{"patch"}, argv: sh(`sed 's/^a/A/;7d' words.txt > new.txt; diff -u --label old --label new words.txt new.txt > d; wc d; patch -s words.txt d && cmp words.txt new.txt && echo same; diff -r tree tree && diff -q main.c words.txt`)},
	{name: "coreutils", argv: sh(`seq 5 | paste -sd+; expr 6 '*' 7; date -u -d @1000000000 +%F; od -c main.c | tail -2; dd if=words.txt of=part bs=100 skip=3 count=2 status=none; md5sum part; b2sum part; split -l 500 words.txt s.; cat s.* | cmp - words.txt; cp -a tree copy; mv copy moved; ln -s moved link; readlink link; realpath -s --relative-to=. link/sub; stat -c '%s %F %a' link moved main.c; install -m 750 main.c i.c; chmod u-w i.c; touch -d @86400 i.c; stat -c %Y i.c; join <(sort -k1,1 words.txt | head) <(sort -k1,1 words.txt | head -5); comm -12 <(seq 1 20) <(seq 10 30 | sort) 2>/dev/null; tac main.c | nl | tail -1; factor 1234567890123; shuf --random-source=words.txt -n 3 words.txt; truncate -s 5000 part; fold -w 20 main.c | head -3 | tee t1 t2 | wc; rm -r s.* moved link i.c; base64 part | md5sum; numfmt --to=iec 123456789; printf '%q %05.2f\n' 'a b' 3.14159; tsort <<< 'a b b c'; env -i PATH=/bin ls / > /dev/null; test -w main.c; echo $?; sync; df . > /dev/null; du -s . > /dev/null`)},
	{name: "gzip", quick: true, argv: sh(`gzip -9 -c words.txt > w.gz && gzip -dc w.gz | cmp - words.txt && echo same`)},
	{name: "xz", argv: sh(`xz -k words.txt && xz -dc words.txt.xz | cmp - words.txt && rm words.txt.xz && xz -T2 -c words.txt | xz -dc | sha256sum && echo same`)},
	{name: "zstd", argv: sh(`zstd -q -19 words.txt -o w.zst && zstd -dqc w.zst | cmp - words.txt && echo same && zstd -q -T2 -3 -f words.txt && zstd -lq words.txt.zst | wc -l`)},
	{name: "tar", argv: sh(`tar cf - --sort=name --owner=0 --group=0 --numeric-owner tree | tee t.tar | tar tvf - && mkdir x && tar xf t.tar -C x && diff -r tree x/tree && rm -r x && echo same && tar czf - tree | tar tzf - | sort`)},
	{name: "bc-dc", needs: []string{"bc"}, argv: sh(`echo 'scale=50; 4*a(1); for (i=0;i<5;i++) 2^i^2' | bc -l`)},
	{name: "openssl", needs: []string{"openssl"}, argv: sh(`openssl dgst -sha512 words.txt; openssl enc -aes-256-cbc -K 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff -iv 000102030405060708090a0b0c0d0e0f -in words.txt -out w.enc && openssl enc -d -chacha20 -K 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff -iv 000102030405060708090a0b0c0d0e0f -in w.enc | md5sum; openssl genpkey -algorithm ed25519 -out k.pem && openssl pkeyutl -sign -inkey k.pem -rawin -in main.c -out sig && openssl pkeyutl -verify -inkey k.pem -rawin -in main.c -sigfile sig; openssl genrsa -out r.pem 1024 2>/dev/null && openssl rsa -in r.pem -check -noout; rm k.pem sig r.pem`)},

	// Shells and their children
	{name: "bash-loop", quick: true, argv: sh(`s=0; for i in {1..500}; do ((s+=i*i)); done; echo $s; f() { [ $1 -lt 2 ] && echo $1 || echo $(( $(f $(($1-1))) + $(f $(($1-2))) )); }; f 5; printf '%s\n' "${BASH_VERSION%%.*}" tree/*`)},
	{name: "bash-pipes", quick: true, argv: sh(`sort words.txt | uniq -c | sort -rn | head -5; cut -d' ' -f2 words.txt | tr 0-9 a-j | wc; (exit 3) || echo failed $?; cat <(echo sub) > out; trap 'echo bye' EXIT; kill -USR1 $$ 2>/dev/null; exit 7`)},
	{name: "bash-jobs", quick: true, argv: sh(`for i in 3 1 2; do (sleep 0.0$i; echo job $i) & done; wait; (exit 4) & wait $!; echo $?; sleep 100 & kill $!; wait $!; echo $?; coproc cat; echo co >&${COPROC[1]}; read -u ${COPROC[0]} x; echo $x; x=$(exec sh -c 'echo $0 $1' a b); echo $x; timeout 1 sleep 5; echo $?; yes | head -2; echo ${PIPESTATUS[*]}; read -r a b < <(echo hello world); echo $b $a`)},
	{name: "script", quick: true, argv: sh(`printf '#!/bin/sh -e\necho $0 $*; exec ./two x\n' > one; printf '#! ./three  y\n' > two; cp /bin/echo three; chmod +x one two; ./one a b; ls -1 | xargs -n 2 echo; env -i A=1 env; nice sh -c 'echo nice'; setsid -w echo session; rm one two three`)},
	{name: "fifo", argv: sh(`mkfifo f; cat f > got & echo through a fifo > f; wait; cat got; (exec 3<>f; echo both ways >&3; read -u 3 x; echo $x); (for i in 1 2 3; do echo $i; sleep 0.01; done > f) & while read x; do echo got $x; done < f; wait; stat -c %F f; [ -p f ] && rm f`)},
	{name: "flock", needs: []string{"flock"}, argv: sh(`(flock 9; echo first; sleep 0.2; echo done) 9> lock & sleep 0.1; flock -n lock echo never || echo taken; flock lock echo second; wait; flock -s lock flock -s -n lock echo shared; flock -w 0.05 lock flock -w 0.05 lock echo no || echo timeout`)},
	{name: "make", quick: true, argv: []string{"make", "-s", "-j2", "-f", "-", "all"}, stdin: "all: a b\n\t@echo all\na:\n\t@echo making a\nb: a\n\t@echo making b | tr a-z A-Z\n"},
	{name: "proc", quick: true, argv: sh(`cat /proc/self/comm; tr '\0' ' ' < /proc/self/cmdline; echo; readlink /proc/self/exe /proc/self/fd/0 | sed 's/[0-9]\+/N/'; ls /proc/self/fd | grep -c '^[0-3]$'; grep -c rw-p /proc/self/maps > /dev/null && echo maps; grep -E '^(Name|State|TracerPid|Threads):' /proc/self/status; cut -d' ' -f2,3 /proc/self/stat; env -i A=1 B=2 cat /proc/self/environ | tr '\0' '\n'; grep -c processor /proc/cpuinfo > /dev/null && echo cpus; grep -c MemTotal /proc/meminfo; nproc > /dev/null && echo nproc; head -1 /proc/stat | cut -d' ' -f1; grep -q ' / ' /proc/self/mounts && echo root; [ -e /proc/self/root/etc ] && echo $(< /proc/sys/kernel/ostype); echo x > /dev/stderr; echo y > /dev/fd/1; exec 5<> tmp; echo z >&5; [ /dev/fd/5 -ef tmp ] && cat /proc/self/fd/5`)},

	// Interpreters
	{name: "perl", quick: true, argv: []string{"perl", "-e", `my %h; while (<STDIN>) { $h{$1} += $2 if /^(\w)\w* (\d+)/ } print "$_ $h{$_}\n" for sort keys %h; printf "%.10f %s\n", atan2(1,1)*4, join ",", map { $_**2 } 1..9;`}, stdin: "abc 12\nade 30\nb 7\n"},
	{name: "perl-sockets", argv: []string{"perl", "-MIO::Socket::INET", "-MSocket", "-e", `my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die; my $port = $l->sockport; $SIG{CHLD} = sub { print "child gone\n" }; $| = 1; if (!fork) { my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port"); print $s "hello\n"; exit 0 } my $c = $l->accept; print scalar <$c>; wait; socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC); syswrite $a, "pair\n"; print scalar <$b>; my ($u, $s, $cu, $cs) = times; print "times\n" if $u >= 0; open my $f, "+>", "lock"; print flock($f, 2) ? "locked\n" : "no\n"; print -s "words.txt", " ", join(",", sort glob "tree/*"), "\n"`}},
	{name: "python-hello", argv: []string{"python3", "-c", "import sys, math, json; print(sum(math.sqrt(i) for i in range(1000)), json.dumps({'a': [1, 2.5, None]}), 2**200, sys.byteorder)"}},
	{name: "python-subprocess", argv: []string{"/usr/bin/python3", "-c", "import subprocess, os; print(subprocess.run(['sh', '-c', 'echo hi; exit 4'], capture_output=True)); p = os.fork() or os._exit(5); print(os.waitpid(p, 0)[1]); q = subprocess.Popen(['cat'], stdin=-1, stdout=-1); print(q.communicate(b'x' * 200000)[0] == b'x' * 200000, q.returncode)"}},
	{name: "python-work", argv: []string{"python3", "work.py"}},
	{name: "python-json", argv: []string{"python3", "-m", "test", "-q", "test_json"}, changes: durations, max: 2e11},
	{name: "python-re", argv: []string{"python3", "-m", "test", "-q", "test_re"}, changes: durations, max: 2e11},
	{name: "tcl", argv: []string{"tclsh"}, stdin: "set s 0\nfor {set i 0} {$i < 1000} {incr i} {incr s $i}\nputs [list $s [clock format 0 -gmt 1] [expr {sqrt(2)}]]\n"},
	{name: "lua", argv: []string{"lua5.4", "work.lua"}},
	{name: "vim", argv: []string{"vim", "-u", "NONE", "-n", "-es", "main.c", "+%s/node/vertex/g", "+sort", "+w! out.c", "+qa!"}},

	// Interpreters that compile
	{name: "luajit", argv: []string{"luajit", "work.lua"}},
	{name: "node", argv: []string{"node", "--jitless", "-e", "console.log([3,1,2].sort().map(x => x ** 20), JSON.stringify({a: new Date(0)}))"}},
	{name: "node-work", argv: []string{"node", "work.js"}, max: 1e11},
	{name: "java", argv: []string{"java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "Hello.jar"}, build: sh(`mkdir j && javac -d j Work.java && jar cfe Hello.jar Work -C j . && rm -r j`), needs: []string{"javac", "jar"}, max: 1e12},

	// Databases and version control
	{name: "sqlite3", quick: true, argv: []string{"sqlite3", "test.db"}, stdin: `
create table t(id integer primary key, name text, v real);
with recursive c(x) as (values(1) union all select x+1 from c where x<500) insert into t select x, 'n' || (x*7919%1000), x*1.5 from c;
create index i on t(name);
select count(*), sum(v), avg(v) from t where name like 'n1%';
begin; delete from t where id%3=0; rollback;
select name, v from t order by name desc limit 3;
pragma integrity_check;
`},
	{name: "sqlite3-wal", needs: []string{"sqlite3"}, argv: sh(`sqlite3 big.db <<'SQL'
pragma journal_mode=wal;
create table t(id integer primary key, name text, v real, data blob);
create index by_name on t(name, v);
create index by_v on t(v desc);
with recursive c(x) as (values(1) union all select x+1 from c where x<6000) insert into t select x, 'n' || (x*7919%1000), (x*31337%5000)/7.0, zeroblob(x%300) from c;
begin; update t set v=v+1 where id%7=0; delete from t where id%11=0; commit;
select count(*), round(sum(v),3), max(length(data)) from t;
.system sqlite3 big.db "select 'another process', count(*) from t where name like 'n12%'; insert into t(name) values('from outside')"
select name from t order by id desc limit 1;
create table u as select name, count(*) n, avg(v) a from t group by name;
select * from u order by n desc, name limit 5;
pragma wal_checkpoint(truncate);
vacuum;
pragma integrity_check;
SQL
sqlite3 big.db .dump | sha256sum; sqlite3 -readonly big.db 'explain query plan select * from t where name=1 and v>2'; ls`)},
	{name: "git", needs: []string{"git"}, argv: sh(`export GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' GIT_CONFIG_NOSYSTEM=1 HOME=$PWD GIT_AUTHOR_NAME=n GIT_COMMITTER_NAME=n GIT_AUTHOR_EMAIL=e GIT_COMMITTER_EMAIL=e; git config --global init.defaultBranch main; git init -q repo && cd repo && git config user.name n && git config user.email e && cp -r ../tree . && git add . && git commit -qm first && git log --oneline && echo x >> tree/a.txt && git diff --stat && git status --short && git commit -qam second && git checkout -q -b side HEAD~ && seq 500 > many && git add many && git commit -qm third && git merge -q -m merged main && git log --graph --format='%h %s' && git gc -q && git fsck && git clone -q . ../clone && cd ../clone && git log -p --format=%s | sha256sum && git blame -s tree/a.txt && git grep -n alpha && git archive HEAD | sha256sum && git tag -a v1 -m one && git describe && git stash list && git rebase -q main; cd .. && rm -rf repo clone`)},

	// Compilers and what they make
	{name: "cc1", argv: sh(`gcc -O2 -S -o main.s main.c && gcc -O2 -o main main.c -lm && ./main`), max: 1e11},
	{name: "gcc-big", argv: sh(`gcc -O2 -g -ffile-prefix-map=$PWD=. -c big.c && gcc -o big big.o -lm && ./big && ar rcs lib.a big.o && ranlib lib.a && nm lib.a | wc -l && objdump -d big | md5sum && strip -s big && ./big`), needs: []string{"gcc", "ar", "strip", "objdump"}, max: 1e11},
	{name: "g++", argv: sh(`g++ -std=c++17 -O1 -pthread -o exceptions exceptions.cc && ./exceptions`), needs: []string{"g++"}, max: 2e11},
	{name: "make-project", argv: sh(`for i in a b c; do echo "int $i(void) { return $(printf %d "'$i"); }" > $i.c; done; echo 'int a(void), b(void), c(void); int main(void) { return a() + b() + c() - 256; }' > m.c; printf 'CFLAGS = -O1\nprog: m.o a.o b.o c.o\n\t$(CC) -o $@ $^\n%%.d: %%.c\n\t$(CC) -MM $< > $@\n-include a.d\nclean:\n\trm -f *.o prog *.d\n' > Makefile; make -j3 prog | sort; ./prog; echo $?; make prog; sleep 0.01; touch b.c; make prog; make clean; rm ?.c Makefile`), needs: []string{"make", "gcc"}, max: 1e11},
	{name: "go-build", argv: sh(`export GOCACHE=$PWD/cache GOFLAGS=-mod=mod GOPROXY=off GO111MODULE=off; go build -trimpath -o work work.go && go vet work.go; ./work | tail -3`), needs: []string{"go"}, ignore: regexp.MustCompile(`^cache/|^\.config`), max: 1e12},
	{name: "c-static", quick: true, build: []string{"gcc", "-O2", "-static", "-o", "main-static", "main.c", "-lm"}, argv: []string{"./main-static"}},
	{name: "c-dynamic", quick: true, build: []string{"gcc", "-O2", "-o", "main-dynamic", "main.c", "-lm"}, argv: []string{"./main-dynamic"}},
	{name: "shared-memory", quick: true, build: []string{"gcc", "-O1", "-pthread", "-o", "shared", "shared.c"}, argv: []string{"./shared"}},
	{name: "kernel", quick: true, build: []string{"gcc", "-O1", "-o", "kernel", "kernel.c"}, argv: []string{"./kernel"}},
	{name: "threads", quick: true, build: []string{"g++", "-O2", "-pthread", "-o", "threads", "threads.cc"}, argv: []string{"./threads"}},
	{name: "exceptions", build: []string{"g++", "-std=c++17", "-O1", "-pthread", "-o", "exceptions", "exceptions.cc"}, argv: []string{"./exceptions"}},
	{name: "rust", changes: regexp.MustCompile(`'main' \(\d+\)`), build: []string{"rustc", "-O", "--edition", "2021", "work.rs"}, argv: []string{"./work"}},
	{name: "go", quick: true, build: []string{"go", "build", "-o", "work", "work.go"}, argv: []string{"./work"}, changes: regexp.MustCompile(`goroutine \d+`)},

	// Tests of Go's standard library
	goTests("sort"),
	goTests("strconv"),
	goTests("encoding/json"),
	goTests("compress/flate"),
	goTests("net/http"),
	goTests("regexp"),
	goTests("sync"),
	goTests("time"),
}
