package main

import "testing"

func TestNumbersOfInstructions(t *testing.T) {
	for text, want := range map[string]uint64{
		"1": 1, "500k": 500e3, "2K": 2e3, "20M": 20e6, "3G": 3e9, "1_000": 1000, "18446744073709551615": 1<<64 - 1, "18446744073G": 18446744073e9,
	} {
		var n instructions
		if err := n.Set(text); err != nil || uint64(n) != want {
			t.Errorf("%s: %d, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "0", "0M", "-1", "1.5M", "M", "10m", "1 k", "18446744073709551616", "18446744074G", "1T", "kM", "1kM"} {
		n := instructions(7)
		if err := n.Set(text); err == nil || n != 7 {
			t.Errorf("%q: %d, %v", text, n, err)
		}
	}
}

func TestChaosSeeds(t *testing.T) {
	for text, want := range map[string]uint64{"0": 0, "7": 7, "0x10": 16, "18446744073709551615": 1<<64 - 1} {
		var c chaosFlag
		if err := c.Set(text); err != nil || !c.On || c.Seed != want || c.drawn {
			t.Errorf("%s: %+v, %v", text, c, err)
		}
	}
	for _, text := range []string{"", "x", "-1", "Random", "1.5"} {
		var c chaosFlag
		if err := c.Set(text); err == nil || c.On {
			t.Errorf("%q: %+v", text, c)
		}
	}
	drawn := map[uint64]bool{}
	for range 8 {
		var c, again chaosFlag
		if err := c.Set("random"); err != nil || !c.On || !c.drawn {
			t.Fatal(c, err)
		}
		if err := again.Set(c.String()); err != nil || again.Chaos != c.Chaos {
			t.Errorf("%s is not the seed of %+v", &c, c)
		}
		drawn[c.Seed] = true
	}
	if len(drawn) < 7 {
		t.Errorf("%d different seeds in 8", len(drawn))
	}
}
