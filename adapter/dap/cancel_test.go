package dap_test

import "testing"

// A cancel may come when the response has been sent and the motion has not begun.
func TestCancelRightAfterTheResponseIsNotLost(t *testing.T) {
	p := start(t, "spin")
	here := far(t, p).Revexec
	for i := range 200 {
		seq := p.send("reverseContinue", args{"threadId": p.thread})
		if err := p.response(seq); err != nil {
			t.Fatal(err)
		}
		p.do("cancel", args{"requestId": seq})
		if stop := p.stopped("pause"); stop.Revexec.Icount != here.Icount {
			t.Fatalf("cancel %d: at %d, expected %d", i, stop.Revexec.Icount, here.Icount)
		}
	}
}
