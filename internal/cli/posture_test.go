package cli_test

import (
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
	"apigwprobe/scenarios"
)

// posture is an API as it is deployed in a sandbox, and as its owner declares it to the prober. The declaration is
// derived from the deployment that setup made, so that it is honest unless something below says otherwise.
type posture struct {
	name  string
	setup func(*sandbox.Model)
	// fault is what the deployment became without its owner knowing; it changes what setup made.
	fault func(*sandbox.Model)
	// declare is what the owner says otherwise.
	declare func(*probe.Plan)
	// logs has stages write logs, which the prober may read; nil: there are none.
	logs func(*sandbox.Model)
	// later replaces the deployment after so many requests.
	later func(*sandbox.Model)
	after int

	// changes says that the deployment is not the same all the time and that the declaration does not say so.
	changes bool

	// inside is the VPC endpoint in whose VPC the prober stands; empty: the internet.
	inside string

	sel probe.Selection

	world string // the kind of random posture
}

const (
	account  = "111122223333"
	partner  = "444455556666"
	region   = "eu-west-1"
	ordersID = "a1b2c3d4e5"
	otherID  = "f6g7h8i9j0"
	domain   = "api.example.test"
	goodKey  = "a-key-in-a-plan-of-prod"
)

// identity is a principal that exists on both sides: the prober signs with it, the sandbox knows it.
type identity struct {
	name, id, secret, token, arn string
	allowed                      bool
	expires                      time.Time
}

var identities = []identity{
	{name: "caller", id: "AKIAPOSTURECALLER001", secret: "secret-of-the-caller", arn: "arn:aws:iam::" + account + ":user/caller", allowed: true},
	{
		name: "session", id: "ASIAPOSTURESESSION01", secret: "secret-of-the-session", token: "token-of-the-session",
		arn: "arn:aws:sts::" + account + ":assumed-role/probe/1", allowed: true,
	},
	{name: "outsider", id: "AKIAPOSTUREOUTSIDER1", secret: "secret-of-the-outsider", arn: "arn:aws:iam::" + account + ":user/outsider"},
	{
		name: "retired", id: "ASIAPOSTURERETIRED01", secret: "secret-of-the-retired", token: "token-of-the-retired",
		arn: "arn:aws:sts::" + account + ":assumed-role/probe/0", allowed: true, expires: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
	},
	{name: "friend", id: "AKIAPOSTUREFRIEND001", secret: "secret-of-the-friend", arn: "arn:aws:iam::" + partner + ":user/friend", allowed: true},
	{name: "stranger", id: "AKIAPOSTURESTRANGER1", secret: "secret-of-the-stranger", arn: "arn:aws:iam::" + partner + ":user/stranger"},
}

// healthy is a deployment in which nothing is wrong: a route for each way to protect one, open to both accesses.
func healthy() sandbox.Model {
	m := sandbox.Model{
		APIs: []sandbox.API{{
			ID: ordersID, Name: "orders", Account: account, Region: region,
			Stages: []sandbox.Stage{{Name: "prod"}},
			Routes: []sandbox.Route{iam("/orders/{id}"), keyed(iam("/orders")), open("/health")},
		}},
		Keys:    []sandbox.APIKey{{Name: "good", Value: goodKey}},
		Plans:   []sandbox.UsagePlan{{Name: "plan", Stages: []sandbox.APIStage{{API: ordersID, Stage: "prod"}}, Keys: []string{"good"}}},
		Domains: []sandbox.Domain{{Host: domain, Mappings: []sandbox.Mapping{mapping("orders")}}},
	}
	for _, i := range identities {
		p := sandbox.Principal{AccessKeyID: i.id, SecretKey: i.secret, SessionToken: i.token, ARN: i.arn, Expires: i.expires}
		if i.allowed {
			p.Policy = sandbox.Policy{{Effect: sandbox.Allow}}
		}
		m.Principals = append(m.Principals, p)
	}
	return m
}

func iam(path string) sandbox.Route {
	return sandbox.Route{Method: "GET", Path: path, Authorization: sandbox.IAM}
}

func open(path string) sandbox.Route {
	return sandbox.Route{Method: "GET", Path: path, Authorization: sandbox.None}
}

func keyed(r sandbox.Route) sandbox.Route { r.APIKeyRequired = true; return r }

func by(method string, r sandbox.Route) sandbox.Route { r.Method = method; return r }

