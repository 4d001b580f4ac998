package symbols

import "errors"

type derivedKey struct{}
type scopeTree struct{}
type frameTable struct{ why string }

func newFrameTable(img *image, bias uint64) *frameTable { return &frameTable{} }
func (p *Program) indexNames(s *scanner)                {}

var errNotYet = errors.New("symbols: not there yet")
