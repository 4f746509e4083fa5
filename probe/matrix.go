package probe

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Matrix is everything that a run of a plan asks, fixed before anything is sent.
type Matrix struct {
	Plan  *Plan
	Cases []Case
	Skips []Skip
}

// NewMatrix expands a plan. It fails if the selection names what does not exist or matches nothing, or if the run
// would take more requests than the plan allows.
func NewMatrix(plan *Plan, catalogue []Scenario, sel Selection) (*Matrix, error) {
	if err := sel.Known(plan, catalogue); err != nil {
		return nil, err
	}
	m := &Matrix{Plan: plan}
	m.Cases, m.Skips = Expand(plan, catalogue, sel)
	if len(m.Cases)+len(m.Skips) == 0 {
		return nil, errors.New("selecting cases: the filters match nothing")
	}
	limit := plan.MaxRequests
	if limit == 0 {
		limit = DefaultMaxRequests
	}
	if n := m.Cost().Requests; n > limit {
		return nil, fmt.Errorf("planning run: got %d requests, want at most %d (max_requests)", n, limit)
	}
	return m, nil
}

// Cost is what a run of a matrix takes, when no gate is open.
type Cost struct {
	Requests int
	Extra    int // the most requests beside them that may be sent to separate candidates
	// Accepted counts, for each API key by its source and place, the requests that it meters: those that should be
	// accepted.
	Accepted map[string]int
	Duration time.Duration // at the configured rates
}

// Cost counts the requests of the matrix and of the controls that are sent once more at the end.
func (m *Matrix) Cost() Cost {
	c := Cost{Accepted: make(map[string]int)}
	perAPI := make(map[string]int)
	rates := make(map[string]float64)
	last := make(map[string]bool)
	count := func(cs Case) {
		c.Requests++
		perAPI[cs.API.Name]++
		rates[cs.API.Name] = m.Plan.rate(cs.API)
		if (cs.Control || cs.Expected.accepts() && !cs.Scenario.Anonymous) && cs.NeedsKey() {
			c.Accepted[cs.Route.APIKey.place()]++
		}
	}
	for _, cs := range m.Cases {
		count(cs)
		if access := cs.API.Name + "|" + cs.Access.ID(); cs.Control && !last[access] {
			last[access] = true
			count(cs)
		}
	}
	for _, api := range m.Plan.APIs {
		cases := slices.DeleteFunc(slices.Clone(m.Cases), func(c Case) bool { return c.API.Name != api.Name })
		if m.learnsClock(cases) {
			c.Requests++
			perAPI[api.Name]++
		}
	}
	seconds := float64(c.Requests) / m.Plan.totalRate()
	for api, n := range perAPI {
		seconds = max(seconds, float64(n)/rates[api])
	}
	for _, api := range m.Plan.APIs {
		c.Extra += m.extras(api.Name)
	}
	c.Duration = time.Duration(seconds * float64(time.Second))
	return c
}

func (p *Plan) rate(a API) float64 {
	switch {
	case a.Rate > 0:
		return a.Rate
	case p.Rate > 0:
		return p.Rate
	default:
		return DefaultRate
	}
}

func (p *Plan) totalRate() float64 {
	if p.TotalRate > 0 {
		return p.TotalRate
	}
	// A rate that was raised for each API was raised for the run.
	return max(DefaultTotalRate, p.Rate)
}

func (p *Plan) concurrency(a API) int {
	switch {
	case a.Concurrency > 0:
		return a.Concurrency
	case p.Concurrency > 0:
		return p.Concurrency
	default:
		return DefaultConcurrency
	}
}
