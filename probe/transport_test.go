package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestOneTransportForEachAddressHostAndCertificate(t *testing.T) {
	one, two := &tls.Certificate{}, &tls.Certificate{}
	plan := &Plan{ConnectTo: map[string]string{"*": "127.0.0.1:1"}}
	all := newTransports(plan)
	seen := make(map[*transport]string)
	for _, key := range []struct {
		host        string
		certificate *tls.Certificate
	}{{hostCustom, nil}, {hostCustom, one}, {hostCustom, two}, {hostOther, nil}, {hostOther, one}} {
		name := fmt.Sprintf("%s %p", key.host, key.certificate)
		tr, err := all.get(key.host, key.certificate)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[tr]; ok {
			t.Errorf("%s: got the transport of %s", name, other)
		}
		seen[tr] = name
		if again, _ := all.get(key.host, key.certificate); again != tr {
			t.Errorf("%s: got another transport at the second time", name)
		}
	}
	// The same host at another address.
	before, _ := all.get(hostCustom, nil)
	plan.ConnectTo[hostCustom] = "127.0.0.1:2"
	if after, _ := all.get(hostCustom, nil); after == before {
		t.Error("another address: got the transport of the first")
	}
}

func TestProxyThatCannotBeRead(t *testing.T) {
	plan := planTo("127.0.0.1:1")
	plan.Proxy = "http://[::1"
	o := NewProber(plan, Material{}).Observe(t.Context(), getting(hostCustom, "/"))
	if o.Error == nil || o.Error.Kind != "other" || o.Answered() {
		t.Errorf("got %v, want an error of kind other", o.Error)
	}
}

// TestConnectionsAreNotSharedBetweenCertificates sends with and without a client certificate in turn: a connection
// that had one must never carry a request without.
func TestConnectionsAreNotSharedBetweenCertificates(t *testing.T) {
	type shown struct{ Connection, Certificate string }
	var mu sync.Mutex
	var got []shown
	names := make(map[string]string) // remote address to a name
	handler := func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if names[r.RemoteAddr] == "" {
			names[r.RemoteAddr] = fmt.Sprintf("connection %d", len(names)+1)
		}
		s := shown{names[r.RemoteAddr], "none"}
		if peers := r.TLS.PeerCertificates; len(peers) > 0 {
			s.Certificate = peers[0].Subject.CommonName
		}
		got = append(got, s)
	}
	for _, version := range []struct {
		name    string
		prepare func(*httptest.Server)
	}{{"HTTP/2", func(*httptest.Server) {}}, {"HTTP/1.1", onlyHTTP1}} {
		t.Run(version.name, func(t *testing.T) {
			got = nil
			clear(names)
			s := tlsServer(t, handler, version.prepare, func(s *httptest.Server) { s.TLS.ClientAuth = tls.RequestClientCert })
			p := proberTo(t, s.Listener.Addr().String())
			alice, bob := trusted().issue(tomorrow, "alice"), trusted().issue(tomorrow, "bob")
			conns := make(map[string]string)
			for i, certificate := range []*tls.Certificate{alice, nil, bob, nil, alice, bob} {
				r := getting(hostCustom, "/")
				r.ClientCertificate = certificate
				o := p.Observe(t.Context(), r)
				if o.Status != 200 {
					t.Fatalf("request %d: got %d %v", i, o.Status, o.Error)
				}
				conns[o.Conn] = ""
			}
			checkEqual(t, "what the server saw", got, []shown{
				{"connection 1", "alice"}, {"connection 2", "none"}, {"connection 3", "bob"},
				{"connection 2", "none"}, {"connection 1", "alice"}, {"connection 3", "bob"},
			})
			checkEqual(t, "connections that the observations tell apart", len(conns), 3)
		})
	}
}

// TestNoSessionIsResumed holds that a new connection shakes hands anew: a resumed session would bring the client
// certificate of the old one along.
func TestNoSessionIsResumed(t *testing.T) {
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			var resumed, requests atomic.Int32
			s := tlsServer(t, func(_ http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				if r.TLS.DidResume {
					resumed.Add(1)
				}
			}, func(s *httptest.Server) { s.TLS.MaxVersion = version })
			p := proberTo(t, s.Listener.Addr().String())
			conns := make(map[string]bool)
			for range 3 {
				o := p.Observe(t.Context(), getting(hostCustom, "/"))
				conns[o.Conn] = true
				p.Close() // idle connections only
			}
			checkEqual(t, "requests, connections, resumed", []int{int(requests.Load()), len(conns), int(resumed.Load())}, []int{3, 3, 0})
		})
	}
}

