//go:build linux || darwin || freebsd

package pages

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// FreeDisk is how many bytes a user may still write to the file system that dir, which
// need not be there yet, is on; 0 if that is not known.
func FreeDisk(dir string) int64 {
	for {
		var st unix.Statfs_t
		if unix.Statfs(dir, &st) == nil {
			return int64(st.Bavail) * int64(st.Bsize)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return 0
		}
		dir = parent
	}
}
