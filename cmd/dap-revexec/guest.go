package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/dap-revexec/dap-revexec/adapter/records"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// guestFlags say what a guest program is started with.
type guestFlags struct {
	env     []string
	cwd     string
	sysroot string
	chaos   chaosFlag
	memory  uint32 // MB
}

func (g *guestFlags) register(f *pflag.FlagSet) {
	f.StringArrayVar(&g.env, "env", nil, "add NAME=VALUE to the program's environment; may be repeated")
	f.StringVar(&g.cwd, "cwd", "", "the program's working directory (default: the present one)")
	f.StringVar(&g.sysroot, "sysroot", "", "a directory where the program's absolute paths are looked for first: the dynamic loader and libraries of another architecture, such as /usr/riscv64-linux-gnu")
	f.Var(&g.chaos, "chaos", "schedule threads at random, to provoke what goes wrong only in rare orders of events; a run with the same number and the same input is the same, and \"random\" draws a number and tells it")
	f.Uint32Var(&g.memory, "memory", 0, "how many MB checkpoints may take, beside the program's own memory (default: a quarter of the machine's, at least 256 MiB)")
	f.SetInterspersed(false) // what follows the program is for the program
}

// history is how checkpoints are kept. What goes wrong with them is written to tell,
// unless that is nil.
func (g *guestFlags) history(tell io.Writer) checkpoint.Config {
	cfg := checkpoint.Config{MemoryCap: int64(g.memory) * 1e6}
	if tell != nil {
		cfg.Warn = func(err error) { fmt.Fprintf(tell, "dap-revexec: %v\n", err) }
	}
	return cfg
}

// config starts a machine's configuration for a command line PROGRAM ARGS…. What a
// person has to know of it is written to tell.
func (g *guestFlags) config(args []string, tell io.Writer) (linux.Config, error) {
	dir, err := filepath.Abs(g.cwd)
	if err != nil {
		return linux.Config{}, err
	}
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return linux.Config{}, fmt.Errorf("--cwd %s: not a directory", g.cwd)
	}
	path, err := filepath.Abs(args[0])
	if err != nil {
		return linux.Config{}, err
	}
	if records.IsRecording(path) {
		return linux.Config{}, fmt.Errorf("%s is a recording: replay it, or debug it with gdbserver or \"recording\" in a launch configuration", args[0])
	}
	if g.sysroot != "" {
		if st, err := os.Stat(g.sysroot); err != nil || !st.IsDir() {
			return linux.Config{}, fmt.Errorf("--sysroot %s: not a directory", g.sysroot)
		}
	}
	env := os.Environ()
	for _, kv := range g.env {
		name, _, ok := strings.Cut(kv, "=")
		if !ok || name == "" {
			return linux.Config{}, fmt.Errorf("--env %q: write NAME=VALUE", kv)
		}
		env = append(without(env, name), kv)
	}
	if g.chaos.drawn {
		fmt.Fprintf(tell, "dap-revexec: --chaos %s\n", &g.chaos)
	}
	return linux.Config{Path: path, Args: args, Env: env, Dir: dir, Sysroot: g.sysroot, Chaos: g.chaos.Chaos}, nil
}

// without removes a variable from an environment.
func without(env []string, name string) []string {
	out := env[:0:0]
	for _, kv := range env {
		if !strings.HasPrefix(kv, name+"=") {
			out = append(out, kv)
		}
	}
	return out
}
