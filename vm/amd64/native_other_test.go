//go:build !(linux && amd64)

package amd64_test

import "testing"

func TestInstructionsAgreeWithTheHostCPU(t *testing.T) {
	t.Skip("needs an amd64 Linux host")
}

func TestProgramsRunInLockstepWithTheHostCPU(t *testing.T) {
	t.Skip("needs an amd64 Linux host")
}

func TestPrefixesSelectWhatTheySelectOnTheHostCPU(t *testing.T) {
	t.Skip("needs an amd64 Linux host")
}
