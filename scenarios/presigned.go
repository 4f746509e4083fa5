package scenarios

import "apigwprobe/probe"

var presigned = []probe.Scenario{
	{
		Name: "presigned", Title: "the correct request with its signature in the query",
		Why: "Clients that cannot set headers, such as a browser's WebSocket, sign the URL; a proxy that drops or reorders " +
			"the query locks them out while signed headers go through.",
		Kind: probe.Gate, Scope: probe.ScopeRoute,
		Changes: []probe.Facet{probe.FacetAuth, probe.FacetQuery},
		Applies: func(t probe.Target) string {
			switch {
			case t.API.Type == probe.HTTP:
				return "that a signature in the query is taken is known of REST and WebSocket APIs only"
			case len(t.Route.Body) > 0:
				return "a presigned URL goes without a body"
			}
			return onlyIAM(t)
		},
		Change: func(r *probe.Recipe) { r.Signing.Presign = true },
		Expect: func(t probe.Target) probe.Expectation {
			return probe.Expectation{Layers: []probe.Layer{probe.None}, Status: t.Route.Success}
		},
	},
}
