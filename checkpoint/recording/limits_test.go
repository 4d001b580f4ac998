package recording

import "os"

// many is how often to repeat something: n times, ten times as often where there is
// time for it, and less often with the race detector.
func many(n int) int {
	switch {
	case underRace:
		return max(n/10, 1)
	case os.Getenv("CI") == "true":
		return 10 * n
	}
	return n
}
