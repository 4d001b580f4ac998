package dap

import "context"

// All hits of the breakpoints, data breakpoints, exceptions and signals that are set.

func (s *session) findHits(c *call, m *FindHitsRequest) (any, error) {
	limit, err := limitOf(c.name, m.Arguments.Limit)
	if err != nil {
		return nil, err
	}
	return s.allHits(c, limit)
}

func (s *session) allHits(c *call, limit int) (out Occurrences, err error) {
	in := s.whole()
	err = s.query(c, "Looking for hits of breakpoints", func(ctx context.Context) error {
		found, err := s.prog.dbg.Hits(ctx, in, limit)
		if err != nil {
			return err
		}
		out = s.occurrences(&found)
		s.hitsKnown = &TimelineRange{From: found.From, To: in.To}
		return nil
	})
	if err == nil {
		c.then(func() { s.timelineChanged(ChangedHits) })
	}
	return out, err
}

// forgetHits is for when other things are set than before: all hits of these are not
// known.
func (s *session) forgetHits(c *call) {
	if s.hitsKnown != nil {
		s.hitsKnown = nil
		c.then(func() { s.timelineChanged(ChangedHits) })
	}
}

func findHitsWord(s *session, c *call, rest string) (string, error) {
	out, err := s.allHits(c, defaultLimit)
	if err != nil {
		return "", err
	}
	return out.lines("hit", "no hits in the recorded history of what is set", listed), nil
}
