package symbols

import (
	"bytes"
	"debug/dwarf"
	"fmt"
)

// The standard library's DWARF reader checks that data is well formed, not that
// it is reasonable: a file of a few hundred kilobytes can make it allocate
// gigabytes, or work for hours, through tables that overlap, counts that no
// data backs and strings shared by millions of entries. vet refuses such files
// before that reader sees them. Real files stay far below the limits.
const (
	maxAttrs  = 256     // attributes of one abbreviation; compilers use at most 30
	maxString = 1 << 20 // bytes of one string
	maxFiles  = 1 << 20 // files and directories of one line table
)

// unitHeader is a unit's header in .debug_info.
type unitHeader struct {
	base    dwarf.Offset // of the header itself: what references in the unit count from
	die     dwarf.Offset // of its first entry
	end     dwarf.Offset
	version int
	is64    bool
	isType  bool
	addr    int // size of an address
}

// vet checks the DWARF sections and lists the units.
func vet(s map[string][]byte) ([]unitHeader, error) {
	for _, name := range []string{".debug_str", ".debug_line_str"} {
		if err := vetStrings(name, s[name]); err != nil {
			return nil, err
		}
	}
	abbrevs := abbrevVetter{data: s[".debug_abbrev"], seen: map[uint64]bool{}}
	abbrevs.left = 4*len(abbrevs.data) + 1<<16
	var units []unitHeader
	info := s[".debug_info"]
	for c := (cursor{b: info}); c.left() > 0; {
		start := c.off
		n, is64 := c.length()
		body := c.off
		if c.bad || n > uint64(c.left()) {
			return nil, fmt.Errorf("section .debug_info is truncated: unit at %#x", start)
		}
		u := unitHeader{base: dwarf.Offset(start), is64: is64, end: dwarf.Offset(body) + dwarf.Offset(n)}
		if n == 0 {
			continue
		}
		u.version = int(c.u16())
		if u.version < 2 || u.version > 5 {
			return nil, fmt.Errorf("section .debug_info: unit at %#x has DWARF version %d (supported: 2 to 5)", start, u.version)
		}
		var kind uint8
		if u.version >= 5 {
			kind, u.addr = c.u8(), int(c.u8())
		}
		abbrev := c.offset(is64)
		if u.version < 5 {
			u.addr = int(c.u8())
		}
		switch kind {
		case 4, 5: // skeleton, split compile: unit ID
			c.u64()
		case 2, 6: // type units: signature and type offset
			u.isType = true
			c.u64()
			c.offset(is64)
		}
		if c.bad || c.off > int(u.end) {
			return nil, fmt.Errorf("section .debug_info: the header of the unit at %#x is truncated", start)
		}
		if u.addr != 8 && u.addr != 4 {
			return nil, fmt.Errorf("section .debug_info: unit at %#x has addresses of %d bytes", start, u.addr)
		}
		if err := abbrevs.vet(abbrev); err != nil {
			return nil, err
		}
		u.die = dwarf.Offset(c.off)
		units = append(units, u)
		c.off = int(u.end)
	}
	return units, nil
}

func vetStrings(name string, b []byte) error {
	for off := 0; off < len(b); {
		n := bytes.IndexByte(b[off:], 0)
		if n < 0 {
			n = len(b) - off
		}
		if n > maxString {
			return fmt.Errorf("section %s: a string of %d bytes at %#x: too long", name, n, off)
		}
		off += n + 1
	}
	return nil
}

// abbrevVetter checks abbreviation tables. Tables that overlap, which only a
// hostile file has, use up its budget.
type abbrevVetter struct {
	data []byte
	seen map[uint64]bool
	left int
}

func (v *abbrevVetter) vet(off uint64) error {
	if v.seen[off] {
		return nil
	}
	v.seen[off] = true
	c := at(v.data, off)
	start := c.off
	for c.uleb() != 0 {
		c.uleb()
		c.u8()
		for n := 0; ; n++ {
			attr, form := c.uleb(), c.uleb()
			if attr == 0 && form == 0 || c.bad {
				break
			}
			if form == 0x21 { // DW_FORM_implicit_const
				c.sleb()
			}
			if n >= maxAttrs {
				return fmt.Errorf("section .debug_abbrev: more than %d attributes at %#x", maxAttrs, c.off)
			}
		}
	}
	if c.bad {
		return fmt.Errorf("section .debug_abbrev is truncated: table at %#x", off)
	}
	if v.left -= c.off - start; v.left < 0 {
		return fmt.Errorf("section .debug_abbrev: tables overlap at %#x", off)
	}
	return nil
}

