package linux

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
)

// shelf is a store in memory that believes every ref.
type shelf [][vm.PageSize]byte

func (s *shelf) Put(page, _ *[vm.PageSize]byte, _ vm.PageRef) (vm.PageRef, error) {
	*s = append(*s, *page)
	return vm.PageRef(len(*s)), nil
}

func (s *shelf) Get(ref vm.PageRef, page *[vm.PageSize]byte) error {
	if ref > vm.PageRef(len(*s)) {
		return errors.New("no such page")
	}
	*page = (*s)[ref-1]
	return nil
}

// past is a history whose snapshots are tampered with.
type past struct {
	m     *Machine // sealed
	store shelf
	snaps []*snapshot
}

func pastOf(tb testing.TB, arch, name string, n uint64) *past {
	tb.Helper()
	g, ok := testdata.LookupFor(arch, name)
	if !ok {
		tb.Skip("no such guest")
	}
	exe, err := g.Extract(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	m, err := New(Config{Path: exe, Args: append([]string{filepath.Base(exe)}, g.Args...), Dir: tb.TempDir(), Stdin: strings.NewReader(g.Stdin),
		Now: time.Unix(1e9, 0), Seed: [32]byte{1}})
	if err != nil {
		tb.Fatal(err)
	}
	defer m.Close()
	if s := m.Run(1<<30, nil); s.Reason != vm.StopExit {
		tb.Fatal(s)
	}
	p := &past{}
	end := m.Icount()
	if p.m, err = Reopen(Describe(m), m.log, zerolog.Nop()); err != nil {
		tb.Fatal(err)
	}
	for i := range n {
		p.m.Run(end*(i+1)/(n+1), nil)
		p.snaps = append(p.snaps, p.m.Snapshot().(*snapshot))
	}
	return p
}

// exercise loads what may be a snapshot and does with it what a debugger does. Whatever
// comes out, it comes out.
func (p *past) exercise(tb testing.TB, saved []byte) (loaded bool) {
	tb.Helper()
	m := p.m
	sn, err := m.Load(saved, nil, &p.store)
	if err != nil {
		return false
	}
	m.Restore(sn)
	m.Hash()
	m.Image()
	for _, t := range m.Threads() {
		for r := range m.arch.desc.Regs {
			m.Reg(t.ID, r)
			m.RegBytes(t.ID, r)
		}
	}
	buf := make([]byte, 3*vm.PageSize)
	for _, v := range m.Mappings() {
		m.ReadMemory(v.End-100, buf[:200])
		m.ReadMemory(v.Start, buf)
	}
	watchdog := time.AfterFunc(20*time.Second, func() { tb.Error("a Run does not end"); m.Interrupt() })
	defer watchdog.Stop()
	for range 4 {
		s := m.Run(m.Icount()+3000, &vm.Stops{Signals: true, Maps: true, Switches: true})
		if s.Reason == vm.StopError {
			if strings.Contains(s.Err.Error(), "internal error") {
				tb.Fatal(s.Err)
			}
			m.Restore(m.origin)
			return true
		}
		again := m.Snapshot()
		if _, err := again.Save(sn, &p.store); err != nil && !strings.Contains(err.Error(), "no such page") {
			tb.Fatal(err)
		}
		m.Restore(again)
	}
	return true
}

// leaves lists the settable values below v that hold no others, and slices, by the
// names of their fields, such as "thread.pc".
func leaves(v reflect.Value) (names []string, byName map[string][]reflect.Value) {
	byName = map[string][]reflect.Value{}
	seen := map[unsafe.Pointer]bool{}
	var visit func(name string, v reflect.Value)
	add := func(name string, v reflect.Value) {
		if byName[name] == nil {
			names = append(names, name)
		}
		byName[name] = append(byName[name], v)
	}
	visit = func(name string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() && !seen[v.UnsafePointer()] {
				seen[v.UnsafePointer()] = true
				visit(name, v.Elem())
			}
		case reflect.Slice, reflect.Array:
			if v.Kind() == reflect.Slice {
				add(name+"[]", v)
			}
			if v.Type().Elem().Kind() == reflect.Uint8 {
				return
			}
			for i := range v.Len() {
				visit(name, v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				f := v.Type().Field(i)
				visit(v.Type().Name()+"."+f.Name, reflect.NewAt(f.Type, unsafe.Pointer(v.Field(i).UnsafeAddr())).Elem())
			}
		default:
			add(name, v)
		}
	}
	visit("state", v)
	return names, byName
}

// tamper gives one of the values another one that somebody might think of.
func tamper(rnd *rand.Rand, v reflect.Value) {
	numbers := []int64{0, 1, -1, 2, 3, 5, 7, 17, 64, 65, 255, 1000, 1001, 1 << 12, 1 << 31, 1 << 47, math.MaxInt64, math.MinInt64, rnd.Int64()}
	n := numbers[rnd.IntN(len(numbers))]
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if rnd.IntN(2) == 0 {
			n = v.Int() + int64(rnd.IntN(5)) - 2
		}
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if rnd.IntN(2) == 0 {
			n = int64(v.Uint()) + int64(rnd.IntN(5)) - 2
		}
		v.SetUint(uint64(n))
	case reflect.String:
		v.SetString([]string{"", "/", "/proc/self/exe", "/dev/null", "x"}[rnd.IntN(5)])
	case reflect.Slice:
		out := reflect.MakeSlice(v.Type(), 0, v.Len()+1)
		switch rnd.IntN(3) {
		case 0: // empty
		case 1: // cut
			out = reflect.AppendSlice(out, v.Slice(0, v.Len()/2))
		default: // one twice
			out = reflect.AppendSlice(out, v)
			if v.Len() > 0 {
				out = reflect.Append(out, v.Index(rnd.IntN(v.Len())))
			}
		}
		v.Set(out)
	}
}

