package pages

import (
	"container/list"
	"errors"
	"fmt"
	"sync"

	"github.com/dap-revexec/dap-revexec/vm"
)

// cacheSize bounds the memory of the chunks that have been read, bytes.
const cacheSize = 16 << 20

// Store keeps pages in chunks. It is a [vm.PageStore]; a page can be got as soon as it
// has been put, and is in the Backing after the next Flush.
type Store struct {
	backing Backing

	mu     sync.Mutex
	blobs  []uint64 // the number of each chunk's blob
	open   *chunk   // takes the next pages; its number is len(blobs)
	err    error    // of the Backing: nothing more is put
	got    int64
	cached map[uint64]*list.Element // of *cachedChunk, by the chunk's number
	recent *list.List               // of the same, the one used last first
	bytes  int                      // of those
}

type cachedChunk struct {
	number uint64
	*chunk
}

// New returns a store that keeps its chunks in an empty or new Backing. It must be
// the only one that appends blobs of [Kind] to it.
func New(b Backing) *Store { return Reopen(b, nil) }

// Reopen returns the store whose chunks are in a Backing already: their blobs' numbers,
// in order.
func Reopen(b Backing, chunks []uint64) *Store {
	return &Store{backing: b, blobs: chunks, open: &chunk{}, cached: map[uint64]*list.Element{}, recent: list.New()}
}

// Put stores a page, see [vm.PageStore].
func (s *Store) Put(page, base *[vm.PageSize]byte, ref vm.PageRef) (vm.PageRef, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	depth := 0
	if ref == 0 || base == nil {
		base = nil
	} else if _, _, d, ok := split(ref); !ok {
		return 0, fmt.Errorf("page %#x is none of this store", uint64(ref))
	} else if d == maxDepth {
		base = nil
	} else {
		depth = d + 1
	}
	e := entry{depth: uint8(depth), base: ref}
	c := s.open
	bodies, delta := appendPage(c.bodies, page, base)
	if !delta {
		e.depth, e.base = 0, 0
	}
	c.bodies, e.end = bodies, uint32(len(bodies))
	c.entries = append(c.entries, e)
	made := makeRef(uint64(len(s.blobs)), len(c.entries)-1, int(e.depth))
	if len(c.bodies) >= chunkSize || len(c.entries) == maxPages {
		return made, s.flush()
	}
	return made, nil
}

// Flush puts what has been put so far into the Backing.
func (s *Store) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flush()
}

func (s *Store) flush() error {
	if s.err != nil || len(s.open.entries) == 0 {
		return s.err
	}
	if len(s.blobs) >= maxChunks {
		s.err = errors.New("too many chunks of pages")
		return s.err
	}
	c, n := s.open, uint64(len(s.blobs))
	id, err := s.backing.Append(Kind, c.encode(n))
	if err != nil {
		s.err = err
		return err
	}
	s.blobs = append(s.blobs, id)
	s.open = &chunk{entries: make([]entry, 0, len(c.entries)), bodies: make([]byte, 0, len(c.bodies))}
	return nil
}

// Get reads a page, see [vm.PageStore].
func (s *Store) Get(ref vm.PageRef, page *[vm.PageSize]byte) error {
	s.mu.Lock()
	s.got++
	s.mu.Unlock()
	if err := s.get(ref, page); err != nil {
		return fmt.Errorf("page %#x: %w", uint64(ref), err)
	}
	return nil
}

// get calls itself at most maxDepth times, since a base's depth is less.
func (s *Store) get(ref vm.PageRef, page *[vm.PageSize]byte) error {
	number, index, depth, ok := split(ref)
	if !ok {
		return errors.New("there is no such page")
	}
	e, body, err := s.find(number, index)
	if err != nil {
		return err
	}
	switch {
	case int(e.depth) != depth:
		return fmt.Errorf("its depth is %d", e.depth)
	case e.base != 0:
		if err := s.get(e.base, page); err != nil {
			return err
		}
		return applyDelta(page, body)
	case len(body) == 0:
		clear(page[:])
	default:
		copy(page[:], body)
	}
	return nil
}

// find returns a page's entry and body.
func (s *Store) find(number uint64, index int) (e entry, body []byte, err error) {
	c, err := s.chunk(number)
	if err != nil {
		return e, nil, fmt.Errorf("chunk %d: %w", number, err)
	}
	if index >= len(c.entries) {
		return e, nil, fmt.Errorf("chunk %d has %d pages", number, len(c.entries))
	}
	return c.entries[index], c.body(index), nil
}

// chunk returns a chunk: the open one as it is now, or one from the cache.
func (s *Store) chunk(number uint64) (*chunk, error) {
	s.mu.Lock()
	if number == uint64(len(s.blobs)) {
		c := *s.open // what is in it stays as it is
		s.mu.Unlock()
		return &c, nil
	}
	if number > uint64(len(s.blobs)) {
		s.mu.Unlock()
		return nil, errors.New("there is none")
	}
	if e := s.cached[number]; e != nil {
		s.recent.MoveToFront(e)
		s.mu.Unlock()
		return e.Value.(*cachedChunk).chunk, nil
	}
	id := s.blobs[number]
	s.mu.Unlock()

	// Two goroutines may read the same one: both get it.
	blob, err := s.backing.Read(id)
	if err != nil {
		return nil, err
	}
	c, err := decode(number, blob)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cached[number] == nil {
		s.cached[number] = s.recent.PushFront(&cachedChunk{number, c})
		s.bytes += c.size()
		for s.bytes > cacheSize && s.recent.Len() > 1 {
			old := s.recent.Remove(s.recent.Back()).(*cachedChunk)
			delete(s.cached, old.number)
			s.bytes -= old.size()
		}
	}
	return c, nil
}

// Got is how many pages have been read.
func (s *Store) Got() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

// CacheBytes is the memory of the chunks that are kept decoded, bytes.
func (s *Store) CacheBytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.bytes)
}
