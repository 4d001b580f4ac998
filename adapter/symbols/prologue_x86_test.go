package symbols

import (
	"encoding/binary"
	"testing"

	"golang.org/x/arch/x86/x86asm"

	guests "github.com/dap-revexec/dap-revexec/testdata"
)

func loadAMD64(t *testing.T, name string) *Program {
	t.Helper()
	g, ok := guests.LookupFor(guests.AMD64, name)
	if !ok {
		t.Fatalf("no guest %s", name)
	}
	return loadBytes(t, g.Bin(), name)
}

func TestX86FramesReadOffTheCodeAreThoseOfCallFrameInformation(t *testing.T) {
	for _, c := range []struct {
		guest  string
		wrong  int // at most, of 1000
		places int // at least
	}{{"steps", 5, 500}, {"steps_o2", 10, 300}, {"inline_o2", 10, 200}, {"hello_glibc", 50, 1000}} {
		t.Run(c.guest, func(t *testing.T) {
			p := loadAMD64(t, c.guest)
			places, wrong := 0, 0
			for _, d := range p.frames.fdes {
				f := p.FuncAt(d.Low)
				if f == nil || f.Low != d.Low || f.CU == nil && c.guest != "hello_glibc" || d.High-d.Low > 1000 {
					continue
				}
				code := p.img.codeAt(d.Low)
				for off := 0; uint64(off) < d.High-d.Low && off < len(code); {
					_, row, err := p.frames.find(d.Low + uint64(off))
					if err != nil {
						t.Fatal(err)
					}
					if row.cfaExpr == nil {
						s := scanAMD64(code[:off])
						size := s.size
						if row.cfaReg == amd64.fp && s.hasFP {
							size = -s.fp
						}
						places++
						if size != row.cfaOff && s.sizeOK {
							if wrong++; wrong < 10 {
								t.Logf("%#x in %s: frame of %d bytes; described: %d from %d", d.Low+uint64(off), f.Name, size, row.cfaOff, row.cfaReg)
							}
						}
					}
					if len(code)-off >= 4 && binary.LittleEndian.Uint32(code[off:]) == 0xfa1e0ff3 {
						off += 4
						continue
					}
					in, err := x86asm.Decode(code[off:], 64)
					if err != nil {
						break
					}
					off += in.Len
				}
			}
			if places < c.places || wrong*1000 > c.wrong*places {
				t.Errorf("%d of %d places differ", wrong, places)
			}
		})
	}
}
