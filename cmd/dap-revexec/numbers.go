package main

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// instructions is a flag's value: a number of instructions, such as 500k, 20M or 3G.
type instructions uint64

// multiples are the suffixes of numbers of instructions.
var multiples = []struct {
	suffix string
	of     uint64
}{{"k", 1e3}, {"K", 1e3}, {"M", 1e6}, {"G", 1e9}}

// Set implements pflag.Value.
func (n *instructions) Set(text string) error {
	digits, of := strings.ReplaceAll(text, "_", ""), uint64(1)
	for _, m := range multiples {
		if rest, ok := strings.CutSuffix(digits, m.suffix); ok {
			digits, of = rest, m.of
			break
		}
	}
	v, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || v == 0 || v > math.MaxUint64/of {
		return fmt.Errorf("write a number of instructions, such as 500k, 20M or 3G")
	}
	*n = instructions(v * of)
	return nil
}

// String implements pflag.Value.
func (n *instructions) String() string {
	if *n == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(*n), 10)
}

// Type implements pflag.Value.
func (n *instructions) Type() string { return "N" }

// chaosFlag is the value of --chaos: a number, or "random".
type chaosFlag struct {
	linux.Chaos
	drawn bool // the seed was, and has to be told
}

// Set implements pflag.Value.
func (c *chaosFlag) Set(text string) error {
	if text == "random" {
		var b [4]byte // short enough to be typed again
		if _, err := rand.Read(b[:]); err != nil {
			return err
		}
		*c = chaosFlag{linux.Chaos{On: true, Seed: uint64(binary.LittleEndian.Uint32(b[:]))}, true}
		return nil
	}
	seed, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return fmt.Errorf("write a number, or random")
	}
	*c = chaosFlag{linux.Chaos{On: true, Seed: seed}, false}
	return nil
}

// String implements pflag.Value.
func (c *chaosFlag) String() string {
	if !c.On {
		return ""
	}
	return strconv.FormatUint(c.Seed, 10)
}

// Type implements pflag.Value.
func (c *chaosFlag) Type() string { return "SEED" }
