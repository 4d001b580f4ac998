// Command work is a program for the comparison with native execution: goroutines,
// maps, garbage collection, timers, a server and its clients on loopback.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

func serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = c.Close() }()
			s := bufio.NewScanner(c)
			for s.Scan() {
				_, _ = fmt.Fprintf(c, "%x\n", sha256.Sum256(s.Bytes()))
			}
		}()
	}
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go serve(l)
	answers := make([]string, 8)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				answers[i] = err.Error()
				return
			}
			defer func() { _ = c.Close() }()
			_, _ = fmt.Fprintf(c, "question %d\n", i)
			answers[i], _ = bufio.NewReader(c).ReadString('\n')
		}()
	}
	wg.Wait()
	for _, a := range answers {
		fmt.Print(a)
	}
	m := map[int][]byte{}
	for i := range 20000 {
		m[i%500] = make([]byte, i%3000)
	}
	runtime.GC()
	fmt.Println(len(m), len(m[123]))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	fmt.Println(ctx.Err())
	out, err := exec.Command("echo", "from a child").Output()
	fmt.Printf("%s%v\n", out, err)
	defer func() {
		fmt.Println(recover())
		os.Exit(4)
	}()
	var p *struct{ n int }
	fmt.Println(p.n)
}
