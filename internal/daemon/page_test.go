package daemon

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/metrics"
	"apigwprobe/internal/store"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden file")

// site is a daemon with a history, whose pages can be asked for.
type site struct {
	*Web
	now time.Time
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// newSite serves an environment with some routes.
func newSite(t testing.TB, history string, routes int) *site {
	t.Helper()
	return newSiteOf(t, history, matrixOf("prod", routes))
}

func newSiteOf(t testing.TB, history string, matrix *probe.Matrix) *site {
	t.Helper()
	kept, err := store.Open(history)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })
	s := &site{now: noon}
	d, err := New(t.Context(), Options{
		Load: func() (Configuration, error) {
			return Configuration{Environments: []Environment{{Matrix: matrix}}}, nil
		},
		Log: slog.New(slog.DiscardHandler), Meter: metrics.New("dev"), Keep: kept, Now: func() time.Time { return s.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Web = &Web{Daemon: d, Store: kept, Metrics: http.NotFoundHandler(), Style: ":root{}"}
	return s
}

var pageScenarios = []string{"sigv4", "unsigned", "expired-signature", "missing-api-key"}

// matrixOf asks each scenario on each route.
func matrixOf(environment string, routes int) *probe.Matrix {
	m := &probe.Matrix{Plan: &probe.Plan{Environment: environment, Schedule: "0 * * * *"}}
	for i := range routes {
		for j, name := range pageScenarios {
			c := probe.Case{Scenario: probe.Scenario{Name: name}, Control: j == 0}
			c.API.Name, c.Route.Method, c.Route.Path, c.Access.Kind = "orders", "GET", fmt.Sprintf("/orders/%d", i), probe.AccessDefault
			m.Cases = append(m.Cases, c)
		}
	}
	return m
}

// play records a run of all cases. Edit may change how one came out.
func (s *site) play(t testing.TB, id string, at time.Time, edit func(*probe.Result)) {
	t.Helper()
	s.playOf(t, id, "prod", at, edit)
}

func (s *site) playOf(t testing.TB, id, environment string, at time.Time, edit func(*probe.Result)) {
	t.Helper()
	rep := probe.Report{Version: probe.SchemaVersion, Run: probe.RunInfo{ID: id, Environment: environment, Started: at, DurationMS: 4000, Complete: true, Labels: map[string]string{}}}
	for _, c := range s.Daemon.matrix("prod").Cases {
		layer, status := probe.IAMAuthentication, 403
		if c.Control {
			layer, status = probe.None, 200
		}
		res := probe.Result{
			ID: c.ID(), Run: id, Environment: environment, At: at, API: c.API.Name, Route: c.Route.Name(), Access: probe.AccessDefault,
			AccessID: c.Access.ID(), Scenario: c.Scenario.Name, ScenarioKind: probe.Gate, Control: c.Control, Verdict: probe.Pass, Proven: !c.Control,
			Reason: "as it should be", Expected: probe.Expected{Layer: layer, Layers: []probe.Layer{layer}, Status: []int{status}},
			Observed: &probe.Observation{Status: status}, Attempts: 1, Attribution: &probe.Attribution{Layer: layer, Confidence: probe.Certain},
		}
		if edit != nil {
			edit(&res)
		}
		rep.Results = append(rep.Results, res)
		switch res.Verdict {
		case probe.Pass:
			rep.Summary.Pass++
		case probe.Fail:
			rep.Summary.Fail++
		}
	}
	record := s.Store.Record()
	for _, e := range []probe.Event{probe.RunStarted{Run: rep.Run, Cases: len(rep.Results)}, probe.RunFinished{Report: rep}} {
		if err := record(e); err != nil {
			t.Fatal(err)
		}
	}
	s.Daemon.judge(rep)
}

// opens makes a gate open.
func opens(id string) func(*probe.Result) {
	return func(res *probe.Result) {
		if res.ID == id {
			res.Verdict, res.Kind, res.Severity, res.Proven = probe.Fail, probe.Open, probe.Critical, false
			res.Observed.Status, res.Attribution.Layer = 200, probe.None
			res.Reason = "got past iam-authentication"
		}
	}
}

// ask answers a request as a browser on the same machine would make it.
func (s *site) ask(t testing.TB, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:9842"+target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w.Result()
}

// text is what a page says, without its marks.
func (s *site) text(t testing.TB, target string) string {
	t.Helper()
	answer := s.ask(t, http.MethodGet, target)
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %s: %s", target, answer.Status, body)
	}
	_, main, _ := strings.Cut(string(body), "<main>")
	main, _, _ = strings.Cut(main, "</main>")
	return strings.TrimSpace(regexp.MustCompile(`\s+`).ReplaceAllString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(main, " "), " "))
}

