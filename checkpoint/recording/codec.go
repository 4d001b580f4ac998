package recording

import (
	"encoding/binary"
	"fmt"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Sizes of what the payloads consist of, bytes.
const (
	inputHead = 40
	writeHead = 12
	eventSize = 32
)

// cursor takes a payload apart. After the first thing that is not there it gives
// zeros, and bad is set.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.bad, c.b = true, nil
		return nil
	}
	p := c.b[:n:n]
	c.b = c.b[n:]
	return p
}

func (c *cursor) u32() uint32 {
	if p := c.take(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if p := c.take(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// bytes takes a length and so many bytes.
func (c *cursor) bytes() []byte { return c.take(uint64(c.u32())) }

// end is the error of a payload that was not as long as it should be.
func (c *cursor) end(what string) error {
	if c.bad || len(c.b) > 0 {
		return fmt.Errorf("%s: %w: the content contradicts its length", what, errDamaged)
	}
	return nil
}

func appendBytes[T ~string | ~[]byte](b []byte, p T) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(p))), p...)
}

// appendInput encodes an input.
func appendInput(b []byte, in *vm.Input) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, in.Icount)
	b = le.AppendUint64(b, uint64(in.Ret))
	b = le.AppendUint32(b, uint32(in.Thread))
	b = le.AppendUint32(b, in.Num)
	b = append(b, byte(in.Kind), 0, 0, 0)
	b = le.AppendUint32(b, uint32(len(in.Aux)))
	b = le.AppendUint32(b, uint32(len(in.Writes)))
	b = le.AppendUint32(b, uint32(len(in.Data)))
	for _, a := range in.Aux {
		b = le.AppendUint64(b, a)
	}
	for _, w := range in.Writes {
		b = le.AppendUint64(b, w.Addr)
		b = appendBytes(b, w.Data)
	}
	return append(b, in.Data...)
}

// input decodes an input. Its bytes are the payload's.
func (c *cursor) input() *vm.Input {
	in := &vm.Input{Icount: c.u64(), Ret: int64(c.u64()), Thread: vm.ThreadID(int32(c.u32())), Num: c.u32()}
	in.Kind = vm.InputKind(c.u32())
	aux, writes, data := uint64(c.u32()), uint64(c.u32()), uint64(c.u32())
	if rest := uint64(len(c.b)); aux > rest/8 || writes > rest/writeHead || data > rest {
		c.bad, c.b = true, nil
		return in
	}
	if aux > 0 {
		in.Aux = make([]uint64, aux)
		for i := range in.Aux {
			in.Aux[i] = c.u64()
		}
	}
	if writes > 0 {
		in.Writes = make([]vm.MemWrite, writes)
		for i := range in.Writes {
			in.Writes[i] = vm.MemWrite{Addr: c.u64(), Data: c.bytes()}
		}
	}
	if data > 0 {
		in.Data = c.take(data)
	}
	return in
}

// appendInputs encodes consecutive inputs, the first of which is the log's input
// first.
func appendInputs(b []byte, first int, list []*vm.Input) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(first))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(list)))
	for _, in := range list {
		b = appendInput(b, in)
	}
	return b
}

// parseInputs decodes inputs; they are ordered by icount, and none is beyond
// frontier.
func parseInputs(payload []byte, frontier uint64) (first uint64, list []*vm.Input, err error) {
	c := cursor{b: payload}
	first = c.u64()
	n := uint64(c.u32())
	if n > uint64(len(c.b))/inputHead {
		return 0, nil, fmt.Errorf("inputs: %w: more of them than there is room for", errDamaged)
	}
	list = make([]*vm.Input, n)
	var last uint64
	for i := range list {
		in := c.input()
		if in.Icount < last || in.Icount > frontier {
			return 0, nil, fmt.Errorf("inputs: %w: input %d is out of order", errDamaged, first+uint64(i))
		}
		list[i], last = in, in.Icount
	}
	return first, list, c.end("inputs")
}

// kept is an input from before the start of a recording, and where in the log it
// was.
type kept struct {
	index uint64
	in    *vm.Input
}

func appendKept(b []byte, list []kept) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(list)))
	for _, k := range list {
		b = binary.LittleEndian.AppendUint64(b, k.index)
		b = appendInput(b, k.in)
	}
	return b
}

