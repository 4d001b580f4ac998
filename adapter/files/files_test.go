package files_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/files"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestNothingOutsideOfTheDirectoryIsBelowIt(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "in")
	put(t, filepath.Join(dir, "sub", "a"), "a")
	put(t, filepath.Join(root, "secret"), "s")
	put(t, filepath.Join(root, "inside", "b"), "b")
	b := files.Below(dir)
	if p, err := files.Read(b, filepath.Join(dir, "sub", "a"), 10); err != nil || string(p) != "a" {
		t.Errorf("%q, %v", p, err)
	}
	for _, path := range []string{
		filepath.Join(root, "secret"), dir + "/../secret", dir + "/sub/../../secret", "sub/a", "a", "", filepath.Join(root, "inside", "b"), filepath.Join(dir, "none"),
	} {
		if _, err := b.Open(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestTheFirstLayerThatHasAFileGivesIt(t *testing.T) {
	kept := func(m map[string]string) files.Files {
		return files.Kept(func(path string) ([]byte, error) {
			if text, ok := m[path]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		})
	}
	broken := errors.New("damaged")
	l := files.Layers{
		kept(map[string]string{"/a": "1"}),
		files.Kept(func(path string) ([]byte, error) {
			if path == "/damaged" {
				return nil, broken
			}
			return nil, fs.ErrNotExist
		}),
		kept(map[string]string{"/a": "2", "/b": "2", "/damaged": "2"}),
	}
	for path, want := range map[string]string{"/a": "1", "/b": "2"} {
		if p, err := files.Read(l, path, 10); err != nil || string(p) != want {
			t.Errorf("%s: %q, %v", path, p, err)
		}
	}
	if _, err := l.Open("/c"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "/c") {
		t.Error(err)
	}
	if _, err := l.Open("/damaged"); !errors.Is(err, broken) || !strings.Contains(err.Error(), "/damaged") {
		t.Error(err)
	}
}

func TestOnlyRegularFilesOfLimitedSizeAreRead(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "f"), "12345")
	for path, good := range map[string]bool{filepath.Join(dir, "f"): true, dir: false, filepath.Join(dir, "g"): false} {
		if p, err := files.Read(files.Host, path, 5); (err == nil) != good {
			t.Errorf("%s: %q, %v", path, p, err)
		} else if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("the error does not name %s: %v", path, err)
		}
		if files.Exists(files.Host, path) != good {
			t.Errorf("%s exists: %v", path, !good)
		}
	}
	if _, err := files.Read(files.Host, filepath.Join(dir, "f"), 4); err == nil {
		t.Error("5 bytes, where 4 are the limit")
	}
}
