package pages

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/dap-revexec/dap-revexec/vm"
)

// The body of a page is one of
//
//	nothing            the page is all zeros
//	4096 bytes         the page
//	a difference       512 bits, one for each word of 8 bytes, the lowest for the first; then
//	                   the words whose bits are set, each as its exclusive or with the base's,
//	                   which has zeros where a counter or a pointer has moved a little
//
// All numbers are little-endian, as the guests' are.

const (
	wordSize  = 8
	pageWords = vm.PageSize / wordSize
	maskBytes = pageWords / 8
	// A difference of more words than mostWords is no better than the page.
	mostWords = pageWords * 5 / 8
)

// appendPage appends the body of a page, as its difference to base where that is not
// nil. It reports whether it is a difference.
func appendPage(dst []byte, page, base *[vm.PageSize]byte) (body []byte, delta bool) {
	if *page == ([vm.PageSize]byte{}) {
		return dst, false
	}
	if base == nil {
		return append(dst, page[:]...), false
	}
	start := len(dst)
	dst = append(dst, make([]byte, maskBytes)...)
	words := 0
	for i := range maskBytes {
		var mask byte
		for j := range 8 {
			at := (i*8 + j) * wordSize
			x := binary.LittleEndian.Uint64(page[at:]) ^ binary.LittleEndian.Uint64(base[at:])
			if x != 0 {
				mask |= 1 << j
				dst = binary.LittleEndian.AppendUint64(dst, x)
				words++
			}
		}
		if words > mostWords {
			return append(dst[:start], page[:]...), false
		}
		dst[start+i] = mask
	}
	return dst, true
}

// applyDelta makes a page out of its base and its difference to that.
func applyDelta(page *[vm.PageSize]byte, body []byte) error {
	if len(body) < maskBytes {
		return fmt.Errorf("a difference of %d bytes", len(body))
	}
	mask, words := body[:maskBytes], body[maskBytes:]
	n := 0
	for _, m := range mask {
		n += bits.OnesCount8(m)
	}
	if len(words) != n*wordSize {
		return fmt.Errorf("a difference in %d words has %d bytes for them", n, len(words))
	}
	for i, m := range mask {
		for ; m != 0; m &= m - 1 {
			at := (i*8 + bits.TrailingZeros8(m)) * wordSize
			x := binary.LittleEndian.Uint64(page[at:]) ^ binary.LittleEndian.Uint64(words)
			binary.LittleEndian.PutUint64(page[at:], x)
			words = words[wordSize:]
		}
	}
	return nil
}
