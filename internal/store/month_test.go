package store

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"apigwprobe/probe"
)

var month = flag.Int("month", 0, "play so many runs of 100 routes, five minutes apart, and print sizes and times; 8640 are a month")

// TestMonth measures the promise of README.md: run it with -month 8640. Each run has 1,500 cases; in each a few fail,
// one that failed before passes, and a gate flaps.
func TestMonth(t *testing.T) {
	if *month == 0 {
		t.Skip("-month N measures")
	}
	now := midnight
	s := opened(t, &now)
	began := time.Now()
	var last string
	var slowest time.Duration
	for i := range *month {
		rep := made(now, 100, func(res *probe.Result) {
			n := len(res.Route)*31 + len(res.Scenario)
			switch {
			case res.ID == "orders|GET /orders/7|default|unsigned", res.ID == "orders|GET /orders/8|default|outsider":
				opens(res) // for good
			case res.ID == fmt.Sprintf("orders|GET /orders/%d|default|presigned", i/12%100):
				opens(res) // for an hour
			case n == 1 && i%2 == 0:
				opens(res)
			}
		})
		sink := s.Record()
		if err := sink(probe.RunStarted{Run: rep.Run}); err != nil {
			t.Fatal(err)
		}
		finishing := time.Now()
		if err := sink(probe.RunFinished{Report: rep}); err != nil {
			t.Fatal(err)
		}
		slowest = max(slowest, time.Since(finishing))
		if i%288 == 287 {
			if _, err := s.Compact(t.Context(), Retention{Runs: 90 * 24 * time.Hour}); err != nil {
				t.Fatal(err)
			}
		}
		last = rep.Run.ID
		now = now.Add(5 * time.Minute)
	}
	t.Logf("%d runs written in %v, the slowest end of a run took %v", *month, time.Since(began).Round(time.Second), slowest.Round(time.Millisecond))
	for _, beside := range []string{"", "-wal"} {
		if info, err := os.Stat(s.path + beside); err == nil {
			t.Logf("size of the file%s: %.1f MB", beside, float64(info.Size())/1e6)
		}
	}
	tables, err := s.db.Query("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 8")
	if err != nil {
		t.Fatal(err)
	}
	defer tables.Close()
	for tables.Next() {
		var name string
		var size float64
		if err := tables.Scan(&name, &size); err != nil {
			t.Fatal(err)
		}
		t.Logf("  %-30s %7.1f MB", name, size/1e6)
	}
	first := made(midnight, 1, nil).Run.ID
	for _, q := range []struct {
		name string
		ask  func() error
	}{
		{"Runs, all of the month", func() error { _, err := s.Runs(t.Context(), Query{Environment: "prod"}); return err }},
		{"Runs, the newest 100", func() error { _, err := s.Runs(t.Context(), Query{Environment: "prod", Limit: 100}); return err }},
		{"Runs of an API", func() error { _, err := s.Runs(t.Context(), Query{Environment: "prod", API: "orders"}); return err }},
		{"Runs, only changes", func() error { _, err := s.Runs(t.Context(), Query{Environment: "prod", OnlyChanges: true}); return err }},
		{"Report, the newest", func() error { _, err := s.Report(t.Context(), last); return err }},
		{"Report, the oldest", func() error { _, err := s.Report(t.Context(), first); return err }},
		{"Strip, 50 runs", func() error { _, err := s.Strip(t.Context(), Query{Environment: "prod", Limit: 50}); return err }},
		{"Strip, 200 runs", func() error { _, err := s.Strip(t.Context(), Query{Environment: "prod", Limit: 200}); return err }},
		{"Changes, all of the month", func() error { _, err := s.Changes(t.Context(), Query{Environment: "prod"}); return err }},
		{"Changes, the newest 100", func() error { _, err := s.Changes(t.Context(), Query{Environment: "prod", Limit: 100}); return err }},
		{"Coverage", func() error { _, err := s.Coverage(t.Context(), "prod"); return err }},
	} {
		var best time.Duration
		for range 5 {
			asked := time.Now()
			if err := q.ask(); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(asked); best == 0 || took < best {
				best = took
			}
		}
		t.Logf("  %-30s %v", q.name, best.Round(100*time.Microsecond))
	}
}