// Whatever a state is changed to, it is refused or it is one that the kernel can live
// with.
func TestTamperedStatesDoNoHarm(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 30
	}
	for _, arch := range testdata.Arches() {
		for _, name := range []string{"forks", "threads", "signals_more", "sockets_glibc", "programs", "files"} {
			t.Run(arch+"/"+name, func(t *testing.T) {
				p := pastOf(t, arch, name, 12)
				rnd := rand.New(rand.NewPCG(5, 6))
				believed := 0
				for i := range rounds {
					s := *p.snaps[rnd.IntN(len(p.snaps))]
					s.st = s.st.clone()
					for _, x := range s.st.mms { // immutable ones are not cloned
						image := *x.image
						x.image = &image
					}
					names, values := leaves(reflect.ValueOf(s.st))
					for range 1 + rnd.IntN(2) {
						of := values[names[rnd.IntN(len(names))]]
						tamper(rnd, of[rnd.IntN(len(of))])
					}
					if len(s.st.mms) != len(s.mems) {
						continue
					}
					saved, err := s.Save(nil, &p.store)
					if err != nil {
						t.Fatal(err)
					}
					if p.exercise(t, saved) {
						believed++
					}
					if t.Failed() {
						t.Fatalf("round %d", i)
					}
				}
				if believed == 0 {
					t.Error("nothing is believed")
				}
				t.Logf("%d of %d are believed", believed, rounds)
			})
		}
	}
}

// A snapshot is saved while the machine goes back to it and other machines have it: it
// is not written to. The race detector sees it.
func TestASnapshotIsReadOnlyWhileItIsSaved(t *testing.T) {
	for _, name := range []string{"forks", "threads", "signals"} {
		p := pastOf(t, testdata.AMD64, name, 5)
		for _, s := range p.snaps {
			var saving sync.WaitGroup
			saving.Go(func() {
				if _, err := s.Save(nil, &p.store); err != nil {
					t.Error(err)
				}
			})
			p.m.Restore(s)
			if s.Overhead() <= 0 || p.m.Hash() == (vm.Hash{}) {
				t.Error("the snapshot is empty")
			}
			p.m.Run(s.icount+1000, nil)
			saving.Wait()
		}
	}
}

// Damaged bytes are refused, or make a snapshot that does no harm.
func FuzzLoad(f *testing.F) {
	p := pastOf(f, testdata.AMD64, "forks", 10)
	var seeds [][]byte
	for _, s := range p.snaps {
		saved, err := s.Save(nil, &p.store)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, saved)
		f.Add(saved)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		d := bytes.Clone(seeds[rnd.IntN(len(seeds))])
		for range 1 + rnd.IntN(3) {
			d[rnd.IntN(len(d))] ^= 1 << rnd.IntN(8)
		}
		f.Add(d)
	}
	f.Fuzz(func(t *testing.T, saved []byte) { p.exercise(t, saved) })
}

// However short the bytes are, nothing is made of a part.
func TestPartsOfSavedSnapshotsAreRefused(t *testing.T) {
	p := pastOf(t, testdata.RISCV64, "threads", 3)
	saved, err := p.snaps[1].Save(nil, &p.store)
	if err != nil {
		t.Fatal(err)
	}
	for n := range saved {
		if _, err := p.m.Load(saved[:n], nil, &p.store); err == nil {
			t.Fatalf("%d bytes of %d are enough", n, len(saved))
		}
	}
	if _, err := p.m.Load(append(bytes.Clone(saved), 0), nil, &p.store); err == nil {
		t.Error("a byte too many is accepted")
	}
	saved[0]++
	if _, err := p.m.Load(saved, nil, &p.store); err == nil || !strings.Contains(err.Error(), fmt.Sprint("version ", savedVersion)) {
		t.Errorf("another version: %v", err)
	}
}