const (
	openCase  = "orders|GET /orders/1|default|unsigned"
	routePath = "/environments/prod/route?api=orders&route=GET+%2Forders%2F1&access=default"
)

// Pages tell how an environment and its routes stand, and how they stood. What they say is in testdata/pages.txt.
func TestPages(t *testing.T) {
	s := newSite(t, filepath.Join(t.TempDir(), "probe.db"), 2)
	var b strings.Builder
	tell := func(when string, paths ...string) {
		for _, path := range paths {
			fmt.Fprintf(&b, "== %s: %s\n%s\n\n", when, path, s.text(t, path))
		}
	}
	tell("before any run", "/", "/environments/prod", routePath, "/environments/prod/changes", "/environments/prod/coverage")
	s.play(t, "run-1", noon.Add(-2*time.Hour), nil)
	s.play(t, "run-2", noon.Add(-time.Hour), opens(openCase))
	tell("a gate opened", "/", "/environments/prod", routePath, routePath+"&run=run-1",
		"/runs/run-2", "/environments/prod/changes", "/environments/prod/coverage")
	s.playOf(t, "lab-1", "lab", noon.Add(-time.Hour), nil)
	tell("an environment that is no longer served", "/runs/lab-1", strings.Replace(routePath, "prod", "lab", 1)+"&run=lab-1")
	if err := s.Daemon.SetPause("prod", Pause{Since: noon, Reason: "deployment"}); err != nil {
		t.Fatal(err)
	}
	s.now = noon.Add(5 * time.Minute)
	tell("paused", "/")
	const golden = "testdata/pages.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("pages: (-want +got)\n%s", diff)
	}
}

// Buttons do what they say, for those who pressed them on the page and nobody else.
func TestButtons(t *testing.T) {
	s := newSite(t, filepath.Join(t.TempDir(), "probe.db"), 1)
	paused := func() bool { return s.Daemon.Status().Environments[0].Pause != nil }
	for _, tt := range []struct {
		name, method, target, site string
		status                     int
		paused                     bool
	}{
		{"another site", http.MethodPost, "/environments/prod/pause", "cross-site", http.StatusForbidden, false},
		{"a link", http.MethodGet, "/environments/prod/pause", "same-origin", http.StatusNotFound, false},
		{"pause", http.MethodPost, "/environments/prod/pause", "same-origin", http.StatusSeeOther, true},
		{"resume, another site", http.MethodPost, "/environments/prod/resume", "same-site", http.StatusForbidden, true},
		{"resume", http.MethodPost, "/environments/prod/resume", "same-origin", http.StatusSeeOther, false},
		{"unknown environment", http.MethodPost, "/environments/lab/pause", "same-origin", http.StatusNotFound, false},
		{"unknown page", http.MethodGet, "/environments/lab", "none", http.StatusNotFound, false},
		{"unknown route", http.MethodGet, "/environments/prod/route?api=orders&route=x", "none", http.StatusNotFound, false},
		{"unknown past run", http.MethodGet, "/runs/x", "none", http.StatusNotFound, false},
		{"no time", http.MethodGet, "/environments/prod?until=yesterday", "none", http.StatusBadRequest, false},
		{"unknown run", http.MethodGet, "/environments/prod/route?run=x", "none", http.StatusNotFound, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := s.ask(t, tt.method, tt.target, "Sec-Fetch-Site", tt.site)
			if got := answer.StatusCode; got != tt.status || paused() != tt.paused {
				t.Errorf("got %d, paused %v, want %d, %v", got, paused(), tt.status, tt.paused)
			}
		})
	}
}

// Nothing may be run or asked for that is written in a page.
func TestPagePolicy(t *testing.T) {
	s := newSite(t, filepath.Join(t.TempDir(), "probe.db"), 1)
	for _, path := range []string{"/", "/environments/prod", "/environments/lab", "/page.css", "/page.js"} {
		policy := s.ask(t, http.MethodGet, path).Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: got the policy %q, want one that allows nothing by default", path, policy)
		}
	}
}
