package probe

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// GatewayResponse is what an owner made of one type of refusal of a REST API.
type GatewayResponse struct {
	Status int    // 0: as API Gateway has it
	Body   string // a part of the body; empty: not said
}

// The types that stand for all others of their class.
const (
	default4XX = "DEFAULT_4XX"
	default5XX = "DEFAULT_5XX"
)

// responseType is a type of gateway response: its status, and the layers whose refusals are of it. What is refused
// before an API is known has none, and so cannot be customised.
type responseType struct {
	name   string
	status int
	layers []Layer
}

// responseTypes are those of the developer guide, supported-gateway-response-types. Which of two types an unreadable
// Authorization header is of, and which a policy of a VPC endpoint, is not known: they stand in each.
var responseTypes = []responseType{
	{"ACCESS_DENIED", 403, []Layer{LambdaAuthorizer, CognitoAuthorizer, IAMAuthorization, ResourcePolicy, EndpointPolicy}},
	{"API_CONFIGURATION_ERROR", 500, []Layer{Integration}},
	{"AUTHORIZER_CONFIGURATION_ERROR", 500, []Layer{LambdaAuthorizer, CognitoAuthorizer}},
	{"AUTHORIZER_FAILURE", 500, []Layer{LambdaAuthorizer, CognitoAuthorizer}},
	{"BAD_REQUEST_BODY", 400, []Layer{RequestValidation}},
	{"BAD_REQUEST_PARAMETERS", 400, []Layer{RequestValidation}},
	{"EXPIRED_TOKEN", 403, []Layer{IAMAuthentication, RouteLayer, EndpointPolicy}},
	{"INTEGRATION_FAILURE", 504, []Layer{Integration}},
	{"INTEGRATION_TIMEOUT", 504, []Layer{Integration}},
	{"INVALID_API_KEY", 403, []Layer{APIKeyLayer}},
	{"INVALID_SIGNATURE", 403, []Layer{IAMAuthentication, RouteLayer, EndpointPolicy}},
	{"MISSING_AUTHENTICATION_TOKEN", 403, []Layer{IAMAuthentication, RouteLayer, EndpointPolicy}},
	{"QUOTA_EXCEEDED", 429, []Layer{UsagePlan}},
	{"REQUEST_TOO_LARGE", 413, []Layer{RequestValidation, Integration}},
	{"RESOURCE_NOT_FOUND", 404, []Layer{RouteLayer}},
	{"THROTTLED", 429, []Layer{UsagePlan}},
	{"UNAUTHORIZED", 401, []Layer{LambdaAuthorizer, CognitoAuthorizer}},
	{"UNSUPPORTED_MEDIA_TYPE", 415, []Layer{RequestValidation, Integration}},
	{"WAF_FILTERED", 403, []Layer{WAF}},
}

// ResponseTypes are the names of all types of gateway response, with the two that stand for a class.
func ResponseTypes() []string {
	names := []string{default4XX, default5XX}
	for _, t := range responseTypes {
		names = append(names, t.name)
	}
	slices.Sort(names)
	return names
}

// declaredIn is what an API declares of a type, of its own or for its class.
func (t responseType) declaredIn(api API) (GatewayResponse, bool) {
	if own, ok := api.GatewayResponses[t.name]; ok {
		return own, true
	}
	class := default4XX
	if t.status >= http.StatusInternalServerError {
		class = default5XX
	}
	r, ok := api.GatewayResponses[class]
	return r, ok
}

// answers reports whether a type, as declared, gives such an answer. A type of which nothing is declared answers as API
// Gateway has it.
func (t responseType) answers(api API, o *Observation) bool {
	r, ok := t.declaredIn(api)
	if !ok {
		return o.Status == t.status && gatewayTexts.MatchString(o.fullMessage())
	}
	return (r.Status == o.Status || r.Status == 0 && t.status == o.Status) && strings.Contains(o.Body, r.Body)
}

// rewritten lists the types of gateway response that, as declared, give the answer. It is empty where nothing tells the
// answer from one that nobody customised.
func rewritten(x *exchange) []responseType {
	o := x.obs
	if x.req == nil || x.api != "" && x.api != REST || len(x.c.API.GatewayResponses) == 0 || !o.Answered() ||
		o.Status == http.StatusForbidden && gatewayTexts.MatchString(o.fullMessage()) {
		return nil
	}
	var out []responseType
	special := false
	for _, t := range responseTypes {
		if t.answers(x.c.API, o) {
			out = append(out, t)
			r, _ := t.declaredIn(x.c.API)
			special = special || r.Body != "" || r.Status != 0 && r.Status != t.status
		}
	}
	if !special {
		return nil
	}
	return out
}

