package sandbox

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// MutualTLS makes a custom domain ask its clients for a certificate.
type MutualTLS struct {
	// Truststore is PEM with the authorities that clients may come from. Without
	// any it is the one behind [Gateway.ClientCertificate].
	Truststore []byte
}

func (m *Model) validateMutualTLS(p *problems, d *Domain) {
	if d.MutualTLS == nil {
		return
	}
	if d.Endpoint == Edge {
		p.add("domain %q: got mutual TLS on an EDGE domain, want a REGIONAL one", d.Host)
	}
	if m.Fronts[d.Host] != nil {
		p.add("domain %q: got mutual TLS behind a front, which cannot hand a certificate on", d.Host)
	}
	if pool := x509.NewCertPool(); len(d.MutualTLS.Truststore) > 0 && !pool.AppendCertsFromPEM(d.MutualTLS.Truststore) {
		p.add("domain %q: got a truststore without certificates, want PEM", d.Host)
	}
}

// truststore are the authorities of one domain.
type truststore struct{ roots *x509.CertPool }

func newTruststore(m *MutualTLS, own func() *authority) *truststore {
	t := &truststore{roots: x509.NewCertPool()}
	t.roots.AppendCertsFromPEM(m.Truststore)
	if len(m.Truststore) == 0 {
		t.roots.AddCert(own().cert)
	}
	return t
}

// judge returns the cause for which a client's certificate is refused, with its
// chain behind it, or nothing. Revocation is not looked at, as in the service.
func (t *truststore) judge(chain []*x509.Certificate) string {
	if len(chain) == 0 {
		return "mtls-no-certificate"
	}
	opts := x509.VerifyOptions{
		Roots:         t.roots,
		Intermediates: x509.NewCertPool(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, c := range chain[1:] {
		opts.Intermediates.AddCert(c)
	}
	for _, c := range chain {
		if weak(c.PublicKey) {
			return "mtls-untrusted-cert"
		}
	}
	if _, err := chain[0].Verify(opts); err == nil {
		return ""
	}
	// The library looks at the dates first. Only what was once trusted expires.
	opts.CurrentTime = chain[0].NotAfter
	if _, err := chain[0].Verify(opts); err == nil && time.Now().After(chain[0].NotAfter) {
		return "mtls-expired-cert"
	}
	return "mtls-untrusted-cert"
}

// weak tells whether a key is smaller than a truststore accepts, or of a kind that
// it does not know. Weak hashes are refused by the library.
func weak(key crypto.PublicKey) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() < 2048
	case *ecdsa.PublicKey:
		return k.Params().BitSize < 256
	}
	return true
}

// checkMutualTLS refuses a certificate that the truststore does not know. The
// handshake has let it pass, as the service's does; without any certificate a
// request comes here only past the handshake of another name, or of none.
func checkMutualTLS(x *exchange) *refusal {
	trusted := x.truststores[hostname(x.r)]
	if trusted == nil {
		return nil
	}
	var chain []*x509.Certificate
	if x.r.TLS != nil {
		chain = x.r.TLS.PeerCertificates
	}
	if cause := trusted.judge(chain); cause != "" {
		return &refusal{cause: cause, kind: unrouted, message: "Forbidden"}
	}
	return nil
}

// badCertificate fails a handshake for a cause.
type badCertificate struct{ cause string }

func (e *badCertificate) Error() string { return "client certificate refused: " + e.cause }

// asking makes a server's configuration ask for a client certificate where the
// name is that of a domain with mutual TLS, and nowhere else. Sessions are not
// resumed there: a ticket would carry the certificate of an earlier client over.
func (g *Gateway) asking(base *tls.Config) *tls.Config {
	base = base.Clone()
	base.NextProtos = []string{"h2", "http/1.1"} // the server adds them to base alone
	base.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		trusted := g.truststores[strings.ToLower(hello.ServerName)]
		if trusted == nil {
			return nil, nil
		}
		c := base.Clone()
		c.SessionTicketsDisabled = true
		c.ClientAuth = tls.RequireAnyClientCert
		if conn, ok := hello.Conn.(*askedConn); ok {
			conn.undecided.Store(true)
		}
		c.VerifyConnection = func(s tls.ConnectionState) error {
			if cause := trusted.judge(s.PeerCertificates); cause != "" && g.model.Switches.MutualTLSFailsHandshake {
				return &badCertificate{cause}
			}
			if conn, ok := hello.Conn.(*askedConn); ok {
				conn.undecided.Store(false)
			}
			return nil
		}
		return c, nil
	}
	return base
}

// askedConn waits with its end for the client, if a handshake fails over the
// client's certificate. In TLS 1.3 the client has begun to talk by then; closing
// at once would reset the connection, and the alert could be lost.
type askedConn struct {
	net.Conn
	undecided atomic.Bool
}

func (c *askedConn) Close() error {
	const patience = 500 * time.Millisecond
	if tcp, ok := c.Conn.(*net.TCPConn); ok && c.undecided.Swap(false) &&
		tcp.CloseWrite() == nil && tcp.SetReadDeadline(time.Now().Add(patience)) == nil {
		_, _ = io.Copy(io.Discard, tcp) // until the client closes, or patience ends
	}
	return c.Conn.Close()
}

type askingListener struct{ net.Listener }

func (l askingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &askedConn{Conn: conn}, nil
}

// noteHandshake logs the truth of a handshake that failed for want of a good
// certificate. It is called when the connection is closed, so a little after the
// client has seen it: TLS tells nobody in between.
func (g *Gateway) noteHandshake(conn net.Conn, state http.ConnState) {
	c, ok := conn.(*tls.Conn)
	if !ok || state != http.StateClosed {
		return
	}
	name := c.ConnectionState().ServerName
	err := c.HandshakeContext(context.Background()) // over already: the error is kept
	if err == nil || g.truststores[strings.ToLower(name)] == nil {
		return
	}
	t := Truth{Host: name, Layer: "tls"}
	if bad, ok := errors.AsType[*badCertificate](err); ok {
		t.Cause = bad.cause
	} else if strings.Contains(err.Error(), "didn't provide a certificate") {
		t.Cause = "mtls-no-certificate"
	} else {
		return // the client has gone, or does not trust us
	}
	g.log.add(t)
}
