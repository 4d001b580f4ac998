package gdbstub

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm"
)

// registers maps the protocol's register numbers to a machine's registers.
// Immutable.
type registers struct {
	arch   *vm.Arch
	order  []int       // indices into arch.Regs, by ascending gdb number: the layout of g
	byGDB  map[int]int // gdb number → index
	target string      // the target description
}

func newRegisters(a *vm.Arch) *registers {
	r := &registers{arch: a, byGDB: map[int]int{}, target: targetXML(a)}
	for _, f := range a.GDBFeatures {
		for _, i := range f.Regs {
			if n := a.Regs[i].GDB; n >= 0 {
				r.byGDB[n] = i
				r.order = append(r.order, i)
			}
		}
	}
	slices.SortFunc(r.order, func(x, y int) int { return a.Regs[x].GDB - a.Regs[y].GDB })
	return r
}

// size is the length of register i in bytes.
func (r *registers) size(i int) int { return (r.arch.Regs[i].Bits + 7) / 8 }

// hexReg is the value of register i of thread t in target byte order, x for
// digits that are not known.
func (s *session) hexReg(t vm.ThreadID, i int) string {
	b := s.m.RegBytes(t, i)
	if i == s.m.Arch().PC && s.pretence.of(t, s.tl.Icount()) {
		b = binary.LittleEndian.AppendUint64(nil, s.pretence.pc)[:len(b)]
	}
	if b == nil {
		return strings.Repeat("xx", s.regs.size(i))
	}
	return hex.EncodeToString(b)
}

// registerThread is the thread that a register packet is about, and the packet's
// arguments without lldb's thread suffix.
func (s *session) registerThread(args string) (vm.ThreadID, string, bool) {
	t := s.generalThread()
	if s.client.threadSuffix {
		if rest, id, found := strings.Cut(args, ";thread:"); found {
			id = strings.TrimSuffix(id, ";")
			args = rest
			var good bool
			if t, good = threadID(id); !good {
				return 0, "", false
			}
		}
	}
	_, alive := s.thread(t)
	return t, args, alive
}

func (s *session) noThread() response { return s.fail(errnoNoThread, "no such thread here") }

func (s *session) readRegisters(_ context.Context, args string) response {
	t, _, alive := s.registerThread(args)
	if !alive {
		return s.noThread()
	}
	var b strings.Builder
	for _, i := range s.regs.order {
		b.WriteString(s.hexReg(t, i))
	}
	return answer(b.String())
}

func (s *session) readRegister(_ context.Context, args string) response {
	t, args, alive := s.registerThread(args)
	if !alive {
		return s.noThread()
	}
	n, good := number(args)
	if !good {
		return s.malformed()
	}
	i, known := s.regs.byGDB[int(min(n, 1<<30))]
	if !known {
		return s.fail(errnoInvalid, "no such register")
	}
	return answer(s.hexReg(t, i))
}

// unchangeable refuses a write. The past can't be changed, and the present is
// the past of what comes next.
const unchangeable = "history can't be changed: registers and memory are read-only"

func (s *session) writeRegisters(context.Context, string) response {
	return answer("E." + unchangeable)
}

// writeRegister refuses, but for a write of the value that the register has:
// clients restore registers that they have not changed.
func (s *session) writeRegister(_ context.Context, args string) response {
	t, args, alive := s.registerThread(args)
	if !alive {
		return s.noThread()
	}
	num, value, _ := strings.Cut(args, "=")
	n, good := number(num)
	if !good {
		return s.malformed()
	}
	if i, known := s.regs.byGDB[int(min(n, 1<<30))]; known && strings.EqualFold(value, s.hexReg(t, i)) {
		return ok
	}
	// gdb shows this text, other than the number, with every version.
	return answer("E." + unchangeable)
}
