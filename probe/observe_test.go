package probe

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fullBytes is how a request looks on the wire of HTTP/1.1, in the order of net/http: Host and User-Agent, then the
// length of a body, then all other headers by name.
func fullBytes(line, host string, r *Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\n", line, host, r.Header.Get("User-Agent"))
	if len(r.Body) > 0 {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	_ = r.Header.WriteSubset(&b, map[string]bool{"User-Agent": true})
	return b.String() + "\r\n" + string(r.Body)
}

// TestSentBytes holds that what arrives is what was crafted, to the byte: nothing added, encoded again, or cleaned up.
func TestSentBytes(t *testing.T) {
	arrived := make(chan string, 1)
	address := listen(t, func(_ int, c net.Conn) {
		s := secured(c)
		in := bufio.NewReader(s)
		head, err := readHead(in)
		if err != nil {
			return
		}
		mime, _ := textproto.NewReader(bufio.NewReader(strings.NewReader(head[strings.Index(head, "\n")+1:]))).ReadMIMEHeader()
		var length int64
		_, _ = fmt.Sscan(mime.Get("Content-Length"), &length)
		body, _ := io.ReadAll(io.LimitReader(in, length))
		arrived <- head + string(body)
		fmt.Fprint(s, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
	})
	key := Literal("key-of-the-test")
	iam := Route{Authorization: AuthIAM, Principal: "caller", Method: "GET"}
	route := func(change func(*Route)) Route {
		r := iam
		change(&r)
		return r
	}
	for _, c := range []struct {
		name   string
		route  Route
		prefix string
		line   string
	}{
		{"plain", route(func(r *Route) { r.Path = "/orders" }), "/prod", "GET /prod/orders"},
		{"root", route(func(r *Route) { r.Path = "/" }), "", "GET /"},
		{
			"path parameter with reserved characters",
			route(func(r *Route) { r.Path, r.PathParameters = "/{id}", map[string]string{"id": "a b:c@d"} }),
			"/prod", "GET /prod/a%20b:c@d",
		},
		{
			"path parameter that is encoded already",
			route(func(r *Route) { r.Path, r.PathParameters = "/{id}", map[string]string{"id": "a%20b"} }),
			"/prod", "GET /prod/a%2520b",
		},
		{
			"slash in a parameter", route(func(r *Route) { r.Path, r.PathParameters = "/{id}", map[string]string{"id": "a/b"} }),
			"/prod", "GET /prod/a%2Fb",
		},
		{
			"greedy parameter", route(func(r *Route) { r.Path, r.PathParameters = "/{p+}", map[string]string{"p": "a b/c//d"} }),
			"/prod", "GET /prod/a%20b/c//d",
		},
		{"two slashes in front", route(func(r *Route) { r.Path = "//x" }), "", "GET //x"},
		{"dots", route(func(r *Route) { r.Path = "/a/../b/./c" }), "/prod", "GET /prod/a/../b/./c"},
		{"slash at the end", route(func(r *Route) { r.Path = "/orders/" }), "/prod", "GET /prod/orders/"},
		{"letters beyond ASCII", route(func(r *Route) { r.Path = "/größe/日本" }), "/prod", "GET /prod/gr%C3%B6%C3%9Fe/%E6%97%A5%E6%9C%AC"},
		{
			"letters beyond ASCII in a parameter",
			route(func(r *Route) { r.Path, r.PathParameters = "/{id}", map[string]string{"id": "größe"} }),
			"/prod", "GET /prod/gr%C3%B6%C3%9Fe",
		},
		{
			"query", route(func(r *Route) {
				r.Path, r.Query = "/q", map[string][]string{"z": {"2", "1"}, "a": {""}, "b c": {"d e+f"}, "c": {"&=?;~*"}}
			}),
			"/prod", "GET /prod/q?a=&b%20c=d%20e%2Bf&c=%26%3D%3F%3B~%2A&z=1&z=2",
		},
		{
			// SigV4 orders names and values by their encoded form: %C3 comes before 0 and a.
			"query beyond ASCII", route(func(r *Route) {
				r.Path, r.Query = "/q", map[string][]string{"a": {"0", "ü", ""}, "ü": {"1"}}
			}),
			"/prod", "GET /prod/q?%C3%BC=1&a=&a=%C3%BC&a=0",
		},
		{"method", route(func(r *Route) { r.Method, r.Path = "HEAD", "/orders" }), "/prod", "HEAD /prod/orders"},
		{
			"body", route(func(r *Route) { r.Method, r.Path, r.Body = "POST", "/orders", []byte("{\"a\":\t1}\r\n\x00\xff") }),
			"/prod", "POST /prod/orders",
		},
		{"post without a body", route(func(r *Route) { r.Method, r.Path = "DELETE", "/orders" }), "/prod", "DELETE /prod/orders"},
		{
			"headers", route(func(r *Route) {
				r.Path, r.APIKeyRequired, r.APIKey = "/orders", true, key
				r.Headers = []Header{
					{Name: "accept", Value: "application/json"}, {Name: "X-Many", Value: "1"}, {Name: "x-many", Value: "2"}, {Name: "X-Empty"},
					{Name: "X-Secret", Secret: Literal("secret of the test")}, {Name: "Origin", Value: "https://example.com"},
				}
			}), "/prod", "GET /prod/orders",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := Target{
				API: API{Name: "a", Region: "eu-west-1", Stage: "prod"}, Route: c.route, Access: Access{Kind: AccessDefault, Host: hostDefault, Prefix: c.prefix},
			}
			material := Material{Credentials: map[string]ResolvedCredentials{"caller": {Credentials: Credentials{
				AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: NewSecret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), SessionToken: NewSecret("token+of/the=test"),
			}}}}
			r, err := Craft(Case{Scenario: Scenario{Name: "s"}, Target: target, Control: true, Principal: "caller"}, material,
				Crafting{Run: "run", Salt: "salt", UserAgent: "probe/test", Now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}, "")
			if err != nil {
				t.Fatal(err)
			}
			crafted := fullBytes(c.line, hostDefault, r)
			plan := planTo(address)
			p := NewProber(plan, material)
			defer p.Close()
			o := p.Observe(t.Context(), r)
			if o.Status != 204 {
				t.Fatalf("got %d %v", o.Status, o.Error)
			}
			got := <-arrived
			want := crafted
			if strings.HasPrefix(c.line, "DELETE") || strings.HasPrefix(c.line, "POST") && len(c.route.Body) == 0 {
				// net/http says for some methods that there is no body.
				got = strings.Replace(got, "Content-Length: 0\r\n", "", 1)
			}
			checkEqual(t, "bytes on the wire", strings.Split(got, "\r\n"), strings.Split(want, "\r\n"))
			checkEqual(t, "request after it was sent", fullBytes(c.line, hostDefault, r), crafted)
			for _, name := range []string{"Accept-Encoding", "Referer", "Cookie", "Connection"} {
				if strings.Contains(got, name+":") {
					t.Errorf("header %s was added", name)
				}
			}
		})
	}
}

