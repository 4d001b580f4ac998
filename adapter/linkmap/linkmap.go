// Package linkmap reads out of a guest's memory what its dynamic loader has
// loaded: the list that the loader keeps for debuggers, r_debug and link_map of
// <link.h>, which glibc and musl lay out alike. It believes nothing that it reads:
// a guest may have anything there.
package linkmap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Memory reads guest memory: up to len(p) bytes at addr; it returns how many.
type Memory interface {
	ReadMemory(addr uint64, p []byte) int
}

// Object is a link_map: one loaded file.
type Object struct {
	Addr      uint64 // of the link_map itself
	Bias      uint64 // l_addr: what was added to the addresses in the file
	Name      string // l_name: the path, empty for the executable
	Dynamic   uint64 // l_ld: address of the dynamic section
	Namespace uint64 // address of the r_debug that lists it: one for each namespace (dlmopen)
}

const (
	wordSize  = 8
	dtNull    = 0
	dtDebug   = 21
	maxTags   = 1 << 10
	maxName   = 4096
	maxList   = 1 << 14 // objects
	atPhdr    = 3
	atPhnum   = 5
	ptDynamic = 2
	ptPhdr    = 6
	phdrSize  = 56
	maxPhdrs  = 1 << 10
)

// ErrNone says that there is no list: the program is static, or the loader has not
// made it yet.
var ErrNone = errors.New("no list of loaded objects")

// reader reads words and keeps the first failure.
type reader struct {
	mem Memory
	err error
}

func (r *reader) bytes(addr uint64, n int) []byte {
	p := make([]byte, n)
	if got := r.mem.ReadMemory(addr, p); got != n && r.err == nil {
		r.err = fmt.Errorf("can't read memory at %#x", addr+uint64(max(got, 0)))
	}
	return p
}

func (r *reader) word(addr uint64) uint64 {
	return binary.LittleEndian.Uint64(r.bytes(addr, wordSize))
}

// text reads a string that ends with a zero byte.
func (r *reader) text(addr uint64) string {
	var out []byte
	for len(out) < maxName {
		var p [256]byte
		n := r.mem.ReadMemory(addr, p[:])
		if n <= 0 {
			break
		}
		if i := bytes.IndexByte(p[:n], 0); i >= 0 {
			return string(append(out, p[:i]...))
		}
		out = append(out, p[:n]...)
		addr += uint64(n)
	}
	return string(out)
}

// Dynamic finds the dynamic section of the executable from the auxiliary vector
// that the kernel gave it; ok is false for a static program.
func Dynamic(mem Memory, auxv []byte) (addr uint64, ok bool) {
	var phdr, phnum uint64
	for ; len(auxv) >= 2*wordSize; auxv = auxv[2*wordSize:] {
		switch v := binary.LittleEndian.Uint64(auxv[wordSize:]); binary.LittleEndian.Uint64(auxv) {
		case atPhdr:
			phdr = v
		case atPhnum:
			phnum = v
		}
	}
	r := reader{mem: mem}
	var bias, dynamic uint64
	for i := range min(phnum, maxPhdrs) {
		p := r.bytes(phdr+i*phdrSize, phdrSize)
		vaddr := binary.LittleEndian.Uint64(p[16:])
		switch binary.LittleEndian.Uint32(p) {
		case ptPhdr:
			bias = phdr - vaddr
		case ptDynamic:
			dynamic, ok = vaddr, true
		}
	}
	return dynamic + bias, ok && r.err == nil
}

// Debug reads the address of r_debug out of the executable's dynamic section at
// the given address. It is 0 before the loader has stored it.
func Debug(mem Memory, dynamic uint64) (uint64, error) {
	r := reader{mem: mem}
	for i := range uint64(maxTags) {
		tag, value := r.word(dynamic+i*2*wordSize), r.word(dynamic+i*2*wordSize+wordSize)
		switch {
		case r.err != nil:
			return 0, fmt.Errorf("the dynamic section: %w", r.err)
		case tag == dtNull:
			return 0, ErrNone
		case tag == dtDebug:
			return value, nil
		}
	}
	return 0, errors.New("the dynamic section does not end")
}

// Read lists the objects that are loaded, in the loader's order (the executable
// first), from the executable's dynamic section at the given address. Beside an
// error it returns what it found before.
func Read(mem Memory, dynamic uint64) ([]Object, error) {
	debug, err := Debug(mem, dynamic)
	if err != nil {
		return nil, err
	}
	if debug == 0 {
		return nil, ErrNone
	}
	var out []Object
	r := reader{mem: mem}
	for namespaces := 0; debug != 0 && namespaces < maxList; namespaces++ {
		// struct r_debug: int r_version; r_map; r_brk; int r_state; r_ldbase;
		// and from version 2 on r_next, the list of another namespace.
		version := binary.LittleEndian.Uint32(r.bytes(debug, 4))
		for at := r.word(debug + 8); at != 0 && r.err == nil; {
			if len(out) >= maxList {
				return out, fmt.Errorf("more than %d objects: the list is damaged", maxList)
			}
			o := Object{Addr: at, Bias: r.word(at), Dynamic: r.word(at + 16), Namespace: debug}
			o.Name = r.text(r.word(at + 8))
			at = r.word(at + 24)
			if r.err == nil {
				out = append(out, o)
			}
		}
		if version < 2 || r.err != nil {
			break
		}
		debug = r.word(debug + 40)
	}
	if r.err != nil {
		return out, fmt.Errorf("the list of loaded objects: %w", r.err)
	}
	if len(out) == 0 {
		return nil, ErrNone
	}
	return out, nil
}