func TestConnectToKeepsHostAndSNI(t *testing.T) {
	seen := make(chan [2]string, 1)
	s := tlsServer(t, func(_ http.ResponseWriter, r *http.Request) { seen <- [2]string{r.Host, r.TLS.ServerName} })
	address := s.Listener.Addr().String()
	for _, c := range []struct {
		name      string
		connectTo map[string]string
	}{
		{"by name", map[string]string{hostCustom: address, hostOther: "127.0.0.1:1"}},
		{"by star", map[string]string{"*": address}},
		{"the name wins", map[string]string{"*": "127.0.0.1:1", hostCustom: address}},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := planTo("")
			plan.ConnectTo = c.connectTo
			p := NewProber(plan, Material{})
			defer p.Close()
			o := p.Observe(t.Context(), getting(hostCustom, "/"))
			if o.Status != 200 {
				t.Fatalf("got %d %v", o.Status, o.Error)
			}
			checkEqual(t, "host and SNI", <-seen, [2]string{hostCustom, hostCustom})
			checkEqual(t, "remote", o.Remote, address)
		})
	}
}

func TestHTTPVersion(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(*httptest.Server)
		want    string
	}{
		{"HTTP/2 where it is offered", func(*httptest.Server) {}, "HTTP/2.0"},
		{"HTTP/1.1 where it is not", onlyHTTP1, "HTTP/1.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen := make(chan string, 1)
			s := tlsServer(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r.Proto }, c.prepare)
			o := proberTo(t, s.Listener.Addr().String()).Observe(t.Context(), getting(hostCustom, "/"))
			checkEqual(t, "observed and seen", []string{o.HTTP, <-seen}, []string{c.want, c.want})
		})
	}
}

// TestNoProxyOfTheEnvironment holds that where a request goes is decided by the plan alone.
func TestNoProxyOfTheEnvironment(t *testing.T) {
	var asked atomic.Int32
	proxy := listen(t, func(int, net.Conn) { asked.Add(1) })
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, "http://"+proxy)
	}
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
	s := tlsServer(t, func(http.ResponseWriter, *http.Request) {})
	p := proberTo(t, s.Listener.Addr().String())
	o := p.Observe(t.Context(), getting(hostCustom, "/"))
	checkEqual(t, "status and connections to the proxy", []int{o.Status, int(asked.Load())}, []int{200, 0})
	// net/http reads the environment once for each process, so look at what it would be asked, too.
	tr, err := p.transports.get(hostCustom, nil)
	if err != nil {
		t.Fatal(err)
	}
	if tr.Proxy != nil {
		t.Error("the transport has a proxy function, want none")
	}
}

// TestProxyOfThePlan sends through a forward proxy: it sees the name, and nothing of the request.
func TestProxyOfThePlan(t *testing.T) {
	s := tlsServer(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) })
	heads := make(chan string, 1)
	proxy := listen(t, func(_ int, c net.Conn) {
		in := bufio.NewReader(c)
		head, err := readHead(in)
		if err != nil {
			return
		}
		heads <- head
		out, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			return
		}
		defer out.Close()
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\n\r\n")
		done := make(chan bool, 2)
		go func() { _, _ = io.Copy(out, in); done <- true }()
		go func() { _, _ = io.Copy(c, out); done <- true }()
		<-done
	})
	plan := planTo("")
	plan.ConnectTo = nil
	plan.Proxy = "http://" + proxy
	p := NewProber(plan, Material{})
	defer p.Close()
	o := p.Observe(t.Context(), getting(hostCustom, "/secret-path"))
	if o.Status != 200 {
		t.Fatalf("got %d %v", o.Status, o.Error)
	}
	checkEqual(t, "body", o.Body, hostCustom)
	checkEqual(t, "what the proxy was told", <-heads,
		"CONNECT "+hostCustom+":443 HTTP/1.1\r\nHost: "+hostCustom+":443\r\nUser-Agent: Go-http-client/1.1\r\n\r\n")
}

