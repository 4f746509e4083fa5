package metrics

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

const domain = "custom-domain:api.example.com/orders"

// matrix has an IAM route that is reached by a domain, with a control and two gates, one of which is skipped.
func matrix() *probe.Matrix {
	api := probe.API{Name: "orders", Domains: []probe.CustomDomain{{Host: "api.example.com", BasePath: "orders"}}}
	at := probe.Access{Kind: probe.AccessCustomDomain, Host: "api.example.com", Prefix: "/orders"}
	on := func(scenario string, layer probe.Layer, kind probe.Kind) probe.Case {
		return probe.Case{
			Scenario: probe.Scenario{Name: scenario, Kind: kind},
			Target:   probe.Target{API: api, Route: probe.Route{Method: "GET", Path: "/orders"}, Access: at},
			Control:  layer == probe.None, Expected: probe.Expectation{Layers: []probe.Layer{layer}},
		}
	}
	return &probe.Matrix{
		Plan:  &probe.Plan{Environment: "prod", APIs: []probe.API{api}},
		Cases: []probe.Case{on("sigv4", probe.None, probe.Gate), on("unsigned", probe.IAMAuthentication, probe.Gate)},
		Skips: []probe.Skip{{Case: on("missing-api-key", probe.APIKeyLayer, probe.Gate), Reason: "no key"}},
	}
}

func result(scenario string, expected probe.Layer, verdict probe.Verdict, kind probe.VerdictKind, layer probe.Layer) probe.Result {
	res := probe.Result{
		API: "orders", AccessID: domain, Scenario: scenario, ScenarioKind: probe.Gate, Control: expected == probe.None,
		Verdict: verdict, Kind: kind, Expected: probe.Expected{Layers: []probe.Layer{expected}},
	}
	if verdict != probe.Skipped {
		res.Observed, res.Attribution = &probe.Observation{}, &probe.Attribution{Layer: layer}
	}
	return res
}

var started = time.Date(2026, time.November, 21, 12, 0, 0, 0, time.UTC)

func report(results ...probe.Result) probe.Report {
	return probe.Report{
		Run:      probe.RunInfo{ID: "r1", Environment: "prod", Started: started, DurationMS: 2500, Requests: 4, ClockSkewMS: -1500, Complete: true},
		Coverage: probe.Coverage{Routes: 1, Gates: 1, Proven: 1},
		Results:  results,
	}
}

var (
	control = result("sigv4", probe.None, probe.Pass, "", probe.None)
	shut    = result("unsigned", probe.IAMAuthentication, probe.Pass, "", probe.IAMAuthentication)
	opened  = result("unsigned", probe.IAMAuthentication, probe.Fail, probe.Open, probe.None)
	refused = result("sigv4", probe.None, probe.Fail, probe.Blocked, probe.WAF)
	nothing = result("unsigned", probe.IAMAuthentication, probe.Inconclusive, probe.KindNetwork, "")
	skipped = result("missing-api-key", probe.APIKeyLayer, probe.Skipped, "", "")
)

func accepted(res probe.Result) probe.Result {
	res.Accepted = &probe.Accepted{Reason: "ticket 123"}
	return res
}

// text is what is told, without the version of Go.
func text(t *testing.T, m *Metrics) string {
	t.Helper()
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(b.String(), goVersion(), "1.x")
}

func TestGolden(t *testing.T) {
	m := New("v1")
	m.Expect(matrix())
	golden(t, "start", text(t, m))

	m.Reloaded(true, started)
	m.Scheduled("prod", started.Add(time.Minute))
	m.Started("prod", 1200*time.Millisecond)
	m.Skipped("prod", Overlap)
	m.Missed("prod", 3)
	m.Destination("ops")
	m.Delivered("ops", false)
	m.Alerts(map[string]int{"critical": 1, "warning": 0})
	m.See(probe.RunFinished{Report: report(control, shut, skipped)})
	m.See(probe.RunFinished{Report: report(refused, opened, skipped)})
	golden(t, "open", text(t, m))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".prom")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: (-want +got), -update writes it\n%s", path, diff)
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("promtool is missing")
		}
		t.Log("promtool is missing: what it would check is not checked here")
		return
	}
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = strings.NewReader(got)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

