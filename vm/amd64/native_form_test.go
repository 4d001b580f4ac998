//go:build linux && amd64

package amd64_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
)

// form is one instruction form: what the tables in native_table*_test.go say
// about it. A line of a table is
//
//	name encoding options
//
// The encoding is written as the SDM writes it: "66 0F 3A 0F /r ib". A leading
// 66, F2 or F3 is a mandatory prefix, W stands for REX.W; /r is a ModRM byte
// with any register in reg, /0 to /7 one with an opcode extension; :m and :r
// after it confine r/m to memory or a register; "+r" after an opcode byte puts a
// register there; ib, iw, id are immediates, iz one of the operand size (4 bytes
// at most), iv one of the full operand size, rel8 and rel32 branch offsets.
//
// Options:
//
//	sz=wdq     operand sizes: w has a 66 prefix, q REX.W, d and b neither
//	f=OSZAPC   flags that are written, with defined values
//	u=OSZAPC   flags that are undefined, possibly depending on the operands
//	r=OSZAPC   flags that are read
//	lock       may have a lock prefix with a destination in memory
//	rep        may have a rep or repne prefix
//	m=16       bytes of the memory operand
//	a          the memory operand must be aligned to 16 bytes
//	v=ps       how operands are chosen: see values_test.go
//	mm         r/m and reg are MMX registers
//	env        writes or reads the environment's pointers: not in sequences
//	alone      not in sequences for another reason
//	p=name     prepare function, see preparations
//	tol=ps     results may differ in the last bits
type form struct {
	name    string
	prefix  byte // mandatory
	w       bool
	op      []byte
	plusR   bool
	modrm   bool
	digit   int // opcode extension, -1 for a register
	mem     bool
	reg     bool
	imm     string
	sizes   string
	writes  uint64
	undef   uint64
	reads   uint64
	lock    bool
	rep     bool
	size    uint64
	aligned bool
	values  string
	mmx     bool
	alone   bool
	tol     string
	prepare preparation
	x87     bool
}

var flagLetters = map[rune]uint64{
	'O': amd64.FlagOF, 'S': amd64.FlagSF, 'Z': amd64.FlagZF, 'A': amd64.FlagAF, 'P': amd64.FlagPF, 'C': amd64.FlagCF, 'D': amd64.FlagDF,
}

func flagSet(letters string) (set uint64) {
	for _, l := range letters {
		bit, ok := flagLetters[l]
		if !ok {
			panic("no flag " + string(l))
		}
		set |= bit
	}
	return set
}

// parseForms reads a table. Lines without an encoding are comments.
func parseForms(table string) (forms []*form) {
	for line := range strings.Lines(table) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		f := &form{name: words[0], digit: -1, mem: true, reg: true}
		for _, w := range words[1:] {
			if err := f.word(w); err != nil {
				panic(fmt.Sprintf("%q: %v", line, err))
			}
		}
		f.defaults()
		forms = append(forms, f)
	}
	return forms
}

func (f *form) word(w string) error {
	if key, value, ok := strings.Cut(w, "="); ok {
		return f.option(key, value)
	}
	switch w {
	case "W":
		f.w = true
	case "ib", "iw", "id", "iz", "iv", "rel8", "rel32", "moffs", "iwib":
		f.imm = w
	case "lock":
		f.lock = true
	case "rep":
		f.rep = true
	case "a":
		f.aligned = true
	case "mm":
		f.mmx = true
	case "alone", "env":
		f.alone = true
	default:
		if w[0] == '/' {
			w, only, _ := strings.Cut(w[1:], ":")
			f.modrm, f.mem, f.reg = true, only != "r", only != "m"
			if w != "r" {
				f.digit = int(w[0] - '0')
			}
			return nil
		}
		hex, plus := strings.CutSuffix(w, "+r")
		b, err := strconv.ParseUint(hex, 16, 8)
		if err != nil {
			return err
		}
		f.plusR = plus
		if len(f.op) == 0 && f.prefix == 0 && slices.Contains([]uint64{0x66, 0xf2, 0xf3}, b) {
			f.prefix = byte(b)
		} else {
			f.op = append(f.op, byte(b))
		}
	}
	return nil
}

func (f *form) option(key, value string) error {
	switch key {
	case "sz":
		f.sizes = value
	case "f":
		f.writes = flagSet(value)
	case "u":
		f.undef = flagSet(value)
	case "r":
		f.reads = flagSet(value)
	case "m":
		n, err := strconv.Atoi(value)
		f.size = uint64(n)
		return err
	case "v":
		f.values = value
	case "tol":
		f.tol = value
	case "p":
		f.prepare = preparations[value]
		if f.prepare == nil {
			return fmt.Errorf("no preparation %q", value)
		}
	default:
		return fmt.Errorf("no option %q", key)
	}
	return nil
}

func (f *form) defaults() {
	if f.sizes == "" {
		f.sizes = "d"
	}
	if f.values == "" {
		f.values = "int"
	}
	f.alone = f.alone || f.tol != ""
	f.x87 = len(f.op) > 0 && f.op[0]&0xf8 == 0xd8
}

// memory is the number of bytes of the memory operand.
func (f *form) memory(size byte) uint64 {
	if f.size != 0 {
		return f.size
	}
	return uint64(sizeBytes[size])
}

var sizeBytes = map[byte]int{'b': 1, 'w': 2, 'd': 4, 'q': 8}
