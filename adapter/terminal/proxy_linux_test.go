package terminal

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dap-revexec/dap-revexec/adapter/terminal/ptytest"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// TestMain is the proxy when the test's executable is started as such.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == Command {
		if err := Proxy(context.Background(), os.Args[2], os.Stdin, os.Stdout); err != nil {
			os.Stdout.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const deadline = 60 * time.Second

// proxied starts a proxy on a terminal and returns both ends.
func proxied(t *testing.T) (*ptytest.Terminal, *Remote, *exec.Cmd) {
	t.Helper()
	tty := ptytest.New(t)
	tty.Resize(30, 100)
	ln, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	args := ln.Args(os.Args[0])
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "TERM=xterm-test", "COLORTERM=", "GORACE=atexit_sleep_ms=0")
	tty.Start(cmd)
	ctx, stop := context.WithTimeout(t.Context(), deadline)
	defer stop()
	r, err := ln.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.End("", deadline) })
	return tty, r, cmd
}

func TestProxyForwardsKeysSizesAndOutput(t *testing.T) {
	tty, r, cmd := proxied(t)
	if got := r.Size(); got != (linux.TerminalSize{Rows: 30, Cols: 100}) {
		t.Errorf("the size is %v", got)
	}
	if got := strings.Join(r.Env(), " "); got != "TERM=xterm-test" {
		t.Errorf("the environment is %q", got)
	}
	if !tty.Raw() {
		t.Error("the terminal is not in raw mode")
	}
	in := r.Source()
	typed := "ab\x03\x04\x1a\r\x7f"
	tty.Type(typed)
	var got []byte
	for len(got) < len(typed) {
		ev, err := in.Next()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ev.Data...)
	}
	if string(got) != typed {
		t.Errorf("%q arrives as %q", typed, got)
	}
	tty.Resize(40, 120)
	for {
		ev, err := in.Next()
		if err != nil {
			t.Fatal(err)
		}
		if ev.Size == (linux.TerminalSize{Rows: 40, Cols: 120}) {
			break
		}
	}
	if r.Size().Rows != 40 {
		t.Errorf("the size is %v", r.Size())
	}
	if !r.Write(t.Context(), []byte("line\x1b[?25l\r\n")) {
		t.Error("the output is refused")
	}
	tty.Expect("line\x1b[?25l\r\n")
	r.Reset()
	tty.Expect("\x1b[?25h")
	big := strings.Repeat("0123456789abcdef", 40_000)
	r.Write(t.Context(), []byte(big+"!"))
	r.End("good bye", deadline)
	tty.Expect("f!")
	tty.Expect("good bye\r\n")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if tty.Raw() {
		t.Error("the terminal is left in raw mode")
	}
	if r.Lost() || r.Write(t.Context(), []byte("x")) {
		t.Error("the end was taken for a loss, or the output after it was not refused")
	}
	if _, err := in.Next(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

func TestTerminalIsRestoredHoweverTheProxyEnds(t *testing.T) {
	for name, end := range map[string]func(*Remote, *exec.Cmd){
		"session ends":      func(r *Remote, _ *exec.Cmd) { r.End("", deadline) },
		"connection breaks": func(r *Remote, _ *exec.Cmd) { r.conn.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			tty, r, cmd := proxied(t)
			before := tty.Mode()
			r.Write(t.Context(), []byte("\x1b[?1049h\x1b[31mtext"))
			tty.Expect("text")
			end(r, cmd)
			err := cmd.Wait()
			if (err != nil) != (name != "session ends") {
				t.Error(err)
			}
			if tty.Raw() || tty.Mode() == before {
				t.Error("the terminal is left in raw mode")
			}
			tty.Expect("\x1b[?1049l")
		})
	}
}

func TestClosingTheTerminalIsAHangUp(t *testing.T) {
	tty, r, cmd := proxied(t)
	in := r.Source()
	tty.Close()
	if _, err := in.Next(); err != io.EOF {
		t.Errorf("the input ends with %v", err)
	}
	select {
	case <-r.Gone():
	default:
		t.Error("the program knows before the session does")
	}
	if !r.Lost() {
		t.Error("the loss is not noticed")
	}
	if r.Write(t.Context(), []byte("x")) {
		t.Error("a terminal that is gone takes output")
	}
	_ = cmd.Wait() // whatever its status
}

func TestProxyThatIsKilledIsAHangUp(t *testing.T) {
	_, r, cmd := proxied(t)
	_ = cmd.Process.Signal(syscall.SIGKILL)
	_ = cmd.Wait()
	if _, err := r.Source().Next(); err != io.EOF {
		t.Errorf("the input ends with %v", err)
	}
}

