package scenarios

import (
	"time"

	"apigwprobe/probe"
)

// signature is a scenario that spoils the signature of a route with AWS_IAM and nothing else.
func signature(name, title, why string, change func(*probe.Recipe), changes ...probe.Facet) probe.Scenario {
	return probe.Scenario{
		Name: name, Title: title, Why: why, Kind: probe.Gate, Scope: probe.ScopeRoute,
		Changes: append([]probe.Facet{probe.FacetAuth}, changes...),
		Applies: onlyIAM, Change: change, Expect: refused(403, probe.IAMAuthentication),
	}
}

var signatures = []probe.Scenario{
	func() probe.Scenario {
		s := signature("expired-signature", "a signature that is ten minutes old",
			"A signature is good for five minutes; a gateway or proxy that takes older ones lets captured requests be replayed.",
			func(r *probe.Recipe) { r.Signing.Offset = -10 * time.Minute })
		s.Smoke = true
		return s
	}(),
	signature("future-signature", "a signature dated ten minutes ahead",
		"The same window, from the other side: it also shows whether the prober's own clock is right.",
		func(r *probe.Recipe) { r.Signing.Offset = 10 * time.Minute }),
	signature("tampered-signature", "a signature with one digit changed",
		"Shows that the signature is computed again, not only looked at.",
		func(r *probe.Recipe) { r.Signing.Tamper = true }),
	signature("wrong-region-scope", "a signature scoped to another Region",
		"A signature for another Region must not be taken.",
		func(r *probe.Recipe) { r.Signing.Region = otherRegion(r.Signing.Region) }),
	signature("wrong-service-scope", "a signature scoped to another service",
		"A signature that was made for another service must not be taken.",
		func(r *probe.Recipe) { r.Signing.Service = "lambda" }),
	signature("missing-session-token", "temporary credentials without their session token",
		"Temporary keys are worth nothing without their token; a gateway that takes them does not look them up.",
		func(r *probe.Recipe) {
			if r.Signing.Credentials.SessionToken.Empty() {
				r.Skip = "the principal's credentials have no session token"
				return
			}
			r.Signing.OmitSessionToken = true
		}, probe.FacetPrincipal),
	{
		Name: "expired-session-token", Title: "a signature by a session that has long expired",
		Why:  "An expired session must end: it is what limits the harm of leaked temporary keys.",
		Kind: probe.Gate, Scope: probe.ScopeRoute, Signer: probe.ExpiredSession,
		Changes: []probe.Facet{probe.FacetAuth, probe.FacetPrincipal, probe.FacetClock},
		Applies: onlyIAM,
		Expect:  refused(403, probe.IAMAuthentication),
	},
	{
		Name: "unknown-access-key", Title: "a signature by an access key that does not exist",
		Why:  "Shows that the access key is looked up.",
		Kind: probe.Gate, Scope: probe.ScopeRoute, Signer: probe.Nobody,
		Changes: []probe.Facet{probe.FacetAuth, probe.FacetPrincipal},
		Applies: onlyIAM,
		Change: func(r *probe.Recipe) {
			r.Signing = &probe.Signing{
				Credentials: probe.Credentials{
					AccessKeyID: "AKIA2222222222222222", SecretAccessKey: probe.NewSecret(r.Random + "-is-the-secret-of-nobody"),
				},
				Region: r.Target.API.Region, Service: "execute-api",
			}
		},
		Expect: refused(403, probe.IAMAuthentication),
	},
	{
		Name: "malformed-authorization", Title: "an Authorization header that is no signature",
		Why:  "A header that cannot be read must be refused, not be taken for no header.",
		Kind: probe.Gate, Scope: probe.ScopeRoute, Signer: probe.Nobody,
		Changes: []probe.Facet{probe.FacetAuth, probe.FacetPrincipal},
		Applies: onlyIAM,
		Change: func(r *probe.Recipe) {
			r.Signing = nil
			r.Authorization = "AWS4-HMAC-SHA256 " + r.Random
		},
		Expect: refused(403, probe.IAMAuthentication),
	},
}

// otherRegion is a Region of the same partition that r is not.
func otherRegion(r string) string {
	switch r {
	case "us-east-1":
		return "us-west-2"
	case "cn-north-1":
		return "cn-northwest-1"
	case "cn-northwest-1":
		return "cn-north-1"
	default:
		return "us-east-1"
	}
}
