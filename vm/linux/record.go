package linux

import "encoding/binary"

// record is a structure for the guest under construction, little-endian.
type record []byte

func (b *record) u8(vs ...byte) { *b = append(*b, vs...) }

func (b *record) u16(vs ...uint16) {
	for _, v := range vs {
		*b = binary.LittleEndian.AppendUint16(*b, v)
	}
}

func (b *record) u32(vs ...uint32) {
	for _, v := range vs {
		*b = binary.LittleEndian.AppendUint32(*b, v)
	}
}

func (b *record) u64(vs ...uint64) {
	for _, v := range vs {
		*b = binary.LittleEndian.AppendUint64(*b, v)
	}
}

// zero appends n bytes of 0.
func (b *record) zero(n int) { *b = append(*b, make([]byte, n)...) }

// text appends s cut or filled up with zeros to n bytes, the last of which is 0.
func (b *record) text(s string, n int) {
	f := make([]byte, n)
	copy(f[:n-1], s)
	*b = append(*b, f...)
}
