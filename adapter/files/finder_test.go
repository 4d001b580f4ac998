package files_test

import (
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/files"
)

// guard are no files, of which none may be opened but those below allowed places.
type guard struct {
	t       *testing.T
	allowed []string
}

func (g guard) Open(path string) (files.File, error) {
	for _, a := range g.allowed {
		if rel, err := filepath.Rel(a, path); err == nil && filepath.IsLocal(rel) {
			return nil, fs.ErrNotExist
		}
	}
	g.t.Errorf("%s was opened", path)
	return nil, fs.ErrNotExist
}

func TestOfThisMachineOnlyWhatWasNamedIsReadForARecording(t *testing.T) {
	dir := t.TempDir()
	sub, other := filepath.Join(dir, "named"), filepath.Join(dir, "map")
	defer func(h files.Files) { files.Host = h }(files.Host)
	files.Host = guard{t, []string{sub, other}}
	kept := files.Kept(func(path string) ([]byte, error) {
		if path == "/home/them/a.c" || path == "../../b.c" {
			return []byte("kept"), nil
		}
		return nil, fs.ErrNotExist
	})
	x := files.Finder{Subst: [][2]string{{"/src", other}, {"", other}}, Dirs: []string{sub}, Kept: kept}
	for recorded, found := range map[string]bool{
		"/home/them/a.c": true, "../../b.c": true, "/etc/passwd": false, "../../../../../../etc/passwd": false, "/src/../../etc/passwd": false,
		"/src": false, "a.c": false, "": false, "..": false, ".": false, "/": false, "/src/../..": false,
	} {
		if p, ok := x.Find(recorded); ok != found || ok && (!p.Kept || p.Path != recorded) {
			t.Errorf("%q: %+v, %v", recorded, p, ok)
		}
	}
}

func TestSourcesAreFoundWhereTheyWereMovedTo(t *testing.T) {
	dir := t.TempDir()
	here := filepath.Join(dir, "project", "src", "a.c")
	put(t, here, "a")
	put(t, filepath.Join(dir, "project", "bin", "prog"), "")
	near := files.Finder{Dirs: files.DirsNear(filepath.Join(dir, "project", "bin"))}
	subst := files.Finder{Subst: [][2]string{{"/nowhere/project/", filepath.Join(dir, "project")}}}
	for name, x := range map[string]files.Finder{"near the program": near, "replaced": subst} {
		if p, ok := x.Find("/nowhere/project/src/a.c"); !ok || p.Path != here || p.Kept {
			t.Errorf("%s: %+v, %v", name, p, ok)
		}
		if p, ok := x.Find("/nowhere/project/src/b.c"); ok {
			t.Errorf("%s: %+v", name, p)
		}
	}
	// A bare name could be any file: it is not looked for far away.
	if p, ok := near.Find("a.c"); ok {
		t.Errorf("%+v", p)
	}
}
