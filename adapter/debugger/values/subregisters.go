package values

import (
	"fmt"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// subRegister is a part of a register that has a name of its own.
type subRegister struct {
	whole    string
	at, size int // bytes, from the lowest
}

// subRegisters are those of x86-64 (Intel SDM volume 1, 3.4.1.1), by gdb's names,
// and r8b to r15b, as Intel
// and assemblers spell r8l to r15l. $sp is not among them: it is the stack pointer.
var subRegisters = makeSubRegisters()

func makeSubRegisters() map[string]subRegister {
	out := map[string]subRegister{}
	for _, l := range "abcd" {
		whole := fmt.Sprintf("r%cx", l)
		out[fmt.Sprintf("e%cx", l)] = subRegister{whole, 0, 4}
		out[fmt.Sprintf("%cx", l)] = subRegister{whole, 0, 2}
		out[fmt.Sprintf("%cl", l)] = subRegister{whole, 0, 1}
		out[fmt.Sprintf("%ch", l)] = subRegister{whole, 1, 1}
	}
	for _, name := range []string{"si", "di", "bp", "sp"} {
		out["e"+name] = subRegister{"r" + name, 0, 4}
		if name != "sp" {
			out[name] = subRegister{"r" + name, 0, 2}
		}
		out[name+"l"] = subRegister{"r" + name, 0, 1}
	}
	for n := 8; n < 16; n++ {
		whole := fmt.Sprintf("r%d", n)
		out[whole+"d"] = subRegister{whole, 0, 4}
		out[whole+"w"] = subRegister{whole, 0, 2}
		out[whole+"l"] = subRegister{whole, 0, 1}
		out[whole+"b"] = subRegister{whole, 0, 1}
	}
	return out
}

// subRegister makes the value of a part of a register, a signed number as in gdb;
// nil if there is none of that name.
func (c *Context) subRegister(name string, goL bool) *Value {
	part, ok := subRegisters[name]
	if !ok || c.Arch.Name != "amd64" {
		return nil
	}
	i, ok := c.Arch.RegByName(part.whole)
	if !ok {
		return nil
	}
	v := c.register(i, goL)
	v.name, v.expr = name, "$"+name
	if v.src.data != nil {
		v.src.data = v.src.data[part.at : part.at+part.size]
	}
	if part.size == 1 && !goL { // a number, not a character
		v.typ = c.Prog.BaseType("int8_t", symbols.KindInt, 1, true)
	} else {
		v.typ = c.base(registerTypes[fmt.Sprintf("int%d", 8*part.size)][boolInt(goL)], goL)
	}
	return v
}