func mapping(base string) sandbox.Mapping {
	return sandbox.Mapping{BasePath: base, APIStage: sandbox.APIStage{API: ordersID, Stage: "prod"}}
}

func routes(rs ...sandbox.Route) func(*sandbox.Model) {
	return func(m *sandbox.Model) { m.APIs[0].Routes = slices.Clone(rs) }
}

// both does one after the other.
func both[T any](steps ...func(*T)) func(*T) {
	return func(v *T) {
		for _, step := range steps {
			if step != nil {
				step(v)
			}
		}
	}
}

// principal finds an identity of the model by its name.
func principal(m *sandbox.Model, name string) *sandbox.Principal {
	i := slices.IndexFunc(identities, func(i identity) bool { return i.name == name })
	j := slices.IndexFunc(m.Principals, func(p sandbox.Principal) bool { return p.AccessKeyID == identities[i].id })
	return &m.Principals[j]
}

// declaration is the honest plan of a deployment. An API without a name is somebody else's.
func declaration(m *sandbox.Model) *probe.Plan {
	plan := &probe.Plan{
		Environment: "test", Rate: 2000, TotalRate: 2000, Principals: map[string]probe.Principal{},
	}
	for _, i := range identities {
		p := probe.Principal{Name: i.name, AccessKeyID: i.id, SecretAccessKey: probe.Literal(i.secret)}
		if i.token != "" {
			p.SessionToken = probe.Literal(i.token)
		}
		plan.Principals[i.name] = p
	}
	for i := range m.APIs {
		if m.APIs[i].Name != "" {
			plan.APIs = append(plan.APIs, declareAPI(m, &m.APIs[i]))
		}
	}
	return plan
}

func declareAPI(m *sandbox.Model, a *sandbox.API) probe.API {
	stage := a.Stages[0]
	waf := len(stage.WebACL) > 0
	api := probe.API{
		Name: a.Name, Type: probe.REST, EndpointType: probe.EndpointRegional, ID: a.ID, Region: a.Region, Stage: stage.Name,
		DefaultEndpoint: probe.Enabled, CatchAll: probe.Absent, WAF: &waf, Canary: stage.Canary != nil,
	}
	switch a.Type {
	case sandbox.HTTP:
		api.Type, api.WAF = probe.HTTP, nil
	case sandbox.WebSocket:
		api.Type, api.WAF, api.CatchAll = probe.WebSocket, nil, probe.Unknown
	}
	if a.Endpoint == sandbox.Edge {
		api.EndpointType = probe.EndpointEdge
	}
	if a.Endpoint == sandbox.Private {
		api.EndpointType = probe.EndpointPrivate
		for _, id := range a.VPCEndpoints {
			api.Endpoints = append(api.Endpoints, probe.VPCEndpoint{ID: id})
		}
	}
	if a.DefaultEndpointDisabled {
		api.DefaultEndpoint = probe.Disabled
	}
	for _, d := range m.Domains {
		root := probe.Absent
		if slices.ContainsFunc(d.Mappings, func(m sandbox.Mapping) bool { return m.BasePath == "" }) {
			root = probe.Declared(probe.AuthIAM)
		}
		for _, to := range d.Mappings {
			if to.APIStage == (sandbox.APIStage{API: a.ID, Stage: stage.Name}) {
				api.Domains = append(api.Domains, probe.CustomDomain{Host: d.Host, BasePath: to.BasePath, RootMapping: root})
			}
		}
	}
	for _, r := range a.Routes {
		if r.Path == "$default" || r.Path == "/{proxy+}" && (r.Method == "ANY" || r.Method == "GET") {
			api.CatchAll = probe.Declared(r.Authorization)
		}
		if r.Method == "" && r.Path != probe.ConnectRoute {
			continue // the key of a route, which is no request
		}
		api.BackendAWS = api.BackendAWS || r.Backend.Kind == sandbox.HTTPProxy
		api.Routes = append(api.Routes, declareRoute(r))
	}
	return api
}

func declareRoute(r sandbox.Route) probe.Route {
	route := probe.Route{
		Method: r.Method, Path: r.Path, Authorization: probe.Authorization(r.Authorization), APIKeyRequired: r.APIKeyRequired,
		PathParameters: map[string]string{"id": "42", "proxy": "a/b"},
	}
	if r.APIKeyRequired {
		route.APIKey = probe.Literal(goodKey)
	}
	if r.Authorization == sandbox.IAM {
		route.Principal, route.Outsider, route.ExpiredSession = "caller", "outsider", "retired"
	}
	if route.Authorization.TakesToken() {
		route.Token = declaredTokens(r)
	}
	return route
}

