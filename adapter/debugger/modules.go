package debugger

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Module is a file that the guest has mapped to execute: the program, a library,
// the dynamic loader. The same file at the same place is the same Module at each
// position in history where it is mapped.
type Module struct {
	ID        int    // from 1
	Path      string // on the host
	Low, High uint64 // all of it lies in [Low, High)
	Bias      uint64 // what was added to the addresses in the file
	BuildID   string // as the guest's memory has it; empty if it has none
	Main      bool   // the program itself
	Loader    bool   // the dynamic loader

	source symbols.Source
	part   *symbols.Part
	own    bool // it carries its debug information itself
	err    error

	raise   sync.Once
	raiseAt map[string]uint64 // see raisers
}

// Name is the file's name without its directory.
func (m *Module) Name() string { return filepath.Base(m.Path) }

// Program is the module's debug information, read when it is first asked for. It
// is nil if the file can't be used: Problem tells why.
func (m *Module) Program() *symbols.Program { return m.part.Program() }

// Problem says, for a person, what keeps the module from being debugged by source:
// a file that is missing or is not the one that the guest runs, or one without
// debug information. It is empty if nothing does.
func (m *Module) Problem() string {
	if m.err != nil {
		return m.err.Error()
	}
	if p := m.Program(); p != nil {
		_, why := p.HasDWARF()
		return why
	}
	return m.err.Error()
}

// Loaded reports whether the module's debug information has been read, or could
// not be: until then Problem and Program take their time.
func (m *Module) Loaded() bool { return m.err != nil || m.part.Loaded() }

// User reports whether a step in leads into the module. It does not lead into the
// dynamic loader, nor into the system's libraries, which bring no debug information
// of their own: where it is installed it lies in separate files, and the sources
// seldom do.
func (m *Module) User() bool { return m.Main || m.own && !m.Loader }

// moduleKey is what makes two mappings of a file the same module.
type moduleKey struct {
	path      string
	buildID   string
	bias      uint64
	low, high uint64
	main      bool
}

// moduleSet is what is mapped in a stretch of history, an epoch.
type moduleSet struct {
	version uint64 // vm.Machine.MapsVersion
	list    []*Module
	space   *symbols.Space
	image   vm.Image
	isGo    bool     // the program is a Go program
	code    *codeSet // of breakpoints; nil or stale if not made yet
}

// modules are the sets seen so far and what they have in common.
type modules struct {
	cur    *moduleSet
	sets   map[uint64]*moduleSet // by version
	known  map[moduleKey]*Module
	lastID int
	source symbols.Source
}

// maxSets bounds the sets that are remembered: a program may load and unload
// libraries without end.
const maxSets = 1 << 12

// Modules lists what is mapped at the current position: the program first, then
// by address.
func (d *Debugger) Modules() []*Module { return d.set().list }

// ModuleAt finds the module that is mapped at an address, nil if none is.
func (d *Debugger) ModuleAt(addr uint64) *Module { return d.set().at(addr) }

func (s *moduleSet) at(addr uint64) *Module {
	for _, m := range s.list {
		if addr-m.Low < m.High-m.Low {
			return m
		}
	}
	return nil
}

// Space is the debug information of all modules at the current position.
func (d *Debugger) Space() *symbols.Space { return d.set().space }

// Program is the debug information of the program that the guest runs here.
func (d *Debugger) Program() *symbols.Program { return d.set().space.Main() }

// set is what is mapped at the machine's position. Filters call it at each hit.
func (d *Debugger) set() *moduleSet {
	v := d.m.MapsVersion()
	if d.mods.cur != nil && d.mods.cur.version == v {
		return d.mods.cur
	}
	s := d.mods.sets[v]
	if s == nil {
		s = d.lookAtMaps(v)
		if len(d.mods.sets) >= maxSets {
			clear(d.mods.sets)
		}
		d.mods.sets[v] = s
	}
	d.mods.cur = s
	return s
}

