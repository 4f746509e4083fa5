package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// keys are made once: each takes a good part of a second.
var (
	poolKey  = sync.OnceValue(newKey)
	otherKey = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

const poolURL = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool"

func issuers() []Issuer {
	return []Issuer{
		{Name: "pool", URL: poolURL, Key: poolKey(), Clients: []Client{
			{ID: "app", Secret: "s e+cret", Scopes: []string{"read", "write"}, Lifetime: time.Minute},
			{ID: "aud", Secret: "x", Audience: "orders"},
		}},
		{Name: "other", URL: "https://login.example.test", Key: otherKey()},
	}
}

// pooled is a world whose routes have Cognito authorizers.
func pooled() Model {
	m := world()
	m.Issuers = issuers()
	a := &m.APIs[0]
	a.Authorizers = []Authorizer{
		{Name: "pool", Type: CognitoAuthorizer, Issuer: "pool"},
		{Name: "client", Type: CognitoAuthorizer, Issuer: "pool", Validation: "app|web"},
	}
	pool := func(path, authorizer string, scopes ...string) Route {
		return Route{Method: "GET", Path: path, Authorization: CognitoUserPools, Authorizer: authorizer, Scopes: scopes}
	}
	keyed := pool("/keyed", "pool")
	keyed.APIKeyRequired = true
	a.Routes = []Route{pool("/id", "pool"), pool("/scoped", "pool", "read", "admin"), pool("/client", "client"), keyed}
	return m
}

// minted is a genuine token of a world with issuers, and claims that differ from
// those of a good one.
func minted(issuer string, claims map[string]any) string {
	m := world()
	m.Issuers = issuers()
	g, err := New(m)
	if err != nil {
		panic(err)
	}
	s, err := g.Token(issuer, claims)
	if err != nil {
		panic(err)
	}
	return s
}

// silentlyPooled meets a resource policy that says nothing about the caller.
func silentlyPooled(m *Model) *http.Request {
	*m = pooled()
	m.APIs[0].ResourcePolicy = Policy{{Effect: Allow, Principal: []string{account}}}
	return get("/prod/id", "Authorization: "+minted("pool", map[string]any{"token_use": "id"}))
}

// unsecured is a token as none but the verifier can read it: alg none.
func unsecured(token string) string {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	return header + "." + strings.Split(token, ".")[1] + "."
}

// altered has other claims below the old signature.
func altered(token string) string {
	parts := strings.Split(token, ".")
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"` + poolURL + `","token_use":"id","aud":"orders","exp":9999999999,"sub":"root"}`))
	return strings.Join(parts, ".")
}

func TestCognitoAuthorizer(t *testing.T) {
	id := map[string]any{"token_use": "id", "aud": "app"}
	but := func(claims map[string]any) string {
		all := map[string]any{"token_use": "id", "aud": "app"}
		for name, v := range claims {
			all[name] = v
		}
		return minted("pool", all)
	}
	access := func(scope string) string {
		return minted("pool", map[string]any{"token_use": "access", "scope": scope})
	}
	refused := func(message, cause string) result {
		return result{Status: 401, ErrorType: unauthorizedET, Key: "message", Message: message, Layer: "cognito-authorizer", Cause: cause}
	}
	invalid := refused("Unauthorized", "cognito-token-invalid")
	expired := refused("The incoming token has expired", "cognito-token-expired")
	ok := result{Status: 200, Trace: true, Layer: "none", Cause: "accepted"}
	good := but(nil)
	for name, tc := range map[string]struct {
		path, token string
		want        result
	}{
		"valid":               {"/id", good, ok},
		"bearer":              {"/id", "Bearer " + good, ok},
		"missing":             {"/id", "", refused("Unauthorized", "cognito-token-missing")},
		"garbage":             {"/id", "x", invalid},
		"torn":                {"/id", good[:len(good)/2], invalid},
		"unsecured":           {"/id", unsecured(good), invalid},
		"altered":             {"/id", altered(good), invalid},
		"another pool":        {"/id", minted("other", id), invalid},
		"another pool's name": {"/id", but(map[string]any{"iss": "https://login.example.test"}), invalid},
		"expired":             {"/id", but(map[string]any{"exp": noon.Add(-time.Minute).Unix()}), expired},
		"just expired":        {"/id", but(map[string]any{"exp": noon.Unix()}), expired},
		"not yet":             {"/id", but(map[string]any{"nbf": noon.Add(time.Minute).Unix()}), invalid},
		"access token":        {"/id", access("read"), invalid},
		"scope":               {"/scoped", access("write read"), ok},
		"no such scope":       {"/scoped", access("write"), invalid},
		"id token for scope":  {"/scoped", good, invalid},
		"client":              {"/client", good, ok},
		"another client":      {"/client", but(map[string]any{"aud": "application"}), invalid},
		"then the key":        {"/keyed", good, result{Status: 403, ErrorType: forbiddenET, Key: "message", Message: "Forbidden", Trace: true, Layer: "api-key", Cause: "missing-api-key"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := get("/prod" + tc.path)
			if tc.token != "" {
				r.Header.Set("Authorization", tc.token)
			}
			if diff := cmp.Diff(tc.want, ask(t, gateway(t, pooled()), r), cmpopts.IgnoreUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A bad token is refused before the policy is consulted; a policy that is there
// must allow explicitly.
func TestCognitoAndResourcePolicy(t *testing.T) {
	token := minted("pool", map[string]any{"token_use": "id"})
	const policy = "resource-policy/resource-policy-"
	for _, tc := range []struct {
		policy             Policy
		withToken, without string
	}{
		{nil, accepted, "cognito-authorizer/cognito-token-missing"},
		{anything, accepted, "cognito-authorizer/cognito-token-missing"},
		{Policy{{Effect: Allow, Principal: []string{account}}}, policy + "implicit-deny", "cognito-authorizer/cognito-token-missing"},
		{Policy{{Effect: Deny}}, policy + "explicit-deny", "cognito-authorizer/cognito-token-missing"},
	} {
		m := pooled()
		m.APIs[0].ResourcePolicy = tc.policy
		g := gateway(t, m)
		got := []string{truth(t, g, get("/prod/id", "Authorization: "+token)), truth(t, g, get("/prod/id"))}
		if diff := cmp.Diff([]string{tc.withToken, tc.without}, got); diff != "" {
			t.Errorf("%v: (-want +got):\n%s", tc.policy, diff)
		}
	}
}

// Which of key and token is looked at first is unknown.
func TestKeyBeforeCognito(t *testing.T) {
	for before, want := range map[bool]string{false: "cognito-authorizer/cognito-token-missing", true: "api-key/missing-api-key"} {
		m := pooled()
		m.Switches.KeyBeforeIAM = before
		if got := truth(t, gateway(t, m), get("/prod/keyed")); got != want {
			t.Errorf("KeyBeforeIAM %v: got %s, want %s", before, got, want)
		}
	}
}

// What the issuer signs, a library can verify with what the issuer publishes.
func TestIssuer(t *testing.T) {
	m := world()
	m.Now = nil // the client checks the certificate and the library the token by the real clock
	m.Issuers = issuers()
	g, s, config := listen(t, m)
	client := clientOf(s, config, true)
	defer client.CloseIdleConnections()
	body := func(r *http.Request) (int, []byte) {
		t.Helper()
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, data
	}
	fetch := func(target string, into any) {
		t.Helper()
		r, err := http.NewRequest("GET", target, nil)
		if err != nil {
			t.Fatal(err)
		}
		status, data := body(r)
		if err := json.Unmarshal(data, into); status != 200 || err != nil {
			t.Fatalf("%s: got status %d, %v, %s", target, status, err, data)
		}
	}
	grant := func(target, id, secret string, basic bool, form url.Values) (int, map[string]any) {
		t.Helper()
		if !form.Has("grant_type") {
			form.Set("grant_type", "client_credentials")
		}
		if !basic {
			form.Set("client_id", id)
			form.Set("client_secret", secret)
		}
		r, err := http.NewRequest("POST", target, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if basic {
			r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
		}
		status, data := body(r)
		var fields map[string]any
		if err := json.Unmarshal(data, &fields); err != nil {
			t.Fatal(err)
		}
		return status, fields
	}

	var about struct {
		Issuer, JWKS, Token string
	}
	var raw map[string]any
	fetch(poolURL+"/.well-known/openid-configuration", &raw)
	about.Issuer, _ = raw["issuer"].(string)
	about.JWKS, _ = raw["jwks_uri"].(string)
	about.Token, _ = raw["token_endpoint"].(string)
	if about.Issuer != poolURL {
		t.Errorf("got issuer %q", about.Issuer)
	}
	var keys jose.JSONWebKeySet
	fetch(about.JWKS, &keys)
	if len(keys.Keys) != 1 {
		t.Fatalf("got %d keys, want 1", len(keys.Keys))
	}
	loopback := "https://" + s.Addr + "/eu-west-1_pool/token"
	for _, target := range []string{about.Token, loopback} {
		for _, basic := range []bool{true, false} {
			status, got := grant(target, "app", "s e+cret", basic, url.Values{"scope": {"read"}})
			token, _ := got["access_token"].(string)
			delete(got, "access_token")
			if diff := cmp.Diff(map[string]any{"token_type": "Bearer", "expires_in": 60.0}, got); status != 200 || diff != "" {
				t.Errorf("status %d (-want +got):\n%s", status, diff)
			}
			signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
			if err != nil {
				t.Fatal(err)
			}
			payload, err := signed.Verify(keys)
			if err != nil {
				t.Fatal(err)
			}
			var claims map[string]any
			if err := json.Unmarshal(payload, &claims); err != nil {
				t.Fatal(err)
			}
			if lived := claims["exp"].(float64) - claims["iat"].(float64); lived != 60 {
				t.Errorf("the token lives for %v seconds", lived)
			}
			delete(claims, "exp")
			delete(claims, "iat")
			want := map[string]any{"iss": poolURL, "sub": "app", "client_id": "app", "token_use": "access", "scope": "read"}
			if diff := cmp.Diff(want, claims); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	}
	for _, tc := range []struct {
		id, secret string
		form       url.Values
		status     int
		want       string
	}{
		{"app", "wrong", url.Values{}, 401, "invalid_client"},
		{"nobody", "", url.Values{}, 401, "invalid_client"},
		{"app", "s e+cret", url.Values{"scope": {"read admin"}}, 400, "invalid_scope"},
		{"app", "s e+cret", url.Values{"grant_type": {"password"}}, 400, "unsupported_grant_type"},
	} {
		status, got := grant(loopback, tc.id, tc.secret, true, tc.form)
		if status != tc.status || got["error"] != tc.want {
			t.Errorf("%s, %v: got %d %v", tc.id, tc.form, status, got)
		}
	}
	for path, want := range map[string]int{"/token": 400, "/nothing": 404} {
		r, err := http.NewRequest("GET", poolURL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := body(r); status != want {
			t.Errorf("GET %s: got status %d, want %d", path, status, want)
		}
	}
	if all := g.Truths(); len(all) != 0 {
		t.Errorf("requests for an issuer left truths: %v", all)
	}
	if _, err := g.Token("nobody", nil); err == nil {
		t.Error("a token of nobody")
	}
}

// What the token endpoint gives out is taken by an API that trusts the issuer, also
// when the issuer has made its key itself.
func TestGrantedTokenIsAccepted(t *testing.T) {
	m := httpWorld()
	m.Issuers[0].Key = nil
	g := gateway(t, m)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"aud"}, "client_secret": {"x"}}
	r := request("POST", poolURL+"/token", "Content-Type: application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	g.ServeHTTP(rec, withBody(r, form.Encode()))
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &granted); err != nil {
		t.Fatal(err)
	}
	if got := truth(t, g, get("/jwt", "Authorization: Bearer "+granted.Token)); got != accepted {
		t.Errorf("got %s", got)
	}
}

// Whatever comes as a token is taken apart without a panic, and none is believed
// that the issuer has not signed.
func FuzzParseToken(f *testing.F) {
	good := minted("pool", map[string]any{"aud": []string{"a", "b"}, "scope": "read"})
	for _, s := range []string{"", "x", "..", "e30.e30.", good, good + ".", unsecured(good), altered(good), good[:len(good)-2]} {
		f.Add(s)
	}
	key := &poolKey().PublicKey
	kid := newIssuer(&issuers()[0], time.Now).kid()
	f.Fuzz(func(t *testing.T, s string) {
		tok, err := parseToken(s)
		if err != nil {
			return
		}
		tok.list("aud")
		tok.inScope([]string{"read"})
		tok.expired(noon)
		tok.early(noon)
		if tok.verify(kid, key) == nil && tok.signed != good[:strings.LastIndex(good, ".")] {
			t.Errorf("believed %q", s)
		}
	})
}
