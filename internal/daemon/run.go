package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"apigwprobe/probe"
)

// LastRun is how the last run of an environment ended.
type LastRun struct {
	ID       string        `json:"id"`
	Trigger  Trigger       `json:"trigger"` // "" if an earlier process made it
	Started  time.Time     `json:"started"`
	Ended    time.Time     `json:"ended"`
	Complete bool          `json:"complete"`
	Summary  probe.Summary `json:"summary"`
	Error    string        `json:"error"` // why there is no report; "" if there is one
}

// These are why nobody can run an environment now.
var (
	ErrUnknown = errors.New("got an environment that is not served")
	ErrBusy    = errors.New("a run of the environment goes on")
	ErrEnding  = errors.New("the daemon ends")
)

// RunNow starts a run, whatever the schedule, pauses and maintenance say.
func (d *Daemon) RunNow(environment string, job Job) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.entries[environment]
	switch {
	case e == nil || e.gone:
		return ErrUnknown
	case d.ending:
		return ErrEnding
	case e.running != nil:
		return ErrBusy
	}
	d.start(e, OnDemand, job)
	return nil
}

// start makes a run. The lock is held, and nothing runs in the environment.
func (d *Daemon) start(e *entry, trigger Trigger, job Job) {
	r := &running{Trigger: trigger, Started: d.now()}
	e.running = r
	env := e.Environment
	d.runs.Go(func() {
		last := d.run(env, r, job)
		d.mu.Lock()
		e.running, e.last = nil, last
		if e.gone {
			delete(d.entries, env.name())
			d.Meter.Forget(env.name())
		}
		d.mu.Unlock()
		d.changed(env.name())
		d.poke()
	})
}

// run makes a run of an environment and says how it ended. Whatever goes wrong in it, the daemon goes on.
func (d *Daemon) run(env Environment, r *running, job Job) LastRun {
	log := d.Log.With("environment", env.name())
	limit := env.Matrix.Plan.RunTimeout
	if limit == 0 {
		limit = probe.DefaultRunTimeout
	}
	ctx, cancel := context.WithTimeout(d.runCtx, limit+runGrace)
	defer cancel()
	log.Info("a run starts", "trigger", r.Trigger)
	report, err := d.observe(ctx, env, r, job)
	last := LastRun{
		ID: report.Run.ID, Trigger: r.Trigger, Started: r.Started, Ended: d.now(),
		Complete: report.Run.Complete, Summary: report.Summary,
	}
	if err != nil {
		last.Error = err.Error()
		attrs := []any{"error", err}
		var p *panicked
		if errors.As(err, &p) {
			attrs = append(attrs, "stack", p.stack)
		}
		log.Error("a run failed", attrs...)
		d.Meter.Failed(env.name())
		return last
	}
	s := report.Summary
	log.Info("a run ended", "run", last.ID, "complete", last.Complete, "pass", s.Pass, "fail", s.Fail, "inconclusive", s.Inconclusive,
		"skipped", s.Skipped, "accepted", s.Accepted, "took", last.Ended.Sub(last.Started).Round(time.Millisecond))
	return last
}

var errNoReport = errors.New("it ended without a report")

// observe lets everybody see the events of a run, and returns its report.
func (d *Daemon) observe(ctx context.Context, env Environment, r *running, job Job) (report probe.Report, err error) {
	defer func() {
		if v := recover(); v != nil {
			p := &panicked{v, string(debug.Stack())}
			if elsewhere, ok := v.(*probe.Panic); ok { // in a goroutine of the run
				p = &panicked{elsewhere.Value, string(elsewhere.Stack)}
			}
			err = p
		}
	}()
	events, err := env.Run(ctx, job)
	if err != nil {
		return report, err
	}
	record := d.recording(env.name())
	err = errNoReport
	for event := range events {
		record(event)
		d.Meter.See(event)
		d.progress(env.name(), r, event)
		if end, ok := event.(probe.RunFinished); ok {
			report, err = end.Report, nil
			d.judge(report)
		}
	}
	return report, err
}

// recording returns what keeps the events of one run. A history that takes no more stops no run, but it is said, once.
func (d *Daemon) recording(environment string) func(probe.Event) {
	if d.Keep == nil {
		return func(probe.Event) {}
	}
	record, failed := d.Keep.Record(), false
	return func(event probe.Event) {
		if failed {
			return
		}
		err := record(event)
		if err != nil {
			failed = true
			d.Log.Error("a run is not recorded", "environment", environment, "error", err)
		}
		if _, ended := event.(probe.RunFinished); ended || err != nil {
			d.mu.Lock()
			d.unrecorded = err
			d.mu.Unlock()
		}
	}
}

// panicked is a run that a mistake of ours ended.
type panicked struct {
	value any
	stack string
}

// Error tells what the runtime says. What else was thrown may hold anything, a secret too, and only its type is told.
func (p *panicked) Error() string {
	var fault runtime.Error
	if err, ok := p.value.(error); ok && errors.As(err, &fault) {
		return "panic: " + fault.Error()
	}
	return fmt.Sprintf("panic with a %T", p.value)
}

// going names the environments in which a run goes on. The lock is held.
func (d *Daemon) going() []string {
	var names []string
	for name, e := range d.entries {
		if e.running != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