// lookAtMaps makes the set of what is mapped at the machine's position.
func (d *Debugger) lookAtMaps(version uint64) *moduleSet {
	s := &moduleSet{version: version, image: d.m.Image()}
	var main *Module
	for _, f := range mappedFiles(d.m.Mappings()) {
		m := d.module(f, &s.image)
		if m == nil {
			continue
		}
		if m.Main && main == nil {
			main = m
			continue
		}
		s.list = append(s.list, m)
	}
	if main == nil {
		// A program that has unmapped itself, or is not from a file.
		main = d.knownModule(moduleKey{path: s.image.Path, bias: s.image.Bias, main: true}, &s.image)
	}
	s.list = slices.Insert(s.list, 0, main)
	prog := main.Program()
	if prog == nil {
		var err error
		if prog, err = symbols.Unknown(d.arch.ELF, main.Path, main.Problem()); err != nil {
			prog = d.first
		}
	}
	parts := make([]*symbols.Part, len(s.list))
	for i, m := range s.list {
		parts[i] = m.part
	}
	s.space = symbols.NewSpace(prog, parts...)
	s.isGo = slices.ContainsFunc(prog.Units(), func(u *symbols.Unit) bool { return u.Language == symbols.LangGo })
	return s
}

// mappedFile is the mappings that belong to one loading of a file.
type mappedFile struct {
	name      string
	base      uint64 // where the file's start is mapped; 0 if it is not
	low, high uint64
	exec      bool
}

// mappedFiles groups mappings, which come in order of address. A file may be
// loaded several times; another loading begins with the file's start.
func mappedFiles(list []vm.Mapping) []*mappedFile {
	var out []*mappedFile
	open := map[string]*mappedFile{} // the last one of each name
	last := map[string]vm.Mapping{}
	for _, m := range list {
		if m.Name == "" || m.Name[0] == '[' {
			continue
		}
		f, prev := open[m.Name], last[m.Name]
		if f == nil || m.Offset < prev.Offset || m.Offset == 0 && prev.End != m.Start {
			f = &mappedFile{name: m.Name, low: m.Start}
			if m.Offset == 0 {
				f.base = m.Start
			}
			open[m.Name] = f
			out = append(out, f)
		}
		last[m.Name] = m
		f.high = m.End
		f.exec = f.exec || m.Exec
	}
	return slices.DeleteFunc(out, func(f *mappedFile) bool { return !f.exec })
}

// module makes the module of a mapped file, nil if it is no ELF file.
func (d *Debugger) module(f *mappedFile, im *vm.Image) *Module {
	k := moduleKey{path: f.name, low: f.low, high: f.high, bias: f.low, main: f.name == im.Path}
	if f.base != 0 {
		h, err := symbols.ReadMapped(d.m, f.base)
		if err != nil && !k.main {
			return nil // generated code in a file, data that was mapped so
		}
		if err == nil {
			k.bias, k.buildID = h.Bias, h.BuildID
			k.high = max(k.high, h.High)
		}
	}
	if k.main {
		k.bias = im.Bias
	}
	return d.knownModule(k, im)
}

// knownModule finds the module, or makes it.
func (d *Debugger) knownModule(k moduleKey, im *vm.Image) *Module {
	if m := d.mods.known[k]; m != nil {
		return m
	}
	d.mods.lastID++
	m := &Module{
		ID: d.mods.lastID, Path: k.path, Low: k.low, High: k.high, Bias: k.bias, BuildID: k.buildID,
		Main: k.main, Loader: im.Interp != "" && k.path == im.Interp, source: d.mods.source,
	}
	if k.main && d.first != nil && d.first.Name() == k.path && d.first.Bias() == k.bias {
		first := d.first
		m.own = true
		m.part = &symbols.Part{Low: k.low, High: k.high, Load: func() *symbols.Program { return first }}
	} else {
		var id string
		if id, m.own, m.err = m.source.Glance(k.path); m.err == nil {
			m.err = m.sameBuild(id)
		} else if errors.Is(m.err, fs.ErrNotExist) {
			m.err = fmt.Errorf("%s is not there (any more): only addresses can be shown of it", m.Path)
		}
		m.part = &symbols.Part{Low: k.low, High: k.high, Own: m.own, Load: func() *symbols.Program { return d.read(m, symbols.Source.Load) }}
		m.part.Skim = func() *symbols.Program { return d.read(m, symbols.Source.Skim) }
		m.part.Exports = func() []symbols.Symbol {
			if m.err != nil {
				return nil
			}
			return m.source.Exported(m.Path, m.Bias)
		}
	}
	d.mods.known[k] = m
	return m
}

