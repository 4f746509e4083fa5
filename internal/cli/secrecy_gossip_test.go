package cli_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// gossip is a set of servers that give away whatever they are told, in every place and form, and remember what that
// was.
type gossip struct {
	mu      sync.Mutex
	heard   strings.Builder
	secrets map[string]string // that were made from those of the configuration, by their names
	told    int
}

// hear remembers a request, and the secrets that were made for it: signatures, and tokens derived from others.
func (g *gossip) hear(r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, value := range whatIsSaid(r) {
		g.heard.WriteString(value + "\n")
	}
	made := append(r.Header.Values("Authorization"), r.URL.Query()["token"]...)
	made = append(made, r.Header.Get("X-Token"), r.Header.Get("Sec-Websocket-Protocol"), "Signature="+r.URL.Query().Get("X-Amz-Signature"))
	for _, value := range made {
		if _, signature, ok := strings.Cut(value, "Signature="); ok {
			g.made("signature", signature)
		}
		_, token, _ := strings.Cut(" "+value, " eyJ")
		// The first part of a token only says how it is signed.
		for i, part := range strings.Split(token, ".") {
			if i > 0 {
				g.made("token", part)
			}
		}
	}
}

func (g *gossip) made(kind, secret string) {
	if len(secret) >= beginning {
		g.secrets[fmt.Sprintf("%s %.20s", kind, secret)] = secret
	}
}

// whatIsSaid is every value of a request that may hold a secret.
func whatIsSaid(r *http.Request) []string {
	var said []string
	for name, values := range r.Header {
		switch name {
		case "Accept", "Accept-Encoding", "Connection", "Content-Length", "Content-Type", "Upgrade", "User-Agent", "X-Probe-Run":
		default:
			said = append(said, values...)
		}
	}
	for _, values := range r.URL.Query() {
		said = append(said, values...)
	}
	if r.URL.RawQuery != "" {
		said = append(said, r.URL.RequestURI())
	}
	slices.Sort(said)
	return said
}

// spellings are the ways in which what is told is told again.
var spellings = []func(string) string{
	func(s string) string { return s },
	func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("<" + s)) },
	func(s string) string { return hex.EncodeToString([]byte(s)) },
	func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte("k=" + s))) },
	url.QueryEscape, url.PathEscape, html.EscapeString,
	func(s string) string { quoted, _ := json.Marshal(s); return string(quoted) },
	func(s string) string { return s[:min(len(s), beginning)] + "…" },
}

// ServeHTTP answers now so, now so, but always with all that was said.
func (g *gossip) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.hear(r)
	g.mu.Lock()
	n := g.told
	g.told++
	g.mu.Unlock()
	said := whatIsSaid(r)
	spell := spellings[n%len(spellings)]
	for i := range said {
		said[i] = spell(said[i])
	}
	if len(said) > 0 { // a body is cut off: each comes first at some time
		said = slices.Concat(said[n%len(said):], said[:n%len(said)])
	}
	all := strings.Join(said, " and ")
	for name, value := range map[string]string{
		"Location": "https://elsewhere.example.test/?back=" + url.QueryEscape(all), "Www-Authenticate": `Bearer realm="` + all + `"`,
		"X-Cache": "for " + all, "X-Amzn-Errortype": all, "X-Amzn-Requestid": all, "Set-Cookie": "was=" + url.QueryEscape(all),
		"X-Amzn-Remapped-Date": all, "Content-Type": "application/json",
	} {
		w.Header().Set(name, strings.NewReplacer("\n", " ", "\r", " ").Replace(value))
	}
	body, _ := json.Marshal(map[string]string{"message": "You said " + all, "url": r.URL.String()})
	w.WriteHeader([]int{401, 403, 302, 200, 400, 500, 404}[n%7])
	_, _ = w.Write(body)
}

// front puts the gossip before a host.
func (g *gossip) front(http.Handler) http.Handler { return g }

// listener only listens, and lets the gateway behind it answer after it has changed the query: signatures fit no more,
// and the gateway says what it would have had signed.
func (g *gossip) listener(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.hear(r)
		r = r.Clone(r.Context())
		r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery+"&utm=1", "&")
		r.RequestURI = r.URL.RequestURI()
		next.ServeHTTP(w, r)
	})
}

// tokens is a token endpoint that gives a token, refuses, or answers nonsense, and says the client's secret in both.
func (s *setup) tokens(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hear(r)
		_, secret, _ := r.BasicAuth()
		secret, _ = url.QueryUnescape(secret)
		s.mu.Lock()
		s.heard.WriteString(secret + "\n")
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		answer := map[string]any{"access_token": s.secrets["ISSUED_TOKEN"], "token_type": "Bearer", "expires_in": 3600}
		switch r.URL.Path {
		case "/refuse":
			w.WriteHeader(http.StatusUnauthorized)
			answer = map[string]any{"error": secret, "error_description": "not " + secret, "error_uri": "https://example.com/" + secret}
		case "/nonsense":
			answer = map[string]any{"token": secret, "expires_in": secret}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// proxy is a forward proxy that lets nobody out, and says why.
func (s *setup) proxy(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := strings.Cut(decoded(strings.TrimPrefix(r.Header.Get("Proxy-Authorization"), "Basic ")), ":")
		s.mu.Lock()
		s.heard.WriteString(password + "\n")
		s.mu.Unlock()
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 407 %s is wrong, %s too\r\nProxy-Authenticate: Basic realm=%q\r\nContent-Length: 0\r\n\r\n",
			password, r.Header.Get("Proxy-Authorization"), password)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func decoded(text string) string {
	out, _ := base64.StdEncoding.DecodeString(text)
	return string(out)
}

// sts refuses everybody but those who want a role, and says what it was told.
func (s *setup) sts(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hear(r)
		if r.FormValue("Action") == "AssumeRole" {
			_, _ = fmt.Fprintf(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIASECRECYROLE00001</AccessKeyId>`+
				`<SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>2030-01-02T03:04:05Z</Expiration>`+
				`</Credentials></AssumeRoleResult></AssumeRoleResponse>`, html.EscapeString(s.secrets["ROLE_KEY"]), html.EscapeString(s.secrets["ROLE_TOKEN"]))
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>You said %s</Message></Error></ErrorResponse>",
			html.EscapeString(strings.Join(whatIsSaid(r), " and ")))
	}))
	t.Cleanup(server.Close)
	return server.URL
}
