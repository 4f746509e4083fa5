package sandbox

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Issuer signs tokens: an OpenID provider, or a Cognito user pool. The gateway
// serves it at its URL, and for clients that cannot resolve its host at the same
// path of the address that the gateway listens on.
type Issuer struct {
	Name string
	URL  string // https, as in the claim iss; a Cognito pool's names region and pool

	Clients []Client
	Key     *rsa.PrivateKey // nil: one is made when it is first needed
}

// Client is an OAuth 2 client that gets tokens by its own credentials.
type Client struct {
	ID, Secret string
	Audience   string // "": its tokens have none, like those of Cognito
	Scopes     []string
	Lifetime   time.Duration // of its tokens; 0: an hour
}

// issuer is an Issuer at work.
type issuer struct {
	*Issuer
	at  *url.URL
	key func() *rsa.PrivateKey
	now func() time.Time
}

func newIssuer(declared *Issuer, now func() time.Time) *issuer {
	at, err := url.Parse(declared.URL)
	if err != nil {
		panic("sandbox: a validated model has a bad issuer: " + err.Error())
	}
	return &issuer{Issuer: declared, at: at, now: now, key: sync.OnceValue(func() *rsa.PrivateKey {
		if declared.Key != nil {
			return declared.Key
		}
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic("sandbox: making a key: " + err.Error())
		}
		return key
	})}
}

// kid is the id of the issuer's only key.
func (i *issuer) kid() string { return hash(i.key().N.String())[:16] }

// Token has the issuer of this name sign a token. Without claims it is valid for
// an hour and has no audience; claims replace what it would say, and a claim that
// is nil is left out. So a test makes expired tokens, and those of another issuer,
// audience or scope, that are all genuine.
func (g *Gateway) Token(issuer string, claims map[string]any) (string, error) {
	i := g.issuers[issuer]
	if i == nil {
		return "", fmt.Errorf("signing a token: no issuer %q", issuer)
	}
	return i.sign(claims)
}

func (i *issuer) sign(claims map[string]any) (string, error) {
	now := i.now()
	all := map[string]any{"iss": i.URL, "sub": "sandbox", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	payload, err := json.Marshal(all)
	if err != nil {
		return "", fmt.Errorf("signing a token of %q: %w", i.Name, err)
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: i.key(), KeyID: i.kid()}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("signing a token of %q: %w", i.Name, err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing a token of %q: %w", i.Name, err)
	}
	return signed.CompactSerialize()
}

// issuerOf finds the issuer that a request is for, and its path below the
// issuer's.
func (g *Gateway) issuerOf(r *http.Request) (*issuer, string) {
	host := hostname(r)
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	for _, i := range g.model.Issuers {
		i := g.issuers[i.Name]
		rest, under := strings.CutPrefix(r.URL.Path, strings.TrimSuffix(i.at.Path, "/")+"/")
		if under && (host == i.at.Hostname() || err == nil) {
			return i, "/" + rest
		}
	}
	return nil, ""
}

// serve answers at a path below the issuer's.
func (i *issuer) serve(w http.ResponseWriter, r *http.Request, path string) {
	switch path {
	case "/.well-known/openid-configuration":
		answer(w, http.StatusOK, map[string]any{
			"issuer":                                i.URL,
			"jwks_uri":                              i.under("jwks.json"),
			"token_endpoint":                        i.under("token"),
			"grant_types_supported":                 []string{"client_credentials"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	case "/jwks.json", "/.well-known/jwks.json": // Cognito's is at the latter
		answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: &i.key().PublicKey, KeyID: i.kid(), Algorithm: "RS256", Use: "sig"},
		}})
	case "/token":
		status, body := i.grant(r)
		w.Header().Set("Cache-Control", "no-store")
		answer(w, status, body)
	default:
		http.NotFound(w, r)
	}
}

func (i *issuer) under(path string) string { return strings.TrimSuffix(i.URL, "/") + "/" + path }

// grant is the token endpoint of OAuth 2, for client credentials alone.
func (i *issuer) grant(r *http.Request) (int, map[string]any) {
	fail := func(status int, code string) (int, map[string]any) { return status, map[string]any{"error": code} }
	r.Body = http.MaxBytesReader(nil, r.Body, 64<<10)
	if r.Method != http.MethodPost || r.ParseForm() != nil {
		return fail(http.StatusBadRequest, "invalid_request")
	}
	id, secret, basic := r.BasicAuth()
	if basic { // which encodes both like a form
		id, secret = unescape(id), unescape(secret)
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	n := slices.IndexFunc(i.Clients, func(c Client) bool { return c.ID == id })
	if n < 0 || subtle.ConstantTimeCompare([]byte(i.Clients[n].Secret), []byte(secret)) == 0 {
		return fail(http.StatusUnauthorized, "invalid_client")
	}
	if r.PostForm.Get("grant_type") != "client_credentials" {
		return fail(http.StatusBadRequest, "unsupported_grant_type")
	}
	client := i.Clients[n]
	scopes := client.Scopes
	if wanted := strings.Fields(r.PostForm.Get("scope")); len(wanted) > 0 {
		if slices.ContainsFunc(wanted, func(s string) bool { return !slices.Contains(client.Scopes, s) }) {
			return fail(http.StatusBadRequest, "invalid_scope")
		}
		scopes = wanted
	}
	lifetime := cmp.Or(client.Lifetime, time.Hour)
	claims := map[string]any{
		"sub": id, "client_id": id, "token_use": "access", "scope": strings.Join(scopes, " "), "exp": i.now().Add(lifetime).Unix(),
	}
	if client.Audience != "" {
		claims["aud"] = client.Audience
	}
	token, err := i.sign(claims)
	if err != nil {
		return fail(http.StatusInternalServerError, "server_error")
	}
	return http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": int(lifetime.Seconds())}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client has gone if this fails; nobody is left to tell.
	_ = json.NewEncoder(w).Encode(body)
}