// read reads a module's debug information, with [symbols.Source.Load] or
// [symbols.Source.Skim].
func (d *Debugger) read(m *Module, how func(symbols.Source, string, uint64) (*symbols.Program, error)) *symbols.Program {
	if m.err != nil {
		return nil
	}
	p, err := how(m.source, m.Path, m.Bias)
	if err == nil {
		err = m.sameBuild(p.BuildID()) // it may have been replaced since
	}
	if err == nil && p.Arch() != d.arch.Name {
		err = fmt.Errorf("%s is for %s, the program for %s", m.Path, p.Arch(), d.arch.Name)
	}
	if m.err = err; err != nil {
		return nil
	}
	return p
}

// sameBuild says what is wrong with a file of the given build ID: that it is not
// what the guest has mapped.
func (m *Module) sameBuild(id string) error {
	if m.BuildID == "" || id == m.BuildID {
		return nil
	}
	return fmt.Errorf("%s is not the file that the program runs: its build ID is %s, that in memory %s", m.Path, orNone(id), m.BuildID)
}

func orNone(id string) string {
	if id == "" {
		return "none"
	}
	return id
}

// SetSource says where the files of modules are read from; at first this machine's
// are. It is to be called before anything is asked about modules.
func (d *Debugger) SetSource(src symbols.Source) { d.mods.source = src }

// searched lists the modules in which names and files are looked for, in turns: a
// later turn is asked only if the ones before have found nothing. Debug information
// in separate files, that of the system's libraries, is large and seldom what is
// meant.
func (s *moduleSet) searched() [2][]*Module {
	var turns [2][]*Module
	for _, m := range s.list {
		if m.own {
			turns[0] = append(turns[0], m)
		} else {
			turns[1] = append(turns[1], m)
		}
	}
	return turns
}

// dynamic reports whether more may be loaded.
func (s *moduleSet) dynamic() bool { return s.image.Interp != "" || len(s.list) > 1 }

// Files lists the source files that have code in modules that bring their debug
// information themselves, sorted.
func (d *Debugger) Files() []string {
	var out []string
	for _, m := range d.set().searched()[0] {
		if p := m.Program(); p != nil {
			out = append(out, p.Files()...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// FindFile is [symbols.Program.FindFile] over all modules.
func (d *Debugger) FindFile(path string) (file string, candidates []string, ok bool) {
	for _, turn := range d.set().searched() {
		for _, m := range turn {
			if p := m.Program(); p != nil {
				f, others, found := p.FindFile(path)
				if found {
					return f, nil, true
				}
				candidates = append(candidates, others...)
			}
		}
	}
	return "", candidates, false
}

// BreakpointLines is [symbols.Program.BreakpointLines] over all modules that have
// the file.
func (d *Debugger) BreakpointLines(file string, from, to int) ([]int, error) {
	var out []int
	var failed error
	for _, turn := range d.set().searched() {
		for _, m := range turn {
			p := m.Program()
			if p == nil {
				continue
			}
			lines, err := p.BreakpointLines(file, from, to)
			if err != nil && failed == nil {
				failed = err
			}
			out = append(out, lines...)
		}
		if len(out) > 0 {
			slices.Sort(out)
			return slices.Compact(out), nil
		}
	}
	return nil, failed
}

// placesOf finds where a source line's code is; the error says why nowhere.
func (s *moduleSet) placesOf(file string, line int) (symbols.Place, error) {
	var out symbols.Place
	var failed error
	for _, turn := range s.searched() {
		for _, m := range turn {
			p := m.Program()
			if p == nil {
				continue
			}
			place, err := p.Resolve(file, line)
			if err != nil {
				// What is said of a file that has the name counts more.
				if _, _, has := p.FindFile(file); failed == nil || has {
					failed = err
				}
				continue
			}
			if out.Addrs == nil {
				out.File, out.Line = place.File, place.Line
			}
			out.Addrs = append(out.Addrs, place.Addrs...)
		}
		if len(out.Addrs) > 0 {
			return out, nil
		}
	}
	if failed == nil {
		failed = fmt.Errorf("breakpoint at %s:%d: no debug information", filepath.Base(file), line)
	}
	return out, failed
}

// functionPlaces finds where breakpoints on a function belong. A name that only a
// symbol table knows counts if no debug information has it.
func (s *moduleSet) functionPlaces(name string) []uint64 {
	var bare []uint64
	for _, turn := range s.searched() {
		var out []uint64
		for _, m := range turn {
			p := m.Program()
			if p == nil {
				continue
			}
			addrs := p.FuncPlaces(name)
			if ok, _ := p.HasDWARF(); ok {
				out = append(out, addrs...)
			} else {
				bare = append(bare, addrs...)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return bare
}
