package debugger

import (
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/debugger/values"
	"github.com/dap-revexec/dap-revexec/vm"
)

// holds evaluates p's condition at thread t's innermost frame.
func (d *Debugger) holds(p *point, t vm.ThreadID) (bool, error) {
	c := d.here(t)
	if p.expr == nil {
		e, err := values.Parse(c, p.cond)
		if err != nil {
			return false, err
		}
		p.expr = e
	}
	v, err := p.expr.Eval(c)
	if err != nil {
		return false, err
	}
	return v.Truth()
}

// message replaces the {expressions} of a logpoint's message by their values. A
// doubled brace stands for itself.
func (d *Debugger) message(text string, t vm.ThreadID) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case (c == '{' || c == '}') && i+1 < len(text) && text[i+1] == c:
			out.WriteByte(c)
			i++
		case c == '{':
			end := strings.IndexByte(text[i:], '}')
			if end < 0 {
				out.WriteString(text[i:])
				return out.String()
			}
			expr := text[i+1 : i+end]
			if v, err := values.Evaluate(d.here(t), expr); err != nil {
				out.WriteString("<" + err.Error() + ">")
			} else {
				out.WriteString(v.Text())
			}
			i += end
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}
