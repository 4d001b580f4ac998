package recording

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// openAll opens a file and reads everything that it seems to hold. It returns the
// recording, if it is one.
func openAll(b []byte) *Recording {
	r, err := open(&memory{b: b}, int64(len(b)))
	if err != nil {
		return nil
	}
	_ = r.Damage()
	for id := range r.blobs {
		_, _ = r.Read(id)
	}
	for _, f := range r.Files() {
		_, _ = r.ReadFile(f.Path)
	}
	return r
}

// wrapped makes a file of parts with right checksums out of anything: a list of kind,
// flags, low byte of the mark, length (2 bytes) and payload. What the fuzzer changes gets
// past the checks of the container then.
func wrapped(data []byte) []byte {
	w := &writer{f: newMemory(), salt: 1}
	b := appendFileHeader(nil, formatVersion, w.salt)
	for seq := uint64(0); len(data) >= 5; seq++ {
		n := min(int(binary.LittleEndian.Uint16(data[3:])), len(data)-5)
		b = w.appendPart(b, header{kind: kind(data[0]), flags: data[1] & flagMore, seq: seq, mark: uint64(data[2])}, data[5:5+n])
		data = data[5+n:]
	}
	return b
}

// unwrapped is the contrary of wrapped, for seeds.
func unwrapped(f *memory) []byte {
	var out []byte
	r := reader{f: f, size: int64(len(f.b))}
	_ = r.hop(func(e entry) {
		if p, err := r.read(e); err == nil && len(p) < 1<<16 {
			out = append(out, byte(e.kind), 0, byte(e.mark))
			out = binary.LittleEndian.AppendUint16(out, uint16(len(p)))
			out = append(out, p...)
		}
	}, func(gap) {})
	return out
}

// FuzzOpen opens anything, as a file and as the content of parts. It must not panic, nor
// take more memory than the file's size allows.
func FuzzOpen(f *testing.F) {
	h := writeHistory(f, rand.New(rand.NewPCG(10, 1)), 8)
	f.Add(h.f.b)
	f.Add(unwrapped(h.f))
	f.Add(h.f.b[:len(h.f.b)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		openAll(data)
		if r := openAll(wrapped(data)); r != nil && r.log.Len()-r.log.Base() > len(data)*maxRatio/inputHead {
			t.Errorf("%d inputs out of %d bytes", r.log.Len(), len(data))
		}
	})
}

// Anything in the parts: opening it may fail, but not otherwise.
func TestOpeningRandomParts(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	h := writeHistory(t, r, 8)
	seed := unwrapped(h.f)
	for range many(1000) {
		b := append([]byte(nil), seed...)
		for range 1 + r.IntN(12) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		openAll(wrapped(b))
	}
}

// taken is how many bytes f allocates, all in all.
func taken(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A small file cannot make the reader take much memory: not by the lengths that it
// claims, nor by what decompresses to much, nor by large numbers.
func TestOpeningTakesMemoryInProportionToTheFile(t *testing.T) {
	const perByte = 512 // 64 decoded, an input takes three times its encoding, lists grow by doubling
	decoder()
	encoder()
	file := func(parts ...written) []byte {
		w := &writer{f: newMemory(), salt: 1}
		b := appendFileHeader(nil, formatVersion, w.salt)
		x := begin{}
		for i, p := range append([]written{{kindBegin, 0, x.appendTo(nil)}}, parts...) {
			b = w.appendPart(b, header{kind: p.kind, seq: uint64(i), mark: p.mark}, p.payload)
		}
		return b
	}
	many := make([]*vm.Input, 100000)
	for i := range many {
		many[i] = &vm.Input{}
	}
	claims := func(n int) []byte {
		b := binary.LittleEndian.AppendUint64(nil, 0)
		b = binary.LittleEndian.AppendUint32(b, 1<<31)
		return append(b, make([]byte, n)...)
	}
	huge := appendInput(nil, &vm.Input{Data: make([]byte, 10)})
	binary.LittleEndian.PutUint32(huge[28:], 1<<31)
	for about, b := range map[string][]byte{
		"zeros that compress well":  file(written{kindInputs, 5, make([]byte, pieceSize)}),
		"empty inputs":              file(written{kindInputs, 5, appendInputs(nil, 0, many)}),
		"a claim of many inputs":    file(written{kindInputs, 5, claims(100)}),
		"a claim of many values":    file(written{kindInputs, 5, append(appendInputs(nil, 0, many[:1])[:12], huge...)}),
		"a chunk of a large number": file(written{kindChunk, 1 << 63, []byte("chunk")}),
		"events":                    file(written{kindJournal, 0, make([]byte, pieceSize)}, written{kindInputs, 5, appendInputs(nil, 0, nil)}),
		"a log that begins late":    file(written{kindKept, 1 << 39, appendKept(nil, nil)}, written{kindInputs, 5, appendInputs(nil, 1<<39, nil)}),
	} {
		if n := taken(func() { openAll(b) }); n > uint64(len(b))*perByte+1<<20 {
			t.Errorf("%s: opening %d bytes took %d", about, len(b), n)
		}
	}
}
