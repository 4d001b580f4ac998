package dap

import (
	"errors"
	"fmt"
	"strconv"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger/values"
	"github.com/dap-revexec/dap-revexec/vm"
)

// container is what a variablesReference stands for: a value with parts, or a
// scope. The named children come first.
type container interface {
	NumNamed() int
	NumIndexed() int
	Children(start, count int) ([]*values.Value, error)
}

// scope is a list of variables, made when it is asked for.
type scope struct {
	load   func() ([]*values.Value, error)
	list   []*values.Value
	err    error
	loaded bool
}

func (x *scope) all() ([]*values.Value, error) {
	if !x.loaded {
		x.list, x.err = x.load()
		x.loaded = true
	}
	return x.list, x.err
}

// NumNamed implements container.
func (x *scope) NumNamed() int { l, _ := x.all(); return len(l) }

// NumIndexed implements container.
func (x *scope) NumIndexed() int { return 0 }

// Children implements container.
func (x *scope) Children(start, count int) ([]*values.Value, error) {
	l, err := x.all()
	if err != nil {
		return nil, err
	}
	start = min(max(start, 0), len(l))
	end := len(l)
	if count > 0 {
		end = min(end, start+count)
	}
	return l[start:end], nil
}

func (s *session) scopes(c *call, m *godap.ScopesRequest) (any, error) {
	f, err := s.refs.frame(m.Arguments.FrameId)
	if err != nil {
		return nil, err
	}
	ctx := s.prog.dbg.Context(f.thread, &f.frame)
	out := []godap.Scope{}
	add := func(name, hint string, expensive bool, load func() ([]*values.Value, error)) {
		x := &scope{load: load}
		sc := godap.Scope{Name: name, PresentationHint: hint, Expensive: expensive}
		if !expensive {
			list, _ := x.all() // an error is shown when it is opened
			sc.NamedVariables = len(list)
		}
		sc.VariablesReference = s.refs.addVars(x)
		out = append(out, sc)
	}
	registers := func(groups ...vm.RegGroup) func() ([]*values.Value, error) {
		return func() (all []*values.Value, err error) {
			for _, g := range groups {
				all = append(all, values.Registers(ctx, g)...)
			}
			return all, nil
		}
	}
	if f.frame.File != "" {
		// Arguments belong to the first scope, as it is the one that editors open.
		add("Locals", "locals", false, func() ([]*values.Value, error) {
			args, err := values.Args(ctx)
			if err != nil {
				return nil, err
			}
			locals, err := values.Locals(ctx)
			return append(args, locals...), err
		})
		add("Globals", "globals", true, func() ([]*values.Value, error) { return values.Globals(ctx), nil })
	}
	add("Registers", "registers", true, registers(vm.GroupGeneral, vm.GroupControl))
	add("Floating-point registers", "registers", true, registers(vm.GroupFloat))
	return godap.ScopesResponseBody{Scopes: out}, nil
}

func (s *session) variables(c *call, m *godap.VariablesRequest) (any, error) {
	a := &m.Arguments
	box, err := s.refs.container(a.VariablesReference)
	if err != nil {
		return nil, err
	}
	if a.Start < 0 || a.Count < 0 {
		return nil, badArgument("variables: start %d, count %d: neither may be negative", a.Start, a.Count)
	}
	from, to := 0, box.NumNamed()+box.NumIndexed()
	switch a.Filter {
	case "":
	case "named":
		to = box.NumNamed()
	case "indexed":
		from = box.NumNamed()
	default:
		return nil, badArgument(`variables: filter %.60q: write "named" or "indexed"`, a.Filter)
	}
	from = min(from+a.Start, to)
	if a.Count > 0 {
		to = min(to, from+a.Count)
	}
	left := to - from - values.MaxChildren
	out := []godap.Variable{}
	if from < to {
		list, err := box.Children(from, min(to-from, values.MaxChildren))
		if err != nil {
			return nil, fail(errEvaluate, "variables: %v", err)
		}
		for _, v := range list {
			out = append(out, s.variable(v, s.hex(a.Format)))
		}
	}
	if left > 0 {
		out = append(out, godap.Variable{Name: "…", Value: fmt.Sprintf("%d more: ask for a part of it, as in array[%d]", left, values.MaxChildren)})
	}
	return godap.VariablesResponseBody{Variables: out}, nil
}

// hex says whether to show numbers in hexadecimal: as the client asks, or as the
// word hex has set it.
func (s *session) hex(f *godap.ValueFormat) bool { return f != nil && f.Hex || s.hexOn }

// variable describes a value to the client.
func (s *session) variable(v *values.Value, inHex bool) godap.Variable {
	out := godap.Variable{
		Name: v.Name(), Value: v.Text(values.Format{Hex: inHex}), Type: v.Type(), EvaluateName: v.Expr(),
		PresentationHint: presentation(v), MemoryReference: memoryReference(v),
	}
	out.NamedVariables, out.IndexedVariables, out.VariablesReference = s.parts(v)
	return out
}

// parts makes a value's children available to the client.
func (s *session) parts(v *values.Value) (named, indexed, ref int) {
	named, indexed = v.NumNamed(), v.NumIndexed()
	if named+indexed > 0 {
		ref = s.refs.addVars(v)
	}
	return named, indexed, ref
}

// presentation is advice on how to show a value.
func presentation(v *values.Value) *godap.VariablePresentationHint {
	h := v.Hint()
	var out godap.VariablePresentationHint
	if h.Kind == values.KindBase {
		out.Kind = "baseClass"
	}
	if h.Static {
		out.Attributes = append(out.Attributes, "static")
	}
	if h.Constant {
		out.Attributes = append(out.Attributes, "constant")
	}
	if out.Kind == "" && out.Attributes == nil {
		return nil
	}
	return &out
}

