package linux

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// The files that the guest kernel has itself. They are made up from the state,
// so that nothing has to be logged for them.

// special is the name of a file that the guest kernel has itself.
type special struct {
	p    *process // whose directory of /proc it is in; nil: in none's
	name string   // its path below that directory; else the whole path
}

// special reports whether path names a file that the guest kernel has itself, and
// which.
func (m *Machine) special(path string) (x special, is bool) {
	if p, rest, ok := m.inProc(path); ok {
		if p == nil {
			return special{}, false
		}
		x = special{p, rest}
		_, file := processFiles[rest]
		return x, file || rest == "exe" || strings.HasPrefix(rest, "fd/") || m.procDir(x) != nil
	}
	x.name = path
	_, device := devices[path]
	_, file := systemFiles[path]
	return x, device || file || path == "/proc" || path == ttyControllingPath || path == ttyPath && m.st.tty != nil
}

// otherNames are other names for directories and files of the process's own.
var otherNames = []struct{ prefix, of string }{
	{"/proc/self", ""}, {"/proc/thread-self", ""}, {"/proc/mounts", "mounts"}, {"/etc/mtab", "mounts"}, {"/dev/fd", "fd"},
	{"/dev/stdin", "fd/0"}, {"/dev/stdout", "fd/1"}, {"/dev/stderr", "fd/2"},
}

// inProc reports whether path is one in the directory of a process: of p, nil if
// there is no such process. rest is the path below it, empty for itself.
func (m *Machine) inProc(path string) (p *process, rest string, is bool) {
	for _, o := range otherNames {
		if tail, ok := strings.CutPrefix(path, o.prefix); ok && (tail == "" || tail[0] == '/') {
			return m.p, strings.TrimPrefix(o.of+tail, "/"), true
		}
	}
	tail, ok := strings.CutPrefix(path, "/proc/")
	if !ok {
		return nil, "", false
	}
	first, rest, _ := strings.Cut(tail, "/")
	id, err := strconv.ParseUint(first, 10, 31)
	if err != nil {
		return nil, "", false
	}
	p = m.processOf(vm.ThreadID(id))
	// task/TID shows what the process shows.
	if after, ok := strings.CutPrefix(rest, "task/"); ok && p != nil {
		tid, below, _ := strings.Cut(after, "/")
		if n, err := strconv.ParseUint(tid, 10, 31); err == nil && m.processOf(vm.ThreadID(n)) == p {
			rest = below
		}
	}
	return p, rest, true
}

var devices = map[string]int{
	"/dev/null": devNull, "/dev/zero": devZero, "/dev/full": devFull, "/dev/random": devRandom, "/dev/urandom": devRandom,
}

// deviceNumbers are the minor numbers of the memory devices, major 1.
var deviceNumbers = [...]uint64{devNull: 3, devZero: 5, devFull: 7, devRandom: 9}

// systemFiles make up the content of files that belong to no process.
var systemFiles map[string]func(m *Machine) string

// processFiles make up the content of the files in a process's directory of
// /proc. Most are empty when the process has ended.
var processFiles map[string]func(m *Machine, p *process) string

