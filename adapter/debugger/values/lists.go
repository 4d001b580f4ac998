package values

import (
	"fmt"
	"path"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// Locals lists the local variables of the frame, without its arguments, in order
// of declaration.
func Locals(c *Context) ([]*Value, error) {
	return c.list(func(v *symbols.Variable) bool { return !v.IsArg && !v.IsResult })
}

// Args lists the arguments of the frame's function (in Go the result parameters,
// too), in order of declaration.
func Args(c *Context) ([]*Value, error) {
	return c.list(func(v *symbols.Variable) bool { return v.IsArg || v.IsResult })
}

func (c *Context) list(want func(*symbols.Variable) bool) ([]*Value, error) {
	vars, err := c.scope()
	var out []*Value
	for _, v := range vars {
		// A dot in front has what Go's compiler makes up for itself.
		if v.Name != "" && v.Name[0] != '.' && want(v) {
			out = append(out, c.variable(v))
		}
	}
	return out, err
}

// Globals lists the global and file-static variables of the frame's compilation
// unit (in Go: package), in order of declaration. Without a frame, those of the
// unit that has main.
func Globals(c *Context) []*Value {
	if c.Prog == nil {
		return nil
	}
	unit := c.unit()
	if unit == nil {
		for _, name := range []string{"main.main", "main"} {
			if f := c.findFunction(name); f != nil && unit == nil {
				unit = f.CU
			}
		}
	}
	if unit == nil {
		return nil
	}
	var out, library []*Value
	for _, v := range c.Prog.UnitGlobals(unit) {
		if v.Name == "" || strings.Contains(v.Name, "..") || strings.Contains(v.Name, "·") {
			continue // made by the compiler
		}
		g := c.variable(v)
		g.expr, g.prec = c.globalExpr(v), precPostfix
		if reserved(v) {
			library = append(library, g)
		} else {
			out = append(out, g)
		}
	}
	return append(out, library...)
}

// reserved reports whether only a C or C++ library may have a variable of that
// name: what headers bring in would else come before the program's own.
func reserved(v *symbols.Variable) bool {
	return (v.Unit == nil || v.Unit.Language != symbols.LangGo) && (strings.HasPrefix(v.Name, "__") || strings.Contains(v.Name, "::__"))
}

// globalExpr is an expression for a global that may be hidden by another
// variable.
func (c *Context) globalExpr(v *symbols.Variable) string {
	if v.Unit != nil && v.Unit.Language == symbols.LangGo {
		if slash := strings.LastIndexByte(v.Name, '/'); slash >= 0 {
			if dot := strings.IndexByte(v.Name[slash:], '.'); dot >= 0 {
				return fmt.Sprintf("%q.%s", v.Name[:slash+dot], v.Name[slash+dot+1:])
			}
		}
		return v.Name
	}
	name := v.Name
	const anonymous = "(anonymous namespace)::"
	if i := strings.LastIndex(name, anonymous); i >= 0 {
		name = name[i+len(anonymous):]
	}
	if strings.ContainsAny(name, "({") {
		return "" // in a lambda's function, and the like
	}
	if strings.Contains(name, "::") {
		return name
	}
	if g := c.findGlobal(name); g != nil && g.Unit == v.Unit && g.Name == v.Name && c.findLocal(name) == nil {
		return name
	}
	file := v.DeclFile
	if file == "" && v.Unit != nil {
		file = v.Unit.Name
	}
	return "'" + path.Base(file) + "'::" + name
}
