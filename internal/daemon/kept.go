package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"apigwprobe/internal/store"
	"apigwprobe/probe"
)

// kept is what outlives the process.
type kept struct {
	Version      int                  `json:"version"`
	Environments map[string]keptEntry `json:"environments"`
	Pauses       map[string]Pause     `json:"pauses"`
}

// keptEntry says until when the times of a schedule were dealt with.
type keptEntry struct {
	Schedule string    `json:"schedule"`
	Timezone string    `json:"timezone"`
	After    time.Time `json:"after"`
}

const (
	keptName    = "schedule"
	keptVersion = 1
)

// remember keeps what has to outlive the process. The schedule goes on while it is written.
func (d *Daemon) remember() {
	if d.Keep == nil {
		return
	}
	d.keeping.Lock()
	defer d.keeping.Unlock()
	doc, err := json.Marshal(d.toKeep())
	if err == nil {
		err = d.Keep.SetState(context.Background(), keptName, doc)
	}
	if err != nil {
		d.Log.Error("keeping the schedule", "error", err)
	}
}

func (d *Daemon) toKeep() kept {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := kept{keptVersion, make(map[string]keptEntry), maps.Clone(d.pauses)}
	for name, e := range d.entries {
		if p := e.Matrix.Plan; p.Schedule != "" {
			k.Environments[name] = keptEntry{p.Schedule, p.Timezone, e.after}
		}
	}
	return k
}

// recall reads what an earlier process kept.
func (d *Daemon) recall(ctx context.Context) (kept, error) {
	k := kept{Version: keptVersion}
	if d.Keep != nil {
		doc, err := d.Keep.State(ctx, keptName)
		if err == nil && doc != nil {
			err = json.Unmarshal(doc, &k)
		}
		if err == nil && k.Version != keptVersion {
			err = fmt.Errorf("got version %d, want %d", k.Version, keptVersion)
		}
		if err != nil {
			return kept{}, fmt.Errorf("reading the schedule that was kept: %w", err)
		}
	}
	if k.Pauses == nil {
		k.Pauses = make(map[string]Pause)
	}
	return k, nil
}

// catchUp shows each environment's last run, and lets alerts see it: it may have been made, or its process killed, before
// anybody was told. A report that they have seen changes nothing.
func (d *Daemon) catchUp(ctx context.Context) {
	for name, e := range d.entries {
		report, err := d.lastReport(ctx, name)
		if err != nil {
			d.Log.Error("reading the last run", "environment", name, "error", err)
		}
		if report == nil {
			continue
		}
		run := report.Run
		e.last = LastRun{
			ID: run.ID, Started: run.Started, Ended: run.Started.Add(time.Duration(run.DurationMS) * time.Millisecond),
			Complete: run.Complete, Summary: report.Summary,
		}
		d.Meter.Recall(*report)
		d.judge(*report)
	}
}

// lastReport is that of the last run of an environment, or nil if there is none.
func (d *Daemon) lastReport(ctx context.Context, environment string) (*probe.Report, error) {
	if d.Keep == nil {
		return nil, nil
	}
	runs, err := d.Keep.Runs(ctx, store.Query{Environment: environment, Limit: 1})
	if err != nil || len(runs) == 0 || runs[0].State != store.Finished {
		return nil, err
	}
	report, err := d.Keep.Report(ctx, runs[0].ID)
	if err != nil {
		return nil, err
	}
	return &report, nil
}
