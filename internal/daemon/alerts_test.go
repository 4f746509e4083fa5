package daemon

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"apigwprobe/internal/alert"
	"apigwprobe/internal/store"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// inbox is a destination of alerts.
type inbox struct {
	w   *world
	got []string
}

func (i *inbox) Name() string { return "inbox" }

func (i *inbox) Send(_ context.Context, m alert.Message, _ time.Time) error {
	i.w.mu.Lock()
	defer i.w.mu.Unlock()
	i.got = append(i.got, fmt.Sprintf("%s %s %s", m.At.Format("15:04"), m.Kind, m.Alert.Key))
	return nil
}

// faulty is an environment whose control is refused while a fault holds. It notes which APIs each run asks.
func (w *world) faulty(schedule string, fault *atomic.Bool, asked *[]string) Environment {
	e := w.environment("prod", schedule, "", 0)
	e.Run = func(_ context.Context, job Job) (iter.Seq[probe.Event], error) {
		now := w.now()
		*asked = append(*asked, now.Format("15:04 ")+strings.Join(job.APIs, ","))
		result := probe.Result{
			ID: "orders|GET /orders|default|sigv4", API: "orders", Route: "GET /orders", Access: "default", AccessID: "default",
			Scenario: "sigv4", Control: true, Verdict: probe.Pass, Observed: &probe.Observation{Status: 200},
			Attribution: &probe.Attribution{Layer: probe.None, Confidence: probe.Certain},
		}
		if fault.Load() {
			result.Verdict, result.Kind, result.Observed.Status, result.Attribution.Layer = probe.Fail, probe.Blocked, 403, "waf"
		}
		return slices.Values([]probe.Event{probe.RunFinished{Report: probe.Report{
			Run:     probe.RunInfo{ID: now.Format("1504"), Environment: "prod", Started: now, Complete: true},
			Results: []probe.Result{result},
		}}}), nil
	}
	return e
}

// What fails is confirmed by a second run a minute later before anybody is told; silences and maintenance hold messages
// back, and nothing else.
func TestAlerts(t *testing.T) {
	for _, tt := range []struct {
		name  string
		quiet func(w *world, e *Environment)
		want  string // when the second fault is told
	}{
		{"nothing holds it", func(*world, *Environment) {}, "15:01 raised"},
		{"silence", func(w *world, _ *Environment) {
			w.silences = []store.Silence{{Environment: "prod", API: "orders", From: instant(t, "2026-11-21T14:30:00Z"), Until: instant(t, "2026-11-21T16:30:00Z")}}
		}, "16:30 raised"},
		{"silence of others", func(w *world, _ *Environment) {
			w.silences = []store.Silence{{Environment: "prod", API: "shop", From: instant(t, "2026-11-21T14:30:00Z"), Until: instant(t, "2026-11-21T16:30:00Z")}}
		}, "15:01 raised"},
		{"maintenance", func(_ *world, e *Environment) {
			e.Maintenance = []Maintenance{{From: instant(t, "2026-11-21T14:30:00Z"), Until: instant(t, "2026-11-21T15:30:00Z")}}
		}, "15:30 raised"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var fault atomic.Bool
				var asked []string
				w := newWorld(t, instant(t, "2026-11-21T12:10:00Z"))
				box := &inbox{w: w}
				w.alerts = alert.Settings{Targets: []alert.Target{{Destination: box}}}
				e := w.faulty("0 * * * *", &fault, &asked)
				tt.quiet(w, &e)
				w.environments = []Environment{e}
				_, stop := w.serve()
				for _, step := range []struct {
					at    string
					fault bool
				}{{"12:30", true}, {"13:30", false}, {"14:45", true}, {"17:10", true}} {
					w.sleepUntil(instant(t, "2026-11-21T"+step.at+":00Z"))
					fault.Store(step.fault)
				}
				if err := stop(); err != nil {
					t.Error(err)
				}
				const cause = " orders through default: waf blocked"
				want := []string{"13:01 raised" + cause, "14:00 resolved" + cause, tt.want + cause}
				if diff := cmp.Diff(want, box.got); diff != "" {
					t.Errorf("messages: (-want +got)\n%s", diff)
				}
				runs := []string{"13:00 ", "13:01 orders", "14:00 ", "15:00 ", "15:01 orders", "16:00 ", "17:00 "}
				if diff := cmp.Diff(runs, asked); diff != "" {
					t.Errorf("runs: (-want +got)\n%s", diff)
				}
				if got := w.counted()["delivered: true"]; got != 3 {
					t.Errorf("got %d deliveries counted, want 3", got)
				}
			})
		})
	}
}

