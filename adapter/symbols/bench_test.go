package symbols

import "testing"

func benchProgram(b *testing.B) *Program {
	p, err := Load(goGuest(b, "gohello"), 0)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func BenchmarkLoadGo(b *testing.B) {
	path := goGuest(b, "gohello")
	for b.Loop() {
		if _, err := Load(path, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIsStatementStart(b *testing.B) {
	p := benchProgram(b)
	all := p.AllStatements()
	n := 0
	for i := 0; b.Loop(); i++ {
		pc := all[i&255+i>>16%len(all)] // programs stay in one place for a while
		if p.IsStatementStart(pc, pc-2) {
			n++
		}
	}
}

func BenchmarkCFARule(b *testing.B) {
	p := benchProgram(b)
	all := p.AllStatements()
	for i := 0; b.Loop(); i++ {
		p.CFARule(all[i*7919%len(all)])
	}
}

func BenchmarkInlineDepth(b *testing.B) {
	p := benchProgram(b)
	all := p.AllStatements()
	for i := 0; b.Loop(); i++ {
		p.InlineDepth(all[i*7919%len(all)])
	}
}
