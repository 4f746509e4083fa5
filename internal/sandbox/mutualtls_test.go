package sandbox

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// mutual is the world with a client certificate wanted on its domain.
func mutual() Model {
	m := world()
	m.Domains[0].MutualTLS = &MutualTLS{}
	m.Domains = append(m.Domains, Domain{Host: "plain.example.test", Mappings: m.Domains[0].Mappings})
	return m
}

func clientCertificate(t *testing.T, g *Gateway, kind CertificateKind) tls.Certificate {
	t.Helper()
	cert, key, err := g.ClientCertificate(kind)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// fetch sends a GET over a connection of its own. It returns the answer's status,
// error type and truth, or the text of the error.
func fetch(t *testing.T, g *Gateway, s *Server, config *tls.Config, target string) string {
	t.Helper()
	if alert := handshake13(s, config, strings.Split(target, "/")[2]); alert != "" {
		return alert
	}
	client := clientOf(s, config, true)
	defer client.CloseIdleConnections()
	resp, err := client.Get(target)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	tr, _ := g.Truth(resp.Header.Get(requestIDHeader))
	return strings.Join([]string{resp.Status[:3], resp.Header.Get("x-amzn-ErrorType"), tr.Layer + "/" + tr.Cause}, " ")
}

// handshake13 returns the alert that ends a handshake, or nothing. A client only
// sees it when it reads; a server of HTTP/2 speaks first.
func handshake13(s *Server, config *tls.Config, name string) string {
	config = config.Clone()
	config.ServerName, config.NextProtos = name, []string{"h2"}
	conn, err := tls.Dial("tcp", s.Addr, config)
	if err == nil {
		defer conn.Close()
		_, err = conn.Read(make([]byte, 1))
	}
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), "remote error: ")
}

func TestMutualTLS(t *testing.T) {
	const (
		noCertificate = "tls: certificate required"
		untrusted     = "403 ForbiddenException tls/mtls-untrusted-cert"
		bad           = "tls: bad certificate"
		ok            = "200  none/accepted"
	)
	for _, tc := range []struct {
		kind          CertificateKind // "": none
		answer, alert string
	}{
		{"", noCertificate, noCertificate},
		{Trusted, ok, ok},
		{Untrusted, untrusted, bad},
		{Expired, "403 ForbiddenException tls/mtls-expired-cert", bad},
		{WrongUsage, untrusted, bad},
		{Weak, untrusted, bad},
	} {
		for fails, want := range map[bool]string{false: tc.answer, true: tc.alert} {
			m := mutual()
			m.Switches.MutualTLSFailsHandshake = fails
			g, s, config := listen(t, m)
			if tc.kind != "" {
				config.Certificates = []tls.Certificate{clientCertificate(t, g, tc.kind)}
			}
			got := map[string]string{}
			for _, target := range []string{domain + "/orders/open", "https://plain.example.test/orders/open", "https://" + host + "/prod/open"} {
				got[target] = fetch(t, g, s, config, target)
			}
			// Other names, and the default endpoint, ask for nothing.
			wanted := map[string]string{
				domain + "/orders/open":                  want,
				"https://plain.example.test/orders/open": ok,
				"https://" + host + "/prod/open":         ok,
			}
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Errorf("%q, switch %v: (-want +got):\n%s", tc.kind, fails, diff)
			}
			if strings.HasPrefix(want, "tls: ") {
				cause := "mtls-no-certificate"
				if tc.kind != "" {
					cause = strings.TrimPrefix(tc.answer, "403 ForbiddenException tls/")
				}
				wantTruth(t, g, Truth{Host: "api.example.test", Layer: "tls", Cause: cause})
			}
		}
	}
}

// wantTruth waits for the truth of a broken handshake, which is logged when its
// connection is closed.
func wantTruth(t *testing.T, g *Gateway, want Truth) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		for _, got := range g.Truths() {
			if got == want {
				return
			}
		}
	}
	t.Errorf("got %v, want %v among them", g.Truths(), want)
}

// TLS 1.2 has another alert for a certificate that is missing.
func TestMutualTLS12(t *testing.T) {
	g, s, config := listen(t, mutual())
	config.MaxVersion = tls.VersionTLS12
	if got := fetch(t, g, s, config, domain+"/orders/open"); got != "tls: handshake failure" {
		t.Errorf("got %q", got)
	}
	config.Certificates = []tls.Certificate{clientCertificate(t, g, Trusted)}
	if got := fetch(t, g, s, config, domain+"/orders/open"); got != "200  none/accepted" {
		t.Errorf("got %q", got)
	}
}

// What one client showed must not let in the next: neither by a resumed session,
// nor on a connection that was made for another name.
func TestMutualTLSIsNotShared(t *testing.T) {
	g, s, config := listen(t, mutual())
	config.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	with := config.Clone()
	with.Certificates = []tls.Certificate{clientCertificate(t, g, Trusted)}
	for range 2 {
		if got := fetch(t, g, s, with, domain+"/orders/open"); got != "200  none/accepted" {
			t.Fatalf("got %q", got)
		}
	}
	if got := fetch(t, g, s, config, domain+"/orders/open"); got != "tls: certificate required" {
		t.Errorf("after another client: got %q", got)
	}

	client := clientOf(s, config, false)
	defer client.CloseIdleConnections()
	r, err := http.NewRequest("GET", "https://plain.example.test/orders/open", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "api.example.test"
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	tr, _ := g.Truth(resp.Header.Get(requestIDHeader))
	if got := tr.Layer + "/" + tr.Cause; resp.StatusCode != 403 || got != "tls/mtls-no-certificate" {
		t.Errorf("by another name: got %d, %s", resp.StatusCode, got)
	}
}

// A truststore of the domain's own: what the gateway mints is then a stranger's.
func TestTruststore(t *testing.T) {
	other := gateway(t, mutual())
	m := mutual()
	m.Domains[0].MutualTLS.Truststore = other.clients().pem
	g, s, config := listen(t, m)
	for of, want := range map[*Gateway]string{
		other: "200  none/accepted",
		g:     "403 ForbiddenException tls/mtls-untrusted-cert",
	} {
		config.Certificates = []tls.Certificate{clientCertificate(t, of, Trusted)}
		if got := fetch(t, g, s, config, domain+"/orders/open"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if _, _, err := g.ClientCertificate("blue"); err == nil || err.Error() != `making a client certificate: no kind "blue"` {
		t.Errorf("got error %v", err)
	}
}

// A client may show the authorities between its own and that of the truststore.
func TestIntermediateAuthority(t *testing.T) {
	g := gateway(t, mutual())
	between, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := certificate("between")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	leaf := certificate("client")
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	sign := func(template, by *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, template, by, &between.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return cert
	}
	signedCA := sign(ca, g.clients().cert, g.clients().key)
	client := sign(leaf, signedCA, between)
	trusted := g.truststores["api.example.test"]
	got := []string{trusted.judge([]*x509.Certificate{client, signedCA}), trusted.judge([]*x509.Certificate{client})}
	if diff := cmp.Diff([]string{"", "mtls-untrusted-cert"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWeak(t *testing.T) {
	small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if !weak(&small.PublicKey) || !weak(other) {
		t.Error("accepted")
	}
}
