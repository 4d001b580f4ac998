package mem

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

const sharedPages = 4

// shareWorld is two pieces of shared memory, mapped at several places of several
// spaces, and what they should hold.
type shareWorld struct {
	g      Sharing
	spaces []*Space
	want   [2][sharedPages * PageSize]byte
}

// place is where space i has the second or first mapping of memory id.
func (w *shareWorld) place(i, id, again int) uint64 {
	return uint64(0x100+0x1000*i+0x40*id+0x10*again) << PageShift
}

func (w *shareWorld) check(t *testing.T, when string) {
	t.Helper()
	for i, s := range w.spaces {
		for id := range w.want {
			for again := range 2 {
				// The second mapping has the second half only.
				want := w.want[id][again*sharedPages/2*PageSize:]
				got := make([]byte, len(want))
				for at := 0; at < len(got); at += 8 {
					v, ok := s.Load(w.place(i, id, again)+uint64(at), 8)
					if !ok {
						t.Fatalf("%s: space %d: %+v", when, i, s.Fault)
					}
					for k := range 8 {
						got[at+k] = byte(v >> (8 * k))
					}
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("%s: space %d, memory %d, mapping %d differs", when, i, id, again)
				}
			}
		}
	}
}

func TestSharedMemoryIsOneWhoeverWritesThroughSnapshotsAndForks(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 2))
		w := &shareWorld{}
		content := make([]byte, sharedPages*PageSize-100)
		for i := range content {
			content[i] = byte(r.Uint32())
		}
		copy(w.want[1][:], content)
		file := NewContent(content)
		for i := range 3 {
			s := NewSpace()
			s.OnCode = func(_, _ uint64) {}
			w.g.Join(s)
			w.spaces = append(w.spaces, s)
			for id := range w.want {
				for again := range 2 {
					start, off := w.place(i, id, again), uint64(again*sharedPages/2*PageSize)
					v := VMA{Start: start, End: start + sharedPages*PageSize - off, Prot: Read | Write, Name: "/shared", Offset: off, Shared: uint64(id + 1)}
					if err := s.Map(v); err != nil {
						t.Fatal(err)
					}
					if id == 1 {
						if err := s.Fill(v.Start, v.End, file, off); err != nil {
							t.Fatal(err)
						}
					}
					s.Adopt(v.Start, v.End)
				}
			}
		}
		w.check(t, "at first")
		type saved struct {
			sns  []*Snapshot
			want [2][sharedPages * PageSize]byte
		}
		var states []saved
		for range 300 {
			i, id, again := r.IntN(len(w.spaces)), r.IntN(2), r.IntN(2)
			s, low := w.spaces[i], again*sharedPages/2*PageSize
			switch op := r.IntN(20); {
			case op == 0:
				st := saved{want: w.want}
				for _, s := range w.spaces {
					st.sns = append(st.sns, s.Snapshot())
				}
				states = append(states, st)
			case op == 1 && len(states) > 0:
				st := states[r.IntN(len(states))]
				for i, s := range w.spaces {
					s.Restore(st.sns[i])
				}
				w.want = st.want
			case op == 2:
				s.Fork() // the child's death; what follows must copy
			case op == 3:
				off := r.Uint64N(sharedPages * PageSize)
				w.g.Truncate(uint64(id+1), off)
				clear(w.want[id][off:])
			case op == 4:
				for _, p := range s.TakeWritten(uint64(id+1), 0, MaxAddr) {
					if !bytes.Equal(p.Data, w.want[id][p.Offset:][:len(p.Data)]) {
						t.Fatal("what was written is something else")
					}
				}
				if left := s.TakeWritten(uint64(id+1), 0, MaxAddr); len(left) > 0 {
					t.Fatalf("%d pieces are left after they were taken", len(left))
				}
			case op == 5:
				p := make([]byte, r.IntN(2*PageSize))
				for i := range p {
					p[i] = byte(r.Uint32())
				}
				off := r.IntN(len(w.want[id]))
				w.g.Put(uint64(id+1), uint64(off), p)
				copy(w.want[id][off:], p)
			default:
				size := 1 << r.IntN(4)
				off := low + r.IntN(len(w.want[id])-low-size)
				v := r.Uint64()
				if !s.Store(w.place(i, id, again)+uint64(off-low), uint64(size), v) {
					t.Fatalf("%+v", s.Fault)
				}
				for k := range size {
					w.want[id][off+k] = byte(v >> (8 * k))
				}
			}
		}
		w.check(t, "at last")
		for _, st := range states {
			for i, s := range w.spaces {
				s.Restore(st.sns[i])
			}
			w.want = st.want
			w.check(t, "restored")
		}
	}
}

func TestWritingSharedMemoryTellsOfCodeThatIsTranslatedElsewhere(t *testing.T) {
	var g Sharing
	told := map[int][]uint64{}
	const at, other = 0x10000, 0x90000
	spaces := make([]*Space, 2)
	for i := range spaces {
		s := NewSpace()
		s.OnCode = func(start, end uint64) { told[i] = append(told[i], start, end) }
		g.Join(s)
		spaces[i] = s
		if err := s.Map(VMA{Start: at + uint64(i)*(other-at), End: at + uint64(i)*(other-at) + PageSize, Prot: Read | Write | Exec, Shared: 1}); err != nil {
			t.Fatal(err)
		}
	}
	writer, runner := spaces[0], spaces[1]
	if !writer.Store(at, 8, 1) { // now a write entry is in the TLB
		t.Fatal(writer.Fault)
	}
	runner.MarkCode(other >> PageShift)
	if writer.Store(at+16, 4, 2) || writer.Fault.Kind != FaultCode {
		t.Fatalf("a store to another space's code passes: %+v", writer.Fault)
	}
	writer.AllowCodeWrite = true
	if !writer.Store(at+16, 4, 2) || len(told[0]) != 0 || len(told[1]) != 2 || told[1][0] != other+16 || told[1][1] != other+20 {
		t.Fatalf("told %v", told)
	}
	if v, ok := runner.Load(other+16, 4); !ok || v != 2 {
		t.Fatalf("it reads %d", v)
	}
}
