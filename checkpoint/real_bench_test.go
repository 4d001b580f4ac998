package checkpoint_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	recordings "github.com/dap-revexec/dap-revexec/checkpoint/recording"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// realProgram is a program of the host's at work that would take several 10⁹
// instructions.
type realProgram struct {
	name  string
	argv  []string // argv[0] is looked for in the host's directories of programs
	stdin string
}

// realPrograms are interpreters, a database and a compiler. The compiler's source is
// big.c in the working directory.
var realPrograms = []realProgram{
	{name: "python", argv: []string{"python3", "-c", `
import json, collections
orders = [{"id": i, "name": "n%d" % (i * 7919 % 1000), "lines": [(j, j * 1.5) for j in range(i % 7)]} for i in range(2000)]
for turn in range(1000):
    text = json.dumps(orders)
    back = json.loads(text)
    by = collections.defaultdict(list)
    for o in back:
        by[o["name"]].append(sum(p for _, p in o["lines"]))
    best = sorted(by.items(), key=lambda kv: (-sum(kv[1]), kv[0]))[:10]
    orders[turn % 2000]["name"] = best[0][0] + "x"
`}},
	{name: "perl", argv: []string{"perl", "-e", `
my ($x, %count, @log) = (1);
for my $turn (1 .. 1000) {
	for (1 .. 3000) {
		$x = ($x * 1664525 + 1013904223) % 4294967296;
		push @log, sprintf "%s=%d user%03d GET /p/%x", "t", $x % 1000, $x % 397, $x >> 12;
	}
	for (@log) { $count{$1}{$2}++ if m{(user\d+) GET /p/(\w)} }
	@log = sort { $a cmp $b } @log;
	splice @log, 2000;
}
`}},
	{name: "sqlite", argv: []string{"sqlite3", ":memory:"}, stdin: `
create table t(id integer primary key, name text, v real);
create index i on t(name, v);
with recursive c(x) as (values(1) union all select x+1 from c where x<20000) insert into t select x, 'n' || (x*7919%1000), x*1.5 from c;
` + strings.Repeat(`
update t set v=v+1 where id%7=0;
create temp table u as select name, count(*) n, avg(v) a from t group by name;
select sum(n), max(a) from u;
drop table u;
delete from t where id%11=0;
insert into t(name, v) select name || 'x', v*2 from t where id%10=1;
`, 200)},
	{name: "awk", argv: []string{"awk", `BEGIN {
	x = 1
	for (turn = 0; turn < 100000; turn++) {
		line = ""
		for (i = 0; i < 40; i++) {
			x = (x * 16807) % 2147483647
			line = line " " substr("abcdefghijklmnopqrstuvwxyz", x % 20 + 1, x % 5 + 1) x % 97
		}
		n = split(line, w, " ")
		for (i = 1; i <= n; i++) { gsub(/[0-9]+/, "<&>", w[i]); seen[w[i]]++ }
		if (turn % 500 == 0) print turn, n, length(line)
	}
}`}},
	{name: "cc", argv: []string{"cc1", "-quiet", "-O2", "-o", "/dev/null", "big.c"}},
}

// find is where a program is; it skips when it is not there, and fails in CI.
func (p *realProgram) find(b *testing.B) string {
	b.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		b.Skip("the programs of an x86-64 Linux host are needed")
	}
	for _, dir := range []string{"/usr/bin", "/bin"} { // not what a version manager puts in front
		if path, err := exec.LookPath(filepath.Join(dir, p.argv[0])); err == nil {
			return path
		}
	}
	if out, err := exec.Command("gcc", "-print-prog-name="+p.argv[0]).Output(); err == nil {
		if path := strings.TrimSpace(string(out)); filepath.IsAbs(path) {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		b.Fatalf("there is no %s", p.argv[0])
	}
	b.Skipf("there is no %s", p.argv[0])
	return ""
}

func (p *realProgram) machine(b *testing.B, path, dir string) *linux.Machine {
	b.Helper()
	var big strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&big, "int f%d(int *a, int n) { int s = %d; for (int i = 0; i < n; i++) { a[i] += s * (a[n - i] ^ %d); s += a[i] / (i + 1); if (s & %d) s = s * 31 + a[s & 7]; } return s; }\n",
			i, i, i*31+7, 1<<(i%11))
	}
	if err := os.WriteFile(filepath.Join(dir, "big.c"), []byte(big.String()), 0o644); err != nil {
		b.Fatal(err)
	}
	m, err := linux.New(linux.Config{Path: path, Args: p.argv, Dir: dir, Stdin: strings.NewReader(p.stdin),
		Env: []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "PYTHONHASHSEED=1", "PERL_HASH_SEED=1"}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.Close)
	return m
}

// realCost is what the history of a program has cost. Times are over those of
// executing without one.
type realCost struct {
	time, median float64 // see BenchmarkRecording
	hot          float64 // MB of checkpoints and log for 10⁹ instructions, beside the guest's own memory
	recorded     float64 // time while it is recorded to a file, with littleMemory
	held         float64 // MB then, as hot
	file         float64 // MB for 10⁹ instructions,
	pages        float64 // of it pages
	checkpoints  float64 // and checkpoints
	thinned      float64 // checkpoints given up then
	cold         float64 // checkpoints that are not in memory at the end
	open         float64 // milliseconds until the recording can be asked
	seek, far    float64 // and to go to places in it: the median, and the longest
}

// littleMemory is how much memory histories ought to do with for 10⁹ instructions.
const littleMemory = 60e6

