package checkpoint

// SearchBlindly makes t's searches look at all intervals, whatever is known of them.
func (t *Timeline) SearchBlindly() { t.tune.blind = true }

// SearchEagerly makes t's searches use whatever they have, however short the history.
func (t *Timeline) SearchEagerly() {
	t.tune.firstWindow, t.tune.leastAsk, t.tune.leastParallel = 100, 0, 0
}
