package scenarios

import (
	"fmt"
	"net/http"

	"apigwprobe/probe"
)

const allowOrigin = "Access-Control-Allow-Origin"

var browsers = []probe.Scenario{
	{
		Name: "preflight", Title: "a browser's question whether it may send the request (CORS)",
		Why: "A browser asks without credentials. Where OPTIONS wants a signature, a token or a key, or is not deployed, the " +
			"API is dead for browsers while every other client is served.",
		Kind: probe.Routing, Scope: probe.ScopeRoute, Anonymous: true, Signer: probe.Nobody,
		Changes: append([]probe.Facet{probe.FacetMethod, probe.FacetPrincipal, probe.FacetKey, probe.FacetBody}, carried...),
		Applies: func(t probe.Target) string {
			switch {
			case t.Route.CORS == nil:
				return "the route declares no cors"
			case t.Route.Method == http.MethodOptions:
				return "a preflight comes before another method"
			}
			return ""
		},
		Change: func(r *probe.Recipe) {
			asked := r.Method
			r.Method, r.Body = http.MethodOptions, nil
			r.Headers.Set("Origin", origin(r.Target.Route.CORS))
			r.Headers.Set("Access-Control-Request-Method", asked)
		},
		Expect: func(probe.Target) probe.Expectation { return probe.Expectation{Layers: []probe.Layer{probe.None}} },
		Check: func(t probe.Target, o *probe.Observation) string {
			want := origin(t.Route.CORS)
			switch got := o.Header(allowOrigin); got {
			case want, "*":
				return ""
			case "":
				return fmt.Sprintf("without %s: a browser on %s blocks the request", allowOrigin, want)
			default:
				return fmt.Sprintf("%s is %q: a browser on %s blocks the request", allowOrigin, got, want)
			}
		},
	},
}

// origin is one that must be let in; where all are, any will do.
func origin(c *probe.CORS) string {
	if c.Origins[0] == "*" {
		return "https://browser.example"
	}
	return c.Origins[0]
}
