//go:build linux && amd64

package amd64_test

import (
	"fmt"
	"strings"
)

// both are the packed integer instructions that exist for MMX registers and,
// with a 66 prefix, for XMM registers.
const both = `
punpcklwd 0F 61|punpckldq 0F 62|packsswb 0F 63|pcmpgtb 0F 64|pcmpgtw 0F 65|pcmpgtd 0F 66|packuswb 0F 67
punpckhbw 0F 68|punpckhwd 0F 69|punpckhdq 0F 6A|packssdw 0F 6B|pcmpeqb 0F 74|pcmpeqw 0F 75|pcmpeqd 0F 76
psrlw 0F D1|psrld 0F D2|psrlq 0F D3|paddq 0F D4|pmullw 0F D5|psubusb 0F D8|psubusw 0F D9|pminub 0F DA|pand 0F DB
paddusb 0F DC|paddusw 0F DD|pmaxub 0F DE|pandn 0F DF|pavgb 0F E0|psraw 0F E1|psrad 0F E2|pavgw 0F E3|pmulhuw 0F E4
pmulhw 0F E5|psubsb 0F E8|psubsw 0F E9|pminsw 0F EA|por 0F EB|paddsb 0F EC|paddsw 0F ED|pmaxsw 0F EE|pxor 0F EF
psllw 0F F1|pslld 0F F2|psllq 0F F3|pmuludq 0F F4|pmaddwd 0F F5|psadbw 0F F6|psubb 0F F8|psubw 0F F9|psubd 0F FA
psubq 0F FB|paddb 0F FC|paddw 0F FD|paddd 0F FE|punpcklbw 0F 60
pshufb 0F 38 00|phaddw 0F 38 01|phaddd 0F 38 02|phaddsw 0F 38 03|pmaddubsw 0F 38 04|phsubw 0F 38 05|phsubd 0F 38 06
phsubsw 0F 38 07|psignb 0F 38 08|psignw 0F 38 09|psignd 0F 38 0A|pmulhrsw 0F 38 0B|pabsb 0F 38 1C|pabsw 0F 38 1D|pabsd 0F 38 1E`

// sseForms are the instructions on MMX and XMM registers.
func sseForms() []*form {
	var s strings.Builder
	for _, op := range strings.Split("51 sqrt|58 add|59 mul|5C sub|5D min|5E div|5F max|C2 cmp", "|") {
		code, name, _ := strings.Cut(op, " ")
		imm := ""
		if name == "cmp" {
			imm = "ib"
		}
		fmt.Fprintf(&s, "%sps 0F %s /r %s m=16 a v=ps\n%spd 66 0F %s /r %s m=16 a v=pd\n", name, code, imm, name, code, imm)
		fmt.Fprintf(&s, "%sss F3 0F %s /r %s m=4 v=ss\n%ssd F2 0F %s /r %s m=8 v=sd\n", name, code, imm, name, code, imm)
	}
	for _, line := range strings.Split(strings.TrimSpace(both), "\n") {
		for _, op := range strings.Split(line, "|") {
			size := "8"
			if strings.HasPrefix(op, "punpckl") {
				size = "4"
			}
			name, code, _ := strings.Cut(op, " ")
			fmt.Fprintf(&s, "%s-mm %s /r m=%s mm v=pi\n%s 66 %s /r m=16 a v=pi\n", name, code, size, name, code)
		}
	}
	for _, shift := range strings.Split("psrlw 71 2|psraw 71 4|psllw 71 6|psrld 72 2|psrad 72 4|pslld 72 6|psrlq 73 2|psllq 73 6", "|") {
		w := strings.Fields(shift)
		fmt.Fprintf(&s, "%s-mm 0F %s /%s:r ib mm v=pi\n%s 66 0F %s /%s:r ib v=pi\n", w[0], w[1], w[2], w[0], w[1], w[2])
	}
	for i, name := range strings.Fields("bw bd bq wd wq dq") {
		size := []int{8, 4, 2, 8, 4, 8}[i]
		fmt.Fprintf(&s, "pmovsx%s 66 0F 38 %02X /r m=%d v=pi\npmovzx%s 66 0F 38 %02X /r m=%d v=pi\n", name, 0x20+i, size, name, 0x30+i, size)
	}
	for i, name := range strings.Fields("pminsb pminsd pminuw pminud pmaxsb pmaxsd pmaxuw pmaxud pmulld phminposuw") {
		fmt.Fprintf(&s, "%s 66 0F 38 %02X /r m=16 a v=pi\n", name, 0x38+i)
	}
	return parseForms(s.String() + sseTable)
}

