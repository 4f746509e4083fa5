package scenarios

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"apigwprobe/probe"
)

// refusedByDomain is the refusal of an address that leads to no API. Which of both statuses that is before an HTTP API is
// not known.
func refusedByDomain(t probe.Target) probe.Expectation {
	e := probe.Refused(http.StatusForbidden, probe.Domain)
	if t.API.Type == probe.HTTP {
		e.Status = append(e.Status, http.StatusNotFound)
	}
	return e
}

func withoutRoute(ls []probe.Layer) []probe.Layer {
	return slices.DeleteFunc(slices.Clone(ls), func(l probe.Layer) bool { return l == probe.RouteLayer })
}

// readdressed are the facets that a request to a changed address may differ in: it goes without any credential that
// is not bound to the URL.
var readdressed = []probe.Facet{
	probe.FacetPath, probe.FacetStageSegment, probe.FacetKey, probe.FacetHeaders, probe.FacetAuth, probe.FacetPrincipal,
	probe.FacetToken, probe.FacetQuery,
}

var addresses = []probe.Scenario{
	{
		Name: "wrong-stage", Title: "the default endpoint with a stage that does not exist",
		Why:  "Shows how an unknown stage is refused here, which is what a mistyped or deleted stage looks like.",
		Kind: probe.Routing, Scope: probe.ScopeAccess, Smoke: true, Misroutes: true, Signer: probe.Nobody,
		Changes: readdressed,
		Applies: func(t probe.Target) string {
			switch {
			case t.Access.Kind == probe.AccessCustomDomain:
				return "a custom domain implies the stage"
			case t.API.Stage == probe.DefaultStage:
				return "the stage $default takes every path that names no other stage"
			}
			return ""
		},
		Change: func(r *probe.Recipe) {
			r.Signing = nil
			r.Prefix = "/" + r.Random
			r.DeadEnd = probe.Stage
			if r.Target.API.Type == probe.HTTP {
				r.DeadEnd = probe.RouteLayer
			}
		},
		Expect: func(t probe.Target) probe.Expectation {
			if t.API.Type != probe.HTTP {
				return probe.Refused(403, probe.Stage)
			}
			// A stage $default beside this one takes the path, so that its routes are asked.
			e := unrouted(t)
			if len(e.Layers) > 0 {
				e.Layers = append([]probe.Layer{probe.Stage, probe.RouteLayer}, withoutRoute(e.Layers)...)
			}
			if len(e.Status) > 0 && e.Status[0] != http.StatusNotFound {
				e.Status = append(e.Status, http.StatusNotFound)
			}
			return e
		},
	},
	{
		Name: "stage-in-custom-domain-url", Title: "a custom domain with the stage in the path",
		Why:  "The commonest mistake when moving from the default endpoint to a custom domain: the mapping implies the stage.",
		Kind: probe.Routing, Scope: probe.ScopeAccess, Smoke: true, Misroutes: true, Signer: probe.Nobody,
		Changes: readdressed,
		Applies: func(t probe.Target) string {
			switch {
			case t.Access.Kind != probe.AccessCustomDomain:
				return "the default endpoint wants the stage in the path"
			case t.API.Stage == "":
				return "the API declares no stage"
			case t.API.Stage == probe.DefaultStage:
				return "the stage $default stands in no URL"
			}
			return onlyPaths(t)
		},
		Change: func(r *probe.Recipe) {
			r.Signing = nil
			r.Prefix += "/" + r.Target.API.Stage
			r.DeadEnd = probe.RouteLayer
		},
		Expect: func(t probe.Target) probe.Expectation {
			e := unrouted(t)
			if t.CatchAll() == probe.Absent {
				e.Layers = []probe.Layer{probe.RouteLayer, probe.Domain}
			}
			return e
		},
	},
	{
		Name: "default-endpoint", Title: "the default endpoint, which should be shut",
		Why: "An open default endpoint is a way around the custom domain: around its mutual TLS, its CDN and its rules.",
		// Where something that the route wants may not be sent, an open door would refuse, too. An Authorization header
		// that is no signature tells the two apart: an open stage reads it, even for a resource that does not exist.
		Kind: probe.Gate, Scope: probe.ScopeAccess, Smoke: true, Door: true, Misroutes: true, Signer: probe.IfAny,
		Changes: append([]probe.Facet{probe.FacetHost, probe.FacetCertificate}, readdressed...),
		Applies: func(t probe.Target) string {
			switch {
			case t.API.ID == "":
				return "the API declares no id, so its default endpoint is not known"
			case t.API.DefaultEndpoint == probe.Enabled:
				return "the default endpoint is declared enabled"
			case t.API.DefaultEndpoint == probe.Unknown && len(t.API.Domains) == 0:
				return "the default endpoint is the only way in"
			case t.API.Type == probe.WebSocket && t.Route.APIKeyRequired && t.Route.Authorization != probe.AuthIAM:
				return "an open one would refuse a handshake without its key in the words of a shut one"
			}
			return ""
		},
		Change: func(r *probe.Recipe) {
			switch t := r.Target.API.Type; {
			case r.Bare && t == probe.HTTP, r.Bare && t == probe.WebSocket:
				// An HTTP API tells a route that it has from one that it has not; a WebSocket API has only the one.
				r.Signing = nil
			case r.Bare:
				r.Signing, r.Body = nil, nil
				r.Method, r.Path, r.Query = "GET", "/"+r.Random, ""
				r.Authorization = "Bearer " + r.Random
				r.DeadEnd = probe.RouteLayer
			}
		},
		Expect: func(t probe.Target) probe.Expectation {
			if t.API.DefaultEndpoint == probe.Unknown {
				return probe.Expectation{Undeclared: "default_endpoint"}
			}
			return refusedByDomain(t)
		},
	},
	{
		Name: "private-host", Title: "a private API by a name that is not its own",
		Why: "A VPC endpoint leads to every private API: the Host header or x-apigw-api-id chooses one, and a request that " +
			"names none must reach none.",
		Kind: probe.Routing, Scope: probe.ScopeAccess, Misroutes: true, Signer: probe.Nobody,
		Changes: []probe.Facet{probe.FacetHost, probe.FacetKey, probe.FacetHeaders, probe.FacetAuth, probe.FacetPrincipal},
		Applies: func(t probe.Target) string {
			switch {
			case t.API.EndpointType != probe.EndpointPrivate:
				return "the API is not declared PRIVATE"
			case t.Access.Kind == probe.AccessCustomDomain:
				return "a custom domain has no other names"
			}
			return ""
		},
		// The connection stays: it is the endpoint that must not know the name.
		Change: func(r *probe.Recipe) {
			r.Signing, r.APIID = nil, ""
			r.Connect = r.Target.Access.Name()
			r.Host = strings.Replace(r.Target.API.DefaultHost(), r.Target.API.ID, r.Random, 1)
			r.DeadEnd = probe.Domain
		},
		Expect: refused(http.StatusForbidden, probe.Domain),
	},
	{
		Name: "unmapped-base-path", Title: "a custom domain with a base path that nobody mapped",
		Why:  "Shows that the domain refuses what it has no mapping for, instead of leading it to some API.",
		Kind: probe.Routing, Scope: probe.ScopeAccess, Misroutes: true, Signer: probe.Nobody,
		Changes: readdressed,
		Applies: func(t probe.Target) string {
			switch {
			case t.Access.Kind != probe.AccessCustomDomain:
				return "the default endpoint has no base paths"
			case t.Access.Prefix == "":
				return "the root mapping takes every path"
			case t.Access.RootMapping != probe.Absent && t.Access.RootMapping != probe.Unknown:
				return fmt.Sprintf("the root mapping leads every other path to %q", t.Access.RootMapping)
			}
			return ""
		},
		Change: func(r *probe.Recipe) {
			r.Signing = nil
			r.Prefix = "/" + r.Random
			r.DeadEnd = probe.Domain
		},
		Expect: func(t probe.Target) probe.Expectation {
			if t.Access.RootMapping == probe.Unknown {
				return probe.Expectation{Undeclared: "root_mapping"}
			}
			return refusedByDomain(t)
		},
	},
}
