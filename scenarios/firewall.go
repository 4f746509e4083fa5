package scenarios

import "apigwprobe/probe"

var firewall = []probe.Scenario{
	{
		Name: "waf-marker", Title: "the correct request with a harmless value that the web ACL blocks by agreement",
		Why:  "A web ACL that was taken off a stage, or whose rules only count, is seen by nobody until it is needed.",
		Kind: probe.Gate, Scope: probe.ScopeAccess, Signer: probe.IfAny,
		Changes: []probe.Facet{probe.FacetHeaders, probe.FacetQuery, probe.FacetAuth},
		Applies: func(t probe.Target) string {
			if t.API.WAFMarker == nil {
				return "needs consent: the API declares no waf_marker that its web ACL blocks"
			}
			return ""
		},
		Change: func(r *probe.Recipe) {
			marker := r.Target.API.WAFMarker
			if marker.Header != "" {
				r.Headers.Set(marker.Header, marker.Value)
			} else {
				r.AddQuery(marker.Query, marker.Value)
			}
		},
		Expect: func(t probe.Target) probe.Expectation {
			if declared := t.API.WAFMarker.Status; len(declared) > 0 {
				return probe.Expectation{Layers: []probe.Layer{probe.WAF}, Status: declared, Declared: true}
			}
			return probe.Refused(403, probe.WAF)
		},
	},
}
