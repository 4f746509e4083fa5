package sandbox

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

// Each switch changes what it says, and the world without it says otherwise.
func TestSwitches(t *testing.T) {
	plain := func(r *http.Request) func(*Model) *http.Request {
		return func(*Model) *http.Request { return r.Clone(r.Context()) }
	}
	by := func(target string, s signing) func(*Model) *http.Request {
		return func(*Model) *http.Request { return s.sign(get(target), caller()) }
	}
	errorType := func(r result) string { return r.ErrorType }
	message := func(r result) string { return r.Message }
	truth := func(r result) string { return r.Layer + "/" + r.Cause }
	dump := func(r result) string {
		_, after, _ := strings.Cut(r.body, "details.")
		return after[:min(6, len(after))]
	}

	untested := map[string]bool{}
	for f := range reflect.TypeFor[Switches]().Fields() {
		untested[f.Name] = true
	}
	for _, tc := range []struct {
		name    string
		set     func(*Switches)
		send    func(*Model) *http.Request
		look    func(result) string
		off, on string
	}{
		{"DisabledEndpointSaysMissingToken", func(s *Switches) { s.DisabledEndpointSaysMissingToken = true },
			func(m *Model) *http.Request { m.APIs[0].DefaultEndpointDisabled = true; return get("/prod/iam") },
			func(r result) string { return r.ErrorType + ": " + r.Message },
			"ForbiddenException: Forbidden", "MissingAuthenticationTokenException: Missing Authentication Token"},
		{"UnknownKeyErrorType", func(s *Switches) { s.UnknownKeyErrorType = "AccessDeniedException" },
			func(*Model) *http.Request {
				return signed(get("/prod/iam"), &Principal{AccessKeyID: "AKIANOBODY", SecretKey: "x"})
			},
			errorType, "UnrecognizedClientException", "AccessDeniedException"},
		{"ExpiredTokenIsInvalidSignature", func(s *Switches) { s.ExpiredTokenIsInvalidSignature = true },
			func(m *Model) *http.Request { return signed(get("/prod/iam"), &m.Principals[2]) },
			errorType, "ExpiredTokenException", "InvalidSignatureException"},
		{"ScopeQuotesRegion", func(s *Switches) { s.ScopeQuotesRegion = true }, by("/prod/iam", signing{region: "us-east-1"}),
			message, "Credential should be scoped to a valid region. ", "Credential should be scoped to a valid region, not 'us-east-1'. "},
		{"WAFAfterRoute", func(s *Switches) { s.WAFAfterRoute = true },
			func(m *Model) *http.Request {
				m.APIs[0].Stages[0].WebACL = []WAFRule{{Match: WAFAll}}
				return get("/prod/nothing")
			},
			truth, "waf/waf-blocked", "route/no-such-resource"},
		{"KeyBeforeIAM", func(s *Switches) { s.KeyBeforeIAM = true }, plain(get("/prod/both")),
			truth, "iam-authentication/unsigned-to-iam", "api-key/missing-api-key"},
		{"UnmatchedNeedsRights", func(s *Switches) { s.UnmatchedNeedsRights = true },
			func(m *Model) *http.Request { return signed(get("/prod/nothing"), &m.Principals[3]) },
			func(r result) string { return r.ErrorType + " " + truth(r) },
			"NotFoundException route/no-such-resource", "AccessDeniedException route/no-such-resource"},
		{"IncompleteIsInvalidSignature", func(s *Switches) { s.IncompleteIsInvalidSignature = true },
			func(m *Model) *http.Request {
				m.APIs[0].GatewayResponses = map[string]GatewayResponse{
					"MISSING_AUTHENTICATION_TOKEN": {Template: "M"}, "INVALID_SIGNATURE": {Template: "S"},
				}
				return get("/prod/iam", "Authorization: Bearer abc")
			},
			func(r result) string { return r.body }, "M", "S"},
		{"OldParserWording", func(s *Switches) { s.OldParserWording = true }, plain(get("/prod/iam", "Authorization: Bearer abc")),
			message,
			"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY='.",
			"'abc' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer abc'."},
		{"OldPolicyWording", func(s *Switches) { s.OldPolicyWording = true },
			func(m *Model) *http.Request { return signed(get("/prod/iam"), &m.Principals[3]) },
			func(r result) string { return r.Message[strings.Index(r.Message, "GET/iam"):] },
			"GET/iam because no identity-based policy allows the execute-api:Invoke action", "GET/iam"},
		{"UnsignedTokenRefused", func(s *Switches) { s.UnsignedTokenRefused = true },
			func(m *Model) *http.Request {
				return signing{tokenUnsigned: true}.sign(get("/prod/iam"), &m.Principals[1])
			},
			truth, "none/accepted", "iam-authentication/signature-mismatch"},
		{"NormalizePath", func(s *Switches) { s.NormalizePath = true }, by("/prod/items//1", signing{}),
			truth, "route/no-such-resource", "route/auth-header-on-unknown-path"},
		{"HonourExpires", func(s *Switches) { s.HonourExpires = true },
			by("/prod/iam", signing{presign: true, expires: "3600", at: noon.Add(-30 * time.Minute)}),
			truth, "iam-authentication/signature-expired", "none/accepted"},
		{"NoCanonicalDump", func(s *Switches) { s.NoCanonicalDump = true }, by("/prod/iam", signing{secret: "x"}),
			dump, "\n\nThe ", `"}`},
		{"EscapedLineBreaks", func(s *Switches) { s.EscapedLineBreaks = true }, by("/prod/iam", signing{secret: "x"}),
			dump, "\n\nThe ", `\n\nTh`},
		{"MismatchBeforeExpiry", func(s *Switches) { s.MismatchBeforeExpiry = true }, by("/prod/iam", signing{secret: "x", at: noon.Add(-time.Hour)}),
			truth, "iam-authentication/signature-expired", "iam-authentication/signature-mismatch"},
		{"CrashIsAuthorizerFailure", func(s *Switches) { s.CrashIsAuthorizerFailure = true },
			func(m *Model) *http.Request { *m = guarded(); return get("/prod/token", "Authorization: crash") },
			errorType, "AuthorizerConfigurationException", "AuthorizerFailureException"},
		{"PlainRequestMustUpgrade", func(s *Switches) { s.PlainRequestMustUpgrade = true },
			func(m *Model) *http.Request { *m = socketWorld(Route{Authorization: IAM}); return get("/prod") },
			func(r result) string { return r.ErrorType + ": " + r.Message }, "ForbiddenException: Forbidden", "UpgradeRequiredException: Upgrade Required"},
		{"WebSocketHidesErrorType", func(s *Switches) { s.WebSocketHidesErrorType = true },
			func(m *Model) *http.Request { *m = socketWorld(Route{Authorization: IAM}); return handshake("/prod") },
			func(r result) string { return r.ErrorType + ": " + r.Message },
			"MissingAuthenticationTokenException: Missing Authentication Token", ": Missing Authentication Token"},
		{"ThrottleFirst", func(s *Switches) { s.ThrottleFirst = true },
			func(m *Model) *http.Request {
				*m = throttledHTTP()
				return get("/jwt")
			},
			truth, "jwt-authorizer/jwt-missing", "usage-plan/throttled"},
		{"ThrottledHTTPIsUnavailable", func(s *Switches) { s.ThrottledHTTPIsUnavailable = true },
			func(m *Model) *http.Request { *m = throttledHTTP(); return get("/open") },
			message, "Too Many Requests", "Service Unavailable"},
		{"DisabledHTTPEndpointIsForbidden", func(s *Switches) { s.DisabledHTTPEndpointIsForbidden = true },
			func(m *Model) *http.Request {
				*m = httpWorld()
				m.APIs[0].DefaultEndpointDisabled = true
				return get("/open")
			},
			func(r result) string { return r.ErrorType + " " + r.Message + " " + truth(r) },
			" Not Found domain/default-endpoint-disabled", "ForbiddenException Forbidden domain/default-endpoint-disabled"},
		{"ThrownUnauthorizedIsHTTPFailure", func(s *Switches) { s.ThrownUnauthorizedIsHTTPFailure = true },
			func(m *Model) *http.Request { *m = httpWorld(); return get("/policy", "X-Token: other") },
			func(r result) string { return r.Message + " " + truth(r) },
			"Unauthorized lambda-authorizer/lambda-authorizer-unauthorized", "Internal Server Error lambda-authorizer/lambda-authorizer-unauthorized"},
		{"ScopeRefusalHasChallenge", func(s *Switches) { s.ScopeRefusalHasChallenge = true },
			func(m *Model) *http.Request {
				*m = httpWorld()
				return get("/scoped", "Authorization: "+ordersToken(nil))
			},
			func(r result) string { return r.Challenge }, "",
			`Bearer scope="read admin" error="insufficient_scope" error_description="the token does not have a required scope"`},
		{"CognitoIsEnough", func(s *Switches) { s.CognitoIsEnough = true }, silentlyPooled,
			truth, "resource-policy/resource-policy-implicit-deny", "none/accepted"},
		{"CognitoDenialNamesNobody", func(s *Switches) { s.CognitoDenialNamesNobody = true }, silentlyPooled,
			func(r result) string { return r.Message[:len("User: anonymous is not")] }, "User: anonymous is not", "User is not authorized"},
		{"ThrottleBeforeWAF", func(s *Switches) { s.ThrottleBeforeWAF = true },
			func(m *Model) *http.Request {
				s := &m.APIs[0].Stages[0]
				s.WebACL, s.Throttle = []WAFRule{{Match: WAFAll}}, &Throttle{}
				return get("/prod/open")
			},
			truth, "waf/waf-blocked", "usage-plan/throttled"},
		{"EndpointPolicyAfterRoute", func(s *Switches) { s.EndpointPolicyAfterRoute = true },
			func(m *Model) *http.Request {
				*m = privateWorld()
				m.VPCEndpoints[0].Policy = &Policy{}
				return inside(get(privateHost + "/gone/open"))
			},
			truth, "endpoint-policy/endpoint-policy-deny", "stage/unknown-stage"},
		{"EndpointPolicyParsesTokens", func(s *Switches) { s.EndpointPolicyParsesTokens = true },
			func(m *Model) *http.Request {
				*m = privateWorld()
				m.VPCEndpoints[0].Policy = &anything
				return inside(get(privateHost+"/prod/open", "Authorization: Bearer abc"))
			},
			truth, accepted, "endpoint-policy/vpce-policy-authorization"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := world()
			r := tc.send(&m)
			if got := tc.look(ask(t, gateway(t, m), r)); got != tc.off {
				t.Errorf("off: got %q, want %q", got, tc.off)
			}
			m = world()
			r = tc.send(&m)
			tc.set(&m.Switches)
			if got := tc.look(ask(t, gateway(t, m), r)); got != tc.on {
				t.Errorf("on: got %q, want %q", got, tc.on)
			}
		})
		delete(untested, tc.name)
	}
	delete(untested, "MutualTLSFailsHandshake") // by TestMutualTLS, which has handshakes
	for name := range untested {
		t.Errorf("nothing tests the switch %s", name)
	}
}

// The dump of a mismatch shows what the gateway received, which is how a client
// finds out what a proxy has changed.
func TestCanonicalDump(t *testing.T) {
	r := signing{secret: "x"}.sign(get("/prod/items/a%20b?b=2&a=1"), caller())
	want := `{"message":"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.

The Canonical String for this request should have been
'GET
/prod/items/a%2520b
a=1&b=2
host:a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com
x-amz-date:20261121T120000Z

host;x-amz-date
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

The String-to-Sign should have been
'AWS4-HMAC-SHA256
20261121T120000Z
20261121/eu-west-1/execute-api/aws4_request
`
	if got := ask(t, gateway(t, world()), r).body; !strings.HasPrefix(got, want) {
		t.Errorf("got %s\nwant it to begin with\n%s", got, want)
	}
}
