package symbols

// PieceKind says where a piece of a value is.
type PieceKind uint8

// Piece kinds.
const (
	InMemory   PieceKind = iota // at Addr
	InRegister                  // in DWARF register Reg
	Literal                     // it is Value itself: no location, can't be written
	Missing                     // optimized out: Why says more
	Implicit                    // a pointer to a value without a location: see Target
)

// Piece is a part of a value, in the order of the value's bytes.
type Piece struct {
	Kind  PieceKind
	Bits  uint   // size; 0 when the piece is the whole value
	Shift uint   // bits to skip at the low end of the memory, register or literal
	Addr  uint64 // for InMemory
	Reg   int    // for InRegister
	Value []byte // for Literal, in guest byte order
	Why   string // for Missing
	// For Implicit: the pointer points Offset bytes into the value of Target.
	Target *Variable
	Offset int64
}

// Location tells where a value is: one piece, or several one after the other.
type Location struct {
	Pieces []Piece
}

// Addr is the value's address, when all of it lies in memory in one stretch.
func (l Location) Addr() (uint64, bool) { return 0, false }

// OptimizedOut reports whether no part of the value is there, and why.
func (l Location) OptimizedOut() (why string, yes bool) { return "", false }

// Read reads a value of size bytes. When a part of it is missing the error is
// an [*OptimizedOutError]; when memory or a register can't be read it says
// which.
func (l Location) Read(size int, regs Regs, mem Memory) ([]byte, error) { return nil, errNotYet }

// OptimizedOutError says that a value does not exist at this position in the
// program, and why.
type OptimizedOutError struct{ Why string }

func (e *OptimizedOutError) Error() string {
	if e.Why == "" {
		return "optimized out"
	}
	return "optimized out: " + e.Why
}