func TestOnlyWhoKnowsTheTokenIsTaken(t *testing.T) {
	tty := ptytest.New(t)
	ln, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(ln.file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v, %v", st.Mode(), err)
	}
	accepted := make(chan *Remote, 1)
	ctx, stop := context.WithTimeout(t.Context(), deadline)
	defer stop()
	go func() {
		r, err := ln.Accept(ctx)
		if err != nil {
			t.Error(err)
		}
		accepted <- r
	}()
	addr := ln.ln.Addr().String()
	for name, first := range map[string][]byte{
		"nothing":       nil,
		"no frame":      []byte("GET / HTTP/1.1\r\n\r\n"),
		"wrong token":   appendFrame(nil, kindHello, []byte(`{"version":1,"token":"x"}`)),
		"no token":      appendFrame(nil, kindHello, []byte(`{"version":1}`)),
		"other version": appendFrame(nil, kindHello, []byte(`{"version":7,"token":"`+ln.token+`"}`)),
		"no hello":      appendFrame(nil, kindInput, []byte("x")),
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		conn.Write(first)
		conn.(*net.TCPConn).CloseWrite()
		if b, _ := io.ReadAll(conn); len(b) > 0 {
			t.Errorf("%s: answered with %q", name, b)
		}
		conn.Close()
	}
	args := ln.Args(os.Args[0])
	tty.Start(exec.Command(args[0], args[1:]...))
	r := <-accepted
	if r == nil {
		return
	}
	defer r.End("", deadline)
	if _, err := os.Stat(ln.file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the token's file is left behind: %v", err)
	}
	late := exec.Command(args[0], args[1:]...)
	other := ptytest.New(t)
	other.Start(late)
	other.Expect("does not take this terminal")
	if late.Wait() == nil {
		t.Error("a second proxy succeeds")
	}
}

func TestWaitingForAProxyEndsWithItsContext(t *testing.T) {
	ln, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("why")
	ctx, stop := context.WithCancelCause(t.Context())
	stop(why)
	if _, err := ln.Accept(ctx); !errors.Is(err, why) {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(ln.file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the token's file is left behind: %v", err)
	}
}

// pair is a Remote whose proxy is the test.
func pair(t *testing.T) (*Remote, net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	r := newRemote(near, bufio.NewReader(near), hello{Rows: 24, Cols: 80})
	r.start()
	t.Cleanup(func() { far.Close(); r.End("", deadline) })
	return r, far
}

func TestRunsOneAfterTheOtherEachGetTheirInput(t *testing.T) {
	r, far := pair(t)
	first, second := r.Source(), r.Source()
	got := make(chan string)
	next := func(s *Source) {
		ev, err := s.Next()
		if err != nil {
			got <- err.Error()
			return
		}
		got <- string(ev.Data)
	}
	go next(first) // must not get what is for the second
	far.Write(appendFrame(nil, kindInput, []byte("one")))
	go next(second)
	if text := <-got; text != "one" {
		t.Fatalf("the newer run gets %q", text)
	}
	second.Close() // it could not be started: the first goes on
	far.Write(appendFrame(nil, kindInput, []byte("two")))
	if text := <-got; text != "two" {
		t.Fatalf("the older run gets %q", text)
	}
	go next(first)
	first.Close()
	if text := <-got; text != "EOF" {
		t.Fatalf("a run that is over gets %q", text)
	}
}

func TestTerminalThatDoesNotReadMakesTheProgramWaitUntilItIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, far := pair(t)
		ctx, stop := context.WithCancel(t.Context())
		taken := 0 // pieces
		done := make(chan struct{})
		go func() {
			defer close(done)
			for ctx.Err() == nil {
				r.Write(ctx, make([]byte, 64<<10))
				taken++
			}
		}()
		synctest.Wait()
		if bytes := taken * 64 << 10; bytes <= roomForOutput || bytes > 3*roomForOutput {
			t.Errorf("%d bytes are taken for a terminal that shows none", bytes)
		}
		before := taken
		_, _ = io.ReadFull(far, make([]byte, 2*roomForOutput))
		synctest.Wait()
		if taken == before {
			t.Error("no more is taken when there is room again")
		}
		stop()
		<-done
	})
}

func TestProxyThatFloodsTheSessionHasToWait(t *testing.T) {
	r, far := pair(t)
	sent := make(chan int)
	go func() {
		n := 0
		for range 100 {
			if _, err := far.Write(appendFrame(nil, kindInput, make([]byte, maxContent))); err != nil {
				break
			}
			n++
		}
		sent <- n
	}()
	s := r.Source()
	total := 0
	for total < 100*maxContent {
		ev, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		total += len(ev.Data)
		r.mu.Lock()
		if r.typed > roomForInput+maxContent {
			t.Errorf("%d bytes wait", r.typed)
		}
		r.mu.Unlock()
	}
	if n := <-sent; n != 100 {
		t.Errorf("%d of 100 pieces were taken", n)
	}
}
