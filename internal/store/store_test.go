package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// document is what a program sees of a report.
func document(t *testing.T, rep probe.Report) any {
	t.Helper()
	text, err := json.Marshal(rep)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// withoutFacets leaves out what has another salt.
var withoutFacets = cmp.FilterPath(func(p cmp.Path) bool {
	key, ok := p.Last().(cmp.MapIndex)
	return ok && key.Key().String() == "facets"
}, cmp.Ignore())

func TestReportIsAsItWas(t *testing.T) {
	now := midnight
	for name, rep := range map[string]probe.Report{"recorded": recorded(t), "made": made(midnight, 3, nil)} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, &now)
			for range 2 { // the second one finds all shapes
				play(t, s, rep)
				got, err := s.Report(t.Context(), rep.Run.ID)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(document(t, rep), document(t, got), withoutFacets); diff != "" {
					t.Errorf("report: want -, got +:\n%s", diff)
				}
				for i, res := range got.Results {
					for j, other := range got.Results[:i] {
						if res.Request == nil || other.Request == nil {
							continue
						}
						for f := range res.Request.Facets {
							was := rep.Results[i].Request.Facets[f] == rep.Results[j].Request.Facets[f]
							if is := res.Request.Facets[f] == other.Request.Facets[f]; is != was {
								t.Errorf("%s and %s: got facet %v equal %v, want %v", res.ID, other.ID, probe.Facet(f), is, was)
							}
						}
					}
				}
				rep.Run.ID += "-again"
				for i := range rep.Results {
					rep.Results[i].Run = rep.Run.ID
				}
				for i := range rep.Extra {
					rep.Extra[i].Run = rep.Run.ID
				}
			}
		})
	}
}

// Runs that came out alike share shapes and the set of them; of what has become old, only what varies is gone.
func TestRunsThatAreAlikeShareTheirRoom(t *testing.T) {
	now := midnight
	s := opened(t, &now)
	for range 5 {
		play(t, s, made(now, 3, nil))
		now = now.Add(5 * time.Minute)
	}
	var shapes, sets int
	if err := s.db.QueryRow("SELECT (SELECT count(*) FROM shapes), (SELECT count(*) FROM result_sets)").Scan(&shapes, &sets); err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "shapes and sets", []int{shapes, sets}, []int{3 * len(scenarioNames), 1})

	now = now.Add(DefaultWhole)
	if _, err := s.Compact(t.Context(), Retention{}); err != nil {
		t.Fatal(err)
	}
	want := made(midnight.Add(10*time.Minute), 3, nil)
	got, err := s.Report(t.Context(), want.Run.ID)
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "an old message", got.Results[1].Observed.Message, "Signature expired: [varies] is now earlier than [varies] ([varies] - 5 min.)")
	varies := cmpopts.IgnoreFields(probe.Observation{}, "RequestID", "ExtendedRequestID", "Headers", "Body", "BodySHA256", "Remote", "Conn", "Message", "Timings",
		"text", "Sent", "Received", "ServerDate")
	diff := cmp.Diff(want, got, varies, cmpopts.IgnoreFields(probe.Result{}, "At"), cmpopts.IgnoreFields(probe.RequestInfo{}, "Headers", "Facets"),
		cmpopts.IgnoreFields(probe.Traits{}, "Clock"))
	if diff != "" {
		t.Errorf("an old report: want -, got +:\n%s", diff)
	}
}

// Where nobody compacts, the end of a run drops what has become old, so that the file stops growing.
func TestEndOfRunDropsWhatIsOld(t *testing.T) {
	now := midnight
	s := opened(t, &now)
	for _, after := range []time.Duration{0, time.Hour, DefaultWhole + time.Minute} {
		play(t, s, made(midnight.Add(after), 1, nil))
	}
	kept, err := query(t.Context(), s.db, func(rows *sql.Rows) (whole bool, err error) { return whole, rows.Scan(&whole) },
		"SELECT varying IS NOT NULL FROM run_data ORDER BY run")
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "runs that are kept whole", kept, []bool{false, true, true})
}

