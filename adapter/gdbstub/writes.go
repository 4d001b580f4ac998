package gdbstub

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/dap-revexec/dap-revexec/vm"
)

// The monitor commands last-write and next-write: what a watchpoint would find, with
// no breakpoint or signal in the way.

// monitorLastWrite goes to just before the latest earlier write to a range.
func (s *session) monitorLastWrite(ctx context.Context, args []string) (string, error) {
	w, err := parseRange(args)
	if err != nil {
		return "", err
	}
	from := s.tl.Icount()
	st, err := s.tl.Back(ctx, s.tl.Start(), &vm.Stops{Watches: []vm.Watch{w}})
	if err != nil {
		return "", err
	}
	if st.Reason != vm.StopWatch {
		if err := s.tl.Seek(ctx, from); err != nil {
			return "", err
		}
		return "", fmt.Errorf("%d bytes at %#x were not written before here in the recorded history", w.Size, w.Addr)
	}
	return s.wrote(ctx, &st, &w, st.At)
}

// monitorNextWrite goes to just after the next write to a range.
func (s *session) monitorNextWrite(ctx context.Context, args []string) (string, error) {
	w, err := parseRange(args)
	if err != nil {
		return "", err
	}
	st := s.tl.Forward(ctx, math.MaxUint64, &vm.Stops{Watches: []vm.Watch{w}, AtStart: true})
	switch st.Reason {
	case vm.StopWatch:
		at := accessAt(&st)
		// The frontier may be right before the write.
		if after := s.tl.Forward(context.WithoutCancel(ctx), at+1, nil); after.Reason == vm.StopError {
			return "", after.Err
		}
		return s.wrote(ctx, &st, &w, at+1)
	case vm.StopError:
		return "", st.Err
	case vm.StopInterrupted:
		text, err := s.moved(ctx)
		return "interrupted\n" + text, err
	}
	text, err := s.moved(ctx)
	return fmt.Sprintf("%d bytes at %#x are not written up to the end\n", w.Size, w.Addr) + text, err
}

// wrote tells of a write, and leaves the machine at a position. It is a short way,
// and an interrupt on it would lose the write.
func (s *session) wrote(ctx context.Context, st *vm.Stop, w *vm.Watch, stay uint64) (string, error) {
	ctx = context.WithoutCancel(ctx)
	at := accessAt(st)
	content := [2][]byte{make([]byte, w.Size), make([]byte, w.Size)} // before and after
	for i := range content {
		if err := s.tl.Seek(ctx, at+uint64(i)); err != nil {
			return "", err
		}
		content[i] = content[i][:s.m.ReadMemory(w.Addr, content[i])]
	}
	if err := s.tl.Seek(ctx, stay); err != nil {
		return "", err
	}
	text, err := s.moved(ctx)
	return fmt.Sprintf("%#x: %s → %s, written at icount %d\n", w.Addr, value(content[0]), value(content[1]), at) + text, err
}

// value shows the content of memory: a number of up to 8 bytes as one, of more the
// first bytes.
func value(b []byte) string {
	const most = 32
	if len(b) == 0 {
		return "unreadable"
	}
	if len(b) > 8 {
		if len(b) > most {
			return fmt.Sprintf("% x …", b[:most])
		}
		return fmt.Sprintf("% x", b)
	}
	var v uint64
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	return fmt.Sprintf("%#x", v)
}

// parseRange parses ADDR SIZE, both as C has numbers.
func parseRange(args []string) (vm.Watch, error) {
	if len(args) != 2 {
		return vm.Watch{}, errors.New("usage: last-write ADDR SIZE, next-write ADDR SIZE")
	}
	addr, err1 := strconv.ParseUint(args[0], 0, 64)
	size, err2 := strconv.ParseUint(args[1], 0, 64)
	if err1 != nil || err2 != nil {
		return vm.Watch{}, fmt.Errorf("%q: want an address and a number of bytes, as 0x12340 8", args[0]+" "+args[1])
	}
	if size == 0 || size > maxWatched || addr+size < addr {
		return vm.Watch{}, fmt.Errorf("%d bytes at %#x: want 1 to %d, within the address space", size, addr, maxWatched)
	}
	return vm.Watch{Addr: addr, Size: size, Write: true}, nil
}
