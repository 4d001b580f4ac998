package dap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
)

// Listen opens a TCP port for clients. addr is "host:port"; port 0 lets the
// system choose. A client can run any program as the user: so addr has to be on
// the loopback interface, unless allowRemote is true.
func Listen(addr string, allowRemote bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: write an address as host:port, such as 127.0.0.1:4711", addr)
	}
	if !allowRemote && !loopback(host) {
		return nil, fmt.Errorf("listen on %s: not a loopback address, and whoever connects can run programs here: use 127.0.0.1, or --allow-remote if that is what you want", addr)
	}
	ln, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("listen on %s: the port is in use: choose another, or 0 to have one chosen", addr)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return ln, nil
}

// loopback reports whether all addresses of host are loopback addresses. No host
// at all stands for every interface.
func loopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	ips, err := net.LookupIP(host)
	if err != nil || len(ips) == 0 || host == "" {
		return false
	}
	for _, ip := range ips {
		if !ip.IsLoopback() {
			return false
		}
	}
	return true
}

// ServeListener serves clients of ln, each in a session of its own and several at
// once, until ctx ends. It closes ln, and returns when the last session is over.
func ServeListener(ctx context.Context, ln net.Listener, cfg Config) error {
	ctx, cancel := context.WithCancel(ctx)
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	defer ln.Close()
	for {
		conn, err := ln.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("accept a client on %s: %w", ln.Addr(), err)
		}
		one := cfg
		one.Logger = cfg.Logger.With().Stringer("client", conn.RemoteAddr()).Logger()
		// What was wrong with one client is in the log, and no reason not to
		// serve the others.
		sessions.Go(func() { _ = Serve(ctx, conn, one) })
	}
}
