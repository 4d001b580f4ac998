package main

import (
	"bytes"
	"testing"
	"time"
)

func TestAProgressLineGoesAwayBeforeOtherOutput(t *testing.T) {
	var b bytes.Buffer
	p := progressLine{w: &b, on: true}
	p.tell("%d", 1)
	p.clear()
	if b.Len() > 0 {
		t.Errorf("what is short has the line %q", &b)
	}
	p.last = time.Now().Add(-2 * progressEvery)
	p.tell("%d", 2)
	p.tell("%d", 3) // too soon
	if got := b.String(); got != "\r\x1b[K2" {
		t.Errorf("line %q", got)
	}
	b.Reset()
	p.clear()
	p.clear()
	if got := b.String(); got != "\r\x1b[K" {
		t.Errorf("to clear it %q", got)
	}
	b.Reset()
	off := progressLine{w: &b, last: time.Now().Add(-2 * progressEvery)}
	off.tell("%d", 4)
	if b.Len() > 0 {
		t.Errorf("without a terminal %q", &b)
	}
}
