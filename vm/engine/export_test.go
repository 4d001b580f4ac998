package engine

// Waiting is how many segments are not armed.
func (t *Trace) Waiting() int { return len(t.noted) }
