package config

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
)

// rootCAs adds the certificates of ca_file to the system's. Without the key it is nil: the system's alone.
func (b *builder) rootCAs(n *node) *x509.CertPool {
	if n == nil {
		return nil
	}
	text, err := b.opts.readFile(dataOf[string](n))
	if err != nil {
		b.wrong.add(n.at, `"ca_file": reading it: %s`, reason(err))
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil { // a system without roots trusts the file's alone
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		b.wrong.add(n.at, `"ca_file": got a file without certificates, want PEM`)
	}
	return pool
}

// clientCertificate loads what a key of a domain names for mutual TLS. Messages of crypto/tls can repeat what stands in a PEM header, so
// they are not passed on.
func (b *builder) clientCertificate(domain *node, name string) *tls.Certificate {
	n := domain.field(name)
	if n == nil {
		return nil
	}
	certificate, ok := b.pem(n.field("certificate"), "certificate")
	key, okKey := b.pem(n.field("key").field("file"), "file")
	if !ok || !okKey {
		return nil
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		b.wrong.add(n.at, "%q: got a certificate and a key that do not belong together, want a pair", name)
		return nil
	}
	return &pair
}

// pem reads the PEM file that n names.
func (b *builder) pem(n *node, key string) ([]byte, bool) {
	path := dataOf[string](n)
	if path == "" {
		return nil, false // what is wrong with it is said already
	}
	text, err := b.opts.readFile(path)
	if err != nil {
		b.wrong.add(n.at, "%q: reading it: %s", key, reason(err))
		return nil, false
	}
	if block, _ := pem.Decode(bytes.TrimSpace(text)); block == nil {
		b.wrong.add(n.at, "%q: got a file that is not PEM, want PEM", key)
		return nil, false
	}
	return text, true
}