// memoryReference is the memory to show for a value: what it points to, or where
// it is.
func memoryReference(v *values.Value) string {
	if addr, ok := v.Target(); ok {
		return hex(addr)
	}
	if addr, _, ok := v.Address(); ok {
		return hex(addr)
	}
	return ""
}

// frameOrCurrent is the frame that a request names, or the current thread's
// innermost one for 0.
func (s *session) frameOrCurrent(id int) (*values.Context, error) {
	if id != 0 {
		f, err := s.refs.frame(id)
		if err != nil {
			return nil, err
		}
		return s.prog.dbg.Context(f.thread, &f.frame), nil
	}
	return s.prog.dbg.Context(s.prog.machine.CurrentThread(), nil), nil
}

// evaluate serves the debug console, watches and hovers. Its failures are quiet:
// each of these shows them in its own place, and an editor would show them as a
// notification besides.
func (s *session) evaluate(c *call, m *godap.EvaluateRequest) (any, error) {
	body, err := s.evaluated(c, &m.Arguments)
	if err != nil {
		return nil, quietly(err)
	}
	return body, nil
}

func (s *session) evaluated(c *call, a *godap.EvaluateArguments) (any, error) {
	if a.Context == "repl" || s.launched != nil && s.launched.WordsEverywhere {
		if w, rest, ok := findWord(a.Expression); ok {
			text, err := w.run(s, c, rest)
			if err != nil {
				return nil, err
			}
			return godap.EvaluateResponseBody{Result: text}, nil
		}
	}
	switch a.Context {
	case "", "repl", "watch", "hover", "variables", "clipboard":
	default:
		// The specification lets clients have contexts of their own.
		s.log.Debug().Str("context", a.Context).Msg("unknown context")
	}
	return s.value(a.Expression, a.FrameId, a.Context, s.hex(a.Format))
}

// Lengths of texts: what fits into a line of a user interface, and what is asked
// for as a text of its own.
const (
	fullText = 1 << 20
	replText = 4096
)

// value evaluates an expression.
func (s *session) value(expr string, frame int, context string, inHex bool) (any, error) {
	ctx, err := s.frameOrCurrent(frame)
	if err != nil {
		return nil, err
	}
	v, err := values.Evaluate(ctx, expr)
	if err != nil {
		return nil, fail(errEvaluate, "%v", err)
	}
	limit := 0
	switch context {
	case "clipboard":
		limit = fullText
	case "repl":
		limit = replText
	}
	out := godap.EvaluateResponseBody{
		Result: v.Text(values.Format{Hex: inHex, Limit: limit}), Type: v.Type(),
		PresentationHint: presentation(v), MemoryReference: memoryReference(v),
	}
	out.NamedVariables, out.IndexedVariables, out.VariablesReference = s.parts(v)
	return out, nil
}

// watched finds the value that a request with dataBreakpointInfo's arguments is about.
func (s *session) watched(request string, a *godap.DataBreakpointInfoArguments) (*values.Value, error) {
	if a.VariablesReference != 0 {
		box, err := s.refs.container(a.VariablesReference)
		if err != nil {
			return nil, err
		}
		v, err := child(box, a.Name)
		if err != nil {
			return nil, fail(errEvaluate, "%s: %v", request, err)
		}
		return v, nil
	}
	ctx, err := s.frameOrCurrent(a.FrameId)
	if err != nil {
		return nil, err
	}
	v, err := values.Evaluate(ctx, a.Name)
	if err != nil {
		return nil, fail(errEvaluate, "%v", err)
	}
	return v, nil
}

// child finds a child by its name.
func child(box container, name string) (*values.Value, error) {
	find := func(from, count int) (*values.Value, error) {
		if count <= 0 {
			return nil, nil
		}
		list, err := box.Children(from, count)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			if v.Name() == name {
				return v, nil
			}
		}
		return nil, nil
	}
	if n := len(name); n > 2 && name[0] == '[' && name[n-1] == ']' {
		if i, err := strconv.Atoi(name[1 : n-1]); err == nil && i >= 0 && i < box.NumIndexed() {
			if v, err := find(box.NumNamed()+i, 1); v != nil || err != nil {
				return v, err
			}
		}
	}
	total := box.NumNamed() + box.NumIndexed()
	for from := 0; from < total; from += values.MaxChildren {
		if v, err := find(from, min(total-from, values.MaxChildren)); v != nil || err != nil {
			return v, err
		}
		if from >= 10*values.MaxChildren { // by name, among a million elements: no
			break
		}
	}
	return nil, fmt.Errorf("there is no %.80q in it", name)
}

// addressOf reads an address: a number, or an expression in a frame.
func (s *session) addressOf(text string, frame int) (uint64, error) {
	if addr, err := parseAddress(text); err == nil {
		return addr, nil
	}
	ctx, err := s.frameOrCurrent(frame)
	if err != nil {
		return 0, err
	}
	v, err := values.Evaluate(ctx, text)
	if err != nil {
		return 0, err
	}
	return v.Uint()
}

// parseAddress reads an address as a client sends it back: decimal, or
// hexadecimal with 0x.
func parseAddress(s string) (uint64, error) {
	addr, err := strconv.ParseUint(s, 0, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("address %.80q is too large", s)
	case err != nil:
		return 0, fmt.Errorf("%.80q is no address", s)
	}
	return addr, nil
}

func hex(addr uint64) string { return "0x" + strconv.FormatUint(addr, 16) }

func plural[T uint64 | int](n T, what string) string {
	if n == 1 {
		return fmt.Sprintf("1 %s", what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
