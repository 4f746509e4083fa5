package probe

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

// What the gateway shows of the canonical request is compared line by line with what was signed.
func TestExplainMismatch(t *testing.T) {
	t.Parallel()
	const prefix = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and " +
		"signing method. Consult the service documentation for details."
	odd := func(a *API) {
		a.Routes[0].Path, a.Routes[0].PathParameters = "/orders/{id}", map[string]string{"id": "a b:c@d"}
		a.Routes[0].Query = map[string][]string{"b": {"2"}, "a": {"1 ü"}}
	}
	edited := func(change func([]string) []string) func([]string) string {
		return func(lines []string) string {
			return prefix + "\n\nThe Canonical String for this request should have been\n'" + strings.Join(change(lines), "\n") +
				"'\n\nThe String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20260102T030400Z\nx\ny'\n"
		}
	}
	line := func(i int, text string) func([]string) string {
		return edited(func(lines []string) []string { lines[i] = text; return lines })
	}
	for name, tt := range map[string]struct {
		scenario Scenario
		answer   func(lines []string) string
		want     string
	}{
		"the same": {
			signedScenario, edited(func(lines []string) []string { return lines }),
			"the gateway computed the same canonical request: what was sent is what arrived, so the secret access key is not that of the access key",
		},
		"the same, but tampered with": {
			tamperedScenario, edited(func(lines []string) []string { return lines }),
			"the gateway computed the same canonical request: what was sent is what arrived",
		},
		"method": {
			signedScenario, line(0, "HEAD"), `the gateway saw the method "HEAD", "GET" was signed: something on the way changed it`,
		},
		"path": {
			signedScenario, line(1, "/prod/orders/a%20b:c@d"),
			`the gateway saw the path "/prod/orders/a%20b:c@d", "/prod/orders/a%2520b%3Ac%40d" was signed: a proxy or a CDN decodes, normalises or moves the path`,
		},
		"query": {
			signedScenario, line(2, "b=2"),
			`the gateway saw the query "b=2", "a=1%20%C3%BC&b=2" was signed: a proxy or a CDN reorders, re-encodes or drops parameters`,
		},
		"host": {
			signedScenario, line(3, "host:origin.example.net"),
			`the gateway saw the Host "origin.example.net", "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com" was signed: something on the way rewrites the Host header`,
		},
		"header": {signedScenario, line(4, "x-amz-date:20260102T030401Z"), `the signed header "x-amz-date" arrived with another value`},
		"redacted": {
			signedScenario, line(4, "x-amz-date:"+redacted),
			"the gateway computed the same canonical request: what was sent is what arrived, so the secret access key is not that of the access key",
		},
		"header lost": {
			signedScenario, edited(func(lines []string) []string { return append(lines[:4:4], lines[5:]...) }),
			`the signed header "x-amz-date" did not arrive`,
		},
		"cut off": {
			signedScenario, func(lines []string) string {
				return prefix + "\n\nThe Canonical String for this request should have been\n'" + strings.Join(lines[:5], "\n")
			}, "as far as the gateway shows its canonical request it is the one that was signed",
		},
		"not shown": {
			signedScenario, func([]string) string { return prefix },
			"the gateway does not show what it would have signed; look at the secret access key first, then at what may rewrite the Host header, the path or a signed header on the way",
		},
		"not shown, tampered with": {tamperedScenario, func([]string) string { return prefix }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, odd).ask(tt.scenario, AccessDefault, mismatch, "")
			o := s.exchanges[0].Observation
			o.text = tt.answer(s.exchanges[0].Request.canonical())
			checkEqual(t, "received", Attribute(s.plan, s.exchanges)[0].Received, tt.want)
		})
	}
}

func TestExplainHeader(t *testing.T) {
	t.Parallel()
	bearer := Scenario{Name: "bearer", Change: func(r *Recipe) { r.Signing, r.Authorization = nil, "Bearer x" }}
	digestOf := func(header string) string {
		sum := sha256.Sum256([]byte(header))
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	for name, tt := range map[string]struct{ message, want string }{
		"arrived": {
			"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '" + digestOf("Bearer x") + "'.",
			"the digest in the answer is that of the Authorization header that was sent: it arrived unchanged",
		},
		"changed": {
			"Authorization header requires 'Credential' parameter. (Hashed with SHA-256 and encoded with Base64) Authorization=" + digestOf("Bearer y"),
			"the digest in the answer is not that of the Authorization header that was sent: something on the way changed it",
		},
		"older": {"'x' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer x'.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t).ask(bearer, AccessDefault, answer{status: 403, errorType: incomplete, message: tt.message}, "")
			checkEqual(t, "received", Attribute(s.plan, s.exchanges)[0].Received, tt.want)
		})
	}
}
