package sandbox

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Gateway serves a [Model]. It is an [http.Handler] and safe for concurrent use.
type Gateway struct {
	model     Model
	pipelines map[APIType][]layer

	apis       map[string]*API    // by default host
	byID       map[string]*API    // by API id
	domains    map[string]*Domain // by host
	principals map[string]*Principal
	keys       map[string]*APIKey // by value
	entrances  map[string]http.Handler
	issuers    map[string]*issuer // by name

	endpoints   map[string]*VPCEndpoint
	truststores map[string]*truststore // by host of a domain with mutual TLS
	authority   func() *authority      // of all servers
	clients     func() *authority      // of client certificates

	ids       idSource
	seen      counter
	usage     usageCounters
	decisions decisions
	log       truthLog
	control   controlLog
	logs      logStore
	samples   sampleStore
	sessions  sessions
}

// layer is one step of the way down. Its check returns nil to let the request
// pass.
type layer struct {
	name  string
	check func(*exchange) *refusal
}

// arrival is what finds the API that a request is for.
var arrival = []layer{
	{"tls", checkMutualTLS},
	{"domain", checkDomain},
	{"request-validation", checkSize},
}

// restPipeline is the order in which a REST API looks at a request that has
// arrived at it: first what finds the deployment, then what protects it as a
// whole, then what belongs to a route.
func restPipeline(s Switches) []layer {
	waf := layer{"waf", checkWAF}
	route := layer{"route", checkRoute}
	endpoint := layer{"endpoint-policy", checkEndpointPolicy}
	layers := []layer{endpoint, {"stage", checkStage}, waf, route}
	if s.WAFAfterRoute {
		layers[2], layers[3] = route, waf
	}
	if s.EndpointPolicyAfterRoute {
		layers = append(layers[1:], endpoint)
	}
	var authorize []layer
	if s.KeyBeforeIAM {
		authorize = append(authorize, layer{"api-key", only(checkAPIKey, IAM, CognitoUserPools)})
	}
	layers = throttling(s, layers, append(authorize,
		layer{"iam-authentication", only(checkSignature, IAM)},
		layer{"cognito-authorizer", only(checkCognito, CognitoUserPools)},
		layer{"resource-policy", checkResourcePolicy},
		layer{"iam-authorization", only(checkIAMAuthorization, IAM)},
		layer{"lambda-authorizer", only(checkLambdaAuthorizer, Custom)},
		layer{"api-key", checkAPIKey},
		layer{"usage-plan", checkUsagePlan},
	))
	return append(layers, layer{"request-validation", checkRequest})
}

// only restricts a check to routes with one of these authorizations.
func only(check func(*exchange) *refusal, on ...Authorization) func(*exchange) *refusal {
	return func(x *exchange) *refusal {
		if !slices.Contains(on, x.route.Authorization) {
			return nil
		}
		return check(x)
	}
}

// New checks the model and builds its gateway. The error joins all mistakes.
func New(m Model) (*Gateway, error) {
	if err := m.validate(); err != nil {
		return nil, err
	}
	if m.Now == nil {
		m.Now = time.Now
	}
	if m.Rand == nil {
		m.Rand = rand.Reader
	}
	g := &Gateway{
		model: m,
		pipelines: map[APIType][]layer{
			REST: restPipeline(m.Switches),
			HTTP: httpPipeline(m.Switches),

			WebSocket: webSocketPipeline(m.Switches),
		},
		apis:       map[string]*API{},
		byID:       map[string]*API{},
		domains:    map[string]*Domain{},
		principals: map[string]*Principal{},
		keys:       map[string]*APIKey{},
		entrances:  map[string]http.Handler{},
		issuers:    map[string]*issuer{},

		endpoints:   map[string]*VPCEndpoint{},
		truststores: map[string]*truststore{},
		clients:     sync.OnceValue(func() *authority { return newAuthority("Sandbox authority of clients", nil) }),
		ids:         idSource{rand: m.Rand},
	}
	g.authority = sync.OnceValue(func() *authority { return newAuthority("Sandbox authority", g.servedName) })
	for i := range m.APIs {
		g.apis[m.APIs[i].Host()] = &m.APIs[i]
		g.byID[m.APIs[i].ID] = &m.APIs[i]
	}
	for i := range m.Domains {
		d := &m.Domains[i]
		g.domains[d.Host] = d
		if d.MutualTLS != nil {
			g.truststores[d.Host] = newTruststore(d.MutualTLS, g.clients)
		}
	}
	for i := range m.VPCEndpoints {
		g.endpoints[m.VPCEndpoints[i].ID] = &m.VPCEndpoints[i]
	}
	for i := range m.Principals {
		g.principals[m.Principals[i].AccessKeyID] = &m.Principals[i]
	}
	for i := range m.Keys {
		g.keys[m.Keys[i].Value] = &m.Keys[i]
	}
	for i := range m.Issuers {
		g.issuers[m.Issuers[i].Name] = newIssuer(&m.Issuers[i], m.Now)
	}
	for host, front := range m.Fronts {
		g.entrances[host] = front(http.HandlerFunc(g.serve))
	}
	return g, nil
}

// ServeHTTP answers one request, through the front of its host if it has one. A
// request for an issuer is none of the gateway's and leaves no truth.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if i, path := g.issuerOf(r); i != nil {
		i.serve(w, r, path)
		return
	}
	path, _ := rawTarget(r)
	t := &Truth{
		RequestID: g.ids.request(r.Header.Get(requestIDHeader)),
		Method:    r.Method,
		Host:      r.Host,
		Path:      path,
	}
	w = &truthWriter{ResponseWriter: w, truth: t, log: &g.log}
	r = r.WithContext(context.WithValue(r.Context(), truthKey{}, t))
	if entrance := g.entrances[hostname(r)]; entrance != nil {
		entrance.ServeHTTP(w, r)
		return
	}
	g.serve(w, r)
}

// serve is the gateway itself, behind all fronts.
func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	t := truthOf(r)
	x := g.newExchange(r, t.RequestID)
	answer := g.answer(x)
	t.ExtendedID, t.Layer, t.Cause = x.extendedID, x.layer, x.cause
	answer.write(w, r)
}

// answer takes the exchange all the way and logs what became of it.
func (g *Gateway) answer(x *exchange) *response {
	p := g.decide(x)
	x.writeLogs(p)
	return p
}

// decide takes the exchange down the pipeline and, past it, to the backend.
func (g *Gateway) decide(x *exchange) *response {
	if no := x.pass(arrival); no != nil {
		return no
	}
	if no := x.pass(g.pipelines[x.family()]); no != nil {
		return no
	}
	return x.integrate()
}

func (x *exchange) pass(layers []layer) *response {
	for _, l := range layers {
		if refused := l.check(x); refused != nil {
			return x.refuse(l.name, refused)
		}
		x.trail = append(x.trail, l.name)
	}
	return nil
}

// hostname is the host that the request names, as the model spells hosts.
func hostname(r *http.Request) string {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(host)
}
