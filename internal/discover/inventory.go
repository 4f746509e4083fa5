// Package discover finds out what APIs there are, from an AWS account or from an OpenAPI document, and writes a
// configuration of it: what can be known, and in comments what cannot, with the place where it belongs.
package discover

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"apigwprobe/probe"
)

// Inventory is what was found.
type Inventory struct {
	Source   string // where it was found, in words
	APIs     []API
	Problems []Problem
	Notes    []string // what belongs to no API
}

// API is one API and one stage of it.
type API struct {
	Name, ID, Region, Stage string
	Type                    probe.APIType
	EndpointType            probe.EndpointType
	DefaultEndpoint         probe.Declared
	WAF                     *bool // nil: not known
	Canary                  bool
	KeySource               probe.KeySource
	Responses               map[string]probe.GatewayResponse
	CORS                    []string // origins
	Routes                  []Route
	Domains                 []Domain
	Endpoints               []probe.VPCEndpoint
	Plans                   []Plan
	PlansKnown              bool
	Notes                   []string
}

// names are those by which rights and their messages name the stage of the API.
func (a *API) names() []string {
	return []string{"api", a.ID, "name", strconv.Quote(a.Name), "stage", a.Stage}
}

// Route is one route of an API.
type Route struct {
	Method, Path   string
	Authorization  probe.Authorization
	APIKeyRequired bool
	Scopes         []string
	Authorizer     *Authorizer
	Required       []string // parameters beside those of the path: "query page", "header X-Tenant"
	Notes          []string
}

func (r *Route) name() string { return strings.TrimSpace(r.Method + " " + r.Path) }

// Authorizer decides by a token.
type Authorizer struct {
	Name    string
	Sources []probe.TokenSource // none: the header Authorization
	Notes   []string
}

// Domain leads to an API.
type Domain struct {
	Host, BasePath string
	RootMapping    probe.Declared
	Notes          []string
}

// Plan is a usage plan that holds the stage.
type Plan struct {
	Name string
	Keys []string // names
}

// Problem is what could not be found out, and why.
type Problem struct {
	What   string // what was asked for
	Action string // the right that is missing, if that is why
	ARN    string // what it is missing on
	Err    error
}

func (p Problem) String() string {
	if p.Action != "" {
		return fmt.Sprintf("%s: not known: the right %s on %s is missing", p.What, p.Action, p.ARN)
	}
	return fmt.Sprintf("%s: not known: %v", p.What, p.Err)
}

// writable reports whether a configuration can have the route at all.
func (r *Route) writable() bool {
	if r.Path == probe.ConnectRoute {
		return true
	}
	segments := strings.Split(strings.TrimPrefix(r.Path, "/"), "/")
	return strings.HasPrefix(r.Path, "/") && !slices.ContainsFunc(segments, func(s string) bool { return !segment.MatchString(s) })
}

var segment = regexp.MustCompile(`^([A-Za-z0-9._~!$&'()*+,;=:@-]*|\{[A-Za-z0-9._:-]+\+?\})$`)

// safe reports whether a route can be called without harm and without anything that only its owner knows.
func (r *Route) safe() bool {
	return r.writable() && (r.Method == "GET" || r.Method == "ANY" || r.Path == probe.ConnectRoute) && !strings.Contains(r.Path, "{") && len(r.Required) == 0
}

// defaultRoute takes what no other route of an HTTP API takes, proxies among them.
const defaultRoute = "$default"

// catchAll is the authorization of the route that takes what no other route takes: the route of the method goes before
// that of any method.
func (a *API) catchAll() probe.Declared {
	if a.Type == probe.WebSocket {
		return probe.Unknown
	}
	found, best := probe.Absent, 0
	var some []probe.Authorization // of routes that take some of what no other takes
	for _, r := range a.Routes {
		segments := strings.Split(strings.Trim(r.Path, "/"), "/")
		proxy := len(segments) == 1 && strings.HasSuffix(segments[0], "+}")
		rank := 0
		switch {
		case proxy && r.Method == "GET":
			rank = 3
		case proxy && r.Method == "ANY":
			rank = 2
		case r.Path == defaultRoute:
			rank = 1
		case !proxy && len(segments) == 1 && strings.HasPrefix(segments[0], "{") && (r.Method == "ANY" || r.Method == "GET"):
			some = append(some, r.Authorization)
		}
		if rank > best {
			found, best = probe.Declared(r.Authorization), rank
		}
	}
	if slices.ContainsFunc(some, func(other probe.Authorization) bool { return probe.Declared(other) != found }) {
		return probe.Unknown
	}
	return found
}

// Twins are APIs of one name in one region: a configuration could not tell them apart.
type Twins struct{ APIs []API }

func (t *Twins) Error() string {
	var all []string
	for _, a := range t.APIs {
		all = append(all, fmt.Sprintf("%s %q with the id %s in %s", a.Type, a.Name, a.ID, a.Region))
	}
	return "finding APIs: got several of one name, want names that are unique: " + strings.Join(all, ", ")
}

// twins finds APIs that share a name.
func twins(all []API) error {
	var t Twins
	for _, a := range all {
		if slices.ContainsFunc(all, func(b API) bool { return a.Name == b.Name && a.Region == b.Region && a.ID != b.ID }) {
			t.APIs = append(t.APIs, a)
		}
	}
	if len(t.APIs) == 0 {
		return nil
	}
	slices.SortStableFunc(t.APIs, func(a, b API) int { return strings.Compare(a.Name, b.Name) })
	return &t
}
