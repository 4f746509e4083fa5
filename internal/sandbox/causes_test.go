package sandbox

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	mat            = "Missing Authentication Token"
	incompleteET   = "IncompleteSignatureException"
	signatureET    = "InvalidSignatureException"
	forbiddenET    = "ForbiddenException"
	missingTokenET = "MissingAuthenticationTokenException"
)

// Each cause, with the whole answer that it brings.
func TestCauses(t *testing.T) {
	const badDigest = "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY='."
	session := func(m *Model) *Principal { return &m.Principals[1] }
	by := func(r *http.Request, s signing) func(*Model) *http.Request {
		return func(*Model) *http.Request { return s.sign(r, caller()) }
	}
	plain := func(r *http.Request) func(*Model) *http.Request {
		return func(*Model) *http.Request { return r }
	}
	refused := func(errorType, message, layer, cause string) result {
		return result{Status: 403, ErrorType: errorType, Key: "message", Message: message, Layer: layer, Cause: cause}
	}
	traced := func(r result) result { r.Trace = true; return r }
	ok := result{Status: 200, Trace: true, Layer: "none", Cause: "accepted"}

	for _, tc := range []struct {
		name string
		send func(*Model) *http.Request
		want result
	}{
		{"open", plain(get("/prod/open")), ok},
		{"signed", by(get("/prod/iam?b=2&a=1&a=%20+"), signing{}), ok},
		{"signed path with escapes", by(get("/prod/items/a%20b:c@d"), signing{}), ok},
		{"signed, trailing slash", by(get("/prod/iam/"), signing{}), ok},
		{"signed with body", by(withBody(get("/prod/iam"), "body"), signing{}), ok},
		{"session", func(m *Model) *http.Request { return signed(get("/prod/iam"), session(m)) }, ok},
		{"session, token unsigned", func(m *Model) *http.Request { return signing{tokenUnsigned: true}.sign(get("/prod/iam"), session(m)) }, ok},
		{"presigned", by(get("/prod/iam?x=1"), signing{presign: true}), ok},
		{"presigned session", func(m *Model) *http.Request { return signing{presign: true}.sign(get("/prod/iam"), session(m)) }, ok},
		{"four minutes late", by(get("/prod/iam"), signing{at: noon.Add(-4 * time.Minute)}), ok},
		{"signed and keyed", by(get("/prod/both", "x-api-key: "+goodKey), signing{}), ok},
		{"custom domain", by(get("https://api.example.test/orders/iam"), signing{}), ok},

		{"unknown host", plain(get("https://zzzzzzzzzz.execute-api.eu-west-1.amazonaws.com/prod/iam")), refused(forbiddenET, "Forbidden", "domain", "unknown-host")},
		{"no mapping", plain(get("https://api.example.test/other/iam")), refused(forbiddenET, "Forbidden", "domain", "no-base-path-mapping")},
		{"a mapping's beginning is no mapping", plain(get("https://api.example.test/orders-2/iam")), refused(forbiddenET, "Forbidden", "domain", "no-base-path-mapping")},
		{"default endpoint disabled", func(m *Model) *http.Request { m.APIs[0].DefaultEndpointDisabled = true; return get("/prod/open") },
			refused(forbiddenET, "Forbidden", "domain", "default-endpoint-disabled")},
		{"unknown stage", plain(get("/nothing/iam", "Authorization: Bearer abc")), refused(forbiddenET, "Forbidden", "stage", "unknown-stage")},
		{"root", plain(get("/")), refused(forbiddenET, "Forbidden", "stage", "unknown-stage")},
		{"waf", func(m *Model) *http.Request {
			m.APIs[0].Stages[0].WebACL = []WAFRule{{Match: WAFAll}}
			return get("/prod/open")
		}, refused(forbiddenET, "Forbidden", "waf", "waf-blocked")},

		{"no such resource", plain(get("/prod/nothing")), refused(missingTokenET, mat, "route", "no-such-resource")},
		{"wrong method", plain(request("DELETE", "/prod/iam")), refused(missingTokenET, mat, "route", "wrong-method")},
		{"method override", plain(get("/prod/open", "X-HTTP-Method-Override: PUT")), refused(missingTokenET, mat, "route", "wrong-method")},
		{"preflight", plain(request("OPTIONS", "/prod/iam", "Access-Control-Request-Method: GET")), refused(missingTokenET, mat, "route", "cors-preflight-unrouted")},
		{"stage in custom domain url", plain(get("https://api.example.test/orders/prod/iam")), refused(missingTokenET, mat, "route", "stage-in-custom-domain-url")},
		{"bearer on unknown path", plain(get("/prod/nothing", "Authorization: Bearer abc")), refused(incompleteET, badDigest, "route", "auth-header-on-unknown-path")},
		{"bad signature on unknown path", by(get("/prod/nothing"), signing{region: "us-east-1"}),
			refused(signatureET, "Credential should be scoped to a valid region. ", "route", "auth-header-on-unknown-path")},
		{"signed unknown path", by(get("/prod/nothing"), signing{}),
			result{Status: 404, ErrorType: "NotFoundException", Key: "message", Message: "Not Found", Layer: "route", Cause: "no-such-resource"}},
		{"signed unknown path, no rights", func(m *Model) *http.Request { return signed(get("/prod/nothing"), &m.Principals[3]) },
			result{Status: 404, ErrorType: "NotFoundException", Key: "message", Message: "Not Found", Layer: "route", Cause: "no-such-resource"}},

		{"unsigned", plain(get("/prod/iam")), refused(missingTokenET, mat, "iam-authentication", "unsigned-to-iam")},
		{"bearer", plain(get("/prod/iam", "Authorization: Bearer abc")), refused(incompleteET, badDigest, "iam-authentication", "incomplete-authorization-header")},
		{"one word", plain(get("/prod/iam", "Authorization: mock")), refused(incompleteET,
			"Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "+
				"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization=7IZP6ZtTlwS4hyrFkQZ+8i2Dao2UIIfy26J0swHr5uU=",
			"iam-authentication", "incomplete-authorization-header")},
		{"no algorithm", plain(get("/prod/iam", "Authorization: a=b c=d")), refused(incompleteET,
			"Authorization header must begin with the algorithm name, which cannot include an equal-sign", "iam-authentication", "incomplete-authorization-header")},
		{"credential too short", changed("aws4_request,", "x/aws4_request,"), refused(incompleteET,
			"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIACALLER/20261121/eu-west-1/execute-api/x/aws4_request'",
			"iam-authentication", "incomplete-authorization-header")},
		{"other algorithm", changed("AWS4-HMAC-SHA256", "AWS4-HMAC-MD5"), refused(incompleteET,
			"Unsupported AWS 'algorithm': 'AWS4-HMAC-MD5'.", "iam-authentication", "incomplete-authorization-header")},
		{"date not basic", func(*Model) *http.Request {
			r := signed(get("/prod/iam"), caller())
			r.Header.Set("X-Amz-Date", "20261121T120000.5Z")
			return r
		}, refused(incompleteET, "Date must be in ISO-8601 'basic format'. Got '20261121T120000.5Z'. See http://en.wikipedia.org/wiki/ISO_8601", "iam-authentication", "incomplete-authorization-header")},
		{"presigned, incomplete", plain(get("/prod/iam?X-Amz-Algorithm=AWS4-HMAC-SHA256")), refused(incompleteET,
			"AWS query-string parameters must include 'X-Amz-Credential'. Re-examine the query-string parameters.", "iam-authentication", "incomplete-authorization-header")},
		{"region", by(get("/prod/iam"), signing{region: "us-east-1"}), refused(signatureET,
			"Credential should be scoped to a valid region. ", "iam-authentication", "credential-scope-wrong-region")},
		{"service", by(get("/prod/iam"), signing{service: "s3"}), refused(signatureET,
			"Credential should be scoped to correct service: 'execute-api'. ", "iam-authentication", "credential-scope-wrong-service")},
		{"terminator", by(get("/prod/iam"), signing{terminator: "aws5"}), refused(signatureET,
			"Credential should be scoped with a valid terminator: 'aws4_request'. ", "iam-authentication", "credential-scope-wrong-terminator")},
		{"scope date", by(get("/prod/iam"), signing{date: "20261120"}), refused(signatureET,
			"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP. ", "iam-authentication", "credential-scope-wrong-date")},
		{"expired", by(get("/prod/iam"), signing{at: noon.Add(-10 * time.Minute)}), refused(signatureET,
			"Signature expired: 20261121T115000Z is now earlier than 20261121T115500Z (20261121T120000Z - 5 min.)", "iam-authentication", "signature-expired")},
		{"future", by(get("/prod/iam"), signing{at: noon.Add(10 * time.Minute)}), refused(signatureET,
			"Signature not yet current: 20261121T121000Z is still later than 20261121T120500Z (20261121T120000Z + 5 min.)", "iam-authentication", "signature-not-yet-current")},
		{"expired and mismatched", by(get("/prod/iam"), signing{at: noon.Add(-10 * time.Minute), secret: "x"}), refused(signatureET,
			"Signature expired: 20261121T115000Z is now earlier than 20261121T115500Z (20261121T120000Z - 5 min.)", "iam-authentication", "signature-expired")},
		{"unknown access key", func(*Model) *http.Request {
			return signed(get("/prod/iam"), &Principal{AccessKeyID: "AKIANOBODY", SecretKey: "x"})
		}, refused("UnrecognizedClientException", "The security token included in the request is invalid.", "iam-authentication", "unknown-access-key")},
		{"no session token", func(m *Model) *http.Request { return signing{token: "none"}.sign(get("/prod/iam"), session(m)) },
			refused("UnrecognizedClientException", "The security token included in the request is invalid.", "iam-authentication", "invalid-session-token")},
		{"wrong session token", func(m *Model) *http.Request { return signing{token: "x"}.sign(get("/prod/iam"), session(m)) },
			refused("UnrecognizedClientException", "The security token included in the request is invalid.", "iam-authentication", "invalid-session-token")},
		{"expired session token", func(m *Model) *http.Request { return signed(get("/prod/iam"), &m.Principals[2]) },
			refused("ExpiredTokenException", "The security token included in the request is expired", "iam-authentication", "expired-session-token")},
		{"host not signed", changed("SignedHeaders=host;", "SignedHeaders="), refused(signatureET,
			"'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.", "iam-authentication", "signature-mismatch")},

		{"no key", plain(get("/prod/keyed")), traced(refused(forbiddenET, "Forbidden", "api-key", "missing-api-key"))},
		{"unknown key", plain(get("/prod/keyed", "x-api-key: nobody's")), traced(refused(forbiddenET, "Forbidden", "api-key", "invalid-api-key"))},
		{"disabled key", plain(get("/prod/keyed", "x-api-key: a-key-that-is-disabled")), traced(refused(forbiddenET, "Forbidden", "api-key", "disabled-api-key"))},
		{"key in no plan", plain(get("/prod/keyed", "x-api-key: a-key-that-is-in-no-plan")), traced(refused(forbiddenET, "Forbidden", "api-key", "api-key-not-in-usage-plan"))},
		{"unsigned, without key", plain(get("/prod/both")), refused(missingTokenET, mat, "iam-authentication", "unsigned-to-iam")},

		{"no permission for the function", failing(PermissionMissing), result{Status: 500, ErrorType: "InternalServerErrorException", Key: "message",
			Message: "Internal server error", Trace: true, Layer: "integration", Cause: "lambda-permission-missing"}},
		{"malformed", failing(Malformed), result{Status: 502, ErrorType: "InternalServerErrorException", Key: "message",
			Message: "Internal server error", Trace: true, Layer: "integration", Cause: "malformed-lambda-proxy-response"}},
		{"timeout", failing(Timeout), result{Status: 504, ErrorType: "InternalServerErrorException", Key: "message",
			Message: "Endpoint request timed out", Trace: true, Layer: "integration", Cause: "integration-timeout"}},
		{"backend's own 403", func(m *Model) *http.Request {
			m.APIs[0].Routes[1].Backend = Backend{Status: 403, Body: `{"message":"Forbidden"}`}
			return get("/prod/open")
		}, result{Status: 403, Key: "message", Message: "Forbidden", Trace: true, Layer: "backend", Cause: "backend-own-403"}},
		{"backend's teapot", func(m *Model) *http.Request {
			m.APIs[0].Routes[1].Backend = Backend{Status: 418, Body: `{}`}
			return get("/prod/open")
		}, result{Status: 418, Trace: true, Layer: "backend", Cause: "backend-error"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := world()
			r := tc.send(&m)
			if diff := cmp.Diff(tc.want, ask(t, gateway(t, m), r), cmpopts.IgnoreUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// changed signs correctly and then alters the Authorization header.
func changed(from, to string) func(*Model) *http.Request {
	return func(*Model) *http.Request {
		r := signed(get("/prod/iam"), caller())
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
		return r
	}
}

// Every byte that is signed matters.
func TestSignatureCovers(t *testing.T) {
	for name, alter := range map[string]func(*http.Request){
		"path":      func(r *http.Request) { r.URL.Path = "/prod/items/2" },
		"query":     func(r *http.Request) { r.URL.RawQuery = "x=2" },
		"host":      func(r *http.Request) { r.Host = "api.example.test"; r.URL.Path = "/orders/items/1" },
		"date":      func(r *http.Request) { r.Header.Set("X-Amz-Date", noon.Add(time.Second).Format(isoBasic)) },
		"body":      func(r *http.Request) { withBody(r, "other") },
		"signature": func(r *http.Request) { r.Header.Set("Authorization", r.Header.Get("Authorization")+"0") },
	} {
		t.Run(name, func(t *testing.T) {
			r := signed(withBody(get("/prod/items/1?x=1"), "body"), caller())
			alter(r)
			if got := truth(t, gateway(t, world()), r); got != "iam-authentication/signature-mismatch" {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestBodyLimit(t *testing.T) {
	g := gateway(t, world())
	r := withBody(request("POST", "/prod/open"), strings.Repeat("x", maxBody+1))
	r.ContentLength = -1 // does not say beforehand
	res := ask(t, g, r)
	got := []string{res.Layer, res.Cause, res.body, res.header.Get("Content-Type"), res.header.Get(requestIDHeader), res.header.Get("x-amz-apigw-id")}
	want := []string{"request-validation", "request-too-large", "HTTP content length exceeded 10485760 bytes.", "text; charset=utf-8", "", ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
