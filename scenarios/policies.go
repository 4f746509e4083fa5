package scenarios

import "apigwprobe/probe"

var policies = []probe.Scenario{
	{
		Name: "outsider", Title: "a valid signature by a principal without rights",
		Why:  "Authentication is not authorization: any AWS account can sign, so the policies must say no.",
		Kind: probe.Gate, Scope: probe.ScopeRoute, Signer: probe.Outsider,
		Changes: []probe.Facet{probe.FacetAuth, probe.FacetPrincipal},
		Applies: onlyIAM,
		Expect: func(t probe.Target) probe.Expectation {
			if t.API.Type == probe.HTTP || t.API.Type == probe.WebSocket {
				return probe.Refused(403, probe.IAMAuthorization) // there are no resource policies
			}
			return probe.Refused(403, probe.IAMAuthorization, probe.ResourcePolicy)
		},
	},
}
