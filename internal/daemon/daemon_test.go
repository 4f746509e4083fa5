package daemon

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// A machine that slept makes up for one run, says how many it missed, and goes on in time. So does one whose clock was set.
func TestClockJumps(t *testing.T) {
	for _, tt := range []struct {
		name   string
		jump   time.Duration // at 12:20:00
		starts []string
		missed int
		logged string
	}{
		{"not at all", 0, []string{"12:15:00", "12:30:00", "12:45:00"}, 0, ""},
		{"asleep over no run", 5 * time.Minute, []string{"12:15:00", "12:30:00", "12:45:00"}, 0, "by=5m0s"},
		{"asleep over one run", 12 * time.Minute, []string{"12:15:00", "12:32:00", "12:45:00"}, 0, "by=12m0s"},
		{"asleep for three hours", 3 * time.Hour, []string{"12:15:00", "15:20:00", "15:30:00"}, 11, "by=3h0m0s"},
		{"corrected by seconds", -10 * time.Second, []string{"12:15:00", "12:30:00", "12:45:00"}, 0, "by=-10s"},
		{"set back by hours", -2 * time.Hour, []string{"12:15:00", "10:30:00", "10:45:00"}, 0, "by=-2h0m0s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, instant(t, "2026-11-21T12:10:00Z"))
				w.environments = []Environment{w.environment("prod", "*/15 * * * *", "", time.Minute)}
				_, stop := w.serve()
				w.sleepUntil(instant(t, "2026-11-21T12:20:00Z"))
				w.jump(tt.jump)
				time.Sleep(27 * time.Minute)
				if err := stop(); err != nil {
					t.Error(err)
				}
				var got []string
				for _, at := range w.startsOf("prod") {
					got = append(got, strings.TrimSuffix(strings.TrimPrefix(at, "2026-11-21T"), "Z"))
				}
				if len(got) > 3 {
					got = got[:3]
				}
				// It wakes up every few seconds, not the moment that the machine does.
				for i, want := range tt.starts {
					if i < len(got) && near(t, got[i], want) {
						got[i] = want
					}
				}
				if diff := cmp.Diff(tt.starts, got); diff != "" {
					t.Errorf("starts: (-want +got)\n%s", diff)
				}
				if got := w.counted()["missed"]; got != tt.missed {
					t.Errorf("got %d missed runs, want %d", got, tt.missed)
				}
				if logged := w.logged(); strings.Contains(logged, "clock was set") != (tt.logged != "") || !strings.Contains(logged, tt.logged) {
					t.Errorf("got the log %s, want %q in it", logged, tt.logged)
				}
			})
		})
	}
}

// near reports whether a time of day is at most one pulse after another.
func near(t *testing.T, got, want string) bool {
	t.Helper()
	g, w := instant(t, "2026-01-01T"+got+"Z"), instant(t, "2026-01-01T"+want+"Z")
	return !g.Before(w) && g.Sub(w) <= pulse
}

// A daemon that was down makes up for one run, but not where somebody changed the schedule meanwhile.
func TestRestart(t *testing.T) {
	for _, tt := range []struct {
		name, schedule string
		starts         []string
		missed         int
	}{
		{"same schedule", "0 * * * *", []string{"2026-11-21T13:00:00Z", "2026-11-21T20:30:00Z", "2026-11-21T21:00:00Z"}, 6},
		{"other schedule", "5 * * * *", []string{"2026-11-21T13:00:00Z", "2026-11-21T21:05:00Z"}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, instant(t, "2026-11-21T12:30:00Z"))
				w.environments = []Environment{w.environment("prod", "0 * * * *", "", time.Minute)}
				_, stop := w.serve()
				w.sleepUntil(instant(t, "2026-11-21T13:30:00Z"))
				if err := stop(); err != nil {
					t.Error(err)
				}
				w.sleepUntil(instant(t, "2026-11-21T20:30:00Z"))
				w.environments = []Environment{w.environment("prod", tt.schedule, "", time.Minute)}
				_, stop = w.serve()
				w.sleepUntil(instant(t, "2026-11-21T21:30:00Z"))
				if err := stop(); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(tt.starts, w.startsOf("prod")); diff != "" {
					t.Errorf("starts: (-want +got)\n%s", diff)
				}
				if got := w.counted()["missed"]; got != tt.missed {
					t.Errorf("got %d missed runs, want %d", got, tt.missed)
				}
			})
		})
	}
}

