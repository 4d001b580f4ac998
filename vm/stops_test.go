package vm_test

import (
	"math"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

func TestWatchTouches(t *testing.T) {
	const last = math.MaxUint64
	for _, c := range []struct {
		w          vm.Watch
		addr, size uint64
		want       bool
	}{
		{vm.Watch{Addr: 100, Size: 4, Write: true}, 92, 8, false},
		{vm.Watch{Addr: 100, Size: 4, Write: true}, 93, 8, true},
		{vm.Watch{Addr: 100, Size: 4, Write: true}, 103, 1, true},
		{vm.Watch{Addr: 100, Size: 4, Write: true}, 104, 8, false},
		{vm.Watch{Addr: 100, Size: 4, Write: true}, 0, last, true},
		{vm.Watch{Addr: 100, Size: 4, Write: true}, 101, 0, false},
		{vm.Watch{Addr: 100, Size: 4, Read: true}, 100, 4, false},
		{vm.Watch{Addr: 100, Write: true}, 100, 4, false},
		{vm.Watch{Addr: 100, Size: last, Write: true}, 99, 1, false},
		{vm.Watch{Addr: 100, Size: last, Write: true}, 99, 2, true},
		{vm.Watch{Addr: 100, Size: last, Write: true}, last, 1, true},
		{vm.Watch{Addr: last, Size: 1, Write: true}, last - 7, 8, true},
		{vm.Watch{Addr: last, Size: 1, Write: true}, last - 8, 8, false},
		{vm.Watch{Addr: last - 3, Size: 8, Write: true}, 0, 8, false},
	} {
		if got := c.w.Touches(c.addr, c.size, true); got != c.want {
			t.Errorf("%+v, a write of %d bytes at %#x: %v", c.w, c.size, c.addr, got)
		}
		c.w.Read, c.w.Write = c.w.Write, c.w.Read
		if got := c.w.Touches(c.addr, c.size, false); got != c.want {
			t.Errorf("%+v, a read of %d bytes at %#x: %v", c.w, c.size, c.addr, got)
		}
	}
}
