package rv64

import (
	"encoding/binary"
	"testing"
)

func TestDisassemblyUsesTheNamesOfTheABI(t *testing.T) {
	const pc = 0x10000
	for _, c := range []struct {
		inst            uint32
		size            int
		text            string
		call, ret, jump bool
	}{
		{0x00c58533, 4, "add a0,a1,a2", false, false, false},
		{0xff010113, 4, "addi sp,sp,-16", false, false, false},
		{0x00813083, 4, "ld ra,8(sp)", false, false, false},
		{0x02a5f553, 4, "fadd.d fa0,fa1,fa0", false, false, false},
		{0x008000ef, 4, "jal 0x10008", true, false, false},
		{0xfe000ee3, 4, "beqz zero,0xfffc", false, false, true},
		{0x00008067, 4, "ret", false, true, false},
		{0x8082, 2, "", false, true, false},
		{0x0000, 2, "unimp", false, false, false},
		{0xffffffff, 2, ".2byte 0xffff", false, false, false},
	} {
		got := disassemble(binary.LittleEndian.AppendUint32(nil, c.inst), pc)
		if got.Size != c.size || got.Call != c.call || got.Ret != c.ret || got.Jump != c.jump {
			t.Errorf("%#x: %+v", c.inst, got)
		}
		if c.text != "" && got.Text != c.text {
			t.Errorf("%#x: %q, want %q", c.inst, got.Text, c.text)
		}
	}
	if got := disassemble([]byte{0x13}, pc); got.Size != 1 {
		t.Errorf("half an instruction: %+v", got)
	}
}
