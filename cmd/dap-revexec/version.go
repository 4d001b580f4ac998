package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// guests are the programs that can be run.
var guests = []string{
	"x86-64 (level v2) Linux executables, dynamically or statically linked",
	"riscv64 (RV64GC) Linux executables, dynamically or statically linked",
}

func newVersion(std stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Tell the version, and what can be debugged",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := fmt.Fprint(std.out, version())
			return err
		},
	}
}

func version() string {
	var b strings.Builder
	name := "(devel)"
	var extra []string
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			name = info.Main.Version
		}
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				extra = append(extra, "commit "+s.Value)
			case s.Key == "vcs.time":
				extra = append(extra, s.Value)
			case s.Key == "vcs.modified" && s.Value == "true":
				extra = append(extra, "with changes")
			}
		}
	}
	fmt.Fprintf(&b, "dap-revexec %s", name)
	if len(extra) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(extra, ", "))
	}
	fmt.Fprintf(&b, "\n%s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, g := range guests {
		fmt.Fprintf(&b, "guests: %s\n", g)
	}
	return b.String()
}
