package debugger

import (
	"path"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

func TestAWriterThatIsRememberedIsTheOneThatUnwindingFinds(t *testing.T) {
	for _, name := range []string{"steps", "threads", "hello_glibc"} {
		g, _ := testdata.Lookup(name)
		user := func(file string) bool { return path.Base(file) == path.Base(g.Source) }
		each(t, name, func(t *testing.T, d *Debugger) {
			writes, known := 0, 0
			d.m.(*linux.Machine).Echo(func(int, uint64, []byte) {
				writes++
				got, ok := d.Writer(user)
				fresh := *d
				fresh.writers = writers{}
				if want, found := fresh.Writer(user); got != want || ok != found {
					t.Errorf("%+v (%v), unwinding finds %+v (%v)", got, ok, want, found)
				}
				// As the frames for display tell it.
				d.Moved()
				frames, _ := d.Frames(d.m.CurrentThread())
				i := slices.IndexFunc(frames, func(f Frame) bool { return user(f.File) && !f.Subtle })
				if ok != (i >= 0) || ok && (frames[i].Line != got.Line || frames[i].File != got.File) {
					t.Errorf("%+v (%v), frame %d of %+v", got, ok, i, frames)
				}
				d.Moved()
				if ok {
					known++
				}
			})
			if ev := d.do(t, Continue, false); ev.Reason != ReasonEnd {
				t.Fatalf("%+v", ev)
			}
			if writes == 0 || known == 0 || d.writers.count > writes {
				t.Errorf("%d writes, %d of a known line, %d unwindings are remembered", writes, known, d.writers.count)
			}
		})
	}
}
