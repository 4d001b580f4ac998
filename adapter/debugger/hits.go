package debugger

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxHits bounds the hits that a counter remembers (8 bytes each).
const maxHits = 4 << 20

// hitCounter counts a breakpoint's hits from the start of history, so that a hit
// has the same number whichever direction it is reached from. Positions below
// known have been looked at. Before a search back all up to where it begins have been:
// there, asked in any order, a counter only looks hits up.
type hitCounter struct {
	op    string
	n     uint64
	at    []uint64 // positions of hits, ascending
	known uint64
}

// parseHit reads a hit condition: "5" or "== 5", "> 5", ">= 5", "< 5", "<= 5",
// "% 5" (each fifth).
func parseHit(s string) (*hitCounter, error) {
	s = strings.TrimSpace(s)
	h := &hitCounter{op: "=="}
	for _, op := range []string{"==", ">=", "<=", "=", ">", "<", "%"} {
		if rest, ok := strings.CutPrefix(s, op); ok {
			h.op, s = op, strings.TrimSpace(rest)
			break
		}
	}
	if h.op == "=" {
		h.op = "=="
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || n == 0 {
		return nil, fmt.Errorf("hit condition %q: write a number from 1 on, or one of == >= <= > < %% before it", s)
	}
	h.n = n
	return h, nil
}

func sameHits(a, b *hitCounter) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.op == b.op && a.n == b.n
}

// hit notes a hit at icount if it is new, and reports whether the condition
// holds there.
func (h *hitCounter) hit(icount uint64) bool {
	i, found := slices.BinarySearch(h.at, icount)
	if !found {
		if icount < h.known || len(h.at) >= maxHits {
			return false
		}
		h.at = append(h.at, icount)
		h.known = icount + 1
	}
	no := uint64(i) + 1
	switch h.op {
	case "==":
		return no == h.n
	case ">=":
		return no >= h.n
	case ">":
		return no > h.n
	case "<=":
		return no <= h.n
	case "<":
		return no < h.n
	}
	return no%h.n == 0
}
