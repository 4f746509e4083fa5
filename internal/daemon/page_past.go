package daemon

import (
	"context"
	"net/http"
	"slices"
	"time"

	"apigwprobe/internal/store"
	"apigwprobe/probe"
)

const manyChanges = 300 // on the page that is about them

// runOf is one run with how every case came out in it.
type runOf struct {
	runView
	Changes []changeView
	APIs    cases
	Took    time.Duration
	Whole   string // to its report
}

// runPage shows a past run. One that has not ended, or was cut, has its report and no more.
func (s *Web) runPage(r *http.Request) (view, error) {
	runs, err := s.Store.Runs(r.Context(), store.Query{ID: r.PathValue("id")})
	if err != nil {
		return view{}, err
	}
	if len(runs) == 0 {
		return view{}, store.ErrNotFound
	}
	run := runs[0]
	v := runOf{runView: runViewOf(run), Took: time.Duration(run.DurationMS) * time.Millisecond, Whole: "/api/v1" + runLink(run.ID) + "?format="}
	if v.Changes, err = s.changesOf(r.Context(), store.Query{ID: run.ID, Environment: run.Environment}); err != nil {
		return view{}, err
	}
	strip, err := s.Store.Strip(r.Context(), store.Query{ID: run.ID, Environment: run.Environment})
	if err != nil {
		return view{}, err
	}
	for _, row := range strip.Rows {
		stand := row.Cells[0]
		if !answered(stand) {
			continue
		}
		at := store.Place{Environment: run.Environment, API: row.API, Route: row.Route, AccessID: row.AccessID}
		v.APIs.put(row.Case, routeLink(at, run.ID, ""), cellView{Stand: stand, Words: standWords(*stand)})
	}
	v.APIs.pad()
	return view{run.Environment + " at " + run.Started.Format("2 Jan 2006, 15:04:05 UTC"), run.Environment, "run", v}, nil
}

// changesPage shows what changed in an environment.
func (s *Web) changesPage(r *http.Request) (view, error) {
	status, err := s.status(r)
	if err != nil {
		return view{}, err
	}
	changes, err := s.changesOf(r.Context(), store.Query{Environment: status.Name, Limit: manyChanges})
	return view{"what changed in " + status.Name, status.Name, "changes", changes}, err
}

// changesOf reads changes, the newest first.
func (s *Web) changesOf(ctx context.Context, q store.Query) ([]changeView, error) {
	changes, err := s.Store.Changes(ctx, q)
	if err != nil {
		return nil, err
	}
	var views []changeView
	for _, c := range slices.Backward(changes) {
		at := store.Place{Environment: q.Environment, API: c.API, Route: c.Route, AccessID: c.AccessID}
		views = append(views, changeView{c, routeLink(at, c.Run, c.Scenario)})
	}
	return views, nil
}

// coverageView tells which gates of an environment are proven, and since when others are not.
type coverageView struct {
	Name          string
	Proven, Gates int
	Doubtful      []gateView // not proven when they were last asked
	Places        []provenView
}

type gateView struct {
	store.Case
	Link   string
	Proven time.Time // zero: never
	Now    probe.Stand
}

// provenView is a route through one way in.
type provenView struct {
	store.Place
	Link          string
	Proven, Gates int
	Oldest        time.Time // proof of its gates; zero: one has none
}

// coveragePage shows when each gate was last proven.
func (s *Web) coveragePage(r *http.Request) (view, error) {
	status, err := s.status(r)
	if err != nil {
		return view{}, err
	}
	gates, err := s.Store.Coverage(r.Context(), status.Name)
	if err != nil {
		return view{}, err
	}
	known := make(map[string]bool)
	for _, c := range s.Daemon.matrix(status.Name).Cases {
		known[c.ID()] = true
	}
	v := coverageView{Name: status.Name}
	for _, g := range gates {
		if known[g.ID] {
			v.add(g)
		}
	}
	return view{"gates of " + status.Name, status.Name, "coverage", v}, nil
}

func (v *coverageView) add(g store.Gate) {
	at := store.Place{Environment: v.Name, API: g.API, Route: g.Route, AccessID: g.AccessID}
	i := slices.IndexFunc(v.Places, func(p provenView) bool { return p.Place == at })
	if i < 0 {
		i = len(v.Places)
		v.Places = append(v.Places, provenView{Place: at, Link: routeLink(at, "", "")})
	}
	p := &v.Places[i]
	var proven time.Time
	if g.Proven != nil {
		proven = *g.Proven
	}
	if p.Gates == 0 || proven.Before(p.Oldest) {
		p.Oldest = proven
	}
	p.Gates++
	v.Gates++
	if proven.Equal(g.Asked) {
		p.Proven++
		v.Proven++
		return
	}
	v.Doubtful = append(v.Doubtful, gateView{g.Case, routeLink(at, "", g.Scenario), proven, g.Now})
}
