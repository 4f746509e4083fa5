package probe

import (
	"testing"
	"time"
)

func TestNewMatrix(t *testing.T) {
	api := oneAPI(iamRoute("/one"), openRoute("/two"))
	empty := oneAPI()
	empty.Name = "empty"
	// 2 controls, 4 refusals of /one, 1 of the access, and the control of the access once more.
	const requests = 8
	for _, c := range []struct {
		name  string
		sel   Selection
		limit int
		want  string
	}{
		{name: "default limit"},
		{name: "just enough", limit: requests},
		{name: "one too many", limit: requests - 1, want: "planning run: got 8 requests, want at most 7 (max_requests)"},
		{name: "fewer by a filter", limit: 4, sel: Selection{Routes: []string{"GET /two"}, Scenarios: []string{SelectControl}}},
		{name: "nothing matches", sel: Selection{APIs: []string{"empty"}}, want: "selecting cases: the filters match nothing"},
		{name: "nothing matches together", sel: Selection{APIs: []string{"empty"}, Routes: []string{"GET /one"}}, want: "selecting cases: the filters match nothing"},
		{name: "unknown", sel: Selection{APIs: []string{"b"}}, want: `selecting API: got "b", want one of a, empty`},
		{
			name: "unknown comes before too many", limit: 1, sel: Selection{APIs: []string{"b"}, Accesses: []string{"x"}},
			want: `selecting API: got "b", want one of a, empty` + "\n" + `selecting access: got "x", want one of default, a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com`,
		},
		{name: "skips only", sel: Selection{Scenarios: []string{"keyless"}, Routes: []string{"GET /two"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := onePlan(api, empty)
			p.MaxRequests = c.limit
			m, err := NewMatrix(p, smallCatalogue(), c.sel)
			got := ""
			if err != nil {
				got = err.Error()
			}
			checkEqual(t, "error", got, c.want)
			if (m == nil) != (err != nil) {
				t.Errorf("got the matrix %v beside the error %v", m, err)
			}
		})
	}
}

// TestDefaultLimit: a plan that says nothing takes at most 5,000 requests.
func TestDefaultLimit(t *testing.T) {
	routes := make([]Route, DefaultMaxRequests-2)
	for i := range routes {
		routes[i] = openRoute("/" + string(rune('a'+i%26)) + time.Duration(i).String())
	}
	sel := Selection{Scenarios: []string{SelectControl}}
	// A control of each route, and one once more.
	if m, err := NewMatrix(onePlan(oneAPI(append(routes, openRoute("/last"))...)), smallCatalogue(), sel); err != nil || m.Cost().Requests != DefaultMaxRequests {
		t.Errorf("got %v, want a matrix of %d requests", err, DefaultMaxRequests)
	}
	_, err := NewMatrix(onePlan(oneAPI(append(routes, openRoute("/last"), openRoute("/too-many"))...)), smallCatalogue(), sel)
	if err == nil || err.Error() != "planning run: got 5001 requests, want at most 5000 (max_requests)" {
		t.Errorf("got %v", err)
	}
}

func TestCost(t *testing.T) {
	key := &Reference{Env: "ORDERS_API_KEY"}
	keyed := iamRoute("/keyed")
	keyed.APIKeyRequired, keyed.APIKey = true, key
	openKeyed := openRoute("/open-keyed")
	openKeyed.APIKeyRequired, openKeyed.APIKey = true, &Reference{File: "/keys/other"}
	with := func(api API, change func(*API)) API {
		change(&api)
		return api
	}
	for _, c := range []struct {
		name string
		plan *Plan
		sel  Selection
		want Cost
	}{
		{
			"controls and the one at last", onePlan(oneAPI(openRoute("/one"), openRoute("/two"))), Selection{Scenarios: []string{SelectControl}},
			Cost{Requests: 3, Extra: 1, Accepted: map[string]int{}, Duration: 600 * time.Millisecond},
		},
		{
			"accepted for each key", onePlan(oneAPI(keyed, openKeyed)), Selection{},
			// 2 controls, 5 and 1 refusals, 1 of the access, 1 control more.
			Cost{
				Requests: 10, Extra: 1, Accepted: map[string]int{`environment variable "ORDERS_API_KEY"`: 2, `file "/keys/other"`: 1},
				Duration: 2 * time.Second,
			},
		},
		{
			"each access has a control at last",
			onePlan(with(oneAPI(openRoute("/one")), func(a *API) { a.Domains = []CustomDomain{{Host: hostCustom}, {Host: hostOther}} })),
			Selection{Scenarios: []string{SelectControl}},
			Cost{Requests: 6, Extra: 1, Accepted: map[string]int{}, Duration: 1200 * time.Millisecond},
		},
		{
			"no control, none at last",
			onePlan(oneAPI(Route{Method: "GET", Path: "/x", Authorization: AuthIAM})), Selection{Scenarios: []string{"unsigned"}},
			Cost{Requests: 1, Extra: 1, Accepted: map[string]int{}, Duration: 200 * time.Millisecond},
		},
		{
			"the slowest API decides",
			onePlan(with(oneAPI(openRoute("/one")), func(a *API) { a.Rate = 0.5 }), with(oneAPI(openRoute("/two"), openRoute("/three")), func(a *API) { a.Name = "b" })),
			Selection{Scenarios: []string{SelectControl}},
			Cost{Requests: 5, Extra: 2, Accepted: map[string]int{}, Duration: 4 * time.Second},
		},
		{
			"nothing extra",
			func() *Plan { p := onePlan(oneAPI(openRoute("/one"))); p.ExtraRequests = -1; return p }(),
			Selection{Scenarios: []string{SelectControl}},
			Cost{Requests: 2, Accepted: map[string]int{}, Duration: 400 * time.Millisecond},
		},
		{
			"the rate of the whole run decides",
			func() *Plan { p := onePlan(oneAPI(openRoute("/one"))); p.TotalRate = 1; return p }(),
			Selection{Scenarios: []string{SelectControl}},
			Cost{Requests: 2, Extra: 1, Accepted: map[string]int{}, Duration: 2 * time.Second},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := NewMatrix(c.plan, smallCatalogue(), c.sel)
			if err != nil {
				t.Fatal(err)
			}
			checkEqual(t, "cost", m.Cost(), c.want)
		})
	}
}

func TestRates(t *testing.T) {
	type rates struct {
		Rate, Total float64
		Concurrency int
	}
	for _, c := range []struct {
		name string
		plan Plan
		api  API
		want rates
	}{
		{"defaults", Plan{}, API{}, rates{5, 20, 4}},
		{"of the plan", Plan{Rate: 2, TotalRate: 3, Concurrency: 1}, API{}, rates{2, 3, 1}},
		{"of the API", Plan{Rate: 2, Concurrency: 1}, API{Rate: 7, Concurrency: 9}, rates{7, 20, 9}},
		{"raised for each API is raised for the run", Plan{Rate: 50}, API{}, rates{50, 50, 4}},
		{"the whole run may be slower than an API", Plan{Rate: 50, TotalRate: 10}, API{}, rates{50, 10, 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkEqual(t, "rates", rates{c.plan.rate(c.api), c.plan.totalRate(), c.plan.concurrency(c.api)}, c.want)
		})
	}
}
