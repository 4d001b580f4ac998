package dap

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// launchArguments are the arguments of launch. Unknown ones are ignored: editors
// add their own.
type launchArguments struct {
	Program     string             `json:"program"`
	Args        []string           `json:"args"`
	Env         map[string]*string `json:"env"`        // added to the adapter's; null removes a variable
	InheritEnv  *bool              `json:"inheritEnv"` // default true
	Cwd         string             `json:"cwd"`
	StopOnEntry bool               `json:"stopOnEntry"`
	Sysroot     string             `json:"sysroot"` // where the program's libraries are looked for first
	Chaos       *uint64            `json:"chaos"`   // seed of a random schedule; none: threads run in turn
	Memory      uint32             `json:"memory"`  // what checkpoints may take, MB; 0: the default
	NoDebug     bool               `json:"noDebug"`
	Stdin       *stdinArgument     `json:"stdin"`
	Console     string             `json:"console"` // where the program reads and writes; see console.go
	SourceMap   sourceMap          `json:"sourceMap"`
	SourcePaths []string           `json:"sourcePaths"`
	Log         *logArgument       `json:"log"`
	Record      *recordArgument    `json:"record"`    // record the session
	Recording   string             `json:"recording"` // debug that, not a program
	Position    string             `json:"position"`  // where to go at first, in a recording
	MomentURI   string             `json:"momentUri"` // "scheme:" of the sources of output events

	// WordsEverywhere takes words in every evaluate request: some clients do not say
	// that an expression was typed.
	WordsEverywhere bool `json:"wordsEverywhere"`
}

// recordArgument is a file's path, or {"file": …, "last": …, "sources": …,
// "debugInfo": …}.
type recordArgument struct {
	File      string `json:"file"`
	Last      uint64 `json:"last"` // instructions; 0: all
	Sources   bool   `json:"sources"`
	DebugInfo bool   `json:"debugInfo"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *recordArgument) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &a.File) == nil {
		return nil
	}
	type plain recordArgument
	if err := json.Unmarshal(b, (*plain)(a)); err != nil || a.File == "" {
		return badArgument(`launch: record: write a file's path, or {"file": "path", "last": instructions, "sources": true, "debugInfo": true}`)
	}
	return nil
}

// stdinArgument is a file's path, or {"text": "…"} or {"file": "…"}.
type stdinArgument struct {
	File string
	Text *string
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *stdinArgument) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &a.File) == nil {
		return nil
	}
	var o struct {
		File string  `json:"file"`
		Text *string `json:"text"`
	}
	if err := json.Unmarshal(b, &o); err != nil || (o.File == "") == (o.Text == nil) {
		return badArgument(`launch: stdin: write a file's path, or {"text": "…"} for the input itself`)
	}
	a.File, a.Text = o.File, o.Text
	return nil
}

// logArgument is a file's path, "stderr", or true for "stderr".
type logArgument struct{ To string }

// UnmarshalJSON implements json.Unmarshaler.
func (a *logArgument) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &a.To) == nil {
		return nil
	}
	var on bool
	if err := json.Unmarshal(b, &on); err != nil {
		return badArgument(`launch: log: write a file's path, "stderr", true or false`)
	}
	if on {
		a.To = "stderr"
	}
	return nil
}

func parseLaunch(raw json.RawMessage) (*launchArguments, error) {
	var a launchArguments
	if err := json.Unmarshal(raw, &a); err != nil {
		f := decodeFailure(err)
		if own, ok := err.(*failure); ok {
			f = own
		}
		if !strings.HasPrefix(f.text, "launch: ") {
			f.text = "launch: " + f.text
		}
		return nil, f
	}
	switch {
	case a.Program == "" && a.Recording == "":
		return nil, badArgument(`launch: the argument "program" is empty: write the path of an x86-64 or riscv64 Linux executable, or that of a recording as "recording"`)
	case a.Recording != "" && a.Record != nil:
		return nil, badArgument(`launch: the arguments "record" and "recording" exclude each other: a recording is one already (the word save makes a part of it another one)`)
	case a.Position != "" && a.Recording == "":
		return nil, badArgument(`launch: the argument "position" is for recordings: a program starts at its start`)
	}
	if err := a.checkConsole(); err != nil {
		return nil, err
	}
	if a.MomentURI != "" && !momentURI.MatchString(a.MomentURI) {
		return nil, badArgument(`launch: momentUri: %.60q: write a URI's scheme, such as "moment:"`, a.MomentURI)
	}
	named := []string{a.Program, a.Cwd, a.Sysroot, a.Recording}
	if a.Record != nil {
		named = append(named, a.Record.File)
	}
	for _, s := range slices.Concat(named, a.Args, a.SourcePaths) {
		if strings.ContainsRune(s, 0) {
			return nil, badArgument("launch: %q contains a zero byte", s)
		}
	}
	if a.Cwd != "" {
		if st, err := os.Stat(a.Cwd); err != nil || !st.IsDir() {
			return nil, badArgument("launch: cwd: %s: not a directory", a.Cwd)
		}
	}
	if root := a.sysroot(); root != "" {
		if st, err := os.Stat(root); err != nil || !st.IsDir() {
			return nil, badArgument("launch: sysroot: %s: not a directory", a.Sysroot)
		}
	}
	return &a, nil
}

