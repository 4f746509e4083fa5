package daemon

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSoak lets four weeks go by, in which Europe and America set their clocks back. The configuration is read again and
// again, now and then with a mistake. No run is lost, doubled or late, and only those are skipped that would overlap.
func TestSoak(t *testing.T) {
	begin, days := instant(t, "2026-10-12T09:13:07Z"), 28
	if testing.Short() {
		begin, days = instant(t, "2026-10-24T09:13:07Z"), 9 // both clocks are set in them
	}
	end := begin.AddDate(0, 0, days)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, begin)
		var environments []Environment
		add := func(schedule, zone string, takes time.Duration) {
			name := fmt.Sprintf("%s in %s", schedule, zone)
			environments = append(environments, w.environment(name, schedule, zone, takes))
		}
		for _, zone := range zones {
			add("30 2 * * *", zone, time.Minute)
			add("30 1 * * 0", zone, time.Minute)
		}
		add("*/15 * * * *", "Europe/Berlin", 14*time.Minute)
		add("* * * * *", "America/New_York", 59*time.Second)
		add("@every 1m", "UTC", 30*time.Second)
		add("@every 7m", "UTC", 10*time.Minute) // each second one would overlap
		w.environments = environments

		_, stop := w.serve()
		random := rand.New(rand.NewPCG(1, 2))
		reloads, mistakes := 0, 0
		for w.now().Before(end) {
			time.Sleep(min(time.Duration(1+random.IntN(240))*time.Minute, end.Sub(w.now())))
			var mistake error
			if random.IntN(4) == 0 {
				mistake = errors.New("probe.yaml:1:1: a mistake")
				mistakes++
			}
			reloads++
			w.configure(mistake, environments...)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}

		for _, e := range environments {
			plan := e.Matrix.Plan
			table, err := NewTimetable(plan.Environment, plan.Schedule, plan.Timezone)
			if err != nil {
				t.Fatal(err)
			}
			want := []string{}
			for i, at := 0, table.Next(begin); !at.After(end); i, at = i+1, table.Next(at) {
				if plan.Schedule == "@every 7m" && i%2 == 1 {
					continue
				}
				want = append(want, at.UTC().Format(time.RFC3339))
			}
			if diff := cmp.Diff(want, w.startsOf(plan.Environment)); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", plan.Environment, diff)
			}
		}
		counted := w.counted()
		if counted["runs"] < 2850*days || reloads < 7*days || counted["skipped: overlap"] < 70*days || mistakes < days {
			t.Errorf("got %v with %d readings, want a longer soak", counted, reloads)
		}
		if counted["missed"] != 0 || counted["lag in seconds"] != 0 || counted["failed"] != 0 {
			t.Errorf("got %v, want nothing missed, late or failed", counted)
		}
	})
}