func TestRunsChangesAndCoverage(t *testing.T) {
	now := midnight
	s := opened(t, &now)
	gate := "orders|GET /orders/0|default|unsigned"
	opensOne := func(res *probe.Result) {
		if res.ID == gate {
			opens(res)
		}
	}
	var reports []probe.Report
	for i, edit := range []func(*probe.Result){nil, opensOne, opensOne, nil} {
		reports = append(reports, made(now.Add(time.Duration(i)*time.Hour), 1, edit))
		play(t, s, reports[i])
	}
	other := made(now.Add(30*time.Minute), 1, nil)
	other.Run.ID, other.Run.Environment = "other", "staging"
	play(t, s, other)

	run := func(i, changes int) Run {
		r := reports[i]
		return Run{
			ID: r.Run.ID, Environment: "prod", Started: r.Run.Started, DurationMS: 4000, Summary: r.Summary, State: Finished, Complete: true,
			Changes: changes, Labels: map[string]string{},
		}
	}
	for name, test := range map[string]struct {
		query Query
		want  []Run
	}{
		"all of one":       {Query{Environment: "prod"}, []Run{run(0, 0), run(1, 1), run(2, 0), run(3, 1)}},
		"the newest":       {Query{Environment: "prod", Limit: 2}, []Run{run(2, 0), run(3, 1)}},
		"since":            {Query{Environment: "prod", Since: midnight.Add(2 * time.Hour)}, []Run{run(2, 0), run(3, 1)}},
		"until":            {Query{Environment: "prod", Until: midnight.Add(time.Hour)}, []Run{run(0, 0)}},
		"changes":          {Query{Environment: "prod", OnlyChanges: true}, []Run{run(1, 1), run(3, 1)}},
		"changes of one":   {Query{Environment: "prod", OnlyChanges: true, API: "orders"}, []Run{run(1, 1), run(3, 1)}},
		"an API not there": {Query{API: "billing"}, []Run{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Runs(t.Context(), test.query)
			if err != nil {
				t.Fatal(err)
			}
			checkEqual(t, "runs", got, test.want)
		})
	}

	shut := probe.Stand{Verdict: probe.Pass, Status: 403, Layer: probe.IAMAuthentication, Confidence: probe.Likely}
	open := probe.Stand{Verdict: probe.Fail, Kind: probe.Open, Status: 200, Layer: probe.None, Confidence: probe.Likely}
	c := Case{ID: gate, API: "orders", Route: "GET /orders/0", AccessID: "default", Scenario: "unsigned"}
	changes, err := s.Changes(t.Context(), Query{Environment: "prod"})
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "changes", changes, []Change{
		{Case: c, Run: reports[1].Run.ID, At: reports[1].Run.Started, Before: &shut, After: open},
		{Case: c, Run: reports[3].Run.ID, At: reports[3].Run.Started, Before: &open, After: shut},
	})

	play(t, s, made(midnight.Add(4*time.Hour), 1, opensOne))
	gates, err := s.Coverage(t.Context(), "prod")
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "the gate that was proven longest ago", gates[0], Gate{
		Case: c, Proven: &reports[3].Run.Started, Run: reports[3].Run.ID, Asked: midnight.Add(4 * time.Hour), Now: open,
	})
	checkEqual(t, "gates", len(gates), len(scenarioNames)-1)

	strip, err := s.Strip(t.Context(), Query{Environment: "prod", Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "runs of the strip", len(strip.Runs), 3)
	checkEqual(t, "a row of the strip", strip.Rows[1], StripRow{Case: c, Cells: []*probe.Stand{&open, &shut, &open}})
}

// A run that never ended shows what was observed, as soon as nobody writes it any more.
func TestInterruptedRun(t *testing.T) {
	now := midnight
	s := opened(t, &now)
	rep := made(midnight, 1, nil)
	sink := s.Record()
	if err := sink(probe.RunStarted{Run: started(rep.Run)}); err != nil {
		t.Fatal(err)
	}
	for _, res := range rep.Results[:2] {
		res.Verdict, res.Attribution, res.Reason, res.Proven = "", nil, "", false
		if err := sink(probe.Observed{Result: res}); err != nil {
			t.Fatal(err)
		}
	}
	state := func() State {
		runs, err := s.Runs(t.Context(), Query{})
		if err != nil || len(runs) != 1 {
			t.Fatalf("got %v, %v", runs, err)
		}
		return runs[0].State
	}
	checkEqual(t, "state", state(), Running)
	now = now.Add(beatLasts)
	checkEqual(t, "state without a beat", state(), Interrupted)

	got, err := s.Report(t.Context(), rep.Run.ID)
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "summary", got.Summary, probe.Summary{Inconclusive: 2})
	checkEqual(t, "complete", got.Run.Complete, false)
	checkEqual(t, "an observation", got.Results[1].Observed.Message, rep.Results[1].Observed.Message)
	checkEqual(t, "a verdict", got.Results[1].Kind, probe.KindStopped)

	// The process was asleep, and goes on.
	if err := sink(probe.RunFinished{Report: rep}); err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "state at the end", state(), Finished)
}

