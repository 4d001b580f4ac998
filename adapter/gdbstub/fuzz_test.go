package gdbstub

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/checkpoint"
)

// script is a connection whose client sends a fixed text and then waits for the
// server to close it.
type script struct {
	io.Reader
	closed chan struct{}
	once   sync.Once
}

func newScript(text string) *script {
	return &script{Reader: strings.NewReader(text), closed: make(chan struct{})}
}

func (s *script) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil {
		<-s.closed
	}
	return n, err
}

func (s *script) Write(p []byte) (int, error) { return len(p), nil }

func (s *script) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// FuzzServer: whatever a client sends, the server answers, ends when the client
// goes, and its history still can be walked. The packets come one a line, so
// that the fuzzer need not find out checksums.
func FuzzServer(f *testing.F) {
	for _, s := range []string{
		"qSupported:swbreak+;hwbreak+\nQStartNoAckMode\n?\ng\np20\nm1000,10\nvCont?\nvCont;c",
		"Z0,1008,4;X7,26000a22031327\nc\nbc\nbs\nz0,1008,4",
		"Z2,2008,8\nZ3,2008,8\nZ4,2000,800\nvCont;s:1;c\nbc\nbc\nbs\nc\nc",
		"vCont;r1000,1010:p1.1;c:p1.-1\nvCont;C0b:2;c\nHg2\nHc1\nbs\nbs\nHc-1\ns\nS05",
		"qXfer:features:read:target.xml:0,100\nqXfer:threads:read::0,ffff\nqXfer:auxv:read::1,1\nqXfer:siginfo:read::0,80",
		"vFile:open:2f70726f632f312f6d617073,0,0\nvFile:pread:3,100,0\nvFile:fstat:3\nvFile:close:3",
		"qRcmd,7365656b2035\nqRcmd,636865636b706f696e74\nqMemoryRegionInfo:0\njThreadsInfo\nqThreadStopInfo1",
		"M1000,1:00\nX1000,0:\nP20=0\nG00\nqCRC:1000,10\nR00\nvKill;1\nvRun;\nD",
		"\x03\nc\n\x03\nk",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		var stream strings.Builder
		for n, line := range strings.Split(lines, "\n") {
			switch {
			case n > 200:
			case line == "\x03":
				stream.WriteString(line)
			default:
				stream.Write(frame(line))
			}
		}
		stream.Write(frame("D"))
		m := newToy([]toyIns{
			{toyAdd, 11, 3}, {toyAdd, 10, 1}, {toyStore, 10, 8}, {toyKernel, 10, 16}, {toyLoop, 11, 1}, {toyFault, 0, 8}, {toyExit, 0, 7},
		}, 0, 1)
		tl := checkpoint.New(m, checkpoint.Config{})
		srv := New(Config{Timeline: tl, Logger: zerolog.Nop()})
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = srv.Serve(ctx, newScript(stream.String())) // how it ends does not matter
		if ctx.Err() != nil {
			t.Fatal("the server did not end")
		}
		at := tl.Icount()
		hash := m.Hash()
		if err := tl.Seek(context.Background(), 0); err != nil {
			t.Fatal(err)
		}
		if err := tl.Seek(context.Background(), at); err != nil || m.Hash() != hash {
			t.Errorf("history has changed: %v", err)
		}
	})
}
