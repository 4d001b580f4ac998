//go:build race

package checkpoint_test

// raceEnabled tells that the race detector makes everything several times slower.
const raceEnabled = true
