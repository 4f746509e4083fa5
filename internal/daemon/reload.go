package daemon

import (
	"context"
	"fmt"
	"time"

	"apigwprobe/probe"
)

// watchEvery is how often the configuration is looked at. A change is read once it looks the same twice: an editor may
// be in the middle of it.
const watchEvery = 5 * time.Second

// Reload reads the configuration again, soon.
func (d *Daemon) Reload() {
	select {
	case d.hup <- struct{}{}:
	default: // it will be read anyway
	}
}

// watch reads the configuration again when it changed, or when somebody asks for it.
func (d *Daemon) watch(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	seen := d.known
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.hup:
			d.known = d.fingerprint()
			d.reload()
		case <-ticker.C:
			now := d.fingerprint()
			if now != d.known && now == seen {
				d.known = now
				d.reload()
			}
			seen = now
		}
	}
}

func (d *Daemon) fingerprint() string {
	if d.Fingerprint == nil {
		return ""
	}
	return d.Fingerprint()
}

// reload puts a new configuration in the place of the one that holds. One with mistakes changes nothing.
func (d *Daemon) reload() {
	configuration, err := d.Load()
	now := d.now()
	if err == nil {
		err = d.adopt(configuration, nil, now)
	}
	d.mu.Lock()
	if err == nil {
		d.config = ConfigState{Loaded: now}
	} else {
		d.config.Failed, d.config.Error = now, err.Error()
	}
	d.mu.Unlock()
	d.Meter.Reloaded(err == nil, now)
	if err != nil {
		d.Log.Error("the configuration has mistakes; the one before still holds", "error", err)
		return
	}
	d.Log.Info("the configuration was read again", "environments", len(configuration.Environments))
	d.changed("")
	d.poke()
}

// Check says whether a daemon can be made of a configuration.
func (c Configuration) Check() error {
	_, err := c.timetables()
	return err
}

func (c Configuration) timetables() (map[string]Timetable, error) {
	tables := make(map[string]Timetable)
	for _, env := range c.Environments {
		plan := env.Matrix.Plan
		table, err := NewTimetable(env.name(), plan.Schedule, plan.Timezone)
		if err != nil {
			return nil, fmt.Errorf("environment %q: %w", env.name(), err)
		}
		tables[env.name()] = table
	}
	return tables, nil
}

// adopt puts environments in the place of those that were there. One whose schedule is the same goes on with it.
func (d *Daemon) adopt(c Configuration, kept map[string]keptEntry, now time.Time) error {
	tables, err := c.timetables()
	if err != nil {
		return err
	}
	d.replace(c, tables, kept, now)
	d.alerts.Configure(c.Alerts)
	for _, t := range c.Alerts.Targets {
		d.Meter.Destination(t.Name())
	}
	d.remember()
	var matrices []*probe.Matrix
	for _, env := range c.Environments {
		matrices = append(matrices, env.Matrix)
	}
	if err := d.alerts.Expect(matrices, now); err != nil {
		d.Log.Error("looking after alerts", "error", err)
	}
	return nil
}

func (d *Daemon) replace(c Configuration, tables map[string]Timetable, kept map[string]keptEntry, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heart = c.Heartbeat
	for name, e := range d.entries {
		if _, stays := tables[name]; stays {
			continue
		}
		e.gone, e.next = true, time.Time{}
		if e.running == nil {
			delete(d.entries, name)
			d.Meter.Forget(name)
		}
	}
	for _, env := range c.Environments {
		d.Meter.Expect(env.Matrix)
		e := d.entries[env.name()]
		isNew := e == nil
		if isNew {
			e = &entry{}
			d.entries[env.name()] = e
		}
		same := !isNew && !e.gone && e.schedule() == schedule(env)
		e.Environment, e.table, e.gone = env, tables[env.name()], false
		if same {
			continue
		}
		after := now
		if k, ok := kept[env.name()]; ok && isNew && k.Schedule == env.Matrix.Plan.Schedule && k.Timezone == env.Matrix.Plan.Timezone {
			after = k.After // what was missed since is noticed
		}
		d.expect(e, after)
	}
}

func (e *entry) schedule() [2]string { return schedule(e.Environment) }

func schedule(e Environment) [2]string {
	return [2]string{e.Matrix.Plan.Schedule, e.Matrix.Plan.Timezone}
}
