package values

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const goLibrarySource = "testdata/library.go"

func goLibraryAt(t *testing.T, marker string) *Context {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "library")
	cmd := exec.Command(needTool(t, "go"), "build", "-gcflags=all=-N -l", "-o", exe, goLibrarySource)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=riscv64", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	c := runTo(t, file, "library.go", sourceLine(t, goLibrarySource, marker))
	if c == nil {
		t.Fatal("it ended")
	}
	return c
}

func TestValuesOfTheGoLibraryAreShownByTheirMeaning(t *testing.T) {
	c := goLibraryAt(t, "main")
	checkResults(t, c, [][2]string{
		{"d", "1.5s"}, {"d / 1000", "1.5ms"}, {"d == 1500000000", "true"}, {"d,x", "0x59682f00"}, {"at", "2024-03-01T12:30:00.000005Z"},
		{"now", "2001-09-09T01:46:40.000000007Z"}, {"zero", "0001-01-01T00:00:00Z"}, {"a", "2024-03-01T12:30:00.000005Z"},
		{"b", `"built"`}, {"l", `&{int(1), "two"}`}, {"l.len", "2"}, {"mu", "locked"}, {"n", "5"}, {"n + 1", "6"}, {"big1", "&1267650600228229401496703205376"},
		{"at.wall", "5000"}, {"at,r", "time.Time{wall: 5000, ext: 63844893000, loc: nil}"}, {"err2", "&main.myErr{code: 7}"}, {"f", "main.main.func1"},
		{"table[\"sq\"]", "main.square{side: 2}"}, {"escaped", "42"},
	})
	sameAgain(t, c)
	checkResults(t, goLibraryAt(t, "closure"), [][2]string{{"captured", "11"}, {"escaped", "42"}, {"x", "1"}})
}
