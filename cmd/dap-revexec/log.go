package main

import (
	"fmt"
	"io"
	"os"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"
)

// logFlags choose where the log goes. It never goes to standard output, which may
// carry the protocol.
type logFlags struct {
	to    string
	level string
}

func (l *logFlags) register(f *pflag.FlagSet) {
	f.StringVar(&l.to, "log", "", `write a structured log to a file, or to "stderr"`)
	f.StringVar(&l.level, "log-level", "debug", "trace, debug, info, warn or error")
}

// open opens the log. The closer is never nil.
func (l *logFlags) open(std stdio) (zerolog.Logger, io.Closer, error) {
	nothing := io.NopCloser(nil)
	if l.to == "" {
		return zerolog.Nop(), nothing, nil
	}
	level, err := zerolog.ParseLevel(l.level)
	if err != nil || l.level == "" {
		return zerolog.Nop(), nothing, fmt.Errorf("--log-level %q: write trace, debug, info, warn or error", l.level)
	}
	var w io.WriteCloser = std.err
	closer := nothing
	if l.to != "stderr" {
		f, err := os.OpenFile(l.to, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
		if err != nil {
			return zerolog.Nop(), nothing, fmt.Errorf("--log: %w", err)
		}
		w, closer = f, f
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger(), closer, nil
}
