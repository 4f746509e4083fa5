package probe

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
	"time"
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
