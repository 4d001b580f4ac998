package gdbstub

import (
	"bufio"
	"errors"
	"io"
)

// packetSize is the longest packet that the server takes, in bytes between $ and
// #, and about the longest that it sends.
const packetSize = 0x10000

// signal bytes outside packets.
const interruptByte = 0x03

// itemKind says what a piece of the client's byte stream is.
type itemKind uint8

const (
	itemPacket    itemKind = iota // a packet with a good checksum
	itemBad                       // a packet with a wrong checksum
	itemTooLong                   // a packet longer than packetSize
	itemAck                       // +
	itemNak                       // -
	itemInterrupt                 // 0x03 outside a packet
)

// scanner cuts a byte stream into items.
type scanner struct {
	r *bufio.Reader
}

func newScanner(r io.Reader) *scanner { return &scanner{r: bufio.NewReaderSize(r, 4096)} }

// next returns the next item and, for a packet, its unescaped data. Bytes
// between items that mean nothing are skipped. The error is the reader's.
func (s *scanner) next() (itemKind, []byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, nil, err
		}
		switch c {
		case '$':
			return s.packet()
		case '+':
			return itemAck, nil, nil
		case '-':
			return itemNak, nil, nil
		case interruptByte:
			return itemInterrupt, nil, nil
		}
	}
}

// packet reads a packet whose $ has been read. Another $ begins it anew: the
// rest of the first got lost.
func (s *scanner) packet() (itemKind, []byte, error) {
	var data []byte
	var sum byte
	length := 0
	escaped := false
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, nil, unexpected(err)
		}
		if c == '#' {
			break
		}
		if c == '$' {
			data, sum, length, escaped = data[:0], 0, 0, false
			continue
		}
		sum += c
		length++
		if length > packetSize {
			continue // keep reading to the end of it, but no more of it
		}
		switch {
		case escaped:
			data = append(data, c^0x20)
			escaped = false
		case c == '}':
			escaped = true
		default:
			data = append(data, c)
		}
	}
	var check [2]byte
	if _, err := io.ReadFull(s.r, check[:]); err != nil {
		return 0, nil, unexpected(err)
	}
	hi, ok1 := unhex(check[0])
	lo, ok2 := unhex(check[1])
	switch {
	case length > packetSize:
		return itemTooLong, nil, nil
	case !ok1 || !ok2 || hi<<4|lo != sum:
		return itemBad, data, nil
	}
	return itemPacket, data, nil
}

// unexpected marks the end of the stream inside a packet.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// frame makes a packet of data, escaping what has a meaning in the framing: # $ }
// and *, which would begin a run length.
func frame(data string) []byte {
	p := make([]byte, 1, len(data)+len(data)/16+8)
	p[0] = '$'
	var sum byte
	put := func(c byte) {
		p = append(p, c)
		sum += c
	}
	for i := range len(data) {
		switch c := data[i]; c {
		case '#', '$', '}', '*':
			put('}')
			put(c ^ 0x20)
		default:
			put(c)
		}
	}
	return append(p, '#', hexDigits[sum>>4], hexDigits[sum&15])
}