// TestSentByHTTP2 is the same for the other version, as far as a handler sees it.
func TestSentByHTTP2(t *testing.T) {
	type seen struct {
		URI, Host, Proto string
		Header           http.Header
		Body             string
	}
	got := make(chan seen, 1)
	s := tlsServer(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- seen{r.RequestURI, r.Host, r.Proto, r.Header, string(body)}
	})
	for _, path := range []string{"/", "/a%20b:c@d", "//x", "/gr%C3%B6%C3%9Fe?a=&b=1&b=1", "/a/../b", "/%2F"} {
		r := getting(hostCustom, path)
		r.Method, r.Body = "POST", []byte("{}")
		r.Header.Set("X-Empty", "")
		if o := proberTo(t, s.Listener.Addr().String()).Observe(t.Context(), r); o.Status != 200 {
			t.Fatalf("%s: got %d %v", path, o.Status, o.Error)
		}
		checkEqual(t, path, <-got, seen{path, hostCustom, "HTTP/2.0", http.Header{"User-Agent": {"probe/test"}, "X-Empty": {""}, "Content-Length": {"2"}}, "{}"})
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	var requests atomic.Int32
	s := tlsServer(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		http.Redirect(w, r, "https://"+hostOther+"/elsewhere", http.StatusFound)
	})
	r := getting(hostCustom, "/")
	r.Header.Set("X-Api-Key", "key")
	o := proberTo(t, s.Listener.Addr().String()).Observe(t.Context(), r)
	checkEqual(t, "status, location, requests", []any{o.Status, o.Header("Location"), requests.Load()},
		[]any{302, "https://" + hostOther + "/elsewhere", int32(1)})
}

func gzipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.Bytes()
}

func sum(body []byte) string {
	s := sha256.Sum256(body)
	return hex.EncodeToString(s[:])
}

// ofAnswer are the fields of an observation that do not depend on time and ports.
var ofAnswer = cmp.FilterPath(func(p cmp.Path) bool {
	switch p.Last().String() {
	case ".Sent", ".Received", ".ServerDate", ".Timings", ".Remote", ".Conn":
		return true
	}
	return false
}, cmp.Ignore())

var observations = cmp.Options{ofAnswer, cmp.AllowUnexported(Observation{})}

// TestBody is about how much of a body is read and kept, and in which encoding.
func TestBody(t *testing.T) {
	const denial = `{"message":"Forbidden"}`
	long := strings.Repeat("0123456789abcdef", 200<<10/16)
	packed := gzipped(long)
	for _, c := range []struct {
		name     string
		encoding string
		body     []byte
		want     string // Body
		message  string
		sum      string // of what was read
	}{
		{name: "empty", sum: sum(nil)},
		{name: "short", body: []byte(denial), want: denial, message: "Forbidden", sum: sum([]byte(denial))},
		{name: "4 KiB", body: []byte(long[:4<<10]), want: long[:4<<10], sum: sum([]byte(long[:4<<10]))},
		{name: "4 KiB and one", body: []byte(long[:4<<10+1]), want: long[:4<<10], sum: sum([]byte(long[:4<<10+1]))},
		{name: "64 KiB", body: []byte(long[:64<<10]), want: long[:4<<10], sum: sum([]byte(long[:64<<10]))},
		{name: "more than is read", body: []byte(long), want: long[:4<<10], sum: sum([]byte(long[:64<<10]))},
		{
			name: "cut inside a letter", body: []byte(strings.Repeat("x", 4<<10-1) + "ü"), want: strings.Repeat("x", 4<<10-1),
			sum: sum([]byte(strings.Repeat("x", 4<<10-1) + "ü")),
		},
		{name: "not UTF-8", body: []byte("a\xff\xfeb"), want: "a\uFFFDb", sum: sum([]byte("a\xff\xfeb"))},
		{name: "gzip", encoding: "gzip", body: gzipped(denial), want: denial, message: "Forbidden", sum: sum(gzipped(denial))},
		{name: "gzip in capitals", encoding: "GZIP", body: gzipped(denial), want: denial, message: "Forbidden", sum: sum(gzipped(denial))},
		{name: "gzip of much", encoding: "gzip", body: packed, want: long[:4<<10], sum: sum(packed)},
		{name: "gzip that is none", encoding: "gzip", body: []byte(denial), want: denial, message: "Forbidden", sum: sum([]byte(denial))},
		{name: "gzip that nobody announced", body: gzipped("x"), want: strings.ToValidUTF8(string(gzipped("x")), "\uFFFD"), sum: sum(gzipped("x"))},
		{
			name: "gzip without its end", encoding: "gzip", body: gzipped(denial)[:len(gzipped(denial))-8], want: denial, message: "Forbidden",
			sum: sum(gzipped(denial)[:len(gzipped(denial))-8]),
		},
		{name: "another encoding", encoding: "br", body: []byte("brotli"), want: "brotli", sum: sum([]byte("brotli"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tlsServer(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"], w.Header()["Date"] = nil, nil
				if c.encoding != "" {
					w.Header().Set("Content-Encoding", c.encoding)
				}
				w.Header().Set("X-Amz-Apigw-Id", "id=")
				w.WriteHeader(403)
				_, _ = w.Write(c.body)
			})
			o := proberTo(t, s.Listener.Addr().String()).Observe(t.Context(), getting(hostCustom, "/"))
			want := &Observation{
				Status: 403, HTTP: "HTTP/2.0", Body: c.want, BodySHA256: c.sum, Message: c.message, text: c.message,
				ExtendedRequestID: "id=", HeadersComplete: true, Headers: map[string]string{"x-amz-apigw-id": "id="}, HeaderNames: []string{"x-amz-apigw-id"},
			}
			if c.encoding != "" {
				want.HeaderNames = []string{"content-encoding", "x-amz-apigw-id"}
			}
			if len(c.body) <= 4<<10 { // otherwise the server does not know the length in advance
				want.Headers["content-length"] = fmt.Sprint(len(c.body))
				want.HeaderNames = append([]string{want.HeaderNames[0], "content-length"}, want.HeaderNames[1:]...)
				if c.encoding == "" {
					want.HeaderNames = []string{"content-length", "x-amz-apigw-id"}
				}
			}
			checkEqual(t, "observation", o, want, observations)
		})
	}
}

