package evidence_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"apigwprobe/internal/evidence"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// services answer as AWS's own APIs do, in the shapes of their models, from what a test says of each operation.
type services struct {
	answers map[string]string // by [operation]; "403 Code" is an error; a function's error stands before its payload as "!"
	mu      sync.Mutex
	asked   []string
	bodies  map[string]string // by operation
}

// operation is what a request is for: "GET /restapis/a1", "DescribeVpcEndpoints".
func operation(r *http.Request, body string) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, name, _ := strings.Cut(target, ".")
		return name
	}
	if r.URL.Path == "/" {
		form, _ := url.ParseQuery(body)
		return form.Get("Action")
	}
	return r.Method + " " + r.URL.Path
}

func (s *services) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	at := operation(r, string(body))
	s.mu.Lock()
	s.asked = append(s.asked, at)
	if s.bodies == nil {
		s.bodies = make(map[string]string)
	}
	s.bodies[at] = string(body)
	s.mu.Unlock()
	answer, ok := s.answers[at]
	if !ok {
		answer = "404 NotFoundException"
	}
	var status int
	var code string
	if n, _ := fmt.Sscanf(answer, "%d %s", &status, &code); n == 2 {
		w.Header().Set("x-amzn-ErrorType", code)
		w.WriteHeader(status)
		answer = `{"__type":"` + code + `","message":"no"}`
		if r.URL.Path == "/" && r.Header.Get("X-Amz-Target") == "" {
			answer = `<Response><Errors><Error><Code>` + code + `</Code><Message>no</Message></Error></Errors></Response>`
		}
	}
	if thrown, ok := strings.CutPrefix(answer, "!"); ok {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		answer = thrown
	}
	_, _ = w.Write([]byte(answer))
}

func (s *services) open(t *testing.T) *evidence.Account {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	a, err := evidence.Open(t.Context(), evidence.DefaultBudget, config.WithBaseEndpoint(server.URL), config.WithRegion("us-east-1"),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// names are a DNS: a name leads to addresses, or to another name. What is not here does not exist; "?" gives no answer.
type names map[string]string

func (n names) LookupCNAME(_ context.Context, host string) (string, error) {
	for {
		to, ok := n[host]
		if _, err := netip.ParseAddr(strings.Fields(to + " x")[0]); err == nil || !ok {
			return host + ".", nil
		}
		host = to
	}
}

func (n names) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	last, _ := n.LookupCNAME(ctx, host)
	to := n[strings.TrimSuffix(last, ".")]
	switch to {
	case "":
		return nil, &net.OpError{Op: "lookup", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	case "1.1.1.1":
		return nil, &net.DNSError{Err: "server misbehaving", Name: host, IsTemporary: true}
	}
	var out []netip.Addr
	for _, a := range strings.Fields(to) {
		out = append(out, netip.MustParseAddr(a))
	}
	return out, nil
}
