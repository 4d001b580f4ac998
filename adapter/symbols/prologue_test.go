package symbols

import (
	"encoding/binary"
	"testing"
)

func TestFramesReadOffTheCodeAreThoseOfCallFrameInformation(t *testing.T) {
	for _, c := range []struct {
		guest  string
		wrong  int // at most, of 1000
		places int // at least
	}{{"steps", 15, 500}, {"steps_o2", 10, 300}, {"inline_o2", 10, 300}, {"hello_glibc", 10, 1000}} {
		t.Run(c.guest, func(t *testing.T) {
			p := loadGuest(t, c.guest)
			places, wrong := 0, 0
			for _, d := range p.frames.fdes {
				f := p.FuncAt(d.Low)
				if f == nil || f.Low != d.Low {
					continue
				}
				code := p.img.codeAt(d.Low)
				for off := 0; uint64(off) < d.High-d.Low; off += instLen(code[off:]) {
					_, row, err := p.frames.find(d.Low + uint64(off))
					if err != nil {
						t.Fatal(err)
					}
					s := scanRISCV(code[:off])
					size := s.size
					if row.cfaReg == regS0 && s.hasFP {
						size, s.size = -s.fp, row.cfaOff
					}
					want, saved := row.rule(1)
					off, has := s.saved[1]
					ra := saved && want.kind == ruleOffset
					if !ra && has {
						ra, want.off = true, -8 // gcc describes stores some instructions later
					}
					places++
					if size != row.cfaOff && s.sizeOK || ra != has || ra && off != want.off {
						wrong++
						t.Logf("%#x in %s: frame of %d bytes, ra saved: %t at %d; described: %d, %t at %d",
							d.Low, f.Name, size, has, off, row.cfaOff, ra, want.off)
					}
				}
			}
			if places < c.places || wrong*1000 > c.wrong*places {
				t.Errorf("%d of %d places differ", wrong, places)
			}
		})
	}
}

func instLen(code []byte) int {
	if code[0]&3 == 3 {
		return 4
	}
	return 2
}

func TestLargeFramesAndEpiloguesAreFollowed(t *testing.T) {
	asm := func(words ...uint32) []byte {
		var b []byte
		for _, w := range words {
			if w&3 == 3 {
				b = binary.LittleEndian.AppendUint32(b, w)
			} else {
				b = binary.LittleEndian.AppendUint16(b, uint16(w))
			}
		}
		return b
	}
	prologue := []uint32{
		0x1141,     // addi sp,sp,-16
		0xe406,     // sd ra,8(sp)
		0x000012b7, // lui t0,0x1
		0x0102829b, // addiw t0,t0,16: not followed
	}
	if s := scanRISCV(asm(prologue...)); s.size != 16 || s.saved[1] != -8 {
		t.Errorf("%+v", s)
	}
	large := asm(0x1141, 0xe406, 0x000012b7, 0x01028293 /* addi t0,t0,16 */, 0x40510133 /* sub sp,sp,t0 */)
	if s := scanRISCV(large); !s.sizeOK || s.size != 16+0x1010 || s.saved[1] != -8 {
		t.Errorf("%+v", s)
	}
	unknown := asm(0x1141, 0xe406, 0x40a10133 /* sub sp,sp,a0 */)
	if s := scanRISCV(unknown); s.sizeOK {
		t.Errorf("a frame of unknown size: %+v", s)
	}
	// addi sp,-16; sd ra,8(sp); beqz …; ld ra,8(sp); addi sp,16; ret; and then
	// what the branch goes to.
	early := asm(0x1141, 0xe406, 0xc911, 0x60a2, 0x0141, 0x8082)
	if s := scanRISCV(early); s.size != 16 || s.saved[1] != -8 {
		t.Errorf("behind the return: %+v", s)
	}
	if s := scanRISCV(early[:len(early)-2]); s.size != 0 || len(s.saved) != 0 {
		t.Errorf("at the return: %+v", s)
	}
}