// Whatever goes wrong in a run, the next one is made.
func TestFailedRuns(t *testing.T) {
	secret := "hunter2-hunter2"
	for _, tt := range []struct {
		name string
		body func(context.Context, func(probe.Event) bool)
		err  error // before it starts
		want string
	}{
		{name: "panic of ours", body: func(context.Context, func(probe.Event) bool) { panic(errors.New(secret)) }, want: "panic with a *errors.errorString"},
		{name: "panic of the runtime", body: func(context.Context, func(probe.Event) bool) { _ = []int{}[len(secret)] }, want: "panic: runtime error: index out of range [15] with length 0"},
		{name: "panic in a goroutine", body: func(context.Context, func(probe.Event) bool) {
			panic(&probe.Panic{Value: errors.New(secret), Stack: []byte("elsewhere at daemon_test.go")})
		}, want: "panic with a *errors.errorString"},
		{name: "no report", body: func(context.Context, func(probe.Event) bool) {}, want: "it ended without a report"},
		{name: "no start", err: errors.New("probe.yaml:3:4: no key"), want: "probe.yaml:3:4: no key"},
		{name: "too long", body: func(ctx context.Context, _ func(probe.Event) bool) { <-ctx.Done() }, want: "it ended without a report"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, instant(t, "2026-11-21T12:10:00Z"))
				e := w.running("prod", "0 * * * *", "", tt.body)
				e.Matrix.Plan.RunTimeout = 20 * time.Minute
				if tt.err != nil {
					e.Run = func(context.Context, Job) (iter.Seq[probe.Event], error) { return nil, tt.err }
				}
				w.environments = []Environment{e}
				d, stop := w.serve()
				w.sleepUntil(instant(t, "2026-11-21T14:30:00Z"))
				status := d.Status()
				if err := stop(); err != nil {
					t.Error(err)
				}
				if got := status.Environments[0].Last.Error; got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				if got := w.counted()["failed"]; got != 2 {
					t.Errorf("got %d failed runs, want 2", got)
				}
				logged := w.logged()
				if strings.Contains(logged, secret) {
					t.Errorf("the log gives a secret away: %s", logged)
				}
				if strings.Contains(tt.want, "panic") != strings.Contains(logged, "daemon_test.go") {
					t.Errorf("the log has no stack: %s", logged)
				}
			})
		})
	}
}

func TestPausesAndMaintenance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, instant(t, "2026-11-21T12:10:00Z"))
		e := w.environment("prod", "0 * * * *", "", time.Minute)
		starts, err := NewTimetable("", "30 17 * * *", "")
		if err != nil {
			t.Fatal(err)
		}
		e.Maintenance = []Maintenance{
			{Starts: starts, For: 45 * time.Minute, Reason: "deployment", Pause: true},
			{From: instant(t, "2026-11-21T19:00:00Z"), Until: instant(t, "2026-11-21T19:30:00Z"), Reason: "database"},
		}
		w.environments = []Environment{e}
		d, stop := w.serve()
		if err := d.SetPause("prod", Pause{Since: w.now(), Reason: "incident"}); err != nil {
			t.Error(err)
		}
		w.sleepUntil(instant(t, "2026-11-21T13:30:00Z"))
		if err := stop(); err != nil { // a pause outlives the process
			t.Error(err)
		}
		d, stop = w.serve()
		w.sleepUntil(instant(t, "2026-11-21T14:30:00Z"))
		if err := d.Resume("prod"); err != nil {
			t.Error(err)
		}
		w.sleepUntil(instant(t, "2026-11-21T15:30:00Z"))
		if err := d.SetPause("prod", Pause{Until: instant(t, "2026-11-21T16:30:00Z")}); err != nil {
			t.Error(err)
		}
		w.sleepUntil(instant(t, "2026-11-21T19:30:00Z"))
		for name, err := range map[string]error{
			"pause": d.SetPause("lab", Pause{}), "resume": d.Resume("lab"), "run": d.RunNow("lab", Job{}),
		} {
			if !errors.Is(err, ErrUnknown) {
				t.Errorf("%s: got %v, want %v", name, err, ErrUnknown)
			}
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		want := []string{"2026-11-21T15:00:00Z", "2026-11-21T17:00:00Z", "2026-11-21T19:00:00Z"}
		if diff := cmp.Diff(want, w.startsOf("prod")); diff != "" {
			t.Errorf("starts: (-want +got)\n%s", diff)
		}
		counted := w.counted()
		if counted["skipped: paused"] != 3 || counted["skipped: maintenance"] != 1 {
			t.Errorf("got %v, want three runs skipped by pauses and one by maintenance", counted)
		}
	})
}

