package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// guestFlags say what a guest program is started with.
type guestFlags struct {
	env     []string
	cwd     string
	sysroot string
	chaos   chaosFlag
}

func (g *guestFlags) register(f *pflag.FlagSet) {
	f.StringArrayVar(&g.env, "env", nil, "add NAME=VALUE to the program's environment; may be repeated")
	f.StringVar(&g.cwd, "cwd", "", "the program's working directory (default: the present one)")
	f.StringVar(&g.sysroot, "sysroot", "", "a directory where the program's absolute paths are looked for first: the dynamic loader and libraries of another architecture, such as /usr/riscv64-linux-gnu")
	f.Var(&g.chaos, "chaos", "schedule threads at random, to provoke what goes wrong only in rare orders of events; a run with the same number and the same input is the same")
	f.SetInterspersed(false) // what follows the program is for the program
}

// config starts a machine's configuration for a command line PROGRAM ARGS….
func (g *guestFlags) config(args []string) (linux.Config, error) {
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
	return linux.Config{Path: path, Args: args, Env: env, Dir: dir, Sysroot: g.sysroot, Chaos: linux.Chaos(g.chaos)}, nil
}

// chaosFlag is the value of --chaos.
type chaosFlag linux.Chaos

// String implements [pflag.Value].
func (c *chaosFlag) String() string {
	if !c.On {
		return ""
	}
	return strconv.FormatUint(c.Seed, 10)
}

// Set implements [pflag.Value].
func (c *chaosFlag) Set(s string) error {
	seed, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return fmt.Errorf("%q: write a number, such as 1", s)
	}
	*c = chaosFlag{On: true, Seed: seed}
	return nil
}

// Type implements [pflag.Value]: how help calls the value.
func (c *chaosFlag) Type() string { return "SEED" }

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
