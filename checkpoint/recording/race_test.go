//go:build race

package recording

const underRace = true
