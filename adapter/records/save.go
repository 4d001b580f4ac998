package records

import (
	"fmt"
	"os"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/checkpoint/recording"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// Save makes a recording of the history of m that there is, which tl is the timeline
// of. If that comes from a recording, played is it, and its files are taken on.
func Save(m *linux.Machine, tl *checkpoint.Timeline, played *Session, o Options) error {
	if err := replaceable(o.Path); err != nil {
		return err
	}
	if played != nil && sameFile(played.path, o.Path) {
		return fmt.Errorf("%s is the recording that is open: choose another name", o.Path)
	}
	var list []recording.File
	add := func(f recording.File) error {
		list = append(list, f)
		return nil
	}
	if played == nil {
		g := newGatherer(add, &o)
		if err := g.look(m); err != nil {
			return err
		}
	} else {
		for _, f := range played.Recording.Files() {
			if data, err := played.ReadFile(f.Path); err == nil { // a damaged one is left out
				list = append(list, recording.File{Path: f.Path, Kind: f.Kind, Data: data})
			}
		}
	}
	return recording.Export(tl, tl.Start(), o.recording(m), list)
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
