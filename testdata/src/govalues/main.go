// Govalues holds variables of every kind that Go has. Stop at the line marked
// "@all" to see them all alive.
package main

import (
	"errors"
	"fmt"
	"math"
	"time"
)

type colour int

const (
	red colour = iota
	green
	blue
)

func (c colour) String() string { return [...]string{"red", "green", "blue"}[c] }

type point struct{ x, y int32 }

func (p point) dist() int32    { return p.x*p.x + p.y*p.y }
func (p *point) scale(k int32) { p.x *= k; p.y *= k } //@scale

type shape interface {
	area() float64
}

type rect struct {
	point // embedded
	w, h  float64
	tags  []string
}

func (r *rect) area() float64 { return r.w * r.h } //@area

type circle float64

func (c circle) area() float64 { return math.Pi * float64(c) * float64(c) }

type list[T any] struct {
	value T
	next  *list[T]
}

func (l *list[T]) push(v T) *list[T] { return &list[T]{v, l} } //@push

var (
	globalInt    = 42
	globalString = "grüße, 世界"
	globalSlice  = []int{1, 2, 3}
	globalMap    = map[string]int{"one": 1, "two": 2}
	globalError  = errors.New("global error")
)

func adder(start int) func(int) int {
	sum := start
	return func(x int) int {
		sum += x //@closure
		return sum
	}
}

func variadic(prefix string, rest ...int) (n int, err error) {
	for _, x := range rest {
		n += x
	}
	if n == 0 {
		err = globalError
	}
	return n, err //@variadic
}

func main() {
	b, i8, u8, i16, u32 := true, int8(-128), uint8(255), int16(-300), uint32(4000000000)
	i64, u64 := int64(math.MinInt64), uint64(math.MaxUint64)
	f32, f64 := float32(1.5), -2.25
	c64, c128 := complex64(1+2i), complex(3, -4)
	r, by := 'ß', byte('A')
	ptr := uintptr(0x1234)

	s, empty := "hello\n\"Go\"", ""
	long := fmt.Sprintf("%0300d", 7)
	array := [3]int{10, 20, 30}
	grid := [2][2]string{{"a", "b"}, {"c", "d"}}
	slice := make([]int, 3, 10)
	copy(slice, array[:])
	var nilSlice []string
	part := globalSlice[1:2]
	bytes := []byte("bytes")

	m := map[string]point{"origin": {}, "unit": {1, 1}}
	ints := map[int]string{1: "one"}
	many := map[int]int{}
	for i := range 100 {
		many[i] = i * i
	}
	var nilMap map[string]bool

	p := point{3, 4}
	pp := &p
	var nilPtr *rect
	rc := &rect{point{1, 2}, 3, 4, []string{"x", "y"}}
	anon := struct {
		a int
		b string
	}{1, "anonymous"}
	col := blue
	var sh, nilShape shape = rc, nil
	var any1, any2 any = 7, circle(2)
	var err error = fmt.Errorf("wrapped: %w", globalError)
	l := (*list[string])(nil).push("first").push("second")

	add := adder(100)
	method := p.dist
	ch := make(chan int, 3)
	ch <- 1
	ch <- 2
	d := 1500 * time.Millisecond
	nan, inf := math.NaN(), math.Inf(-1)

	fmt.Println(b, i8, u8, i16, u32, i64, u64, f32, f64, c64, c128, r, by, ptr) //@all
	fmt.Println(s, empty, len(long), array, grid, slice, cap(slice), nilSlice == nil, part, bytes)
	fmt.Println(m, ints, len(many), nilMap == nil)
	fmt.Println(p, *pp, nilPtr == nil, rc.x, rc.tags, anon, col)
	fmt.Println(sh.area(), nilShape == nil, any1, any2, err)
	fmt.Println(l.value, l.next.value, l.next.next == nil)
	fmt.Println(add(1), add(2), method(), len(ch), cap(ch), d, nan, inf)
	pp.scale(2)
	fmt.Println(p.dist(), globalInt, globalString, globalSlice, globalMap["two"])
	fmt.Println(variadic("none"))
	fmt.Println(variadic("some", 1, 2, 3))
}
