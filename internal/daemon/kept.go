package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"
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
