package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
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
	if d.Keep == nil {
		return
	}
	for _, e := range d.entries {
		reports, err := d.lastReports(ctx, e.Matrix.Plan)
		if err != nil {
			d.Log.Error("reading the last run", "environment", e.name(), "error", err)
		}
		for _, report := range reports {
			run := report.Run
			e.last = LastRun{
				ID: run.ID, Started: run.Started, Ended: run.Started.Add(time.Duration(run.DurationMS) * time.Millisecond),
				Complete: run.Complete, Summary: report.Summary,
			}
			d.Meter.Recall(report)
			d.judge(report)
		}
	}
}

// lookBack is how many runs are read at most to know how every API of an environment stood.
const lookBack = 5

// lastReports are those of the newest runs that together asked every API of an environment, the oldest first: the newest may
// have been the confirmation of one.
func (d *Daemon) lastReports(ctx context.Context, plan *probe.Plan) ([]probe.Report, error) {
	runs, err := d.Keep.Runs(ctx, store.Query{Environment: plan.Environment, Limit: lookBack})
	if err != nil {
		return nil, err
	}
	missing := make(map[string]bool)
	for _, api := range plan.APIs {
		missing[api.Name] = true
	}
	var reports []probe.Report
	for _, run := range slices.Backward(runs) {
		if run.State != store.Finished {
			continue
		}
		report, err := d.Keep.Report(ctx, run.ID)
		if err != nil {
			return nil, err
		}
		reports = slices.Insert(reports, 0, report)
		for _, res := range report.Results {
			delete(missing, res.API)
		}
		if len(missing) == 0 {
			break
		}
	}
	return reports, nil
}
