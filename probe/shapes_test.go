package probe

import (
	"strings"
	"testing"
)

// shape is an answer as documents word it, of which no recording shows as much, and what it leaves possible where nothing
// else is known (attribution method, 3.4).
type shape struct {
	name     string
	asked    Scenario
	answer   answer
	error    string // no HTTP answer: the kind of the error
	recorded bool   // by somebody else
	change   func(*API)
	want     string // how sure, and the causes that stay possible
}

func ofWebSocket(a *API) { a.Type, a.Routes[0].Method, a.Routes[0].Path = WebSocket, "", ConnectRoute }

// deniedTo is how a policy denial begins.
func deniedTo(user string) string {
	return "User: " + user + " is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********9012:a1b2c3d4e5/prod/GET/orders "
}

const someUser = "arn:aws:iam::123456789012:user/c"

func refusedSignature(message string) answer {
	return answer{status: 403, errorType: invalidSignature, message: message}
}

func deniedBy(user, policy string) answer {
	return answer{status: 403, errorType: accessDenied, message: deniedTo(user) + policy}
}

var shapes = []shape{
	{
		name: "a scope of another service", asked: tamperedScenario,
		answer: refusedSignature("Credential should be scoped to correct service: 'execute-api'. "),
		want:   "likely iam-authentication/credential-scope-wrong-service route/auth-header-on-unknown-path",
	},
	{
		name: "a scope without its terminator", asked: tamperedScenario,
		answer: refusedSignature("Credential should be scoped with a valid terminator: 'aws4_request'"),
		want:   "likely iam-authentication/credential-scope-malformed route/auth-header-on-unknown-path",
	},
	{
		name: "a date ahead", asked: tamperedScenario,
		answer: refusedSignature("Signature not yet current: 20260102T040405Z is still later than 20260102T031005Z (20260102T030505Z + 5 min.)"),
		want:   "likely iam-authentication/signature-not-yet-current route/auth-header-on-unknown-path",
	},
	{
		name: "an expired token in the owner's words", asked: tamperedScenario,
		answer: answer{status: 403, errorType: "ExpiredTokenException", message: "sign in again"},
		want:   "likely iam-authentication/expired-session-token route/auth-header-on-unknown-path",
	},
	{
		name: "no resource-based policy allows anonymous", asked: unsignedScenario,
		answer: deniedBy("anonymous", "because no resource-based policy allows the execute-api:Invoke action"),
		change: func(a *API) { a.EndpointType = EndpointPrivate }, // the text names the policy, although a VPC endpoint has one, too
		want:   "certain resource-policy/resource-policy-implicit-deny past iam-authentication",
	},
	{
		name: "no resource-based policy allows a user", asked: signedOther,
		answer: deniedBy(someUser, "because no resource-based policy allows the execute-api:Invoke action"),
		want:   "likely resource-policy/resource-policy-implicit-deny route/no-such-resource",
	},
	{
		name: "a deny in a VPC endpoint policy", asked: signedOther, answer: deniedBy(someUser, "with an explicit deny in a VPC endpoint policy"),
		want: "likely endpoint-policy/endpoint-policy-deny route/no-such-resource",
	},
	{
		name: "no VPC endpoint policy allows", asked: signedOther, answer: deniedBy(someUser, "because no VPC endpoint policy allows the execute-api:Invoke action"),
		want: "likely endpoint-policy/endpoint-policy-deny route/no-such-resource",
	},
	{
		name: "a deny in an identity-based policy", asked: signedOther, answer: deniedBy(someUser, "with an explicit deny in an identity-based policy"),
		want: "likely iam-authorization/iam-explicit-deny route/no-such-resource",
	},
	{
		name: "a deny in some policy", asked: signedOther, answer: deniedBy(someUser, "with an explicit deny"),
		want: "ambiguous iam-authorization/iam-explicit-deny resource-policy/resource-policy-explicit-deny route/no-such-resource",
	},
	{
		name: "an HTTP API's challenge", asked: unsignedScenario, change: ofHTTP,
		answer: answer{
			status: 401, message: "Unauthorized", body: `{"message":"Unauthorized"}`,
			headers: map[string]string{"www-authenticate": `Bearer scope="" error="invalid_token" error_description="token contains an invalid number of segments"`},
		},
		want: "likely jwt-authorizer/jwt-invalid backend/backend-own-401",
	},
	{
		name: "too many requests to an HTTP API", asked: unsignedScenario, change: ofHTTP, answer: sameWords(429),
		want: "ambiguous usage-plan/throttled backend/backend-error",
	},
	{
		name: "too large for an HTTP API", asked: unsignedScenario, change: ofHTTP, answer: sameWords(413),
		want: "ambiguous request-validation/request-too-large integration/request-too-large backend/backend-error",
	},
	{
		name: "a refused handshake without a word", asked: unsignedScenario, change: ofWebSocket, answer: answer{status: 403},
		want: "ambiguous iam-authentication/unsigned-to-iam stage/unknown-stage lambda-authorizer/lambda-authorizer-deny " +
			"lambda-authorizer/lambda-authorizer-missing-identity-source lambda-authorizer/lambda-authorizer-unauthorized " +
			"lambda-authorizer/lambda-authorizer-failure api-key/missing-api-key domain/default-endpoint-disabled route/no-such-resource " +
			"usage-plan/throttled integration/integration-failure backend/backend-own-403",
	},
	{
		name: "a handshake that somebody saw accepted", recorded: true, answer: answer{status: 101},
		want: "ambiguous none/accepted edge/not-api-gateway",
	},
	{name: "a certificate is wanted", asked: unsignedScenario, error: "certificate-wanted", want: "certain tls/mtls-no-certificate"},
	{name: "a connection is dropped", asked: unsignedScenario, error: "certificate-dropped", want: "likely tls/mtls-no-certificate network/no-answer"},
	{name: "no tunnel", asked: unsignedScenario, error: "proxy-refused", want: "certain edge/proxy-refused"},
	{
		name: "no answer", asked: unsignedScenario, error: "timeout",
		want: "ambiguous network/no-answer tls/tls-handshake-failed domain/private-api-wrong-host edge/not-api-gateway backend/backend-error",
	},
}

// read attributes the answer alone.
func (sh shape) read(t testing.TB) string {
	if sh.recorded {
		return inWords(Explain([]Transcript{{Status: sh.answer.status, HeadersComplete: true}})[0].Attribution)
	}
	s := newScene(t, func(a *API) {
		if sh.change != nil {
			sh.change(a)
		}
	}).ask(sh.asked, AccessDefault, sh.answer, "")
	if sh.error != "" {
		*s.exchanges[0].Observation = Observation{Error: &NetworkError{Kind: sh.error}}
	}
	return inWords(Attribute(s.plan, s.exchanges)[0])
}

// inWords says how sure an attribution is, every cause that stays possible, and what the text shows to be passed.
func inWords(a Attribution) string {
	words := []string{string(a.Confidence)}
	for _, c := range a.Candidates {
		words = append(words, string(c.Layer)+"/"+string(c.Cause))
	}
	for _, l := range a.Behind {
		words = append(words, "past "+string(l))
	}
	return strings.Join(words, " ")
}

// misread are the shapes that are read otherwise.
func misread(t testing.TB) []string {
	var out []string
	for _, sh := range shapes {
		if got := sh.read(t); got != sh.want {
			out = append(out, sh.name+": got "+got+", want "+sh.want)
		}
	}
	return out
}

func TestShapes(t *testing.T) {
	t.Parallel()
	for _, m := range misread(t) {
		t.Error(m)
	}
}
