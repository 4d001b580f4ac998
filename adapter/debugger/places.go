package debugger

import "fmt"

// CheckPlace says why there is no code at a place in what is mapped at the current
// position, nil if there is.
func (d *Debugger) CheckPlace(p Place) error {
	s := d.set()
	switch {
	case p.Function != "":
		if len(s.functionPlaces(p.Function)) == 0 {
			return fmt.Errorf("no function %q is known here", p.Function)
		}
	case p.File != "":
		_, err := s.placesOf(p.File, p.Line)
		return err
	case p.Addr%uint64(d.arch.MinInst) != 0:
		return fmt.Errorf("%#x: instructions start at multiples of %d", p.Addr, d.arch.MinInst)
	}
	return nil
}
