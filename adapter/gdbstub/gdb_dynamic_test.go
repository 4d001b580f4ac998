package gdbstub

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// dynamicGuests calls f with the dynamically linked program on each architecture
// for which it can be built and debugged here.
func dynamicGuests(t *testing.T, f func(t *testing.T, st *guestStage), args ...string) {
	if testing.Short() {
		t.Skip("-short: tests with the real gdb take seconds")
	}
	for _, tc := range testdata.Toolchains() {
		t.Run(tc.Arch, func(t *testing.T) {
			t.Parallel()
			err := tc.Missing()
			if err == nil {
				_, err = exec.LookPath(tc.GDB)
			}
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
			st := &guestStage{exe: exe, gdbName: tc.GDB, sysroot: "target:"}
			st.m, err = linux.New(linux.Config{
				Path: exe, Args: append([]string{exe}, args...), Dir: filepath.Dir(exe), Sysroot: tc.Sysroot,
				Now: time.Unix(1e9, 0), Seed: [32]byte{1},
				Output: func(fd int, at uint64, p []byte) { st.server.Output(fd, at, p) },
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(st.m.Close)
			st.tl = checkpoint.New(st.m, checkpoint.Config{})
			st.server = New(Config{Timeline: st.tl, Logger: rspLog(t), Stdout: &st.out, Stderr: &st.out})
			f(t, st)
		})
	}
}

// rspLog is where the packets of a failing test go.
func rspLog(t testing.TB) zerolog.Logger {
	path := os.Getenv("REVEXEC_RSP_LOG")
	if path == "" {
		return zerolog.Nop()
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return zerolog.New(zerolog.ConsoleWriter{Out: f, NoColor: true}).Level(zerolog.TraceLevel)
}

// marked is "FILE:NN" for a marker in a source of the dynamic program.
func marked(file, marker string) string { return at("dynamic/"+file, marker)[len("dynamic/"):] }

func TestGDBSeesLibrariesAndBreaksInThem(t *testing.T) {
	dynamicGuests(t, func(t *testing.T, st *guestStage) {
		st.gdb(t,
			step{"info sharedlibrary", "ld-linux"},
			step{"set breakpoint pending on", ""},
			step{"break plugin.c:" + lineOf("dynamic/plugin.c", "work"), "pending"},
			step{"break shared_add", "Breakpoint 2 at"}, // in the linkage table, as long as there is no other
			step{"continue", "Breakpoint 2, shared_add (a=2, b=3) at\n" + marked("shared.c", "entry")},
			step{"info sharedlibrary", "libshared.so\nlibc.so.6"},
			step{"backtrace", "#0  shared_add (a=2, b=3)\n#1\nin main ("},
			step{"finish", "main (\nValue returned is $1 = 5"},
			step{"delete 2", ""},
			step{"continue", "plugin_work (n=1) at\n" + marked("plugin.c", "work")},
			step{"info sharedlibrary", "libplugin.so"},
			step{"backtrace", "#0  plugin_work (n=1)\n#1\nin with_plugin (\n#2\nin main ("},
			step{"p plugin_calls", "= 0"},
			step{"continue", "plugin_work (n=2) at\n" + marked("plugin.c", "work")},
			step{"reverse-continue", "plugin_work (n=1) at\n" + marked("plugin.c", "work")},
			step{"reverse-finish", "with_plugin\n" + marked("main.c", "plugincall")},
			step{"info proc mappings", "libplugin.so"},
		)
	})
}

func TestGDBStepsIntoLibrariesInBothDirections(t *testing.T) {
	dynamicGuests(t, func(t *testing.T, st *guestStage) {
		st.gdb(t,
			step{"break " + marked("main.c", "shared"), "Breakpoint 1"},
			step{"continue", "Breakpoint 1, main"},
			step{"step", "shared_add (a=2, b=3) at\n" + marked("shared.c", "entry")},
			step{"next", lineOf("dynamic/shared.c", "add")},
			step{"next", lineOf("dynamic/shared.c", "callinner")},
			step{"step", "inner (p="},
			step{"reverse-finish", "shared_add\n" + lineOf("dynamic/shared.c", "callinner")},
			step{"reverse-next", lineOf("dynamic/shared.c", "callinner")}, // its start
			step{"reverse-next", lineOf("dynamic/shared.c", "add")},
			step{"finish", "main"},
			step{"next", lineOf("dynamic/main.c", "again")},
			step{"reverse-next", lineOf("dynamic/main.c", "shared")},
		)
	})
}

func TestGDBFollowsExec(t *testing.T) {
	dynamicGuests(t, func(t *testing.T, st *guestStage) {
		st.gdb(t,
			step{"break main", "Breakpoint 1"},
			step{"continue", "Breakpoint 1, main (argc=2"},
			step{"continue", "is executing new program\nBreakpoint 1, main (argc=2"},
			step{"p argv[1]", "second"},
			step{"continue", "[exited with code"},
		)
	}, "again")
}
