package gdbstub

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm"
)

// targetXML is the target description of an architecture ("Debugging with GDB",
// appendix "Target Descriptions"). Beside gdb's attributes it has those that
// lldb reads; gdb ignores them.
func targetXML(a *vm.Arch) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?>` + "\n" + `<!DOCTYPE target SYSTEM "gdb-target.dtd">` + "\n<target version=\"1.0\">\n")
	fmt.Fprintf(&b, "  <architecture>%s</architecture>\n  <osabi>GNU/Linux</osabi>\n", xmlText(a.GDBArch))
	generic := genericNames(a)
	for _, f := range a.GDBFeatures {
		fmt.Fprintf(&b, "  <feature name=\"%s\">\n", xmlText(f.Name))
		if f.Types != "" {
			b.WriteString(f.Types + "\n")
		}
		for _, i := range f.Regs {
			r := &a.Regs[i]
			fmt.Fprintf(&b, `    <reg name="%s" bitsize="%d" regnum="%d"`, xmlText(r.Name), r.Bits, r.GDB)
			if r.GDBType != "" {
				fmt.Fprintf(&b, ` type="%s"`, xmlText(r.GDBType))
			}
			if r.Group == vm.GroupFloat {
				b.WriteString(` group="float"`)
			}
			if r.Alias != "" {
				fmt.Fprintf(&b, ` altname="%s"`, xmlText(r.Alias))
			}
			if r.DWARF >= 0 {
				fmt.Fprintf(&b, ` dwarf_regnum="%d"`, r.DWARF)
			}
			if g := generic[i]; g != "" {
				fmt.Fprintf(&b, ` generic="%s"`, g)
			}
			b.WriteString("/>\n")
		}
		b.WriteString("  </feature>\n")
	}
	b.WriteString("</target>\n")
	return b.String()
}

// genericNames are lldb's names for the roles of registers.
func genericNames(a *vm.Arch) map[int]string {
	g := map[int]string{a.PC: "pc", a.SP: "sp", a.FP: "fp"}
	if a.RA >= 0 {
		g[a.RA] = "ra"
	}
	for n, i := range a.Args {
		if n < 8 {
			g[i] = fmt.Sprintf("arg%d", n+1)
		}
	}
	return g
}

// xmlText escapes text for XML, in elements and attributes.
func xmlText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
