package linux

import (
	"bytes"
	"encoding/binary"

	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// How system calls reach guest memory. All of it goes through the address
// space's CopyIn and CopyOut, which respect protections and note watched
// accesses.

func leU64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
func leU32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

// copyIn reads n bytes. n must be bounded by the caller.
func (m *Machine) copyIn(addr uint64, n int) ([]byte, bool) {
	if !m.mem.CanRead(addr, uint64(n)) {
		return nil, false
	}
	p := make([]byte, n)
	return p, m.mem.CopyIn(addr, p) == n
}

// copyOut writes all of p, or nothing.
func (m *Machine) copyOut(addr uint64, p []byte) bool {
	return m.mem.CanWrite(addr, uint64(len(p))) && m.mem.CopyOut(addr, p) == len(p)
}

func (m *Machine) readU64(addr uint64) (uint64, bool) {
	p, ok := m.copyIn(addr, 8)
	if !ok {
		return 0, false
	}
	return leU64(p), true
}

func (m *Machine) readU32(addr uint64) (uint32, bool) {
	p, ok := m.copyIn(addr, 4)
	if !ok {
		return 0, false
	}
	return leU32(p), true
}

func (m *Machine) writeU64(addr, v uint64) bool {
	return m.copyOut(addr, binary.LittleEndian.AppendUint64(nil, v))
}

func (m *Machine) writeU32(addr uint64, v uint32) bool {
	return m.copyOut(addr, binary.LittleEndian.AppendUint32(nil, v))
}

// readString reads a zero-terminated string of less than limit bytes.
func (m *Machine) readString(addr uint64, limit int) (string, int64) {
	// Find its end without touching more than the string: a watch next to it
	// must not fire.
	end := -1
	var piece [256]byte
	for at := 0; end < 0; at += len(piece) {
		if at >= limit {
			return "", -eNAMETOOLONG
		}
		p := piece[:min(len(piece), limit-at)]
		n := m.mem.Peek(addr+uint64(at), p)
		if i := bytes.IndexByte(p[:n], 0); i >= 0 {
			end = at + i
		} else if n < len(p) {
			return "", -eFAULT
		}
	}
	p, ok := m.copyIn(addr, end+1)
	if !ok {
		return "", -eFAULT
	}
	return string(p[:end]), 0
}

// span is a piece of guest memory.
type span struct{ addr, n uint64 }

// readIOV reads an iovec array.
func (m *Machine) readIOV(addr, count uint64) ([]span, int64) {
	if count > maxIOV {
		return nil, -eINVAL
	}
	raw, ok := m.copyIn(addr, int(count)*16)
	if !ok {
		return nil, -eFAULT
	}
	out := make([]span, count)
	for i := range out {
		out[i] = span{leU64(raw[16*i:]), leU64(raw[16*i+8:])}
		if int64(out[i].n) < 0 {
			return nil, -eINVAL
		}
	}
	return out, 0
}

// clip cuts spans down to what is accessible from the start on, and to limit
// bytes together. Nothing accessible where something was asked for is EFAULT.
func (m *Machine) clip(spans []span, write bool, limit uint64) ([]span, uint64, int64) {
	can := m.mem.CanRead
	if write {
		can = m.mem.CanWrite
	}
	var out []span
	var total uint64
	for _, s := range spans {
		n := min(s.n, limit-total)
		if n == 0 {
			continue
		}
		whole := can(s.addr, n)
		if !whole {
			n = m.accessible(s.addr, n, can)
		}
		if n > 0 {
			out, total = append(out, span{s.addr, n}), total+n
		}
		if !whole {
			if total == 0 {
				return nil, 0, -eFAULT
			}
			break
		}
	}
	return out, total, 0
}

// accessible is how many of n bytes from addr on can be accessed.
func (m *Machine) accessible(addr, n uint64, can func(addr, n uint64) bool) uint64 {
	var ok uint64
	for ok < n {
		step := min(n-ok, mem.PageSize-(addr+ok)%mem.PageSize)
		if !can(addr+ok, step) {
			break
		}
		ok += step
	}
	return ok
}

// scatter copies p to spans that clip has returned.
func (m *Machine) scatter(spans []span, p []byte) {
	for _, w := range split(spans, p) {
		m.mem.CopyOut(w.addr, p[w.at:w.at+w.n])
	}
}

// part says where bytes [at, at+n) of a buffer belong.
type part struct {
	addr  uint64
	at, n int
}

func split(spans []span, p []byte) []part {
	var out []part
	at := 0
	for _, s := range spans {
		n := int(min(s.n, uint64(len(p)-at)))
		if n > 0 {
			out = append(out, part{s.addr, at, n})
		}
		at += n
	}
	return out
}

// gather copies spans that clip has returned.
func (m *Machine) gather(spans []span, total uint64) []byte {
	p := make([]byte, total)
	at := 0
	for _, s := range spans {
		at += m.mem.CopyIn(s.addr, p[at:at+int(s.n)])
	}
	return p[:at]
}
