package linux

import (
	"crypto/sha256"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/internal/wire"
)

// Hash implements [vm.Machine].
func (m *Machine) Hash() vm.Hash {
	m.park()
	c := digest()
	c.Put(m.c.Icount)
	for _, x := range m.st.mms {
		space := m.realms[x.id].mem.Hash()
		c.Fixed(space[:])
	}
	c.state(m.st)
	full := sha256.Sum256(c.Written())
	var out vm.Hash
	copy(out[:], full[:])
	return out
}

// digest writes states for their hash: equal states, equal bytes, whatever machine they
// are in.
func digest() *coding { return &coding{Coder: &wire.Coder{}, digest: true} }
