// Package metrics tells Prometheus what runs found and how the scheduler does.
//
// What a run found is kept whole, API by API, and told as of the last run: a scrape never sees half of one, and what a new
// configuration no longer has is gone from it. Labels name environments, APIs, ways in and layers, never routes or
// scenarios: a hundred routes make no more series than one. Every series is there from the start, with zero.
package metrics

import (
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"apigwprobe/probe"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes, the worst first.
const (
	Failed       Outcome = "failed" // of the prober itself: a configuration, a panic
	Fail         Outcome = "fail"
	Inconclusive Outcome = "inconclusive"
	Interrupted  Outcome = "interrupted"
	Pass         Outcome = "pass"
)

var outcomes = []Outcome{Failed, Fail, Inconclusive, Interrupted, Pass}

// SkipReason is why the scheduler let a run out.
type SkipReason string

// The reasons.
const (
	Overlap     SkipReason = "overlap" // the one before was still running
	Maintenance SkipReason = "maintenance"
	Paused      SkipReason = "paused"
)

var skipReasons = []SkipReason{Overlap, Maintenance, Paused}

// Metrics collects. Its methods may be called from several goroutines.
type Metrics struct {
	registry *prometheus.Registry

	mu           sync.Mutex
	version      string
	environments map[string]*environment
	reloaded     *bool // nil: nobody reloads
	reloadedAt   time.Time
	deliveries   map[string]*delivery
	alerts       map[string]int // by severity
}

// environment is what is told of one.
type environment struct {
	limit    int
	apis     map[string]*api
	runs     map[Outcome]int
	requests int
	extra    int
	last     *probe.Report // without results
	passedAt time.Time

	scheduled bool
	skipped   map[SkipReason]int
	missed    int
	next      time.Time
	lag       time.Duration
}

type delivery struct{ sent, failed int }

// New makes metrics in a registry of their own.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewPedanticRegistry(), version: version,
		environments: make(map[string]*environment), deliveries: make(map[string]*delivery), alerts: make(map[string]int),
	}
	m.registry.MustRegister(m)
	return m
}

// WithProcess adds the metrics of the Go runtime and of the process, for a daemon.
func (m *Metrics) WithProcess() *Metrics {
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler answers scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, EnableOpenMetrics: true})
}

// Expect begins the series of an environment with what its matrix has, and ends those of APIs that it has no more.
func (m *Metrics) Expect(matrix *probe.Matrix) {
	m.mu.Lock()
	defer m.mu.Unlock()
	env := m.environment(matrix.Plan.Environment)
	env.limit = matrix.Plan.MaxRequests
	if env.limit == 0 {
		env.limit = probe.DefaultMaxRequests
	}
	fresh := make(map[string]*api)
	see := func(c probe.Case) {
		a := fresh[c.API.Name]
		if a == nil {
			a = newAPI()
			fresh[c.API.Name] = a
		}
		a.expect(c.Access.ID(), expected(c.Expected.Layers))
	}
	for _, c := range matrix.Cases {
		see(c)
	}
	for _, s := range matrix.Skips {
		see(s.Case)
	}
	for name, old := range env.apis {
		if a := fresh[name]; a != nil {
			a.take(old)
		}
	}
	env.apis = fresh
}

// Forget ends the series of an environment that is probed no more.
func (m *Metrics) Forget(environment string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.environments, environment)
}

// See counts what happens in a run.
func (m *Metrics) See(event probe.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := event.(probe.RunFinished); ok {
		m.environment(e.Report.Run.Environment).finish(e.Report)
	}
}

// Recall tells of a run that was made before, and counts it not: gauges go on where they stood, counters begin anew.
func (m *Metrics) Recall(report probe.Report) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.environment(report.Run.Environment).show(report)
}

// Failed counts a run that could not be made, for want of a configuration or after a panic.
func (m *Metrics) Failed(environment string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.environment(environment).runs[Failed]++
}

func (m *Metrics) environment(name string) *environment {
	env := m.environments[name]
	if env == nil {
		env = &environment{apis: make(map[string]*api), runs: make(map[Outcome]int), skipped: make(map[SkipReason]int)}
		m.environments[name] = env
	}
	return env
}

func (env *environment) finish(r probe.Report) {
	env.runs[outcomeOf(r)]++
	env.requests += r.Run.Requests
	env.extra += len(r.Extra)
	env.show(r)
}

// show tells what a run found.
func (env *environment) show(r probe.Report) {
	if outcomeOf(r) == Pass {
		env.passedAt = ended(r)
	}
	seen := make(map[string]*api)
	for _, res := range r.Results {
		a := seen[res.API]
		if a == nil {
			a = newAPI()
			if old := env.apis[res.API]; old != nil {
				a.like(old)
			}
			seen[res.API] = a
		}
		a.count(res)
	}
	for name, a := range seen {
		env.apis[name] = a
	}
	r.Results, r.Extra = nil, nil
	env.last = &r
}

func ended(r probe.Report) time.Time {
	return r.Run.Started.Add(time.Duration(r.Run.DurationMS) * time.Millisecond)
}

// outcomeOf is the worst that counts.
func outcomeOf(r probe.Report) Outcome {
	fails, inconclusive := 0, 0
	for _, res := range r.Results {
		switch {
		case res.Accepted != nil:
		case res.Verdict == probe.Fail:
			fails++
		case res.Verdict == probe.Inconclusive:
			inconclusive++
		}
	}
	switch {
	case fails > 0:
		return Fail
	case !r.Run.Complete:
		return Interrupted
	case inconclusive > 0 || !r.Proven():
		return Inconclusive
	}
	return Pass
}

// expected is the layer that cases are counted under: the one, or the first of several.
func expected(layers []probe.Layer) probe.Layer {
	if len(layers) == 0 {
		return probe.None
	}
	return layers[0]
}

// The scheduler tells what follows.

// Scheduled says that an environment runs on a schedule, and when next; the zero time: never.
func (m *Metrics) Scheduled(name string, next time.Time) {
	m.change(name, func(env *environment) { env.scheduled, env.next = true, next })
}

// Started tells how long after its time a run began.
func (m *Metrics) Started(name string, lag time.Duration) {
	m.change(name, func(env *environment) { env.scheduled, env.lag = true, lag })
}

// Skipped counts a run that the scheduler let out.
func (m *Metrics) Skipped(name string, why SkipReason) {
	m.change(name, func(env *environment) { env.skipped[why]++ })
}

// Missed counts runs whose time went by while the scheduler slept or was not there.
func (m *Metrics) Missed(name string, runs int) {
	m.change(name, func(env *environment) { env.missed += runs })
}

func (m *Metrics) change(name string, change func(*environment)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m.environment(name))
}

// Reloaded tells whether the last reading of the configuration succeeded.
func (m *Metrics) Reloaded(ok bool, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reloaded = &ok
	if ok {
		m.reloadedAt = at
	}
}

// Destination begins the series of a destination of alerts.
func (m *Metrics) Destination(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.destination(name)
}

// Delivered counts an attempt to deliver an alert.
func (m *Metrics) Delivered(destination string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d := m.destination(destination); ok {
		d.sent++
	} else {
		d.failed++
	}
}

func (m *Metrics) destination(name string) *delivery {
	d := m.deliveries[name]
	if d == nil {
		d = new(delivery)
		m.deliveries[name] = d
	}
	return d
}

// Alerts tells how many alerts are open, by severity.
func (m *Metrics) Alerts(open map[string]int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alerts = open
}

func goVersion() string { return strings.TrimPrefix(runtime.Version(), "go") }
