package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// transports makes and keeps the one kind of transport that the prober uses. A prober must not be helpful: no redirect,
// no proxy unless configured, no compression, no session cache, no second address, verified TLS. Each (address, host,
// certificate) has a transport of its own, so that no connection is shared between requests that a layer could tell
// apart by it.
type transports struct {
	plan *Plan

	mu   sync.Mutex
	made map[transportKey]*transport
}

type transportKey struct {
	address, host string
	certificate   *tls.Certificate
}

type transport struct {
	*http.Transport
	// wanted is set once the server asked for a client certificate.
	wanted atomic.Bool
	// answered is set once an HTTP answer came: then the certificate, or that there is none, was taken.
	answered atomic.Bool
}

func newTransports(plan *Plan) *transports {
	return &transports{plan: plan, made: make(map[transportKey]*transport)}
}

// get returns the transport for requests to host with this client certificate.
func (t *transports) get(host string, certificate *tls.Certificate) (*transport, error) {
	key := transportKey{t.plan.DialAddress(host), host, certificate}
	t.mu.Lock()
	defer t.mu.Unlock()
	if tr, ok := t.made[key]; ok {
		return tr, nil
	}
	tr := &transport{}
	var proxy func(*http.Request) (*url.URL, error)
	if t.plan.Proxy != "" {
		u, err := url.Parse(t.plan.Proxy)
		if err != nil {
			return nil, fmt.Errorf("reading proxy: %w", err)
		}
		proxy = http.ProxyURL(u)
	}
	tr.Transport = &http.Transport{
		Proxy:       proxy,
		DialContext: (&dialer{connect: t.plan.Dial, address: key.address, proxied: proxy != nil}).dial,
		TLSClientConfig: &tls.Config{
			ServerName: host, RootCAs: t.plan.RootCAs, MinVersion: tls.VersionTLS12,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				tr.wanted.Store(true)
				if certificate == nil {
					return &tls.Certificate{}, nil
				}
				return certificate, nil
			},
		},
		ForceAttemptHTTP2:  true,
		DisableCompression: true,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
			if res.StatusCode != http.StatusOK {
				return &proxyRefusal{res.StatusCode}
			}
			return nil
		},
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     30 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
	}
	t.made[key] = tr
	return tr, nil
}

// proxyRefusal is how a forward proxy answers who may not go through it.
type proxyRefusal struct{ status int }

func (e *proxyRefusal) Error() string {
	return fmt.Sprintf("the forward proxy answered %d to CONNECT", e.status)
}

func (t *transports) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, tr := range t.made {
		tr.CloseIdleConnections()
	}
}

// dialer connects to one address and stays with the IP address that it found first: a second one may lead to a
// gateway with another configuration.
type dialer struct {
	connect func(ctx context.Context, network, address string) (net.Conn, error) // nil: TCP
	address string
	proxied bool

	mu     sync.Mutex
	pinned string
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if !d.proxied {
		address = d.address
	}
	d.mu.Lock()
	if d.pinned != "" {
		address = d.pinned
	}
	d.mu.Unlock()
	connect := d.connect
	if connect == nil {
		connect = (&net.Dialer{FallbackDelay: -1}).DialContext
	}
	conn, err := connect(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.pinned = conn.RemoteAddr().String()
	d.mu.Unlock()
	return conn, nil
}
