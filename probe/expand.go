package probe

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Selection narrows a matrix. Empty fields select all.
type Selection struct {
	APIs      []string // names
	Routes    []string // "GET /orders/{id}"
	Accesses  []string // kinds, hosts or ids
	Scenarios []string // names; "control" selects the controls
	Smoke     bool     // the smoke matrix: few scenarios, one route for each distinct posture of an API
}

// SelectControl is the name that selects the controls among the scenarios.
const SelectControl = "control"

// Expand lists every case of a plan's matrix in a stable order, controls first for each API, and every case that is
// not sent, with the reason. Nothing is resolved and nothing is sent.
func Expand(plan *Plan, catalogue []Scenario, sel Selection) ([]Case, []Skip) {
	e := expansion{plan: plan, catalogue: catalogue, sel: sel}
	for _, api := range plan.APIs {
		if len(sel.APIs) == 0 || slices.Contains(sel.APIs, api.Name) {
			e.api(api)
		}
	}
	return e.cases, e.skips
}

type expansion struct {
	plan      *Plan
	catalogue []Scenario
	sel       Selection
	cases     []Case
	skips     []Skip
}

func (e *expansion) api(api API) {
	first := len(e.cases)
	accesses := slices.DeleteFunc(api.Accesses(), func(a Access) bool { return !e.wantsAccess(a) })
	routes := e.routes(api)
	for _, access := range accesses {
		for _, route := range routes {
			for _, s := range e.catalogue {
				if s.Scope == ScopeRoute && !s.Door {
					e.add(s, Target{e.plan, api, route, access})
				}
			}
		}
	}
	for _, s := range e.catalogue {
		switch {
		case s.Door:
			if door := api.Door(); len(routes) > 0 && e.wantsAccess(door) {
				e.add(s, Target{e.plan, api, simplest(routes), door})
			}
		case s.Scope == ScopeAccess:
			for _, access := range accesses {
				if len(routes) > 0 {
					e.add(s, Target{e.plan, api, simplest(routes), access})
				}
			}
		}
	}
	slices.SortStableFunc(e.cases[first:], func(a, b Case) int {
		switch {
		case a.Control == b.Control:
			return 0
		case a.Control:
			return -1
		default:
			return 1
		}
	})
}

func (e *expansion) wantsAccess(a Access) bool {
	return len(e.sel.Accesses) == 0 || slices.ContainsFunc(e.sel.Accesses, a.Matches)
}

// routes are the selected ones; for the smoke matrix one of each distinct posture, a safe one where there is one.
func (e *expansion) routes(api API) []Route {
	var out []Route
	chosen := make(map[string]int)
	for _, r := range api.Routes {
		if len(e.sel.Routes) > 0 && !slices.Contains(e.sel.Routes, r.Name()) {
			continue
		}
		posture := fmt.Sprintf("%s %t", r.Authorization, r.APIKeyRequired)
		i, seen := chosen[posture]
		switch {
		case !e.sel.Smoke || !seen:
			chosen[posture] = len(out)
			out = append(out, r)
		case !safe(out[i].Method) && safe(r.Method):
			out[i] = r
		}
	}
	return out
}

// simplest returns the route that asks for the least of what a request to a changed address may not carry.
func simplest(routes []Route) Route {
	best, bestCost := routes[0], 99
	for _, r := range routes {
		cost := 0
		if r.APIKeyRequired {
			cost += 4
		}
		if r.Authorization.TakesToken() {
			cost += 3
		}
		if !safe(r.Method) {
			cost += 2
		}
		if r.Authorization == AuthIAM && r.Principal == "" {
			cost++
		}
		if cost < bestCost {
			best, bestCost = r, cost
		}
	}
	return best
}

func (e *expansion) add(s Scenario, t Target) {
	c := Case{Scenario: s, Target: t, Control: s.IsControl(t.Route.Authorization)}
	if !e.wants(c) {
		return
	}
	if s.Applies != nil {
		if reason := s.Applies(t); reason != "" {
			e.skips = append(e.skips, Skip{c, reason, true})
			return
		}
	}
	want := expectation(c)
	if reason := e.lacks(&c, want); reason != "" {
		e.skips = append(e.skips, Skip{c, reason, false})
		return
	}
	c.Expected = want
	e.cases = append(e.cases, c)
}

