package sandbox

import "strings"

// checkDomain finds the API that the host, and on a custom domain the base path,
// lead to.
func checkDomain(x *exchange) *refusal {
	if x.endpoint != nil {
		return x.throughEndpoint()
	}
	host := hostname(x.r)
	if d := x.domains[host]; d != nil {
		return x.throughDomain(d)
	}
	api := x.apis[host]
	if api == nil {
		// In reality the name of a deleted API does not resolve; a name that
		// resolves to the service without being known to it is refused so.
		return &refusal{cause: "unknown-host", kind: unrouted, message: "Forbidden"}
	}
	if api.Endpoint == Private {
		return &refusal{cause: "private-api-wrong-host", kind: unrouted, message: "Forbidden"}
	}
	return x.enter(api)
}

// enter comes to an API by a name of its own, where the path begins with the
// stage.
func (x *exchange) enter(api *API) *refusal {
	x.api, x.edge = api, api.Endpoint == Edge
	if api.DefaultEndpointDisabled {
		return x.endpointDisabled()
	}
	stage, rest, _ := strings.Cut(strings.TrimPrefix(x.path, "/"), "/")
	x.stageName, x.resource = stage, "/"+rest
	return nil
}

// endpointDisabled answers in the words of the API's family, or of REST if the
// API is not known to who answers.
func (x *exchange) endpointDisabled() *refusal {
	no := &refusal{cause: "default-endpoint-disabled", kind: unrouted, message: "Forbidden"}
	switch s := &x.model.Switches; {
	case x.family() != HTTP && s.DisabledEndpointSaysMissingToken:
		no.kind, no.message = unroutedMissing, "Missing Authentication Token"
	case x.family() == HTTP && s.DisabledHTTPEndpointIsForbidden:
		x.api = nil
	case x.family() == HTTP:
		no.kind = notFound
	}
	return no
}

// throughDomain asks the routing rules first, and then lets the longest base path
// win that consists of whole leading segments of the path. The API's routes play
// no part in it.
func (x *exchange) throughDomain(d *Domain) *refusal {
	x.custom, x.edge = true, d.Endpoint == Edge
	for _, rule := range d.Rules {
		if value := x.r.Header.Get(rule.Header); value != "" && glob(rule.Value, value) {
			x.api, x.stageName, x.resource = x.byID[rule.API], rule.Stage, x.path
			return nil
		}
	}
	var best *Mapping
	for i, m := range d.Mappings {
		if under(x.path, m.BasePath) && (best == nil || len(m.BasePath) > len(best.BasePath)) {
			best = &d.Mappings[i]
		}
	}
	if best == nil {
		return &refusal{cause: "no-base-path-mapping", kind: unrouted, message: "Forbidden"}
	}
	x.api, x.stageName = x.byID[best.API], best.Stage
	x.resource = x.path
	if best.BasePath != "" {
		x.resource = "/" + strings.TrimPrefix(x.path[1+len(best.BasePath):], "/")
	}
	return nil
}

func under(path, base string) bool {
	return base == "" || path == "/"+base || strings.HasPrefix(path, "/"+base+"/")
}
