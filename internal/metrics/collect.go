package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("apigwprobe_"+name, help, labels, nil)
}

// As of the last run of each API.
var (
	caseVerdict    = desc("case_verdict", "Cases of the last run by the layer that had to decide them and by verdict.", "environment", "api", "access", "layer", "verdict")
	rejectingLayer = desc("rejecting_layer", "Answers of the last run by the layer that gave them; none: accepted, unknown: it could not be named.", "environment", "api", "access", "layer")
	openGates      = desc("open_gates", "Cases of the last run that got past the layer that must refuse them, without what is accepted.", "environment", "api", "access", "layer")
	blocked        = desc("blocked_controls", "Controls of the last run that were refused.", "environment", "api", "access")
)

// As of the last run of each environment.
var (
	gates       = desc("gates", "Cases of the last run that a layer must refuse.", "environment")
	gatesProven = desc("gates_proven", "Cases of the last run that the layer that must refuse them was shown to refuse.", "environment")
	findings    = desc("findings", "Disagreements of the last run that no single case shows.", "environment")
	skew        = desc("clock_skew_seconds", "The gateway's clock minus ours.", "environment")
	duration    = desc("run_duration_seconds", "How long the last run took.", "environment")
	runRequests = desc("run_requests", "Requests of the last run.", "environment")
	limit       = desc("run_requests_limit", "The most requests that one run may send.", "environment")
	lastRun     = desc("last_run_timestamp_seconds", "When the last run ended; 0: none did since the start.", "environment")
	lastPass    = desc("last_pass_timestamp_seconds", "When the last run in which everything passed ended; 0: none did since the start.", "environment")
	runs        = desc("runs_total", "Runs by how they ended.", "environment", "outcome")
	requests    = desc("requests_total", "Requests sent.", "environment")
	extraAsked  = desc("extra_requests_total", "Requests sent beyond the matrix, to separate candidates.", "environment")
	runsSkipped = desc("runs_skipped_total", "Runs that the scheduler let out.", "environment", "reason")
	runsMissed  = desc("runs_missed_total", "Runs whose time went by while the scheduler slept or was not there.", "environment")
	nextRun     = desc("next_run_timestamp_seconds", "When the scheduler starts the next run; 0: never.", "environment")
	startLag    = desc("run_start_lag_seconds", "How long after its time the last run began.", "environment")
	configOK    = desc("config_last_reload_successful", "Whether the last reading of the configuration succeeded.")
	configAt    = desc("config_last_reload_success_timestamp_seconds", "When the configuration was last read with success.")
	deliveries  = desc("alert_deliveries_total", "Attempts to deliver an alert.", "destination", "result")
	alertsOpen  = desc("alerts_open", "Alerts that are open.", "severity")
	buildInfo   = desc("build_info", "The version of the prober; always 1.", "version", "goversion")
)

// Describe implements [prometheus.Collector].
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		caseVerdict, rejectingLayer, openGates, blocked, gates, gatesProven, findings, skew, duration, runRequests, limit,
		lastRun, lastPass, runs, requests, extraAsked, runsSkipped, runsMissed, nextRun, startLag, configOK, configAt,
		deliveries, alertsOpen, buildInfo,
	} {
		to <- d
	}
}

// sink takes the samples of one scrape.
type sink chan<- prometheus.Metric

func (s sink) gauge(d *prometheus.Desc, v float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (s sink) counter(d *prometheus.Desc, n int, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

// Collect implements [prometheus.Collector].
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := sink(to)
	s.gauge(buildInfo, 1, m.version, goVersion())
	if m.reloaded != nil {
		s.gauge(configOK, truth(*m.reloaded))
		s.gauge(configAt, unix(m.reloadedAt))
	}
	for name, env := range m.environments {
		env.collect(s, name)
	}
	for name, d := range m.deliveries {
		s.counter(deliveries, d.sent, name, "delivered")
		s.counter(deliveries, d.failed, name, "failed")
	}
	for severity, n := range m.alerts {
		s.gauge(alertsOpen, float64(n), severity)
	}
}

func (env *environment) collect(s sink, name string) {
	for apiName, a := range env.apis {
		a.collect(s, name, apiName)
	}
	for _, o := range outcomes {
		s.counter(runs, env.runs[o], name, string(o))
	}
	s.counter(requests, env.requests, name)
	s.counter(extraAsked, env.extra, name)
	s.gauge(limit, float64(env.limit), name)
	s.gauge(lastPass, unix(env.passedAt), name)
	var last time.Time
	if r := env.last; r != nil {
		last = ended(*r)
		s.gauge(gates, float64(r.Coverage.Gates), name)
		s.gauge(gatesProven, float64(r.Coverage.Proven), name)
		s.gauge(findings, float64(len(r.Findings)), name)
		s.gauge(skew, float64(r.Run.ClockSkewMS)/1000, name)
		s.gauge(duration, float64(r.Run.DurationMS)/1000, name)
		s.gauge(runRequests, float64(r.Run.Requests), name)
	} else {
		for _, d := range []*prometheus.Desc{gates, gatesProven, findings, skew, duration, runRequests} {
			s.gauge(d, 0, name)
		}
	}
	s.gauge(lastRun, unix(last), name)
	if env.scheduled {
		for _, why := range skipReasons {
			s.counter(runsSkipped, env.skipped[why], name, string(why))
		}
		s.counter(runsMissed, env.missed, name)
		s.gauge(nextRun, unix(env.next), name)
		s.gauge(startLag, env.lag.Seconds(), name)
	}
}

func (a *api) collect(s sink, environment, name string) {
	for g, counts := range a.verdicts {
		for i, v := range verdicts {
			s.gauge(caseVerdict, float64(counts[i]), environment, name, g.access, string(g.layer), v)
		}
	}
	for g, n := range a.open {
		s.gauge(openGates, float64(n), environment, name, g.access, string(g.layer))
	}
	for access, n := range a.blocked {
		s.gauge(blocked, float64(n), environment, name, access)
	}
	for access, layers := range a.answers {
		for layer, n := range layers {
			s.gauge(rejectingLayer, float64(n), environment, name, access, string(layer))
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// unix is t in seconds, 0 for the zero time.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
