package linux

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"unsafe"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/internal/wire"
)

// kernelTypes are the types whose values make up a state.
var kernelTypes = []reflect.Type{
	reflect.TypeFor[state](), reflect.TypeFor[process](), reflect.TypeFor[mm](), reflect.TypeFor[thread](), reflect.TypeFor[wait](), reflect.TypeFor[chaos](),
	reflect.TypeFor[desc](), reflect.TypeFor[pipe](), reflect.TypeFor[sock](), reflect.TypeFor[packet](), reflect.TypeFor[passed](),
	reflect.TypeFor[sockOption](), reflect.TypeFor[sockAddr](), reflect.TypeFor[epollItem](), reflect.TypeFor[dirEntry](),
	reflect.TypeFor[posixTimer](), reflect.TypeFor[interval](), reflect.TypeFor[fdSlot](), reflect.TypeFor[action](),
	reflect.TypeFor[sigInfo](), reflect.TypeFor[inlet](), reflect.TypeFor[tty](), reflect.TypeFor[termios](), reflect.TypeFor[doom](), reflect.TypeFor[vm.ExitStatus](),
}

// unhashed are the fields that a hash leaves out, and why.
var unhashed = map[string]string{
	"state.next": "settle derives it from the rest",
	"mm.exe":     "the input of the log that image.Path was read from has it",
}

// sample is a state in which everything has something in it.
func sample() *state {
	s := &state{}
	seed := 1
	fill(reflect.ValueOf(s).Elem(), &seed, 0)
	x := s.mms[0]
	x.id = 7
	p := s.procs[0]
	p.pid, p.mm = pid, x
	s.threads[0].p = p
	return s
}

// fill puts something that is not zero into v: two elements into slices, the same
// kinds of things into what it points to.
func fill(v reflect.Value, seed *int, depth int) {
	*seed++
	v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem() // unexported, too
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(*seed % 100))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*seed % 100))
	case reflect.String:
		v.SetString(fmt.Sprint("s", *seed))
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), seed, depth+1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 4)) // with room, for appends in place to show
		fill(v.Index(0), seed, depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), seed, depth+1)
		}
	case reflect.Pointer:
		if depth > 6 { // a thread's process
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), seed, depth+1)
	default:
		panic("state: a field of kind " + v.Kind().String())
	}
}

func encoded(s *state) []byte {
	c := digest()
	c.state(s)
	return c.Written()
}

// places calls f for each field below v, with a name such as "desc.flags".
func places(v reflect.Value, seen map[unsafe.Pointer]bool, f func(name string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && !seen[v.UnsafePointer()] {
			seen[v.UnsafePointer()] = true
			places(v.Elem(), seen, f)
		}
	case reflect.Slice, reflect.Array:
		if v.Len() > 0 {
			places(v.Index(0), seen, f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := reflect.NewAt(v.Type().Field(i).Type, unsafe.Pointer(v.Field(i).UnsafeAddr())).Elem()
			name := v.Type().Name() + "." + v.Type().Field(i).Name
			f(name, field)
			places(field, seen, f)
		}
	}
}

// perturb makes v another value, and returns how to undo that.
func perturb(v reflect.Value) (undo func()) {
	old := reflect.New(v.Type()).Elem()
	old.Set(v)
	undo = func() { v.Set(old) }
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(v.Uint() + 1)
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Slice:
		longer := reflect.MakeSlice(v.Type(), v.Len()+1, v.Len()+1)
		reflect.Copy(longer, v)
		longer.Index(v.Len()).Set(v.Index(0))
		v.Set(longer)
	case reflect.Array:
		at := v.Index(v.Len() - 1)
		if at.Kind() == reflect.Struct {
			at = at.Field(0)
			at = reflect.NewAt(at.Type(), unsafe.Pointer(at.UnsafeAddr())).Elem()
		}
		if at.Kind() == reflect.Array {
			at = at.Index(0)
		}
		return perturb(at)
	default: // structs and pointers: their fields come by themselves
		return nil
	}
	return undo
}

// Whatever differs between two states shows in the hash: a field that is added to
// the kernel's state has to be hashed, or listed with a reason.
func TestTheHashCoversEveryFieldOfTheState(t *testing.T) {
	s := sample()
	plain := encoded(s)
	if !bytes.Equal(plain, encoded(s)) {
		t.Fatal("two encodings of one state differ")
	}
	met := map[string]bool{}
	places(reflect.ValueOf(s), map[unsafe.Pointer]bool{}, func(name string, v reflect.Value) {
		met[name] = true
		undo := perturb(v)
		if undo == nil {
			return
		}
		same := bytes.Equal(plain, encoded(s))
		undo()
		if _, listed := unhashed[name]; same != listed {
			t.Errorf("%s: a change of it leaves the hash as it is: %v; the table of exemptions says %v", name, same, listed)
		}
	})
	for _, typ := range kernelTypes {
		for i := range typ.NumField() {
			if name := typ.Name() + "." + typ.Field(i).Name; !met[name] {
				t.Errorf("%s is not in the sample", name)
			}
		}
	}
}

// What is saved of a state is all of it: a field that is added has to be saved, too.
func TestASavedStateHasEveryField(t *testing.T) {
	s := sample()
	lib := newLibrary(&program{raw: []byte{0}})
	w := &coding{Coder: &wire.Coder{}, lib: lib}
	w.state(s)
	r := &coding{Coder: wire.Reader(w.Written()), lib: lib}
	got := &state{}
	r.state(got)
	if err := r.End(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s, got) || !bytes.Equal(encoded(s), encoded(got)) {
		want, have := fmt.Sprintf("%+v", dump(s)), fmt.Sprintf("%+v", dump(got))
		t.Errorf("read again, the state is\n%s\nnot\n%s", have, want)
	}
}

// dump lists the fields of a state that have no others below them.
func dump(s *state) (out []string) {
	places(reflect.ValueOf(s), map[unsafe.Pointer]bool{}, func(name string, v reflect.Value) {
		if v.Kind() != reflect.Pointer && v.Kind() != reflect.Struct {
			out = append(out, fmt.Sprintf("%s=%v", name, v))
		}
	})
	return out
}

// A clone shares nothing with its origin that either would write.
func TestAClonedStateSharesOnlyWhatIsImmutable(t *testing.T) {
	immutable := map[string]bool{
		"mm.image": true, "mm.env": true, "mm.exe": true, "desc.listing": true, "desc.content": true, "pipe.buf": true, "sock.bytes": true, "inlet.buf": true,
		"packet.data": true, "packet.rights": true, "passed.descs": true, "sockOption.value": true, "state.doom": true,
		"Image.Args": true, "Image.Auxv": true,
	}
	s := sample()
	c := s.clone()
	if !bytes.Equal(encoded(s), encoded(c)) {
		t.Error("a clone has another hash")
	}
	shared := map[unsafe.Pointer]string{}
	places(reflect.ValueOf(s), map[unsafe.Pointer]bool{}, func(name string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Slice, reflect.Pointer:
			if v.UnsafePointer() != nil {
				shared[v.UnsafePointer()] = name
			}
		}
	})
	places(reflect.ValueOf(c), map[unsafe.Pointer]bool{}, func(name string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Slice, reflect.Pointer:
			if _, ok := immutable[name]; !ok && shared[v.UnsafePointer()] != "" {
				t.Errorf("%s of a clone is that of its origin", name)
			}
		}
	})
}
