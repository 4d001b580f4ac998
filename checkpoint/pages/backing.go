package pages

// Kind is the kind of the blobs that a Store appends: chunks of pages.
const Kind byte = 1

// Backing keeps blobs. Its methods may be called from several goroutines at once.
type Backing interface {
	// Append keeps a copy of data and returns its number: 0, 1, 2, … in the order of
	// the calls, over all kinds. After an error the Backing takes no more.
	Append(kind byte, data []byte) (id uint64, err error)
	// Read returns a blob. The caller must not change it. The error tells what is
	// damaged.
	Read(id uint64) ([]byte, error)
}