// outcome is a report, and the truth behind each of its answers.
type outcome struct {
	report   probe.Report
	switches sandbox.Switches
	gateways []*sandbox.Gateway // the latest first
	changes  bool
	world    string
}

// truth tells what really became of the request of a result.
func (o outcome) truth(r probe.Result) (sandbox.Truth, bool) {
	if r.Request == nil {
		return sandbox.Truth{}, false
	}
	for _, g := range o.gateways {
		if truth, ok := g.Truth(r.Request.Headers["x-amzn-requestid"]); ok && truth.Layer != "" {
			return truth, true
		}
	}
	return sandbox.Truth{}, false
}

// world is a served posture.
type world struct {
	matrix   *probe.Matrix
	gateways []*sandbox.Gateway
	switches sandbox.Switches
	account  *evidence.Account // nil: nobody looks at it
}

// serve deploys the posture and plans its run.
func (p posture) serve(t *testing.T) world {
	t.Helper()
	m := healthy()
	if p.setup != nil {
		p.setup(&m)
	}
	plan := declaration(&m)
	if p.declare != nil {
		p.declare(plan)
	}
	w := world{switches: m.Switches}
	if p.later != nil {
		next := healthy()
		both(p.setup, p.later)(&next)
		for i := range next.APIs {
			for j := range next.APIs[i].Stages {
				next.APIs[i].Stages[j].Updated = time.Now()
			}
		}
		g := gateway(t, next)
		w.gateways = append(w.gateways, g)
		m.Fronts = handover(g, p.after, &m)
	}
	if p.fault != nil {
		p.fault(&m)
	}
	if p.logs != nil {
		p.logs(&m)
	}
	g := gateway(t, m)
	if p.logs != nil {
		w.account = openAccount(t, g)
	}
	w.gateways = append(w.gateways, g)
	wire := newMemory()
	server := g.ServeOn(wire, p.inside)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("closing the sandbox: %v", err)
		}
	})
	plan.ConnectTo, plan.Dial = map[string]string{"*": server.Addr}, wire.Dial
	plan.RootCAs = x509.NewCertPool()
	plan.RootCAs.AppendCertsFromPEM(server.CA)
	var err error
	w.matrix, err = probe.NewMatrix(plan, scenarios.All(), p.sel)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func gateway(t *testing.T, m sandbox.Model) *sandbox.Gateway {
	t.Helper()
	g, err := sandbox.New(m)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// handover stands before every host and sends what comes after so many requests to another gateway.
func handover(to *sandbox.Gateway, after int, m *sandbox.Model) map[string]sandbox.Front {
	var seen atomic.Int64
	front := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if seen.Add(1) > int64(after) {
				to.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	fronts := make(map[string]sandbox.Front)
	for i := range m.APIs {
		fronts[m.APIs[i].Host()] = front
	}
	for _, d := range m.Domains {
		fronts[d.Host] = front
	}
	return fronts
}

// run probes the posture once.
func (p posture) run(t *testing.T) outcome {
	t.Helper()
	return p.runWith(t, probe.RunOptions{})
}

func (p posture) runWith(t *testing.T, opts probe.RunOptions) outcome {
	t.Helper()
	w := p.serve(t)
	opts.Resolve = resolve
	if w.account != nil {
		opts.Testify = w.account.Testify
	}
	o := outcome{switches: w.switches, gateways: w.gateways, world: p.world, changes: p.changes || p.later != nil}
	for e := range w.matrix.Run(t.Context(), opts) {
		if e, ok := e.(probe.RunFinished); ok {
			o.report = e.Report
		}
	}
	if o.report.Run.Requests == 0 || !o.report.Run.Complete {
		t.Fatalf("got %d requests, complete %t, want a whole run", o.report.Run.Requests, o.report.Run.Complete)
	}
	return o
}

// describe is a result in a line: where, what, and what it was found to be.
func describe(r probe.Result) string {
	verdict := string(r.Verdict)
	if r.Kind != "" {
		verdict += "/" + string(r.Kind)
	}
	return strings.Join([]string{r.Route, reached(r), r.Scenario}, " ") + ": " + verdict
}

// reached is the access of a result, with the host where it is a custom domain.
func reached(r probe.Result) string {
	if r.Access == probe.AccessDefault {
		return "default"
	}
	return r.Host
}
