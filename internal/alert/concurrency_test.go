package alert

import (
	"slices"
	"sync"
	"testing"
	"time"

	"apigwprobe/probe"
)

// TestSideBySide calls everything at once, for the race detector, and holds the outbox to losing nothing.
func TestSideBySide(t *testing.T) {
	box := &inbox{name: "box"}
	m := newManager(t, Options{Settings: Settings{Targets: []Target{{Destination: box}}, FlapRaises: 1000}})
	const rounds = 60
	var group sync.WaitGroup
	group.Go(func() {
		for i := range rounds {
			now := monday.Add(minutes(i))
			r := pass("GET /a", "unsigned")
			if i%2 == 0 {
				r = open("GET /a", "unsigned")
			}
			if err := m.See(report(now, r), now); err != nil {
				t.Error(err)
			}
		}
	})
	for _, call := range []func(now time.Time){
		func(now time.Time) {
			if err := m.Deliver(t.Context(), now); err != nil {
				t.Error(err)
			}
		},
		func(now time.Time) { m.Active(now); m.Destinations(); m.Confirmations(); m.Alive(now) },
		func(time.Time) { m.Configure(Settings{Targets: []Target{{Destination: box}}, FlapRaises: 1000}) },
	} {
		group.Go(func() {
			for i := range rounds {
				call(monday.Add(minutes(i)))
			}
		})
	}
	group.Wait()
	deliver(t, m, monday.Add(24*time.Hour))
	var kinds []MessageKind
	for _, message := range box.got {
		kinds = append(kinds, message.Kind)
	}
	if want := slices.Repeat([]MessageKind{Raised, Ended}, rounds/2); !slices.Equal(kinds, want) {
		t.Errorf("messages: got %v, want each end after its beginning, %d in all", kinds, rounds)
	}
}

// TestKeepersAreNotTroubled tells an Alertmanager nothing when there is nothing to tell.
func TestKeepersAreNotTroubled(t *testing.T) {
	calls := 0
	m := newManager(t, Options{
		Settings:  Settings{Targets: []Target{{Destination: NewAlertmanager(AlertmanagerConfig{Name: "am", URL: Fixed("http://127.0.0.1:1")})}}},
		Delivered: func(string, error) { calls++ },
	})
	deliver(t, m, monday)
	if calls != 0 {
		t.Errorf("deliveries: got %d, want none", calls)
	}
	see(t, m, report(monday, row{api: "orders", route: "GET /a", scenario: "unsigned", verdict: probe.Pass}))
	deliver(t, m, monday.Add(minutes(5)))
	if calls != 0 {
		t.Errorf("deliveries after a run without faults: got %d, want none", calls)
	}
}
