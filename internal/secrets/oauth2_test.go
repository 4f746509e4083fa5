package secrets

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

const (
	clientSecret = "client+Secret/of EXAMPLE 0123456789"
	accessToken  = "eyJhbGciOiJSUzI1NiJ9.EXAMPLE.access-token"
)

// tokenEndpoint answers like an issuer on loopback and remembers what it was asked.
type tokenEndpoint struct {
	answer http.HandlerFunc
	mu     sync.Mutex
	asked  []grant
}

type grant struct {
	ID, Secret, Grant, Scope, Audience string
}

func (e *tokenEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	e.mu.Lock()
	e.asked = append(e.asked, grant{id, secret, r.PostFormValue("grant_type"), r.PostFormValue("scope"), r.PostFormValue("audience")})
	e.mu.Unlock()
	e.answer(w, r)
}

func (e *tokenEndpoint) grants() []grant {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.asked)
}

// lasting answers with a token that lasts so long.
func lasting(d time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":%d}`, accessToken, int(d.Seconds()))
	}
}

func saying(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func byCredentials(at string) *probe.Reference {
	return &probe.Reference{Origin: "probe.yaml:9:16", OAuth2: &probe.OAuth2{
		TokenURL: at, ClientID: "prober", ClientSecret: probe.Literal(clientSecret), Scopes: []string{"orders/read", "orders/list"}, Audience: "orders",
	}}
}

func TestResolve_client_credentials(t *testing.T) {
	endpoint := &tokenEndpoint{answer: lasting(time.Hour)}
	server := httptest.NewServer(endpoint)
	defer server.Close()
	ref := byCredentials(server.URL + "/token")

	got := Resolve(t.Context(), probe.Plan{}, probe.Needs{References: []*probe.Reference{ref}})

	want := map[*probe.Reference]probe.ResolvedSecret{ref: secret(accessToken), ref.OAuth2.ClientSecret: secret(clientSecret)}
	if diff := cmp.Diff(want, got.Secrets, whole); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
	asked := []grant{{"prober", clientSecret, "client_credentials", "orders/read orders/list", "orders"}}
	if diff := cmp.Diff(asked, endpoint.grants()); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// The plan's addresses and roots hold for issuers, too.
func TestResolve_client_credentials_where_the_plan_leads(t *testing.T) {
	endpoint := &tokenEndpoint{answer: lasting(time.Hour)}
	server := httptest.NewTLSServer(endpoint)
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	ref := byCredentials("https://example.com/token") // httptest's certificate names this host
	plan := probe.Plan{ConnectTo: map[string]string{"*": server.Listener.Addr().String()}, RootCAs: roots}

	got := Resolve(t.Context(), plan, probe.Needs{References: []*probe.Reference{ref}}).Secrets[ref]
	if diff := cmp.Diff(secret(accessToken), got, whole); diff != "" {
		t.Errorf("token (-want +got):\n%s", diff)
	}
	plan.RootCAs = x509.NewCertPool()
	if got := Resolve(t.Context(), plan, probe.Needs{References: []*probe.Reference{ref}}).Secrets[ref]; got.Err == nil || !strings.Contains(got.Err.Error(), "certificate") {
		t.Errorf("without the root: got %v, want an error about the certificate", got.Err)
	}
}

func TestResolve_client_credentials_that_fail(t *testing.T) {
	elsewhere := &tokenEndpoint{answer: lasting(time.Hour)}
	other := httptest.NewServer(elsewhere)
	defer other.Close()
	echo := clientSecret + " " + accessToken
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"refused":             {saying(401, `{"error":"invalid_client","error_description":"`+echo+`"}`), "refused with status 401, invalid_client"},
		"scope":               {saying(400, `{"error":"invalid_scope"}`), "refused with status 400, invalid_scope"},
		"an error of its own": {saying(400, `{"error":"`+echo+`"}`), "answered with status 400"},
		"a page":              {saying(502, echo), "answered with status 502"},
		"no token":            {saying(200, `{"token_type":"Bearer","echo":"`+echo+`"}`), "the answer holds no token"},
		"no JSON":             {saying(200, echo), "the answer holds no token"},
		"another address": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		}, "answered with status 307"},
		"a control character": {saying(200, `{"access_token":"a\nb","token_type":"Bearer"}`), "contains control character U+000A, which no header can carry"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(&tokenEndpoint{answer: tt.answer})
			defer server.Close()
			ref := byCredentials(server.URL + "/token")
			got := Resolve(t.Context(), probe.Plan{}, probe.Needs{References: []*probe.Reference{ref}}).Secrets[ref]
			want := probe.ResolvedSecret{Err: fmt.Errorf("resolving client credentials at %q (probe.yaml:9:16): %s", ref.OAuth2.TokenURL, tt.want)}
			if diff := cmp.Diff(want, got, whole); diff != "" {
				t.Errorf("token (-want +got):\n%s", diff)
			}
		})
	}
	if n := len(elsewhere.grants()); n != 0 {
		t.Errorf("a redirect was followed %d times, want never", n)
	}
}

