package linux

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Whatever the inputs of a history say, a machine that replays it comes to an end of
// some kind: the guest's, the log's, or an error that tells of what does not fit.
func TestTamperedInputsDoNoHarm(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 30
	}
	for _, arch := range testdata.Arches() {
		for _, name := range []string{"files", "programs", "stdin", "hello_glibc"} {
			t.Run(arch+"/"+name, func(t *testing.T) {
				p := pastOf(t, arch, name, 0)
				description := Describe(p.m)
				rnd := rand.New(rand.NewPCG(8, 9))
				for i := range rounds {
					log := &vm.Log{}
					victim := rnd.IntN(p.m.log.Len())
					for j := range p.m.log.Len() {
						in := *p.m.log.At(j)
						in.Aux, in.Writes = slices.Clone(in.Aux), slices.Clone(in.Writes)
						if j == victim {
							at := in.Icount
							names, values := leaves(reflect.ValueOf(&in))
							for range 1 + rnd.IntN(2) {
								of := values[names[rnd.IntN(len(names))]]
								tamper(rnd, of[rnd.IntN(len(of))])
							}
							in.Icount = at // those of a log are in order
						}
						log.Append(&in)
					}
					log.Reached(p.m.log.Frontier())
					m, err := Reopen(description, log, zerolog.Nop())
					if err != nil {
						continue
					}
					watchdog := time.AfterFunc(20*time.Second, func() { t.Error("a Run does not end"); m.Interrupt() })
					s := m.Run(m.Icount()+1<<22, nil)
					watchdog.Stop()
					if s.Reason == vm.StopError && strings.Contains(s.Err.Error(), "internal error") || t.Failed() {
						t.Fatalf("round %d, input %+v: %v", i, log.At(victim), s.Err)
					}
				}
			})
		}
	}
}
