package scenarios_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

// issuer holds a key for each kind of signature.
var issuer = sync.OnceValue(func() map[jose.SignatureAlgorithm]any {
	must := func(key any, err error) any {
		if err != nil {
			panic(err)
		}
		return key
	}
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	return map[jose.SignatureAlgorithm]any{
		jose.RS256: rsaKey, jose.RS512: rsaKey, jose.PS256: rsaKey, jose.EdDSA: must(edKey, err), jose.HS256: []byte(strings.Repeat("k", 32)),
		jose.HS512: []byte(strings.Repeat("k", 64)),
		jose.ES256: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), jose.ES384: must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		jose.ES512: must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
	}
})

func token(algorithm jose.SignatureAlgorithm, subject string, expires time.Time) string {
	payload, err := json.Marshal(map[string]any{"sub": subject, "exp": expires.Unix()})
	if err != nil {
		panic(err)
	}
	return sign(algorithm, payload)
}

func sign(algorithm jose.SignatureAlgorithm, payload []byte) string {
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: algorithm, Key: jose.JSONWebKey{Key: issuer()[algorithm], KeyID: "key-1"},
	}, nil)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return text
}

// anatomy is what a verifier sees of a token.
type anatomy struct {
	Segments  int
	Algorithm string
	KeyID     string
	Claims    map[string]any
	Genuine   bool // the issuer's signature is over what the token says
	Signature bool // there is one
}

func dissect(t *testing.T, algorithm jose.SignatureAlgorithm, text string) anatomy {
	t.Helper()
	parts := strings.Split(text, ".")
	a := anatomy{Segments: len(parts), Signature: len(parts) == 3 && parts[2] != ""}
	var header struct{ Alg, Kid string }
	for i, into := range []any{&header, &a.Claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			t.Fatalf("reading segment %d: %v", i, err)
		}
	}
	a.Algorithm, a.KeyID = header.Alg, header.Kid
	if signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{algorithm}); err == nil {
		_, err := signed.Verify(public(issuer()[algorithm]))
		a.Genuine = err == nil
	}
	return a
}

func public(key any) any {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return &k.PublicKey
	case *ecdsa.PrivateKey:
		return &k.PublicKey
	case ed25519.PrivateKey:
		return k.Public()
	default:
		return k
	}
}

