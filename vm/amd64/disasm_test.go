package amd64_test

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
)

// Real code is cut into the instructions that objdump finds.
func TestDisassemblyCutsCodeAsObjdumpDoes(t *testing.T) {
	objdump, err := exec.LookPath("objdump")
	if err != nil || runtime.GOARCH != "amd64" {
		if os.Getenv("CI") == "true" && runtime.GOARCH == "amd64" {
			t.Fatal("objdump is missing: apt-get install binutils")
		}
		t.Skip("objdump (binutils) on an amd64 host is needed")
	}
	out, err := exec.Command(objdump, "-d", "-w", objdump).Output()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(out) {
		f := strings.Split(strings.TrimSpace(string(line)), "\t")
		if len(f) < 3 {
			continue
		}
		pc, err := strconv.ParseUint(strings.TrimSuffix(f[0], ":"), 16, 64)
		if err != nil {
			continue
		}
		var code []byte
		for _, h := range strings.Fields(f[1]) {
			b, err := strconv.ParseUint(h, 16, 8)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			code = append(code, byte(b))
		}
		in := amd64.Arch.Disassemble(append(code, make([]byte, 15)...), pc)
		if in.Size != len(code) || strings.HasPrefix(in.Text, ".byte") {
			t.Errorf("%x: % x is %q, %d bytes; objdump: %q", pc, code, in.Text, in.Size, f[2])
		}
		is := func(name string) bool { return strings.Contains(" "+f[2]+" ", " "+name+" ") }
		if want := is("call"); in.Call != want {
			t.Errorf("%x: %q is a call: %v; objdump: %q", pc, in.Text, in.Call, f[2])
		}
		if want := is("ret"); in.Ret != want {
			t.Errorf("%x: %q is a return: %v; objdump: %q", pc, in.Text, in.Ret, f[2])
		}
		n++
	}
	if n < 1000 {
		t.Fatalf("only %d instructions have been compared", n)
	}
}
