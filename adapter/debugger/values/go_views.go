package values

import (
	"math/big"
	"time"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// goViews are the viewers of Go's standard library, beside the kinds that the
// language itself has.
func goViews() map[string]viewer {
	return map[string]viewer{
		"time.Duration": goDuration, "time.Time": goTime, "strings.Builder": goBuilder, "math/big.Int": goBigInt,
		"sync.Mutex": goMutex, "internal/sync.Mutex": goMutex, "container/list.List": goList,
		"sync/atomic.Int32": wrapperOf("v"), "sync/atomic.Int64": wrapperOf("v"), "sync/atomic.Uint32": wrapperOf("v"),
		"sync/atomic.Uint64": wrapperOf("v"), "sync/atomic.Uintptr": wrapperOf("v"), "sync/atomic.Bool": goAtomicBool,
	}
}

func goDuration(v *Value, _ *symbols.Type) (*view, error) {
	n, err := v.number()
	if err != nil {
		return nil, err
	}
	return &view{text: func(p *printer, _ int) {
		if !p.formatted(v, n) {
			p.put(time.Duration(n.u).String())
		}
	}}, nil
}

// goTime shows a time in UTC: package time says how it is kept.
func goTime(v *Value, _ *symbols.Type) (*view, error) {
	words, err := v.words("wall", "ext")
	if err != nil {
		return nil, err
	}
	const (
		day            = 86400
		unixToInternal = (1969*365 + 1969/4 - 1969/100 + 1969/400) * day
		wallToInternal = (1884*365 + 1884/4 - 1884/100 + 1884/400) * day
	)
	wall, seconds := words[0], int64(words[1])
	if wall>>63 != 0 { // with a reading of the monotonic clock in ext
		seconds = wallToInternal + int64(wall<<1>>31)
	}
	nanos := int64(wall & (1<<30 - 1))
	if nanos >= 1e9 || seconds < -1<<40 || seconds > 1<<40 {
		return nil, damaged("%d seconds and %d nanoseconds since the year 1", seconds, nanos)
	}
	return &view{text: fixed(time.Unix(seconds-unixToInternal, nanos).UTC().Format(time.RFC3339Nano))}, nil
}

func goBuilder(v *Value, _ *symbols.Type) (*view, error) {
	buf, err := v.at("buf")
	if err != nil {
		return nil, err
	}
	addr, n, err := buf.goHeader()
	if err != nil {
		return nil, err
	}
	return &view{str: &text{addr: addr, n: n, width: 1, typ: v.c.base("uint8", true), src: v}}, nil
}

func goBigInt(v *Value, _ *symbols.Type) (*view, error) {
	neg, err := v.word("neg")
	if err != nil {
		return nil, err
	}
	abs, err := v.at("abs")
	if err != nil {
		return nil, err
	}
	addr, n, err := abs.goHeader()
	if err != nil {
		return nil, err
	}
	const most = 64 // words; longer ones are no use on one line
	if n > most {
		return nil, nil
	}
	b, err := v.c.readPart(addr, n*ptrSize)
	if err != nil {
		return nil, err
	}
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	x := new(big.Int).SetBytes(b)
	if neg != 0 {
		x.Neg(x)
	}
	return &view{text: fixed(x.String())}, nil
}

func goMutex(v *Value, _ *symbols.Type) (*view, error) {
	m := v
	if inner := v.firstMember("mu"); inner != nil {
		m = inner
	}
	state, err := m.word("state")
	if err != nil {
		return nil, err
	}
	if state&1 != 0 {
		return &view{text: fixed("locked")}, nil
	}
	return &view{text: fixed("unlocked")}, nil
}

func goAtomicBool(v *Value, _ *symbols.Type) (*view, error) {
	m, err := v.at("v")
	if err != nil {
		return nil, err
	}
	return &view{target: m.as(v.c.base("bool", true)).called(v.name, v.expr), transparent: true}, nil
}

func goList(v *Value, _ *symbols.Type) (*view, error) {
	n, err := v.word("len")
	if err != nil {
		return nil, err
	}
	root, err := v.at("root")
	addr, _, ok := root.addressIf(err)
	if !ok {
		return nil, orDamaged(err, "it has no address")
	}
	elem := strip(root.typ)
	off, ok := offsetOf(elem, "next")
	if !ok {
		return nil, nil
	}
	c := &chain[uint64]{n: int64(min(n, maxObject)), next: func(at uint64) (uint64, bool, error) {
		to, err := v.c.readWord(at + uint64(off))
		return to, to != addr && to != 0, err
	}}
	first, err := root.word("next")
	if err != nil {
		return nil, err
	}
	if first != addr && first != 0 {
		c.seen = []uint64{first}
	}
	return &view{seq: &sequence{n: c.n, at: func(i int64) (*Value, error) {
		at, err := c.at(i)
		if err != nil {
			return nil, err
		}
		return v.elem(root.typ, at).at("Value")
	}}}, nil
}