// A run that ended while nobody looked is seen at the start, once.
func TestCatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fault atomic.Bool
		fault.Store(true)
		var asked []string
		w := newWorld(t, instant(t, "2026-11-21T12:50:00Z"))
		box := &inbox{w: w}
		w.alerts = alert.Settings{Targets: []alert.Target{{Destination: box}}}
		e := w.faulty("0 * * * *", &fault, &asked)
		e.Matrix.Cases = []probe.Case{{
			Target: probe.Target{
				API: probe.API{Name: "orders"}, Route: probe.Route{Method: "GET", Path: "/orders"}, Access: probe.Access{Kind: "default"},
			},
			Scenario: probe.Scenario{Name: "sigv4"},
		}}
		w.environments = []Environment{e}
		events, err := e.Run(t.Context(), Job{})
		if err != nil {
			t.Fatal(err)
		}
		for event := range events {
			report := event.(probe.RunFinished).Report
			report.Run.DurationMS = 1500
			w.earlier = []probe.Report{report}
		}
		for range 3 {
			d, stop := w.serve()
			want := &LastRun{ID: "1250", Started: instant(t, "2026-11-21T12:50:00Z"), Ended: instant(t, "2026-11-21T12:50:01.5Z"), Complete: true}
			if diff := cmp.Diff(want, d.Status().Environments[0].Last); w.now().Minute() == 50 && diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			time.Sleep(40 * time.Second)
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
		if diff := cmp.Diff([]string{"12:51 raised orders through default: waf blocked"}, box.got); diff != "" {
			t.Errorf("messages: (-want +got)\n%s", diff)
		}
		if diff := cmp.Diff([]string{"12:50 ", "12:51 orders"}, asked); diff != "" {
			t.Errorf("runs: (-want +got)\n%s", diff)
		}
	})
}

// Of the past, as many runs are read as it takes to have seen every API, but no more than a few.
func TestLookBack(t *testing.T) {
	run := func(id string, complete bool, apis ...string) probe.Report {
		r := probe.Report{Run: probe.RunInfo{ID: id, Complete: complete}}
		for _, api := range apis {
			r.Results = append(r.Results, probe.Result{API: api})
		}
		return r
	}
	for _, tt := range []struct {
		name    string
		earlier []probe.Report
		want    []string
	}{
		{"none", nil, nil},
		{"whole", []probe.Report{run("1", true, "a", "b"), run("2", true, "a", "b")}, []string{"2"}},
		{"confirmation", []probe.Report{run("1", true, "a", "b"), run("2", true, "a", "b"), run("3", true, "b")}, []string{"2", "3"}},
		{"cut", []probe.Report{run("1", true, "a", "b"), run("2", false, "a")}, []string{"1"}},
		{"never whole", []probe.Report{
			run("1", true, "a", "b"), run("2", true, "a"), run("3", true, "a"), run("4", true, "a"), run("5", true, "a"), run("6", true, "a"),
		}, []string{"2", "3", "4", "5", "6"}},
	} {
		w := &world{earlier: tt.earlier}
		d := &Daemon{Options: Options{Keep: w}}
		reports, err := d.lastReports(t.Context(), &probe.Plan{APIs: []probe.API{{Name: "a"}, {Name: "b"}}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range reports {
			got = append(got, r.Run.ID)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
}

// A confirmation that comes to nothing is tried again each minute, and no more often. One waits for a pause to end.
func TestConfirmationsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fault atomic.Bool
		fault.Store(true)
		var asked []string
		w := newWorld(t, instant(t, "2026-11-21T12:50:00Z"))
		e := w.faulty("0 * * * *", &fault, &asked)
		whole := e.Run
		tries := 0
		e.Run = func(ctx context.Context, job Job) (iter.Seq[probe.Event], error) {
			if job.APIs != nil {
				tries++
				return nil, errors.New("no key")
			}
			return whole(ctx, job)
		}
		w.environments = []Environment{e}
		d, stop := w.serve()
		w.sleepUntil(instant(t, "2026-11-21T13:05:30Z"))
		if tries != 5 {
			t.Errorf("got %d tries in five minutes, want 5", tries)
		}
		if err := d.SetPause("prod", Pause{}); err != nil {
			t.Error(err)
		}
		w.sleepUntil(instant(t, "2026-11-21T13:15:30Z"))
		if err := stop(); err != nil {
			t.Error(err)
		}
		if tries != 5 {
			t.Errorf("got %d tries in a pause, want none", tries-5)
		}
	})
}

// A history that takes no more stops no run and no alert; it is said, and the daemon is not called well.
func TestFullHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, instant(t, "2026-11-21T12:50:00Z"), Environment{})
		w.environments = []Environment{w.environment("prod", "0 * * * *", "", time.Minute)}
		w.full = errors.New("disk is full")
		d, stop := w.serve()
		w.sleepUntil(instant(t, "2026-11-21T13:30:00Z"))
		if last := d.Status().Environments[0].Last; last == nil || !last.Complete {
			t.Errorf("got %+v, want a complete run", last)
		}
		if err := d.whole(); err == nil || err.Error() != "the last run was not recorded: disk is full" {
			t.Errorf("got %v, want that the run was not recorded", err)
		}
		if err := d.Ready(); err != nil {
			t.Errorf("got %v, want that it works", err)
		}
		if got := strings.Count(w.logged(), "a run is not recorded"); got != 1 {
			t.Errorf("it was said %d times, want once", got)
		}
		w.mu.Lock()
		w.full = nil
		w.mu.Unlock()
		w.sleepUntil(instant(t, "2026-11-21T14:30:00Z"))
		if err := d.whole(); err != nil {
			t.Errorf("got %v, want that all is well again", err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}
