//go:build linux && amd64

package amd64_test

import (
	"fmt"
	"strings"
)

// x87Forms are the instructions D8 to DF and wait.
func x87Forms() []*form {
	var s strings.Builder
	// All that work on st(i), existing or not; D9 and DB have opcodes of their
	// own for each ModRM byte from E0 on.
	for op := 0xd8; op <= 0xdf; op++ {
		for digit := range 8 {
			if digit >= 4 && (op == 0xd9 || op == 0xdb && digit == 4) {
				continue
			}
			flags := ""
			if (op == 0xdb || op == 0xdf) && (digit == 5 || digit == 6) { // fcomi
				flags = "f=OSZAPC"
			}
			if (op == 0xda || op == 0xdb) && digit < 4 { // fcmovcc
				flags = "r=ZCP"
			}
			fmt.Fprintf(&s, "x%02X/%d %02X /%d:r mm v=x87 %s\n", op, digit, op, digit, flags)
		}
	}
	tolerant := map[int]bool{0xf0: true, 0xf1: true, 0xf2: true, 0xf3: true, 0xf9: true, 0xfb: true, 0xfe: true, 0xff: true}
	for modrm := 0xe0; modrm <= 0xff; modrm++ {
		tol := ""
		if tolerant[modrm] {
			tol = "tol=ld alone"
		}
		fmt.Fprintf(&s, "xD9%02X D9 %02X v=x87 %s\n", modrm, modrm, tol)
	}
	for modrm := 0xe0; modrm <= 0xe7; modrm++ {
		fmt.Fprintf(&s, "xDB%02X DB %02X v=x87\n", modrm, modrm)
	}
	for _, group := range []struct {
		op   string
		size int
	}{{"D8", 4}, {"DA", 4}, {"DC", 8}, {"DE", 2}} {
		for i, name := range strings.Fields("add mul com comp sub subr div divr") {
			fmt.Fprintf(&s, "f%s-%s %s /%d:m m=%d v=x87\n", name, group.op, group.op, i, group.size)
		}
	}
	return parseForms(s.String() + x87Table)
}

const x87Table = `
fld32 D9 /0:m m=4 v=x87
fst32 D9 /2:m m=4 v=x87
fstp32 D9 /3:m m=4 v=x87
fldenv D9 /4:m m=28 v=x87 p=fldenv alone
fldcw D9 /5:m m=2 v=x87 p=fldcw alone
fnstenv D9 /6:m m=28 v=x87 p=fnstenv alone
fnstcw D9 /7:m m=2 v=x87
fild32 DB /0:m m=4 v=x87
fisttp32 DB /1:m m=4 v=x87
fist32 DB /2:m m=4 v=x87
fistp32 DB /3:m m=4 v=x87
fld80 DB /5:m m=10 v=x87
fstp80 DB /7:m m=10 v=x87
fld64 DD /0:m m=8 v=x87
fisttp64 DD /1:m m=8 v=x87
fst64 DD /2:m m=8 v=x87
fstp64 DD /3:m m=8 v=x87
frstor DD /4:m m=108 v=x87 p=fldenv alone
fnsave DD /6:m m=108 v=x87 p=fnstenv alone
fnstsw DD /7:m m=2 v=x87
fild16 DF /0:m m=2 v=x87
fisttp16 DF /1:m m=2 v=x87
fist16 DF /2:m m=2 v=x87
fistp16 DF /3:m m=2 v=x87
fbld DF /4:m m=10 v=x87 p=fbld
fild64 DF /5:m m=8 v=x87
fbstp DF /6:m m=10 v=x87
fistp64 DF /7:m m=8 v=x87
wait 9B v=x87
invalid D9 /1:m m=4 v=x87
invalid DB /4:m m=4 v=x87
invalid DB /6:m m=4 v=x87
invalid DD /5:m m=4 v=x87
`
