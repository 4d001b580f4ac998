//go:build unix

package recording

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A FIFO that nobody writes to is refused, not waited for.
func TestAFIFOIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 1)
	go func() {
		_, err := Open(path)
		told <- err
	}()
	select {
	case err := <-told:
		if err == nil {
			t.Error("opened a FIFO")
		}
	case <-time.After(10 * time.Second):
		t.Error("opening a FIFO waits for a writer")
	}
}
