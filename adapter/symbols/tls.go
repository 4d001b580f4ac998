package symbols

import (
	"errors"
	"fmt"

	"github.com/dap-revexec/dap-revexec/adapter/linkmap"
)

// Thread-local variables of the executable lie at a fixed distance from the
// thread pointer (local-exec). Those of libraries are found as their code finds
// them, through the dynamic thread vector: a library has a module number, which
// glibc keeps in a private part of its link_map, and the thread an array of block
// addresses by module number. Where in those structures they are, libc tells
// debuggers in constants of its own (nptl_db's descriptions, exported with the
// version GLIBC_PRIVATE). The reference is U. Drepper, "ELF Handling For
// Thread-Local Storage".

// Descriptions exported by glibc: three 32-bit numbers each, the size of a member
// in bits, the number of its elements and its offset in bytes.
const (
	descModule = "_thread_db_link_map_l_tls_modid"
	descOffset = "_thread_db_link_map_l_tls_offset"
)

const (
	dtvEntry       = 16         // bytes: a pointer, and what to free
	dtvUnallocated = ^uint64(0) // TLS_DTV_UNALLOCATED
	tlsNoOffset    = ^uint64(1) // from here on special values of l_tls_offset
)

var errNoTLS = errors.New("the thread has no thread-local storage yet")

// tlsAddress finds the address of an offset in the thread-local storage of p.
func (p *Program) tlsAddress(f *Frame, mem Memory, offset uint64) (uint64, error) {
	a := p.img.arch
	if a.tls == nil || f == nil {
		return 0, errors.New("thread-local storage can't be found without a thread")
	}
	if f.space == nil || f.space.main == p || p.img.dynamic == 0 {
		addr, ok := a.tls(f.Regs, offset, p.img.tlsSize, p.img.tlsAlign)
		if !ok {
			return 0, errNoTLS
		}
		return addr, nil
	}
	block, err := p.tlsBlock(f, mem)
	return block + offset, err
}

// tlsBlock finds the thread's block of a library.
func (p *Program) tlsBlock(f *Frame, mem Memory) (uint64, error) {
	tp, ok := f.Regs.Reg(p.img.arch.tp)
	if !ok || tp == 0 {
		return 0, errNoTLS
	}
	s := f.space
	objects, err := linkmap.Read(mem, s.main.img.dynamic+s.main.bias)
	var self *linkmap.Object
	for i := range objects {
		if objects[i].Dynamic == p.img.dynamic+p.bias {
			self = &objects[i]
		}
	}
	if self == nil {
		if err == nil {
			err = errors.New("the dynamic loader does not list it")
		}
		return 0, fmt.Errorf("the thread-local storage of %s: %w", p.name, err)
	}
	module, err := s.linkMapMember(descModule, self.Addr, mem)
	if err != nil {
		return 0, err
	}
	dtv, err := p.readWord(mem, tp+uint64(p.img.arch.tpDTV))
	if err != nil {
		return 0, err
	}
	if module != 0 && dtv != 0 {
		// In front of the vector is its length.
		if length, err := p.readWord(mem, dtv-dtvEntry); err == nil && module <= length {
			block, err := p.readWord(mem, dtv+module*dtvEntry)
			if err != nil {
				return 0, err
			}
			if block != dtvUnallocated && block != 0 {
				return block, nil
			}
		}
	}
	// A block of the initial set that this thread has not looked up yet lies
	// at a fixed distance, too.
	if off, err := s.linkMapMember(descOffset, self.Addr, mem); err == nil && off != 0 && off < tlsNoOffset {
		if p.img.arch.tlsBelow {
			return tp - off, nil
		}
		return tp + off, nil
	}
	return 0, errors.New("the thread has not used this library's thread-local storage yet: it is allocated at the first use")
}

// linkMapMember reads a private member of the link_map at addr, by glibc's
// description of it.
func (s *Space) linkMapMember(description string, addr uint64, mem Memory) (uint64, error) {
	if sym, ok := s.symbol(description); ok {
		bits, err := s.main.readWord(mem, sym.Addr)
		if err != nil {
			return 0, err
		}
		off, err := s.main.readWord(mem, sym.Addr+8)
		if err != nil {
			return 0, err
		}
		if bits&0xffffffff == 64 && off&0xffffffff <= 1<<16 {
			return s.main.readWord(mem, addr+(off&0xffffffff))
		}
	}
	return 0, errors.New("thread-local storage of libraries can be found with glibc 2.34 and newer only")
}
