package probe

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/uuid"
)

// Crafting is what the requests of one run share.
type Crafting struct {
	Run       string // id of the run, sent as X-Probe-Run
	Salt      string // of digests in facets, never shown
	UserAgent string
	Now       time.Time // time of signing
}

// NotCraftable says why a case cannot be sent although its plan is in order.
type NotCraftable struct{ Reason string }

func (e *NotCraftable) Error() string { return e.Reason }

// CredentialsError wraps a secret or an identity of our own that could not be resolved, or that does not serve any more.
type CredentialsError struct {
	Err     error
	Expired bool // it was resolved, and has expired
}

func (e *CredentialsError) Error() string { return e.Err.Error() }
func (e *CredentialsError) Unwrap() error { return e.Err }

const (
	service         = "execute-api"
	headerRequestID = "X-Amzn-Requestid"
	headerRun       = "X-Probe-Run"
	headerAPIID     = "X-Apigw-Api-Id"
	headerKey       = "X-Api-Key"
	headerToken     = "X-Amz-Security-Token"
	headerDate      = "X-Amz-Date"
)

// Craft turns a case into exactly the bytes to send. extra tells repetitions of a case apart. It fails with
// [*NotCraftable] or [*CredentialsError], or if signing would send other bytes than the plan says.
func Craft(c Case, material Material, run Crafting, extra string) (*Request, error) {
	r, err := control(c, material)
	if err != nil {
		return nil, err
	}
	if err := checkToken(c, r, run.Now); err != nil {
		return nil, err
	}
	var right Signing
	if r.Signing != nil {
		right = *r.Signing
	}
	r.Random = "probe-" + digest(run.Run, c.ID())[:8]
	if c.Scenario.Change != nil {
		c.Scenario.Change(r)
	}
	if r.Skip != "" {
		return nil, &NotCraftable{r.Skip}
	}
	identified := r.Signing != nil || !r.Token.Empty() || c.Route.Authorization == AuthNone
	decisive := !r.Bare && identified && r.DeadEnd == "" || r.Authorization != ""
	id := uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.Join([]string{run.Run, c.ID(), extra}, "|"))).String()
	out, err := r.request(c, run, id, decisive)
	if err != nil {
		return nil, err
	}
	if r.Signing != nil {
		right.Presign = r.Signing.Presign
	}
	out.Genuine = r.Signing != nil && *r.Signing == right && c.Scenario.Signer != ExpiredSession
	return out, nil
}

// control is the recipe of the one fully correct request of a route, as far as the case may carry its secrets.
func control(c Case, material Material) (*Recipe, error) {
	path, err := c.Route.escapedPath()
	if err != nil {
		return nil, err
	}
	r := &Recipe{
		Target: c.Target,
		Method: c.Route.Method, Connect: c.Access.Connect, Host: c.Access.Host, APIID: c.Access.APIID, Prefix: c.Access.Prefix, Path: path,
		Query: canonicalQuery(c.Route.Query), Headers: make(http.Header), Body: c.Route.Body,
		ClientCertificate: c.Access.ClientCertificate,
	}
	switch {
	case c.Route.handshake():
		r.Method, r.Path = http.MethodGet, ""
		if r.Prefix == "" {
			r.Path = "/"
		}
	case r.Method == "ANY":
		r.Method = http.MethodGet
	}
	if c.Scenario.Anonymous {
		return r, nil
	}
	for _, h := range c.Route.Headers {
		value := h.Value
		if h.Secret != nil {
			if c.Scenario.Misroutes {
				r.Bare = true
				continue
			}
			secret, err := material.secret(h.Secret)
			if err != nil {
				return nil, &CredentialsError{Err: err}
			}
			value = secret.Reveal()
		}
		r.Headers.Add(h.Name, value)
	}
	if c.NeedsKey() {
		if c.Route.APIKey == nil || c.Scenario.Misroutes {
			r.Bare = true
		} else if r.APIKey, err = material.secret(c.Route.APIKey); err != nil {
			return nil, &CredentialsError{Err: err}
		}
	}
	if c.Route.Authorization == AuthIAM && c.Principal == "" || c.Route.Authorization.TakesToken() && c.Token == nil {
		r.Bare = true
	}
	if c.Token != nil {
		value, err := material.secret(c.Token)
		if err != nil {
			return nil, &CredentialsError{Err: err}
		}
		scheme, token := splitScheme(value.Reveal())
		r.TokenScheme, r.Token = scheme, NewSecret(token)
	}
	if c.Principal != "" {
		credentials, err := material.credentials(c.Principal)
		if err != nil {
			return nil, &CredentialsError{Err: err}
		}
		r.Signing = &Signing{Credentials: credentials, Region: c.API.Region, Service: service}
	}
	return r, nil
}

