package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// httpPipeline is the order in which an HTTP API looks at a request that has
// arrived at it. There are few layers and they all say very little.
func httpPipeline(s Switches) []layer {
	return throttling(s, []layer{
		{"stage", checkHTTPStage},
		{"route", checkHTTPRoute},
	}, []layer{
		{"iam-authentication", only(checkSignature, IAM)},
		{"iam-authorization", only(checkIAMAuthorization, IAM)},
		{"jwt-authorizer", only(checkJWT, JWT)},
		{"lambda-authorizer", only(checkLambdaAuthorizer, Custom)},
	})
}

const (
	defaultStage = "$default"
	defaultRoute = "$default"
)

// checkHTTPStage takes the stage that the path names. What names none belongs to
// the default stage, if there is one.
func checkHTTPStage(x *exchange) *refusal {
	if !x.custom && x.api.stage(x.stageName) == nil {
		x.stageName, x.resource = defaultStage, x.path
	}
	if !x.enterStage() {
		return &refusal{cause: "unknown-stage", kind: notFound}
	}
	return nil
}

// checkHTTPRoute matches more strictly than a REST API, to which a slash at the
// end means nothing, and falls back to the default route. A preflight is answered
// before any route is looked at, if the API has a CORS configuration.
func checkHTTPRoute(x *exchange) *refusal {
	x.method = x.r.Method
	if x.api.CORS != nil && x.preflight() {
		x.route = &Route{Authorization: None, Backend: Backend{Kind: preflightAnswer}}
		return nil
	}
	x.routes = slices.DeleteFunc(slices.Clone(x.api.Routes), func(r Route) bool {
		greedy := strings.HasSuffix(r.Path, "+}")
		return !greedy && strings.HasSuffix(r.Path, "/") != strings.HasSuffix(x.resource, "/")
	})
	if x.route = match(x.routes, x.method, x.resource); x.route == nil {
		x.route = x.api.routeKey(defaultRoute)
	}
	if x.route == nil {
		return &refusal{cause: x.unmatchedCause(), kind: notFound}
	}
	return nil
}

// routeKey finds a route that has no method.
func (a *API) routeKey(key string) *Route {
	for i := range a.Routes {
		if a.Routes[i].key() == key {
			return &a.Routes[i]
		}
	}
	return nil
}

// refuseHTTP is the answer of an HTTP API: no error type, and a text that says no
// more than the status.
func (x *exchange) refuseHTTP(no *refusal) *response {
	status := no.kind.status
	if no.onHTTP != 0 {
		status = no.onHTTP
	}
	p := &response{
		status: status,
		header: map[string]string{"Content-Type": "application/json"},
		body:   fmt.Appendf(nil, `{"message":%q}`, http.StatusText(status)),
	}
	if no.challenge != "" {
		p.header["www-authenticate"] = no.challenge
	}
	return x.signedHTTP(p, "apigw-requestid")
}

// signedHTTP adds what every answer of an HTTP API carries. The name of the id is
// spelled in two ways, by who answers.
func (x *exchange) signedHTTP(p *response, idHeader string) *response {
	p.header["Date"] = x.now.Format(http.TimeFormat)
	p.header[idHeader] = x.extendedID
	x.api.CORS.mark(p, x.r.Header.Get("Origin"))
	return p
}
