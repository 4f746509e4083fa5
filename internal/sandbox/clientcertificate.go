package sandbox

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"
)

// CertificateKind says what is right or wrong with a client certificate.
type CertificateKind string

// The kinds of client certificate. All but the first are refused by a truststore
// without authorities of its own.
const (
	Trusted    CertificateKind = "trusted"
	Untrusted  CertificateKind = "untrusted"   // of an authority that nobody knows
	Expired    CertificateKind = "expired"     // trusted until a minute ago
	WrongUsage CertificateKind = "wrong-usage" // for servers only
	Weak       CertificateKind = "weak"        // an RSA key of 1024 bits
)

// ClientCertificate mints a certificate of this kind and its key, both as PEM.
func (g *Gateway) ClientCertificate(kind CertificateKind) (cert, key []byte, err error) {
	fail := func(err error) ([]byte, []byte, error) {
		return nil, nil, fmt.Errorf("making a client certificate: %w", err)
	}
	template := certificate("Sandbox client, " + string(cmp.Or(kind, "of no kind")))
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	issuer := g.clients()
	var private crypto.Signer
	private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	switch kind {
	case Trusted:
	case Untrusted:
		issuer = newAuthority("Sandbox authority that nobody knows", nil)
	case Expired:
		template.NotAfter = time.Now().Add(-time.Minute)
	case WrongUsage:
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	case Weak:
		private, err = rsa.GenerateKey(rand.Reader, 1024)
	default:
		err = fmt.Errorf("no kind %q", kind)
	}
	if err != nil {
		return fail(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.cert, private.Public(), issuer.key)
	if err != nil {
		return fail(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fail(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), nil
}