// escapedPath fills the template. Values are encoded as path segments; a greedy parameter keeps its slashes.
func (r Route) escapedPath() (string, error) {
	segments := strings.Split(r.Path, "/")
	for i, s := range segments {
		if !strings.HasPrefix(s, "{") || !strings.HasSuffix(s, "}") {
			continue
		}
		name := strings.Trim(s, "{}")
		value, ok := r.PathParameters[name]
		if !ok {
			value, ok = r.PathParameters[strings.TrimSuffix(name, "+")]
		}
		if !ok {
			return "", fmt.Errorf("crafting %q: path parameter %q: got no value, want one", r.Name(), name)
		}
		parts := []string{value}
		if strings.HasSuffix(name, "+") {
			parts = strings.Split(value, "/")
		}
		for j := range parts {
			parts[j] = url.PathEscape(parts[j])
		}
		segments[i] = strings.Join(parts, "/")
	}
	u, err := url.Parse("https://host" + strings.Join(segments, "/"))
	if err != nil {
		return "", fmt.Errorf("crafting %q: reading path: %w", r.Name(), err)
	}
	return u.EscapedPath(), nil
}

// canonicalQuery encodes a query as SigV4 does and in its order, by encoded names and then values, so that signing
// leaves it as it is.
func canonicalQuery(q map[string][]string) string {
	var pairs []string
	for name, values := range q {
		for _, v := range values {
			pairs = append(pairs, encodeQuery(name)+"="+encodeQuery(v))
		}
	}
	return inOrder(pairs)
}

// inOrder joins encoded pairs. "=" sorts behind some characters of a longer name, so the names are compared first.
func inOrder(pairs []string) string {
	slices.SortFunc(pairs, func(a, b string) int {
		an, av, _ := strings.Cut(a, "=")
		bn, bv, _ := strings.Cut(b, "=")
		return cmp.Or(strings.Compare(an, bn), strings.Compare(av, bv))
	})
	return strings.Join(pairs, "&")
}

// AddQuery adds a parameter, not encoded, at its place.
func (r *Recipe) AddQuery(name, value string) {
	pairs := []string{canonicalQuery(map[string][]string{name: {value}})}
	if r.Query != "" {
		pairs = append(pairs, strings.Split(r.Query, "&")...)
	}
	r.Query = inOrder(pairs)
}

