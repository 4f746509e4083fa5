package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// authority issues certificates from memory, for names as they are asked for.
type authority struct {
	pem    []byte
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	serves func(name string) bool

	mu     sync.Mutex
	issued map[string]*tls.Certificate
}

// maxIssued bounds what a client that makes names up can fill.
const maxIssued = 1024

func newAuthority(name string, serves func(string) bool) *authority {
	must := func(err error) {
		if err != nil {
			panic("sandbox: making a certificate authority: " + err.Error())
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := certificate(name)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(err)
	cert, err := x509.ParseCertificate(der)
	must(err)
	return &authority{
		pem:    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		cert:   cert,
		key:    key,
		serves: serves,
		issued: map[string]*tls.Certificate{},
	}
}

// certificate is a template; its dates are the real clock's, whatever the
// model's is, because clients check them against theirs.
func certificate(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic("sandbox: reading random bytes: " + err.Error())
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
	}
}

// certificate is a tls.Config's GetCertificate. Without SNI it answers for the
// address that was connected to.
func (a *authority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(hello.ServerName)
	if name == "" {
		host, _, err := net.SplitHostPort(hello.Conn.LocalAddr().String())
		if err != nil {
			return nil, err
		}
		name = host
	} else if !a.serves(name) {
		return nil, fmt.Errorf("no certificate for %q", name)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.issued[name]; c != nil {
		return c, nil
	}
	template := certificate(name)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	if len(a.issued) == maxIssued {
		clear(a.issued)
	}
	c := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
	a.issued[name] = c
	return c, nil
}

// servedName tells whether the handshake for a name may succeed. All names of
// default endpoints do, like behind the service's wildcard certificate, so that
// an unknown one is refused by the domain layer and not by TLS.
func (g *Gateway) servedName(name string) bool {
	return g.domains[name] != nil || g.entrances[name] != nil || strings.Contains(name, ".execute-api.") ||
		slices.ContainsFunc(g.model.Issuers, func(i Issuer) bool { return g.issuers[i.Name].at.Hostname() == name })
}