func TestMaintenanceCovers(t *testing.T) {
	starts, err := NewTimetable("", "0 22 * * 1-5", "Europe/Dublin")
	if err != nil {
		t.Fatal(err)
	}
	m := Maintenance{Starts: starts, For: 90 * time.Minute}
	for at, want := range map[string]bool{
		"2026-11-20T21:59:59Z": false, "2026-11-20T22:00:00Z": true, "2026-11-20T23:29:59Z": true, "2026-11-20T23:30:00Z": false,
		"2026-11-21T22:30:00Z": false, "2026-07-20T21:00:00Z": true,
	} {
		if got := m.Covers(instant(t, at)); got != want {
			t.Errorf("%s: got %v, want %v", at, got, want)
		}
	}
}

// A new configuration takes hold at once and as a whole; what runs by the old one ends in peace.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, instant(t, "2026-11-21T12:10:00Z"))
		prod, lab := w.environment("prod", "0 * * * *", "", 10*time.Minute), w.environment("lab", "0 * * * *", "", 10*time.Minute)
		w.environments = []Environment{prod, lab}
		d, stop := w.serve()
		w.sleepUntil(instant(t, "2026-11-21T13:05:00Z"))
		w.configure(nil, w.environment("prod", "30 * * * *", "", 10*time.Minute), w.environment("new", "@hourly", "", time.Minute))
		w.sleepUntil(instant(t, "2026-11-21T13:06:00Z"))
		if err := d.RunNow("lab", Job{}); !errors.Is(err, ErrUnknown) {
			t.Errorf("running what is gone: got %v, want %v", err, ErrUnknown)
		}
		if err := d.RunNow("prod", Job{}); !errors.Is(err, ErrBusy) {
			t.Errorf("running what runs: got %v, want %v", err, ErrBusy)
		}
		w.sleepUntil(instant(t, "2026-11-21T13:20:00Z"))
		w.configure(errors.New("probe.yaml:1:1: a mistake"))
		w.sleepUntil(instant(t, "2026-11-21T13:25:00Z"))
		want := ConfigState{Loaded: instant(t, "2026-11-21T13:05:10Z"), Failed: instant(t, "2026-11-21T13:20:10Z"), Error: "probe.yaml:1:1: a mistake"}
		if diff := cmp.Diff(want, d.Status().Config); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		w.sleepUntil(instant(t, "2026-11-21T14:05:00Z"))
		w.configure(nil, w.environments...)
		d.Reload() // SIGHUP waits for nobody
		synctest.Wait()
		if got := d.Status().Config.Error; got != "" {
			t.Errorf("got the mistake %q, want none any more", got)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		got := map[string][]string{"prod": w.startsOf("prod"), "lab": w.startsOf("lab"), "new": w.startsOf("new")}
		starts := map[string][]string{
			"prod": {"2026-11-21T13:00:00Z", "2026-11-21T13:30:00Z"}, "lab": {"2026-11-21T13:00:00Z"}, "new": {"2026-11-21T14:00:00Z"},
		}
		if diff := cmp.Diff(starts, got); diff != "" {
			t.Errorf("starts: (-want +got)\n%s", diff)
		}
	})
}

// Runs get a moment when the daemon ends. Those that take longer are interrupted, and still report.
func TestEnd(t *testing.T) {
	for _, tt := range []struct {
		name  string
		takes time.Duration
		stuck bool
		after time.Duration
		err   error
		whole bool
	}{
		{"soon over", 5 * time.Second, false, 5 * time.Second, nil, true},
		{"interrupted", time.Minute, false, DefaultLinger, nil, false},
		{"stuck", 0, true, DefaultLinger + endGrace, errStuck, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, instant(t, "2026-11-21T12:10:00Z"))
				e := w.environment("prod", "", "", tt.takes)
				if tt.stuck {
					e = w.running("prod", "", "", func(context.Context, func(probe.Event) bool) { time.Sleep(time.Hour) })
				}
				w.environments = []Environment{e}
				d, stop := w.serve()
				if err := d.RunNow("prod", Job{}); err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				if err := stop(); !errors.Is(err, tt.err) {
					t.Errorf("got %v, want %v", err, tt.err)
				}
				if got := time.Since(begin); got != tt.after {
					t.Errorf("it took %v to end, want %v", got, tt.after)
				}
				if err := d.RunNow("prod", Job{}); !errors.Is(err, ErrEnding) {
					t.Errorf("got %v, want %v", err, ErrEnding)
				}
				last := d.Status().Environments[0].Last
				if tt.stuck != (last == nil) || last != nil && last.Complete != tt.whole {
					t.Errorf("got %+v, want complete %v", last, tt.whole)
				}
				d.runs.Wait() // also what is stuck, so that the test can end
			})
		})
	}
}
