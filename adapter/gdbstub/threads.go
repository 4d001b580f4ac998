package gdbstub

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm"
)

// thread finds a live thread.
func (s *session) thread(t vm.ThreadID) (vm.Thread, bool) {
	for _, th := range s.m.Threads() {
		if th.ID == t && s.lives(th) {
			return th, true
		}
	}
	return vm.Thread{}, false
}

// lives reports whether a client should see a thread. After the guest's exit
// that goes for those that lived then.
func (s *session) lives(t vm.Thread) bool {
	if t.State != vm.ThreadExited {
		return true
	}
	_, exited := s.m.Exited()
	return exited
}

// threadIDs are the live threads.
func (s *session) threadIDs() []vm.ThreadID {
	var ids []vm.ThreadID
	for _, t := range s.m.Threads() {
		if s.lives(t) {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// processID is the guest's process number: that of its first thread.
func processID(m vm.Machine) vm.ThreadID {
	if list := m.Threads(); len(list) > 0 {
		return list[0].ID
	}
	return m.CurrentThread()
}

// id writes a thread id as the client wants it.
func (s *session) id(t vm.ThreadID) string {
	if s.client.multiprocess {
		return fmt.Sprintf("p%x.%x", int(s.pid), int(t))
	}
	return fmt.Sprintf("%x", int(t))
}

// generalThread is the thread that register packets are about.
func (s *session) generalThread() vm.ThreadID {
	if s.general > 0 {
		return s.general
	}
	return s.last.thread
}

// selectThread is Hg TID and Hc TID.
func (s *session) selectThread(_ context.Context, args string) response {
	if len(args) < 2 {
		return s.malformed()
	}
	t, good := threadID(args[1:])
	if !good {
		return s.malformed()
	}
	if t > 0 {
		if _, alive := s.thread(t); !alive {
			return s.noThread()
		}
	}
	switch args[0] {
	case 'g':
		s.general = t
	case 'c':
		s.resume = t
	default:
		return s.malformed()
	}
	return ok
}

func (s *session) threadAlive(_ context.Context, args string) response {
	t, good := threadID(args)
	if !good {
		return s.malformed()
	}
	if _, alive := s.thread(t); !alive {
		return s.noThread()
	}
	return ok
}

func (s *session) currentThread(context.Context, string) response {
	return answer("QC" + s.id(s.generalThread()))
}

// firstThreadInfo gives all threads at once: 4096, the most a guest may have, fit
// into a packet.
func (s *session) firstThreadInfo(context.Context, string) response {
	return answer("m" + s.threadList())
}

func (s *session) nextThreadInfo(context.Context, string) response { return answer("l") }

func (s *session) threadList() string {
	var ids []string
	for _, t := range s.threadIDs() {
		ids = append(ids, s.id(t))
	}
	return strings.Join(ids, ",")
}

func (s *session) threadExtraInfo(_ context.Context, args string) response {
	t, good := threadID(strings.TrimPrefix(args, ","))
	if !good {
		return s.malformed()
	}
	th, alive := s.thread(t)
	if !alive {
		return s.noThread()
	}
	text := describe(th)
	if th.Name != "" {
		text = th.Name + ": " + text
	}
	return answer(hexText(text))
}

// describe says what a thread is doing.
func describe(t vm.Thread) string {
	switch {
	case t.State == vm.ThreadExited:
		return "exited"
	case t.State == vm.ThreadBlocked && t.Detail != "":
		return "blocked: " + t.Detail
	case t.State == vm.ThreadBlocked:
		return "blocked"
	}
	return "runnable"
}

// threadStopInfo is lldb's question why a certain thread stopped: one that did
// not cause the stop has no reason.
func (s *session) threadStopInfo(_ context.Context, args string) response {
	t, good := threadID(args)
	if !good {
		return s.malformed()
	}
	if _, alive := s.thread(t); !alive {
		return s.noThread()
	}
	if t == s.last.thread {
		return answer(s.render(s.last))
	}
	return answer(s.render(stopReply{thread: t}))
}

// threadsInfo is lldb's jThreadsInfo: all threads and why they stopped, as JSON.
func (s *session) threadsInfo(context.Context, string) response {
	type thread struct {
		ID     vm.ThreadID       `json:"tid"`
		Name   string            `json:"name,omitempty"`
		Reason string            `json:"reason"`
		Signal int               `json:"signal,omitempty"`
		Regs   map[string]string `json:"registers"`
	}
	var list []thread
	for _, t := range s.m.Threads() {
		if !s.lives(t) {
			continue
		}
		j := thread{ID: t.ID, Name: t.Name, Reason: "none", Regs: map[string]string{}}
		if t.ID == s.last.thread {
			j.Reason, j.Signal = s.last.why(), s.signalNumber(s.last)
		}
		for _, i := range s.expedited() {
			j.Regs[fmt.Sprint(s.m.Arch().Regs[i].GDB)] = s.hexReg(t.ID, i)
		}
		list = append(list, j)
	}
	text, err := json.Marshal(list)
	if err != nil {
		return s.fail(errnoInvalid, err.Error())
	}
	return answer(string(text))
}
