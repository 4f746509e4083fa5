package cli_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// What nobody thought of: deployments, switches, faults and lies at random. A failure names its seed, which gives the
// same posture again: go test -run 'TestPostureAccuracyREST/seed-17$' -seeds 17.
func TestPostureAccuracyREST(t *testing.T) { checkSeeds(t, random) }

// option is something that a random posture may have.
type option[T any] struct {
	name   string
	change func(*T)
}

var routePool = []option[sandbox.Model]{
	{"IAM", adding(iam("/orders/{id}"))},
	{"IAM and key", adding(keyed(iam("/orders")))},
	{"key", adding(keyed(open("/items")))},
	{"NONE", adding(open("/health"))},
	{"ANY", adding(by("ANY", iam("/any")))},
	{"HEAD", adding(by("HEAD", iam("/head")))},
	{"greedy", adding(by("ANY", iam("/{proxy+}")))},
	{"greedy and open", adding(by("ANY", open("/{proxy+}")))},
}

var tokenPool = append(slices.Clone(routePool), []option[sandbox.Model]{
	{"function", tokened(lambda("/orders/mine"))},
	{"user pool", tokened(cognito("/mine"))},
	{"function and key", tokened(keyed(lambda("/keyed")))},
}...)

func adding(r sandbox.Route) func(*sandbox.Model) {
	return func(m *sandbox.Model) {
		for _, old := range m.APIs[0].Routes {
			if old.Path == r.Path {
				return
			}
		}
		m.APIs[0].Routes = append(m.APIs[0].Routes, r)
	}
}

// tokened adds a route with an authorizer, and the authorizers.
func tokened(r sandbox.Route) func(*sandbox.Model) {
	return both(withAuthorizers(function(), userPool), adding(r))
}

// atDomain guards a change that needs a custom domain.
func atDomain(change func(*sandbox.Model)) func(*sandbox.Model) {
	return func(m *sandbox.Model) {
		if len(m.Domains) > 0 {
			change(m)
		}
	}
}

var setupPool = []option[sandbox.Model]{
	{"door shut", doorShut},
	{"no domain", func(m *sandbox.Model) { m.Domains, m.Fronts, m.APIs[0].DefaultEndpointDisabled = nil, nil, false }},
	{"WAF", harmlessWAF},
	{"WAF on a header", webACL(sandbox.WAFRule{Match: sandbox.WAFHeaderAbsent, Header: "x-api-key"})},
	{"edge-optimised", atDomain(atEdge)},
	{"X-Ray", func(m *sandbox.Model) { m.APIs[0].Stages[0].XRay = true }},
	{"hidden texts", responses(map[string]sandbox.GatewayResponse{"DEFAULT_4XX": {Template: `{"error":"no"}`}})},
	{"other statuses", responses(map[string]sandbox.GatewayResponse{"DEFAULT_4XX": {Status: 404}})},
	{"Forbidden", responses(forbidden)},
	{"refusals under success", responses(underOK)},
	{"refusals that lead elsewhere", responses(elsewhere)},
	{"policy for the account", resourcePolicy(sandbox.Statement{Effect: sandbox.Allow, Principal: []string{account}})},
	{"policy against a path", resourcePolicy(
		sandbox.Statement{Effect: sandbox.Allow, Principal: []string{account}}, sandbox.Statement{Effect: sandbox.Deny, Resource: []string{"execute-api:/prod/GET/orders/*"}})},
	{"root mapping", atDomain(func(m *sandbox.Model) { m.Domains[0].Mappings = []sandbox.Mapping{mapping("")} })},
	{"CDN", atDomain(front(sandbox.EdgeHeaders()))},
	{"CDN hides ids", atDomain(front(sandbox.StripResponseHeaders("x-amz-apigw-id", "x-amzn-requestid")))},
	{"CDN hides types", atDomain(front(sandbox.StripResponseHeaders("x-amzn-errortype")))},
	{"CDN strips credentials", atDomain(front(sandbox.StripHeaders("Authorization", "x-api-key")))},
	{"session policy", func(m *sandbox.Model) {
		principal(m, "outsider").Policy, principal(m, "outsider").Session = sandbox.Policy{{Effect: sandbox.Allow}}, &sandbox.Policy{}
	}},
}

