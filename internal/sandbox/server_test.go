package sandbox

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func listen(t *testing.T, m Model) (*Gateway, *Server, *tls.Config) {
	t.Helper()
	g := gateway(t, m)
	s, config := serve(t, g)
	return g, s, config
}

func serve(t *testing.T, g *Gateway) (*Server, *tls.Config) {
	t.Helper()
	s, err := g.Listen(":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, rootsOf(t, s)
}

func rootsOf(t *testing.T, s *Server) *tls.Config {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CA) {
		t.Fatal("the CA is no PEM")
	}
	return &tls.Config{RootCAs: roots}
}

func clientOf(s *Server, config *tls.Config, h2 bool) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:   config.Clone(),
		ForceAttemptHTTP2: h2,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.Addr)
		},
	}}
}

func TestServer(t *testing.T) {
	g, s, config := listen(t, world())
	if !strings.HasPrefix(s.Addr, "127.0.0.1:") {
		t.Errorf("listens on %s, want loopback", s.Addr)
	}
	for _, h2 := range []bool{true, false} {
		client := clientOf(s, config, h2)
		defer client.CloseIdleConnections()
		for target, want := range map[string]string{
			"https://" + host + "/prod/iam":                                   accepted,
			domain + "/orders/iam":                                            accepted,
			"https://gone000000.execute-api.eu-west-1.amazonaws.com/prod/iam": "domain/unknown-host",
		} {
			r, err := http.NewRequest("GET", target, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Body = http.NoBody
			resp, err := client.Do(signed(r, caller()))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			wantProto := 1
			if h2 {
				wantProto = 2
			}
			tr, _ := g.Truth(resp.Header.Get(requestIDHeader))
			got := []any{tr.Layer + "/" + tr.Cause, resp.ProtoMajor, resp.StatusCode}
			if diff := cmp.Diff([]any{want, wantProto, tr.Status}, got); diff != "" {
				t.Errorf("%s: (-want +got):\n%s", target, diff)
			}
		}
	}
	if _, err := tls.Dial("tcp", s.Addr, &tls.Config{RootCAs: config.RootCAs, ServerName: "elsewhere.test"}); err == nil {
		t.Error("a certificate for a name that is not served")
	}
	conn, err := tls.Dial("tcp", s.Addr, config) // no SNI: the address
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// On the wire of HTTP/1.1 names are spelled as recorded, and HEAD has no length.
func TestWireSpelling(t *testing.T) {
	m := world()
	m.APIs[0].Endpoint = Edge
	_, s, config := listen(t, m)
	config.ServerName = host
	for method, length := range map[string]string{"GET": "42", "HEAD": "0"} {
		conn, err := tls.Dial("tcp", s.Addr, config)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, method+" /prod/iam HTTP/1.1\r\nHost: "+host+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		var names []string
		lines := bufio.NewScanner(conn)
		for lines.Scan() && lines.Text() != "" {
			name, value, ok := strings.Cut(lines.Text(), ": ")
			if ok {
				names = append(names, name)
			}
			if name == "Content-Length" && value != length {
				t.Errorf("%s: got length %s, want %s", method, value, length)
			}
		}
		slices.Sort(names)
		want := []string{
			"Connection", "Content-Length", "Content-Type", "Date", "Via", "X-Amz-Cf-Id", "X-Amz-Cf-Pop", "X-Cache",
			"x-amz-apigw-id", "x-amzn-ErrorType", "x-amzn-RequestId",
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", method, diff)
		}
	}
}

// SDKs sign the length of a body, which net/http keeps apart from other headers.
func TestSignedContentLength(t *testing.T) {
	m := world()
	m.APIs[0].Routes = append(m.APIs[0].Routes, Route{Method: "POST", Path: "/iam", Authorization: IAM})
	g, s, config := listen(t, m)
	for _, h2 := range []bool{true, false} {
		client := clientOf(s, config, h2)
		defer client.CloseIdleConnections()
		r, err := http.NewRequest("POST", "https://"+host+"/prod/iam", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Length", "4")
		signing{also: "content-length"}.sign(r, caller())
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if tr, _ := g.Truth(resp.Header.Get(requestIDHeader)); tr.Layer != "none" {
			t.Errorf("h2=%v: got %v", h2, tr)
		}
	}
}

// Counters, caches and logs are shared by all requests.
func TestConcurrency(t *testing.T) {
	m := behind(CacheErrors(time.Hour, true, func() time.Time { return noon }))
	m.APIs[0].Stages[0].WebACL = []WAFRule{{Match: WAFRate, After: 1000}}
	m.Plans[0].Rate, m.Plans[0].Burst, m.Plans[0].Quota = 0, 10, 100
	g := gateway(t, m)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			g.ServeHTTP(httptest.NewRecorder(), get("/prod/keyed", "x-api-key: "+goodKey))
			g.ServeHTTP(httptest.NewRecorder(), get(domain+"/orders/iam"))
		})
	}
	wg.Wait()
	count := map[string]int{}
	for _, tr := range g.Truths() {
		if tr.Host == host {
			count[tr.Cause]++
		}
	}
	if diff := cmp.Diff(map[string]int{"accepted": 10, "throttled": 40}, count); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestListenErrors(t *testing.T) {
	g := gateway(t, world())
	for _, addr := range []string{"nonsense", "127.0.0.1:99999"} {
		if _, err := g.Listen(addr); err == nil || !strings.HasPrefix(err.Error(), "listening on ") {
			t.Errorf("%s: got error %v", addr, err)
		}
	}
}
