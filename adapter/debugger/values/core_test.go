package values

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// core is a process of the host that stands still: the memory and the registers
// in its core file, and what of its memory is only in the executable.
type core struct {
	parts []corePart
	regs  [27]uint64 // struct user_regs_struct
}

type corePart struct {
	addr uint64
	data []byte
}

func (c *core) ReadMemory(addr uint64, p []byte) int {
	n := 0
	for n < len(p) {
		got := 0
		for _, part := range c.parts {
			if off := addr + uint64(n) - part.addr; off < uint64(len(part.data)) {
				got = copy(p[n:], part.data[off:])
				break
			}
		}
		if got == 0 {
			break
		}
		n += got
	}
	return n
}

// coreRegs are where user_regs_struct has the registers, by DWARF number.
var coreRegs = [...]int{10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0, 16}

func (c *core) Reg(dwarf int) (uint64, bool) {
	if dwarf < 0 || dwarf >= len(coreRegs) {
		return 0, false
	}
	return c.regs[coreRegs[dwarf]], true
}

// readCore reads a core file of x86-64 Linux and the executable that made it,
// which has to be one that is not relocated.
func readCore(t testing.TB, file, exe []byte) *core {
	t.Helper()
	c := &core{}
	for _, b := range [][]byte{file, exe} {
		f, err := elf.NewFile(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range f.Progs {
			data := make([]byte, p.Filesz)
			if _, err := p.ReadAt(data, 0); err != nil && p.Filesz > 0 {
				t.Fatal(err)
			}
			switch p.Type {
			case elf.PT_LOAD:
				c.parts = append(c.parts, corePart{p.Vaddr, data})
			case elf.PT_NOTE:
				if f.Type == elf.ET_CORE {
					c.notes(data)
				}
			}
		}
	}
	return c
}

// notes finds the registers, at byte 112 of the first NT_PRSTATUS.
func (c *core) notes(data []byte) {
	word := binary.LittleEndian.Uint32
	for len(data) >= 12 {
		name, size, kind := (word(data)+3)&^3, (word(data[4:])+3)&^3, word(data[8:])
		desc := data[12+name:][:size]
		if kind == 1 {
			for i := range c.regs {
				c.regs[i] = binary.LittleEndian.Uint64(desc[112+8*i:])
			}
			return
		}
		data = data[12+name+size:]
	}
}

// hostAt runs an executable of the host to a line, under gdb.
func hostAt(t testing.TB, exe, source string, line int) *Context {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the host is not x86-64 Linux")
	}
	gdb := needTool(t, "gdb")
	path := filepath.Join(t.TempDir(), "core")
	cmd := exec.Command(gdb, "-nx", "-batch", "-ex", "set confirm off", "-ex", fmt.Sprintf("break %s:%d", source, line), "-ex", "run", "-ex", "gcore "+path, "-ex", "kill", exe)
	timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer timer.Stop()
	out, _ := cmd.CombinedOutput()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	prog, err := symbols.Load(exe, 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	c := readCore(t, file, b)
	pc, _ := c.Reg(16)
	return &Context{Prog: prog, Mem: c, Frame: prog.Innermost(pc, c, c)}
}