func TestCloseInterruptsRuns(t *testing.T) {
	now := midnight
	path := filepath.Join(t.TempDir(), "probe.db")
	s := openedAt(t, path, &now)
	if err := s.Record()(probe.RunStarted{Run: probe.RunInfo{ID: "a", Started: midnight}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	runs, err := openedAt(t, path, &now).Runs(t.Context(), Query{})
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "state", runs[0].State, Interrupted)
}

func TestRetention(t *testing.T) {
	now := midnight
	s := opened(t, &now)
	play(t, s, made(midnight, 20, nil))
	play(t, s, made(midnight.Add(24*time.Hour), 10, nil))
	now = midnight.Add(30 * time.Hour)
	removed, err := s.Compact(t.Context(), Retention{Runs: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "removed", removed, 1)
	var cases, shapes, sets, free int
	if err := s.db.QueryRow(`SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM shapes), (SELECT count(*) FROM result_sets),
		(SELECT freelist_count FROM pragma_freelist_count)`).Scan(&cases, &shapes, &sets, &free); err != nil {
		t.Fatal(err)
	}
	left := 10 * len(scenarioNames)
	checkEqual(t, "cases, shapes, sets and free pages that are left", []int{cases, shapes, sets, free}, []int{left, left, 1, 0})
	want := made(midnight.Add(24*time.Hour), 10, nil)
	got, err := s.Report(t.Context(), want.Run.ID)
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "results", len(got.Results), len(want.Results))
	if _, err := s.Report(t.Context(), made(midnight, 1, nil).Run.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("reading a run that is gone: got %v, want %v", err, ErrNotFound)
	}
}

func TestFind(t *testing.T) {
	now := midnight
	s := opened(t, &now)
	for _, id := range []string{"abc", "abcd", "bcd"} {
		if err := s.Record()(probe.RunStarted{Run: probe.RunInfo{ID: id, Started: now}}); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[string]string{"b": "bcd", "abc": "abc", "abcd": "abcd"} {
		got, err := s.Find(t.Context(), prefix)
		if got != want || err != nil {
			t.Errorf("finding %q: got %q, %v, want %q", prefix, got, err, want)
		}
	}
	for prefix, want := range map[string]string{
		"a": `run "a" in history "` + s.path + `": got abc and abcd, want more of the id`,
		"%": `run "%" in history "` + s.path + `": not found`,
	} {
		if _, err := s.Find(t.Context(), prefix); err == nil || err.Error() != want {
			t.Errorf("finding %q: got %v, want %s", prefix, err, want)
		}
	}
}

func TestDocumentsAndSilences(t *testing.T) {
	now := midnight
	s := opened(t, &now)
	for _, want := range []string{"", "one", "two"} {
		if want != "" {
			if err := s.SetState(t.Context(), "alerts", []byte(want)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.State(t.Context(), "alerts")
		if err != nil || string(got) != want {
			t.Errorf("state: got %q, %v, want %q", got, err, want)
		}
	}

	hour := time.Hour
	one, err := s.AddSilence(t.Context(), Silence{Environment: "prod", From: midnight, Until: midnight.Add(2 * hour), Reason: "a release", By: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	two, err := s.AddSilence(t.Context(), Silence{Environment: "prod", API: "orders", From: midnight.Add(-hour), Until: midnight.Add(-hour / 2)})
	if err != nil {
		t.Fatal(err)
	}
	silences := func(after time.Time) []Silence {
		all, err := s.Silences(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	checkEqual(t, "all", silences(time.Time{}), []Silence{two, one})
	checkEqual(t, "those that are not over", silences(midnight), []Silence{one})
	now = midnight.Add(hour)
	if err := s.EndSilence(t.Context(), one.ID); err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "those that are not over at the end", silences(now), []Silence{})
	if err := s.EndSilence(t.Context(), "none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("ending a silence that is not there: got %v, want %v", err, ErrNotFound)
	}
}

func TestFileIsForItsOwnerAlone(t *testing.T) {
	now := midnight
	s := opened(t, &now)
	play(t, s, made(now, 1, nil))
	for _, beside := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(s.path + beside)
		if err != nil {
			t.Fatal(err)
		}
		checkEqual(t, "mode of "+beside, info.Mode().Perm(), os.FileMode(0o600))
	}
}