// TestTimings: each phase that happened took a time, and no other did.
func TestTimings(t *testing.T) {
	s := tlsServer(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	p := proberTo(t, s.Listener.Addr().String())
	type happened struct{ DNS, Connect, TLS, FirstByte, Total, Sent, Received, Server bool }
	look := func(o *Observation) happened {
		if o.Timings.FirstByte > o.Timings.Total {
			t.Errorf("first byte after %v ms of %v ms", o.Timings.FirstByte, o.Timings.Total)
		}
		return happened{
			o.Timings.DNS > 0, o.Timings.Connect > 0, o.Timings.TLS > 0, o.Timings.FirstByte > 0, o.Timings.Total > 0,
			!o.Sent.IsZero(), o.Received.After(o.Sent), !o.ServerDate.IsZero(),
		}
	}
	first := p.Observe(t.Context(), getting(hostCustom, "/"))
	checkEqual(t, "first", look(first), happened{false, true, true, true, true, true, true, true})
	second := p.Observe(t.Context(), getting(hostCustom, "/"))
	checkEqual(t, "second", look(second), happened{false, false, false, true, true, true, true, true})
	checkEqual(t, "connection and remote", []string{second.Conn, second.Remote}, []string{first.Conn, s.Listener.Addr().String()})
	refused := proberTo(t, closedAddress(t)).Observe(t.Context(), getting(hostCustom, "/"))
	checkEqual(t, "refused", look(refused), happened{Total: true, Sent: true, Received: true})
}

// failure is what an observation says of an answer that did not come, or not whole.
type failure struct {
	Status int
	Phase  Phase
	Kind   string
	Body   string
}

func failureOf(o *Observation) failure {
	f := failure{Status: o.Status, Body: o.Body}
	if o.Error != nil {
		f.Phase, f.Kind = o.Error.Phase, o.Error.Kind
	}
	return f
}

// TestNoAnswer observes what is not a whole HTTP answer. A denial is recognised, never inferred from one of these.
func TestNoAnswer(t *testing.T) {
	// after reads the head of a request and goes on.
	after := func(then func(s net.Conn, raw net.Conn)) func(int, net.Conn) {
		return func(_ int, c net.Conn) {
			s := secured(c)
			if _, err := readHead(bufio.NewReader(s)); err == nil {
				then(s, c)
			}
		}
	}
	say := func(text string) func(int, net.Conn) {
		return after(func(s, _ net.Conn) { fmt.Fprint(s, text); s.Close() })
	}
	hello := make([]byte, 1)
	for _, c := range []struct {
		name    string
		serve   func(int, net.Conn) // nil: nobody listens
		timeout time.Duration
		want    failure
	}{
		{name: "refused", want: failure{Phase: PhaseConnect, Kind: "refused"}},
		{
			name: "EOF instead of a handshake", want: failure{Phase: PhaseTLS, Kind: "eof"},
			serve: func(_ int, c net.Conn) { _, _ = io.ReadFull(c, make([]byte, 5)); drain(c) },
		},
		{
			name: "reset instead of a handshake", want: failure{Phase: PhaseTLS, Kind: "reset"},
			serve: func(_ int, c net.Conn) { _, _ = io.ReadFull(c, hello[:]); resetting(c) },
		},
		{
			name: "no handshake in time", timeout: 100 * time.Millisecond, want: failure{Phase: PhaseTLS, Kind: "timeout"},
			serve: func(_ int, c net.Conn) { hang(c) },
		},
		{
			name: "plain HTTP instead of TLS", want: failure{Phase: PhaseTLS, Kind: "other"},
			serve: func(_ int, c net.Conn) {
				_, _ = io.ReadFull(c, make([]byte, 5))
				fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
				drain(c)
			},
		},
		{
			name: "EOF before the header", want: failure{Phase: PhaseFirstByte, Kind: "eof"},
			serve: after(func(s, _ net.Conn) { s.Close() }),
		},
		{
			name: "reset before the header", want: failure{Phase: PhaseFirstByte, Kind: "reset"},
			serve: after(func(_, raw net.Conn) { resetting(raw) }),
		},
		{
			name: "no header in time", timeout: 300 * time.Millisecond, want: failure{Phase: PhaseFirstByte, Kind: "timeout"},
			serve: after(func(_, raw net.Conn) { hang(raw) }),
		},
		{name: "EOF inside the header", serve: say("HTTP/1.1 200 OK\r\nX-Amz: a\r\n"), want: failure{Phase: PhaseFirstByte, Kind: "eof"}},
		{name: "no HTTP", serve: say("220 mail.example.com ready\r\n"), want: failure{Phase: PhaseFirstByte, Kind: "other"}},
		{
			name: "EOF inside the body", serve: say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\""),
			want: failure{Status: 200, Phase: PhaseBody, Kind: "eof", Body: "{\"a\""},
		},
		{
			name: "EOF inside a chunk", serve: say("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nthe"),
			want: failure{Status: 403, Phase: PhaseBody, Kind: "eof", Body: "the"},
		},
		{
			name: "body not in time", timeout: 300 * time.Millisecond,
			serve: after(func(s, raw net.Conn) {
				fmt.Fprint(s, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning")
				hang(raw)
			}),
			want: failure{Status: 200, Phase: PhaseBody, Kind: "timeout", Body: "beginning"},
		},
		{
			name: "body without a length", serve: say("HTTP/1.1 200 OK\r\n\r\nto the end"),
			want: failure{Status: 200, Body: "to the end"},
		},
		{
			name: "answers of information first", serve: say("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
			want: failure{Status: 200, Body: "{}"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := closedAddress(t)
			if c.serve != nil {
				var conns atomic.Int32
				address = listen(t, func(n int, conn net.Conn) { conns.Add(1); c.serve(n, conn) })
				defer func() { checkEqual(t, "connections", conns.Load(), int32(1)) }()
			}
			plan := planTo(address)
			if c.timeout != 0 {
				plan.RequestTimeout = c.timeout
			}
			p := NewProber(plan, Material{})
			defer p.Close()
			o := p.Observe(t.Context(), getting(hostCustom, "/"))
			checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), c.want)
			checkEqual(t, "answered", o.Answered(), c.want.Kind == "")
			checkEqual(t, "resends", o.Resends, 0)
			if o.Received.IsZero() {
				t.Error("the time of the end is missing")
			}
		})
	}
}