// momentURI is what the argument momentUri may be: a scheme (RFC 3986, 3.1) of more than
// a drive's letter, and what may come before a path.
var momentURI = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:(//[A-Za-z0-9._-]*)?$`)

// history is how checkpoints are kept.
func (a *launchArguments) history(o machineOptions) checkpoint.Config {
	cfg := checkpoint.Config{Progress: o.progress, Warn: o.warn, MemoryCap: int64(a.Memory) * 1e6}
	if a.Record != nil {
		cfg.Warn = nil // the recorder tells the same, and what is in the recording
	}
	return cfg
}

// chaos is how threads are scheduled.
func (a *launchArguments) chaos() linux.Chaos {
	if a.Chaos == nil {
		return linux.Chaos{}
	}
	return linux.Chaos{On: true, Seed: *a.Chaos}
}

// sysroot is the absolute path of the sysroot, empty without one.
func (a *launchArguments) sysroot() string {
	if a.Sysroot == "" {
		return ""
	}
	return a.absolute(a.Sysroot)
}

// dir is the program's working directory, absolute.
func (a *launchArguments) dir() string {
	dir, err := filepath.Abs(a.Cwd)
	if err != nil {
		return a.Cwd
	}
	return dir
}

// path is the program's absolute path.
func (a *launchArguments) path() string { return a.absolute(a.Program) }

// absolute makes a path absolute that may be relative to the working directory.
func (a *launchArguments) absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(a.dir(), path)
}

// title is what to call that which is debugged.
func (a *launchArguments) title() string {
	if a.Recording != "" {
		return a.Recording
	}
	return a.Program
}

// environment is the program's environment.
func (a *launchArguments) environment() []string {
	var env []string
	if a.InheritEnv == nil || *a.InheritEnv {
		env = os.Environ()
	}
	env = slices.DeleteFunc(env, func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		_, set := a.Env[name]
		return set
	})
	for name, value := range a.Env {
		if value != nil {
			env = append(env, name+"="+*value)
		}
	}
	slices.Sort(env) // the guest sees it: not in the order of a Go map
	return env
}

// stdin opens the program's standard input.
func (a *launchArguments) stdin() (io.Reader, io.Closer, error) {
	switch {
	case a.Stdin == nil:
		return nil, nil, nil
	case a.Stdin.Text != nil:
		return strings.NewReader(*a.Stdin.Text), nil, nil
	}
	path := a.absolute(a.Stdin.File)
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fail(errLaunch, "stdin: %v", err)
	}
	if st, err := f.Stat(); err != nil || st.IsDir() {
		f.Close()
		return nil, nil, fail(errLaunch, "stdin: %s: a directory", path)
	}
	return f, f, nil
}

// openLog opens the log that a launch configuration asks for, beside the
// session's own.
func openLog(to string) (zerolog.Logger, io.Closer, error) {
	if to == "stderr" {
		return zerolog.New(os.Stderr).With().Timestamp().Logger(), nil, nil
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return zerolog.Nop(), nil, fail(errLaunch, "log: %v", err)
	}
	return zerolog.New(f).With().Timestamp().Logger(), f, nil
}

// sourceMap is a list of replacements for the beginnings of recorded paths:
// {"from": "to"}, [["from", "to"]] or [{"from": …, "to": …}].
type sourceMap [][2]string

// UnmarshalJSON implements json.Unmarshaler.
func (m *sourceMap) UnmarshalJSON(b []byte) error {
	bad := badArgument(`launch: sourceMap: write {"recorded path": "path here"}, or a list of such pairs`)
	if string(b) == "null" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	t, err := d.Token()
	switch {
	case err != nil:
		return bad
	case t == json.Delim('{'):
		// In the order written: the first that fits is taken.
		for d.More() {
			from, err := d.Token()
			if err != nil {
				return bad
			}
			var to string
			if d.Decode(&to) != nil {
				return bad
			}
			*m = append(*m, [2]string{fmt.Sprint(from), to})
		}
		return nil
	case t != json.Delim('['):
		return bad
	}
	var rows []json.RawMessage
	if json.Unmarshal(b, &rows) != nil {
		return bad
	}
	for _, row := range rows {
		var pair []string
		var object struct{ From, To string }
		switch {
		case json.Unmarshal(row, &pair) == nil && len(pair) == 2:
			*m = append(*m, [2]string{pair[0], pair[1]})
		case json.Unmarshal(row, &object) == nil && object.From != "":
			*m = append(*m, [2]string{object.From, object.To})
		default:
			return bad
		}
	}
	return nil
}
