//go:build !unix && !windows

package terminal

import "os"

const endIsCtrlZ = false

var noticed []os.Signal

func (l *Local) watch() {
	defer close(l.done)
	<-l.closing
}

func rawOutput(*os.File) (restore func() error, err error) { return nil, nil }

func foreground(*os.File) bool { return true }