func init() {
	systemFiles = map[string]func(m *Machine) string{
		"/proc/cpuinfo": (*Machine).procCPUInfo,
		"/proc/meminfo": (*Machine).procMemInfo,
		"/proc/uptime": func(m *Machine) string {
			s := float64(m.now()) / second
			return fmt.Sprintf("%.2f %.2f\n", s, s-float64(m.c.Icount)/second)
		},
		"/proc/loadavg": func(m *Machine) string {
			return fmt.Sprintf("0.00 0.00 0.00 1/%d %d\n", len(m.st.threads), m.st.lastTID)
		},
		"/proc/stat":                                         (*Machine).procSystemStat,
		"/proc/version":                                      func(*Machine) string { return "Linux version " + release + " (revexec) #1 SMP\n" },
		"/proc/filesystems":                                  fixed("nodev\tproc\n\text4\n"),
		"/proc/sys/kernel/osrelease":                         fixed(release + "\n"),
		"/proc/sys/kernel/ostype":                            fixed("Linux\n"),
		"/proc/sys/kernel/hostname":                          fixed("revexec\n"),
		"/proc/sys/kernel/pid_max":                           fixed("32768\n"),
		"/proc/sys/kernel/ngroups_max":                       fixed("65536\n"),
		"/proc/sys/kernel/cap_last_cap":                      fixed("40\n"),
		"/proc/sys/kernel/randomize_va_space":                fixed("0\n"),
		"/proc/sys/kernel/yama/ptrace_scope":                 fixed("1\n"),
		"/proc/sys/fs/pipe-max-size":                         fixed("65536\n"),
		"/proc/sys/fs/file-max":                              fixed("1024\n"),
		"/proc/sys/net/core/somaxconn":                       fixed("4096\n"),
		"/proc/sys/vm/overcommit_memory":                     fixed("1\n"),
		"/proc/sys/vm/max_map_count":                         fixed(strconv.Itoa(maxVMAs) + "\n"),
		"/sys/devices/system/cpu/online":                     (*Machine).cpuRange,
		"/sys/devices/system/cpu/possible":                   (*Machine).cpuRange,
		"/sys/devices/system/cpu/present":                    (*Machine).cpuRange,
		"/sys/devices/system/node/online":                    fixed("0\n"),
		"/sys/kernel/mm/transparent_hugepage/enabled":        fixed("always madvise [never]\n"),
		"/sys/kernel/mm/transparent_hugepage/hpage_pmd_size": fixed("2097152\n"),
	}
	processFiles = map[string]func(m *Machine, p *process) string{
		"maps":    (*Machine).procMaps,
		"auxv":    alive(func(_ *Machine, p *process) string { return string(p.mm.image.Auxv) }),
		"cmdline": alive(func(_ *Machine, p *process) string { return strings.Join(p.mm.image.Args, "\x00") + "\x00" }),
		"comm":    func(m *Machine, p *process) string { return m.comm(p) + "\n" },
		"environ": alive(func(_ *Machine, p *process) string {
			var b strings.Builder
			for _, v := range p.mm.env {
				b.WriteString(v + "\x00")
			}
			return b.String()
		}),
		"stat":   (*Machine).procStat,
		"statm":  (*Machine).procStatm,
		"cgroup": func(*Machine, *process) string { return "0::/\n" },
		"limits": (*Machine).procLimits,
		"mounts": func(*Machine, *process) string { return mounts },
		"mountinfo": func(*Machine, *process) string {
			return "1 1 8:1 / / rw,relatime - ext4 /dev/root rw\n2 1 0:2 / /proc rw,relatime - proc proc rw\n3 1 0:3 / /dev rw - devtmpfs devtmpfs rw\n"
		},
		"oom_score_adj": func(*Machine, *process) string { return "0\n" },
		"loginuid":      func(*Machine, *process) string { return "4294967295" },
		"status":        (*Machine).procStatus,
	}
}

// fixed is a file that always says the same.
func fixed(text string) func(*Machine) string { return func(*Machine) string { return text } }

// mounts is the table of what is mounted, as /proc/PID/mounts has it.
const mounts = "/dev/root / ext4 rw,relatime 0 0\nproc /proc proc rw,relatime 0 0\ndevtmpfs /dev devtmpfs rw 0 0\n"

func (m *Machine) procSystemStat() string {
	var b strings.Builder
	ticks := m.c.Icount / (second / clockTick)
	fmt.Fprintf(&b, "cpu  %d 0 0 0 0 0 0 0 0 0\n", ticks)
	for i := range m.ncpu {
		fmt.Fprintf(&b, "cpu%d %d 0 0 0 0 0 0 0 0 0\n", i, ticks/uint64(m.ncpu))
	}
	fmt.Fprintf(&b, "btime %d\nprocesses %d\nprocs_running 1\nprocs_blocked 0\n", m.st.boot/second, m.st.lastTID-pid+1)
	return b.String()
}

