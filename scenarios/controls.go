package scenarios

import "apigwprobe/probe"

var controls = []probe.Scenario{
	{
		Name: "sigv4", Title: "the correct request, signed with SigV4",
		Why:  "The control of a route with AWS_IAM: if it is refused, no refusal of another request proves anything.",
		Kind: probe.Gate, Scope: probe.ScopeRoute, Smoke: true,
		ControlFor: []probe.Authorization{probe.AuthIAM},
		Applies:    onlyIAM,
	},
	{
		Name: "unsigned", Title: "the correct request without a signature",
		Why:  "A protected route that takes unsigned requests is open to the world. On a route with NONE this is the control.",
		Kind: probe.Gate, Scope: probe.ScopeRoute, Smoke: true, Signer: probe.Nobody,
		ControlFor: []probe.Authorization{probe.AuthNone},
		Changes:    []probe.Facet{probe.FacetAuth, probe.FacetPrincipal},
		Applies: func(t probe.Target) string {
			if t.Route.Authorization.TakesToken() {
				return "the route takes a token, not a signature: missing-token asks for that"
			}
			return ""
		},
		Change: func(r *probe.Recipe) { r.Signing = nil },
		Expect: refused(403, probe.IAMAuthentication),
	},
}
