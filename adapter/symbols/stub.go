package symbols

import "errors"

// errNotYet marks what is declared and not there yet.
var errNotYet = errors.New("symbols: not there yet")
