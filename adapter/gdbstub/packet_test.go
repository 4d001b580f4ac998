package gdbstub

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

type item struct {
	kind itemKind
	data string
}

// scan cuts a whole stream.
func scan(t testing.TB, stream string) (items []item, err error) {
	t.Helper()
	s := newScanner(strings.NewReader(stream))
	for {
		kind, data, err := s.next()
		if err != nil {
			return items, err
		}
		items = append(items, item{kind, string(data)})
	}
}

func TestScannerCutsTheStreamIntoItems(t *testing.T) {
	long := strings.Repeat("a", packetSize+1)
	for _, c := range []struct {
		name, stream string
		want         []item
		err          error
	}{
		{"packets and acknowledgements", "+$g#67-$bs#d5+", []item{{itemAck, ""}, {itemPacket, "g"}, {itemNak, ""}, {itemPacket, "bs"}, {itemAck, ""}}, io.EOF},
		{"interrupt between packets", "$c#63\x03", []item{{itemPacket, "c"}, {itemInterrupt, ""}}, io.EOF},
		{"interrupt byte inside a packet is data", "$X\x03#5b", []item{{itemPacket, "X\x03"}}, io.EOF},
		{"noise between packets", "\x00xyz$g#67", []item{{itemPacket, "g"}}, io.EOF},
		{"empty packet", "$#00", []item{{itemPacket, ""}}, io.EOF},
		{"escaped bytes", "$a}\x03}]#bb", []item{{itemPacket, "a#}"}}, io.EOF},
		{"upper case checksum", "$m0,1J#74$mz#E7", []item{{itemBad, "m0,1J"}, {itemPacket, "mz"}}, io.EOF},
		{"wrong checksum", "$g#00$g#67", []item{{itemBad, "g"}, {itemPacket, "g"}}, io.EOF},
		{"checksum that is no number", "$g#zz", []item{{itemBad, "g"}}, io.EOF},
		{"packet begun anew", "$m10$g#67", []item{{itemPacket, "g"}}, io.EOF},
		{"too long", "$" + long + "#00$g#67", []item{{itemTooLong, ""}, {itemPacket, "g"}}, io.EOF},
		{"longest", string(frame(long[1:])), []item{{itemPacket, long[1:]}}, io.EOF},
		{"end inside a packet", "$g#6", nil, io.ErrUnexpectedEOF},
		{"end before the checksum", "$g", nil, io.ErrUnexpectedEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := scan(t, c.stream)
			if !errors.Is(err, c.err) {
				t.Errorf("ended with %v, want %v", err, c.err)
			}
			if len(got) != len(c.want) {
				t.Fatalf("got %d items %.100q, want %d", len(got), got, len(c.want))
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("item %d is %.100q, want %.100q", i, got[i], c.want[i])
				}
			}
		})
	}
}

func TestFrameAndScannerAreInverse(t *testing.T) {
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	for _, data := range []string{"", "OK", "#$}*", string(all), strings.Repeat("*", 1000)} {
		got, _ := scan(t, string(frame(data)))
		if len(got) != 1 || got[0] != (item{itemPacket, data}) {
			t.Errorf("%.40q came back as %.60q", data, got)
		}
	}
}

func TestFrameEscapesRunLengths(t *testing.T) {
	if f := frame("0*"); bytes.Contains(f, []byte("*")) {
		t.Errorf("%q: a client would repeat the 0", f)
	}
}

// FuzzScanner: no stream makes the scanner panic, take more than a packet's
// length or lose the packet that follows after a resynchronisation.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{"$g#67", "+$m0,4#fd", "$X0,1:}\x03#00", "\x03\x03$", "$a$b#62", "$}#7d"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		// Two #, digits: whatever was open before is closed.
		items, _ := scan(t, string(stream)+"#00#00"+string(frame("vMustReplyEmpty")))
		for _, i := range items {
			if len(i.data) > packetSize {
				t.Errorf("packet of %d bytes", len(i.data))
			}
		}
		if n := len(items); n == 0 || items[n-1] != (item{itemPacket, "vMustReplyEmpty"}) {
			t.Errorf("the packet at the end was lost: %q", items)
		}
	})
}