// lineVetter checks the headers of line tables: their counts and the memory
// that their paths will take once joined.
type lineVetter struct {
	line, str, lineStr []byte
	left               int // bytes of paths
}

func newLineVetter(s map[string][]byte) *lineVetter {
	v := &lineVetter{line: s[".debug_line"], str: s[".debug_str"], lineStr: s[".debug_line_str"]}
	v.left = 16<<20 + 64*len(v.line)
	return v
}

// vet checks the header of the table at off; compDir is the length of the
// compilation directory.
func (v *lineVetter) vet(off int64, compDir int) error {
	bad := fmt.Errorf("section .debug_line is truncated: table at %#x", off)
	if off < 0 {
		return bad
	}
	c := at(v.line, uint64(off))
	_, is64 := c.length()
	version := c.u16()
	if version >= 5 {
		c.u16() // sizes of addresses and segment selectors
	}
	c.offset(is64) // header length
	c.u8()         // minimum instruction length
	if version >= 4 {
		c.u8() // maximum operations per instruction
	}
	c.bytes(3) // default is_stmt, line base, line range
	base := c.u8()
	if base > 0 {
		c.bytes(uint64(base) - 1)
	}
	if c.bad {
		return bad
	}
	var dirs []int // lengths
	var err error
	if version >= 5 {
		if dirs, err = v.entries(&c, is64, nil); err == nil {
			_, err = v.entries(&c, is64, dirs)
		}
	} else {
		dirs = append(dirs, compDir)
		for {
			n := c.cstring()
			if n == 0 {
				break
			}
			dirs = append(dirs, n+compDir)
			v.left -= n + compDir
		}
		for v.left >= 0 {
			n := c.cstring()
			if n == 0 {
				break
			}
			dir := c.uleb()
			c.uleb()
			c.uleb()
			if dir < uint64(len(dirs)) {
				n += dirs[dir]
			}
			v.left -= n
		}
	}
	switch {
	case err != nil:
		return err
	case c.bad:
		return bad
	case v.left < 0:
		return fmt.Errorf("section .debug_line: too many bytes of paths in the table at %#x", off)
	}
	return nil
}

// entries checks a directory or file table of DWARF 5 (6.2.4.1) and returns
// the lengths of its paths.
func (v *lineVetter) entries(c *cursor, is64 bool, dirs []int) ([]int, error) {
	type lnct struct{ content, form uint64 }
	format := make([]lnct, c.u8())
	for i := range format {
		format[i] = lnct{c.uleb(), c.uleb()}
	}
	count := c.uleb()
	if count > maxFiles || count > uint64(c.left()) {
		return nil, fmt.Errorf("section .debug_line claims %d files at %#x: more than its bytes can name", count, c.off)
	}
	lens := make([]int, 0, count)
	for range count {
		n := 0
		for _, f := range format {
			size, dir := v.form(c, f.form, is64)
			switch f.content {
			case 1: // DW_LNCT_path
				n += size
			case 2: // DW_LNCT_directory_index
				if dir < uint64(len(dirs)) {
					n += dirs[dir]
				}
			}
		}
		if c.bad {
			return nil, fmt.Errorf("section .debug_line is truncated at %#x", c.off)
		}
		if v.left -= n + 64; v.left < 0 {
			return nil, fmt.Errorf("section .debug_line: too many bytes of paths at %#x", c.off)
		}
		lens = append(lens, n)
	}
	return lens, nil
}

// form skips a value and returns its length as a string and its value as an
// integer, as far as directory and file tables use forms.
func (v *lineVetter) form(c *cursor, form uint64, is64 bool) (int, uint64) {
	switch form {
	case 0x08: // DW_FORM_string
		return c.cstring(), 0
	case 0x0e: // DW_FORM_strp
		s := at(v.str, c.offset(is64))
		return s.cstring(), 0
	case 0x1f: // DW_FORM_line_strp
		s := at(v.lineStr, c.offset(is64))
		return s.cstring(), 0
	case 0x0b, 0x25: // data1, strx1
		return 0, uint64(c.u8())
	case 0x05, 0x26: // data2, strx2
		return 0, uint64(c.u16())
	case 0x27: // strx3
		return 0, c.uint(3)
	case 0x06, 0x28: // data4, strx4
		return 0, uint64(c.u32())
	case 0x07: // data8
		return 0, c.u64()
	case 0x1e: // data16
		c.bytes(16)
	case 0x09: // block
		c.bytes(c.uleb())
	case 0x0f, 0x1a: // udata, strx
		return 0, c.uleb()
	case 0x1d: // strp_sup
		c.offset(is64)
	}
	return 0, 0
}
