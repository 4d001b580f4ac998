package dap

import (
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/linux"
)

func TestTheMemoryArgumentBoundsCheckpoints(t *testing.T) {
	for text, want := range map[string]int64{
		`{"program":"p"}`:                       0, // the timeline's default
		`{"program":"p","memory":300}`:          300e6,
		`{"recording":"r","memory":4294967295}`: 4294967295e6,
	} {
		if a, err := parseLaunch([]byte(text)); err != nil || a.history(machineOptions{}).MemoryCap != want {
			t.Errorf("%s: %v, %v", text, a, err)
		}
	}
	for _, text := range []string{`{"program":"p","memory":"1G"}`, `{"program":"p","memory":-1}`, `{"program":"p","memory":1e10}`} {
		if _, err := parseLaunch([]byte(text)); err == nil || !strings.Contains(err.Error(), "memory") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTheChaosArgumentSeedsTheScheduler(t *testing.T) {
	for text, want := range map[string]linux.Chaos{
		`{"program":"p"}`:                              {},
		`{"program":"p","chaos":0}`:                    {On: true},
		`{"program":"p","chaos":18446744073709551615}`: {On: true, Seed: 1<<64 - 1},
	} {
		if a, err := parseLaunch([]byte(text)); err != nil || a.chaos() != want {
			t.Errorf("%s: %v, %v", text, a, err)
		}
	}
	for _, text := range []string{`{"program":"p","chaos":"much"}`, `{"program":"p","chaos":-1}`, `{"program":"p","chaos":true}`} {
		if _, err := parseLaunch([]byte(text)); err == nil || !strings.Contains(err.Error(), "chaos") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
