package daemon

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"apigwprobe/probe"
)

var month = flag.Int("month", 0, "keep so many runs of 100 routes, five minutes apart, and print how long pages take; 8640 are a month")

// TestPageTimes measures what README.md promises: a gate is open all the time, another opens and closes each hour.
func TestPageTimes(t *testing.T) {
	if *month == 0 {
		t.Skip("-month N measures")
	}
	matrix := matrixOf("prod", 100)
	for n := 1; len(matrix.Cases) < 1500; n++ {
		for _, c := range matrixOf("prod", 100).Cases {
			c.Scenario.Name, c.Control = fmt.Sprintf("%s-%d", c.Scenario.Name, n), false
			matrix.Cases = append(matrix.Cases, c)
		}
	}
	matrix.Cases = matrix.Cases[:1500]
	s := newSiteOf(t, filepath.Join(t.TempDir(), "probe.db"), matrix)
	for i := range *month {
		s.play(t, fmt.Sprintf("run-%d", i), noon.Add(time.Duration(i)*5*time.Minute), func(res *probe.Result) {
			opens("orders|GET /orders/7|default|unsigned")(res)
			opens(fmt.Sprintf("orders|GET /orders/%d|default|expired-signature", i/12%100))(res)
		})
	}
	s.now = noon.Add(time.Duration(*month) * 5 * time.Minute)
	for _, path := range []string{
		"/", "/environments/prod", routePath, routePath + "&run=run-0", "/runs/run-0", fmt.Sprintf("/runs/run-%d", *month-1),
		"/environments/prod/changes", "/environments/prod/coverage",
	} {
		var best, size = time.Hour, int64(0)
		for range 10 {
			began := time.Now()
			answer := s.ask(t, http.MethodGet, path)
			size, _ = io.Copy(io.Discard, answer.Body)
			best = min(best, time.Since(began))
			if answer.StatusCode != http.StatusOK {
				t.Fatalf("%s: got %s", path, answer.Status)
			}
		}
		t.Logf("%-60s %6.1f ms %6.1f KB", path, float64(best.Microseconds())/1000, float64(size)/1000)
	}
}
