// Package pages keeps the contents of pages of guest memory outside of the
// process's memory: it is the [vm.PageStore] behind checkpoints that have become
// cold, and behind recordings.
//
// A program changes only a small part of the words of the pages that it writes to,
// so a page is stored as its difference to an earlier version of it where there is
// one, and differences are gathered into chunks that are compressed as a whole. A
// chunk is a blob in a [Backing], which is all that is known of where the bytes are.
//
// # How the parts meet
//
//	backing.go  what blobs are kept in
//	store.go    Store: puts pages into chunks, gets them out of a cache of chunks
//	chunk.go    the encoding of a chunk
//	delta.go    the encoding of a page
//	pack.go     compression
//	spill.go    a Backing in memory that overflows into a temporary file
//
// Nothing here trusts what it reads: a chunk may come from a stranger's recording.
//
// # Concurrency
//
// One goroutine at a time puts pages, any number get them.
package pages
