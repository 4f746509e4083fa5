package alert

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// parcel is a message and the destinations that have not got it yet.
type parcel struct {
	Message
	To []string `json:"to"`
}

// health is how a destination fares.
type health struct {
	Failures int       `json:"failures"` // in a row
	Next     time.Time `json:"next"`     // nothing is sent before
	Last     time.Time `json:"last"`     // when something was delivered
	Error    string    `json:"error"`    // of the last attempt; "" if that went well
	Dropped  int       `json:"dropped"`  // messages that were given up
	Kept     time.Time `json:"kept"`     // when a keeper was told all
}

// Health is how a destination fares, for people.
type Health struct {
	Destination string
	Waiting     int       // messages in the outbox
	Delivered   time.Time // the last one; zero: none yet
	Error       string    // of the last attempt; "" if that went well
	Dropped     int       // messages that were refused for good, or that the outbox had no room for
}

const (
	// mostWaiting bounds the outbox of one destination. The oldest go first.
	mostWaiting  = 500
	firstRetry   = time.Second
	longestRetry = 10 * time.Minute
	keepEvery    = time.Minute
	aliveFor     = 10 * time.Minute // after a whole cycle of the scheduler
)

// reconcile puts into the outbox what the destinations do not know yet and may know, and forgets what is settled. It
// reports whether anything changed.
func (m *Manager) reconcile(now time.Time) bool {
	changed := false
	for _, r := range m.state.sorted() {
		held := m.held(r, now)
		changed = changed || held != r.Held
		r.Held = held
		switch {
		case r.State == Resolved && !r.Told:
			if r.Raises = recent(r.Raises, now, m.settings); len(r.Raises) == 0 {
				delete(m.state.Alerts, r.ID)
				changed = true
			}
			continue
		case held != "":
			continue
		case r.State == Firing && !r.Told:
			m.post(r, Raised, now)
		case r.State == Resolved:
			m.post(r, Ended, now)
		case r.State == Firing && now.Sub(r.ToldAt) >= m.settings.Remind:
			r.Nudges++
			m.post(r, Reminder, now)
		default:
			continue
		}
		r.Told, r.ToldAt = r.State == Firing, now.UTC()
		changed = true
	}
	return changed
}

// post addresses a message to whoever wants it.
func (m *Manager) post(r *record, kind MessageKind, now time.Time) {
	key := fmt.Sprintf("%s-%d-%s", r.ID, r.Since.UnixMilli(), kind)
	if kind == Reminder {
		key += fmt.Sprintf("-%d", r.Nudges)
	}
	p := &parcel{Message: Message{Key: key, Kind: kind, At: now.UTC(), Alert: r.Alert}}
	for _, t := range m.settings.Targets {
		_, keeps := t.Destination.(keeper)
		if !r.Severity.atLeast(t.Least) || kind == Reminder && (keeps || m.state.waitsFor(t.Name(), r.ID)) {
			continue
		}
		p.To = append(p.To, t.Name())
	}
	m.state.Outbox = append(m.state.Outbox, p)
	for _, name := range p.To {
		m.state.makeRoom(name)
	}
	m.state.sweep()
}

// waitsFor reports whether a destination has not even got what was said before of an alert.
func (s *state) waitsFor(destination, alert string) bool {
	return slices.ContainsFunc(s.Outbox, func(p *parcel) bool { return p.Alert.ID == alert && slices.Contains(p.To, destination) })
}

// makeRoom gives up the oldest message to a destination that has been away for too long.
func (s *state) makeRoom(destination string) {
	waiting := 0
	for _, p := range slices.Backward(s.Outbox) {
		if !slices.Contains(p.To, destination) {
			continue
		}
		if waiting++; waiting > mostWaiting {
			p.delivered(destination)
			s.health(destination).Dropped++
		}
	}
}

// sweep takes out what everybody has got.
func (s *state) sweep() {
	s.Outbox = slices.DeleteFunc(s.Outbox, func(p *parcel) bool { return len(p.To) == 0 })
}

// forget drops destinations that are no targets any more.
func (s *state) forget(targets []Target) {
	gone := func(name string) bool {
		return !slices.ContainsFunc(targets, func(t Target) bool { return t.Name() == name })
	}
	for _, p := range s.Outbox {
		p.To = slices.DeleteFunc(p.To, gone)
	}
	s.sweep()
	for name := range s.Destinations {
		if gone(name) {
			delete(s.Destinations, name)
		}
	}
}

func (p *parcel) delivered(destination string) {
	p.To = slices.DeleteFunc(p.To, func(name string) bool { return name == destination })
}

func (s *state) health(destination string) *health {
	h := s.Destinations[destination]
	if h == nil {
		h = &health{}
		s.Destinations[destination] = h
	}
	return h
}

