package linux

// Numbers of system calls. The table of calls goes by those of
// asm-generic/unistd.h, and so do the input log and what a thread waits in. An
// architecture with numbers of its own has a [numbering]; its calls that no
// other has (open, fork, poll, …) follow the generic ones in the table, by its
// own number plus legacy.

const (
	legacy   = 512
	numCalls = 2 * legacy
)

// numbering translates the numbers of an architecture. A nil one changes nothing.
type numbering struct {
	table [legacy]uint16 // by the architecture's number, 0 for none
	own   map[uint64]uint64
}

// newNumbering makes the numbering of an architecture from the names of its
// calls. Those that are called as a generic one, but differ in their arguments,
// are listed in differ.
func newNumbering(names []string, differ ...string) *numbering {
	generic := map[string]uint64{}
	for nr, name := range callNames {
		if name != "" {
			generic[name] = uint64(nr)
		}
	}
	for _, name := range differ {
		delete(generic, name)
	}
	n := &numbering{own: map[uint64]uint64{}}
	for own, name := range names {
		if name == "" {
			continue
		}
		nr, ok := generic[name]
		if !ok {
			nr = legacy + uint64(own)
		}
		n.table[own] = uint16(nr) + 1
		n.own[nr] = uint64(own)
	}
	return n
}

// call is the table's number for the architecture's.
func (n *numbering) call(own uint64) uint64 {
	switch {
	case n == nil:
		return own
	case own >= uint64(len(n.table)) || n.table[own] == 0:
		return numCalls // there is none
	}
	return uint64(n.table[own]) - 1
}

// number is the architecture's for the table's.
func (n *numbering) number(call uint64) uint64 {
	if n == nil {
		return call
	}
	return n.own[call]
}

// callName is the name of call nr of the table, or "" when there is none.
func callName(nr uint64) string {
	switch {
	case nr < uint64(len(callNames)):
		return callNames[nr]
	case nr >= legacy && nr-legacy < uint64(len(amd64Names)):
		return amd64Names[nr-legacy]
	}
	return ""
}
