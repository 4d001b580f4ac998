package debugger

// CheckPlace says why there is no code at a place in what is mapped at the current
// position, nil if there is.
func (d *Debugger) CheckPlace(p Place) error {
	_, err := d.placesOf(p)
	return err
}