// BenchmarkRecordingReal measures what keeping the history of real programs costs,
// as BenchmarkRecording does: with the default settings, and recorded to a file with
// little memory, without the programs' files; and what it takes to open that file and
// to go to places in it. The programs execute 10⁹ instructions; with -short a tenth of
// that. The last line has the medians.
func BenchmarkRecordingReal(b *testing.B) {
	total := uint64(1e9)
	if testing.Short() {
		total /= 10
	}
	var all []realCost
	for _, p := range realPrograms {
		b.Run(p.name, func(b *testing.B) {
			path := p.find(b)
			for range b.N {
				all = append(all, p.measure(b, path, total))
			}
			all[len(all)-1].report(b)
		})
	}
	b.Run("median", func(b *testing.B) {
		if len(all) == 0 {
			b.Skip("nothing has been measured")
		}
		var m realCost
		for i, to := range m.metrics() {
			var values []float64
			for _, c := range all {
				values = append(values, *c.metrics()[i].value)
			}
			slices.Sort(values)
			*to.value = values[len(values)/2]
		}
		m.report(b)
	})
}

type realMetric struct {
	unit  string
	value *float64
}

func (c *realCost) metrics() []realMetric {
	return []realMetric{{"x-plain", &c.time}, {"x-median", &c.median}, {"MB/Ginstr", &c.hot},
		{"x-recorded", &c.recorded}, {"MB-recorded", &c.held}, {"file-MB/Ginstr", &c.file},
		{"pages-MB/Ginstr", &c.pages}, {"checkpoints-MB/Ginstr", &c.checkpoints}, {"thinned", &c.thinned}, {"cold", &c.cold},
		{"open-ms", &c.open}, {"seek-ms", &c.seek}, {"seek-max-ms", &c.far}}
}

func (c *realCost) report(b *testing.B) {
	for _, m := range c.metrics() {
		b.ReportMetric(*m.value, m.unit)
	}
}

func (p *realProgram) measure(b *testing.B, path string, total uint64) realCost {
	const turn = 10_000_000
	const plain, usual, recorded = 0, 1, 2
	configs := []checkpoint.Config{plain: {Disabled: true}, usual: {}, recorded: {MemoryCap: littleMemory}}
	b.Setenv("XDG_CACHE_HOME", b.TempDir())
	lines := make([]*checkpoint.Timeline, len(configs))
	for i, cfg := range configs {
		lines[i] = checkpoint.New(p.machine(b, path, b.TempDir()), cfg)
		defer lines[i].Close()
	}
	file := filepath.Join(b.TempDir(), "recording")
	recorder, err := recordings.Record(lines[recorded], recordings.Options{
		Path:    file,
		Machine: linux.Describe(lines[recorded].Machine().(*linux.Machine)),
		Keep:    linux.InputsToKeep,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer recorder.Close() // when this fails
	began := recorder.Size()
	took := make([]time.Duration, len(lines))
	var ratios []float64
	for n := uint64(1); n <= total/turn; n++ {
		d := make([]time.Duration, len(lines))
		for k := range lines {
			i := (k + int(n)) % len(lines) // none is always the first
			start := time.Now()
			s := lines[i].Forward(context.Background(), n*turn, nil)
			d[i] = time.Since(start)
			took[i] += d[i]
			if s.Reason != vm.StopLimit {
				b.Fatalf("%v at icount %d %v", s.Reason, s.Icount, s.Err)
			}
		}
		ratios = append(ratios, d[usual].Seconds()/d[plain].Seconds())
	}
	slices.Sort(ratios)
	if err := recorder.Flush(); err != nil {
		b.Fatal(err)
	}
	held := func(st checkpoint.Stats) float64 {
		return float64(st.Bytes-st.GuestBytes+st.SavedBytes+int64(st.LogBytes)) / 1e6
	}
	ginstr := float64(total) / 1e9
	st := lines[recorded].Stats()
	cost := realCost{
		time:     took[usual].Seconds() / took[plain].Seconds(),
		median:   ratios[len(ratios)/2],
		hot:      held(lines[usual].Stats()) / ginstr,
		recorded: took[recorded].Seconds() / took[plain].Seconds(),
		held:     held(st),
		file:     float64(recorder.Size()-began) / 1e6 / ginstr,
		thinned:  float64(st.Thinned),
		cold:     float64(st.Cold),
	}
	if err := recorder.Close(); err != nil {
		b.Fatal(err)
	}
	cost.reopen(b, file, total)
	return cost
}

// reopen measures what a recording takes where it is opened.
func (c *realCost) reopen(b *testing.B, file string, total uint64) {
	start := time.Now()
	r, err := recordings.Open(file)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	m, err := linux.Reopen(r.Machine(), r.Log(), zerolog.Nop())
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	tl, err := r.Timeline(m, checkpoint.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer tl.Close()
	c.open = 1e3 * time.Since(start).Seconds()
	rnd := rand.New(rand.NewPCG(1, 1))
	var seeks []float64
	for range 20 {
		start := time.Now()
		if err := tl.Seek(context.Background(), rnd.Uint64N(total)); err != nil {
			b.Fatal(err)
		}
		seeks = append(seeks, 1e3*time.Since(start).Seconds())
	}
	slices.Sort(seeks)
	c.seek, c.far = seeks[len(seeks)/2], seeks[len(seeks)-1]
	ginstr := float64(total) / 1e9
	c.pages, c.checkpoints = float64(r.Info().PageBytes)/1e6/ginstr, float64(r.Info().CheckpointBytes)/1e6/ginstr
}
