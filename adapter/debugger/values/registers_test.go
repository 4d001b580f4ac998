package values

import (
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
)

func TestRegistersOfX86ShowWhatTheyMean(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	c.Arch = amd64.Arch
	content := map[string][]byte{
		"eflags": {0x46, 0x02, 0, 0},
		"mxcsr":  {0x80, 0x1f, 0, 0},
		"st0":    {0, 0, 0, 0, 0, 0, 0, 0xc0, 0x00, 0x40}, // 1.1b × 2
		"xmm1":   {0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 7, 0, 0, 0, 0, 0, 0, 0},
	}
	c.RegBytes = func(i int) ([]byte, bool) {
		b, ok := content[c.Arch.Regs[i].Name]
		return b, ok
	}
	for expr, want := range map[string]string{
		"$eflags": "PF|ZF|IF", "$eflags & 0x40": "64", "$eflags,x": "0x246", "$mxcsr": "IM|DM|ZM|OM|UM|PM", "$st0": "3", "$st0 > 2": "1", "$st0 * 2 - 1 == 5": "1",
		"$xmm1.v2_double": "{1.5, 3.5e-323}", "$xmm1.v2_int64[1]": "7", "$xmm1.v4_int32": "{0, 1073217536, 7, 0}",
		"$xmm1.v2_double[0] + 1": "2.5",
	} {
		if got := result(c, expr); got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
}

func TestPartsOfRegistersOfX86AreSignedNumbers(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	c.Arch = amd64.Arch
	content := map[string][]byte{
		"rax": {0x41, 0xff, 0x03, 0x80, 1, 2, 3, 4},
		"r8":  {0xfe, 1, 0, 0, 9, 9, 9, 9},
		"rsp": {0x10, 0, 0, 0, 5, 0, 0, 0},
	}
	c.RegBytes = func(i int) ([]byte, bool) {
		b, ok := content[c.Arch.Regs[i].Name]
		return b, ok
	}
	for expr, want := range map[string]string{
		"$eax,x": "0x8003ff41", "$eax < 0": "1", "$ax": "-191", "$al": "65", "$ah": "-1", "$r8d": "510", "$r8w": "510", "$r8b": "-2", "$r8l": "-2",
		"$esp": "16", "$spl": "16", "$sp": "0x500000010", "sizeof($ax)": "2", "$al + $ah": "64",
	} {
		if got := result(c, expr); got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
	if got := result(c, "$ebx"); !strings.Contains(got, "optimized out") {
		t.Errorf("of a register that is not known: %s", got)
	}
}