// drain reads what the other side still sends, so that closing does not become a reset.
func drain(c net.Conn) {
	_ = c.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, c)
}

func TestNoAnswerByHTTP2(t *testing.T) {
	s := tlsServer(t, func(_ http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	o := proberTo(t, s.Listener.Addr().String()).Observe(t.Context(), getting(hostCustom, "/"))
	checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), failure{Phase: PhaseFirstByte, Kind: "other"})
	s = tlsServer(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "beginning")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	o = proberTo(t, s.Listener.Addr().String()).Observe(t.Context(), getting(hostCustom, "/"))
	o.Body = "" // a reset of the stream may overtake its data
	checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), failure{Status: 200, Phase: PhaseBody, Kind: "other"})
}

// TestNetworkError names errors that loopback does not bring about.
func TestNetworkError(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, c := range []struct {
		name   string
		err    error
		phase  Phase
		wanted bool
		want   failure
	}{
		{"NXDOMAIN", dial(&net.DNSError{Err: "no such host", Name: "name.invalid", IsNotFound: true}), PhaseDNS, false, failure{Phase: PhaseDNS, Kind: "not-found"}},
		{"NXDOMAIN, late", dial(&net.DNSError{Err: "no such host", IsNotFound: true}), PhaseConnect, false, failure{Phase: PhaseDNS, Kind: "not-found"}},
		{"DNS in time", dial(&net.DNSError{Err: "i/o timeout", IsTimeout: true}), PhaseDNS, false, failure{Phase: PhaseDNS, Kind: "timeout"}},
		{"DNS canceled", dial(&net.DNSError{Err: "operation was canceled", UnwrapErr: context.Canceled}), PhaseDNS, false, failure{Phase: PhaseDNS, Kind: "canceled"}},
		{
			"DNS in time, of the context", dial(&net.DNSError{Err: "i/o timeout", UnwrapErr: context.DeadlineExceeded, IsTimeout: true}), PhaseDNS, false,
			failure{Phase: PhaseDNS, Kind: "timeout"},
		},
		{"DNS server that fails", dial(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), PhaseDNS, false, failure{Phase: PhaseDNS, Kind: "other"}},
		{"dial in time", dial(context.DeadlineExceeded), PhaseConnect, false, failure{Phase: PhaseConnect, Kind: "timeout"}},
		{"no route", dial(errors.New("no route to host")), PhaseConnect, false, failure{Phase: PhaseConnect, Kind: "other"}},
		{"alert", errors.New("remote error: tls: handshake failure"), PhaseTLS, true, failure{Phase: PhaseTLS, Kind: "alert"}},
		{"alert 42", errors.New("remote error: tls: bad certificate"), PhaseFirstByte, true, failure{Phase: PhaseTLS, Kind: "certificate-wanted"}},
		{"alert 45", errors.New("remote error: tls: expired certificate"), PhaseFirstByte, true, failure{Phase: PhaseTLS, Kind: "alert"}},
		{"alert 46", errors.New("remote error: tls: unknown certificate"), PhaseFirstByte, true, failure{Phase: PhaseTLS, Kind: "certificate-wanted"}},
		{"alert 48", errors.New("remote error: tls: unknown certificate authority"), PhaseFirstByte, true, failure{Phase: PhaseTLS, Kind: "certificate-wanted"}},
		{"alert 116", errors.New("remote error: tls: certificate required"), PhaseFirstByte, true, failure{Phase: PhaseTLS, Kind: "certificate-wanted"}},
		{"alert 116, not asked", errors.New("remote error: tls: certificate required"), PhaseFirstByte, false, failure{Phase: PhaseTLS, Kind: "alert"}},
		{"unknown", errors.New("something else"), PhaseWrite, true, failure{Phase: PhaseWrite, Kind: "other"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := networkError(c.err, c.phase, c.wanted)
			checkEqual(t, "outcome", failure{Phase: e.Phase, Kind: e.Kind}, c.want)
			checkEqual(t, "in one line", e.String(), fmt.Sprintf("%s: %s: %s", c.want.Phase, c.want.Kind, c.err))
		})
	}
}

