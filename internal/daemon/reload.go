package daemon

import (
	"context"
	"fmt"
	"time"
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
	seen := d.held
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.hup:
			d.held = d.fingerprint()
			d.reload()
		case <-ticker.C:
			now := d.fingerprint()
			if now != d.held && now == seen {
				d.held = now
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
	environments, err := d.Load()
	now := d.now()
	if err == nil {
		err = d.adopt(environments, nil, now)
	}
	d.mu.Lock()
	if err == nil {
		d.config = ConfigState{Loaded: now}
	} else {
		d.config.Failed, d.config.Error = now, err.Error()
	}
	d.mu.Unlock()
	d.Meter.Reloaded(err == nil)
	if err != nil {
		d.Log.Error("the configuration has mistakes; the one before still holds", "error", err)
		return
	}
	d.Log.Info("the configuration was read again", "environments", len(environments))
	d.poke()
}

// adopt puts environments in the place of those that were there. One whose schedule is the same goes on with it.
func (d *Daemon) adopt(environments []Environment, kept map[string]keptEntry, now time.Time) error {
	tables := make(map[string]Timetable)
	for _, env := range environments {
		plan := env.Matrix.Plan
		table, err := NewTimetable(env.name(), plan.Schedule, plan.Timezone)
		if err != nil {
			return fmt.Errorf("environment %q: %w", env.name(), err)
		}
		tables[env.name()] = table
	}
	d.replace(environments, tables, kept, now)
	d.remember()
	return nil
}

func (d *Daemon) replace(environments []Environment, tables map[string]Timetable, kept map[string]keptEntry, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, e := range d.entries {
		if _, stays := tables[name]; stays {
			continue
		}
		e.gone, e.next = true, time.Time{}
		if e.running == nil {
			delete(d.entries, name)
		}
	}
	for _, env := range environments {
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
