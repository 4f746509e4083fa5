package probe

import (
	"cmp"
	"slices"
	"time"
)

// Drift is what changed between two runs, by the ids of their cases.
type Drift struct {
	Version int      `json:"version"`
	Before  DriftRun `json:"before"`
	After   DriftRun `json:"after"`

	Failing []Change `json:"failing"` // fail or are inconclusive now, and did not before, or did for another kind of reason
	Fixed   []Change `json:"fixed"`   // pass now, and did not before
	Changed []Change `json:"changed"` // the same verdict, but another layer or status
	Added   []Change `json:"added"`   // only in the later run
	Gone    []Change `json:"gone"`    // only in the earlier run
}

// DriftRun names a run that was compared.
type DriftRun struct {
	ID          string            `json:"id"`
	Environment string            `json:"environment"`
	Started     time.Time         `json:"started"`
	Labels      map[string]string `json:"labels"`
}

// Change is what two runs say of one case.
type Change struct {
	ID       string  `json:"id"`
	API      string  `json:"api"`
	Route    string  `json:"route"`
	AccessID string  `json:"access_id"`
	Scenario string  `json:"scenario"`
	Before   *Stand  `json:"before"` // nil if it was not asked then
	After    *Stand  `json:"after"`  // nil if it was not asked now
	Result   *Result `json:"-"`      // the later one
}

// Stand is how a case stood in a run.
type Stand struct {
	Verdict    Verdict     `json:"verdict"`
	Kind       VerdictKind `json:"kind"`
	Accepted   bool        `json:"accepted"`
	Status     int         `json:"status"` // 0: no answer
	Layer      Layer       `json:"layer"`
	Confidence Confidence  `json:"confidence"`
}

// bad reports whether a case stood so that its owner has to do something.
func (s Stand) bad() bool {
	return (s.Verdict == Fail || s.Verdict == Inconclusive) && !s.Accepted
}

// Compare says what changed from one run to another. Cases that were skipped count as not asked.
func Compare(before, after Report) Drift {
	d := Drift{
		Version: SchemaVersion, Before: driftRun(before.Run), After: driftRun(after.Run),
		Failing: []Change{}, Fixed: []Change{}, Changed: []Change{}, Added: []Change{}, Gone: []Change{},
	}
	old := make(map[string]*Result)
	for i, r := range before.Results {
		if r.Verdict != Skipped {
			old[r.ID] = &before.Results[i]
		}
	}
	for i := range after.Results {
		now := &after.Results[i]
		if now.Verdict == Skipped {
			continue
		}
		was := old[now.ID]
		delete(old, now.ID)
		c := change(was, now)
		switch {
		case c.After.bad() && (c.Before == nil || !c.Before.bad() || c.Before.Kind != c.After.Kind):
			d.Failing = append(d.Failing, c)
		case c.Before == nil:
			d.Added = append(d.Added, c)
		case c.Before.bad() && !c.After.bad():
			d.Fixed = append(d.Fixed, c)
		case c.Before.Layer != c.After.Layer || c.Before.Status != c.After.Status:
			d.Changed = append(d.Changed, c)
		}
	}
	for _, was := range old {
		d.Gone = append(d.Gone, change(was, nil))
	}
	slices.SortFunc(d.Gone, func(a, b Change) int { return cmp.Compare(a.ID, b.ID) })
	return d
}

// Empty reports whether nothing changed.
func (d Drift) Empty() bool {
	return len(d.Failing)+len(d.Fixed)+len(d.Changed)+len(d.Added)+len(d.Gone) == 0
}

func driftRun(r RunInfo) DriftRun {
	return DriftRun{ID: r.ID, Environment: r.Environment, Started: r.Started, Labels: r.Labels}
}

func change(before, after *Result) Change {
	r := cmp.Or(after, before)
	return Change{
		ID: r.ID, API: r.API, Route: r.Route, AccessID: r.AccessID, Scenario: r.Scenario,
		Before: before.stand(), After: after.stand(), Result: after,
	}
}

func (res *Result) stand() *Stand {
	if res == nil {
		return nil
	}
	s := &Stand{Verdict: res.Verdict, Kind: res.Kind, Accepted: res.Accepted != nil}
	if res.Observed != nil {
		s.Status = res.Observed.Status
	}
	if res.Attribution != nil {
		s.Layer, s.Confidence = res.Attribution.Layer, res.Attribution.Confidence
	}
	return s
}