// TestPhase holds the phases against what a trace has seen.
func TestPhase(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		want Phase
		seen *trace
	}{
		{PhaseConnect, &trace{}},
		{PhaseDNS, &trace{dns: now}},
		{PhaseConnect, &trace{dns: now, dialing: now}},
		{PhaseTLS, &trace{dialing: now, shaking: now}},
		{PhaseWrite, &trace{dialing: now, shaking: now, conns: 1}},
		{PhaseFirstByte, &trace{conns: 1, wrote: now}},
		{PhaseBody, &trace{conns: 1, wrote: now, reading: true}},
	} {
		checkEqual(t, fmt.Sprintf("phase of %+v", c.seen), c.seen.phase(), c.want)
	}
}

// TestResendsAreCounted: where a reused connection has died, net/http sends a request without a body again on its own.
// That may not stay hidden.
func TestResendsAreCounted(t *testing.T) {
	var heads atomic.Int32
	address := listen(t, func(n int, c net.Conn) {
		s := secured(c)
		in := bufio.NewReader(s)
		for range 2 {
			if _, err := readHead(in); err != nil {
				return
			}
			if heads.Add(1) == 2 {
				s.Close() // the first connection dies under the second request
				return
			}
			fmt.Fprint(s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	p := proberTo(t, address)
	first := p.Observe(t.Context(), getting(hostCustom, "/"))
	checkEqual(t, "first", []int{first.Status, first.Resends}, []int{200, 0})
	second := p.Observe(t.Context(), getting(hostCustom, "/"))
	checkEqual(t, "second", []int{second.Status, second.Resends}, []int{200, 1})
	if second.Conn == first.Conn {
		t.Error("the connection is said to be the one that died")
	}
	checkEqual(t, "requests that arrived", heads.Load(), int32(3))
}

// TestWhatMayChangeDataIsNotSentAgain is the same with a method that net/http does not repeat.
func TestWhatMayChangeDataIsNotSentAgain(t *testing.T) {
	var heads atomic.Int32
	address := listen(t, func(n int, c net.Conn) {
		s := secured(c)
		in := bufio.NewReader(s)
		for n := 1; ; n++ {
			if _, err := readHead(in); err != nil {
				return
			}
			heads.Add(1)
			if n == 2 {
				s.Close()
				return
			}
			fmt.Fprint(s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	p := proberTo(t, address)
	r := getting(hostCustom, "/")
	r.Method = "DELETE"
	if o := p.Observe(t.Context(), r); o.Status != 200 {
		t.Fatalf("got %d %v", o.Status, o.Error)
	}
	o := p.Observe(t.Context(), r)
	checkEqual(t, "outcome", failureOf(o), failure{Phase: PhaseFirstByte, Kind: "eof"})
	checkEqual(t, "resends and requests that arrived", []int{o.Resends, int(heads.Load())}, []int{0, 2})
}

// TestCancel ends an exchange while each party waits for the other.
func TestCancel(t *testing.T) {
	t.Run("before the header", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		address := listen(t, func(_ int, c net.Conn) {
			if _, err := readHead(bufio.NewReader(secured(c))); err == nil {
				cancel()
				hang(c)
			}
		})
		o := proberTo(t, address).Observe(ctx, getting(hostCustom, "/"))
		checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), failure{Phase: PhaseFirstByte, Kind: "canceled"})
	})
	t.Run("before anything", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		address := listen(t, func(int, net.Conn) { t.Error("a connection was made") })
		o := proberTo(t, address).Observe(ctx, getting(hostCustom, "/"))
		checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), failure{Phase: PhaseConnect, Kind: "canceled"})
	})
	t.Run("inside the handshake", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		address := listen(t, func(_ int, c net.Conn) { _, _ = io.ReadFull(c, make([]byte, 5)); cancel(); hang(c) })
		o := proberTo(t, address).Observe(ctx, getting(hostCustom, "/"))
		checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), failure{Phase: PhaseTLS, Kind: "canceled"})
	})
}

