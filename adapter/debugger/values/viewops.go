package values

import (
	"errors"
	"fmt"
)

// What operators of an expression do with values that have a view.

// seenThrough is what a transparent view shows, or the value itself.
func (v *Value) seenThrough() *Value {
	for range maxLevels {
		w := v.view()
		if w == nil || w.err != nil || !w.transparent {
			break
		}
		v = w.target
	}
	return v
}

// index is the element i of a container or text.
func (w *view) index(i int64) (*Value, error) {
	if w.seq != nil {
		if w.seq.at == nil {
			return nil, errors.New("an index must be a key here")
		}
		if i < 0 || i >= w.seq.n {
			return nil, fmt.Errorf("index %d is out of range: the size is %d", i, w.seq.n)
		}
		return w.seq.at(i)
	}
	if w.array != nil {
		return w.array.index(i, false)
	}
	t := w.str
	if i < 0 || i > t.n { // the zero behind the text, too
		return nil, fmt.Errorf("index %d is out of range: the length is %d", i, t.n)
	}
	return t.src.elem(t.char(), t.addr+uint64(i)*uint64(t.width)), nil
}

// throughView finds a member of what a smart pointer points to; nil if there is
// none.
func (v *Value) throughView(name string) *Value {
	w := v.view()
	if w == nil || w.err != nil || w.target == nil && w.payload == nil {
		return nil
	}
	if !v.c.enter() {
		return nil
	}
	defer v.c.leave()
	if w.payload != nil {
		return w.payload.findMember(strip(w.payload.typ), 0, name, 0)
	}
	m, err := w.target.member(name)
	if err != nil {
		return nil
	}
	return m
}

// isCondition reports whether a class can stand where a condition is needed, as
// smart pointers and std::optional do.
func (v *Value) isCondition() bool {
	w := v.view()
	return !isStruct(strip(v.typ)) || w != nil && w.err == nil && w.str == nil && w.seq == nil
}

// truth is whether there is something in it.
func (w *view) truth() (bool, error) {
	switch {
	case w.err != nil:
		return false, w.err
	case w.transparent && w.of.c.enter():
		defer w.of.c.leave()
		return w.target.Truth()
	case w.str != nil:
		return w.str.n != 0, nil
	case w.seq != nil:
		return w.seq.n != 0, nil
	}
	return w.target != nil || w.holds, nil
}
