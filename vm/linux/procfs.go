package linux

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// The files that the guest kernel has itself. They are made up from the state,
// so that nothing has to be logged for them.

// special reports whether path names such a file; name is it without the guest's
// own process ID.
func (m *Machine) special(path string) (name string, is bool) {
	name = path
	for _, own := range []struct{ prefix, name string }{
		{"/proc/" + strconv.Itoa(int(m.p.pid)) + "/", "/proc/self/"}, {"/proc/thread-self/", "/proc/self/"}, {"/dev/fd/", "/proc/self/fd/"},
	} {
		if rest, ok := strings.CutPrefix(path, own.prefix); ok {
			name = own.name + rest
		}
	}
	_, device := devices[name]
	_, content := contents[name]
	return name, device || content || strings.HasPrefix(name, "/proc/self/fd/") || name == "/dev/stdin" || name == "/dev/stdout" || name == "/dev/stderr"
}

var devices = map[string]int{
	"/dev/null": devNull, "/dev/zero": devZero, "/dev/full": devFull, "/dev/random": devRandom, "/dev/urandom": devRandom,
}

// deviceNumbers are the minor numbers of the memory devices, major 1.
var deviceNumbers = [...]uint64{devNull: 3, devZero: 5, devFull: 7, devRandom: 9}

// contents makes up the content of files.
var contents map[string]func(m *Machine) string

func init() {
	contents = map[string]func(m *Machine) string{
		"/proc/self/maps":    (*Machine).procMaps,
		"/proc/self/exe":     nil, // opens the executable's bytes
		"/proc/self/auxv":    func(m *Machine) string { return string(m.p.mm.image.Auxv) },
		"/proc/self/cmdline": func(m *Machine) string { return strings.Join(m.p.mm.image.Args, "\x00") + "\x00" },
		"/proc/self/comm":    func(m *Machine) string { return m.st.leader(m.p).name + "\n" },
		"/proc/self/stat":    (*Machine).procStat,
		"/proc/self/status":  (*Machine).procStatus,
		"/proc/cpuinfo":      (*Machine).procCPUInfo,
		"/proc/meminfo": func(m *Machine) string {
			return fmt.Sprintf("MemTotal: %d kB\nMemFree: %d kB\n", m.totalRAM()>>10, m.totalRAM()>>10)
		},
		"/proc/sys/vm/overcommit_memory":                     func(*Machine) string { return "1\n" },
		"/proc/sys/kernel/pid_max":                           func(*Machine) string { return "32768\n" },
		"/sys/devices/system/cpu/online":                     (*Machine).cpuRange,
		"/sys/devices/system/cpu/possible":                   (*Machine).cpuRange,
		"/sys/kernel/mm/transparent_hugepage/enabled":        func(*Machine) string { return "always madvise [never]\n" },
		"/sys/kernel/mm/transparent_hugepage/hpage_pmd_size": func(*Machine) string { return "2097152\n" },
	}
}

func (m *Machine) cpuRange() string {
	if m.ncpu == 1 {
		return "0\n"
	}
	return fmt.Sprintf("0-%d\n", m.ncpu-1)
}

func (m *Machine) procMaps() string {
	var b strings.Builder
	for _, v := range m.mem.VMAs() {
		flags := []byte("---p")
		for i, p := range []mem.Prot{mem.Read, mem.Write, mem.Exec} {
			if v.Prot&p != 0 {
				flags[i] = "rwx"[i]
			}
		}
		off, ino := uint64(0), 0
		if v.Name != "" && v.Name[0] == '/' {
			off, ino = v.Offset, 1
		}
		line := fmt.Sprintf("%x-%x %s %08x 00:00 %d", v.Start, v.End, flags, off, ino)
		if v.Name != "" {
			line = fmt.Sprintf("%-73s%s", line, v.Name)
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

func (m *Machine) procStat() string {
	return fmt.Sprintf("%d (%s) R 1 %d %d 0 -1 0 0 0 0 0 %d 0 0 0 20 0 %d 0 0 0 %d%s\n",
		pid, m.st.leader(m.p).name, pid, pid, m.c.Icount/(second/clockTick), len(m.st.threads), m.mem.Pages(), strings.Repeat(" 0", 28))
}

func (m *Machine) procStatus() string {
	return fmt.Sprintf("Name:\t%s\nState:\tR (running)\nTgid:\t%d\nPid:\t%d\nPPid:\t1\nTracerPid:\t0\nUid:\t%d\t%[4]d\t%[4]d\t%[4]d\nGid:\t%[4]d\t%[4]d\t%[4]d\t%[4]d\nVmRSS:\t%d kB\nThreads:\t%d\n",
		m.st.leader(m.p).name, pid, pid, guestUID, m.mem.Pages()*4, len(m.st.threads))
}

func (m *Machine) procCPUInfo() string {
	var b strings.Builder
	for i := range m.ncpu {
		b.WriteString(m.arch.cpuInfo(i))
	}
	return b.String()
}

// fdPath parses /proc/self/fd/N and the /dev names of the standard streams.
func (m *Machine) fdPath(name string) (*desc, bool) {
	switch name {
	case "/dev/stdin":
		name = "/proc/self/fd/0"
	case "/dev/stdout":
		name = "/proc/self/fd/1"
	case "/dev/stderr":
		name = "/proc/self/fd/2"
	}
	rest, ok := strings.CutPrefix(name, "/proc/self/fd/")
	if !ok {
		return nil, false
	}
	n, err := strconv.ParseUint(rest, 10, 31)
	if err != nil {
		return nil, true
	}
	if f := m.p.slot(n); f != nil {
		return m.st.descs[f.desc], true
	}
	return nil, true
}

// openSpecial fills in d for the special file of that name.
func (m *Machine) openSpecial(d *desc, name string) int64 {
	if dev, ok := devices[name]; ok {
		d.kind, d.stream, d.mode = kindDevice, dev, modeChar|0o666
		return 0
	}
	if of, ok := m.fdPath(name); ok {
		switch {
		case of == nil:
			return -eNOENT
		case of.kind == kindStdin || of.kind == kindOutput || of.kind == kindDevice:
			d.kind, d.stream, d.mode = of.kind, of.stream, of.mode
			return 0
		case of.kind == kindPipeIn || of.kind == kindPipeOut:
			d.kind, d.pipe, d.mode, d.path = of.kind, of.pipe, of.mode, of.path
			return 0
		}
		return -eACCES // reopening what is not a stream
	}
	d.kind, d.mode = kindContent, modeFile|0o444
	if name == "/proc/self/exe" {
		d.content = m.p.mm.exe
	} else {
		d.content = []byte(contents[name](m))
	}
	return 0
}

// specialLink is the target of one of the kernel's symbolic links.
func (m *Machine) specialLink(path string) (target string, bad int64, is bool) {
	name, ok := m.special(path)
	switch {
	case path == "/proc/self":
		return strconv.Itoa(int(m.p.pid)), 0, true
	case name == "/proc/self/exe":
		return m.p.mm.image.Path, 0, true
	case name == "/proc/self/cwd":
		return m.p.cwd, 0, true
	case !ok && strings.HasPrefix(path, "/proc/"):
		return "", -eNOENT, true
	case !ok:
		return "", 0, false
	}
	if d, ok := m.fdPath(name); ok {
		if d == nil {
			return "", -eNOENT, true
		}
		return d.path, 0, true
	}
	return "", -eINVAL, true // not a link
}
