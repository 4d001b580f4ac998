package dap

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	godap "github.com/google/go-dap"
)

// outputOf makes an event of a stream: what comes after offset bytes.
func outputOf(stream string, offset int, text string) OutputEventBody {
	at := uint64(offset)
	return OutputEventBody{
		OutputEventBody: godap.OutputEventBody{Category: stream, Output: text},
		Revexec:         &OutputInfo{Stream: stream, Offset: &at}, end: at + uint64(len(text)),
	}
}

// received reads the messages that a writer has written.
func received(t *testing.T, o *outbox) []godap.Message {
	t.Helper()
	r, w := io.Pipe()
	go func() {
		o.write(w, func(err error) { t.Error(err) })
		w.Close()
	}()
	var all []godap.Message
	in := bufio.NewReader(r)
	for {
		m, err := godap.ReadProtocolMessage(in)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
}

func TestOutputIsCompleteAndInOrderBehindASlowClient(t *testing.T) {
	o := newOutbox()
	var want strings.Builder
	for i := range 10_000 {
		text := fmt.Sprintf("line %d\n", i)
		o.output(t.Context(), outputOf("stdout", want.Len(), text))
		want.WriteString(text)
		if i%1000 == 999 {
			o.send(newEvent("stopped", nil))
		}
	}
	o.close()
	var got strings.Builder
	stops, last := 0, 0
	all := received(t, o)
	for _, m := range all {
		if m.GetSeq() != last+1 {
			t.Fatalf("message %d after %d", m.GetSeq(), last)
		}
		last = m.GetSeq()
		switch m := m.(type) {
		case *godap.OutputEvent:
			got.WriteString(m.Body.Output)
		case *godap.StoppedEvent:
			stops++
			if !strings.HasSuffix(got.String(), fmt.Sprintf("line %d\n", stops*1000-1)) {
				t.Errorf("stop %d is not behind the output before it", stops)
			}
		}
	}
	if got.String() != want.String() || stops != 10 {
		t.Errorf("%d bytes of %d, %d stops", got.Len(), want.Len(), stops)
	}
	if len(all) > 200 {
		t.Errorf("%d messages: output was not merged", len(all))
	}
}

func TestOutputWaitsForRoomUntilItIsInterrupted(t *testing.T) {
	o := newOutbox()
	chunk := strings.Repeat("x", 1<<20)
	ctx, cancel := context.WithCancel(t.Context())
	full := make(chan struct{})
	done := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			if n == roomForOutput>>20 {
				close(full)
			}
			o.output(ctx, outputOf("stdout", 0, chunk))
		}
		done <- n
	}()
	<-full
	select {
	case n := <-done:
		t.Fatalf("%d MiB went into the queue", n)
	case <-time.After(10 * time.Millisecond): // a wait that lasts can only be seen by time
	}
	o.send(newEvent("stopped", nil)) // what is no output never waits
	cancel()
	if n := <-done; n > roomForOutput>>20+1 {
		t.Errorf("%d MiB", n)
	}
	// A client that reads makes room.
	ctx = t.Context()
	go func() {
		o.output(ctx, outputOf("stdout", 0, "the end"))
		o.close()
	}()
	all := received(t, o)
	if m, ok := all[len(all)-1].(*godap.OutputEvent); !ok || !strings.HasSuffix(m.Body.Output, "the end") {
		t.Error("the last output is missing")
	}
}

func TestClientThatNeverReadsIsGivenUp(t *testing.T) {
	o := newOutbox()
	o.limit = 1 << 20
	big := json.RawMessage(`"` + strings.Repeat("x", 1<<18) + `"`)
	for range 4 {
		o.send(newEvent("large", big))
	}
	if o.failure() == nil || o.bytes != 0 {
		t.Errorf("%d bytes wait, %v", o.bytes, o.failure())
	}
	o.send(newEvent("more", big)) // has no effect
	o.output(t.Context(), outputOf("stdout", 0, "more"))
	lost := make(chan error, 1)
	o.write(io.Discard, func(err error) { lost <- err })
	if err := <-lost; err == nil {
		t.Error("no error")
	}
}

func TestCharactersInPiecesArePutTogether(t *testing.T) {
	text := "aä€😀\xff\xe2\x82"
	for size := 1; size <= len(text); size++ {
		s := newSession(Config{})
		s.prog, _ = openSteps(t.Context(), nil, machineOptions{})
		s.launched = &launchArguments{}
		s.sources.reset(s.launched, "/steps", nil)
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			s.programOutput(1, 0, []byte(rest[:n]))
			rest = rest[n:]
		}
		s.flushOutput(t.Context())
		s.out.close()
		var got strings.Builder
		for _, m := range received(t, s.out) {
			got.WriteString(m.(*godap.OutputEvent).Body.Output)
		}
		if want := "aä€😀\uFFFD\uFFFD"; got.String() != want {
			t.Errorf("in pieces of %d: %q, expected %q", size, got.String(), want)
		}
	}
}
