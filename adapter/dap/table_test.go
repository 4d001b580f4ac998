package dap

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func TestEachCapabilityHasItsRequest(t *testing.T) {
	// Without its row no request's capability may be left over.
	all := capabilities()
	for name, cmd := range commands {
		if cmd.run == nil && name != "cancel" {
			t.Errorf("%s has no handler", name)
		}
		if cmd.phases == 0 {
			t.Errorf("%s is allowed nowhere", name)
		}
		if _, err := codec.DecodeMessage([]byte(`{"seq":1,"type":"request","command":"` + name + `","arguments":{}}`)); err != nil {
			t.Errorf("%s can't be decoded: %v", name, err)
		}
	}
	v := reflect.ValueOf(all.Capabilities)
	for i := range v.NumField() {
		field := v.Type().Field(i).Name
		if v.Field(i).IsZero() {
			continue
		}
		owner := ""
		for name, cmd := range commands {
			var one Capabilities
			if cmd.caps != nil {
				cmd.caps(&one)
			}
			if !reflect.ValueOf(one.Capabilities).FieldByName(field).IsZero() {
				if owner != "" {
					t.Errorf("%s belongs to %s and to %s", field, owner, name)
				}
				owner = name
			}
		}
		if owner == "" {
			t.Errorf("%s belongs to no request", field)
		}
	}
}

func TestEachRequestAndWordIsDocumented(t *testing.T) {
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	extensions, readme := read("EXTENSIONS.md"), read(filepath.Join("..", "..", "README.md"))
	for _, name := range capabilities().Revexec.Requests {
		if !strings.Contains(extensions, "| `"+name+"` |") {
			t.Errorf("%s is not in EXTENSIONS.md", name)
		}
	}
	for i := range words {
		for _, name := range words[i].names {
			if !regexp.MustCompile("`" + regexp.QuoteMeta(name) + "[` ]").MatchString(readme) {
				t.Errorf("%s is not in README.md", name)
			}
		}
	}
}

func TestWordsAreFoundAndExpressionsAreNot(t *testing.T) {
	for line, want := range map[string]string{
		"rs": "reverse-step", " step ": "step", "step 5": "step", "reverse-continue 2": "reverse-continue", "seek 50%": "seek",
		"p x": "print", "info threads": "info", "where": "where",
		"step + 1": "", "next->value": "", "where.x": "", "steps": "", "": "", "finish 2": "", "next 1 2": "",
	} {
		got := ""
		if w, _, ok := findWord(line); ok {
			got = w.names[0]
		}
		if got != want {
			t.Errorf("%q: %q, expected %q", line, got, want)
		}
	}
	seen := map[string]bool{}
	for _, w := range words {
		for _, n := range w.names {
			if seen[n] {
				t.Errorf("%q stands for two words", n)
			}
			seen[n] = true
		}
		if w.help == "" || w.run == nil {
			t.Errorf("%s: no help, or nothing behind it", w.names[0])
		}
	}
}

func TestReferencesOfEarlierStopsAreToldFromWrongOnes(t *testing.T) {
	var r references
	old := r.addVars(&scope{})
	r.drop()
	now := r.addVars(&scope{})
	if _, err := r.container(now); err != nil {
		t.Error(err)
	}
	for id, want := range map[int]int{old: errStale, now + 1: errArguments, 0: errArguments, -1: errArguments} {
		_, err := r.container(id)
		if f := asFailure(err); f.id != want {
			t.Errorf("reference %d: %v", id, err)
		}
	}
}
