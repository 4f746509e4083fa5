package alert

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

var monday = time.Date(2026, time.November, 23, 8, 0, 0, 0, time.UTC)

// row is a result of the report of a test.
type row struct {
	api, route, scenario string
	verdict              probe.Verdict
	kind                 probe.VerdictKind
	layer                probe.Layer // that answered
	accepted, repeated   bool
	control              bool
}

func (r row) id() string { return strings.Join([]string{r.api, r.route, "default", r.scenario}, "|") }

// report is that of a run that started at a time.
func report(at time.Time, rows ...row) probe.Report {
	out := probe.Report{Version: 1, Run: probe.RunInfo{
		ID: at.Format("1504"), Environment: "prod", Started: at, Complete: true, Labels: map[string]string{"commit": "abc"},
	}}
	for _, r := range rows {
		res := probe.Result{
			ID: r.id(), API: r.api, Route: r.route, Access: "default", AccessID: "default", Scenario: r.scenario, Control: r.control,
			Verdict: r.verdict, Kind: r.kind, Reason: "because of " + string(r.kind), Next: "look",
			Expected:    probe.Expected{Layer: "iam-authentication"},
			Attribution: &probe.Attribution{Layer: r.layer, Confidence: probe.Certain},
			Observed:    &probe.Observation{Status: 200},
		}
		if r.accepted {
			res.Accepted = &probe.Accepted{Reason: "known"}
		}
		out.Results = append(out.Results, res)
		if r.repeated {
			again := res
			again.ID += "|" + probe.ExtraRepeat
			out.Extra = append(out.Extra, again)
		}
	}
	return out
}

func pass(route, scenario string) row {
	return row{api: "orders", route: route, scenario: scenario, verdict: probe.Pass}
}

func open(route, scenario string) row {
	return row{api: "orders", route: route, scenario: scenario, verdict: probe.Fail, kind: probe.Open, layer: probe.None, repeated: true}
}

func blocked(route string, layer probe.Layer) row {
	return row{api: "orders", route: route, scenario: "sigv4", verdict: probe.Fail, kind: probe.Blocked, layer: layer, control: true}
}

func undecided(route, scenario string, kind probe.VerdictKind) row {
	return row{api: "orders", route: route, scenario: scenario, verdict: probe.Inconclusive, kind: kind}
}

func ledger(verdict probe.Verdict, kind probe.VerdictKind) row {
	return row{api: "ledger", route: "GET /c", scenario: "unsigned", verdict: verdict, kind: kind}
}

// inbox is a destination that keeps what it gets.
type inbox struct {
	name string
	fail error
	got  []Message
}

func (i *inbox) Name() string { return i.name }

func (i *inbox) Send(_ context.Context, m Message, _ time.Time) error {
	if i.fail != nil {
		return i.fail
	}
	i.got = append(i.got, m)
	return nil
}

// said is what was told, shortly.
func (i *inbox) said() []string {
	said := []string{}
	for _, m := range i.got {
		said = append(said, fmt.Sprintf("%s %s %s", m.At.Format("15:04"), m.Kind, m.Alert.Key))
	}
	return said
}

// step is one thing that happens to a manager.
type step struct {
	after time.Duration // since monday
	rows  []row
	cut   bool // the run was interrupted
}

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