func TestOutcomes(t *testing.T) {
	cut := report(control, shut)
	cut.Run.Complete = false
	bare := report(skipped)
	bare.Coverage.Proven = 0
	for name, tt := range map[string]struct {
		report probe.Report
		want   Outcome
	}{
		"all is well":       {report(control, shut), Pass},
		"open":              {report(control, opened), Fail},
		"open and accepted": {report(control, accepted(opened)), Pass},
		"no answer":         {report(control, nothing), Inconclusive},
		"nothing proven":    {bare, Inconclusive},
		"interrupted":       {cut, Interrupted},
	} {
		if got := outcomeOf(tt.report); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

// An accepted finding must wake nobody, and what a run did not ask must stay as it was.
// A run that is recalled stands in the gauges and in no counter.
func TestRecall(t *testing.T) {
	report := probe.Report{Run: probe.RunInfo{Environment: "prod", Requests: 7, Complete: true}, Results: []probe.Result{{
		API: "orders", AccessID: "default", Verdict: probe.Fail, Kind: probe.Open, Expected: probe.Expected{Layers: []probe.Layer{"waf"}},
	}}}
	tell := func(see func(*Metrics)) string {
		m := New("test")
		see(m)
		var out strings.Builder
		if err := m.Write(&out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	seen := tell(func(m *Metrics) { m.See(probe.RunFinished{Report: report}) })
	recalled := tell(func(m *Metrics) { m.Recall(report) })
	const gauge, counter = `apigwprobe_open_gates{access="default",api="orders",environment="prod",layer="waf"} 1`, `apigwprobe_runs_total{environment="prod",outcome="fail"} 1`
	if !strings.Contains(recalled, gauge) || !strings.Contains(seen, gauge) {
		t.Errorf("got %s, want %s", recalled, gauge)
	}
	for _, line := range strings.Split(recalled, "\n") {
		if name, value, _ := strings.Cut(line, " "); strings.Contains(name, "_total{") && !strings.HasPrefix(line, "#") && value != "0" {
			t.Errorf("got %s, want 0", line)
		}
	}
	if !strings.Contains(seen, counter) {
		t.Errorf("got %s, want %s", seen, counter)
	}
}

func TestSeries(t *testing.T) {
	m := New("v1")
	m.Expect(matrix())
	has := func(when string, lines ...string) {
		t.Helper()
		got := text(t, m)
		for _, line := range lines {
			if !strings.Contains(got, "\n"+line+"\n") {
				t.Errorf("%s: got no %s", when, line)
			}
		}
	}
	gate := `access="` + domain + `",api="orders",environment="prod",layer="iam-authentication"`
	has("at the start", `apigwprobe_open_gates{`+gate+`} 0`, `apigwprobe_last_run_timestamp_seconds{environment="prod"} 0`)
	m.See(probe.RunFinished{Report: report(control, opened)})
	has("open", `apigwprobe_open_gates{`+gate+`} 1`, `apigwprobe_case_verdict{`+gate+`,verdict="fail"} 1`)
	m.See(probe.RunFinished{Report: report(control, accepted(opened))})
	has("accepted", `apigwprobe_open_gates{`+gate+`} 0`, `apigwprobe_case_verdict{`+gate+`,verdict="accepted"} 1`, `apigwprobe_case_verdict{`+gate+`,verdict="fail"} 0`)
	m.See(probe.RunFinished{Report: report(control, opened)})
	m.Expect(matrix()) // as on a reload
	has("after a reload", `apigwprobe_open_gates{`+gate+`} 1`)
	gone := matrix()
	gone.Cases, gone.Skips = nil, nil
	m.Expect(gone)
	if got := text(t, m); strings.Contains(got, `api="orders"`) {
		t.Errorf("the API is gone from the configuration, and still told of:\n%s", got)
	}
	m.Forget("prod")
	if got := text(t, m); strings.Contains(got, `environment="prod"`) {
		t.Errorf("the environment is gone from the configuration, and still told of:\n%s", got)
	}
}

func TestConcurrently(t *testing.T) {
	m := New("v1").WithProcess()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				m.Expect(matrix())
				m.See(probe.RunFinished{Report: report(control, opened)})
				m.Delivered("ops", true)
				w := httptest.NewRecorder()
				m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
				if w.Code != http.StatusOK {
					t.Errorf("got %d: %s", w.Code, w.Body)
				}
			}
		})
	}
	all.Wait()
}
