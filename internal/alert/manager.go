package alert

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"apigwprobe/probe"
)

// Settings are what a configuration says of alerts. They can be changed while a [Manager] works.
type Settings struct {
	Targets []Target
	// Confirm is how long after the first run a second one must have started to confirm what it showed; 0: [DefaultConfirm].
	Confirm time.Duration
	// Remind is how long after a message that an alert is still open the next one follows; 0: [DefaultRemind].
	Remind time.Duration
	// An alert that was raised FlapRaises times within FlapWithin is flapping: it stays open until it was quiet for as
	// long. 0: [DefaultFlapRaises], [DefaultFlapWithin].
	FlapRaises int
	FlapWithin time.Duration
	// Link leads to where an alert is shown; nil: nowhere.
	Link func(Alert) string
}

// What holds where settings say nothing.
const (
	DefaultConfirm    = time.Minute
	DefaultRemind     = 24 * time.Hour
	DefaultFlapRaises = 3
	DefaultFlapWithin = time.Hour
)

func (s Settings) withDefaults() Settings {
	s.Confirm = cmp.Or(s.Confirm, DefaultConfirm)
	s.Remind = cmp.Or(s.Remind, DefaultRemind)
	s.FlapRaises = cmp.Or(s.FlapRaises, DefaultFlapRaises)
	s.FlapWithin = cmp.Or(s.FlapWithin, DefaultFlapWithin)
	return s
}

// Target is where messages go, and from which severity on.
type Target struct {
	Destination
	Least Severity // empty: all
}

// Options are what a [Manager] is made with.
type Options struct {
	Settings
	State []byte // what Save was given last; empty: a new beginning
	// Save keeps the state before the call that changed it returns; nil: it is not kept.
	Save func(document []byte) error
	// Held says why nobody may be told of an alert now: a silence, a deployment, maintenance. It holds back messages,
	// never the record; nil: nothing is held.
	Held func(a Alert, now time.Time) (reason string, held bool)
	// Delivered hears how each delivery went; nil: nobody does.
	Delivered func(destination string, err error)
}

// Manager turns reports into alerts, and alerts into messages. All its methods may be called side by side.
type Manager struct {
	opts Options

	mu       sync.Mutex // never held while something is sent
	settings Settings
	state    *state
	expected map[string]map[string]int // environment and API to the number of results that a whole run has

	sending sync.Mutex // one [Manager.Deliver] at a time
}

// New returns a manager that goes on where the state ended.
func New(o Options) (*Manager, error) {
	s, err := parse(o.State)
	if err != nil {
		return nil, err
	}
	m := &Manager{opts: o, state: s}
	m.Configure(o.Settings)
	return m, nil
}

// Configure changes the settings. What is in the outbox for destinations that are gone is dropped.
func (m *Manager) Configure(s Settings) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settings = s.withDefaults()
	m.state.forget(s.Targets)
}

// Confirmation is a second run that would confirm or refute what the first one showed.
type Confirmation struct {
	Environment string
	API         string    // "": all of the environment
	At          time.Time // not before
}

// Confirmations are the runs that the manager wants, the earliest first.
func (m *Manager) Confirmations() []Confirmation {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Confirmation
	for _, r := range m.state.sorted() {
		if r.State != Pending || r.Asked {
			continue
		}
		c := Confirmation{r.Environment, r.API, r.Since.Add(m.settings.Confirm)}
		same := func(x Confirmation) bool { return x.Environment == c.Environment && x.API == c.API }
		if i := slices.IndexFunc(list, same); i < 0 {
			list = append(list, c)
		} else if c.At.Before(list[i].At) {
			list[i] = c
		}
	}
	slices.SortStableFunc(list, func(a, b Confirmation) int { return a.At.Compare(b.At) })
	return list
}

// Active are the alerts that are pending or firing, the most urgent first.
func (m *Manager) Active(now time.Time) []Alert {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Alert
	for _, r := range m.state.sorted() {
		if r.State == Resolved {
			continue
		}
		r.Held = m.held(r, now)
		list = append(list, r.Alert)
	}
	slices.SortStableFunc(list, func(a, b Alert) int {
		if a.Severity != b.Severity {
			return cmp.Compare(slices.Index(Severities(), b.Severity), slices.Index(Severities(), a.Severity))
		}
		return a.Since.Compare(b.Since)
	})
	return list
}

// Expect says which cases there are from now on, by their environments. An alert none of whose cases is asked any more is
// resolved: no run would ever see it pass. It is called before the first run, and again with each new configuration.
func (m *Manager) Expect(matrices []*probe.Matrix, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked := make(map[string]map[string]bool)
	m.expected = make(map[string]map[string]int)
	for _, matrix := range matrices {
		cases, rows := make(map[string]bool, len(matrix.Cases)), make(map[string]int)
		for _, c := range matrix.Cases {
			cases[c.ID()] = true
			rows[c.API.Name]++
		}
		for _, s := range matrix.Skips {
			rows[s.API.Name]++
		}
		asked[matrix.Plan.Environment], m.expected[matrix.Plan.Environment] = cases, rows
	}
	for environment, known := range m.state.Environments {
		for id := range known.Missed {
			if !asked[environment][id] {
				delete(known.Missed, id)
			}
		}
		if asked[environment] == nil {
			delete(m.state.Environments, environment)
		}
	}
	for _, r := range m.state.sorted() {
		if r.State != Resolved {
			r.clear("it is not asked any more", now, func(id string) bool { return !asked[r.Environment][id] })
			r.Flapping = r.Flapping && len(r.Cases) > 0 // no run would ever settle it
			m.settle(r, now)
		}
	}
	m.reconcile(now)
	return m.save()
}

func (m *Manager) held(r *record, now time.Time) string {
	if m.opts.Held == nil {
		return ""
	}
	reason, held := m.opts.Held(r.Alert, now)
	if !held {
		return ""
	}
	return cmp.Or(reason, "held back")
}

// save keeps the state. Whatever changed is lost only if it could not be kept, and then somebody is told.
func (m *Manager) save() error {
	if m.opts.Save == nil {
		return nil
	}
	document, err := json.Marshal(m.state)
	if err == nil {
		err = m.opts.Save(document)
	}
	if err != nil {
		return fmt.Errorf("keeping the state of alerts: %w", err)
	}
	return nil
}
