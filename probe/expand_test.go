package probe

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// refusedBy is an expectation that does not depend on the target.
func refusedBy(ls ...Layer) func(Target) Expectation {
	return func(Target) Expectation { return Refused(403, ls...) }
}

func onlySigned(t Target) string {
	if t.Route.Authorization != AuthIAM {
		return "no signature"
	}
	return ""
}

func onlyKeyed(t Target) string {
	if !t.Route.APIKeyRequired {
		return "no key"
	}
	return ""
}

func onlyDefault(t Target) string {
	if t.Access.Kind != AccessDefault {
		return "no stage in the path"
	}
	return ""
}

// smallCatalogue is a catalogue with one scenario of each kind that the code treats in its own way.
func smallCatalogue() []Scenario {
	return []Scenario{
		{Name: "sigv4", Kind: Gate, Scope: ScopeRoute, Smoke: true, ControlFor: []Authorization{AuthIAM}, Applies: onlySigned},
		{
			Name: "unsigned", Kind: Gate, Scope: ScopeRoute, Smoke: true, Signer: Nobody, ControlFor: []Authorization{AuthNone},
			Changes: []Facet{FacetAuth, FacetPrincipal}, Change: func(r *Recipe) { r.Signing = nil }, Expect: refusedBy(IAMAuthentication),
		},
		{
			Name: "tampered", Kind: Gate, Scope: ScopeRoute, Changes: []Facet{FacetAuth}, Applies: onlySigned,
			Change: func(r *Recipe) { r.Signing.Tamper = true }, Expect: refusedBy(IAMAuthentication),
		},
		{
			Name: "outsider", Kind: Gate, Scope: ScopeRoute, Signer: Outsider, Changes: []Facet{FacetAuth, FacetPrincipal, FacetClock},
			Applies: onlySigned, Expect: refusedBy(IAMAuthorization, ResourcePolicy),
		},
		{
			Name: "ended", Kind: Gate, Scope: ScopeRoute, Signer: ExpiredSession, Changes: []Facet{FacetAuth, FacetPrincipal, FacetClock},
			Applies: onlySigned, Expect: refusedBy(IAMAuthentication),
		},
		{
			Name: "keyless", Kind: Gate, Scope: ScopeRoute, Smoke: true, Changes: []Facet{FacetKey, FacetAuth}, Applies: onlyKeyed,
			Change: func(r *Recipe) { r.APIKey = Secret{} }, Expect: refusedBy(APIKeyLayer),
		},
		{
			Name: "stageless", Kind: Routing, Scope: ScopeAccess, Smoke: true, Misroutes: true, Signer: Nobody, Applies: onlyDefault,
			Change: func(r *Recipe) { r.Signing = nil; r.Prefix = "/" + r.Random; r.DeadEnd = Stage }, Expect: refusedBy(Stage),
		},
		{
			Name: "door", Kind: Gate, Scope: ScopeAccess, Smoke: true, Door: true, Misroutes: true, Signer: IfAny,
			Applies: func(t Target) string {
				switch {
				case t.API.ID == "":
					return "no id"
				case t.API.DefaultEndpoint == Enabled:
					return "open as declared"
				}
				return ""
			},
			Expect: func(t Target) Expectation {
				if t.API.DefaultEndpoint == Unknown {
					return Expectation{Undeclared: "default_endpoint"}
				}
				return Refused(403, Domain)
			},
		},
	}
}

// listed is a matrix in words: a line for each case and each skip.
func listed(cases []Case, skips []Skip) []string {
	var out []string
	for _, c := range cases {
		line := c.Route.Name() + " " + c.Access.ID() + " " + c.Scenario.Name
		if c.Control {
			line += " (control)"
		}
		if c.Principal != "" {
			line += " by " + c.Principal
		}
		out = append(out, c.API.Name+": "+line)
	}
	for _, s := range skips {
		out = append(out, s.API.Name+": "+s.Route.Name()+" "+s.Access.ID()+" "+s.Scenario.Name+" skipped: "+s.Reason)
	}
	return out
}

