package sandbox

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Server serves a gateway over TLS, with HTTP/2 and HTTP/1.1.
type Server struct {
	Addr string // where it listens
	CA   []byte // PEM of the authority that all its certificates come from

	http *http.Server
	done chan struct{}
	hang context.CancelFunc // up on WebSockets, which http.Server forgets
}

// Listen starts to serve on addr. Without a host in addr it is loopback only: a
// look-alike must not be found from outside by accident.
func (g *Gateway) Listen(addr string) (*Server, error) { return g.listen(addr, "") }

// ListenInside starts to serve what a client meets in the VPC of an endpoint, as
// [Gateway.Inside] describes it.
func (g *Gateway) ListenInside(endpoint, addr string) (*Server, error) {
	if g.endpoints[endpoint] == nil {
		return nil, fmt.Errorf("listening on %q: no VPC endpoint %q", addr, endpoint)
	}
	return g.listen(addr, endpoint)
}

// ControlServer serves the control plane of a gateway, without TLS: clients take
// it by its address alone.
type ControlServer struct {
	URL string

	http *http.Server
	done chan struct{}
}

// ListenControl starts to serve [Gateway.ControlPlane] on a free port of loopback.
func (g *Gateway) ListenControl() (*ControlServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the control plane: %w", err)
	}
	s := &ControlServer{
		URL:  "http://" + listener.Addr().String(),
		done: make(chan struct{}),
		http: &http.Server{
			Handler: g.ControlPlane(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
			WriteTimeout: 30 * time.Second, IdleTimeout: 60 * time.Second,
		},
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(listener) // returns when Close is called
	}()
	return s, nil
}

// Close stops the server and drops its connections.
func (s *ControlServer) Close() error {
	err := s.http.Close()
	<-s.done
	return err
}

func (g *Gateway) listen(addr, endpoint string) (*Server, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %q: %w", addr, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("listening on %q: %w", addr, err)
	}
	return g.ServeOn(listener, endpoint), nil
}

// ServeOn starts to serve whoever comes by listener, which need be no socket: to the VPC of an endpoint, or, if that is
// empty, to the internet.
func (g *Gateway) ServeOn(listener net.Listener, endpoint string) *Server {
	var handler http.Handler = g
	if endpoint != "" {
		handler = g.Inside(endpoint)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		Addr: listener.Addr().String(),
		CA:   g.authority().pem,
		done: make(chan struct{}),
		hang: cancel,
		http: &http.Server{
			Handler:           handler,
			BaseContext:       func(net.Listener) context.Context { return ctx },
			TLSConfig:         g.asking(&tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: g.authority().certificate}),
			ConnState:         g.noteHandshake,
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       30 * time.Second,
			WriteTimeout:      30 * time.Second,
			IdleTimeout:       60 * time.Second,
			MaxHeaderBytes:    64 << 10,
			// Broken handshakes are what a prober does on purpose.
			ErrorLog: log.New(io.Discard, "", 0),
		},
	}
	go func() {
		defer close(s.done)
		_ = s.http.ServeTLS(askingListener{listener}, "", "") // returns when Close is called
	}()
	return s
}

// Close stops the server and drops its connections.
func (s *Server) Close() error {
	err := s.http.Close()
	s.hang()
	<-s.done
	return err
}
