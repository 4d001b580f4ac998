package symbols

import (
	"debug/dwarf"
	"encoding/binary"
	"errors"
	"slices"
)

// errRanges says that a file's range lists are read more often than any real
// one's: lists that overlap make a small file endlessly long.
var errRanges = errors.New("section .debug_rnglists or .debug_ranges: lists overlap")

// rangeReader reads the code ranges of entries. The standard library's reader
// decodes the unit's first entry anew for each and has no bound on the work.
type rangeReader struct {
	lists4, lists5 []byte // .debug_ranges, .debug_rnglists
	addr           []byte // .debug_addr
	bias           uint64
	left           int // bytes that may still be read
}

func newRangeReader(s map[string][]byte, bias uint64) *rangeReader {
	r := &rangeReader{lists4: s[".debug_ranges"], lists5: s[".debug_rnglists"], addr: s[".debug_addr"], bias: bias}
	r.left = 16*(len(r.lists4)+len(r.lists5)) + 1<<16
	return r
}

// of returns the code ranges of entry e of unit u, ascending and without
// overlaps, with the bias applied. Many entries have none.
func (r *rangeReader) of(u *Unit, e *dwarf.Entry) ([]Range, error) {
	out, err := r.listed(u, e)
	if err != nil || len(out) < 2 {
		return out, err
	}
	slices.SortFunc(out, func(a, b Range) int { return compare(a.Low, b.Low) })
	n := 0
	for _, x := range out[1:] {
		if x.Low <= out[n].High {
			out[n].High = max(out[n].High, x.High)
		} else {
			n++
			out[n] = x
		}
	}
	return out[:n+1], nil
}

// listed is like of, in the order of the file.
func (r *rangeReader) listed(u *Unit, e *dwarf.Entry) ([]Range, error) {
	var out []Range
	low, hasLow := e.Val(dwarf.AttrLowpc).(uint64)
	if f := e.AttrField(dwarf.AttrHighpc); f != nil && hasLow {
		switch v := f.Val.(type) {
		case uint64:
			out = add(out, low, v)
		case int64:
			out = add(out, low, low+uint64(v))
		}
	}
	if f := e.AttrField(dwarf.AttrRanges); f != nil {
		var off uint64
		switch v := f.Val.(type) {
		case int64:
			off = uint64(v)
		case uint64: // DW_FORM_rnglistx, already looked up
			off = v
		}
		var err error
		if u.Version >= 5 {
			out, err = r.read5(out, u, off)
		} else {
			out, err = r.read4(out, u, off)
		}
		if err != nil {
			return nil, err
		}
	}
	for i := range out {
		out[i].Low += r.bias
		out[i].High += r.bias
	}
	return out, nil
}

func add(out []Range, low, high uint64) []Range {
	if low < high {
		out = append(out, Range{low, high})
	}
	return out
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// read4 reads a list of DWARF 2 to 4 (DWARF 4, 2.17.3).
func (r *rangeReader) read4(out []Range, u *Unit, off uint64) ([]Range, error) {
	c := at(r.lists4, off)
	start, base := c.off, u.low
	none := uint64(1)<<(8*uint(u.addrSize)) - 1 // all ones; for 8 bytes the shift gives 0
	for !c.bad {
		low, high := c.uint(u.addrSize), c.uint(u.addrSize)
		if low == 0 && high == 0 {
			break
		}
		if low == none {
			base = high
			continue
		}
		out = add(out, base+low, base+high)
	}
	return out, r.done(&c, start)
}

// read5 reads a list of DWARF 5 (2.17.3, 7.25).
func (r *rangeReader) read5(out []Range, u *Unit, off uint64) ([]Range, error) {
	c := at(r.lists5, off)
	start, base := c.off, u.low
	for !c.bad {
		switch c.u8() {
		case 0: // end_of_list
			return out, r.done(&c, start)
		case 1: // base_addressx
			base = r.indexed(&c, u)
		case 2: // startx_endx
			low, high := r.indexed(&c, u), r.indexed(&c, u)
			out = add(out, low, high)
		case 3: // startx_length
			low := r.indexed(&c, u)
			out = add(out, low, low+c.uleb())
		case 4: // offset_pair
			low, high := c.uleb(), c.uleb()
			out = add(out, base+low, base+high)
		case 5: // base_address
			base = c.uint(u.addrSize)
		case 6: // start_end
			low, high := c.uint(u.addrSize), c.uint(u.addrSize)
			out = add(out, low, high)
		case 7: // start_length
			low := c.uint(u.addrSize)
			out = add(out, low, low+c.uleb())
		default:
			c.fail()
		}
	}
	return out, r.done(&c, start)
}

func (r *rangeReader) done(c *cursor, start int) error {
	if c.bad {
		return errors.New("section .debug_rnglists or .debug_ranges is truncated or malformed")
	}
	if r.left -= c.off - start; r.left < 0 {
		return errRanges
	}
	return nil
}

func (r *rangeReader) indexed(c *cursor, u *Unit) uint64 {
	a, ok := addrAt(r.addr, u, c.uleb())
	if !ok {
		c.fail()
	}
	return a
}

// addrAt reads address idx of a unit's table in .debug_addr.
func addrAt(addr []byte, u *Unit, idx uint64) (uint64, bool) {
	size := uint64(u.addrSize)
	if idx > uint64(len(addr)) {
		return 0, false
	}
	c := at(addr, u.addrBase+idx*size)
	a := c.uint(u.addrSize)
	return a, !c.bad
}

// loclistOffset looks up a DW_FORM_loclistx index.
func loclistOffset(lists []byte, u *Unit, idx uint64) (uint64, bool) {
	size := uint64(4)
	if u.is64 {
		size = 8
	}
	if u.loclistsBase > uint64(len(lists)) || idx > uint64(len(lists)) {
		return 0, false
	}
	c := at(lists[u.loclistsBase:], idx*size)
	if c.bad || uint64(c.left()) < size {
		return 0, false
	}
	p := lists[u.loclistsBase+idx*size:]
	if u.is64 {
		return u.loclistsBase + binary.LittleEndian.Uint64(p), true
	}
	return u.loclistsBase + uint64(binary.LittleEndian.Uint32(p)), true
}
