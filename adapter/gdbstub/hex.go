package gdbstub

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm"
)

const hexDigits = "0123456789abcdef"

// unhex is the value of a hexadecimal digit.
func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// number parses a hexadecimal number of up to 64 bits without a prefix.
func number(s string) (uint64, bool) {
	v, err := strconv.ParseUint(s, 16, 64)
	return v, err == nil && s[0] != '+' && !strings.Contains(s, "_")
}

// pair parses two hexadecimal numbers separated by sep.
func pair(s, sep string) (a, b uint64, ok bool) {
	x, y, found := strings.Cut(s, sep)
	if !found {
		return 0, 0, false
	}
	a, ok1 := number(x)
	b, ok2 := number(y)
	return a, b, ok1 && ok2
}

// hexText encodes text as packets carry it, two digits a byte.
func hexText(s string) string { return hex.EncodeToString([]byte(s)) }

// unhexText decodes it.
func unhexText(s string) (string, bool) {
	b, err := hex.DecodeString(s)
	return string(b), err == nil
}

// Thread ids in packets that name no single thread.
const (
	anyThread  vm.ThreadID = 0
	allThreads vm.ThreadID = -1
)

// threadID parses a thread id: TID, or pPID.TID as clients write it with the
// multiprocess extension. There is only one process.
func threadID(s string) (vm.ThreadID, bool) {
	if p, isProcess := strings.CutPrefix(s, "p"); isProcess {
		pid, tid, found := strings.Cut(p, ".")
		if !found {
			tid = "-1" // all threads of the process
		}
		if _, ok := singleID(pid); !ok {
			return 0, false
		}
		s = tid
	}
	return singleID(s)
}

func singleID(s string) (vm.ThreadID, bool) {
	if s == "-1" {
		return allThreads, true
	}
	v, ok := number(s)
	if !ok || v > 1<<31-1 {
		return 0, false
	}
	return vm.ThreadID(v), true
}