// Destinations say how each fares.
func (m *Manager) Destinations() []Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Health
	for _, t := range m.settings.Targets {
		h := m.state.health(t.Name())
		waiting := 0
		for _, p := range m.state.Outbox {
			if slices.Contains(p.To, t.Name()) {
				waiting++
			}
		}
		list = append(list, Health{t.Name(), waiting, h.Last, h.Error, h.Dropped})
	}
	return list
}

// Alive notes that the scheduler has gone through a whole cycle. It is what a watchdog alert rests on.
func (m *Manager) Alive(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state.Watched = now.UTC()
}

// Deliver sends what the destinations may be told by now, to all of them side by side, and returns when each has got
// everything or has failed. One that fails is left alone for a while, which grows with each failure. Its error says that
// the state could not be kept; how the deliveries went, Options.Delivered hears. It is called every few seconds.
func (m *Manager) Deliver(ctx context.Context, now time.Time) error {
	m.sending.Lock()
	defer m.sending.Unlock()
	m.mu.Lock()
	var err error
	if m.reconcile(now) {
		err = m.save()
	}
	targets := m.settings.Targets
	m.mu.Unlock()

	errs := make([]error, len(targets))
	var group sync.WaitGroup
	for i, t := range targets {
		group.Go(func() { errs[i] = m.serve(ctx, t, now) })
	}
	group.Wait()
	for _, e := range errs {
		if err == nil {
			err = e
		}
	}
	return err
}

// serve sends a destination all that it has not got, in order, until something fails.
func (m *Manager) serve(ctx context.Context, t Target, now time.Time) error {
	for ctx.Err() == nil {
		p := m.next(t.Name(), now)
		if p == nil {
			break
		}
		sent := t.Send(ctx, p.Message, now)
		if ctx.Err() != nil && sent != nil {
			return nil // it was us who gave up
		}
		if err := m.note(t.Name(), p, sent, now); err != nil {
			return err
		}
		m.delivered(t.Name(), sent)
	}
	if k, ok := t.Destination.(keeper); ok && ctx.Err() == nil {
		return m.keep(ctx, t, k, now)
	}
	return nil
}

// next is the oldest message that a destination has not got, or nil if nothing may be sent now.
func (m *Manager) next(destination string, now time.Time) *parcel {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Before(m.state.health(destination).Next) {
		return nil
	}
	for _, p := range m.state.Outbox {
		if slices.Contains(p.To, destination) {
			return p
		}
	}
	return nil
}

// note keeps how a delivery went. What was delivered is taken out only now: a crash before sends it once more.
func (m *Manager) note(destination string, p *parcel, sent error, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.state.health(destination)
	if final(sent) {
		h.Dropped++
	}
	if sent == nil || final(sent) {
		p.delivered(destination)
		m.state.sweep()
	}
	h.note(sent, now)
	return m.save()
}

// delivered tells whoever listens how an attempt went.
func (m *Manager) delivered(destination string, err error) {
	if m.opts.Delivered != nil {
		m.opts.Delivered(destination, err)
	}
}

// note keeps how an attempt went.
func (h *health) note(err error, now time.Time) {
	if err == nil {
		h.Failures, h.Next, h.Error, h.Last = 0, time.Time{}, "", now.UTC()
		return
	}
	h.Error = err.Error()
	if !final(err) {
		h.Failures++
		h.Next = now.Add(pause(h.Failures)).UTC()
	}
}

// pause doubles with each failure. Half of it is left to chance, so that many daemons do not come back together.
func pause(failures int) time.Duration {
	d := longestRetry
	if n := failures - 1; n < 20 {
		d = min(d, firstRetry<<n)
	}
	return d/2 + rand.N(d/2)
}

// keep tells a keeper every alert that is firing and that the others were told of.
func (m *Manager) keep(ctx context.Context, t Target, k keeper, now time.Time) error {
	m.mu.Lock()
	h := m.state.health(t.Name())
	var firing []Alert
	for _, r := range m.state.sorted() {
		if r.State == Firing && r.Told && r.Severity.atLeast(t.Least) {
			firing = append(firing, r.Alert)
		}
	}
	due := now.Sub(h.Kept) >= keepEvery && !now.Before(h.Next)
	alive := now.Sub(m.state.Watched) < aliveFor
	m.mu.Unlock()
	if !due {
		return nil
	}
	told, err := k.Keep(ctx, firing, alive, now)
	if !told && (err == nil || ctx.Err() != nil) {
		return nil
	}
	m.delivered(t.Name(), err)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		h.Kept = now.UTC()
	}
	h.note(err, now)
	return m.save()
}
