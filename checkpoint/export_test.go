package checkpoint

// SearchPlainly makes t's searches look at all intervals, one after the other.
func (t *Timeline) SearchPlainly() { t.tune.plain = true }

// SearchEagerly makes t's searches use whatever they have, however short the history.
func (t *Timeline) SearchEagerly() {
	t.tune.firstWindow, t.tune.leastAsk, t.tune.leastParallel = 100, 0, 0
}
