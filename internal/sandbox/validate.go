package sandbox

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// problems collects what is wrong with a model, each with its place.
type problems []error

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Errorf(format, args...)) }

// unique reports a name that is missing or comes twice.
func (p *problems) unique(seen map[string]bool, what, name string) {
	switch {
	case name == "":
		p.add("%s: missing", what)
	case seen[name]:
		p.add("%s %q: declared twice", what, name)
	}
	seen[name] = true
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

func (m *Model) validate() error {
	var p problems
	m.validatePrincipals(&p)
	m.validateAPIs(&p)
	m.validateKeys(&p)
	m.validatePlans(&p)
	m.validateDomains(&p)
	m.validateVPCEndpoints(&p)
	m.validateThrottles(&p)
	m.validateIssuers(&p)
	return errors.Join(p...)
}

func (m *Model) validatePrincipals(p *problems) {
	seen := map[string]bool{}
	for i := range m.Principals {
		u := &m.Principals[i]
		p.unique(seen, "principal", u.AccessKeyID)
		if u.SecretKey == "" {
			p.add("principal %q: missing secret key", u.AccessKeyID)
		}
		if !accountID.MatchString(u.account()) {
			p.add("principal %q: got ARN %q, want one with an account", u.AccessKeyID, u.ARN)
		}
		where := fmt.Sprintf("principal %q", u.AccessKeyID)
		u.Policy.validate(p, where)
		if u.Session != nil {
			u.Session.validate(p, where)
		}
	}
}

func (policy Policy) validate(p *problems, where string) {
	for _, s := range policy {
		if s.Effect != Allow && s.Effect != Deny {
			p.add("%s: got effect %q, want Allow or Deny", where, s.Effect)
		}
		for _, c := range s.Condition {
			if _, ok := operators[c.Operator]; !ok {
				p.add("%s: unknown condition operator %q", where, c.Operator)
			}
			if _, ok := conditionKeys[c.Key]; !ok {
				p.add("%s: unknown condition key %q", where, c.Key)
			}
		}
	}
}

func (m *Model) validateAPIs(p *problems) {
	seen := map[string]bool{}
	for i := range m.APIs {
		a := &m.APIs[i]
		p.unique(seen, "API", a.ID)
		where := fmt.Sprintf("API %q", a.ID)
		if a.Region == "" {
			p.add("%s: missing region", where)
		}
		if !accountID.MatchString(a.Account) {
			p.add("%s: got account %q, want 12 digits", where, a.Account)
		}
		if _, ok := authorizerTypes[a.family()]; !ok {
			p.add("%s: got type %q, want REST, HTTP or WEBSOCKET", where, a.Type)
		}
		if a.KeySource != "" && a.KeySource != KeyFromHeader && a.KeySource != KeyFromAuthorizer {
			p.add("%s: got key source %q, want HEADER or AUTHORIZER", where, a.KeySource)
		}
		validateEndpoint(p, where, a.Endpoint, Edge, Private, Regional)
		stages := map[string]bool{}
		for _, s := range a.Stages {
			p.unique(stages, where+": stage", s.Name)
			where := fmt.Sprintf("%s: stage %q", where, s.Name)
			validateWebACL(p, where, s.WebACL)
			if c := s.Canary; c != nil {
				if c.Every < 1 {
					p.add("%s: got a canary of every %d requests, want at least 1", where, c.Every)
				}
				m.validateRoutes(p, where+": canary", a, c.Routes)
			}
		}
		a.validateFeatures(p, where)
		m.validateDeployable(p, where, a)
		for _, s := range a.Stages {
			if s.Deployment != nil {
				m.validateDeployable(p, fmt.Sprintf("%s: deployment to %q", where, s.Name), a.deployed(&s))
			}
		}
	}
}

// validateDeployable looks at those parts of an API that are deployed.
func (m *Model) validateDeployable(p *problems, where string, a *API) {
	a.ResourcePolicy.validate(p, where)
	for name := range a.GatewayResponses {
		if !slices.Contains(responseTypes, name) {
			p.add("%s: unknown gateway response type %q", where, name)
		}
	}
	m.validateAuthorizers(p, where, a)
	m.validateRoutes(p, where, a, a.Routes)
}

func (m *Model) validateRoutes(p *problems, where string, a *API, routes []Route) {
	seen := map[string]bool{}
	for _, r := range routes {
		p.unique(seen, where+": route", r.key())
		m.validateRoute(p, fmt.Sprintf("%s: route %q", where, r.key()), a, r)
	}
}

func validateEndpoint(p *problems, where string, t EndpointType, want ...EndpointType) {
	if t != "" && !slices.Contains(want, t) {
		p.add("%s: got endpoint type %q, want one of %q", where, t, want)
	}
}

func validateWebACL(p *problems, where string, rules []WAFRule) {
	for _, r := range rules {
		if _, ok := wafMatches[r.Match]; !ok {
			p.add("%s: unknown WAF match %q", where, r.Match)
		}
		if r.Match == WAFSource {
			if _, err := netip.ParsePrefix(r.Value); err != nil {
				p.add("%s: got WAF source %q, want a network", where, r.Value)
			}
		}
	}
}

func (m *Model) validateRoute(p *problems, where string, a *API, r Route) {
	if !a.takesKey(&r) && (r.Method == "" || !strings.HasPrefix(r.Path, "/")) {
		p.add("%s: want a method and a path that begins with a slash", where)
	}
	a.validateAuthorization(p, where, &r)
	if r.Validator != nil {
		r.Validator.validate(p, where)
	}
	if _, ok := backends[r.Backend.Kind]; !ok {
		p.add("%s: unknown kind of backend %q", where, r.Backend.Kind)
	}
	if r.Backend.Kind == HTTPProxy {
		u, err := url.Parse(r.Backend.URL)
		if err != nil || !m.hasHost(u.Host) {
			p.add("%s: got backend %q, want the address of an API of this model", where, r.Backend.URL)
		}
	}
}

func (m *Model) hasAPI(id string) bool {
	return slices.ContainsFunc(m.APIs, func(a API) bool { return a.ID == id })
}

func (m *Model) hasHost(host string) bool {
	return slices.ContainsFunc(m.APIs, func(a API) bool { return a.Host() == host }) ||
		slices.ContainsFunc(m.Domains, func(d Domain) bool { return d.Host == host })
}

func (m *Model) validateKeys(p *problems) {
	names, values := map[string]bool{}, map[string]bool{}
	for _, k := range m.Keys {
		p.unique(names, "API key", k.Name)
		if values[k.Value] {
			p.add("API key %q: its value is another key's", k.Name)
		}
		values[k.Value] = true
		if len(k.Value) < 20 || len(k.Value) > 128 {
			p.add("API key %q: got a value of %d characters, want 20 to 128", k.Name, len(k.Value))
		}
	}
}

func (m *Model) validatePlans(p *problems) {
	type admission struct {
		key string
		APIStage
	}
	seen, admitted := map[string]bool{}, map[admission]bool{}
	for _, plan := range m.Plans {
		p.unique(seen, "usage plan", plan.Name)
		if plan.Rate > 0 && plan.Burst == 0 {
			p.add("usage plan %q: a rate needs a burst", plan.Name)
		}
		for _, s := range plan.Stages {
			if !slices.ContainsFunc(m.APIs, func(a API) bool { return a.ID == s.API && a.stage(s.Stage) != nil }) {
				p.add("usage plan %q: no stage %q of API %q", plan.Name, s.Stage, s.API)
			}
		}
		for _, key := range plan.Keys {
			if !slices.ContainsFunc(m.Keys, func(k APIKey) bool { return k.Name == key }) {
				p.add("usage plan %q: no API key %q", plan.Name, key)
			}
			for _, s := range plan.Stages {
				if admitted[admission{key, s}] {
					p.add("usage plan %q: API key %q already has a plan for stage %q of API %q", plan.Name, key, s.Stage, s.API)
				}
				admitted[admission{key, s}] = true
			}
		}
	}
}

// validateDomains leaves one mistake in peace: a mapping to a stage that does
// not exist is what remains when somebody deletes the stage.
func (m *Model) validateDomains(p *problems) {
	seen := map[string]bool{}
	for _, d := range m.Domains {
		p.unique(seen, "domain", d.Host)
		validateEndpoint(p, fmt.Sprintf("domain %q", d.Host), d.Endpoint, Edge, Regional)
		m.validateMutualTLS(p, &d)
		paths := map[string]bool{}
		for _, mapping := range d.Mappings {
			if paths[mapping.BasePath] {
				p.add("domain %q: base path %q mapped twice", d.Host, mapping.BasePath)
			}
			paths[mapping.BasePath] = true
			if strings.Trim(mapping.BasePath, "/") != mapping.BasePath {
				p.add("domain %q: got base path %q, want none of its slashes at the ends", d.Host, mapping.BasePath)
			}
			if !m.hasAPI(mapping.API) {
				p.add("domain %q: no API %q", d.Host, mapping.API)
			}
			if slices.ContainsFunc(m.APIs, func(a API) bool { return a.ID == mapping.API && a.Endpoint == Private }) {
				p.add("domain %q: API %q is PRIVATE, and the domain is not", d.Host, mapping.API)
			}
		}
		m.validateSharing(p, &d)
		for _, rule := range d.Rules {
			if rule.Header == "" || !m.hasAPI(rule.API) {
				p.add("domain %q: a routing rule needs a header and an API, got %q and %q", d.Host, rule.Header, rule.API)
			}
		}
	}
	for host := range m.Fronts {
		if !m.hasHost(host) {
			p.add("front of %q: no such host", host)
		}
	}
}