// encodeQuery is percent-encoding as SigV4 has it.
func encodeQuery(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// request signs the recipe and fixes its bytes and facets.
func (r *Recipe) request(c Case, run Crafting, id string, decisive bool) (*Request, error) {
	target := "https://" + cmp.Or(r.Connect, r.Host) + r.Prefix + r.Path
	query, tokens := r.Query, make(http.Header)
	if !r.Token.Empty() {
		query = r.Target.Route.Token.place(r.Target.Route.Token.withScheme(r.TokenScheme, r.Token.Reveal()), tokens, query)
	}
	if query != "" {
		target += "?" + query
	}
	req, err := http.NewRequestWithContext(context.Background(), r.Method, target, bytes.NewReader(r.Body))
	if err != nil {
		return nil, fmt.Errorf("crafting %q: %w", c.ID(), err)
	}
	req.Header, req.Host = r.Headers.Clone(), r.Host
	req.Header.Set("User-Agent", run.UserAgent)
	req.Header.Set(headerRun, run.Run)
	if r.APIID != "" {
		req.Header.Set(headerAPIID, r.APIID)
	}
	if !r.APIKey.Empty() {
		req.Header.Set(headerKey, r.APIKey.Reveal())
	}
	for name := range tokens {
		req.Header.Set(name, tokens.Get(name))
	}
	if r.Authorization != "" {
		req.Header.Set("Authorization", r.Authorization)
	}
	expires := TokenExpiry(r.Token.Reveal())
	clock := tokenClock(expires, run.Now, id)
	if s := r.Signing; s != nil {
		if err := s.sign(req, r.Body, run.Now); err != nil {
			return nil, fmt.Errorf("crafting %q: %w", c.ID(), err)
		}
		if !s.Credentials.Expires.IsZero() && run.Now.After(s.Credentials.Expires.Add(-time.Minute)) {
			clock = "expiring " + id // equal to no other request
		}
	}
	// Not signed: the gateway takes this header over, and may do so before it checks the signature. What makes a handshake
	// is for the next hop alone.
	req.Header.Set(headerRequestID, id)
	if c.Route.handshake() {
		upgrade(req.Header, id)
	}
	out := &Request{
		ID: id, Method: r.Method, URL: req.URL.String(), Host: r.Host, Connect: r.Connect, Header: req.Header, Body: r.Body,
		ClientCertificate: r.ClientCertificate, Signed: req.Header.Get("Authorization") != "" || presigned(req.URL) != nil, Decisive: decisive,
		KeySent: !r.APIKey.Empty(), TokenSent: !r.Token.Empty(), DeadEnd: r.DeadEnd,
		token: r.Token, tokenExpires: expires, tokenPlaces: r.Target.Route.Token,
	}
	if r.Signing != nil {
		out.Clock, out.Offset = run.Now, r.Signing.Offset
	}
	out.Facets = facets(req, out, run.Salt, clock)
	return out, nil
}

// errOtherURL: the SDK's signer sorts the query and drops parameters that it cannot read.
var errOtherURL = errors.New("signing: the signer would send another URL than the plan says; give query values in byte order")

// sign adds a SigV4 signature, in headers or in the query.
func (s *Signing) sign(req *http.Request, body []byte, now time.Time) error {
	sum := sha256.Sum256(body)
	credentials := aws.Credentials{
		AccessKeyID: s.Credentials.AccessKeyID, SecretAccessKey: s.Credentials.SecretAccessKey.Reveal(),
	}
	if !s.OmitSessionToken {
		credentials.SessionToken = s.Credentials.SessionToken.Reveal()
	}
	if s.Presign {
		return s.presign(req, body, credentials, now.Add(s.Offset))
	}
	before := *req.URL
	err := v4.NewSigner().SignHTTP(context.Background(), credentials, req, hex.EncodeToString(sum[:]), s.Service, s.Region,
		now.Add(s.Offset).UTC())
	if err != nil {
		return fmt.Errorf("signing: %w", err)
	}
	if req.URL.RawQuery != before.RawQuery || req.URL.EscapedPath() != before.EscapedPath() {
		return errOtherURL
	}
	if s.Tamper {
		a := []byte(req.Header.Get("Authorization"))
		last := &a[len(a)-1]
		if *last == '0' {
			*last = '1'
		} else {
			*last = '0'
		}
		req.Header.Set("Authorization", string(a))
	}
	return nil
}

// facets derives the value of each facet from the bytes that are sent. Conn and Address are known after sending.
func facets(req *http.Request, r *Request, salt, clock string) Facets {
	hide := func(values ...string) string {
		joined := strings.Join(values, "\n")
		if strings.Trim(joined, "\n") == "" {
			return "none"
		}
		return digest(salt, joined)[:16]
	}
	var f Facets
	path := req.URL.EscapedPath()
	f[FacetCertificate] = certificateFacet(r.ClientCertificate)
	f[FacetHost] = r.addressed()
	f[FacetStageSegment], _, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	f[FacetPath] = path
	f[FacetMethod] = req.Method
	f[FacetQuery] = req.URL.RawQuery
	authorization := req.Header.Get("Authorization")
	query := presigned(req.URL)
	f[FacetAuth] = hide(authorization, req.Header.Get(headerDate))
	switch {
	case query != nil:
		key, _, _ := strings.Cut(query.Get(queryCredential), "/")
		f[FacetQuery] = withoutSignature(req.URL.RawQuery) + "&signature=" + hide(req.URL.RawQuery)
		f[FacetAuth] = hide(query.Get(queryCredential), query.Get(queryDate), query.Get(querySignature))
		f[FacetPrincipal] = hide(key, query.Get(queryToken))
	case strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 Credential="):
		key, _, _ := strings.Cut(strings.TrimPrefix(authorization, "AWS4-HMAC-SHA256 Credential="), "/")
		f[FacetPrincipal] = hide(key, req.Header.Get(headerToken))
	default:
		f[FacetPrincipal] = "none"
	}
	f[FacetToken] = hide(r.token.Reveal())
	f[FacetQuery] = r.tokenPlaces.hideQuery(f[FacetQuery], func(value string) string { return hide(value) })
	f[FacetKey] = hide(req.Header.Get(headerKey))
	f[FacetHeaders] = otherHeaders(req.Header, hide)
	f[FacetBody] = hide(string(r.Body))
	f[FacetClock] = clock
	return f
}

// otherHeaders is the facet of all headers that have no facet of their own; the request id and the key of a handshake
// differ by design and are read by nobody.
func otherHeaders(h http.Header, hide func(...string) string) string {
	var lines []string
	for name, values := range h {
		switch name {
		case "Authorization", headerDate, headerToken, headerKey, headerRequestID, headerSocketKey, headerAPIID:
		default:
			lines = append(lines, name+":"+strings.Join(values, ","))
		}
	}
	sort.Strings(lines)
	return hide(lines...)
}

func certificateFacet(c *tls.Certificate) string {
	if c == nil || len(c.Certificate) == 0 {
		return "none"
	}
	sum := sha256.Sum256(c.Certificate[0])
	return hex.EncodeToString(sum[:8])
}

// digest is a salted digest: equal within a run, of no use outside it.
func digest(salt, value string) string {
	mac := hmac.New(sha256.New, []byte(salt))
	mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil))
}

// info is the request as it is reported.
func (r *Request) info(clean *redactor, secret map[string]bool) *RequestInfo {
	headers := make(map[string]string, len(r.Header))
	for name, values := range r.Header {
		value := clean.text(strings.Join(values, ", "))
		switch {
		case r.tokenPlaces.inHeader(name), name == "Authorization", name == headerToken, name == headerKey, secret[name]:
			value = redacted
		}
		headers[strings.ToLower(name)] = value
	}
	return &RequestInfo{Method: r.Method, URL: clean.text(r.tokenPlaces.hideURL(hideSignature(r.URL))), Headers: headers, Facets: r.Facets, Traits: r.traits()}
}
