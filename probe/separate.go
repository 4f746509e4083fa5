package probe

import (
	"net/http"
	"slices"
	"sort"
	"strings"
)

// separator is a change to a request that one of several layers refused. What some of them read stays the same: if the
// changed request gets further, none of those refused the first.
type separator struct {
	name   string
	title  string
	change func(*Recipe)
	// wall are the layers that refuse the changed request for what it lacks: it gets past none of them.
	wall []Layer
}

// separators is section 4 of the method, as far as no scenario asks it already. None of them adds a right.
var separators = []separator{
	{
		"without-signature", "without a signature",
		func(r *Recipe) { r.Signing, r.Authorization = nil, "" }, []Layer{IAMAuthentication},
	},
	{
		"without-credentials", "without any credential",
		withoutCredentials, []Layer{IAMAuthentication, LambdaAuthorizer, CognitoAuthorizer, JWTAuthorizer, APIKeyLayer},
	},
	{
		"at-an-unknown-path", "without any credential, at a path that does not exist", func(r *Recipe) {
			withoutCredentials(r)
			if r.Target.Route.handshake() {
				r.Skip = "a WebSocket API has no paths"
			}
			r.Method, r.Path, r.Query, r.Body, r.DeadEnd = http.MethodGet, "/"+r.Random, "", nil, RouteLayer
		}, []Layer{RouteLayer},
	},
}

func withoutCredentials(r *Recipe) {
	r.Signing, r.Authorization, r.APIKey, r.Token = nil, "", Secret{}, Secret{}
}

// DefaultExtraRequests is how many extra requests a run may send for each route.
const DefaultExtraRequests = 3

// extraRequests is the most that the plan allows for each route.
func (p *Plan) extraRequests() int {
	if p.ExtraRequests == 0 {
		return DefaultExtraRequests
	}
	return max(p.ExtraRequests, 0)
}

// extras is the most extra requests that an API may take: so many for each route, and a tenth of its cases.
func (m *Matrix) extras(api string) int {
	routes := make(map[string]bool)
	cases := 0
	for _, c := range m.Cases {
		if c.API.Name == api {
			routes[c.Route.Name()] = true
			cases++
		}
	}
	return min(m.Plan.extraRequests()*len(routes), (cases+9)/10)
}

// target is an exchange whose ambiguity matters.
type target struct {
	exchange    int
	attribution Attribution
	weight      int
}

// Next names the extra requests that would tell most about what is still ambiguous and matters, at most one for each
// route, most telling first. It is pure: the same exchanges, in any order, give the same requests.
func Next(plan *Plan, exchanges []Exchange, material Material, run Crafting) []Extra {
	attributions := Attribute(plan, exchanges)
	controls := controlsOf(exchanges, attributions)
	var targets []target
	for i, e := range exchanges {
		if w := matters(e, attributions[i], controls[controlKey(e.Case)]); w > 0 {
			targets = append(targets, target{i, attributions[i], w})
		}
	}
	sort.Slice(targets, func(i, j int) bool {
		a, b := targets[i], targets[j]
		if a.weight != b.weight {
			return a.weight > b.weight
		}
		return exchanges[a.exchange].Case.ID() < exchanges[b.exchange].Case.ID()
	})
	asked := make(map[string]bool)
	for _, e := range exchanges {
		if e.Request != nil {
			asked[sameness(e.Case, e.Request)] = true
		}
	}
	var out []Extra
	routes := make(map[string]bool)
	for _, t := range targets {
		e := exchanges[t.exchange]
		if routes[e.Case.Route.Name()] {
			continue
		}
		if extra, ok := bestSeparator(e, t.attribution, asked, material, run); ok {
			out = append(out, extra)
			routes[e.Case.Route.Name()] = true
		}
	}
	return out
}

// Extra is an extra request: a case made from one of the matrix.
type Extra struct {
	Case Case
	// Name is "separate:" with the layers that the request may tell apart.
	Name string
	Why  string
}

// ExtraSeparate begins the names of extra requests that separate candidates.
const ExtraSeparate = "separate:"

// matters weighs how much depends on telling the layers apart that are left: nothing, little for what passes anyway,
// more for what fails or is inconclusive because of it.
func matters(e Exchange, a Attribution, control *Control) int {
	if e.Extra != "" || e.Superseded || e.Request == nil || len(a.Plausible) < 2 || !e.Observation.Answered() || a.Stale || !safe(e.Case.Route.Method) {
		return 0
	}
	switch j := Judge(e.Case, e.Observation, a, control); {
	case j.Kind == Open, j.Kind == KindControlFailed, j.Kind == KindThrottled:
		return 0
	case j.Verdict == Fail, j.Kind == KindAmbiguous:
		return 2
	case j.Verdict == Pass && !slices.Contains(a.Plausible, None):
		return 1
	}
	return 0
}

// bestSeparator finds the change after which most of the layers that are left would be out if the request got further.
// One that every layer or no layer reads tells nothing.
func bestSeparator(e Exchange, a Attribution, asked map[string]bool, material Material, run Crafting) (Extra, bool) {
	plain := elimination{orders: plainOrders, plain: true}
	x := exchange{c: e.Case, req: e.Request, obs: e.Observation, api: a.API, custom: e.Case.Access.Kind == AccessCustomDomain}
	api := x.usualAPI()
	before := plain.keys(&state{x: &x})
	var best Extra
	most := 0
	for _, sep := range separators {
		c := sep.derive(e.Case)
		req, err := Craft(c, material, run, ExtraSeparate)
		if err != nil || asked[sameness(c, req)] {
			continue
		}
		x.req = req
		after := plain.keys(&state{x: &x})
		var same, other []Layer
		blocked := false
		for _, l := range a.Plausible {
			i := slices.IndexFunc(readsTable, func(r reads) bool { return r.layer == l && r.of(api) })
			switch equal := i >= 0 && before[i] != "" && before[i] == after[i]; {
			case equal && sep.passes(l, api):
				same = append(same, l)
			case !equal:
				other = append(other, l)
				blocked = blocked || slices.Contains(sep.wall, l)
			}
		}
		if len(same) > most && len(other) > 0 && !blocked {
			most = len(same)
			best = Extra{
				Case: c, Name: ExtraSeparate + slashed(same) + "|" + slashed(other),
				Why: "sent to tell " + join(same) + " from " + join(other) + ": " + e.Case.Scenario.Name + ", " + sep.title,
			}
		}
	}
	return best, most > 0
}

// passes reports whether the changed request can be seen to get past l, wherever it ends.
func (s separator) passes(l Layer, api APIType) bool {
	return !slices.ContainsFunc(s.wall, func(w Layer) bool { return !plainOrders[api].before(l, w) })
}

// derive is the case with the change on top.
func (s separator) derive(c Case) Case {
	first := c.Scenario.Change
	c.Scenario.Name += "+" + s.name
	c.Scenario.Title += ", " + s.title
	c.Scenario.Change = func(r *Recipe) {
		if first != nil {
			first(r)
		}
		s.change(r)
	}
	c.Control = false
	c.Expected = Expectation{}
	return c
}

// sameness identifies requests that differ in nothing but when and as which request they were signed.
func sameness(c Case, r *Request) string {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	parts := []string{c.Access.ID(), scheme}
	for f, v := range r.Facets {
		if Facet(f) != FacetAuth && Facet(f) != FacetClock {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, "\x00")
}

func slashed(ls []Layer) string { return strings.ReplaceAll(join(ls), " or ", "/") }
