package daemon

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"apigwprobe/internal/alert"
	"apigwprobe/internal/metrics"
	"apigwprobe/internal/store"
	"apigwprobe/probe"
)

// world is what a daemon of a test sees and does. Its clock on the wall can be set.
type world struct {
	t *testing.T

	mu           sync.Mutex
	skew         time.Duration // of the clock on the wall
	environments []Environment
	mistake      error // of the configuration
	version      int   // of the configuration
	kept         map[string][]byte
	silences     []store.Silence
	earlier      []probe.Report
	full         error // of the history
	alerts       alert.Settings
	starts       map[string][]time.Time
	counts       map[string]int
	log          bytes.Buffer
}

var _ Meter = (*world)(nil)
var _ Keeper = (*world)(nil)

// newWorld begins at an instant.
func newWorld(t *testing.T, begin time.Time, environments ...Environment) *world {
	return &world{
		t: t, skew: time.Until(begin), environments: environments,
		kept: make(map[string][]byte), starts: make(map[string][]time.Time), counts: make(map[string]int),
	}
}

// environment is one whose runs take a while.
func (w *world) environment(name, schedule, timezone string, takes time.Duration) Environment {
	return w.running(name, schedule, timezone, func(ctx context.Context, yield func(probe.Event) bool) {
		run := probe.RunInfo{ID: fmt.Sprint(w.count("runs")), Environment: name}
		yield(probe.RunStarted{Run: run, Cases: 1})
		select {
		case <-time.After(takes):
			run.Complete = true
		case <-ctx.Done():
		}
		yield(probe.RunFinished{Report: probe.Report{Run: run, Summary: probe.Summary{Pass: 1}}})
	})
}

// running is an environment that runs body.
func (w *world) running(name, schedule, timezone string, body func(context.Context, func(probe.Event) bool)) Environment {
	plan := &probe.Plan{Environment: name, Schedule: schedule, Timezone: timezone, RunTimeout: time.Hour}
	return Environment{Matrix: &probe.Matrix{Plan: plan}, Run: func(ctx context.Context, _ Job) (iter.Seq[probe.Event], error) {
		now := w.now()
		w.mu.Lock()
		w.starts[name] = append(w.starts[name], now)
		w.mu.Unlock()
		return func(yield func(probe.Event) bool) { body(ctx, yield) }, nil
	}}
}

func (w *world) options() Options {
	return Options{
		Load:        w.load,
		Fingerprint: func() string { w.mu.Lock(); defer w.mu.Unlock(); return fmt.Sprint(w.version) },
		Log:         slog.New(slog.NewTextHandler(&locked{w: &w.log, mu: &w.mu}, nil)),
		Meter:       w, Keep: w, Now: w.now,
	}
}

// locked lets a test read what others write.
type locked struct {
	mu *sync.Mutex
	w  *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (w *world) load() (Configuration, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Configuration{Environments: w.environments, Alerts: w.alerts}, w.mistake
}

// configure changes the configuration; others see it when they look.
func (w *world) configure(mistake error, environments ...Environment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.version++
	w.mistake, w.environments = mistake, environments
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.skew)
}

// jump sets the clock on the wall.
func (w *world) jump(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.skew += by
}

// serve runs a daemon until the function that it returns is called.
func (w *world) serve() (*Daemon, func() error) {
	w.t.Helper()
	d, err := New(w.t.Context(), w.options())
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	synctest.Wait()
	return d, func() error {
		cancel()
		return <-ended
	}
}

// sleepUntil lets time pass.
func (w *world) sleepUntil(at time.Time) {
	time.Sleep(at.Sub(w.now()))
	synctest.Wait()
}

func (w *world) startsOf(name string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	texts := []string{}
	for _, at := range w.starts[name] {
		texts = append(texts, at.UTC().Format(time.RFC3339))
	}
	return texts
}

func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}

// counted is how often the meter heard of something.
func (w *world) counted() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := make(map[string]int)
	for name, n := range w.counts {
		c[name] = n
	}
	return c
}

func (w *world) count(what string) int { return w.add(what, 1) }

func (w *world) add(what string, n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[what] += n
	return w.counts[what]
}

func (w *world) Expect(*probe.Matrix)                     {}
func (w *world) Forget(string)                            { w.count("forgotten") }
func (w *world) Recall(probe.Report)                      { w.count("recalled") }
func (w *world) See(probe.Event)                          {}
func (w *world) Scheduled(string, time.Time)              {}
func (w *world) Started(_ string, lag time.Duration)      { w.add("lag in seconds", int(lag/time.Second)) }
func (w *world) Failed(string)                            { w.count("failed") }
func (w *world) Skipped(_ string, why metrics.SkipReason) { w.count("skipped: " + string(why)) }
func (w *world) Missed(_ string, n int)                   { w.add("missed", n) }
func (w *world) Reloaded(ok bool, _ time.Time)            { w.count(fmt.Sprintf("reloaded: %v", ok)) }
func (w *world) Delivered(_ string, ok bool)              { w.count(fmt.Sprintf("delivered: %v", ok)) }
func (w *world) Destination(string)                       {}
func (w *world) Alerts(open map[string]int)               { w.add("alerts", len(open)) }

func (w *world) State(_ context.Context, name string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.kept[name], nil
}

// Record counts what is recorded.
func (w *world) Record() func(probe.Event) error {
	return func(probe.Event) error { w.count("recorded"); return w.full }
}

// Runs are those that were put there, the oldest first.
func (w *world) Runs(_ context.Context, q store.Query) ([]store.Run, error) {
	var runs []store.Run
	for _, r := range w.earlier {
		state := store.Finished
		if !r.Run.Complete {
			state = store.Interrupted
		}
		runs = append(runs, store.Run{ID: r.Run.ID, Environment: q.Environment, State: state})
	}
	return runs[max(0, len(runs)-q.Limit):], nil
}

func (w *world) Report(_ context.Context, id string) (probe.Report, error) {
	i := slices.IndexFunc(w.earlier, func(r probe.Report) bool { return r.Run.ID == id })
	return w.earlier[i], nil
}

func (w *world) Silences(context.Context, time.Time) ([]store.Silence, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.silences, nil
}

func (w *world) SetState(_ context.Context, name string, doc []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept[name] = doc
	return nil
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
