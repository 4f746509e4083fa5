package daemon

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"apigwprobe/internal/metrics"
)

// pulse is how long the scheduler sleeps at most: a machine that was asleep, or whose clock was set, is noticed so soon.
const pulse = 15 * time.Second

// setBack is by how much a clock may be set back before times that have come already come again. Less is a correction.
const setBack = time.Minute

// entry is an environment in the scheduler.
type entry struct {
	Environment
	table     Timetable
	after     time.Time // what was due until then has been dealt with
	next      time.Time // zero: never
	running   *running
	confirmed time.Time // when alerts last got a second run
	last      LastRun
	gone      bool // from the configuration; a run still goes on
}

// running is a run that goes on.
type running struct {
	Trigger Trigger   `json:"trigger"`
	Started time.Time `json:"started"`
	ID      string    `json:"id"` // "" until it has sent its first event
	Done    int       `json:"done"`
	Cases   int       `json:"cases"`
}

// tick starts what is due and says how long there is nothing to do.
func (d *Daemon) tick() time.Duration {
	wanted := d.alerts.Confirmations()
	sleep, changed := d.fireAll()
	now := d.now()
	if next := d.confirm(wanted, now); !next.IsZero() {
		sleep = min(sleep, max(next.Sub(now), 0))
	}
	if changed {
		d.remember()
	}
	return sleep
}

// fireAll deals with what is due in all environments and reports whether anything was.
func (d *Daemon) fireAll() (sleep time.Duration, changed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	d.ticked = now
	if jumped := d.jumps.see(now, time.Since(d.started)); jumped != 0 {
		d.Log.Warn("the clock was set, or the machine was asleep", "by", jumped)
	}
	sleep = pulse
	for _, e := range d.sorted() {
		changed = d.fire(e, now) || changed
		if !e.next.IsZero() {
			sleep = min(sleep, e.next.Sub(now))
		}
	}
	return max(sleep, 0), changed
}

func (d *Daemon) sorted() []*entry {
	return slices.SortedFunc(maps.Values(d.entries), func(a, b *entry) int { return cmp.Compare(a.name(), b.name()) })
}

// fire deals with what is due in an environment and reports whether anything was.
func (d *Daemon) fire(e *entry, now time.Time) bool {
	if e.after.Sub(now) > setBack {
		d.expect(e, now)
	}
	if e.gone || e.next.IsZero() || now.Before(e.next) {
		return false
	}
	n, due := e.table.due(e.after, now)
	if n == maxMissed { // there are more, which nobody counts
		due = now
	}
	d.expect(e, now)
	if n > 1 {
		d.Log.Warn("runs were missed", "environment", e.name(), "runs", n-1)
		d.Meter.Missed(e.name(), n-1)
	}
	if why := d.obstacle(e, now); why != "" {
		d.Log.Info("a run is skipped", "environment", e.name(), "why", why, "due", due)
		d.Meter.Skipped(e.name(), why)
		return true
	}
	d.Meter.Started(e.name(), now.Sub(due))
	d.start(e, Scheduled, Job{})
	return true
}

// obstacle says why a run that is due is not made, or nothing.
func (d *Daemon) obstacle(e *entry, now time.Time) metrics.SkipReason {
	if p, ok := d.pauses[e.name()]; ok {
		if p.holds(now) {
			return metrics.Paused
		}
		delete(d.pauses, e.name())
	}
	for _, m := range e.Maintenance {
		if m.Pause && m.Covers(now) {
			return metrics.Maintenance
		}
	}
	if e.running != nil {
		return metrics.Overlap
	}
	return ""
}

// expect waits for the next time after an instant.
func (d *Daemon) expect(e *entry, after time.Time) {
	e.after, e.next = after, e.table.Next(after)
	if e.table != (Timetable{}) {
		d.Meter.Scheduled(e.name(), e.next)
	}
}

// jumps compares the clock on the wall with one that nobody sets, and that stands still while the machine sleeps.
type jumps struct {
	seen   bool
	offset time.Duration
}

// A clock that is corrected little by little jumps by less.
const noJump = 2 * time.Second

// see returns by how much the clock on the wall jumped since it was last asked, or 0.
func (j *jumps) see(wall time.Time, elapsed time.Duration) time.Duration {
	offset := wall.Sub(time.Unix(0, 0)) - elapsed
	by := offset - j.offset
	if !j.seen {
		by = 0
	}
	j.seen, j.offset = true, offset
	if by.Abs() < noJump {
		return 0
	}
	return by.Round(time.Millisecond)
}
