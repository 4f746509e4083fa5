package daemon

import (
	"context"
	"time"

	"apigwprobe/internal/alert"
	"apigwprobe/internal/store"
	"apigwprobe/probe"
)

// How often alerts are looked after, and how often somebody is told that the daemon is alive.
const (
	deliverEvery = 5 * time.Second
	aliveEvery   = time.Minute
)

const alertsName = "alerts" // of the document that is kept

// newManager makes the manager of alerts go on where an earlier process ended.
func (d *Daemon) newManager(ctx context.Context) error {
	o := alert.Options{Held: d.held, Delivered: d.delivered}
	if d.Keep != nil {
		doc, err := d.Keep.State(ctx, alertsName)
		if err != nil {
			return err
		}
		o.State = doc
		o.Save = func(doc []byte) error { return d.Keep.SetState(context.Background(), alertsName, doc) }
	}
	m, err := alert.New(o)
	d.alerts = m // it is never called while the lock of the daemon is held: it asks who is held back
	return err
}

func (d *Daemon) delivered(destination string, err error) {
	if err != nil {
		d.Log.Warn("an alert could not be delivered", "destination", destination, "error", err)
	}
	d.Meter.Delivered(destination, err == nil)
}

// held says why nobody may be told of an alert now.
func (d *Daemon) held(a alert.Alert, now time.Time) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.silences {
		if s.Environment == a.Environment && (s.API == "" || s.API == a.API) && !now.Before(s.From) && now.Before(s.Until) {
			return "silenced: " + s.Reason, true
		}
	}
	if e := d.entries[a.Environment]; e != nil {
		for _, m := range e.Maintenance {
			if m.Covers(now) {
				return "maintenance: " + m.Reason, true
			}
		}
	}
	return "", false
}

// ReadSilences takes over the silences that are kept. Other processes write them, too.
func (d *Daemon) ReadSilences(ctx context.Context) error {
	if d.Keep == nil {
		return nil
	}
	list, err := d.Keep.Silences(ctx, d.now())
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.silences = list
	return nil
}

// judge lets alerts see a report.
func (d *Daemon) judge(report probe.Report) {
	if err := d.alerts.See(report, d.now()); err != nil {
		d.Log.Error("judging a run", "run", report.Run.ID, "error", err)
	}
	d.countAlerts()
}

func (d *Daemon) countAlerts() {
	open := make(map[string]int)
	for _, severity := range alert.Severities() {
		open[string(severity)] = 0
	}
	for _, a := range d.alerts.Active(d.now()) {
		if a.State == alert.Firing {
			open[string(a.Severity)]++
		}
	}
	d.Meter.Alerts(open)
}

// Alerts are those that are pending or firing, the most urgent first, and how their destinations fare.
func (d *Daemon) Alerts() ([]alert.Alert, []alert.Health) {
	return append([]alert.Alert{}, d.alerts.Active(d.now())...), append([]alert.Health{}, d.alerts.Destinations()...)
}

// lookAfterAlerts delivers them, and says that the daemon is alive as long as it is.
func (d *Daemon) lookAfterAlerts(ctx context.Context) {
	ticker := time.NewTicker(deliverEvery)
	defer ticker.Stop()
	var beat time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := d.ReadSilences(ctx); err != nil {
			d.Log.Error("reading silences", "error", err)
		}
		if now := d.now(); now.Sub(beat).Abs() >= aliveEvery && d.whole() == nil {
			beat = now
			d.alerts.Alive(now)
			d.beat(ctx)
		}
		if err := d.alerts.Deliver(ctx, d.now()); err != nil {
			d.Log.Error("delivering alerts", "error", err)
		}
		d.countAlerts()
	}
}

// beat tells whoever watches the prober that it is alive.
func (d *Daemon) beat(ctx context.Context) {
	d.mu.Lock()
	heart := d.heart
	d.mu.Unlock()
	if heart == nil {
		return
	}
	if err := heart.Beat(ctx); err != nil && ctx.Err() == nil {
		d.Log.Warn("the heartbeat was not taken", "error", err)
	}
}

// again is how long a confirmation waits after one that came to nothing.
const again = time.Minute

// confirm starts the second runs that alerts want, and returns when the next one is due, or the zero time.
func (d *Daemon) confirm(wanted []alert.Confirmation, now time.Time) (next time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	apis := make(map[string][]string)
	for _, c := range wanted {
		e := d.entries[c.Environment]
		if e == nil || e.gone || e.running != nil {
			continue // when the run has ended, it is asked again
		}
		at := c.At
		if tried := e.confirmed.Add(again); tried.After(at) && !e.confirmed.After(now) {
			at = tried
		}
		if at.After(now) {
			if next.IsZero() || at.Before(next) {
				next = at
			}
			continue
		}
		apis[c.Environment] = append(apis[c.Environment], c.API)
	}
	for name, list := range apis {
		e := d.entries[name]
		if d.obstacle(e, now) != "" {
			continue
		}
		e.confirmed = now
		d.start(e, Confirmation, Job{APIs: list})
	}
	return next
}

// Silences are those that are in force or lie ahead.
func (d *Daemon) Silences() []store.Silence {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]store.Silence{}, d.silences...)
}
