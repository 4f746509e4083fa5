package alert

import (
	"slices"
	"time"

	"apigwprobe/probe"
)

// See reads the report of a run and puts what changed into the outbox. A report that is not newer than the last of its
// environment is left alone, so that one that is read again after a crash changes nothing.
//
// A case that passes, or whose failure its owner accepts, is well. A run that was interrupted or stopped makes nothing
// well, nor does what nobody could decide, nor what was not asked.
func (m *Manager) See(report probe.Report, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.state.memory(report.Run.Environment)
	if !report.Run.Started.After(known.Latest.At) {
		return nil
	}
	known.Latest = Run{ID: report.Run.ID, At: report.Run.Started}
	causes := causesOf(report)
	for _, c := range causes {
		c.confirmed = c.confirmed || m.seenBefore(c, report.Run.Started)
	}
	m.clear(report, causes, now)
	m.answered(report)
	for _, c := range causes {
		m.add(c, report, known, now)
	}
	finished := finishedAPIs(report)
	for _, r := range m.state.sorted() {
		if r.Environment == report.Run.Environment && (finished[r.API] || r.API == "") {
			m.settle(r, now)
		}
	}
	known.learn(report, m.wholeAPIs(report))
	m.reconcile(now)
	return m.save()
}

// seenBefore reports whether a case of c was unwell long enough ago, or is known to be, for whatever reason: an answer
// that changes from one fault to another is confirmed, too.
func (m *Manager) seenBefore(c *cause, started time.Time) bool {
	for _, r := range m.state.Alerts {
		long := r.State == Firing || r.State == Pending && !started.Before(r.Since.Add(m.settings.Confirm))
		if !long || r.Environment != c.Environment || r.fails() != c.fails() {
			continue
		}
		if slices.ContainsFunc(c.results, func(res probe.Result) bool { return slices.Contains(r.Cases, res.ID) }) {
			return true
		}
	}
	return false
}

// clear takes cases off the alerts that they have no part in any more.
func (m *Manager) clear(report probe.Report, causes []*cause, now time.Time) {
	part := make(map[string]Key)
	for _, c := range causes {
		for _, res := range c.results {
			part[res.ID] = c.Key
		}
	}
	finished := finishedAPIs(report)
	for _, res := range report.Results {
		if !finished[res.API] || !decides(res) {
			continue
		}
		for _, r := range m.state.Alerts {
			if r.State == Resolved || r.Environment != report.Run.Environment || !r.covers(res.API) || !slices.Contains(r.Cases, res.ID) {
				continue
			}
			key, unwell := part[res.ID]
			why := "its cases pass"
			switch {
			case key == r.Key, unwell && r.fails() && !key.fails():
				continue
			case res.Accepted != nil:
				why = "its owner accepts it"
			case unwell:
				why = "it is another fault now: " + key.String()
			}
			r.clear(why, now, func(id string) bool { return id == res.ID })
		}
	}
}

// answered notes that alerts got the second run that they wanted, whatever it came to.
func (m *Manager) answered(report probe.Report) {
	for _, r := range m.state.Alerts {
		served := slices.ContainsFunc(report.Results, func(res probe.Result) bool { return r.covers(res.API) })
		if r.Environment == report.Run.Environment && served && !report.Run.Started.Before(r.Since.Add(m.settings.Confirm)) {
			r.Asked = true
		}
	}
}

// clear takes the cases off that gone names. When none is left, why is what ended the alert.
func (r *record) clear(why string, now time.Time, gone func(id string) bool) {
	before := len(r.Cases)
	r.Cases = slices.DeleteFunc(r.Cases, gone)
	if before > 0 && len(r.Cases) == 0 {
		r.Ended, r.Quiet = why, now.UTC()
	}
}

// add makes what a report shows part of its alert.
func (m *Manager) add(c *cause, report probe.Report, known *memory, now time.Time) {
	r := m.state.Alerts[c.ID()]
	if r == nil {
		r = &record{}
		m.state.Alerts[c.ID()] = r
	}
	if r.State == "" || r.State == Resolved {
		r.State, r.Asked, r.Ended, r.Resolved = Pending, false, "", nil
		if !r.Told { // for whoever was not told that it had ended, it has not
			r.Since, r.Nudges = report.Run.Started, 0
		}
		r.LastGood = known.good(c)
	}
	for _, res := range c.results {
		r.Cases = with(r.Cases, res.ID)
	}
	r.Quiet, r.Ended = time.Time{}, ""
	c.describe(&r.Alert, report, m.settings.Link)
	if r.State == Pending && c.confirmed {
		r.raise(now, m.settings)
	}
}

// raise makes an alert fire. Raised too often, it is flapping.
func (r *record) raise(now time.Time, s Settings) {
	r.State = Firing
	r.Raises = append(recent(r.Raises, now, s), now.UTC())
	r.Flapping = len(r.Raises) >= s.FlapRaises
}

func recent(raises []time.Time, now time.Time, s Settings) []time.Time {
	return slices.DeleteFunc(raises, func(t time.Time) bool { return now.Sub(t) >= s.FlapWithin })
}

// settle resolves an alert without cases. One that is flapping has to be quiet for a while first.
func (m *Manager) settle(r *record, now time.Time) {
	if len(r.Cases) > 0 || r.State == Resolved || r.Flapping && now.Sub(r.Quiet) < m.settings.FlapWithin {
		return
	}
	at := r.Quiet
	r.State, r.Resolved, r.Flapping = Resolved, &at, false
}

// wholeAPIs are those of which the report holds every case, and all of it can be relied on.
func (m *Manager) wholeAPIs(report probe.Report) map[string]bool {
	whole := finishedAPIs(report)
	rows := make(map[string]int)
	for _, res := range report.Results {
		rows[res.API]++
	}
	for api := range whole {
		whole[api] = whole[api] && rows[api] >= m.expected[report.Run.Environment][api]
	}
	return whole
}

// learn notes which cases passed.
func (k *memory) learn(report probe.Report, whole map[string]bool) {
	for _, res := range report.Results {
		_, missed := k.Missed[res.ID]
		switch passed := res.Verdict == probe.Pass; {
		case res.Verdict == probe.Skipped:
		case passed && whole[res.API]:
			delete(k.Missed, res.ID)
		case passed && missed:
			k.Missed[res.ID] = &Run{ID: k.Latest.ID, At: k.Latest.At}
		case !passed && !missed:
			k.Missed[res.ID] = k.last(res.API)
		}
	}
	for api, is := range whole {
		if is {
			k.APIs[api] = k.Latest
		}
	}
}

// last is the last run that asked all of an API, or nil.
func (k *memory) last(api string) *Run {
	if run, ok := k.APIs[api]; ok {
		return &run
	}
	return nil
}

// good is the last run in which all cases of c were well, as far as that is known.
func (k *memory) good(c *cause) *Run {
	var good *Run
	for _, res := range c.results {
		last, missed := k.Missed[res.ID]
		if !missed {
			last = k.last(res.API)
		}
		if last != nil && (good == nil || last.At.Before(good.At)) {
			good = last
		}
	}
	return good
}
