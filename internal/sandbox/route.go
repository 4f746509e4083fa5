package sandbox

import (
	"net/http"
	"net/url"
	"strings"
)

// checkRoute matches resource and method as a pair. A request that matches
// nothing is not simply missing: it is put through the signature check first, so
// an unsigned one looks like an unsigned call to a protected route, and a bearer
// token like a broken signature.
func checkRoute(x *exchange) *refusal {
	x.method = x.r.Method
	if override := x.r.Header.Get("X-HTTP-Method-Override"); override != "" {
		x.method = override
	}
	x.routes = x.api.Routes
	if c := x.stage.Canary; c != nil && x.seen.count(c)%c.Every == 0 {
		x.routes = c.Routes
	}
	if x.route = match(x.routes, x.method, x.resource); x.route != nil {
		return nil
	}
	cause := x.unmatchedCause()
	if !x.hasCredential() {
		return &refusal{cause: cause, kind: missingToken, message: "Missing Authentication Token"}
	}
	if no := checkSignature(x); no != nil {
		no.layer = "route"
		no.cause = cause
		if cause != "stage-in-custom-domain-url" {
			no.cause = "auth-header-on-unknown-path"
		}
		return no
	}
	if x.model.Switches.UnmatchedNeedsRights {
		x.granted = x.api.ResourcePolicy.evaluate(x)
		if no := checkIAMAuthorization(x); no != nil {
			no.layer, no.cause = "route", cause
			return no
		}
	}
	return &refusal{cause: cause, kind: notFound, message: "Not Found"}
}

func (x *exchange) unmatchedCause() string {
	first, _, _ := strings.Cut(x.resource[1:], "/")
	switch {
	case x.custom && first == x.stageName:
		return "stage-in-custom-domain-url"
	case x.method == http.MethodOptions && x.r.Header.Get("Access-Control-Request-Method") != "":
		return "cors-preflight-unrouted"
	}
	for _, r := range x.routes {
		if _, ok := fit(r.Path, x.resource); ok {
			return "wrong-method"
		}
	}
	return "no-such-resource"
}

// match finds the most specific route for the pair: a method that a resource
// lacks may be found on a less specific resource.
func match(routes []Route, method, path string) *Route {
	var best *Route
	var bestRank string
	for i := range routes {
		r := &routes[i]
		if r.Method != method && r.Method != "ANY" {
			continue
		}
		rank, ok := fit(r.Path, path)
		if r.Method == "ANY" {
			rank += "z"
		}
		if ok && (best == nil || rank < bestRank) {
			best, bestRank = r, rank
		}
	}
	return best
}

// fit says whether the path fits the template, and ranks how: a letter for each
// segment, earlier in the alphabet for more specific, to be compared as text.
// A trailing slash plays no part.
func fit(template, path string) (rank string, ok bool) {
	want, have := segments(template), segments(path)
	for i, w := range want {
		switch {
		case strings.HasSuffix(w, "+}"):
			return rank + "c", len(have) > i
		case len(have) <= i:
			return "", false
		case strings.HasPrefix(w, "{"):
			if have[i] == "" {
				return "", false
			}
			rank += "b"
		case w == have[i]:
			rank += "a"
		default:
			return "", false
		}
	}
	return rank, len(have) == len(want)
}

func segments(path string) []string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if decoded, err := url.PathUnescape(p); err == nil {
			parts[i] = decoded
		}
	}
	return parts
}
