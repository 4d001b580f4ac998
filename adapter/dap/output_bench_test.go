package dap

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
)

// BenchmarkOutput is a Go program that prints lines, to a client that takes them as
// they come. "bare" is without telling which line of the program printed.
func BenchmarkOutput(b *testing.B) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "riscv64" {
		b.Skip("needs a machine whose programs can be debugged")
	}
	dir := b.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module prints\n\ngo 1.26\n",
		"main.go": `package main

import "fmt"

func say(n int) { fmt.Println("line", n, "of many") }

func main() {
	for n := 0; n < 20000; n++ {
		say(n)
	}
}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-gcflags=all=-N -l", "-o", "prints", ".")
	build.Dir, build.Env = dir, append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Skipf("go build: %v\n%s", err, out)
	}
	for _, bare := range []bool{false, true} {
		name := "line"
		if bare {
			name = "bare"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s := newSession(Config{})
				s.launched = &launchArguments{Program: filepath.Join(dir, "prints"), Cwd: dir, NoDebug: bare}
				p, err := openProgram(b.Context(), s.launched, machineOptions{output: s.programOutput})
				if err != nil {
					b.Fatal(err)
				}
				s.prog = p
				s.sources.reset(s.launched, s.launched.Program, nil)
				go s.out.write(io.Discard, func(error) {})
				b.StartTimer()
				ev, err := p.dbg.Move(b.Context(), debugger.Motion{Verb: debugger.Continue})
				b.StopTimer()
				if err != nil || ev.Reason != debugger.ReasonEnd {
					b.Fatal(ev, err)
				}
				s.out.close()
				<-s.out.done
				p.close()
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20000, "ns/line")
		})
	}
}
