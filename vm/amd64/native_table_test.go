//go:build linux && amd64

package amd64_test

import (
	"fmt"
	"strings"
)

// conditions by their number in jcc, setcc and cmovcc, with the flags they read.
var conditions = []struct{ name, flags string }{
	{"o", "O"}, {"no", "O"}, {"b", "C"}, {"ae", "C"}, {"e", "Z"}, {"ne", "Z"}, {"be", "CZ"}, {"a", "CZ"},
	{"s", "S"}, {"ns", "S"}, {"p", "P"}, {"np", "P"}, {"l", "SO"}, {"ge", "SO"}, {"le", "ZSO"}, {"g", "ZSO"},
}

// integerForms are the general instructions.
func integerForms() []*form {
	var s strings.Builder
	for i, name := range strings.Fields("add or adc sbb and sub xor cmp") {
		flags := "f=OSZAPC"
		switch name {
		case "adc", "sbb":
			flags += " r=C"
		case "and", "or", "xor":
			flags = "f=OSZPC u=A"
		}
		lock := "lock"
		if name == "cmp" {
			lock = ""
		}
		for j, line := range []string{
			"%02X /r sz=b " + lock, "%02X /r sz=wdq " + lock, "%02X /r sz=b", "%02X /r sz=wdq", "%02X ib sz=b", "%02X iz sz=wdq",
		} {
			op := strings.Replace(line, "%02X", fmt.Sprintf("%02X", 8*i+j), 1)
			fmt.Fprintln(&s, name, op, flags)
		}
		fmt.Fprintf(&s, "%s 80 /%d ib sz=b %s %s\n", name, i, lock, flags)
		fmt.Fprintf(&s, "%s 81 /%d iz sz=wdq %s %s\n", name, i, lock, flags)
		fmt.Fprintf(&s, "%s 83 /%d ib sz=wdq %s %s\n", name, i, lock, flags)
	}
	for i, name := range strings.Fields("rol ror rcl rcr shl shr sal sar") {
		flags := "u=O f=C"
		switch {
		case i >= 4:
			flags = "f=SZP u=OAC"
		case i >= 2:
			flags = "u=OC r=C"
		}
		fmt.Fprintf(&s, "%s C0 /%d ib sz=b p=shiftib %s\n%s C1 /%d ib sz=wdq p=shiftib %s\n", name, i, flags, name, i, flags)
		fmt.Fprintf(&s, "%s D0 /%d sz=b p=shift1 %s\n%s D1 /%d sz=wdq p=shift1 %s\n", name, i, flags, name, i, flags)
		fmt.Fprintf(&s, "%s D2 /%d sz=b p=shiftcl %s\n%s D3 /%d sz=wdq p=shiftcl %s\n", name, i, flags, name, i, flags)
	}
	for i, c := range conditions {
		fmt.Fprintf(&s, "j%s %02X rel8 r=%s\nj%s 0F %02X rel32 alone r=%s\n", c.name, 0x70+i, c.flags, c.name, 0x80+i, c.flags)
		fmt.Fprintf(&s, "set%s 0F %02X /r sz=b r=%s\ncmov%s 0F %02X /r sz=wdq r=%s\n", c.name, 0x90+i, c.flags, c.name, 0x40+i, c.flags)
	}
	return parseForms(s.String() + integerTable)
}

