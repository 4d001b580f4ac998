package debugger

import (
	"context"
	"fmt"

	"github.com/dap-revexec/dap-revexec/adapter/debugger/values"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Debugger debugs one guest. See the package comment.
type Debugger struct {
	tl    *checkpoint.Timeline
	m     vm.Machine       // to read the state: tl's or, while a filter is asked, another one (view.go)
	first *symbols.Program // the program that the guest was started with
	arch  *vm.Arch

	regIndex map[int]int // DWARF number -> index into arch.Regs

	mods    modules
	epochs  epochs
	told    uint64 // the version of the modules that modSink was called for
	modSink func()

	bps     breakpoints
	undo    []undoStep
	seen    seen
	signals bool
	logSink func(LogMessage)

	stacks map[vm.ThreadID]*stack // of the current position
	breaks breakSets

	writers writers

	// replays says that the machine is known to only replay: it has come to the end
	// of what was recorded.
	replays bool
	// plodding keeps searches back from passing over calls: for tests, to compare with.
	plodding bool
}

// New returns a debugger on a timeline whose guest was started with prog's
// program. Its first position is wherever the timeline is.
func New(tl *checkpoint.Timeline, prog *symbols.Program) *Debugger {
	m := tl.Machine()
	d := &Debugger{
		tl: tl, m: m, first: prog, arch: m.Arch(),
		regIndex: map[int]int{}, signals: true,
		stacks: map[vm.ThreadID]*stack{},
		mods:   modules{sets: map[uint64]*moduleSet{}, known: map[moduleKey]*Module{}},
		epochs: epochs{},
	}
	for i, r := range d.arch.Regs {
		if r.DWARF >= 0 {
			d.regIndex[r.DWARF] = i
		}
	}
	d.told = m.MapsVersion()
	return d
}

// Timeline is the timeline below. Whoever moves it other than through the
// debugger must call Moved.
func (d *Debugger) Timeline() *checkpoint.Timeline { return d.tl }

// Arch is the guest's architecture.
func (d *Debugger) Arch() *vm.Arch { return d.arch }

// Threads lists the guest's threads at the current position.
func (d *Debugger) Threads() []vm.Thread { return d.m.Threads() }

// StopOnSignals chooses whether motions stop before a fault raises a signal and
// before a signal kills the guest. On at first.
func (d *Debugger) StopOnSignals(on bool) { d.signals = on }

// SetLogSink makes log messages go to f at once, on the engine goroutine,
// rather than into Event.Logs.
func (d *Debugger) SetLogSink(f func(LogMessage)) { d.logSink = f }

// SetModuleSink makes f be called, on the engine goroutine, whenever the modules
// at the position that a user sees are others than before: as the program runs, and
// at the end of a motion that has gone to where they are different. It may ask for
// Modules and Breakpoints, but not move.
func (d *Debugger) SetModuleSink(f func()) { d.modSink = f }

// tellModules calls the module sink if there is something to tell.
func (d *Debugger) tellModules() {
	if v := d.m.MapsVersion(); v != d.told {
		d.told = v
		if d.modSink != nil {
			d.modSink()
		}
	}
}

// Moved tells the debugger that the position has changed: frames are forgotten.
func (d *Debugger) Moved() { clear(d.stacks) }

// Seek moves to the icount.
func (d *Debugger) Seek(ctx context.Context, icount uint64) (Event, error) {
	back := icount < d.tl.Icount()
	d.undo = nil
	defer d.tellModules()
	if err := d.seek(ctx, icount); err != nil {
		return d.event(ReasonPause, back), err
	}
	return d.event(ReasonGoto, back), nil
}

func (d *Debugger) seek(ctx context.Context, icount uint64) error {
	defer d.Moved()
	if err := d.tl.Seek(ctx, icount); err != nil {
		return fmt.Errorf("seek to icount %d: %w", icount, err)
	}
	return nil
}

// RunToMain runs to the start of the program's main function or, when it is not
// known, to the program's first own instruction, behind the dynamic loader.
func (d *Debugger) RunToMain(ctx context.Context) (Event, error) {
	defer d.tellModules()
	prog := d.Program()
	for _, addrs := range [][]uint64{prog.FuncPlaces("main.main"), mainOf(prog), {prog.Entry()}} {
		if len(addrs) == 0 {
			continue
		}
		where := vm.NewBreaks(addrs...)
		st := d.advance(ctx, noLimit, func(*moduleSet) *vm.Stops {
			return &vm.Stops{Breaks: where, Signals: d.signals, AtStart: true}
		}, false, false)
		d.Moved()
		if st.Reason == vm.StopBreak {
			return d.event(ReasonStep, false), nil
		}
		return d.stopped(st, false)
	}
	return d.event(ReasonStep, false), nil
}

// mainOf finds a C program's main: by its exact name.
func mainOf(prog *symbols.Program) []uint64 {
	var out []uint64
	for _, f := range prog.FuncsNamed("main") {
		if f.Name == "main" || f.Linker == "main" {
			out = append(out, f.BodyStart)
		}
	}
	if out == nil {
		out = prog.FuncPlaces("main")
	}
	return out
}

const noLimit = ^uint64(0)

// event describes the current position.
func (d *Debugger) event(r Reason, back bool) Event {
	return Event{Reason: r, Thread: d.m.CurrentThread(), Icount: d.m.Icount(), Back: back}
}

// threadRegs are a running thread's registers as symbols wants them.
type threadRegs struct {
	d *Debugger
	t vm.ThreadID
}

// Reg implements symbols.Regs.
func (r threadRegs) Reg(dwarf int) (uint64, bool) {
	i, ok := r.d.regIndex[dwarf]
	if !ok {
		return 0, false
	}
	return r.d.m.Reg(r.t, i), true
}

// RegBytes implements symbols.WideRegs.
func (r threadRegs) RegBytes(dwarf int) ([]byte, bool) {
	i, ok := r.d.regIndex[dwarf]
	if !ok {
		return nil, false
	}
	b := r.d.m.RegBytes(r.t, i)
	return b, b != nil
}

func (d *Debugger) pc(t vm.ThreadID) uint64 { return d.m.Reg(t, d.arch.PC) }
func (d *Debugger) sp(t vm.ThreadID) uint64 { return d.m.Reg(t, d.arch.SP) }

// current is t, or the current thread for 0 and for one that does not exist
// here.
func (d *Debugger) current(t vm.ThreadID) vm.ThreadID {
	if t != 0 {
		for _, th := range d.m.Threads() {
			if th.ID == t {
				return t
			}
		}
	}
	return d.m.CurrentThread()
}

// here is the context to evaluate in at thread t's innermost frame, made afresh:
// for filters, which see positions that are not stops.
func (d *Debugger) here(t vm.ThreadID) *values.Context {
	return d.context(t, d.Space().Innermost(d.pc(t), threadRegs{d, t}, d.m), 0)
}

// globals is a context without a frame: to check expressions with.
func (d *Debugger) globals() *values.Context {
	return &values.Context{Prog: d.Program(), Space: d.Space(), Arch: d.arch, Mem: d.m}
}

func (d *Debugger) context(t vm.ThreadID, f *symbols.Frame, logical int) *values.Context {
	prog := d.Program()
	if f != nil && f.Program() != nil {
		prog = f.Program()
	}
	return &values.Context{
		Prog: prog, Space: d.Space(), Arch: d.arch, Mem: d.m, Frame: f, Logical: logical,
		RegBytes: func(i int) ([]byte, bool) {
			if f == nil || f.Depth == 0 {
				b := d.m.RegBytes(t, i)
				return b, b != nil
			}
			if i == d.arch.PC {
				return le64(f.PC), true
			}
			if i < 0 || i >= len(d.arch.Regs) || d.arch.Regs[i].DWARF < 0 {
				return nil, false
			}
			v, ok := f.Regs.Reg(d.arch.Regs[i].DWARF)
			if !ok {
				return nil, false
			}
			return le64(v)[:(d.arch.Regs[i].Bits+7)/8], true
		},
	}
}

func le64(v uint64) []byte {
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
	return b
}
