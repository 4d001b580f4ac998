package linux_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// onDay is a run of a guest that differs from others in what the runs of a program
// differ in: the time of day, and randomness.
func onDay(cfg linux.Config, day int) linux.Config {
	cfg.Now = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC).Add(time.Duration(day) * 1_000_003 * time.Microsecond)
	cfg.Seed = [32]byte{byte(day), byte(day >> 8), byte(day >> 16), 1}
	return cfg
}

// fails reports whether the machine's guest loses its race.
func fails(t *testing.T, m *linux.Machine) bool {
	t.Helper()
	switch status := toEnd(t, m); status {
	case vm.ExitStatus{}:
		return false
	case vm.ExitStatus{Signal: 6}:
		return true
	default:
		t.Fatalf("ended with %+v", status)
		return false
	}
}

func forRacers(t *testing.T, f func(t *testing.T, cfg linux.Config)) {
	for _, arch := range testdata.Arches() {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			g, ok := testdata.LookupFor(arch, "lazy_race")
			if !ok {
				t.Fatal("no such guest")
			}
			cfg := config(t, g)
			cfg.File = g.Bin()
			cfg.Stdin = nil
			f(t, cfg)
		})
	}
}

// A race that is lost about once in 10⁴ runs is lost within 100 with chaos, and then
// again whenever that run is made again or replayed.
func TestChaosProvokesARareRace(t *testing.T) {
	forRacers(t, func(t *testing.T, cfg linux.Config) {
		plain, rare := 1000, 0
		if testing.Short() {
			plain = 100
		}
		for day := range plain {
			m, err := linux.New(onDay(cfg, day))
			if err != nil {
				t.Fatal(err)
			}
			if fails(t, m) {
				rare++
			}
			m.Close()
		}
		t.Logf("%d of %d plain runs lose it", rare, plain)
		if rare > 2 {
			t.Errorf("%d of %d plain runs lose the race: too many to show anything", rare, plain)
		}

		var lost []int
		for day := range 100 {
			c := onDay(cfg, day)
			c.Chaos = linux.Chaos{On: true, Seed: uint64(day)}
			m := start(t, c)
			if fails(t, m) {
				lost = append(lost, day)
			}
		}
		t.Logf("%d of 100 with chaos", len(lost))
		if len(lost) == 0 {
			t.Fatal("no run with chaos loses the race")
		}
		c := onDay(cfg, lost[0])
		c.Chaos = linux.Chaos{On: true, Seed: uint64(lost[0])}
		failure := recordConfig(t, c, 20)
		again := recordConfig(t, c, 0)
		if again.end != failure.end || again.final != failure.final {
			t.Error("the same seed makes another run")
		}
		rnd := rand.New(rand.NewPCG(5, 5))
		for range 5 {
			failure.inChunks(t, 1+rnd.Uint64N(100), 1+rnd.Uint64N(failure.end))
			m := replayOf(t, c, failure.log)
			if r := replica(t, m); r.Run(endless, nil).Reason != vm.StopExit || r.Hash() != failure.final {
				t.Error("a replica ends otherwise")
			}
			if !fails(t, m) || m.Icount() != failure.end || m.Hash() != failure.final {
				t.Error("a replay ends otherwise")
			}
		}
	})
}

// What a correct program does is the same in any schedule, and each schedule is
// replayed as it was: in pieces, and from snapshots.
func TestGuestsDoTheSameWithChaos(t *testing.T) {
	everywhere(t, []string{"threads", "signals_more", "pthread_glibc", "contend_glibc", "sockets_glibc"}, func(t *testing.T, g testdata.Guest) {
		ends := map[uint64]bool{}
		for seed := range uint64(2) {
			var o out
			cfg := config(t, g)
			cfg.Chaos, cfg.Output = linux.Chaos{On: true, Seed: seed}, o.sink
			h := recordConfig(t, cfg, 10)
			if got := o.stdout.String(); got != g.Expect() {
				t.Fatalf("seed %d: standard output:\n%s\nwant:\n%s", seed, got, g.Expect())
			}
			ends[h.end] = true
			h.inChunks(t, 49_999)
			m := replayOf(t, cfg, h.log)
			var snaps []vm.Snapshot
			for _, p := range h.points {
				m.Run(p, nil)
				snaps = append(snaps, m.Snapshot())
			}
			for i, s := range snaps[:len(snaps)-1] {
				m.Restore(s)
				h.check(t, m, "restored")
				m.Run(h.points[i+1], nil)
				h.check(t, m, "replayed from a snapshot")
			}
		}
		if g.Name == "contend_glibc" && len(ends) < 2 {
			t.Error("two seeds make the same run: is there any chaos?")
		}
	})
}

// A thread that waits for another without giving the CPU away does not wait for
// ever, however unlucky the draw.
func TestChaosStarvesNobodyForEver(t *testing.T) {
	a := newAsm()
	a.sys(220, 0x10f00, dataBase+0x2000, 0, 0, 0) // clone
	a.label("spin")
	a.addi(t0, t0, 1)
	a.j("spin")
	path := a.elf()
	for seed := range uint64(4) {
		m := boot(t, path, func(c *linux.Config) { c.Chaos = linux.Chaos{On: true, Seed: seed} })
		for range 4 {
			one, other := m.Reg(1000, t0), m.Reg(1001, t0)
			m.Run(m.Icount()+20_000_000, nil)
			if m.Reg(1000, t0) == one || m.Reg(1001, t0) == other {
				t.Errorf("seed %d: a thread has not run in 20 million instructions before %d", seed, m.Icount())
			}
		}
	}
}
