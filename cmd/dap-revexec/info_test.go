package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// What a stranger has called a program or a file does not get to the terminal as it is.
func TestADescriptionControlsNoTerminal(t *testing.T) {
	const evil = "a\x1b]0;owned\x07\nb\r\tc\xff\u202e \u009b1m"
	code := 0
	d := description{Program: evil, Args: []string{"x", evil}, Arch: evil, Tool: evil, Note: evil, Problem: evil, Damage: evil,
		ExitCode: &code, Files: []describedFile{{Path: evil, Kind: evil}}, Bytes: map[string]int64{}}
	path := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.write(f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	out, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(out) || strings.ContainsAny(string(out), "\x1b\x07\r\t\u202e\u009b") {
		t.Errorf("%q", out)
	}
	const plain = `/home/jürgen/b in/C:\prog "x"`
	if got := printable(plain); got != plain {
		t.Errorf("%q becomes %q", plain, got)
	}
}
