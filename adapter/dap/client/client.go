// Package client is a small client of the Debug Adapter Protocol: requests with
// their responses, and events in order. The demo and tests use it.
//
// A Client may be used from several goroutines. One goroutine of its own reads
// the connection.
package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
)

// Message is a message from the adapter.
type Message struct {
	Raw []byte        // as it was received
	Msg godap.Message // decoded as far as go-dap knows it; nil for what it does not know
}

// Error is an error response.
type Error struct {
	Command  string
	Message  string // Response.message
	ID       int    // body.error.id, 0 without one
	Format   string // body.error.format
	ShowUser bool   // body.error.showUser
}

func (e *Error) Error() string {
	text := e.Format
	if text == "" {
		text = e.Message
	}
	return e.Command + ": " + text
}

// Client is one end of a session.
type Client struct {
	conn  io.ReadWriteCloser
	codec *godap.Codec

	wmu sync.Mutex
	seq int

	mu       sync.Mutex
	messages []Message     // not taken yet, in order
	changed  chan struct{} // closed and replaced when messages or err change
	err      error         // why no more will come
}

// New starts a client on a connection to an adapter.
func New(conn io.ReadWriteCloser) *Client {
	c := &Client{conn: conn, codec: dap.NewCodec(), changed: make(chan struct{})}
	go c.read()
	return c
}

// Close closes the connection.
func (c *Client) Close() error { return c.conn.Close() }

func (c *Client) read() {
	r := bufio.NewReader(c.conn)
	for {
		data, err := godap.ReadBaseMessage(r)
		c.mu.Lock()
		if err != nil {
			c.err = fmt.Errorf("connection to the adapter: %w", err)
		} else {
			m := Message{Raw: data}
			if msg, err := c.codec.DecodeMessage(data); err == nil {
				m.Msg = msg
			}
			c.messages = append(c.messages, m)
		}
		close(c.changed)
		c.changed = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Send sends a request and returns its number. args is encoded as its arguments,
// nil for none.
func (c *Client) Send(command string, args any) (seq int, err error) {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.seq++
	data, err := json.Marshal(struct {
		Seq       int    `json:"seq"`
		Type      string `json:"type"`
		Command   string `json:"command"`
		Arguments any    `json:"arguments,omitempty"`
	}{c.seq, "request", command, args})
	if err != nil {
		return 0, err
	}
	return c.seq, godap.WriteBaseMessage(c.conn, data)
}

// SendRaw sends bytes as they are.
func (c *Client) SendRaw(data []byte) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	_, err := c.conn.Write(data)
	return err
}

// Request waits for a request of the adapter's, and decodes its arguments, unless
// arguments is nil. It is to be answered by [Client.Answer], with its number.
func (c *Client) Request(ctx context.Context, command string, arguments any) (seq int, err error) {
	m, err := c.Take(ctx, func(m *Message) bool {
		r, ok := m.Msg.(godap.RequestMessage)
		return ok && r.GetRequest().Command == command
	})
	if err != nil {
		return 0, fmt.Errorf("waiting for the request %q: %w", command, err)
	}
	var head struct {
		Seq       int             `json:"seq"`
		Arguments json.RawMessage `json:"arguments"`
	}
	if err := json.Unmarshal(m.Raw, &head); err != nil {
		return 0, err
	}
	if arguments != nil {
		err = json.Unmarshal(head.Arguments, arguments)
	}
	return head.Seq, err
}

// Answer answers a request of the adapter's: with success, or with the text of what
// is wrong.
func (c *Client) Answer(seq int, command string, wrong string) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.seq++
	data, err := json.Marshal(struct {
		Seq        int    `json:"seq"`
		Type       string `json:"type"`
		RequestSeq int    `json:"request_seq"`
		Command    string `json:"command"`
		Success    bool   `json:"success"`
		Message    string `json:"message,omitempty"`
	}{c.seq, "response", seq, command, wrong == "", wrong})
	if err != nil {
		return err
	}
	return godap.WriteBaseMessage(c.conn, data)
}

// Take waits for the first message that want accepts, and takes it and nothing
// else out of the queue. Messages before it stay for others.
func (c *Client) Take(ctx context.Context, want func(*Message) bool) (Message, error) {
	for {
		c.mu.Lock()
		i := slices.IndexFunc(c.messages, func(m Message) bool { return want(&m) })
		if i >= 0 {
			m := c.messages[i]
			c.messages = slices.Delete(c.messages, i, i+1)
			c.mu.Unlock()
			return m, nil
		}
		err, changed := c.err, c.changed
		c.mu.Unlock()
		if err != nil {
			return Message{}, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Message{}, ctx.Err()
		}
	}
}

// Pending lists the messages that nobody has taken yet.
func (c *Client) Pending() []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.messages)
}

// Event waits for an event and decodes its body, unless body is nil.
func (c *Client) Event(ctx context.Context, name string, body any) error {
	m, err := c.Take(ctx, func(m *Message) bool {
		e, ok := m.Msg.(godap.EventMessage)
		return ok && e.GetEvent().Event == name
	})
	if err != nil {
		return fmt.Errorf("waiting for the event %q: %w", name, err)
	}
	return decodeBody(m.Raw, body)
}

// Response waits for the response to a request and decodes its body, unless body
// is nil. For an error response it returns an [*Error].
func (c *Client) Response(ctx context.Context, seq int, body any) error {
	m, err := c.Take(ctx, func(m *Message) bool {
		r, ok := m.Msg.(godap.ResponseMessage)
		return ok && r.GetResponse().RequestSeq == seq
	})
	if err != nil {
		return fmt.Errorf("waiting for the response to request %d: %w", seq, err)
	}
	if e, ok := m.Msg.(*godap.ErrorResponse); ok {
		out := &Error{Command: e.Command, Message: e.Message}
		if e.Body.Error != nil {
			out.ID, out.Format, out.ShowUser = e.Body.Error.Id, e.Body.Error.Format, e.Body.Error.ShowUser
		}
		return out
	}
	return decodeBody(m.Raw, body)
}

// Do sends a request and waits for its response.
func (c *Client) Do(ctx context.Context, command string, args, body any) error {
	seq, err := c.Send(command, args)
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return c.Response(ctx, seq, body)
}

func decodeBody(raw []byte, body any) error {
	if body == nil {
		return nil
	}
	var m struct {
		Body json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	if len(m.Body) == 0 {
		return errors.New("the message has no body")
	}
	return json.Unmarshal(m.Body, body)
}
