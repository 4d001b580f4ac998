package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/checkpoint/recording"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// newInfo builds the command that describes a recording.
func newInfo(std stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info FILE",
		Short: "Describe a recording: what was recorded, how it ended, what it holds",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := describe(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(std.out)
				e.SetIndent("", "  ")
				return e.Encode(d)
			}
			return d.write(std.out)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// description is what info tells of a recording.
type description struct {
	File    string    `json:"file"`
	Size    int64     `json:"size"` // bytes, as all sizes
	Format  int       `json:"format"`
	Tool    string    `json:"tool"`
	Created time.Time `json:"created"`

	Program string   `json:"program,omitempty"`
	Args    []string `json:"args,omitempty"`
	Arch    string   `json:"arch,omitempty"`

	Start uint64 `json:"start"` // icounts
	End   uint64 `json:"end"`
	// Ended is "exited", "killed", "stopped" (the recorder, before the program) or
	// "unknown".
	Ended    string `json:"ended"`
	ExitCode *int   `json:"exitCode,omitempty"`
	Signal   string `json:"signal,omitempty"`
	Note     string `json:"note,omitempty"`

	Damage  string `json:"damage,omitempty"`
	Problem string `json:"problem,omitempty"` // why it can't be replayed

	Checkpoints int              `json:"checkpoints"`
	Inputs      int              `json:"inputs"`
	Events      int              `json:"events"`
	Bytes       map[string]int64 `json:"bytes"` // of the file, by kind of content
	Files       []describedFile  `json:"files"`
}

type describedFile struct {
	Path string `json:"path"`
	Kind string `json:"kind"`
	Size uint64 `json:"size"`
}

func describe(path string) (*description, error) {
	r, err := recording.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	i := r.Info()
	d := &description{
		File: path, Size: i.Size, Format: i.Version, Tool: i.Tool, Created: i.Created,
		Start: i.Start, End: i.Last, Note: i.End.Text,
		Checkpoints: i.Checkpoints, Inputs: i.Inputs, Events: i.Events,
		Bytes: map[string]int64{"inputs": i.InputBytes, "checkpoints": i.CheckpointBytes, "pages": i.PageBytes, "files": i.FileBytes},
		Files: []describedFile{},
	}
	switch i.End.How {
	case recording.EndExit:
		d.Ended, d.ExitCode = "exited", &i.End.Status.Code
		if s := i.End.Status.Signal; s != 0 {
			d.Ended, d.ExitCode = "killed", nil
			d.Signal, _ = debugger.SignalName(s)
		}
	case recording.EndStopped:
		d.Ended = "stopped"
	default:
		d.Ended = "unknown"
	}
	if err := r.Damage(); err != nil {
		d.Damage = err.Error()
	}
	for _, f := range r.Files() {
		d.Files = append(d.Files, describedFile{f.Path, string(f.Kind), f.Size})
	}
	if m, err := linux.Reopen(r.Machine(), r.Log(), zerolog.Nop()); err != nil {
		d.Problem = err.Error()
	} else {
		im := m.Image()
		d.Program, d.Args, d.Arch = im.Path, im.Args, m.Arch().Name
		m.Close()
	}
	return d, nil
}

// endings say how a recording ended.
var endings = map[string]string{
	"stopped": "the recorder was stopped before the program ended",
	"unknown": "it is not known: the recorder was killed, or is still at work",
}

// write writes the description for people.
func (d *description) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	// Names come from the file, maybe a stranger's: none of them may control the terminal.
	line := func(name, format string, args ...any) {
		fmt.Fprintf(t, "%s\t%s\n", printable(name), printable(fmt.Sprintf(format, args...)))
	}
	if d.Program != "" {
		line("program", "%s (%s Linux)", d.Program, d.Arch)
		if len(d.Args) > 1 {
			line("arguments", "%s", quoted(d.Args[1:]))
		}
	}
	if d.Problem != "" {
		line("problem", "%s", d.Problem)
	}
	line("recorded", "%s by %s", d.Created.Local().Format("2006-01-02 15:04:05 MST"), d.Tool)
	line("history", "%s instructions, icount %s to %s", grouped(d.End-d.Start), grouped(d.Start), grouped(d.End))
	ended := endings[d.Ended]
	switch {
	case d.ExitCode != nil:
		ended = fmt.Sprintf("the program exited with code %d", *d.ExitCode)
	case d.Signal != "":
		ended = "the program was killed by " + d.Signal
	}
	if d.Note != "" {
		ended += " (" + d.Note + ")"
	}
	line("end", "%s", ended)
	if d.Damage != "" {
		line("damage", "%s", d.Damage)
	}
	line("contents", "%s, %s, %s", counted(d.Checkpoints, "checkpoint"), counted(d.Inputs, "input"), counted(d.Events, "event"))
	line("size", "%s: pages %s, checkpoints %s, inputs %s, files %s (format %d)", megabytes(d.Size), megabytes(d.Bytes["pages"]),
		megabytes(d.Bytes["checkpoints"]), megabytes(d.Bytes["inputs"]), megabytes(d.Bytes["files"]), d.Format)
	sources := 0
	for _, f := range d.Files {
		if f.Kind == string(recording.Source) {
			sources++
			continue
		}
		line(f.Kind, "%s (%s)", f.Path, megabytes(int64(f.Size)))
	}
	if sources > 0 {
		line("sources", "%s", counted(sources, "file"))
	}
	return t.Flush()
}

// printable writes control characters, and what is no text, as Go escapes them.
func printable(s string) string {
	var b strings.Builder
	for i, w := 0, 0; i < len(s); i += w {
		var r rune
		r, w = utf8.DecodeRuneInString(s[i:])
		if unicode.IsPrint(r) && (r != utf8.RuneError || w > 1) {
			b.WriteString(s[i : i+w])
		} else {
			q := strconv.Quote(s[i : i+w])
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return b.String()
}

// quoted writes arguments as a shell would take them, roughly.
func quoted(args []string) string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = a
		if a == "" || strings.ContainsAny(a, " \t\n\"'\\$`*?[]{}()<>|&;#~") || strconv.Quote(a) != `"`+a+`"` {
			out[i] = strconv.Quote(a)
		}
	}
	return strings.Join(out, " ")
}