func checkMatrix(t *testing.T, p *Plan, sel Selection, want string) {
	t.Helper()
	cases, skips := Expand(p, smallCatalogue(), sel)
	var lines []string
	for _, line := range strings.Split(want, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	checkEqual(t, "matrix", listed(cases, skips), lines)
}

func iamRoute(path string) Route {
	return Route{Method: "GET", Path: path, Authorization: AuthIAM, Principal: "caller", Outsider: "outsider", ExpiredSession: "ended"}
}

func openRoute(path string) Route { return Route{Method: "GET", Path: path, Authorization: AuthNone} }

func onePlan(apis ...API) *Plan { return &Plan{Environment: "test", APIs: apis} }

func oneAPI(routes ...Route) API {
	return API{
		Name: "a", Type: REST, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod", DefaultEndpoint: Enabled, CatchAll: Absent, Routes: routes,
	}
}

func TestExpandControlsComeFirst(t *testing.T) {
	checkMatrix(t, onePlan(oneAPI(openRoute("/health"), iamRoute("/orders"))), Selection{}, `
		a: GET /health default unsigned (control)
		a: GET /orders default sigv4 (control) by caller
		a: GET /orders default unsigned
		a: GET /orders default tampered by caller
		a: GET /orders default outsider by outsider
		a: GET /orders default ended by ended
		a: GET /health default stageless
		a: GET /health default sigv4 skipped: no signature
		a: GET /health default tampered skipped: no signature
		a: GET /health default outsider skipped: no signature
		a: GET /health default ended skipped: no signature
		a: GET /health default keyless skipped: no key
		a: GET /orders default keyless skipped: no key
		a: GET /health default door skipped: open as declared
	`)
}

func TestExpandEachAPIByItself(t *testing.T) {
	one, two := oneAPI(openRoute("/one")), oneAPI(iamRoute("/two"))
	one.Name, two.Name = "one", "two"
	p := onePlan(one, two)
	sel := Selection{Scenarios: []string{"stageless", SelectControl}}
	checkMatrix(t, p, sel, `
		one: GET /one default unsigned (control)
		one: GET /one default stageless
		two: GET /two default sigv4 (control) by caller
		two: GET /two default stageless
	`)
	sel.APIs = []string{"two"}
	checkMatrix(t, p, sel, `
		two: GET /two default sigv4 (control) by caller
		two: GET /two default stageless
	`)
}

func TestExpandSmoke(t *testing.T) {
	keyed := iamRoute("/keyed")
	keyed.APIKeyRequired, keyed.APIKey = true, Literal("key")
	checkMatrix(t, onePlan(oneAPI(iamRoute("/one"), iamRoute("/two"), openRoute("/three"), openRoute("/four"), keyed)), Selection{Smoke: true}, `
		a: GET /one default sigv4 (control) by caller
		a: GET /three default unsigned (control)
		a: GET /keyed default sigv4 (control) by caller
		a: GET /one default unsigned
		a: GET /keyed default unsigned
		a: GET /keyed default keyless by caller
		a: GET /one default stageless
		a: GET /one default keyless skipped: no key
		a: GET /three default sigv4 skipped: no signature
		a: GET /three default keyless skipped: no key
		a: GET /one default door skipped: open as declared
	`)
}

func TestExpandAccesses(t *testing.T) {
	api := oneAPI(openRoute("/x"))
	api.DefaultEndpoint = Disabled
	api.Domains = []CustomDomain{{Host: hostCustom, BasePath: "v1"}, {Host: hostOther}}
	sel := Selection{Scenarios: []string{"stageless", "door"}}
	checkMatrix(t, onePlan(api), sel, `
		a: GET /x custom-domain:api.example.com/v1 unsigned (control)
		a: GET /x custom-domain:other.example.com unsigned (control)
		a: GET /x default door
		a: GET /x custom-domain:api.example.com/v1 stageless skipped: no stage in the path
		a: GET /x custom-domain:other.example.com stageless skipped: no stage in the path
	`)
	for _, c := range []struct{ access, want string }{
		{"default", "a: GET /x default door"},
		{api.DefaultHost(), "a: GET /x default door"},
		{hostOther, `
			a: GET /x custom-domain:other.example.com unsigned (control)
			a: GET /x custom-domain:other.example.com stageless skipped: no stage in the path`},
		{"custom-domain:api.example.com/v1", `
			a: GET /x custom-domain:api.example.com/v1 unsigned (control)
			a: GET /x custom-domain:api.example.com/v1 stageless skipped: no stage in the path`},
		{"custom-domain", `
			a: GET /x custom-domain:api.example.com/v1 unsigned (control)
			a: GET /x custom-domain:other.example.com unsigned (control)
			a: GET /x custom-domain:api.example.com/v1 stageless skipped: no stage in the path
			a: GET /x custom-domain:other.example.com stageless skipped: no stage in the path`},
		{"elsewhere", ""},
	} {
		t.Run(c.access, func(t *testing.T) {
			sel := sel
			sel.Accesses = []string{c.access}
			checkMatrix(t, onePlan(api), sel, c.want)
		})
	}
	t.Run("both open", func(t *testing.T) {
		api := api
		api.DefaultEndpoint = Enabled
		api.Domains = api.Domains[:1]
		checkMatrix(t, onePlan(api), sel, `
			a: GET /x default unsigned (control)
			a: GET /x custom-domain:api.example.com/v1 unsigned (control)
			a: GET /x default stageless
			a: GET /x custom-domain:api.example.com/v1 stageless skipped: no stage in the path
			a: GET /x default door skipped: open as declared`)
	})
	t.Run("nothing is said and there is no other way", func(t *testing.T) {
		api := api
		api.DefaultEndpoint, api.Domains = Unknown, nil
		checkMatrix(t, onePlan(api), sel, `
			a: GET /x default unsigned (control)
			a: GET /x default stageless
			a: GET /x default door`)
	})
	t.Run("no id", func(t *testing.T) {
		api := api
		api.ID, api.Domains = "", api.Domains[1:]
		checkMatrix(t, onePlan(api), sel, `
			a: GET /x custom-domain:other.example.com unsigned (control)
			a: GET /x custom-domain:other.example.com stageless skipped: no stage in the path
			a: GET /x default door skipped: no id`)
	})
	t.Run("no routes", func(t *testing.T) {
		api := api
		api.Routes = nil
		checkMatrix(t, onePlan(api), Selection{}, "")
	})
}

func TestExpandFilters(t *testing.T) {
	api := oneAPI(iamRoute("/one"), iamRoute("/two"))
	for _, c := range []struct {
		name string
		sel  Selection
		want string
	}{
		{"route", Selection{Routes: []string{"GET /two"}, Scenarios: []string{"unsigned"}}, `
			a: GET /two default sigv4 (control) by caller
			a: GET /two default unsigned`},
		{"scenario brings its controls along", Selection{Scenarios: []string{"tampered"}}, `
			a: GET /one default sigv4 (control) by caller
			a: GET /two default sigv4 (control) by caller
			a: GET /one default tampered by caller
			a: GET /two default tampered by caller`},
		{"control", Selection{Scenarios: []string{SelectControl}}, `
			a: GET /one default sigv4 (control) by caller
			a: GET /two default sigv4 (control) by caller`},
		{"smoke and a scenario", Selection{Smoke: true, Scenarios: []string{"tampered", "unsigned"}}, `
			a: GET /one default sigv4 (control) by caller
			a: GET /one default unsigned`},
		{"two scenarios in the order of the catalogue", Selection{Routes: []string{"GET /one"}, Scenarios: []string{"ended", "unsigned"}}, `
			a: GET /one default sigv4 (control) by caller
			a: GET /one default unsigned
			a: GET /one default ended by ended`},
		{"no such API", Selection{APIs: []string{"b"}}, ""},
		{"no such route", Selection{Routes: []string{"GET /three"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { checkMatrix(t, onePlan(api), c.sel, c.want) })
	}
}

func TestExpandCredentials(t *testing.T) {
	bare := Route{Method: "GET", Path: "/x", Authorization: AuthIAM, APIKeyRequired: true}
	checkMatrix(t, onePlan(oneAPI(bare)), Selection{}, `
		a: GET /x default unsigned
		a: GET /x default stageless
		a: GET /x default sigv4 skipped: needs credentials: the route has no principal
		a: GET /x default tampered skipped: needs credentials: the route has no principal
		a: GET /x default outsider skipped: needs credentials: the route has no outsider
		a: GET /x default ended skipped: needs credentials: the route has no expired_session
		a: GET /x default keyless skipped: needs credentials: the route has no principal
		a: GET /x default door skipped: open as declared
	`)
	open := openRoute("/x")
	open.APIKeyRequired = true
	checkMatrix(t, onePlan(oneAPI(open)), Selection{Scenarios: []string{"keyless"}}, `
		a: GET /x default keyless
		a: GET /x default unsigned skipped: needs an API key: the route has no api_key
	`)
	t.Run("the door needs nobody", func(t *testing.T) {
		api := oneAPI(bare)
		api.DefaultEndpoint = Disabled
		checkMatrix(t, onePlan(api), Selection{}, "a: GET /x default door")
	})
}

func TestExpandMutation(t *testing.T) {
	post := iamRoute("/x")
	post.Method = "POST"
	sel := Selection{Scenarios: []string{"unsigned", "stageless"}}
	for _, c := range []struct {
		mutation Mutation
		want     string
	}{
		{MutationNone, `
			a: POST /x default sigv4 skipped: unsafe: POST may change data; allow it with mutation: all
			a: POST /x default unsigned skipped: unsafe: POST changes data if it gets past; allow it with mutation: refused-only
			a: POST /x default stageless skipped: unsafe: POST changes data if it gets past; allow it with mutation: refused-only`},
		{MutationRefusedOnly, `
			a: POST /x default unsigned
			a: POST /x default stageless
			a: POST /x default sigv4 skipped: unsafe: POST may change data; allow it with mutation: all`},
		{MutationAll, `
			a: POST /x default sigv4 (control) by caller
			a: POST /x default unsigned
			a: POST /x default stageless`},
	} {
		t.Run("mutation "+string(c.mutation), func(t *testing.T) {
			api := oneAPI(post)
			api.Mutation = c.mutation
			checkMatrix(t, onePlan(api), sel, c.want)
		})
	}
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "ANY"} {
		t.Run(method, func(t *testing.T) {
			r := openRoute("/x")
			r.Method = method
			checkMatrix(t, onePlan(oneAPI(r)), Selection{Scenarios: []string{SelectControl}}, "a: "+method+" /x default unsigned (control)")
		})
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "QUERY", "get"} {
		if safe(method) {
			t.Errorf("%s is said to be safe", method)
		}
	}
}

// TestSimplest: a scenario of an access goes over the route that asks for the least.
func TestSimplest(t *testing.T) {
	keyed, post, bare := iamRoute("/keyed"), openRoute("/post"), iamRoute("/bare")
	keyed.APIKeyRequired, post.Method, bare.Principal = true, "POST", ""
	keyedPost := keyed
	keyedPost.Path, keyedPost.Method, keyedPost.Principal = "/keyed-post", "DELETE", ""
	plain := openRoute("/plain")
	for _, c := range []struct {
		name   string
		routes []Route
		want   string
	}{
		{"the first of equals", []Route{plain, iamRoute("/iam")}, "/plain"},
		{"the first of equals, other way round", []Route{iamRoute("/iam"), plain}, "/iam"},
		{"without a key", []Route{keyed, plain}, "/plain"},
		{"a safe method", []Route{post, plain}, "/plain"},
		{"with a principal", []Route{bare, iamRoute("/iam")}, "/iam"},
		{"no principal before no safe method", []Route{post, bare}, "/bare"},
		{"no safe method before a key", []Route{keyed, post}, "/post"},
		{"the only one", []Route{keyedPost}, "/keyed-post"},
	} {
		t.Run(c.name, func(t *testing.T) { checkEqual(t, "route", simplest(c.routes).Path, c.want) })
	}
}

func TestExpandExpectations(t *testing.T) {
	keyed := iamRoute("/x")
	keyed.APIKeyRequired, keyed.Success = true, []int{200, 204}
	withKey := keyed
	withKey.APIKey = Literal("key")
	own := withKey
	own.Expect = map[string]Expectation{
		"unsigned": {Status: []int{401}}, "tampered": {Layers: []Layer{WAF}, Status: []int{403}}, "sigv4": {Status: []int{201}},
	}
	control := Expectation{Layers: []Layer{None}, Status: []int{200, 204}}
	for _, c := range []struct {
		name  string
		route Route
		want  map[string]Expectation
	}{
		{"with the key", withKey, map[string]Expectation{
			"sigv4": control, "unsigned": Refused(403, IAMAuthentication), "tampered": Refused(403, IAMAuthentication),
			"outsider": Refused(403, IAMAuthorization, ResourcePolicy), "ended": Refused(403, IAMAuthentication), "keyless": Refused(403, APIKeyLayer),
			"stageless": Refused(403, Stage),
		}},
		{"without the key either gate may come first", keyed, map[string]Expectation{
			"unsigned": Refused(403, IAMAuthentication, APIKeyLayer), "tampered": Refused(403, IAMAuthentication, APIKeyLayer),
			"outsider": Refused(403, IAMAuthorization, ResourcePolicy, APIKeyLayer), "ended": Refused(403, IAMAuthentication, APIKeyLayer),
			"keyless": Refused(403, APIKeyLayer), "stageless": Refused(403, Stage),
		}},
		{"the owner's own", own, map[string]Expectation{
			"sigv4":    {Layers: []Layer{None}, Status: []int{201}, Declared: true},
			"unsigned": {Layers: []Layer{IAMAuthentication}, Status: []int{401}, Declared: true},
			"tampered": {Layers: []Layer{WAF}, Status: []int{403}, Declared: true},
			"outsider": Refused(403, IAMAuthorization, ResourcePolicy), "ended": Refused(403, IAMAuthentication), "keyless": Refused(403, APIKeyLayer),
			"stageless": Refused(403, Stage),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cases, _ := Expand(onePlan(oneAPI(c.route)), smallCatalogue(), Selection{})
			got := make(map[string]Expectation)
			for _, cs := range cases {
				got[cs.Scenario.Name] = cs.Expected
			}
			checkEqual(t, "expectations", got, c.want)
		})
	}
	t.Run("one target does not change the next", func(t *testing.T) {
		shared := []Layer{IAMAuthentication, ResourcePolicy}
		s := smallCatalogue()[1]
		s.Expect = func(Target) Expectation { return Expectation{Layers: shared[:1]} }
		Expand(onePlan(oneAPI(keyed)), []Scenario{s}, Selection{})
		checkEqual(t, "layers that the scenario keeps", shared, []Layer{IAMAuthentication, ResourcePolicy})
	})
}

// TestExpandIsStable: equal plans give equal matrices, and every id is there once.
func TestExpandIsStable(t *testing.T) {
	keyed := iamRoute("/keyed")
	keyed.APIKeyRequired, keyed.APIKey = true, Literal("key")
	api := oneAPI(iamRoute("/one"), openRoute("/two"), keyed)
	api.Domains = []CustomDomain{{Host: hostCustom}, {Host: hostCustom, BasePath: "v1"}, {Host: hostOther}}
	second := api
	second.Name = "b"
	p := onePlan(api, second)
	cases, skips := Expand(p, smallCatalogue(), Selection{})
	want := listed(cases, skips)
	for range 5 {
		cases, skips := Expand(p, smallCatalogue(), Selection{})
		checkEqual(t, "again", listed(cases, skips), want)
	}
	seen := make(map[string]bool)
	for _, c := range cases {
		if seen[c.ID()] {
			t.Errorf("case %s: twice", c.ID())
		}
		seen[c.ID()] = true
	}
	for _, s := range skips {
		if seen[s.ID()] {
			t.Errorf("case %s: sent and skipped, or skipped twice", s.ID())
		}
		seen[s.ID()] = true
	}
	checkEqual(t, "cases", len(seen), 2*(4*3*6+4+1))
}

func TestKnown(t *testing.T) {
	api := oneAPI(iamRoute("/one"), openRoute("/two"))
	api.Domains = []CustomDomain{{Host: hostCustom, BasePath: "v1"}}
	const (
		apis      = `want one of a`
		routes    = `want one of GET /one, GET /two`
		accesses  = `want one of default, a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com, custom-domain, api.example.com, custom-domain:api.example.com/v1`
		scenarios = `want one of control, sigv4, unsigned, tampered, outsider, ended, keyless, stageless, door`
	)
	for _, c := range []struct {
		name string
		sel  Selection
		want []string
	}{
		{"nothing", Selection{}, nil},
		{"all", Selection{
			APIs: []string{"a"}, Routes: []string{"GET /one", "GET /two"}, Accesses: []string{"default", hostCustom, "custom-domain", "custom-domain:api.example.com/v1", hostDefault},
			Scenarios: []string{"control", "door", "sigv4"},
		}, nil},
		{"one of each", Selection{APIs: []string{"b"}, Routes: []string{"POST /one"}, Accesses: []string{"vpc"}, Scenarios: []string{"x"}}, []string{
			`selecting API: got "b", ` + apis, `selecting route: got "POST /one", ` + routes, `selecting access: got "vpc", ` + accesses,
			`selecting scenario: got "x", ` + scenarios,
		}},
		{"several, with known ones between", Selection{APIs: []string{"b", "a", "c"}, Scenarios: []string{"control", ""}}, []string{
			`selecting API: got "b", ` + apis, `selecting API: got "c", ` + apis, `selecting scenario: got "", ` + scenarios,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.sel.Known(onePlan(api), smallCatalogue())
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			checkEqual(t, "errors", got, c.want)
		})
	}
}

// FuzzKnown: a selection that is said to be known selects by names of the plan only.
func FuzzKnown(f *testing.F) {
	f.Add("a", "GET /one", "default", "control")
	f.Add("", "GET /three", hostDefault, "door")
	api := oneAPI(iamRoute("/one"), openRoute("/two"))
	f.Fuzz(func(t *testing.T, name, route, access, scenario string) {
		sel := Selection{APIs: []string{name}, Routes: []string{route}, Accesses: []string{access}, Scenarios: []string{scenario}}
		known := name == "a" && slices.Contains([]string{"GET /one", "GET /two"}, route) && slices.Contains([]string{"default", hostDefault}, access) &&
			(scenario == SelectControl || slices.ContainsFunc(smallCatalogue(), func(s Scenario) bool { return s.Name == scenario }))
		err := sel.Known(onePlan(api), smallCatalogue())
		if known != (err == nil) {
			t.Errorf("%+v: got %v", sel, err)
		}
		cases, skips := Expand(onePlan(api), smallCatalogue(), sel)
		if len(cases)+len(skips) > 0 && (name != "a" || !cmp.Equal(access, "default") && access != hostDefault) {
			t.Errorf("%+v: selected %q", sel, listed(cases, skips))
		}
	})
}
