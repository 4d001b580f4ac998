package values

// goViews are the viewers of Go's standard library, beside the kinds that the
// language itself has.
func goViews() map[string]viewer { return map[string]viewer{} }
