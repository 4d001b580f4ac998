package dap

import (
	"encoding/json"
	"errors"
	"sync"

	godap "github.com/google/go-dap"
)

// Requests of the adapter's to the client: "reverse requests". The engine sends
// them, the reader takes the responses.

// request is a reverse request with arguments of any type.
type request struct {
	godap.Request
	Arguments any `json:"arguments,omitempty"`

	numbered func(seq int) // called before it can be answered
}

func (r *request) number(seq int) {
	r.Seq = seq
	if r.numbered != nil {
		r.numbered(seq)
	}
}

// asked are the reverse requests that the client has not answered yet, by their
// number, and what is to be called with the answer: on the reader goroutine, and with
// nil for success.
type asked struct {
	mu      sync.Mutex // may be taken when the outbox's is held
	waiting map[int]func(error)
}

// ask sends a reverse request. answer is called once if the client answers before
// forget is called. It must not wait for anything.
func (s *session) ask(command string, arguments any, answer func(error)) (forget func()) {
	a, number := &s.asked, 0
	s.out.send(&request{
		Request:   godap.Request{ProtocolMessage: godap.ProtocolMessage{Type: "request"}, Command: command},
		Arguments: arguments,
		numbered: func(seq int) {
			a.mu.Lock()
			defer a.mu.Unlock()
			if a.waiting == nil {
				a.waiting = map[int]func(error){}
			}
			a.waiting[seq], number = answer, seq
		},
	})
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.waiting, number)
	}
}

// answered takes a response of the client's. It runs on the reader goroutine.
func (s *session) answered(data []byte) {
	var m struct {
		RequestSeq int    `json:"request_seq"`
		Success    bool   `json:"success"`
		Message    string `json:"message"`
		Body       struct {
			Error struct {
				Format string `json:"format"`
			} `json:"error"`
		} `json:"body"`
	}
	// What it says beyond success is for people: of any other shape it is missed.
	_ = json.Unmarshal(data, &m)
	s.asked.mu.Lock()
	answer, ok := s.asked.waiting[m.RequestSeq]
	delete(s.asked.waiting, m.RequestSeq)
	s.asked.mu.Unlock()
	switch {
	case !ok:
		s.cfg.Logger.Debug().Int("request", m.RequestSeq).Msg("ignored: a response to nothing that was asked")
	case m.Success:
		answer(nil)
	case m.Body.Error.Format != "":
		answer(errors.New(m.Body.Error.Format))
	case m.Message != "":
		answer(errors.New(m.Message))
	default:
		answer(errors.New("no reason was given"))
	}
}
