package linux_test

import "testing"

func TestOutputIsGivenOutOnceAndEchoedEachTime(t *testing.T) {
	for _, name := range []string{"steps", "threads"} {
		g := lookup(t, name)
		var live out
		cfg := config(t, g)
		cfg.Output = live.sink
		m := start(t, cfg)
		begin := m.Snapshot()
		toEnd(t, m)
		var echo out
		m.Echo(echo.sink)
		m.Restore(begin)
		toEnd(t, m)
		m.Echo(nil)
		m.Restore(begin)
		toEnd(t, m)
		if live.stdout.String() != echo.stdout.String() || live.stdout.Len() == 0 {
			t.Errorf("%s: output %q, echoed %q", name, &live.stdout, &echo.stdout)
		}
	}
}
