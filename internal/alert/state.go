package alert

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// stateVersion is the version of the document that is kept between processes.
const stateVersion = 1

// state is everything that has to outlive the process. It is one document, kept by the caller.
type state struct {
	Version int `json:"version"`
	// Alerts are those that are not settled, by their id.
	Alerts map[string]*record `json:"alerts"`
	// Environments hold what is known of the runs of each.
	Environments map[string]*memory `json:"environments"`
	// Outbox is what has still to be delivered, the oldest first.
	Outbox []*parcel `json:"outbox"`
	// Destinations say how each fares.
	Destinations map[string]*health `json:"destinations"`
	Watched      time.Time          `json:"watched"` // the last cycle of the scheduler that was whole
}

// record is an alert with what its next state depends on.
type record struct {
	Alert
	Cases  []string    `json:"cases"`  // that were not seen to be well since
	Raises []time.Time `json:"raises"` // that are recent
	Quiet  time.Time   `json:"quiet"`  // since when a flapping alert has no case
	Told   bool        `json:"told"`   // the destinations believe that it is firing
	ToldAt time.Time   `json:"told_at"`
	Nudges int         `json:"nudges"` // reminders that were sent
	Asked  bool        `json:"asked"`  // a second run was made
}

// memory is when cases passed: those that did not pass in the last run of their API are listed, all others did.
type memory struct {
	Latest Run             `json:"latest"` // run that was read last
	APIs   map[string]Run  `json:"apis"`   // last run that asked all of an API
	Missed map[string]*Run `json:"missed"` // case to the last run in which it passed; nil: none is known
}

// parse reads a document that an earlier process kept. An empty one is a new beginning.
func parse(document []byte) (*state, error) {
	s := &state{}
	if len(document) > 0 {
		if err := json.Unmarshal(document, s); err != nil {
			return nil, fmt.Errorf("reading the state of alerts: %w", err)
		}
		if s.Version != stateVersion {
			return nil, fmt.Errorf("reading the state of alerts: got version %d, want %d", s.Version, stateVersion)
		}
	}
	s.Version = stateVersion
	s.Alerts, s.Environments = present(s.Alerts), present(s.Environments)
	s.Destinations = present(s.Destinations)
	s.Outbox = slices.DeleteFunc(s.Outbox, func(p *parcel) bool { return p == nil })
	for _, m := range s.Environments {
		m.APIs = orEmpty(m.APIs)
		m.Missed = orEmpty(m.Missed)
	}
	return s, nil
}

// present is a map without entries that say nothing.
func present[V any](m map[string]*V) map[string]*V {
	m = orEmpty(m)
	maps.DeleteFunc(m, func(_ string, v *V) bool { return v == nil })
	return m
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return make(map[string]V)
	}
	return m
}

func (s *state) memory(environment string) *memory {
	m := s.Environments[environment]
	if m == nil {
		m = &memory{APIs: make(map[string]Run), Missed: make(map[string]*Run)}
		s.Environments[environment] = m
	}
	return m
}

// sorted are the records in an order that does not change.
func (s *state) sorted() []*record {
	records := make([]*record, 0, len(s.Alerts))
	for _, id := range slices.Sorted(maps.Keys(s.Alerts)) {
		records = append(records, s.Alerts[id])
	}
	return records
}
