package daemon

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"apigwprobe/probe"
)

// Status is how the daemon stands.
type Status struct {
	Config       ConfigState         `json:"config"`
	Environments []EnvironmentStatus `json:"environments"`
}

// EnvironmentStatus is how an environment stands.
type EnvironmentStatus struct {
	Name        string    `json:"name"`
	Schedule    string    `json:"schedule"`
	Timezone    string    `json:"timezone"`
	APIs        []string  `json:"apis"`
	Next        time.Time `json:"next,omitzero"` // zero: never by itself
	Running     *running  `json:"running"`
	Last        *LastRun  `json:"last"`
	Pause       *Pause    `json:"pause"`
	Maintenance string    `json:"maintenance"` // the reason of the window that is open; "" if none is
}

// Ready says why the daemon does not do its work, or nil.
func (d *Daemon) Ready() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ending {
		return ErrEnding
	}
	if d.ticked.IsZero() || d.now().Sub(d.ticked) > 2*pulse {
		return errors.New("the scheduler stands still")
	}
	return nil
}

// whole says why the daemon may not be called alive by those who watch it: it works, but not all of its work is done.
func (d *Daemon) whole() error {
	if err := d.Ready(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unrecorded != nil {
		return fmt.Errorf("the last run was not recorded: %w", d.unrecorded)
	}
	for _, e := range d.sorted() {
		if e.last.Error != "" {
			return fmt.Errorf("the last run of %q failed: %s", e.name(), e.last.Error)
		}
	}
	return nil
}

// Status says how the daemon stands now.
func (d *Daemon) Status() Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	s := Status{Config: d.config, Environments: []EnvironmentStatus{}}
	for _, e := range d.sorted() {
		if e.gone {
			continue
		}
		plan := e.Matrix.Plan
		one := EnvironmentStatus{Name: e.name(), Schedule: plan.Schedule, Timezone: plan.Timezone, APIs: []string{}, Next: e.next}
		for _, api := range plan.APIs {
			one.APIs = append(one.APIs, api.Name)
		}
		if e.running != nil {
			r := *e.running
			one.Running = &r
		}
		if !e.last.Ended.IsZero() {
			last := e.last
			one.Last = &last
		}
		if p, ok := d.pauses[e.name()]; ok && p.holds(now) {
			one.Pause = &p
		}
		if i := slices.IndexFunc(e.Maintenance, func(m Maintenance) bool { return m.Covers(now) }); i >= 0 {
			one.Maintenance = e.Maintenance[i].Reason
		}
		s.Environments = append(s.Environments, one)
	}
	return s
}

// matrix is what whole runs of an environment ask; nothing if it is not served.
func (d *Daemon) matrix(environment string) *probe.Matrix {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.entries[environment]; e != nil {
		return e.Matrix
	}
	return &probe.Matrix{Plan: &probe.Plan{Environment: environment}}
}
