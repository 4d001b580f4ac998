package recording

import "bytes"

// MagicSize is how many bytes at a file's beginning tell a recording.
const MagicSize = len(fileMagic)

// HasMagic reports whether a file that begins with head is meant to be a recording.
func HasMagic(head []byte) bool { return bytes.HasPrefix(head, fileMagic[:]) }