// alive is a file that is empty when its process has ended.
func alive(f func(m *Machine, p *process) string) func(m *Machine, p *process) string {
	return func(m *Machine, p *process) string {
		if p.ended() {
			return ""
		}
		return f(m, p)
	}
}

// comm is the name of p's first thread.
func (m *Machine) comm(p *process) string {
	if p.ended() {
		return p.name
	}
	return m.st.leader(p).name
}

// usage is p's mappings, and how many pages it uses.
func (m *Machine) usage(p *process) (vmas []mem.VMA, pages int) {
	if p.ended() {
		return nil, 0
	}
	space := m.realms[p.mm.id].mem
	return space.VMAs(), space.Pages()
}

// procDir lists a directory; nil: it is none.
func (m *Machine) procDir(x special) []dirEntry {
	const dir, link, file = modeDir >> 12, modeLink >> 12, modeFile >> 12
	out := []dirEntry{{1, dir, "."}, {1, dir, ".."}}
	add := func(typ byte, names ...string) {
		for _, n := range names {
			out = append(out, dirEntry{1, typ, n})
		}
	}
	switch {
	case x.p == nil && x.name == "/proc":
		for _, p := range m.st.procs {
			add(dir, strconv.Itoa(int(p.pid)))
		}
		add(link, "self", "thread-self")
		add(file, "cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "uptime")
	case x.p == nil:
		return nil
	case x.name == "":
		add(dir, "fd", "task")
		add(link, "cwd", "exe", "root")
		add(file, slices.Sorted(maps.Keys(processFiles))...)
	case x.name == "fd":
		for fd, f := range x.p.fds {
			if f.desc >= 0 {
				add(link, strconv.Itoa(fd))
			}
		}
	case x.name == "task":
		for _, t := range m.st.threadsOf(x.p) {
			add(dir, strconv.Itoa(int(t.id)))
		}
	default:
		return nil
	}
	return out
}

func (m *Machine) cpuRange() string {
	if m.ncpu == 1 {
		return "0\n"
	}
	return fmt.Sprintf("0-%d\n", m.ncpu-1)
}

func (m *Machine) procMaps(p *process) string {
	var b strings.Builder
	vmas, _ := m.usage(p)
	for _, v := range vmas {
		flags := []byte("---p")
		if v.Shared != 0 {
			flags[3] = 's'
		}
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

// procState is the letter for what p is doing.
func (m *Machine) procState(p *process) string {
	switch {
	case p.ended():
		return "Z"
	case p == m.p:
		return "R"
	}
	for _, t := range m.st.threadsOf(p) {
		if !t.blocked() {
			return "R"
		}
	}
	return "S"
}

func (m *Machine) procStat(p *process) string {
	const tick = second / clockTick
	vmas, pages := m.usage(p)
	var size uint64
	for _, v := range vmas {
		size += v.End - v.Start
	}
	tty, fore := 0, vm.ThreadID(-1)
	if y := m.st.tty; y.controls(p) {
		tty, fore = ttyNumber, y.pgrp
	}
	return fmt.Sprintf("%d (%s) %s %d %d %d %d %d 0 0 0 0 0 %d 0 %d 0 20 0 %d 0 %d %d %d%s\n",
		p.pid, m.comm(p), m.procState(p), p.ppid, p.pgid, p.sid, tty, fore, m.processTime(p)/tick, p.childCPU/tick,
		len(m.st.threadsOf(p)), p.born/tick, size, pages, strings.Repeat(" 0", 28))
}

func (m *Machine) procStatm(p *process) string {
	vmas, pages := m.usage(p)
	var size uint64
	for _, v := range vmas {
		size += (v.End - v.Start) / mem.PageSize
	}
	return fmt.Sprintf("%d %d 0 0 0 0 0\n", size, pages)
}

var stateNames = map[string]string{"R": "R (running)", "S": "S (sleeping)", "Z": "Z (zombie)"}

func (m *Machine) procStatus(p *process) string {
	_, pages := m.usage(p)
	var ignored, caught, blocked uint64
	for sig := 1; sig <= numSignals; sig++ {
		switch p.actions[sig].handler {
		case sigDFL:
		case sigIGN:
			ignored |= bit(sig)
		default:
			caught |= bit(sig)
		}
	}
	if t := m.st.leader(p); t != nil {
		blocked = t.mask
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Name:\t%s\nUmask:\t%04o\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%[4]d\nPPid:\t%d\nTracerPid:\t0\n",
		m.comm(p), p.umask, stateNames[m.procState(p)], p.pid, p.ppid)
	fmt.Fprintf(&b, "Uid:\t%d\t%[1]d\t%[1]d\t%[1]d\nGid:\t%d\t%[2]d\t%[2]d\t%[2]d\nFDSize:\t%d\nGroups:\t\n", m.st.uid, m.st.gid, len(p.fds))
	fmt.Fprintf(&b, "VmRSS:\t%8d kB\nThreads:\t%d\n", pages*4, len(m.st.threadsOf(p)))
	fmt.Fprintf(&b, "SigBlk:\t%016x\nSigIgn:\t%016x\nSigCgt:\t%016x\n", blocked, ignored, caught)
	return b.String()
}

// limitNames are the resources as /proc/PID/limits calls them, by number.
var limitNames = [numLimits][2]string{
	{"cpu time", "seconds"}, {"file size", "bytes"}, {"data size", "bytes"}, {"stack size", "bytes"},
	{"core file size", "bytes"}, {"resident set", "bytes"}, {"processes", "processes"}, {"open files", "files"},
	{"locked memory", "bytes"}, {"address space", "bytes"}, {"file locks", "locks"}, {"pending signals", "signals"},
	{"msgqueue size", "bytes"}, {"nice priority", ""}, {"realtime priority", ""}, {"realtime timeout", "us"},
}

func (m *Machine) procLimits(p *process) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units")
	value := func(n uint64) string {
		if n == unlimited {
			return "unlimited"
		}
		return strconv.FormatUint(n, 10)
	}
	for i, l := range p.limits {
		fmt.Fprintf(&b, "%-25s %-20s %-20s %-10s\n", "Max "+limitNames[i][0], value(l[0]), value(l[1]), limitNames[i][1])
	}
	return b.String()
}

func (m *Machine) procMemInfo() string {
	total := m.totalRAM() >> 10
	free := total - min(total, uint64(m.pages())*4)
	return fmt.Sprintf("MemTotal: %d kB\nMemFree: %d kB\nMemAvailable: %[2]d kB\nBuffers: 0 kB\nCached: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n", total, free)
}

func (m *Machine) procCPUInfo() string {
	var b strings.Builder
	for i := range m.ncpu {
		b.WriteString(m.arch.cpuInfo(i))
	}
	return b.String()
}

// throughProc is the path of what lies behind one of the links to directories that
// a process has in /proc; path itself, if it does not go through one.
func (m *Machine) throughProc(path string) string {
	p, rest, is := m.inProc(path)
	if !is || p == nil {
		return path
	}
	link, below, ok := strings.Cut(rest, "/")
	switch {
	case ok && link == "root":
		return "/" + below
	case ok && link == "cwd":
		return strings.TrimSuffix(p.cwd, "/") + "/" + below
	case ok && link == "fd":
		if fd, below, ok := strings.Cut(below, "/"); ok {
			if d, _ := m.fdPath(special{p, "fd/" + fd}); d != nil && d.mode&modeType == modeDir {
				return strings.TrimSuffix(d.path, "/") + "/" + below
			}
		}
	}
	return path
}

// behindFD is the path of the host file that p, a link of an open file in /proc,
// leads to; p itself, if it is none.
func (m *Machine) behindFD(p string) string {
	if x, is := m.special(path.Clean(p)); is {
		if d, _ := m.fdPath(x); d != nil && d.kind == kindHost {
			return d.path
		}
	}
	return p
}

// fdPath tells the open file that x, fd/N of a process, stands for: nil if there
// is none.
func (m *Machine) fdPath(x special) (*desc, bool) {
	rest, ok := strings.CutPrefix(x.name, "fd/")
	if x.p == nil || !ok {
		return nil, false
	}
	n, err := strconv.ParseUint(rest, 10, 31)
	if err != nil {
		return nil, true
	}
	if f := x.p.slot(n); f != nil {
		return m.st.descs[f.desc], true
	}
	return nil, true
}

// openSpecial fills in d for the special file x.
func (m *Machine) openSpecial(d *desc, x special) int64 {
	if of, ok := m.fdPath(x); ok {
		switch {
		case of == nil:
			return -eNOENT
		case of.kind == kindStdin || of.kind == kindOutput || of.kind == kindDevice || of.kind == kindTTY:
			d.kind, d.stream, d.mode, d.path = of.kind, of.stream, of.mode, of.path
			return 0
		case of.kind == kindPipeIn || of.kind == kindPipeOut:
			d.kind, d.pipe, d.mode, d.path = of.kind, of.pipe, of.mode, of.path
			return 0
		}
		return -eACCES // reopening what is not a stream
	}
	switch x.name {
	case ttyPath:
		d.kind, d.stream, d.mode = kindTTY, ttyOwn, modeChar|0o620
		return 0
	case ttyControllingPath:
		d.kind, d.stream, d.mode = kindTTY, ttyControlling, modeChar|0o666
		return 0
	}
	if dev, ok := devices[x.name]; ok {
		d.kind, d.stream, d.mode = kindDevice, dev, modeChar|0o666
		return 0
	}
	d.kind, d.mode = kindContent, modeFile|0o444
	switch list := m.procDir(x); {
	case list != nil:
		d.mode = modeDir | 0o555
		if x.p != nil {
			d.path = strings.TrimSuffix(fmt.Sprintf("/proc/%d/%s", x.p.pid, x.name), "/")
		}
	case x.p == nil:
		d.remade = true
	case x.name != "exe":
		d.remade, d.path = true, fmt.Sprintf("/proc/%d/%s", x.p.pid, x.name)
	case x.p.ended():
		return -eNOENT
	default:
		d.content = x.p.mm.exe
	}
	return 0
}

// makeUp makes up the content of file d as of now: it is not known before somebody
// reads it, who may not be the one that has opened it.
func (m *Machine) makeUp(d *desc) int64 {
	x, ok := m.special(d.path)
	switch {
	case !ok:
		return -eSRCH
	case x.p == nil && systemFiles[x.name] != nil:
		d.content = []byte(systemFiles[x.name](m))
	case x.p != nil && processFiles[x.name] != nil:
		d.content = []byte(processFiles[x.name](m, x.p))
	}
	return 0
}

// specialLink is the target of one of the kernel's symbolic links.
func (m *Machine) specialLink(path string) (target string, bad int64, is bool) {
	switch path {
	case "/proc/self":
		return strconv.Itoa(int(m.p.pid)), 0, true
	case "/dev/fd":
		return "/proc/self/fd", 0, true
	}
	x, ok := m.special(path)
	if !ok {
		p, rest, in := m.inProc(path)
		switch {
		case in && p != nil && rest == "cwd":
			return p.cwd, 0, true
		case in && p != nil && rest == "root":
			return "/", 0, true
		case in || strings.HasPrefix(path, "/proc/"):
			return "", -eNOENT, true
		}
		return "", 0, false
	}
	if d, ok := m.fdPath(x); ok {
		if d == nil {
			return "", -eNOENT, true
		}
		return d.path, 0, true
	}
	if x.p != nil && x.name == "exe" {
		if x.p.ended() {
			return "", -eNOENT, true
		}
		return x.p.mm.image.Path, 0, true
	}
	return "", -eINVAL, true // not a link
}