// expectation is what should come back for a case: what the posture makes of it, unless the owner says otherwise.
func expectation(c Case) Expectation {
	if c.Control {
		return Expectation{Layers: []Layer{None}, Status: c.Route.Success}.overridden(c)
	}
	want := c.Scenario.Expect(c.Target)
	if c.NeedsKey() && c.Route.APIKey == nil && c.Scenario.Kind == Gate && c.Scenario.Scope == ScopeRoute &&
		!want.accepts() && slices.ContainsFunc(want.Layers, func(l Layer) bool { return !soundOrders[REST].before(l, APIKeyLayer) }) &&
		!slices.Contains(want.Layers, APIKeyLayer) {
		// Without the key both gates must refuse, and where no order is known either may come first.
		want.Layers = append(slices.Clone(want.Layers), APIKeyLayer)
	}
	return want.privately(c.API).rewrittenStatus(c.API).overridden(c)
}

// overridden is what the owner expects of a case in place of e.
func (e Expectation) overridden(c Case) Expectation {
	own, ok := c.Route.Expect[c.Scenario.Name]
	if !ok {
		return e
	}
	own.Declared = true
	if own.Layers == nil {
		own.Layers = e.Layers
	}
	return own
}

// wants reports whether the selection has the case. Controls always go along: the others are compared with them.
func (e *expansion) wants(c Case) bool {
	if e.sel.Smoke && !c.Scenario.Smoke {
		return false
	}
	return c.Control || len(e.sel.Scenarios) == 0 || slices.Contains(e.sel.Scenarios, c.Scenario.Name)
}

// lacks says which consent or credentials a case lacks, or "", and fixes who signs it.
func (e *expansion) lacks(c *Case, want Expectation) string {
	r, accepted := c.Route, c.Control || want.accepts()
	if r.Authorization == AuthIAM {
		names := map[Signer]string{AsControl: r.Principal, IfAny: r.Principal, Outsider: r.Outsider, ExpiredSession: r.ExpiredSession}
		keys := map[Signer]string{AsControl: "principal", Outsider: "outsider", ExpiredSession: "expired_session"}
		c.Principal = names[c.Scenario.Signer]
		if key, needed := keys[c.Scenario.Signer]; needed && c.Principal == "" {
			return "needs credentials: the route has no " + key
		}
	}
	if r.Authorization.TakesToken() && c.Scenario.Signer != Nobody {
		kind := cmp.Or(c.Scenario.Token, ValidToken)
		if c.Token = r.Token.Given[kind]; c.Token == nil && c.Scenario.Signer != IfAny {
			return fmt.Sprintf("needs a token: the route has no token.%s", kind)
		}
		if c.Scenario.Misroutes {
			c.Token = nil
		}
	}
	if accepted && c.NeedsKey() && r.APIKey == nil && !c.Scenario.Anonymous {
		return "needs an API key: the route has no api_key"
	}
	if !safe(r.Method) && !c.Scenario.Anonymous {
		switch {
		case c.API.Mutation == MutationAll:
		case accepted:
			return fmt.Sprintf("unsafe: %s may change data; allow it with mutation: all", r.Method)
		case c.API.Mutation != MutationRefusedOnly:
			return fmt.Sprintf("unsafe: %s changes data if it gets past; allow it with mutation: refused-only", r.Method)
		}
	}
	return ""
}

// safe reports whether a method must not change data (RFC 9110, section 9.2.1). ANY is asked as GET, and so is a handshake.
func safe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, "ANY", "":
		return true
	}
	return false
}

// Known checks a selection against a plan and a catalogue and says which names match nothing.
func (sel Selection) Known(plan *Plan, catalogue []Scenario) error {
	var errs []error
	check := func(what string, got, have []string) {
		for _, name := range got {
			if !slices.Contains(have, name) {
				errs = append(errs, fmt.Errorf("selecting %s: got %q, want one of %s", what, name, strings.Join(have, ", ")))
			}
		}
	}
	var apis, routes, accesses []string
	scenarios := []string{SelectControl}
	for _, a := range plan.APIs {
		apis = append(apis, a.Name)
		for _, r := range a.Routes {
			routes = append(routes, r.Name())
		}
		for _, x := range append(a.Accesses(), a.Door()) {
			for _, name := range []string{string(x.Kind), x.Name(), x.ID()} {
				if name != "" && !slices.Contains(accesses, name) {
					accesses = append(accesses, name)
				}
			}
		}
	}
	for _, s := range catalogue {
		scenarios = append(scenarios, s.Name)
	}
	check("API", sel.APIs, apis)
	check("route", sel.Routes, routes)
	check("access", sel.Accesses, accesses)
	check("scenario", sel.Scenarios, scenarios)
	return errors.Join(errs...)
}
