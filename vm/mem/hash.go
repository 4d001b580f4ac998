package mem

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

type hasher struct{ h hash.Hash }

func newHasher() hasher { return hasher{sha256.New()} }

func (h hasher) u64(vs ...uint64) {
	var b [8]byte
	for _, v := range vs {
		binary.LittleEndian.PutUint64(b[:], v)
		h.h.Write(b[:])
	}
}

func (h hasher) bytes(b []byte) { h.h.Write(b) }

func (h hasher) sum() (out vm.Hash) {
	var full [sha256.Size]byte
	copy(out[:], h.h.Sum(full[:0]))
	return out
}

var zeroDigest = digest(&zeroPage)

func digest(data *[PageSize]byte) (out vm.Hash) {
	full := sha256.Sum256(data[:])
	copy(out[:], full[:])
	return out
}

// digest of the page, whose content is here; kept with it if it is frozen, so that hashing state after
// state costs only the pages that changed.
func (p *Page) digest(frozen bool) vm.Hash {
	if !frozen {
		return digest(p.data.Load())
	}
	if h := p.hash.Load(); h != nil {
		return *h
	}
	h := digest(p.data.Load())
	p.hash.Store(&h)
	return h
}

func sortUnique(v []uint64) []uint64 {
	slices.Sort(v)
	return slices.Compact(v)
}
