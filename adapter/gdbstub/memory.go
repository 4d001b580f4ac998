package gdbstub

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
)

// readMemory answers m ADDR,LENGTH. It may give less than was asked for.
func (s *session) readMemory(_ context.Context, args string) response {
	addr, n, good := pair(args, ",")
	if !good {
		return s.malformed()
	}
	p := make([]byte, min(n, packetSize/2))
	got := s.m.ReadMemory(addr, p)
	if got == 0 && n > 0 {
		return s.fail(errnoFault, fmt.Sprintf("no memory at %#x here", addr))
	}
	return answer(hex.EncodeToString(p[:got]))
}

// writeMemory refuses, for M ADDR,LENGTH:HEX and X ADDR,LENGTH:BYTES. Clients ask
// whether there is X by writing nothing.
func (s *session) writeMemory(_ context.Context, args string) response {
	where, _, _ := strings.Cut(args, ":")
	if _, n, good := pair(where, ","); !good {
		return s.malformed()
	} else if n == 0 {
		return ok
	}
	return answer("E." + unchangeable)
}

// crc answers qCRC:ADDR,LENGTH, with which gdb compares the guest's memory with
// the executable. The polynomial is 0x04c11db7, most significant bit first, from
// all ones and without a final inversion.
func (s *session) crc(ctx context.Context, args string) response {
	addr, n, good := pair(strings.TrimPrefix(args, ":"), ",")
	if !good {
		return s.malformed()
	}
	sum := ^uint32(0)
	var page [4096]byte
	for n > 0 {
		p := page[:min(n, uint64(len(page)))]
		if s.m.ReadMemory(addr, p) < len(p) {
			return s.fail(errnoFault, fmt.Sprintf("no memory at %#x here", addr))
		}
		if ctx.Err() != nil {
			return s.fail(errnoIO, "interrupted")
		}
		for _, c := range p {
			sum = sum<<8 ^ crcTable[byte(sum>>24)^c]
		}
		addr += uint64(len(p))
		n -= uint64(len(p))
	}
	return answer(fmt.Sprintf("C%08x", sum))
}

var crcTable = func() (t [256]uint32) {
	for i := range t {
		c := uint32(i) << 24
		for range 8 {
			top := c >> 31
			c = c<<1 ^ top*0x04c11db7
		}
		t[i] = c
	}
	return t
}()

// memoryRegionInfo answers lldb's qMemoryRegionInfo:ADDR for mapped and unmapped
// addresses alike.
func (s *session) memoryRegionInfo(_ context.Context, args string) response {
	addr, good := number(strings.TrimPrefix(args, ":"))
	if !good {
		return s.malformed()
	}
	gap := uint64(0) // where the unmapped region starts in which addr may be
	for _, m := range s.m.Mappings() {
		if addr < m.Start {
			return answer(fmt.Sprintf("start:%x;size:%x;", gap, m.Start-gap))
		}
		if addr < m.End {
			info := fmt.Sprintf("start:%x;size:%x;permissions:%s;", m.Start, m.End-m.Start,
				strings.ReplaceAll(permissions(m.Read, m.Write, m.Exec), "-", ""))
			if m.Name != "" {
				info += "name:" + hexText(m.Name) + ";"
			}
			return answer(info)
		}
		gap = m.End
	}
	return answer(fmt.Sprintf("start:%x;size:%x;", gap, -gap))
}

// permissions writes protections as ls does.
func permissions(read, write, exec bool) string {
	p := []byte("---")
	if read {
		p[0] = 'r'
	}
	if write {
		p[1] = 'w'
	}
	if exec {
		p[2] = 'x'
	}
	return string(p)
}