// TestProxyThatRefuses tells the refusal of a forward proxy from an answer of the host.
func TestProxyThatRefuses(t *testing.T) {
	proxy := listen(t, func(_ int, c net.Conn) {
		if _, err := readHead(bufio.NewReader(c)); err == nil {
			fmt.Fprint(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
		}
	})
	plan := planTo("")
	plan.Proxy = "http://" + proxy
	p := NewProber(plan, Material{})
	defer p.Close()
	o := p.Observe(t.Context(), getting(hostCustom, "/"))
	checkEqual(t, "error", o.Error, &NetworkError{Phase: PhaseConnect, Kind: "proxy-refused", Text: "the forward proxy answered 403 to CONNECT"})
	a := Attribute(plan, []Exchange{{Observation: o}})[0]
	checkEqual(t, "attribution", []string{string(a.Layer), string(a.Cause), string(a.Confidence)}, []string{"edge", "proxy-refused", "certain"})
}

// TestDialerStaysWithTheAddressThatItFound: a second address may lead to a gateway with another configuration.
func TestDialerStaysWithTheAddressThatItFound(t *testing.T) {
	first := listen(t, func(int, net.Conn) {})
	second := listen(t, func(int, net.Conn) {})
	d := &dialer{address: first}
	for i := range 3 {
		c, err := d.dial(t.Context(), "tcp", "name.invalid:443")
		if err != nil {
			t.Fatal(err)
		}
		checkEqual(t, fmt.Sprintf("address of connection %d", i), c.RemoteAddr().String(), first)
		c.Close()
		d.address = second // as if the name led elsewhere now
	}
}

func TestDialerDoesNotPinWhatFailed(t *testing.T) {
	alive := listen(t, func(int, net.Conn) {})
	d := &dialer{address: closedAddress(t)}
	if c, err := d.dial(t.Context(), "tcp", "name.invalid:443"); err == nil {
		c.Close()
		t.Fatal("got a connection to a closed port")
	}
	d.address = alive
	c, err := d.dial(t.Context(), "tcp", "name.invalid:443")
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// closedAddress is an address on loopback where nothing listens.
func closedAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestTLS observes handshakes that must fail, and those that must not.
func TestTLS(t *testing.T) {
	alice := trusted().issue(tomorrow, "alice")
	wants := func(s *httptest.Server) {
		s.TLS.ClientAuth, s.TLS.ClientCAs = tls.RequireAndVerifyClientCert, trusted().pool
	}
	only12 := func(s *httptest.Server) { s.TLS.MaxVersion = tls.VersionTLS12 }
	with := func(c *tls.Certificate) func(s *httptest.Server) {
		return func(s *httptest.Server) { s.TLS.Certificates = []tls.Certificate{*c} }
	}
	type outcome struct {
		Status int
		Phase  Phase
		Kind   string
	}
	certificate := outcome{0, PhaseTLS, "certificate"}
	wanted := outcome{0, PhaseTLS, "certificate-wanted"}
	accepted := outcome{Status: 200}
	for _, c := range []struct {
		name    string
		prepare []func(*httptest.Server)
		roots   *x509.CertPool
		host    string
		client  *tls.Certificate
		want    outcome
	}{
		{name: "trusted", want: accepted},
		{name: "unknown authority", roots: stranger().pool, want: certificate},
		{name: "no authority at all", roots: x509.NewCertPool(), want: certificate},
		{name: "wrong name", host: "nobody.example.com", want: certificate},
		{name: "expired", prepare: []func(*httptest.Server){with(trusted().issue(time.Now().Add(-time.Hour), hostCustom))}, want: certificate},
		{
			name: "old version", want: outcome{0, PhaseTLS, "alert"},
			prepare: []func(*httptest.Server){func(s *httptest.Server) { s.TLS.MinVersion, s.TLS.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }},
		},
		{name: "client certificate wanted and sent", prepare: []func(*httptest.Server){wants}, client: alice, want: accepted},
		{name: "client certificate wanted, none sent", prepare: []func(*httptest.Server){wants}, want: wanted},
		{name: "client certificate wanted, none sent, HTTP/1.1", prepare: []func(*httptest.Server){wants, onlyHTTP1}, want: wanted},
		{
			// RFC 5246, section 7.4.6: a fatal handshake_failure, which has other causes, too.
			name: "client certificate wanted, none sent, TLS 1.2", prepare: []func(*httptest.Server){wants, only12},
			want: outcome{0, PhaseTLS, "alert"},
		},
		{
			name: "client certificate of an unknown authority", prepare: []func(*httptest.Server){wants},
			client: stranger().issue(tomorrow, "mallory"), want: wanted,
		},
		{
			name: "client certificate of an unknown authority, TLS 1.2", prepare: []func(*httptest.Server){wants, only12},
			client: stranger().issue(tomorrow, "mallory"), want: wanted,
		},
		{
			name: "client certificate that has ended", prepare: []func(*httptest.Server){wants},
			client: trusted().issue(time.Now().Add(-time.Hour), "alice"), want: outcome{0, PhaseTLS, "alert"},
		},
		{
			name: "client certificate asked for, but not needed", want: accepted,
			prepare: []func(*httptest.Server){func(s *httptest.Server) { s.TLS.ClientAuth = tls.RequestClientCert }},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tlsServer(t, func(http.ResponseWriter, *http.Request) {}, c.prepare...)
			plan := planTo(s.Listener.Addr().String())
			if c.roots != nil {
				plan.RootCAs = c.roots
			}
			if c.host == "" {
				c.host = hostCustom
			}
			p := NewProber(plan, Material{})
			defer p.Close()
			r := getting(c.host, "/")
			r.ClientCertificate = c.client
			o := p.Observe(t.Context(), r)
			got := outcome{Status: o.Status}
			if o.Error != nil {
				got.Phase, got.Kind = o.Error.Phase, o.Error.Kind
				if got.Kind == "certificate-dropped" && c.want.Phase == PhaseTLS {
					got.Kind = c.want.Kind // the alert may be lost to the reset that follows it
				}
				if o.Error.Text == "" {
					t.Error("an error without a text")
				}
			}
			checkEqual(t, fmt.Sprint("outcome with error ", o.Error), got, c.want)
		})
	}
}

// TestDroppedAfterTheCertificateWasTaken: a certificate that an answer came for is not why a later connection ends.
func TestDroppedAfterTheCertificateWasTaken(t *testing.T) {
	address := listen(t, func(n int, c net.Conn) {
		s := tls.Server(c, &tls.Config{
			Certificates: []tls.Certificate{*leaf()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted().pool,
		})
		if _, err := readHead(bufio.NewReader(s)); err != nil {
			return
		}
		if n == 1 {
			fmt.Fprint(s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}
		s.Close()
	})
	p := proberTo(t, address)
	r := getting(hostCustom, "/")
	r.ClientCertificate = trusted().issue(tomorrow, "alice")
	for i, want := range []failure{{Status: 200}, {Phase: PhaseFirstByte, Kind: "eof"}} {
		o := p.Observe(t.Context(), r)
		checkEqual(t, fmt.Sprintf("outcome %d with error %v", i, o.Error), failureOf(o), want)
	}
}

// TestAlertIsNotAboutACertificateThatNobodyAskedFor: an alert of that name proves mutual TLS only after a request for
// a certificate.
func TestAlertIsNotAboutACertificateThatNobodyAskedFor(t *testing.T) {
	err := &net.OpError{Op: "remote error", Err: fmt.Errorf("tls: bad certificate")}
	checkEqual(t, "not asked", *networkError(err, PhaseFirstByte, false), NetworkError{PhaseTLS, "alert", err.Error()})
	checkEqual(t, "asked", *networkError(err, PhaseFirstByte, true), NetworkError{PhaseTLS, "certificate-wanted", err.Error()})
}

func TestCloseLeavesNothingOpen(t *testing.T) {
	ended := make(chan bool, 1)
	s := tlsServer(t, func(http.ResponseWriter, *http.Request) {}, func(s *httptest.Server) {
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				ended <- true
			}
		}
	})
	p := NewProber(planTo(s.Listener.Addr().String()), Material{})
	if o := p.Observe(t.Context(), getting(hostCustom, "/")); o.Status != 200 {
		t.Fatalf("got %d %v", o.Status, o.Error)
	}
	p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	select {
	case <-ended:
	case <-ctx.Done():
		t.Error("the connection is still open after Close")
	}
}