func TestResolve_client_credentials_without_a_secret(t *testing.T) {
	ref := byCredentials("http://127.0.0.1:1/token")
	ref.OAuth2.ClientSecret = &probe.Reference{Env: "MISSING"}
	got := Resolve(t.Context(), probe.Plan{}, probe.Needs{References: []*probe.Reference{ref}}).Secrets[ref]
	want := probe.ResolvedSecret{Err: errors.New(`resolving client credentials at "http://127.0.0.1:1/token" (probe.yaml:9:16): resolving environment variable "MISSING": not set`)}
	if diff := cmp.Diff(want, got, whole); diff != "" {
		t.Errorf("token (-want +got):\n%s", diff)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupted"))
	if got := Resolve(ctx, probe.Plan{}, probe.Needs{References: []*probe.Reference{byCredentials("http://127.0.0.1:1/token")}}); len(got.Secrets) != 2 {
		t.Errorf("got %d secrets, want the token's error beside the client's secret", len(got.Secrets))
	}
}

// A token serves for as many runs as it lasts, and only whom it was given to.
func TestResolver_keeps_tokens(t *testing.T) {
	for _, tt := range []struct {
		lasts  time.Duration
		run    time.Duration
		change func(*probe.OAuth2)
		want   int // grants for two runs
	}{
		{time.Hour, 0, nil, 1},
		{probe.DefaultRunTimeout + spare - time.Second, 0, nil, 2},
		{10 * time.Minute, time.Hour, nil, 2},
		{10 * time.Minute, time.Minute, nil, 1},
		{0, 0, nil, 2},
		{time.Hour, 0, func(o *probe.OAuth2) { o.Audience = "invoices" }, 2},
		{time.Hour, 0, func(o *probe.OAuth2) { o.ClientSecret = probe.Literal("rotated") }, 2},
	} {
		endpoint := &tokenEndpoint{answer: lasting(tt.lasts)}
		server := httptest.NewServer(endpoint)
		resolver := new(Resolver)
		for range 2 {
			ref := byCredentials(server.URL + "/token")
			if len(endpoint.grants()) > 0 && tt.change != nil {
				tt.change(ref.OAuth2)
			}
			got := resolver.Resolve(t.Context(), probe.Plan{RunTimeout: tt.run}, probe.Needs{References: []*probe.Reference{ref}}).Secrets[ref]
			if diff := cmp.Diff(secret(accessToken), got, whole); diff != "" {
				t.Errorf("token (-want +got):\n%s", diff)
			}
		}
		if got := len(endpoint.grants()); got != tt.want {
			t.Errorf("a token of %s for runs of %s: asked %d times, want %d", tt.lasts, tt.run, got, tt.want)
		}
		server.Close()
	}
}
