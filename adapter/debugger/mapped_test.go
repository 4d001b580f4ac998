package debugger

import (
	"reflect"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// region is a mapping of a file in units of pages.
func region(name string, from, to, off uint64, exec bool) vm.Mapping {
	return vm.Mapping{Name: name, Start: from << 12, End: to << 12, Offset: off << 12, Exec: exec, Read: true}
}

func TestMappingsAreGroupedByLoading(t *testing.T) {
	for name, c := range map[string]struct {
		maps []vm.Mapping
		want []mappedFile
	}{
		"one library": {
			[]vm.Mapping{region("a", 16, 17, 0, false), region("a", 17, 18, 1, true), region("a", 18, 19, 2, false), region("a", 19, 20, 2, false)},
			[]mappedFile{{"a", 16 << 12, 16 << 12, 20 << 12, true}},
		},
		"code in front of a hole": {
			[]vm.Mapping{region("a", 16, 17, 0, true), region("a", 272, 273, 1, false)},
			[]mappedFile{{"a", 16 << 12, 16 << 12, 273 << 12, true}},
		},
		"the first page twice, as lld has it": {
			[]vm.Mapping{region("a", 16, 17, 0, false), region("a", 17, 18, 0, true), region("a", 18, 19, 1, false)},
			[]mappedFile{{"a", 16 << 12, 16 << 12, 19 << 12, true}},
		},
		"loaded twice": {
			[]vm.Mapping{region("a", 16, 17, 0, false), region("a", 17, 18, 1, true), region("b", 20, 21, 0, true), region("a", 32, 33, 0, false), region("a", 33, 34, 1, true)},
			[]mappedFile{{"a", 16 << 12, 16 << 12, 18 << 12, true}, {"b", 20 << 12, 20 << 12, 21 << 12, true}, {"a", 32 << 12, 32 << 12, 34 << 12, true}},
		},
		"loaded twice, side by side": {
			[]vm.Mapping{region("a", 16, 17, 0, false), region("a", 17, 18, 1, true), region("a", 18, 19, 0, false), region("a", 19, 20, 1, true)},
			[]mappedFile{{"a", 16 << 12, 16 << 12, 18 << 12, true}, {"a", 18 << 12, 18 << 12, 20 << 12, true}},
		},
		"data only, and no files": {
			[]vm.Mapping{region("data", 16, 17, 0, false), region("[heap]", 18, 19, 0, true), region("", 20, 21, 0, true)},
			nil,
		},
		"without its start": {
			[]vm.Mapping{region("a", 17, 18, 1, true)},
			[]mappedFile{{"a", 0, 17 << 12, 18 << 12, true}},
		},
	} {
		var got []mappedFile
		for _, f := range mappedFiles(c.maps) {
			got = append(got, *f)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