func TestRequestThatCannotBeSent(t *testing.T) {
	for name, change := range map[string]func(*Request){
		"URL":    func(r *Request) { r.URL = "https://" + hostCustom + "/\x7f" },
		"method": func(r *Request) { r.Method = "GE T" },
		"header": func(r *Request) { r.Header.Set("X-Broken", "a\nb") },
	} {
		t.Run(name, func(t *testing.T) {
			r := getting(hostCustom, "/")
			change(r)
			address := listen(t, func(int, net.Conn) { t.Error("a connection was made") })
			o := proberTo(t, address).Observe(t.Context(), r)
			checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), failure{Phase: PhaseConnect, Kind: "other"})
		})
	}
}

// TestObserveSideBySide is for the race detector: one prober, several hosts and certificates, some of them canceled.
func TestObserveSideBySide(t *testing.T) {
	s := tlsServer(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/hold") {
			<-r.Context().Done()
			return
		}
		fmt.Fprintf(w, `{"message":"%s%s"}`, r.Host, r.URL.Path)
	})
	p := NewProber(planTo(s.Listener.Addr().String()), Material{})
	alice := trusted().issue(tomorrow, "alice")
	var all sync.WaitGroup
	for i := range 48 {
		all.Go(func() {
			r := getting([]string{hostDefault, hostCustom, hostOther}[i%3], fmt.Sprintf("/%d", i))
			if i%2 == 0 {
				r.ClientCertificate = alice
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%6 == 5 {
				r.URL = "https://" + r.Host + "/hold"
				cancel()
				if o := p.Observe(ctx, r); o.Error == nil || o.Error.Kind != "canceled" {
					t.Errorf("request %d: got %d %v, want it canceled", i, o.Status, o.Error)
				}
				return
			}
			o := p.Observe(ctx, r)
			checkEqual(t, "status and message", []any{o.Status, o.Message}, []any{200, fmt.Sprintf("%s/%d", r.Host, i)})
		})
	}
	all.Wait()
	p.Close()
}

func FuzzGunzip(f *testing.F) {
	f.Add(gzipped("{}"))
	f.Add(gzipped(strings.Repeat("0", 1<<20)))
	f.Add(gzipped("{}")[:12])
	f.Add([]byte("{}"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		got := gunzip(body)
		if z, err := gzip.NewReader(bytes.NewReader(body)); err != nil {
			if !bytes.Equal(got, body) {
				t.Errorf("got %q, want the body as it is", got)
			}
		} else if whole, err := io.ReadAll(io.LimitReader(z, bodyRead)); err == nil && !bytes.Equal(got, whole) {
			t.Errorf("got %d bytes, want %d", len(got), len(whole))
		}
		if len(got) > max(bodyRead, len(body)) {
			t.Errorf("got %d bytes of at most %d", len(got), bodyRead)
		}
		if again := gunzip(gzipped(string(got[:min(len(got), bodyRead)]))); !bytes.Equal(again, got[:min(len(got), bodyRead)]) {
			t.Error("what is packed and unpacked is not the same")
		}
	})
}
