package gdbstub

import (
	"context"
	"fmt"
	"strings"
)

// xferObjects are the objects of qXfer:OBJECT:read:ANNEX:OFFSET,LENGTH, and what
// makes each.
var xferObjects = map[string]func(s *session, annex string) (string, bool){
	"features":       (*session).featuresObject,
	"auxv":           (*session).auxvObject,
	"exec-file":      (*session).execFileObject,
	"libraries-svr4": (*session).librariesObject,
	"threads":        (*session).threadsObject,
	"siginfo":        (*session).siginfoObject,
}

// transfer answers qXfer. An object is made when its first byte is read and kept
// until its last one has been.
func (s *session) transfer(_ context.Context, args string) response {
	parts := strings.SplitN(args, ":", 5) // "", object, operation, annex, range
	if len(parts) != 5 || parts[0] != "" {
		return s.malformed()
	}
	object, annex := parts[1], parts[3]
	produce, known := xferObjects[object]
	if !known || parts[2] != "read" {
		return unsupported
	}
	offset, length, good := pair(parts[4], ",")
	if !good {
		return s.malformed()
	}
	text, cached := s.objects[object]
	if offset == 0 || !cached {
		if text, good = produce(s, annex); !good {
			return s.fail(errnoNoEntry, fmt.Sprintf("no %s %q", object, annex))
		}
		s.objects[object] = text
	}
	if offset >= uint64(len(text)) {
		delete(s.objects, object)
		return answer("l")
	}
	rest := text[offset:]
	// Escaping may double it.
	if n := min(length, packetSize/2-8); n < uint64(len(rest)) {
		return answer("m" + rest[:n])
	}
	delete(s.objects, object)
	return answer("l" + rest)
}

func (s *session) featuresObject(annex string) (string, bool) {
	return s.regs.target, annex == "target.xml"
}

func (s *session) auxvObject(string) (string, bool) {
	return string(s.m.Image().Auxv), true
}

func (s *session) execFileObject(string) (string, bool) {
	path := s.m.Image().Path
	return path, path != ""
}

func (s *session) threadsObject(string) (string, bool) {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?>\n<threads>\n")
	for _, t := range s.m.Threads() {
		if s.lives(t) {
			fmt.Fprintf(&b, "<thread id=\"%s\" name=\"%s\">%s</thread>\n", s.id(t.ID), xmlText(t.Name), xmlText(describe(t)))
		}
	}
	b.WriteString("</threads>\n")
	return b.String(), true
}

// siginfoObject is there while the guest is stopped by a signal.
func (s *session) siginfoObject(string) (string, bool) {
	if s.last.cause != causeSignal {
		return "", false
	}
	return string(s.siginfo(s.last.linux, s.last.addr)), true
}
