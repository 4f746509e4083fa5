package scenarios

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"time"

	"apigwprobe/probe"
)

// certificate is a scenario that shows a domain with mutual TLS another client certificate, or none. It needs no
// signature: past the handshake, the refusal of a later layer shows that the gate is open.
func certificate(name, title, why string, applies func(probe.Target) string, change func(*probe.Recipe)) probe.Scenario {
	return probe.Scenario{
		Name: name, Title: title, Why: why, Kind: probe.Gate, Scope: probe.ScopeAccess, Signer: probe.Nobody,
		Changes: append([]probe.Facet{probe.FacetCertificate, probe.FacetPrincipal}, carried...),
		Applies: applies,
		Change: func(r *probe.Recipe) {
			r.Signing = nil
			change(r)
		},
		// The handshake may end without an answer, or the domain may answer 403.
		Expect: func(probe.Target) probe.Expectation { return probe.Expectation{Layers: []probe.Layer{probe.TLS}} },
	}
}

var certificates = []probe.Scenario{
	certificate("no-client-certificate", "a domain with mutual TLS, without a client certificate",
		"Mutual TLS that does not insist on a certificate lets everybody in.",
		onlyMutualTLS, func(r *probe.Recipe) { r.ClientCertificate = nil }),
	certificate("untrusted-client-certificate", "a client certificate that nobody issued",
		"Shows that the certificate is held against the truststore, and not only that one is there.",
		onlyMutualTLS, func(r *probe.Recipe) {
			made, err := selfSigned()
			if err != nil {
				r.Skip = "a certificate could not be made: " + err.Error()
				return
			}
			r.ClientCertificate = made
		}),
	certificate("expired-client-certificate", "a client certificate that has expired",
		"An expired certificate must not open the door: revocation is not checked, so expiry is all there is.",
		func(t probe.Target) string {
			if t.Access.ClientCertificate != nil && t.Access.ExpiredCertificate == nil {
				return "needs a certificate that has expired: the domain has no expired_client_certificate"
			}
			return onlyMutualTLS(t)
		},
		func(r *probe.Recipe) { r.ClientCertificate = r.Target.Access.ExpiredCertificate }),
}

func onlyMutualTLS(t probe.Target) string {
	if t.Access.ClientCertificate == nil {
		return "the access has no mutual TLS"
	}
	return ""
}

// selfSigned makes one certificate for the life of the process: connections are kept apart by it.
var selfSigned = sync.OnceValues(func() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "probe, trusted by nobody"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
})