const sseTable = `
rsqrtps 0F 52 /r m=16 a v=ps tol=ps
rsqrtss F3 0F 52 /r m=4 v=ss tol=ps
rcpps 0F 53 /r m=16 a v=ps tol=ps
rcpss F3 0F 53 /r m=4 v=ss tol=ps
andps 0F 54 /r m=16 a v=ps
andpd 66 0F 54 /r m=16 a v=pd
andnps 0F 55 /r m=16 a v=ps
andnpd 66 0F 55 /r m=16 a v=pd
orps 0F 56 /r m=16 a v=ps
orpd 66 0F 56 /r m=16 a v=pd
xorps 0F 57 /r m=16 a v=ps
xorpd 66 0F 57 /r m=16 a v=pd
unpcklps 0F 14 /r m=16 a v=ps
unpcklpd 66 0F 14 /r m=16 a v=pd
unpckhps 0F 15 /r m=16 a v=ps
unpckhpd 66 0F 15 /r m=16 a v=pd
shufps 0F C6 /r ib m=16 a v=ps
shufpd 66 0F C6 /r ib m=16 a v=pd
ucomiss 0F 2E /r m=4 v=ss f=OSZAPC
ucomisd 66 0F 2E /r m=8 v=sd f=OSZAPC
comiss 0F 2F /r m=4 v=ss f=OSZAPC
comisd 66 0F 2F /r m=8 v=sd f=OSZAPC
movups 0F 10 /r m=16 v=ps
movups 0F 11 /r m=16 v=ps
movupd 66 0F 10 /r m=16 v=pd
movupd 66 0F 11 /r m=16 v=pd
movss F3 0F 10 /r m=4 v=ss
movss F3 0F 11 /r m=4 v=ss
movsd F2 0F 10 /r m=8 v=sd
movsd F2 0F 11 /r m=8 v=sd
movaps 0F 28 /r m=16 a v=ps
movaps 0F 29 /r m=16 a v=ps
movapd 66 0F 28 /r m=16 a v=pd
movapd 66 0F 29 /r m=16 a v=pd
movlps 0F 12 /r m=8 v=ps
movlps 0F 13 /r:m m=8 v=ps
movhps 0F 16 /r m=8 v=ps
movhps 0F 17 /r:m m=8 v=ps
movlpd 66 0F 12 /r:m m=8 v=pd
movlpd 66 0F 13 /r:m m=8 v=pd
movhpd 66 0F 16 /r:m m=8 v=pd
movhpd 66 0F 17 /r:m m=8 v=pd
movsldup F3 0F 12 /r m=16 a v=ps
movshdup F3 0F 16 /r m=16 a v=ps
movddup F2 0F 12 /r m=8 v=pd
movntps 0F 2B /r:m m=16 a v=ps
movntpd 66 0F 2B /r:m m=16 a v=pd
movmskps 0F 50 /r:r sz=dq v=ps
movmskpd 66 0F 50 /r:r sz=dq v=pd
cvtps2pd 0F 5A /r m=8 v=ps
cvtpd2ps 66 0F 5A /r m=16 a v=pd
cvtss2sd F3 0F 5A /r m=4 v=ss
cvtsd2ss F2 0F 5A /r m=8 v=sd
cvtdq2ps 0F 5B /r m=16 a v=pi
cvtps2dq 66 0F 5B /r m=16 a v=ps
cvttps2dq F3 0F 5B /r m=16 a v=ps
cvtdq2pd F3 0F E6 /r m=8 v=pi
cvttpd2dq 66 0F E6 /r m=16 a v=pd
cvtpd2dq F2 0F E6 /r m=16 a v=pd
cvtpi2ps 0F 2A /r m=8 mm v=pi
cvtpi2pd 66 0F 2A /r m=8 mm v=pi
cvtsi2ss F3 0F 2A /r sz=dq v=int
cvtsi2sd F2 0F 2A /r sz=dq v=int
cvttps2pi 0F 2C /r m=8 mm v=ps
cvttpd2pi 66 0F 2C /r m=16 a mm v=pd
cvttss2si F3 0F 2C /r sz=dq m=4 v=ss
cvttsd2si F2 0F 2C /r sz=dq m=8 v=sd
cvtps2pi 0F 2D /r m=8 mm v=ps
cvtpd2pi 66 0F 2D /r m=16 a mm v=pd
cvtss2si F3 0F 2D /r sz=dq m=4 v=ss
cvtsd2si F2 0F 2D /r sz=dq m=8 v=sd
addsubpd 66 0F D0 /r m=16 a v=pd
addsubps F2 0F D0 /r m=16 a v=ps
haddpd 66 0F 7C /r m=16 a v=pd
haddps F2 0F 7C /r m=16 a v=ps
hsubpd 66 0F 7D /r m=16 a v=pd
hsubps F2 0F 7D /r m=16 a v=ps
punpcklqdq 66 0F 6C /r m=16 a v=pi
punpckhqdq 66 0F 6D /r m=16 a v=pi
psrldq 66 0F 73 /3:r ib v=pi
pslldq 66 0F 73 /7:r ib v=pi
movd-mm 0F 6E /r sz=dq mm v=pi
movd 66 0F 6E /r sz=dq v=pi
movd-mm 0F 7E /r sz=dq mm v=pi
movd 66 0F 7E /r sz=dq v=pi
movq F3 0F 7E /r m=8 v=pi
movq 66 0F D6 /r m=8 v=pi
movq-mm 0F 6F /r m=8 mm v=pi
movq-mm 0F 7F /r m=8 mm v=pi
movdqa 66 0F 6F /r m=16 a v=pi
movdqa 66 0F 7F /r m=16 a v=pi
movdqu F3 0F 6F /r m=16 v=pi
movdqu F3 0F 7F /r m=16 v=pi
lddqu F2 0F F0 /r:m m=16 v=pi
movq2dq F3 0F D6 /r:r mm v=pi
movdq2q F2 0F D6 /r:r mm v=pi
movntq 0F E7 /r:m m=8 mm v=pi
movntdq 66 0F E7 /r:m m=16 a v=pi
movntdqa 66 0F 38 2A /r:m m=16 a v=pi
pmovmskb-mm 0F D7 /r:r mm v=pi
pmovmskb 66 0F D7 /r:r sz=dq v=pi
pshufw 0F 70 /r ib m=8 mm v=pi
pshufd 66 0F 70 /r ib m=16 a v=pi
pshufhw F3 0F 70 /r ib m=16 a v=pi
pshuflw F2 0F 70 /r ib m=16 a v=pi
pinsrw-mm 0F C4 /r ib m=2 mm v=pi
pinsrw 66 0F C4 /r ib m=2 v=pi
pextrw-mm 0F C5 /r:r ib mm v=pi
pextrw 66 0F C5 /r:r ib sz=dq v=pi
maskmovq 0F F7 /r:r mm v=pi p=maskmov alone
maskmovdqu 66 0F F7 /r:r v=pi p=maskmov alone
emms 0F 77 mm v=pi
palignr-mm 0F 3A 0F /r ib m=8 mm v=pi
palignr 66 0F 3A 0F /r ib m=16 a v=pi
pblendvb 66 0F 38 10 /r m=16 a v=pi
blendvps 66 0F 38 14 /r m=16 a v=ps
blendvpd 66 0F 38 15 /r m=16 a v=pd
ptest 66 0F 38 17 /r m=16 a v=pi f=OSZAPC
pmuldq 66 0F 38 28 /r m=16 a v=pi
pcmpeqq 66 0F 38 29 /r m=16 a v=pi
packusdw 66 0F 38 2B /r m=16 a v=pi
pcmpgtq 66 0F 38 37 /r m=16 a v=pi
roundps 66 0F 3A 08 /r ib m=16 a v=ps
roundpd 66 0F 3A 09 /r ib m=16 a v=pd
roundss 66 0F 3A 0A /r ib m=4 v=ss
roundsd 66 0F 3A 0B /r ib m=8 v=sd
blendps 66 0F 3A 0C /r ib m=16 a v=ps
blendpd 66 0F 3A 0D /r ib m=16 a v=pd
pblendw 66 0F 3A 0E /r ib m=16 a v=pi
pextrb 66 0F 3A 14 /r ib m=1 v=pi
pextrw 66 0F 3A 15 /r ib m=2 v=pi
pextrd 66 0F 3A 16 /r ib sz=dq v=pi
extractps 66 0F 3A 17 /r ib m=4 v=ps
pinsrb 66 0F 3A 20 /r ib m=1 v=pi
insertps 66 0F 3A 21 /r ib m=4 v=ps
pinsrd 66 0F 3A 22 /r ib sz=dq v=pi
dpps 66 0F 3A 40 /r ib m=16 a v=ps
dppd 66 0F 3A 41 /r ib m=16 a v=pd
mpsadbw 66 0F 3A 42 /r ib m=16 a v=pi
pcmpestrm 66 0F 3A 60 /r ib sz=dq m=16 v=str p=lengths f=OSZAPC
pcmpestri 66 0F 3A 61 /r ib sz=dq m=16 v=str p=lengths f=OSZAPC
pcmpistrm 66 0F 3A 62 /r ib m=16 v=str f=OSZAPC
pcmpistri 66 0F 3A 63 /r ib m=16 v=str f=OSZAPC
ldmxcsr 0F AE /2:m m=4 p=ldmxcsr alone v=ps
stmxcsr 0F AE /3:m m=4 v=ps
fxsave 0F AE /0:m sz=dq m=512 a p=fxsave v=pi alone
fxrstor 0F AE /1:m sz=dq m=512 a p=fxrstor alone v=pi
vaddps C5 F8 58 /r alone
vaddpd C4 E1 79 58 /r alone
`
