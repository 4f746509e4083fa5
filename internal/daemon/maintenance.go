package daemon

import (
	"time"
)

// Maintenance is a window in which failures are expected: it holds messages back, never the record. It comes again and
// again with a schedule, or once, from one instant until another.
type Maintenance struct {
	Starts      Timetable
	For         time.Duration
	From, Until time.Time
	Reason      string
	Pause       bool // nothing is probed, either
}

// Covers reports whether an instant lies in the window.
func (m Maintenance) Covers(at time.Time) bool {
	if m.For == 0 {
		return !at.Before(m.From) && at.Before(m.Until)
	}
	began := m.Starts.Next(at.Add(-m.For)) // the first start after which the window would still be open
	return !began.IsZero() && !began.After(at)
}

// Pause stops the schedule of an environment.
type Pause struct {
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until,omitzero"` // zero: until somebody ends it
	Reason string    `json:"reason"`
}

func (p Pause) holds(now time.Time) bool { return p.Until.IsZero() || now.Before(p.Until) }

// SetPause stops the schedule of an environment. What would be due is skipped and counted; a run that goes on does.
func (d *Daemon) SetPause(environment string, p Pause) error {
	d.mu.Lock()
	e := d.entries[environment]
	known := e != nil && !e.gone
	if known {
		d.pauses[environment] = p
	}
	d.mu.Unlock()
	if !known {
		return ErrUnknown
	}
	d.remember()
	d.changed(environment)
	d.Log.Info("an environment is paused", "environment", environment, "until", p.Until, "reason", p.Reason)
	return nil
}

// Resume lets the schedule of an environment go on.
func (d *Daemon) Resume(environment string) error {
	d.mu.Lock()
	e := d.entries[environment]
	known := e != nil && !e.gone
	if known {
		delete(d.pauses, environment)
	}
	d.mu.Unlock()
	if !known {
		return ErrUnknown
	}
	d.remember()
	d.changed(environment)
	d.Log.Info("an environment goes on", "environment", environment)
	return nil
}
