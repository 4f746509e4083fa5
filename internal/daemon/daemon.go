// Package daemon is `probe serve`: it probes environments on their schedules for months, and shows what it found.
//
// The scheduler starts at most one run of an environment at a time. What is due while one goes on is skipped and counted;
// of what was missed, because the machine slept or the daemon was down, one run is made up for and the rest is counted.
// README.md beside this file says what holds when clocks are set, and what is kept over a restart.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"apigwprobe/internal/alert"
	"apigwprobe/internal/store"
	"apigwprobe/probe"
)

// Environment is an environment as the daemon probes it. Its name and its schedule are those of the plan.
type Environment struct {
	Matrix      *probe.Matrix // what a whole run asks
	Maintenance []Maintenance
	// Run makes one run, with references that are resolved anew.
	Run func(context.Context, Job) (iter.Seq[probe.Event], error)
}

func (e Environment) name() string { return e.Matrix.Plan.Environment }

// Job is what one run is to do.
type Job struct {
	APIs   []string // only these; nil: all
	Labels map[string]string
}

// Trigger says why a run was made.
type Trigger string

// The triggers.
const (
	Scheduled    Trigger = "schedule"
	OnDemand     Trigger = "demand"
	Confirmation Trigger = "confirmation" // of what another run showed, before anybody is woken
)

// Keeper keeps runs, and small documents over restarts. A [store.Store] is one.
type Keeper interface {
	Record() func(probe.Event) error
	Runs(context.Context, store.Query) ([]store.Run, error)
	Report(ctx context.Context, run string) (probe.Report, error)
	Silences(ctx context.Context, endAfter time.Time) ([]store.Silence, error)
	State(ctx context.Context, name string) ([]byte, error)
	SetState(ctx context.Context, name string, doc []byte) error
}

var _ Keeper = (*store.Store)(nil)

// Configuration is what the daemon takes from one.
type Configuration struct {
	Environments []Environment
	Alerts       alert.Settings
	Heartbeat    *alert.Heartbeat // nil: nobody watches the daemon
}

// Options are what a [Daemon] is made with. Load, Log and Meter are needed.
type Options struct {
	// Load reads the configuration, at the start and when it changed. Its error names every mistake.
	Load func() (Configuration, error)
	// Fingerprint changes with the configuration; nil: it never does.
	Fingerprint func() string
	Log         *slog.Logger
	Meter       Meter
	Keep        Keeper // nil: nothing outlives the process
	// Now is the clock on the wall; nil: [time.Now].
	Now func() time.Time
	// Linger is how long runs may go on when the daemon is to end, before they are interrupted; 0: [DefaultLinger].
	Linger time.Duration
}

// How long things may take.
const (
	DefaultLinger = 10 * time.Second
	runGrace      = 30 * time.Second // beyond the time-out of a run, to report
	endGrace      = 20 * time.Second // for runs that were interrupted to end
)

// Daemon probes environments on their schedules. Its methods may be called side by side.
type Daemon struct {
	Options
	started time.Time // with its monotonic reading
	wake    chan struct{}
	hup     chan struct{}
	runs    sync.WaitGroup
	runCtx  context.Context // of runs; it outlives that of [Daemon.Run] by Linger
	endRuns context.CancelFunc

	known   string     // fingerprint of the configuration that was read last
	keeping sync.Mutex // one [Daemon.remember] at a time

	mu      sync.Mutex
	entries map[string]*entry
	pauses  map[string]Pause
	jumps   jumps
	config  ConfigState
	ending  bool
	ticked  time.Time // when the scheduler last looked

	audience audience
	alerts   *alert.Manager
	silences []store.Silence
	heart    *alert.Heartbeat

	unrecorded error // why the last run could not be recorded
}

// ConfigState says how the last reading of the configuration went.
type ConfigState struct {
	Loaded time.Time `json:"loaded"` // when the configuration that holds was read
	Failed time.Time `json:"failed,omitzero"`
	Error  string    `json:"error"` // why a later one does not hold; "" if there is none
}

// New reads the configuration and what an earlier process kept.
func New(ctx context.Context, o Options) (*Daemon, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Linger == 0 {
		o.Linger = DefaultLinger
	}
	d := &Daemon{
		Options: o, started: time.Now(), wake: make(chan struct{}, 1), hup: make(chan struct{}, 1),
		entries: make(map[string]*entry), pauses: make(map[string]Pause),
	}
	d.runCtx, d.endRuns = context.WithCancel(context.WithoutCancel(ctx))
	kept, err := d.recall(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.newManager(ctx); err != nil {
		return nil, err
	}
	if err := d.ReadSilences(ctx); err != nil {
		return nil, err
	}
	d.known = d.fingerprint() // before it is read: what changes from now on is seen
	configuration, err := o.Load()
	if err != nil {
		return nil, err
	}
	now := d.now()
	d.pauses = kept.Pauses
	if err := d.adopt(configuration, kept.Environments, now); err != nil {
		return nil, err
	}
	d.catchUp(ctx)
	d.config.Loaded = now
	d.Meter.Reloaded(true, now)
	return d, nil
}

// now is what the clock on the wall shows, without the monotonic reading that hides when it is set.
func (d *Daemon) now() time.Time { return d.Now().Round(0) }

// Run probes until ctx ends. Then it starts nothing more, lets runs go on for a moment, interrupts them, and returns when
// they have been reported, or with an error when they do not end.
func (d *Daemon) Run(ctx context.Context) error {
	defer d.endRuns()
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { d.watch(ctx) })
	watching.Go(func() { d.lookAfterAlerts(ctx) })
	for ctx.Err() == nil {
		timer := time.NewTimer(d.tick())
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-d.wake:
		}
		timer.Stop()
	}
	return d.end()
}

func (d *Daemon) end() error {
	d.mu.Lock()
	d.ending = true
	going := d.going()
	d.mu.Unlock()
	if len(going) > 0 {
		d.Log.Info("ending: letting runs go on for a moment", "environments", going, "for", d.Linger)
	}
	over := make(chan struct{})
	go func() { d.runs.Wait(); close(over) }()
	if wait(over, d.Linger) {
		return nil
	}
	d.endRuns()
	if wait(over, endGrace) {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return fmt.Errorf("ending: %w: %q", errStuck, d.going())
}

var errStuck = errors.New("runs were interrupted and do not end")

// wait reports whether something was over in time.
func wait(over <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-over:
		return true
	case <-timer.C:
		return false
	}
}

// poke lets the scheduler look again, now.
func (d *Daemon) poke() {
	select {
	case d.wake <- struct{}{}:
	default: // it will look anyway
	}
}
