package probe

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"flag"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write golden files anew")

// authority is a certificate authority that lives for one test binary.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority() *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of the tests"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	a := &authority{cert: cert, key: key, pool: x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a
}

// issue makes a certificate for these names, good for servers and clients, that ends at notAfter.
func (a *authority) issue(notAfter time.Time, names ...string) *tls.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: strings.Join(names, " ")}, DNSNames: names,
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: notAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, a.key.Public(), a.key)
	if err != nil {
		panic(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
}

var tomorrow = time.Now().Add(24 * time.Hour)

// The hosts that the tests speak of. None of them is ever looked up: connect_to leads them all to loopback.
const (
	hostDefault = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
	hostCustom  = "api.example.com"
	hostOther   = "other.example.com"
)

var (
	trusted  = sync.OnceValue(newAuthority)
	stranger = sync.OnceValue(newAuthority)
	leaf     = sync.OnceValue(func() *tls.Certificate { return trusted().issue(tomorrow, hostDefault, hostCustom, hostOther) })
)

// tlsServer serves handler on loopback as all the hosts of the tests; prepare may change it before it starts.
func tlsServer(t testing.TB, handler http.HandlerFunc, prepare ...func(*httptest.Server)) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{*leaf()}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	for _, p := range prepare {
		p(s)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func onlyHTTP1(s *httptest.Server) { s.EnableHTTP2 = false }

// planTo is a plan that leads every host to address and trusts the authority of the tests.
func planTo(address string) *Plan {
	return &Plan{Environment: "test", ConnectTo: map[string]string{"*": address}, RootCAs: trusted().pool, RequestTimeout: 30 * time.Second, ExtraRequests: -1}
}

func proberTo(t testing.TB, address string) *Prober {
	t.Helper()
	p := NewProber(planTo(address), Material{})
	t.Cleanup(p.Close)
	return p
}

// getting is a bare request to host.
func getting(host, path string) *Request {
	return &Request{
		ID: "id", Method: http.MethodGet, URL: "https://" + host + path, Host: host,
		Header: http.Header{"User-Agent": {"probe/test"}},
	}
}

// listen hands every connection to serve, one after the other, and gives its number from 1.
func listen(t testing.TB, serve func(n int, c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	all.Go(func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			all.Go(func() {
				defer c.Close()
				serve(n, c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return l.Addr().String()
}

// hang says nothing until the other side goes.
func hang(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// secured shakes hands as a server that speaks HTTP/1.1 only.
func secured(c net.Conn) *tls.Conn {
	return tls.Server(c, &tls.Config{Certificates: []tls.Certificate{*leaf()}})
}

// readHead reads the head of a request, up to and with the empty line.
func readHead(r *bufio.Reader) (string, error) {
	var head strings.Builder
	for {
		line, err := r.ReadString('\n')
		head.WriteString(line)
		if err != nil || line == "\r\n" {
			return head.String(), err
		}
	}
}

// resetting makes the close of a connection a RST.
func resetting(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

// eventually waits until ok holds. What it waits for is the end of something that has already been told to end.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not in 20 s", what)
		}
	}
}

func checkEqual(t testing.TB, what string, got, want any, opts ...cmp.Option) {
	t.Helper()
	if diff := cmp.Diff(want, got, opts...); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// checkGolden compares got with a file in testdata, or writes it.
func checkGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%s does not exist; write it with -update", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", path, cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")))
	}
}