// bearing crafts a scenario on a route with this valid token, and returns the token that is sent, or why none is.
func bearing(t *testing.T, scenario, valid string) (token, reason string) {
	t.Helper()
	route := tokened()
	route.Token = probe.Token{Given: map[probe.TokenKind]*probe.Reference{probe.ValidToken: probe.Literal(valid)}}
	plan := &probe.Plan{APIs: []probe.API{{Name: "a", Type: probe.REST, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod", Routes: []probe.Route{route}}}}
	cases, _ := probe.Expand(plan, scenarios.All(), probe.Selection{Scenarios: []string{scenario}})
	i := slices.IndexFunc(cases, func(c probe.Case) bool { return c.Scenario.Name == scenario })
	if i < 0 {
		t.Fatalf("%s: not asked", scenario)
	}
	r, err := probe.Craft(cases[i], probe.Material{}, probe.Crafting{Run: "run", Now: now}, "")
	if err != nil {
		return "", err.Error()
	}
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ""
}

func TestDerivedTokens(t *testing.T) {
	for algorithm := range issuer() {
		t.Run(string(algorithm), func(t *testing.T) {
			valid := token(algorithm, "caller", now.Add(time.Hour))
			claims := map[string]any{"sub": "caller", "exp": float64(now.Add(time.Hour).Unix())}
			altered := map[string]any{"sub": "caller", "exp": float64(now.Add(time.Hour).Unix()), "probe": "altered"}
			kid := "key-1"
			if strings.HasPrefix(string(algorithm), "HS") {
				kid = "" // the library names no symmetric key
			}
			for scenario, want := range map[string]anatomy{
				"valid-token":    {3, string(algorithm), kid, claims, true, true},
				"torn-token":     {2, string(algorithm), kid, claims, false, false},
				"unsigned-token": {3, "none", "", claims, false, false},
				"forged-token":   {3, string(algorithm), kid, claims, false, true},
				"altered-token":  {3, string(algorithm), kid, altered, false, true},
			} {
				got, reason := bearing(t, scenario, valid)
				if reason != "" {
					t.Errorf("%s: %s", scenario, reason)
				} else if diff := cmp.Diff(want, dissect(t, algorithm, got)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", scenario, diff)
				}
			}
		})
	}
}

func TestDerivedTokensKeepTheScheme(t *testing.T) {
	route := tokened()
	valid := token(jose.HS256, "caller", now.Add(time.Hour))
	for _, tt := range []struct{ scheme, value, want string }{
		{"", valid, ""}, {"", "Bearer " + valid, "Bearer"}, {"Bearer", valid, "Bearer"}, {"Bearer", "JWT " + valid, "JWT"},
	} {
		route.Token = probe.Token{Scheme: tt.scheme, Given: map[probe.TokenKind]*probe.Reference{probe.ValidToken: probe.Literal(tt.value)}}
		plan := &probe.Plan{APIs: []probe.API{{Name: "a", ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod", Routes: []probe.Route{route}}}}
		cases, _ := probe.Expand(plan, scenarios.All(), probe.Selection{Scenarios: []string{"torn-token"}})
		if len(cases) != 2 {
			t.Fatalf("got %d cases, want the control and the torn token", len(cases))
		}
		for _, c := range cases {
			r, err := probe.Craft(c, probe.Material{}, probe.Crafting{Run: "run", Now: now}, "")
			if err != nil {
				t.Fatal(err)
			}
			scheme, _, found := strings.Cut(r.Header.Get("Authorization"), " ")
			if !found {
				scheme = ""
			}
			if scheme != tt.want {
				t.Errorf("%s of %q: got scheme %q, want %q", c.Scenario.Name, tt.scheme, scheme, tt.want)
			}
		}
	}
}

// What is no signed token with claims cannot be changed without guessing.
func TestTokensThatCannotBeDerivedFrom(t *testing.T) {
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{}`)) + "."
	for value, want := range map[string]string{
		"opaque":                              "it is no signed JSON Web Token",
		"a.b.c":                               "it is no signed JSON Web Token",
		unsigned:                              "it is no signed JSON Web Token",
		sign(jose.HS256, []byte(`no claims`)): "it has no claims",
		sign(jose.HS256, []byte(`["a", "list"]`)): "it has no claims",
		sign(jose.HS256, nil):                     "it has no claims",
	} {
		for _, scenario := range []string{"torn-token", "unsigned-token", "forged-token", "altered-token"} {
			if _, got := bearing(t, scenario, value); got != "the valid token cannot be changed so: "+want {
				t.Errorf("%s of %q: got %q, want %q", scenario, value, got, want)
			}
		}
	}
}

// A token that is not what the configuration says of it would prove nothing.
func TestMisnamedTokens(t *testing.T) {
	for _, tt := range []struct {
		scenario string
		kind     probe.TokenKind
		expires  time.Time
		want     string
	}{
		{"expired-token", probe.ExpiredToken, now.Add(time.Hour), "the token given as expired is good until 2026-01-02T04:04:05Z"},
		{"expired-token", probe.ExpiredToken, now.Add(-time.Hour), ""},
		{"denied-token", probe.DeniedToken, now.Add(-time.Hour), "token.denied: got a token that expired at 2026-01-02T02:04:05Z, want a current one"},
		{"denied-token", probe.DeniedToken, now.Add(time.Hour), ""},
	} {
		route := tokened()
		route.Token.Given = map[probe.TokenKind]*probe.Reference{tt.kind: probe.Literal(token(jose.HS256, "x", tt.expires))}
		plan := &probe.Plan{APIs: []probe.API{{Name: "a", ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod", Routes: []probe.Route{route}}}}
		cases, _ := probe.Expand(plan, scenarios.All(), probe.Selection{Scenarios: []string{tt.scenario}})
		if len(cases) != 1 {
			t.Fatalf("%s: got %d cases, want it without its control", tt.scenario, len(cases))
		}
		got := ""
		if _, err := probe.Craft(cases[0], probe.Material{}, probe.Crafting{Run: "run", Now: now}, ""); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s that expires at %s: got %q, want %q", tt.scenario, tt.expires, got, tt.want)
		}
	}
}
