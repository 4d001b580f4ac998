package values

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Registers lists the frame's registers of a group.
func Registers(c *Context, group vm.RegGroup) []*Value {
	if c.Arch == nil {
		return nil
	}
	var out []*Value
	for i := range c.Arch.Regs {
		if c.Arch.Regs[i].Group != group {
			continue
		}
		v := c.register(i, c.isGo())
		if isInteger(strip(v.typ)) {
			v.letter = 'a' // an address, more often than a number
		}
		out = append(out, v)
	}
	return out
}

// registerTypes are gdb's names for registers' types, in C and in Go.
var registerTypes = map[string][2]string{
	"ieee_double": {"double", "float64"}, "ieee_single": {"float", "float32"},
	"int8": {"signed char", "int8"}, "uint8": {"unsigned char", "uint8"},
	"int16": {"short", "int16"}, "uint16": {"unsigned short", "uint16"},
	"int32": {"int", "int32"}, "uint32": {"unsigned int", "uint32"},
	"int64": {"long", "int64"}, "uint64": {"unsigned long", "uint64"},
}

// specialRegisters make the types of registers that are more than a number, by
// gdb's names for them.
var specialRegisters = map[string]func(*Context) *symbols.Type{
	"i386_eflags": flagsType("eflags", x86Flags),
	"i386_mxcsr":  flagsType("mxcsr", sseFlags),
	"i387_ext":    func(c *Context) *symbols.Type { return c.Prog.BaseType("long double", symbols.KindFloat, 10, true) },
	"vec128":      vectorType,
}

// The flags by bit number, as gdb names them; those that are always set have no
// name. Intel SDM volume 1, 3.4.3 and 10.2.3.
var (
	x86Flags = map[int]string{
		0: "CF", 1: "", 2: "PF", 4: "AF", 6: "ZF", 7: "SF", 8: "TF", 9: "IF", 10: "DF", 11: "OF", 14: "NT", 16: "RF", 17: "VM", 18: "AC",
		19: "VIF", 20: "VIP", 21: "ID",
	}
	sseFlags = map[int]string{
		0: "IE", 1: "DE", 2: "ZE", 3: "OE", 4: "UE", 5: "PE", 6: "DAZ", 7: "IM", 8: "DM", 9: "ZM", 10: "OM", 11: "UM", 12: "PM",
		13: "RC0", 14: "RC1", 15: "FZ",
	}
)

// flagsType makes the type of a register of flags, 32 bits wide.
func flagsType(name string, bits map[int]string) func(*Context) *symbols.Type {
	var enums []symbols.Enumerator
	for _, bit := range slices.Sorted(maps.Keys(bits)) {
		enums = append(enums, symbols.Enumerator{Name: bits[bit], Value: 1 << bit})
	}
	return func(c *Context) *symbols.Type { return c.Prog.EnumOf(name, 4, enums) }
}

// vectorType is what an SSE register can hold, with gdb's names.
func vectorType(c *Context) *symbols.Type {
	var members []symbols.Field
	for _, m := range []struct {
		name, of string
		n        int64
	}{
		{"v4_float", "float", 4}, {"v2_double", "double", 2}, {"v16_int8", "signed char", 16}, {"v8_int16", "short", 8},
		{"v4_int32", "int", 4}, {"v2_int64", "long", 2},
	} {
		members = append(members, symbols.Field{Name: m.name, Type: c.Prog.ArrayOf(c.base(m.of, false), m.n)})
	}
	members = append(members, symbols.Field{Name: "uint128", Type: c.base("unsigned __int128", false)})
	return c.Prog.UnionOf("vec128", 16, members)
}

// register makes the value of register i.
func (c *Context) register(i int, goL bool) *Value {
	r := &c.Arch.Regs[i]
	v := &Value{c: c, name: r.Name, expr: "$" + r.Name, kind: KindRegister, goL: goL}
	var data []byte
	ok := false
	if c.RegBytes != nil {
		data, ok = c.RegBytes(i)
	}
	if !ok {
		v.err = &symbols.OptimizedOutError{Why: "the functions called from here did not save the register"}
	}
	v.src = source{kind: srcBytes, data: data}
	kind := r.GDBType
	if kind == "int" {
		kind = fmt.Sprintf("int%d", r.Bits)
	}
	// A float in a double's register has all bits above it set (the RISC-V
	// ISA, "NaN Boxing of Narrower Values").
	if kind == "ieee_double" && len(data) == 8 && decodeInt(data[4:], true).u == ^uint64(0) {
		kind = "ieee_single"
		v.src.data = data[:4]
	}
	switch names, known := registerTypes[kind]; {
	case known:
		v.typ = c.base(names[boolInt(goL)], goL)
	case kind == "code_ptr" || kind == "data_ptr":
		v.typ, v.goL = c.Prog.PointerTo(nil), false
	case specialRegisters[kind] != nil:
		v.typ, v.goL = specialRegisters[kind](c), false
	default:
		v.typ = c.Prog.ArrayOf(c.base("unsigned char", false), int64(r.Bits/8))
		v.goL = false
	}
	return v
}
