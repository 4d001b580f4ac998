// Values of Go's standard library, for golibrary_test.go. The markers are where it stops.
package main

import (
	"bytes"
	"container/list"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type shape interface{ area() float64 }
type square struct{ side float64 }

func (s square) area() float64 { return s.side * s.side }

type myErr struct{ code int }

func (e *myErr) Error() string { return fmt.Sprint("code ", e.code) }

type month int

const (
	jan month = iota + 1
	feb
)

type pair[K comparable, V any] struct {
	k K
	v V
}

func (p *pair[K, V]) get() V { return p.v }

func main() {
	d := 1500 * time.Millisecond
	at := time.Date(2024, 3, 1, 12, 30, 0, 5000, time.UTC)
	now := time.Unix(1e9, 7)
	var zero time.Time
	err := errors.New("plain")
	var err2 error = &myErr{7}
	wrapped := fmt.Errorf("wrap: %w", err2)
	var noErr error
	var s shape = square{2}
	m := month(2)
	p := pair[string, int]{"a", 1}
	var b strings.Builder
	b.WriteString("built")
	buf := bytes.NewBufferString("buffer")
	l := list.New()
	l.PushBack(1)
	l.PushBack("two")
	var mu sync.Mutex
	mu.Lock()
	var n atomic.Int64
	n.Store(5)
	big1 := new(big.Int).Lsh(big.NewInt(1), 100)
	escaped := 42
	ptr := &escaped
	captured := 10
	f := func(x int) int {
		captured += x
		return captured + escaped //@closure
	}
	table := map[string]shape{"sq": s}
	ch := make(chan int, 3)
	ch <- 1
	var a any = at
	var sm sync.Map
	sm.Store("k", 1)
	fmt.Fprintln(os.Stderr, d, at, now, zero, err, wrapped, noErr, s, m, p.get(), b.String(), buf, l.Len(), n.Load(), big1, *ptr, f(1), table, len(ch), a) //@main
	mu.Unlock()
}
