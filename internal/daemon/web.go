package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"apigwprobe/internal/store"
	"apigwprobe/probe"

	"golang.org/x/net/netutil"
)

// Web is how the daemon is asked: by its pages and its HTTP interface.
type Web struct {
	Daemon  *Daemon
	Access  Access
	Store   *store.Store
	Metrics http.Handler
	// Render writes a report in one of the formats of `probe run`, and says of which media type it is.
	Render func(w io.Writer, format string, report probe.Report) error
	Media  func(format string) (mediaType string, ok bool)
	Style  string      // the style sheet of reports, in whose look the pages are
	TLS    *tls.Config // nil: without
}

// What a client may take its time for, and how many there may be at a time.
const (
	headerLimit  = 5 * time.Second
	readLimit    = 10 * time.Second
	writeLimit   = 60 * time.Second
	idleLimit    = 2 * time.Minute
	maxHeader    = 16 << 10
	maxClients   = 256
	closingLimit = 5 * time.Second
)

// Handler answers requests that the guard let through.
func (s *Web) Handler() http.Handler {
	mux := http.NewServeMux()
	s.routes(mux)
	s.pages(mux)
	return newGuard(s.Access, s.Daemon.Log, mux)
}

// Serve answers on a listener until ctx ends.
func (s *Web) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: s.Handler(), TLSConfig: s.TLS,
		ReadHeaderTimeout: headerLimit, ReadTimeout: readLimit, WriteTimeout: writeLimit, IdleTimeout: idleLimit,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(s.Daemon.Log.Handler(), slog.LevelDebug), // of clients that break off
		BaseContext:    func(net.Listener) context.Context { return ctx },
	}
	listener = netutil.LimitListener(listener, maxClients)
	if s.TLS != nil {
		listener = tls.NewListener(listener, s.TLS)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closingLimit)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		_ = server.Close() // whoever is still there has had time enough
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}
