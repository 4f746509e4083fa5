package alert

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// FuzzManager lives through a random sequence of runs, restarts, silences and outages, and holds the manager to what it
// promises, whatever comes: no alert is raised twice without an end between, none without a confirmation, each that was
// raised is delivered, a message that is sent again is the same, and what failed in the last two runs is firing.
func FuzzManager(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { newWorld(t, seed).live(60) })
}

// world is what a manager may meet, with a simple model of what it should know.
type world struct {
	*testing.T
	rng      *rand.Rand
	now      time.Time
	manager  *Manager
	kept     []byte
	silent   bool
	box      *unreliable
	bad      map[string]int       // by case: runs in a row that showed it to fail
	badSince map[string]time.Time // by case: start of the first of them
	repeated map[string]bool      // by case: shown open and repeated since it was last well
}

// unreliable is a destination that fails now and then, also after it has taken the message.
type unreliable struct {
	rng  *rand.Rand
	away bool
	calm bool // it fails no more
	sent []Message
}

func (u *unreliable) Name() string { return "box" }

func (u *unreliable) Send(_ context.Context, m Message, _ time.Time) error {
	if u.away || !u.calm && u.rng.IntN(4) == 0 {
		return errors.New("no answer")
	}
	u.sent = append(u.sent, m)
	if !u.calm && u.rng.IntN(8) == 0 {
		return errors.New("connection reset after the answer")
	}
	return nil
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		T: t, rng: rand.New(rand.NewPCG(seed, 1)), now: monday,
		bad: make(map[string]int), badSince: make(map[string]time.Time), repeated: make(map[string]bool),
	}
	w.box = &unreliable{rng: w.rng}
	w.restart()
	return w
}

// restart makes a new manager of what the old one kept, as after a crash.
func (w *world) restart() {
	w.manager = newManager(w.T, Options{
		State: w.kept,
		Settings: Settings{
			Targets: []Target{{Destination: w.box}}, Remind: 3 * time.Hour,
		},
		Save: func(document []byte) error { w.kept = bytes.Clone(document); return nil },
		Held: func(Alert, time.Time) (string, bool) { return "silence", w.silent },
	})
}

func (w *world) live(steps int) {
	for range steps {
		w.now = w.now.Add([]time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, time.Hour}[w.rng.IntN(4)])
		switch w.rng.IntN(12) {
		case 0:
			w.restart()
		case 1:
			w.silent = !w.silent
		case 2:
			w.box.away = !w.box.away
		default:
			w.run()
		}
		deliver(w, w.manager, w.now)
		w.check()
	}
	w.silent, w.box.away, w.box.calm = false, false, true
	for range 200 {
		w.now = w.now.Add(longestRetry)
		deliver(w, w.manager, w.now)
	}
	w.check()
	w.checkDelivered()
}

// run shows the manager a random report, and the model too.
func (w *world) run() {
	var rows []row
	for _, route := range []string{"GET /a", "GET /b"} {
		for _, scenario := range []string{"unsigned", "outsider"} {
			if w.rng.IntN(5) > 0 {
				rows = append(rows, w.row(route, scenario))
			}
		}
	}
	r := report(w.now, rows...)
	r.Run.Complete = w.rng.IntN(6) > 0
	see(w, w.manager, r)
	for _, row := range rows {
		id := row.id()
		switch {
		case row.verdict == probe.Fail && !row.accepted:
			if w.bad[id]++; w.bad[id] == 1 {
				w.badSince[id] = w.now
			}
			w.repeated[id] = w.repeated[id] || row.kind == probe.Open && row.repeated
		case (row.verdict == probe.Pass || row.accepted) && r.Run.Complete:
			w.bad[id], w.repeated[id] = 0, false
		}
	}
}

func (w *world) row(route, scenario string) row {
	switch w.rng.IntN(8) {
	case 0, 1:
		r := open(route, scenario)
		r.repeated = w.rng.IntN(2) == 0
		return r
	case 2:
		r := blocked(route, []probe.Layer{probe.WAF, probe.Stage}[w.rng.IntN(2)])
		r.scenario = scenario
		return r
	case 3:
		return undecided(route, scenario, []probe.VerdictKind{probe.KindNetwork, probe.KindControlFailed, probe.KindAmbiguous}[w.rng.IntN(3)])
	case 4:
		r := open(route, scenario)
		r.accepted = true
		return r
	default:
		return pass(route, scenario)
	}
}

// check compares what is firing with the model.
func (w *world) check() {
	w.Helper()
	firing := make(map[string]bool)
	for _, r := range w.manager.state.Alerts {
		if r.State == Firing && r.fails() {
			for _, id := range r.Cases {
				firing[id] = true
				if w.bad[id] == 0 {
					w.Errorf("%s: case %s is part of %s, but it was well last", w.now, id, r.Key)
				}
			}
			if len(r.Cases) == 0 && !r.Flapping {
				w.Errorf("%s: %s fires for no case", w.now, r.Key)
			}
		}
	}
	for id, n := range w.bad {
		if n > 0 && w.repeated[id] && !firing[id] {
			w.Errorf("%s: %s is open and was repeated, but nothing fires", w.now, id)
		}
	}
	again := newManager(w.T, Options{State: w.kept, Settings: Settings{Targets: []Target{{Destination: w.box}}}})
	if diff := cmp.Diff(w.manager.Active(w.now), again.Active(w.now), cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Held" }, cmp.Ignore())); diff != "" {
		w.Errorf("%s: after a restart (-before +after):\n%s", w.now, diff)
	}
}

// checkDelivered reads what arrived, in order, as a receiver would that knows keys.
func (w *world) checkDelivered() {
	w.Helper()
	seen := make(map[string]Message)
	told := make(map[string]bool)
	for _, m := range w.box.sent {
		if before, ok := seen[m.Key]; ok {
			if diff := cmp.Diff(before, m); diff != "" {
				w.Errorf("%s was sent again with other content:\n%s", m.Key, diff)
			}
			continue
		}
		seen[m.Key] = m
		if wasTold := told[m.Alert.ID]; wasTold == (m.Kind == Raised) {
			w.Errorf("%s: got %s, but told before: %t", m.Alert.Key, m.Kind, wasTold)
		}
		told[m.Alert.ID] = m.Kind != Ended
	}
	want, got := []string{}, []string{}
	for _, a := range w.manager.Active(w.now) {
		if a.State == Firing {
			want = append(want, a.ID)
		}
	}
	for id, is := range told {
		if is {
			got = append(got, id)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	// What is pending anew was told as firing, if its end was held back until it came again.
	for _, a := range w.manager.Active(w.now) {
		if a.State == Pending {
			got = slices.DeleteFunc(got, func(id string) bool { return id == a.ID })
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("alerts that receivers hold for firing (-want +got):\n%s", diff)
	}
	if n := len(w.manager.state.Outbox); n > 0 {
		w.Errorf("outbox: got %d messages left, want none", n)
	}
}