const integerTable = `
test 84 /r sz=b f=OSZPC u=A
test 85 /r sz=wdq f=OSZPC u=A
test A8 ib sz=b f=OSZPC u=A
test A9 iz sz=wdq f=OSZPC u=A
test F6 /0 ib sz=b f=OSZPC u=A
test F7 /0 iz sz=wdq f=OSZPC u=A
not F6 /2 sz=b lock
not F7 /2 sz=wdq lock
neg F6 /3 sz=b lock f=OSZAPC
neg F7 /3 sz=wdq lock f=OSZAPC
mul F6 /4 sz=b f=OC u=SZAP
mul F7 /4 sz=wdq f=OC u=SZAP
imul F6 /5 sz=b f=OC u=SZAP
imul F7 /5 sz=wdq f=OC u=SZAP
imul 0F AF /r sz=wdq f=OC u=SZAP
imul 69 /r iz sz=wdq f=OC u=SZAP
imul 6B /r ib sz=wdq f=OC u=SZAP
div F6 /6 sz=b u=OSZAPC p=div alone
div F7 /6 sz=wdq u=OSZAPC p=div alone
idiv F6 /7 sz=b u=OSZAPC p=div alone
idiv F7 /7 sz=wdq u=OSZAPC p=div alone
inc FE /0 sz=b lock f=OSZAP
inc FF /0 sz=wdq lock f=OSZAP
dec FE /1 sz=b lock f=OSZAP
dec FF /1 sz=wdq lock f=OSZAP
shld 0F A4 /r ib sz=wdq p=double u=OSZAPC alone
shld 0F A5 /r sz=wdq p=doublecl u=OSZAPC alone
shrd 0F AC /r ib sz=wdq p=double u=OSZAPC alone
shrd 0F AD /r sz=wdq p=doublecl u=OSZAPC alone
bt 0F A3 /r sz=wdq p=bit u=OSAP f=C
bts 0F AB /r sz=wdq p=bit u=OSAP f=C lock
btr 0F B3 /r sz=wdq p=bit u=OSAP f=C lock
btc 0F BB /r sz=wdq p=bit u=OSAP f=C lock
bt 0F BA /4 ib sz=wdq u=OSAP f=C
bts 0F BA /5 ib sz=wdq u=OSAP f=C lock
btr 0F BA /6 ib sz=wdq u=OSAP f=C lock
btc 0F BA /7 ib sz=wdq u=OSAP f=C lock
bsf 0F BC /r sz=wdq p=scan u=OSAPC f=Z alone
bsr 0F BD /r sz=wdq p=scan u=OSAPC f=Z alone
popcnt F3 0F B8 /r sz=wdq f=OSZAPC
mov 88 /r sz=b
mov 89 /r sz=wdq
mov 8A /r sz=b
mov 8B /r sz=wdq
mov C6 /0 ib sz=b
mov C7 /0 iz sz=wdq
mov B0+r ib sz=b
mov B8+r iv sz=wdq
mov A0 moffs sz=b
mov A1 moffs sz=wdq
mov A2 moffs sz=b
mov A3 moffs sz=wdq
movzx 0F B6 /r sz=wdq m=1
movzx 0F B7 /r sz=dq m=2
movsx 0F BE /r sz=wdq m=1
movsx 0F BF /r sz=dq m=2
movsxd 63 /r sz=dq m=4
lea 8D /r:m sz=wdq
xchg 86 /r sz=b lock
xchg 87 /r sz=wdq lock
xchg 90+r sz=wdq
cmpxchg 0F B0 /r sz=b p=cmpxchg lock f=OSZAPC
cmpxchg 0F B1 /r sz=wdq p=cmpxchg lock f=OSZAPC
cmpxchg8b 0F C7 /1:m m=8 p=cmpxchgb lock f=Z
cmpxchg16b W 0F C7 /1:m m=16 a p=cmpxchgb lock f=Z
xadd 0F C0 /r sz=b lock f=OSZAPC
xadd 0F C1 /r sz=wdq lock f=OSZAPC
movnti 0F C3 /r:m sz=dq
bswap 0F C8+r sz=dq
cbw 98 sz=wdq
cwd 99 sz=wdq
sahf 9E f=SZAPC
lahf 9F r=SZAPC
cmc F5 r=C f=C
clc F8 f=C
stc F9 f=C
cld FC f=D
std FD f=D alone
jmp EB rel8
jmp E9 rel32 alone
jmp FF /4 sz=d m=8 p=branch alone
call E8 rel32 alone
call FF /2 sz=d m=8 p=branch alone
ret C3 p=ret alone
ret C2 iw p=ret alone
loopne E0 rel8 p=loop alone r=Z
loope E1 rel8 p=loop alone r=Z
loop E2 rel8 p=loop alone
jrcxz E3 rel8 p=loop alone
push 50+r sz=wd alone
pop 58+r sz=wd alone
push 68 iz sz=wd alone
push 6A ib sz=wd alone
push FF /6 sz=wd m=8 alone
pop 8F /0 sz=wd m=8 alone
pushf 9C sz=wd p=pushf r=OSZAPC alone
popf 9D sz=wd p=popf f=OSZAPC alone
enter C8 iwib p=enter alone
leave C9 p=leave alone
movs A4 sz=b rep p=string alone
movs A5 sz=wdq rep p=string alone
cmps A6 sz=b rep p=string f=OSZAPC alone
cmps A7 sz=wdq rep p=string f=OSZAPC alone
stos AA sz=b rep p=string alone
stos AB sz=wdq rep p=string alone
lods AC sz=b rep p=string alone
lods AD sz=wdq rep p=string alone
scas AE sz=b rep p=string f=OSZAPC alone
scas AF sz=wdq rep p=string f=OSZAPC alone
xlat D7 p=xlat alone
nop 90
pause F3 90
nop 0F 1F /0 sz=wdq
endbr64 F3 0F 1E FA
prefetch 0F 18 /1:m
prefetchw 0F 0D /1:m
lfence 0F AE E8
mfence 0F AE F0
sfence 0F AE F8
clflush 0F AE /7:m
ud2 0F 0B alone
crc32 F2 0F 38 F0 /r sz=d m=1
crc32 W F2 0F 38 F0 /r sz=d m=1
crc32 F2 0F 38 F1 /r sz=wdq
int3 CC alone
invalid 06 alone
invalid 27 alone
invalid 60 alone
invalid D6 alone
invalid 9A alone
`
