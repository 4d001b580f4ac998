package wire

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

type shape struct {
	a     int8
	b     uint16
	c     int64
	d     uint64
	ok    bool
	text  string
	bytes []byte
	list  []int
	fixed [3]byte
	maybe *int
	none  *int
}

func (s *shape) code(c *Coder) {
	Num(c, &s.a)
	Num(c, &s.b)
	Num(c, &s.c)
	c.Uints(&s.d)
	c.Bool(&s.ok)
	c.String(&s.text)
	c.Bytes(&s.bytes)
	List(c, &s.list, 10, func(v *int) { Num(c, v) })
	c.Fixed(s.fixed[:])
	s.maybe = Optional(c, s.maybe, func(v *int) { Num(c, v) })
	s.none = Optional(c, s.none, func(v *int) { Num(c, v) })
}

func full() shape {
	n := -7
	return shape{a: math.MinInt8, b: math.MaxUint16, c: math.MinInt64, d: math.MaxUint64, ok: true, text: "héllo", bytes: []byte{0, 255},
		list: []int{math.MaxInt64, 0, -1}, fixed: [3]byte{1, 2, 3}, maybe: &n}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, s := range []shape{{}, full()} {
		var w Coder
		s.code(&w)
		var got shape
		r := Reader(w.Written())
		got.code(r)
		if err := r.End(); err != nil || !reflect.DeepEqual(s, got) {
			t.Errorf("%+v comes back as %+v: %v", s, got, err)
		}
	}
}

func TestPartsAndMoreAreErrors(t *testing.T) {
	s := full()
	var w Coder
	s.code(&w)
	for n := range w.Written() {
		var got shape
		r := Reader(w.Written()[:n])
		if got.code(r); r.End() == nil {
			t.Errorf("%d of %d bytes are enough", n, len(w.Written()))
		}
	}
	var got shape
	r := Reader(append(w.Written(), 0))
	if got.code(r); r.End() == nil {
		t.Error("a byte too many is not noticed")
	}
}

func TestWhatDoesNotFitIsAnError(t *testing.T) {
	var w Coder
	w.Put(1 << 40)
	for what, read := range map[string]func(c *Coder){
		"a uint8":       func(c *Coder) { var v uint8; Num(c, &v) },
		"an int32":      func(c *Coder) { var v int32; Num(c, &v) },
		"a truth value": func(c *Coder) { var v bool; c.Bool(&v) },
		"bytes":         func(c *Coder) { var v []byte; c.Bytes(&v) },
		"a list":        func(c *Coder) { var v []int; List(c, &v, math.MaxInt, func(*int) {}) },
	} {
		r := Reader(w.Written())
		read(r)
		if r.Err() == nil || r.Left() != 0 {
			t.Errorf("%s of 2^40: %v, %d bytes left", what, r.Err(), r.Left())
		}
	}
}

// The first error stays, and nothing is read after it.
func TestAfterAnErrorAllIsZero(t *testing.T) {
	r := Reader([]byte{1, 2, 3})
	r.Fail("first")
	r.Fail("second")
	if v := r.Get(); v != 0 || r.Err() == nil || !strings.Contains(r.Err().Error(), "first") {
		t.Errorf("%d, %v", v, r.Err())
	}
}

func TestAListIsNoLongerThanItMayBe(t *testing.T) {
	list := make([]int, 11)
	var w Coder
	List(&w, &list, 10, func(v *int) { Num(&w, v) })
	r := Reader(w.Written())
	if List(r, &list, 10, func(v *int) { Num(r, v) }); r.Err() == nil || list != nil {
		t.Errorf("11 elements where 10 may be: %v, %v", list, r.Err())
	}
}
