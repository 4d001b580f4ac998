package symbols

import (
	"debug/dwarf"
	"sort"
)

// addEnumerator indexes a constant of the enumeration type around it.
func (s *scanner) addEnumerator(e *dwarf.Entry, u *Unit, l *level) {
	if name, _ := e.Val(dwarf.AttrName).(string); name != "" && l.enum != 0 {
		s.enums = append(s.enums, named{name: l.qual + name, off: l.enum, tag: e.Tag, unit: u})
	}
}

// Enumerator finds a constant of an enum by its name, and the enum: the one in
// unit u if there is, else any.
func (p *Program) Enumerator(name string, u *Unit) (*Type, Enumerator, bool) {
	i := sort.Search(len(p.enums), func(i int) bool { return p.enums[i].name >= name })
	var best *named
	for ; i < len(p.enums) && p.enums[i].name == name; i++ {
		if best == nil || p.enums[i].unit == u {
			best = &p.enums[i]
		}
	}
	if best == nil {
		return nil, Enumerator{}, false
	}
	t := p.typeFrom(best.off)
	for _, e := range t.Enumerators() {
		if e.Name == name || hasSuffixPart(name, e.Name) {
			return t, e, true
		}
	}
	return nil, Enumerator{}, false
}