var faultPool = []option[sandbox.Model]{
	{"first route open", first(unprotected)},
	{"first route without key", first(func(r *sandbox.Route) { r.APIKeyRequired = false })},
	{"first route wants a key", first(func(r *sandbox.Route) { r.APIKeyRequired = true })},
	{"first route wants a signature", first(func(r *sandbox.Route) { unprotected(r); r.Authorization = sandbox.IAM })},
	{"first route lost", func(m *sandbox.Model) { m.APIs[0].Routes = m.APIs[0].Routes[min(1, len(m.APIs[0].Routes)):] }},
	{"all routes lost", routes()},
	{"door open", func(m *sandbox.Model) { m.APIs[0].DefaultEndpointDisabled = false }},
	{"door shut", func(m *sandbox.Model) { m.APIs[0].DefaultEndpointDisabled = true }},
	{"stage lost", func(m *sandbox.Model) { m.APIs[0].Stages[0].Name, m.Plans = "other", nil }},
	{"mapping lost", atDomain(func(m *sandbox.Model) { m.Domains[0].Mappings = nil })},
	{"mapping to another API", atDomain(func(m *sandbox.Model) {
		otherAPI(m, open("/health"))
		for i := range m.Domains[0].Mappings { // unless they are lost, too
			m.Domains[0].Mappings[i].API = otherID
		}
	})},
	{"key disabled", func(m *sandbox.Model) { m.Keys[0].Disabled = true }},
	{"key in no plan", plan(func(p *sandbox.UsagePlan) { p.Keys = nil })},
	{"caller without rights", func(m *sandbox.Model) { principal(m, "caller").Policy = nil }},
	{"outsider with rights", func(m *sandbox.Model) {
		principal(m, "outsider").Policy, principal(m, "outsider").Session = sandbox.Policy{{Effect: sandbox.Allow}}, nil
	}},
	{"caller's secret rotated", func(m *sandbox.Model) { principal(m, "caller").SecretKey = "another" }},
	{"WAF blocks everything", webACL(sandbox.WAFRule{Match: sandbox.WAFAll})},
	{"WAF blocks bearers of a signature", webACL(sandbox.WAFRule{Match: sandbox.WAFHeaderPresent, Header: "Authorization"})},
	{"integration fails", first(behind(sandbox.Backend{Kind: sandbox.Malformed}))},
	{"integration is late", first(behind(sandbox.Backend{Kind: sandbox.Timeout}))},
	{"backend refuses", first(behind(sandbox.Backend{Status: 403, Body: `{"error":"who are you"}`}))},
	{"backend fails", first(behind(sandbox.Backend{Status: 500, Body: `{"error":"oh"}`}))},
	{"policy denies everybody", resourcePolicy(sandbox.Statement{Effect: sandbox.Deny})},
}

var liePool = append(slices.Clone(lies), []option[probe.Plan]{
	{"no secrets", refusalsOnly},
	{"little is said", func(p *probe.Plan) {
		a := &p.APIs[0]
		a.EndpointType, a.DefaultEndpoint, a.CatchAll, a.WAF = "", probe.Unknown, probe.Unknown, nil
	}},
	{"session", signedBy("session", "outsider")},
	{"friend", signedBy("friend", "stranger")},
}...)

// random makes the posture of a seed, and logs what it is made of.
func random(t *testing.T, seed uint64) posture {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 20261121))
	// From a source of their own, so that a new switch changes nothing else of a seed.
	turned := turn(rand.New(rand.NewPCG(seed, 1)))
	p := posture{setup: both(func(m *sandbox.Model) { m.APIs[0].Routes = nil },
		draw(t, r, "route", tokenPool, 1+r.IntN(3)), draw(t, r, "setup", setupPool, r.IntN(4)),
		func(m *sandbox.Model) { m.Switches = turned })}
	faults := weighted(r, 50, 35, 15)
	p.fault = draw(t, r, "fault", faultPool, faults)
	lies := weighted(r, 70, 20, 10)
	p.declare, p.world = draw(t, r, "lie", liePool, lies), worldOf(faults, lies)
	t.Logf("switches %+v", turned)
	return p
}

// leaving leaves the options out that have one of these names.
func leaving[T any](pool []option[T], names ...string) []option[T] {
	return slices.DeleteFunc(slices.Clone(pool), func(o option[T]) bool { return slices.Contains(names, o.name) })
}

// misled is the posture with up to two faults and up to two lies.
func (p posture) misled(t *testing.T, r *rand.Rand, faultPool []option[sandbox.Model], liePool []option[probe.Plan]) posture {
	t.Helper()
	faults := r.IntN(3)
	p.fault = draw(t, r, "fault", faultPool, faults)
	lies := r.IntN(3)
	p.declare, p.world = draw(t, r, "lie", liePool, lies), worldOf(faults, lies)
	return p
}

// worldOf names the kind of a posture by how much of it is broken, and how much is declared otherwise than usual.
func worldOf(faults, lies int) string {
	switch {
	case lies > 0:
		return "declared otherwise"
	case faults > 0:
		return "with faults"
	default:
		return "sound and declared"
	}
}

// weighted returns an index with a chance in proportion to its weight.
func weighted(r *rand.Rand, weights ...int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	n := r.IntN(total)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return 0
}

// draw picks n of a pool, in the order of the draw.
func draw[T any](t *testing.T, r *rand.Rand, what string, pool []option[T], n int) func(*T) {
	t.Helper()
	var steps []func(*T)
	for _, i := range r.Perm(len(pool))[:n] {
		t.Logf("%s: %s", what, pool[i].name)
		steps = append(steps, pool[i].change)
	}
	return both(steps...)
}

// turn sets each switch with a chance of one in five.
func turn(r *rand.Rand) sandbox.Switches {
	var s sandbox.Switches
	for field := range reflect.TypeFor[sandbox.Switches]().Fields() {
		if r.IntN(5) > 0 {
			continue
		}
		switch v := reflect.ValueOf(&s).Elem().FieldByIndex(field.Index); v.Kind() {
		case reflect.Bool:
			v.SetBool(true)
		case reflect.String:
			v.SetString(unknownKeyTypes[r.IntN(len(unknownKeyTypes))])
		}
	}
	return s
}