// TestStories says what is told for sequences of runs.
func TestStories(t *testing.T) {
	const gate = "orders through default: iam-authentication open"
	shut := []row{pass("GET /a", "unsigned"), pass("GET /b", "unsigned")}
	stories := []struct {
		name  string
		steps []step
		want  []string
	}{
		{"nothing is wrong", []step{{rows: shut}, {after: minutes(5), rows: shut}}, []string{}},
		{"an open gate is confirmed by the run's own repetition", []step{
			{rows: []row{open("GET /a", "unsigned"), open("GET /b", "unsigned")}},
		}, []string{"08:00 raised " + gate}},
		{"an open gate without a repetition needs a second run", []step{
			{rows: []row{{api: "orders", route: "GET /a", scenario: "unsigned", verdict: probe.Fail, kind: probe.Open, layer: probe.None}}},
			{after: minutes(1), rows: []row{{api: "orders", route: "GET /a", scenario: "unsigned", verdict: probe.Fail, kind: probe.Open, layer: probe.None}}},
		}, []string{"08:01 raised " + gate}},
		{"another fault needs a second run, a minute later", []step{
			{rows: []row{blocked("GET /a", probe.WAF)}},
			{after: 30 * time.Second, rows: []row{blocked("GET /a", probe.WAF)}},
			{after: minutes(1), rows: []row{blocked("GET /a", probe.WAF)}},
			{after: minutes(5), rows: []row{pass("GET /a", "sigv4")}},
		}, []string{"08:01 raised orders through default: waf blocked", "08:05 resolved orders through default: waf blocked"}},
		{"what the second run does not show wakes nobody", []step{
			{rows: []row{blocked("GET /a", probe.WAF)}},
			{after: minutes(1), rows: []row{pass("GET /a", "sigv4")}},
		}, []string{}},
		{"a fault that changes its face is confirmed", []step{
			{rows: []row{blocked("GET /a", probe.WAF)}},
			{after: minutes(1), rows: []row{blocked("GET /a", probe.Stage)}},
		}, []string{"08:01 raised orders through default: stage blocked"}},
		{"what is accepted raises nothing", []step{
			{rows: []row{{api: "orders", route: "GET /a", scenario: "unsigned", verdict: probe.Fail, kind: probe.Open, accepted: true, repeated: true}}},
		}, []string{}},
		{"what becomes accepted is resolved", []step{
			{rows: []row{open("GET /a", "unsigned")}},
			{after: minutes(5), rows: []row{{api: "orders", route: "GET /a", scenario: "unsigned", verdict: probe.Fail, kind: probe.Open, accepted: true}}},
		}, []string{"08:00 raised " + gate, "08:05 resolved " + gate}},
		{"inconclusive is not resolved", []step{
			{rows: []row{open("GET /a", "unsigned")}},
			{after: minutes(5), rows: []row{undecided("GET /a", "unsigned", probe.KindControlFailed)}},
			{after: minutes(6), rows: []row{undecided("GET /a", "unsigned", probe.KindNetwork)}},
		}, []string{"08:00 raised " + gate}},
		{"an interrupted run resolves nothing", []step{
			{rows: []row{open("GET /a", "unsigned")}},
			{after: minutes(5), rows: []row{pass("GET /a", "unsigned")}, cut: true},
		}, []string{"08:00 raised " + gate}},
		{"a stopped API resolves nothing", []step{
			{rows: []row{open("GET /a", "unsigned")}},
			{after: minutes(5), rows: []row{pass("GET /a", "unsigned"), undecided("GET /b", "unsigned", probe.KindStopped)}},
		}, []string{"08:00 raised " + gate}},
		{"a run of another API resolves nothing", []step{
			{rows: []row{open("GET /a", "unsigned")}},
			{after: minutes(5), rows: []row{{api: "ledger", route: "GET /a", scenario: "unsigned", verdict: probe.Pass}}},
		}, []string{"08:00 raised " + gate}},
		{"half of it is not resolved", []step{
			{rows: []row{open("GET /a", "unsigned"), open("GET /b", "unsigned")}},
			{after: minutes(5), rows: []row{pass("GET /a", "unsigned"), open("GET /b", "unsigned")}},
			{after: minutes(6), rows: shut},
		}, []string{"08:00 raised " + gate, "08:06 resolved " + gate}},
		{"one fault of many rows is one alert", []step{
			{rows: []row{blocked("GET /a", probe.WAF), blocked("GET /b", probe.WAF), {api: "orders", route: "GET /a", scenario: "unsigned", verdict: probe.Fail, kind: probe.WrongLayer, layer: probe.WAF}, undecided("GET /b", "unsigned", probe.KindControlFailed)}},
			{after: minutes(1), rows: []row{blocked("GET /a", probe.WAF), blocked("GET /b", probe.WAF), {api: "orders", route: "GET /a", scenario: "unsigned", verdict: probe.Fail, kind: probe.WrongLayer, layer: probe.WAF}, undecided("GET /b", "unsigned", probe.KindControlFailed)}},
		}, []string{"08:01 raised orders through default: waf blocked"}},
		{"what cannot be proven is told, too", []step{
			{rows: []row{undecided("GET /a", "unsigned", probe.KindNetwork), undecided("GET /b", "unsigned", probe.KindNetwork)}},
			{after: minutes(1), rows: []row{undecided("GET /a", "unsigned", probe.KindNetwork), undecided("GET /b", "unsigned", probe.KindNetwork)}},
			{after: minutes(2), rows: shut},
		}, []string{"08:01 raised orders through default: network", "08:02 resolved orders through default: network"}},
		{"a network that is down is one fault of ours, until something answers", []step{
			{rows: []row{undecided("GET /a", "unsigned", probe.KindNetwork), ledger(probe.Inconclusive, probe.KindNetwork)}},
			{after: minutes(1), rows: []row{undecided("GET /a", "unsigned", probe.KindNetwork), ledger(probe.Inconclusive, probe.KindNetwork)}},
			{after: minutes(2), rows: []row{undecided("GET /a", "unsigned", probe.KindNetwork), ledger(probe.Pass, "")}},
			{after: minutes(3), rows: []row{pass("GET /a", "unsigned"), ledger(probe.Pass, "")}},
		}, []string{
			"08:01 raised all APIs: network",
			"08:02 raised orders through default: network", "08:02 resolved all APIs: network",
			"08:03 resolved orders through default: network",
		}},
		{"flapping is told three times, and resolved after an hour of quiet", []step{
			{rows: []row{open("GET /a", "unsigned")}},
			{after: minutes(5), rows: shut},
			{after: minutes(10), rows: []row{open("GET /a", "unsigned")}},
			{after: minutes(15), rows: shut},
			{after: minutes(20), rows: []row{open("GET /a", "unsigned")}},
			{after: minutes(25), rows: shut},
			{after: minutes(30), rows: []row{open("GET /a", "unsigned")}},
			{after: minutes(35), rows: shut},
			{after: minutes(90), rows: shut},
			{after: minutes(95), rows: shut},
		}, []string{
			"08:00 raised " + gate, "08:05 resolved " + gate, "08:10 raised " + gate, "08:15 resolved " + gate,
			"08:20 raised " + gate, "09:35 resolved " + gate,
		}},
		{"what stays open is told once a day", []step{
			{rows: []row{open("GET /a", "unsigned")}},
			{after: 23 * time.Hour, rows: []row{open("GET /a", "unsigned")}},
			{after: 25 * time.Hour, rows: []row{open("GET /a", "unsigned")}},
		}, []string{"08:00 raised " + gate, "09:00 reminder " + gate}},
	}
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			box := &inbox{name: "box"}
			m := newManager(t, Options{Settings: Settings{Targets: []Target{{Destination: box}}}})
			for _, step := range s.steps {
				now := monday.Add(step.after)
				r := report(now, step.rows...)
				r.Run.Complete = !step.cut
				see(t, m, r)
				deliver(t, m, now)
			}
			if diff := cmp.Diff(s.want, box.said()); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

func newManager(t testing.TB, o Options) *Manager {
	t.Helper()
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func see(t testing.TB, m *Manager, r probe.Report) {
	t.Helper()
	if err := m.See(r, r.Run.Started); err != nil {
		t.Fatal(err)
	}
}

func deliver(t testing.TB, m *Manager, now time.Time) {
	t.Helper()
	if err := m.Deliver(t.Context(), now); err != nil {
		t.Fatal(err)
	}
}

// TestAlert compares all that an alert tells.
func TestAlert(t *testing.T) {
	m := newManager(t, Options{Settings: Settings{Link: func(a Alert) string { return "https://probe.example.com/" + a.LastSeen.ID }}})
	see(t, m, report(monday, pass("GET /a", "unsigned"), pass("GET /b", "unsigned")))
	see(t, m, report(monday.Add(minutes(5)), open("GET /a", "unsigned"), open("GET /b", "unsigned")))
	want := []Alert{{
		ID:    "cb02c7909272b237",
		Key:   Key{Environment: "prod", API: "orders", Access: "default", Layer: "iam-authentication", Kind: "open"},
		State: Firing, Severity: Critical, Since: monday.Add(minutes(5)),
		LastGood: &Run{"0800", monday}, LastSeen: Run{"0805", monday.Add(minutes(5))},
		Routes: []string{"GET /a", "GET /b"}, Scenarios: []string{"unsigned"}, Rows: 2, Confidence: probe.Certain,
		Reason: "because of open", Next: "look", Reproduce: "probe run prod --repro 'orders/GET /a/unsigned'",
		Labels: map[string]string{"commit": "abc"}, Link: "https://probe.example.com/0805",
	}}
	got := m.Active(monday.Add(minutes(5)))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
	const text = `prod orders through default: iam-authentication open (critical)

because of open

since      2026-11-23 08:05:00 UTC
last good  2026-11-23 08:00:00 UTC, run 0800
last seen  2026-11-23 08:05:00 UTC, run 0805
routes     GET /a, GET /b
asked      unsigned
confidence certain
deployed   commit=abc
next       look
repeat it  probe run prod --repro 'orders/GET /a/unsigned'
see        https://probe.example.com/0805
`
	if diff := cmp.Diff(text, got[0].Text()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

// TestLastGood says which run is called the last good one.
func TestLastGood(t *testing.T) {
	at := func(n int) time.Time { return monday.Add(minutes(n)) }
	both := []row{pass("GET /a", "unsigned"), pass("GET /b", "unsigned")}
	tests := []struct {
		name    string
		reports []probe.Report
		want    *Run
	}{
		{"none", nil, nil},
		{"the one before", []probe.Report{report(at(0), both...), report(at(1), both...)}, &Run{"0801", at(1)}},
		{"not one that was undecided", []probe.Report{
			report(at(0), both...), report(at(1), undecided("GET /a", "unsigned", probe.KindNetwork), pass("GET /b", "unsigned")),
		}, &Run{"0800", at(0)}},
		{"not one that was interrupted", []probe.Report{report(at(0), both...), cut(report(at(1), both...))}, &Run{"0800", at(0)}},
		{"not one of other routes", []probe.Report{report(at(0), both...), report(at(1), pass("GET /b", "unsigned"))}, &Run{"0800", at(0)}},
		{"one of other routes after it failed", []probe.Report{
			report(at(0), both...), report(at(1), undecided("GET /a", "unsigned", probe.KindNetwork), pass("GET /b", "unsigned")),
			report(at(2), pass("GET /a", "unsigned")),
		}, &Run{"0802", at(2)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newManager(t, Options{})
			m.expected = map[string]map[string]int{"prod": {"orders": 2}}
			for _, r := range test.reports {
				see(t, m, r)
			}
			see(t, m, report(at(9), open("GET /a", "unsigned"), pass("GET /b", "unsigned")))
			for _, a := range m.Active(at(9)) {
				if a.Kind != probe.Open {
					continue
				}
				if diff := cmp.Diff(test.want, a.LastGood); diff != "" {
					t.Errorf("last good run (-want +got):\n%s", diff)
				}
				return
			}
			t.Fatal("got no alert of an open gate")
		})
	}
}

func cut(r probe.Report) probe.Report {
	r.Run.Complete = false
	return r
}

// TestConfirmations asks for one second run, and for no third.
func TestConfirmations(t *testing.T) {
	m := newManager(t, Options{})
	wants := func(when string, want ...Confirmation) {
		t.Helper()
		if diff := cmp.Diff(want, m.Confirmations()); diff != "" {
			t.Errorf("%s: confirmations (-want +got):\n%s", when, diff)
		}
	}
	wants("at first")
	see(t, m, report(monday, blocked("GET /a", probe.WAF), blocked("GET /b", probe.Stage)))
	wants("after a fault", Confirmation{"prod", "orders", monday.Add(time.Minute)})
	see(t, m, report(monday.Add(20*time.Second), blocked("GET /a", probe.WAF)))
	wants("after a run that came too early", Confirmation{"prod", "orders", monday.Add(time.Minute)})
	see(t, m, report(monday.Add(61*time.Second), undecided("GET /a", "sigv4", probe.KindStopped), pass("GET /b", "sigv4")))
	wants("after a run that decided nothing")
	if got := m.Active(monday); len(got) != 2 || got[0].State != Pending {
		t.Errorf("alerts: got %v, want both pending still", got)
	}
	see(t, m, report(monday.Add(minutes(2)), open("GET /a", "unsigned")))
	wants("after an open gate")
}

// TestHeld holds messages back, and tells what is still true when the hold ends.
func TestHeld(t *testing.T) {
	silent := true
	box := &inbox{name: "box"}
	m := newManager(t, Options{
		Settings: Settings{Targets: []Target{{Destination: box}}},
		Held:     func(Alert, time.Time) (string, bool) { return "deployment", silent },
	})
	at := func(n int) time.Time { return monday.Add(minutes(n)) }
	see(t, m, report(at(0), open("GET /a", "unsigned")))
	deliver(t, m, at(1))
	if got := m.Active(at(1)); len(box.got) > 0 || len(got) != 1 || got[0].Held != "deployment" || got[0].State != Firing {
		t.Errorf("while held: got messages %q and alerts %v", box.said(), got)
	}
	see(t, m, report(at(2), pass("GET /a", "unsigned")))
	see(t, m, report(at(3), open("GET /a", "unsigned")))
	silent = false
	deliver(t, m, at(4))
	silent = true
	see(t, m, report(at(5), pass("GET /a", "unsigned")))
	deliver(t, m, at(6))
	silent = false
	deliver(t, m, at(7))
	const gate = "orders through default: iam-authentication open"
	if diff := cmp.Diff([]string{"08:04 raised " + gate, "08:07 resolved " + gate}, box.said()); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// TestExpect resolves alerts of what is not asked any more, also those that flap.
func TestExpect(t *testing.T) {
	box := &inbox{name: "box"}
	m := newManager(t, Options{Settings: Settings{Targets: []Target{{Destination: box}}, FlapRaises: 1}})
	see(t, m, report(monday, open("GET /a", "unsigned")))
	if err := m.Expect(nil, monday.Add(minutes(1))); err != nil {
		t.Fatal(err)
	}
	deliver(t, m, monday.Add(minutes(1)))
	const gate = "orders through default: iam-authentication open"
	if diff := cmp.Diff([]string{"08:00 raised " + gate, "08:01 resolved " + gate}, box.said()); diff != "" {
		t.Fatalf("messages (-want +got):\n%s", diff)
	}
	if got, want := box.got[1].Alert.Ended, "it is not asked any more"; got != want {
		t.Errorf("ended: got %q, want %q", got, want)
	}
}

// TestDestinationsAway holds a destination that is down to blocking no other, to a bounded outbox, and to being left alone.
func TestDestinationsAway(t *testing.T) {
	well, down := &inbox{name: "well"}, &inbox{name: "down", fail: errors.New("no answer")}
	m := newManager(t, Options{Settings: Settings{Targets: []Target{{Destination: well}, {Destination: down}}}})
	tries := 0
	m.opts.Delivered = func(name string, err error) {
		if name == "down" {
			tries++
		}
	}
	now := monday
	for i := range 2 * mostWaiting {
		now = now.Add(2 * time.Hour)
		r := pass("GET /a", "unsigned")
		if i%2 == 0 {
			r = open("GET /a", "unsigned")
		}
		see(t, m, report(now, r))
		deliver(t, m, now)
		deliver(t, m, now) // at once again: it is left alone
	}
	if tries != 2*mostWaiting {
		t.Errorf("attempts: got %d, want one a turn", tries)
	}
	if len(well.got) != 2*mostWaiting {
		t.Errorf("the other destination: got %d messages, want %d", len(well.got), 2*mostWaiting)
	}
	want := []Health{
		{Destination: "well", Delivered: now},
		{Destination: "down", Waiting: mostWaiting, Error: "no answer", Dropped: mostWaiting},
	}
	if diff := cmp.Diff(want, m.Destinations()); diff != "" {
		t.Errorf("health (-want +got):\n%s", diff)
	}
	down.fail = nil
	deliver(t, m, now.Add(longestRetry))
	if len(down.got) != mostWaiting || down.got[0].Kind != Raised {
		t.Errorf("after it came back: got %d messages, want the newest %d", len(down.got), mostWaiting)
	}
}

// TestRefusal gives up a message that will never be taken, and sends the next.
func TestRefusal(t *testing.T) {
	box := &inbox{name: "box", fail: &Refusal{errors.New("got status 400")}}
	m := newManager(t, Options{Settings: Settings{Targets: []Target{{Destination: box}}}})
	see(t, m, report(monday, open("GET /a", "unsigned")))
	deliver(t, m, monday)
	box.fail = nil
	see(t, m, report(monday.Add(time.Second), pass("GET /a", "unsigned")))
	deliver(t, m, monday.Add(time.Second))
	if got, want := box.said(), []string{"08:00 resolved orders through default: iam-authentication open"}; !slices.Equal(got, want) {
		t.Errorf("messages: got %q, want %q", got, want)
	}
	if h := m.Destinations()[0]; h.Dropped != 1 {
		t.Errorf("dropped: got %d, want 1", h.Dropped)
	}
}

func TestLeastSeverity(t *testing.T) {
	box := &inbox{name: "pager"}
	m := newManager(t, Options{Settings: Settings{Targets: []Target{{box, Critical}}}})
	for i := range 2 {
		see(t, m, report(monday.Add(minutes(i)), blocked("GET /a", probe.WAF), open("GET /b", "unsigned")))
	}
	deliver(t, m, monday.Add(minutes(1)))
	if got, want := box.said(), []string{"08:00 raised orders through default: iam-authentication open"}; !slices.Equal(got, want) {
		t.Errorf("messages: got %q, want %q", got, want)
	}
}

// TestStateErrors refuses documents of others.
func TestStateErrors(t *testing.T) {
	for document, want := range map[string]string{
		`{`:             "reading the state of alerts: unexpected end of JSON input",
		`{"version":2}`: "reading the state of alerts: got version 2, want 1",
	} {
		if _, err := New(Options{State: []byte(document)}); err == nil || err.Error() != want {
			t.Errorf("%s: got error %v, want %s", document, err, want)
		}
	}
	m := newManager(t, Options{Save: func([]byte) error { return errors.New("disk full") }})
	if err := m.See(report(monday), monday); err == nil || err.Error() != "keeping the state of alerts: disk full" {
		t.Errorf("saving: got error %v", err)
	}
}
