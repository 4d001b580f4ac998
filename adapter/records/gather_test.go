package records

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/files"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint/recording"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// gathered runs a program to its end and returns what is gathered on the way, by
// path, and how often it was looked.
func gathered(t *testing.T, cfg linux.Config, o Options) map[string]recording.File {
	t.Helper()
	m, err := linux.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	found := map[string]recording.File{}
	g := newGatherer(func(f recording.File) error {
		if _, twice := found[f.Path]; twice {
			t.Errorf("%s is added twice", f.Path)
		}
		found[f.Path] = f
		return nil
	}, &o)
	for {
		if err := g.look(m); err != nil {
			t.Fatal(err)
		}
		switch st := m.Run(math.MaxUint64, &vm.Stops{Maps: true}); st.Reason {
		case vm.StopMaps:
		case vm.StopExit:
			return found
		default:
			t.Fatal(st.Reason, st.Err)
		}
	}
}

func needCompiler(t *testing.T, tc testdata.Toolchain) {
	t.Helper()
	if err := tc.Missing(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

func TestWhatAProgramMapsIsGathered(t *testing.T) {
	for _, tc := range testdata.Toolchains() {
		t.Run(tc.Arch, func(t *testing.T) {
			needCompiler(t, tc)
			exe, err := tc.BuildDynamic(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Dir(exe)
			cfg := linux.Config{Path: exe, Dir: dir, Sysroot: tc.Sysroot}
			with := gathered(t, cfg, Options{Sources: true, Finder: files.Finder{Dirs: files.DirsNear(dir)}})
			for name, kind := range map[string]recording.FileKind{
				exe: recording.Executable, filepath.Join(dir, "libshared.so"): recording.Library, filepath.Join(dir, "libplugin.so"): recording.Library,
			} {
				data, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				if f := with[name]; f.Kind != kind || !bytes.Equal(f.Data, data) {
					t.Errorf("%s: a %q of %d bytes", name, f.Kind, len(f.Data))
				}
			}
			sources, loader := map[string]bool{}, false
			for path, f := range with {
				if f.Kind == recording.Source {
					sources[filepath.Base(path)] = true
				}
				loader = loader || strings.HasPrefix(filepath.Base(path), "ld-linux")
			}
			if !sources["main.c"] || !sources["shared.c"] || !sources["plugin.c"] || !loader {
				t.Errorf("sources %v, dynamic loader: %v", sources, loader)
			}
			for path, f := range gathered(t, cfg, Options{}) {
				if f.Kind == recording.Source {
					t.Errorf("%s, which was not asked for", path)
				}
			}
		})
	}
}

func TestSeparateDebugFilesLieWhereTheyAreLookedFor(t *testing.T) {
	for _, tc := range testdata.Toolchains() {
		t.Run(tc.Arch, func(t *testing.T) {
			needCompiler(t, tc)
			objcopy, err := exec.LookPath(strings.TrimSuffix(tc.CC, "gcc") + "objcopy")
			if err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			exe, err := tc.BuildDynamic(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			lib, root := filepath.Join(filepath.Dir(exe), "libshared.so"), t.TempDir()
			id, _, err := symbols.Source{}.Glance(lib)
			if err != nil || len(id) < 3 {
				t.Fatalf("build ID %q, %v", id, err)
			}
			installed := filepath.Join(root, ".build-id", id[:2], id[2:]+".debug")
			if err := os.MkdirAll(filepath.Dir(installed), 0o755); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"--only-keep-debug", lib, installed}, {"--strip-debug", lib}} {
				if out, err := exec.Command(objcopy, args...).CombinedOutput(); err != nil {
					t.Fatalf("objcopy %v: %v\n%s", args, err, out)
				}
			}
			cfg := linux.Config{Path: exe, Dir: filepath.Dir(exe), Sysroot: tc.Sysroot}
			o := Options{DebugInfo: true, Symbols: symbols.Source{DebugDirs: []string{root}}}
			found := gathered(t, cfg, o)

			// A session on the recording has no directories for debug files.
			kept := files.Kept(func(path string) ([]byte, error) {
				if f, ok := found[path]; ok {
					return f.Data, nil
				}
				return nil, os.ErrNotExist
			})
			p, err := symbols.Source{Files: kept}.Load(lib, 0)
			if err != nil {
				t.Fatal(err)
			}
			if ok, why := p.HasDWARF(); !ok || p.BuildID() != id {
				t.Errorf("no debug information: %s", why)
			}
		})
	}
}