// declaredRewritten is what speaks against every layer whose refusals do not look like this answer.
func declaredRewritten(x *exchange) []reason {
	types := rewritten(x)
	if types == nil {
		return nil
	}
	own := make(map[Layer]bool)
	var names []string
	for _, t := range types {
		names = append(names, t.name)
		for _, l := range t.layers {
			own[l] = true
		}
	}
	if len(names) > 3 {
		names = append(names[:3], "others")
	}
	var out []reason
	for _, l := range layers {
		if !own[l] {
			out = append(out, reason{l, string(l) + ": declared: gateway_responses: such an answer is of " + strings.Join(names, ", ")})
		}
	}
	return out
}

// disguisable reports whether a success may be a refusal: a gateway response may have any status, and nothing shows that
// error types get through on this way in.
func disguisable(x *exchange) bool {
	return x.req != nil && x.accepted && !x.recorded && x.api == REST && !x.typesSeen && !transparent(x)
}

// disguised are the readings of such a success.
var disguised = func() []possibility {
	out := []possibility{maybe(None, "accepted")}
	for _, p := range behindTheDoor {
		kept := possibility{Candidate: p.Candidate, conditions: []condition{ifDisguised}}
		for _, c := range p.conditions {
			if c.because != ifTypesHidden.because {
				kept.conditions = append(kept.conditions, c)
			}
		}
		out = append(out, kept)
	}
	return out
}()

var ifDisguised = condition{
	holds: func(x *exchange) bool { return x.deadEndsAlike || len(rewritten(x)) > 0 }, sound: never,
	because: "no address that leads nowhere was answered so",
}

// markDisguises finds successes that an address which leads nowhere got as well, and the control did not.
func markDisguises(xs []*exchange) {
	bare := func(x *exchange) string { return x.c.Access.ID() + "|" + strconv.Itoa(x.obs.Status) }
	answer := func(x *exchange) string {
		return strings.Join([]string{bare(x), x.obs.BodySHA256, strconv.FormatBool(x.req.Method == http.MethodHead)}, "|")
	}
	paths, controls := make(map[string][]string), make(map[string]string)
	for _, x := range xs {
		if x.req != nil && x.c.Control && x.own {
			controls[controlKey(x.c)] = answer(x)
		}
		if x.req != nil && x.req.DeadEnd != "" && x.c.API.catchAll() != Declared(AuthNone) {
			for _, look := range []string{answer(x), bare(x)} {
				paths[look] = append(paths[look], x.req.Facets[FacetPath])
			}
		}
	}
	for _, x := range xs {
		if x.req != nil && x.req.Method == http.MethodHead { // without a body nothing tells a refusal from the control's answer
			x.deadEndsAlike = len(paths[bare(x)]) > 0
			continue
		}
		control, ok := controls[controlKey(x.c)]
		x.deadEndsAlike = x.req != nil && ok && control != answer(x) && slices.ContainsFunc(paths[answer(x)], func(path string) bool { return path != x.req.Facets[FacetPath] })
	}
}

// rewrittenStatus lets the derived statuses be those that the API declares for the refusals of the expected layers.
func (e Expectation) rewrittenStatus(api API) Expectation {
	if len(e.Status) == 0 || e.Declared || len(api.GatewayResponses) == 0 {
		return e
	}
	statuses, all := make(map[int]bool), true
	for _, l := range e.Layers {
		known := false
		for _, t := range responseTypes {
			if !slices.Contains(t.layers, l) || t.status >= http.StatusInternalServerError {
				continue
			}
			known = true
			r, ok := t.declaredIn(api)
			switch {
			case ok && r.Status != 0:
				statuses[r.Status] = true
			case ok && slices.Contains(e.Status, t.status):
				statuses[t.status] = true
			case !ok:
				all = false
			}
		}
		all = all && known
	}
	if !all {
		for _, s := range e.Status {
			statuses[s] = true
		}
	}
	e.Status, e.Declared = slices.Sorted(maps.Keys(statuses)), all
	return e
}
