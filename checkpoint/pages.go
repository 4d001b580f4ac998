package checkpoint

const (
	pageSize  = 1 << pageShift
	pageShift = 12
)

// merge returns the union of two ascending lists of page numbers and how many
// are in both. It may return one of the lists itself.
func merge(a, b []uint64) (union []uint64, both int) {
	if len(a) == 0 {
		return b, 0
	}
	if len(b) == 0 {
		return a, 0
	}
	union = make([]uint64, 0, len(a)+len(b))
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] < b[j]:
			union = append(union, a[i])
			i++
		case a[i] > b[j]:
			union = append(union, b[j])
			j++
		default:
			union = append(union, a[i])
			i++
			j++
			both++
		}
	}
	union = append(union, a[i:]...)
	return append(union, b[j:]...), both
}

// common counts the page numbers that are in both ascending lists.
func common(a, b []uint64) (n int) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			n++
			i++
			j++
		}
	}
	return n
}