// parseKept decodes inputs from before the log's input end.
func parseKept(payload []byte, end uint64) ([]kept, error) {
	c := cursor{b: payload}
	n := uint64(c.u32())
	if n > uint64(len(c.b))/(8+inputHead) {
		return nil, fmt.Errorf("earlier inputs: %w: more of them than there is room for", errDamaged)
	}
	list := make([]kept, n)
	for i := range list {
		list[i] = kept{c.u64(), c.input()}
		if k := list[i]; k.index >= end || i > 0 && (k.index <= list[i-1].index || k.in.Icount < list[i-1].in.Icount) {
			return nil, fmt.Errorf("earlier inputs: %w: they are out of order", errDamaged)
		}
	}
	return list, c.end("earlier inputs")
}

func appendEvents(b []byte, list []vm.Event) []byte {
	le := binary.LittleEndian
	for _, e := range list {
		b = le.AppendUint64(b, e.Icount)
		b = le.AppendUint64(b, e.Value)
		b = le.AppendUint64(b, e.Size)
		b = le.AppendUint32(b, uint32(e.Thread))
		b = append(b, byte(e.Kind), 0, 0, 0)
	}
	return b
}

// parseEvents calls note for each event.
func parseEvents(payload []byte, note func(vm.Event)) error {
	if len(payload)%eventSize != 0 {
		return fmt.Errorf("journal: %w: the content contradicts its length", errDamaged)
	}
	c := cursor{b: payload}
	for len(c.b) > 0 {
		e := vm.Event{Icount: c.u64(), Value: c.u64(), Size: c.u64(), Thread: vm.ThreadID(int32(c.u32()))}
		e.Kind = vm.EventKind(c.u32())
		note(e)
	}
	return nil
}

// begin is what a recording begins with.
type begin struct {
	start   uint64 // icount
	created int64  // seconds since 1970, UTC
	tool    string // what made it
	machine []byte // how to make the machine again
}

func (x *begin) appendTo(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, x.start)
	b = binary.LittleEndian.AppendUint64(b, uint64(x.created))
	b = appendBytes(b, x.tool)
	return append(b, x.machine...)
}

// head is how long what precedes the machine's description is, bytes.
func (x *begin) head() int { return 8 + 8 + 4 + len(x.tool) }

func parseBegin(payload []byte) (x begin, err error) {
	c := cursor{b: payload}
	x = begin{start: c.u64(), created: int64(c.u64()), tool: string(c.bytes())}
	if c.bad {
		return x, fmt.Errorf("the description of the machine: %w: the content contradicts its length", errDamaged)
	}
	// A year has four digits where times are written (RFC 3339).
	const year0, year10000 = -62167219200, 253402300800
	if x.created < year0 || x.created >= year10000 {
		x.created = 0
	}
	x.machine = c.b
	return x, nil
}

// file is a file's entry: where its content is.
type file struct {
	path, kind  string
	seq         uint64 // of the first part of the content, or of the machine's description
	from, bytes uint64 // in that payload
}

func (x *file) appendTo(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, x.seq)
	b = binary.LittleEndian.AppendUint64(b, x.from)
	b = binary.LittleEndian.AppendUint64(b, x.bytes)
	return appendBytes(appendBytes(b, x.path), x.kind)
}

func parseFile(payload []byte) (x file, err error) {
	c := cursor{b: payload}
	x = file{seq: c.u64(), from: c.u64(), bytes: c.u64()}
	x.path, x.kind = string(c.bytes()), string(c.bytes())
	return x, c.end("a file's name")
}

// appendTo encodes how a recording ended.
func (x *End) appendTo(b []byte) []byte {
	b = append(b, byte(x.How), 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(int32(x.Status.Code)))
	b = binary.LittleEndian.AppendUint32(b, uint32(int32(x.Status.Signal)))
	return appendBytes(b, x.Text)
}

func parseEnd(payload []byte) (x End, err error) {
	c := cursor{b: payload}
	x.How = EndHow(c.u32())
	x.Status = vm.ExitStatus{Code: int(int32(c.u32())), Signal: int(int32(c.u32()))}
	x.Text = string(c.bytes())
	return x, c.end("the end")
}
