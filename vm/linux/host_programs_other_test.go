//go:build !(linux && amd64)

package linux_test

import "testing"

func TestHostProgramsRunAsNatively(t *testing.T) {
	t.Skip("needs an amd64 Linux host")
}
