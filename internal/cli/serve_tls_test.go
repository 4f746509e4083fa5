package cli

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// writeCertificate writes a certificate that signed itself, and its key, for a server on loopback and for a client.
func writeCertificate(t *testing.T, dir, name string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	for path, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// With --client-ca, only clients with a certificate of that authority are spoken to.
func TestServeMutualTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certificate, key := writeCertificate(t, dir, "server")
	known, knownKey := writeCertificate(t, dir, "known")
	other, otherKey := writeCertificate(t, dir, "other")
	ctx, cancel := context.WithCancel(t.Context())
	var errs shared
	ended := make(chan ExitCode, 1)
	go func() {
		ended <- Run(ctx, []string{
			"serve", "sandbox", "--schedule", "0 0 1 1 *", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "probe.db"),
			"--tls-cert", certificate, "--tls-key", key, "--client-ca", known,
		}, Streams{Out: &errs, Err: &errs})
	}()
	errs.await(t, 1, `an environment is probed`)
	address := regexp.MustCompile(`https://\S+`).FindString(errs.String())

	roots := x509.NewCertPool()
	text, err := os.ReadFile(certificate)
	if err != nil || !roots.AppendCertsFromPEM(text) {
		t.Fatal(err)
	}
	for name, shown := range map[string]struct {
		certificate, key string
		ok               bool
	}{"known": {known, knownKey, true}, "other": {other, otherKey, false}, "none": {}} {
		config := &tls.Config{RootCAs: roots}
		if shown.key != "" {
			pair, err := tls.LoadX509KeyPair(shown.certificate, shown.key)
			if err != nil {
				t.Fatal(err)
			}
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
		answer, err := client.Get(address + "/api/v1/environments")
		if (err == nil) != shown.ok {
			t.Errorf("%s: got %v", name, err)
		}
		if err == nil {
			body, _ := io.ReadAll(answer.Body)
			if answer.StatusCode != http.StatusOK {
				t.Errorf("%s: got %d, %s", name, answer.StatusCode, body)
			}
			answer.Body.Close()
		}
	}
	cancel()
	if code := <-ended; code != ExitOK {
		t.Errorf("got %d, want %d: %s", code, ExitOK, &errs)
	}
}
