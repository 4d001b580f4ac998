// Package recording keeps a timeline in a file: [Record] writes one while the program
// runs, [Open] reads it, on any host. A recording is self-contained: what the machine
// is made from, all inputs, the checkpoints and the files that a debugger wants are in
// it. Whatever happens to the recorder, the file can be opened up to its last complete
// part; and whatever a file holds, opening it touches nothing but itself.
//
// The package knows nothing of personalities: how the machine is made again is bytes
// to it.
//
// # How the parts meet
//
//	part.go    the file's head and the parts' headers
//	writer.go  appends parts
//	reader.go  goes from part to part, reads them
//	codec.go   what is in them
//	sink.go    a recording that is being written
//	record.go  Recorder: takes the log's news to the file
//	last.go    leaves the beginning of history out
//	export.go  writes a part of a history to a new file
//	open.go    Recording: what a file tells
//	files.go   the files in it
//
// # Concurrency
//
// A Recorder belongs to the timeline's goroutine, but for what its methods say. It has
// a goroutine that encodes and writes inputs; the timeline's own goroutine saves
// checkpoints; the file takes parts from both, one at a time. A Recording may be used
// from any goroutine.
//
// # Format
//
// All numbers are little-endian; u8 to u64 are unsigned, i32 and i64 two's complement.
// Checksums are CRC-32C (Castagnoli; RFC 3720, B.4). Strings are a u32 length in bytes
// and so many bytes of UTF-8.
//
// A file begins with 20 bytes:
//
//	0   8  magic: 89 52 56 58 0d 0a 1a 0a
//	8   2  u16 format version: 1. A reader refuses newer ones
//	10  2  0
//	12  4  u32 salt: a random number, see below
//	16  4  u32 checksum of the bytes before
//
// Parts follow up to the end, each complete before the next one begins. A part is a
// header of 40 bytes and its payload:
//
//	0   4  u32 "PART" (50 41 52 54)
//	4   4  u32 checksum of bytes 8–39, begun with the salt in place of 0
//	8   1  u8  kind
//	9   1  u8  flags: 1 the payload is compressed; 2 the record goes on in the next part
//	10  2  0
//	12  4  u32 checksum of the payload as it is in the file
//	16  8  u64 number of the part: 0, 1, 2, …
//	24  8  u64 mark: depends on the kind; the same in all parts of a record
//	32  4  u32 bytes of payload in the file, at most 4 MiB + 64 KiB
//	36  4  u32 bytes of payload decoded: at most 4 MiB, and 64 times those in the file
//
// A compressed payload is a Zstandard frame (RFC 8878), maybe followed by a skippable
// frame that keeps to the last rule. A record is a payload of any length, in one or more
// consecutive parts of the same kind. Parts of kinds that a reader does not know are
// passed over. The kinds:
//
//	1   begin: u64 icount at which the history starts; i64 time of the recording, seconds
//	    since 1970 UTC; string, the tool; the rest describes the machine. The first part
//	2   content of a file
//	3   file: u64 number of the first part of the record that has the content (kind 1 or
//	    2); u64 where in its payload, u64 bytes; string path; string kind
//	4   inputs; mark: the frontier, that is, all inputs up to this icount are in the
//	    records so far. u64 index of the first input in the log; u32 number of inputs; inputs
//	5   journal: events of 32 bytes: u64 icount, u64 value, u64 size, i32 thread, u8 kind, 3×0
//	6   kept, if the history does not start at 0; mark: index of the log's first input that
//	    inputs have. u32 number; for each: u64 index in the log, the input
//	7   end; mark: the frontier. u8 how (1 exit, 2 stopped), 3×0; i32 exit code; i32
//	    signal; string, more for people
//	65  a chunk of pages, see package pages
//	66  a checkpoint. The first part of the record has what opening needs, see
//	    [checkpoint.DecodeSaved]
//
// Kinds 64 to 127 are blobs. The low 32 bits of the mark count the blobs in the file, from
// 0; the high 32 bits those of the kind.
//
// An input is u64 icount, i64 result, i32 thread, u32 number, u8 kind, 3×0, u32 count of
// values, u32 count of writes, u32 bytes of data; the values, u64 each; the writes, each
// u64 address, u32 length and so many bytes; the data. Inputs are in order of icount.
//
// Reading takes memory in proportion to the file's size, at most: every length is
// checked against what is there before memory is taken, and no part decodes to more
// than 64 times its size.
//
// # What damage costs
//
// Where a header is damaged or missing, the next one is looked for; a part's number
// tells whether parts are missing between. A damaged chunk or checkpoint makes that
// checkpoint unusable: an earlier one serves. Where the first part of a checkpoint is
// damaged, what happened before it is not known either, so searches replay that stretch.
// Damaged or missing inputs end the history
// before them. Without a readable beginning a file is refused.
package recording
