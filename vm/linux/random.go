package linux

import (
	"crypto/sha256"
	"encoding/binary"
)

// maxRandom is the most that one call gets, bytes.
const maxRandom = 1 << 20

// random draws n bytes. They come from the seed, which entered by the door when
// the machine was created, and from how much has been drawn: there is nothing to
// log.
func (m *Machine) random(n int) []byte {
	out := make([]byte, 0, n+sha256.Size)
	var block [40]byte
	copy(block[:], m.st.seed[:])
	for len(out) < n {
		binary.LittleEndian.PutUint64(block[32:], m.st.draws)
		m.st.draws++
		sum := sha256.Sum256(block[:])
		out = append(out, sum[:]...)
	}
	return out[:n]
}
