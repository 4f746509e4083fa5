package sandbox

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
)

func (m *Model) validateAuthorizers(p *problems, where string, a *API) {
	seen := map[string]bool{}
	for i := range a.Authorizers {
		z := &a.Authorizers[i]
		p.unique(seen, where+": authorizer", z.Name)
		where := fmt.Sprintf("%s: authorizer %q", where, z.Name)
		var allowed []AuthorizerType
		for _, types := range authorizerTypes[a.family()] {
			allowed = append(allowed, types...)
		}
		slices.Sort(allowed)
		if !slices.Contains(allowed, z.Type) {
			p.add("%s: got type %q, want one of %q for an API of type %s", where, z.Type, allowed, a.family())
		}
		for _, s := range z.Sources {
			if (s.Header != "") == (s.Query != "") && !s.RouteKey {
				p.add("%s: got an identity source %+v, want a header or a query parameter", where, s)
			}
		}
		if z.Type == TokenAuthorizer && len(z.Sources) > 1 {
			p.add("%s: got %d identity sources, want one header", where, len(z.Sources))
		}
		if z.Type == RequestAuthorizer && z.TTL > 0 && len(z.Sources) == 0 {
			p.add("%s: keeping what it answers needs an identity source", where)
		}
		if _, err := regexp.Compile(z.Validation); err != nil {
			p.add("%s: got validation expression %q: %w", where, z.Validation, err)
		}
		wantsIssuer := z.Type == CognitoAuthorizer || z.Type == JWTAuthorizer
		if wantsIssuer && !slices.ContainsFunc(m.Issuers, func(i Issuer) bool { return i.Name == z.Issuer }) {
			p.add("%s: no issuer %q", where, z.Issuer)
		}
		if z.Type == JWTAuthorizer && len(z.Audience) == 0 {
			p.add("%s: missing audience", where)
		}
		z.Function.validate(p, where)
	}
}

func (f *AuthorizerFunction) validate(p *problems, where string) {
	check := func(d Decision) {
		d.Policy.validate(p, where)
		if d.Fails != "" && d.Fails != Unauthorized && d.Fails != Crash && d.Fails != MalformedPolicy {
			p.add("%s: unknown failure %q", where, d.Fails)
		}
	}
	for _, d := range f.Tokens {
		check(d)
	}
	check(f.Otherwise)
}

// takesKey tells whether the route is named by a key alone, which its API has.
func (a *API) takesKey(r *Route) bool {
	return r.Method == "" && (a.family() == WebSocket || a.family() == HTTP && r.Path == defaultRoute)
}

// validateFeatures reports what an API of its type does not have.
func (a *API) validateFeatures(p *problems, where string) {
	lacks := func(what string, used bool) {
		if used {
			p.add("%s: an API of type %s has no %s", where, a.family(), what)
		}
	}
	if a.family() != REST {
		lacks("resource policy", len(a.ResourcePolicy) > 0)
		lacks("gateway responses", len(a.GatewayResponses) > 0)
		lacks("edge-optimized endpoint", a.Endpoint == Edge)
		lacks("private endpoint", a.Endpoint == Private)
		for _, s := range a.Stages {
			lacks("web ACL", len(s.WebACL) > 0)
			lacks("canary", s.Canary != nil)
		}
	}
	if a.family() == WebSocket {
		for _, r := range a.Routes {
			if r.Path != connectRoute && (r.Authorization != None || r.APIKeyRequired) {
				p.add("%s: route %q: only %s can be protected", where, r.key(), connectRoute)
			}
		}
	}
	lacks("CORS configuration", a.CORS != nil && a.family() != HTTP)
	for _, r := range a.Routes {
		lacks("API keys", r.APIKeyRequired && a.family() == HTTP)
		lacks("request validation", r.Validator != nil && a.family() != REST)
	}
}

// validateAuthorization compares what a route wants with what its API has.
func (a *API) validateAuthorization(p *problems, where string, r *Route) {
	types, known := authorizerTypes[a.family()][r.Authorization]
	if !known && r.Authorization != None && r.Authorization != IAM {
		p.add("%s: got authorization %q, which an API of type %s does not have", where, r.Authorization, a.family())
		return
	}
	i := slices.IndexFunc(a.Authorizers, func(z Authorizer) bool { return z.Name == r.Authorizer })
	switch {
	case !known && r.Authorizer != "":
		p.add("%s: authorization %s takes no authorizer, got %q", where, r.Authorization, r.Authorizer)
	case known && i < 0:
		p.add("%s: no authorizer %q", where, r.Authorizer)
	case known && !slices.Contains(types, a.Authorizers[i].Type):
		p.add("%s: authorizer %q is of type %s, want one of %q", where, r.Authorizer, a.Authorizers[i].Type, types)
	}
	if len(r.Scopes) > 0 && r.Authorization != CognitoUserPools && r.Authorization != JWT {
		p.add("%s: authorization %s takes no scopes", where, r.Authorization)
	}
}

// validateSharing reports a domain that leads to a WebSocket API and to others.
func (m *Model) validateSharing(p *problems, d *Domain) {
	sockets, others := false, false
	for _, mapping := range d.Mappings {
		for i := range m.APIs {
			if a := &m.APIs[i]; a.ID == mapping.API {
				sockets = sockets || a.family() == WebSocket
				others = others || a.family() != WebSocket
			}
		}
	}
	if sockets && others {
		p.add("domain %q: a WebSocket API shares it with no API of another type", d.Host)
	}
}

func (m *Model) validateIssuers(p *problems) {
	seen, urls := map[string]bool{}, map[string]bool{}
	for _, i := range m.Issuers {
		p.unique(seen, "issuer", i.Name)
		if u, err := url.Parse(i.URL); err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
			p.add("issuer %q: got URL %q, want https://host/path", i.Name, i.URL)
		}
		p.unique(urls, fmt.Sprintf("issuer %q: URL", i.Name), i.URL)
		clients := map[string]bool{}
		for _, c := range i.Clients {
			p.unique(clients, fmt.Sprintf("issuer %q: client", i.Name), c.ID)
		}
	}
}
