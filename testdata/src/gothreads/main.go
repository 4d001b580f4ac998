// Gothreads exercises the Go runtime: goroutines over several threads, channels,
// a mutex, select with time-outs, sleeping, timers, garbage collection under
// load, panic and recover, and a deep stack that has to grow. Its output is the
// same whatever the order that goroutines run in.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// pipeline squares numbers in four workers and sums them up.
func pipeline(n int) int {
	in, out := make(chan int), make(chan int, 8)
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for x := range in {
				out <- x * x //@square
			}
		}()
	}
	go func() {
		for i := range n {
			in <- i
		}
		close(in)
		wg.Wait()
		close(out)
	}()
	sum := 0
	for x := range out {
		sum += x //@sum
	}
	return sum
}

func locked() (int, int64) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var total int
	var atomically atomic.Int64
	for id := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 100 {
				mu.Lock()
				total += id //@locked
				mu.Unlock()
				atomically.Add(1)
				runtime.Gosched()
			}
		}()
	}
	wg.Wait()
	return total, atomically.Load()
}

// timeouts selects between a channel that stays silent and the clock.
func timeouts() (string, error) {
	silent := make(chan int)
	result := ""
	select {
	case <-silent:
		result = "?"
	case <-time.After(2 * time.Millisecond): //@after
		result = "timed out"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	return result, ctx.Err()
}

// sleepSort returns its arguments in the order that sleepers wake up in.
func sleepSort(v ...int) []int {
	out := make(chan int)
	for _, x := range v {
		go func() {
			time.Sleep(time.Duration(x) * 200 * time.Millisecond) //@sleep
			out <- x
		}()
	}
	var sorted []int
	for range v {
		sorted = append(sorted, <-out)
	}
	return sorted
}

type tree struct {
	left, right *tree
	payload     [4]int
}

func grow(depth int) *tree {
	if depth == 0 {
		return &tree{payload: [4]int{1}}
	}
	return &tree{left: grow(depth - 1), right: grow(depth - 1)} //@grow
}

func (t *tree) sum() int {
	if t == nil {
		return 0
	}
	return t.payload[0] + t.left.sum() + t.right.sum()
}

// garbage makes more of it than the initial heap holds, in two goroutines.
func garbage() (sum int, collected bool) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sums := make(chan int)
	for range 2 {
		go func() {
			s := 0
			for range 8 {
				s += grow(10).sum()
			}
			sums <- s
		}()
	}
	sum = <-sums + <-sums
	runtime.GC() //@gc
	runtime.ReadMemStats(&after)
	return sum, after.NumGC > before.NumGC
}

func failing(i int) (err error) {
	defer func() {
		if r := recover(); r != nil { //@recover
			err = fmt.Errorf("recovered: %v", r)
		}
	}()
	var v []int
	var p *tree
	switch i {
	case 0:
		return fmt.Errorf("element %d", v[i]) //@bounds
	case 1:
		return fmt.Errorf("payload %d", p.payload[1]) //@nil: a SIGSEGV that the runtime turns into a panic
	case 2:
		return fmt.Errorf("quotient %d", 1/len(v)) //@divide
	}
	panic("own words") //@panic
}

func deep(n int) int {
	var pad [16]int
	pad[n%16] = n
	if n == 0 {
		return 0
	}
	return deep(n-1) + pad[n%16]/n //@deep
}

func main() {
	fmt.Println("pipeline", pipeline(100))
	total, atomically := locked()
	fmt.Println("locked", total, atomically)
	fmt.Println(timeouts())
	fmt.Println("woken", sleepSort(3, 1, 2))
	fmt.Println(garbage())
	for i := range 4 {
		fmt.Println(failing(i))
	}
	done := make(chan int)
	go func() { done <- deep(10000) }()
	fmt.Println("deep", <-done)

	// Busy: only asynchronous preemption (a signal) lets others run when there
	// is one CPU.
	var stop atomic.Bool
	go func() {
		time.Sleep(time.Millisecond)
		stop.Store(true)
	}()
	turns := 0
	for !stop.Load() {
		turns++ //@busy
	}
	fmt.Println("stopped", turns > 0)
	os.Exit(9)
}
