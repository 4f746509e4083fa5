package daemon

import (
	"context"
	"html/template"
	"net/http"
	"slices"
	"time"

	"apigwprobe/internal/diagram"
	"apigwprobe/internal/store"
	"apigwprobe/probe"
)

// routeView is a route through one way in: its gates now or in a run, and each scenario over time.
type routeView struct {
	store.Place
	Link    string // to it as it is now
	Run     *runView
	Header  template.HTML
	Lines   []lineView
	Columns []columnView
	Rows    []stripView
	Older   string // to the runs before them; "" if there can be none
}

// lineView is a scenario on its way through the gates.
type lineView struct {
	probe.Result
	Stand probe.Stand
	SVG   template.HTML
}

// columnView is a run in the strip.
type columnView struct {
	runView
	Shown bool // it is the run whose gates are drawn
}

type stripView struct {
	Scenario string
	Cells    []stripCell // one for each column
}

type stripCell struct {
	Link, Words string
	Stand       *probe.Stand
	Shown       bool
}

// routePage shows the gates of a route, now or in a run.
func (s *Web) routePage(r *http.Request) (view, error) {
	asked := r.URL.Query()
	at := store.Place{Environment: r.PathValue("env"), API: asked.Get("api"), Route: asked.Get("route"), AccessID: asked.Get("access")}
	if _, err := s.status(r); err != nil && !asked.Has("run") { // a run may be of an environment that is no longer served
		return view{}, err
	}
	v := routeView{Place: at, Link: routeLink(at, "", "")}
	results, err := s.resultsAt(r.Context(), &v, asked.Get("run"))
	if err != nil {
		return view{}, err
	}
	q, err := pastOf(r, at.Environment)
	if err != nil {
		return view{}, err
	}
	strip, err := s.Store.Strip(r.Context(), q)
	if err != nil {
		return view{}, err
	}
	if v.Run != nil && !slices.ContainsFunc(strip.Runs, func(run store.Run) bool { return run.ID == v.Run.ID }) {
		q.Until = v.Run.Started.Add(time.Millisecond) // it and those before it
		if strip, err = s.Store.Strip(r.Context(), q); err != nil {
			return view{}, err
		}
	}
	v.draw(results)
	v.over(strip)
	v.Older = olderLink(v.Link+"&", strip.Runs)
	if len(v.Lines)+len(v.Rows) == 0 && !s.knows(at) {
		return view{}, errNothing
	}
	return view{at.Route + " of " + at.API, at.Environment, "route", v}, nil
}

// resultsAt reads how the scenarios came out in a run, or when each was last asked.
func (s *Web) resultsAt(ctx context.Context, v *routeView, run string) ([]probe.Result, error) {
	if run == "" {
		results, err := s.Store.Latest(ctx, v.Place)
		order := make(map[string]int) // of the cases that the configuration has
		for i, c := range s.Daemon.matrix(v.Environment).Cases {
			order[c.ID()] = i
		}
		results = slices.DeleteFunc(results, func(res probe.Result) bool { _, has := order[res.ID]; return !has })
		slices.SortFunc(results, func(a, b probe.Result) int { return order[a.ID] - order[b.ID] })
		return results, err
	}
	runs, err := s.Store.Runs(ctx, store.Query{ID: run, Environment: v.Environment})
	if err != nil {
		return nil, err
	}
	if len(runs) == 0 || runs[0].State != store.Finished {
		return nil, store.ErrNotFound
	}
	one := runViewOf(runs[0])
	v.Run = &one
	return s.Store.During(ctx, runs[0], v.Place)
}

// knows reports whether the configuration has a place.
func (s *Web) knows(at store.Place) bool {
	return slices.ContainsFunc(s.Daemon.matrix(at.Environment).Cases, func(c probe.Case) bool {
		return c.API.Name == at.API && c.Route.Name() == at.Route && c.Access.ID() == at.AccessID
	})
}

// draw draws the gates. There is one API, and one route.
func (v *routeView) draw(results []probe.Result) {
	for _, api := range diagram.Draw(results) {
		v.Header = template.HTML(api.HeaderSVG()) // the drawing escapes what it says
		for _, route := range api.Routes {
			for _, line := range route.Lines {
				v.Lines = append(v.Lines, lineView{line.Result, standOf(line.Result), template.HTML(api.SVG(line))})
			}
		}
	}
}

func standOf(res probe.Result) probe.Stand {
	stand := probe.Stand{Verdict: res.Verdict, Kind: res.Kind, Accepted: res.Accepted != nil}
	if res.Observed != nil {
		stand.Status = res.Observed.Status
	}
	if res.Attribution != nil {
		stand.Layer, stand.Confidence = res.Attribution.Layer, res.Attribution.Confidence
	}
	return stand
}

// over shows each scenario over time, the newest run first. Runs and scenarios without an answer are left out.
func (v *routeView) over(strip store.Strip) {
	here := slices.DeleteFunc(strip.Rows, func(row store.StripRow) bool {
		return row.API != v.API || row.Route != v.Route || row.AccessID != v.AccessID || !slices.ContainsFunc(row.Cells, answered)
	})
	v.Rows = make([]stripView, len(here))
	for j, row := range here {
		v.Rows[j].Scenario = row.Scenario
	}
	for i := len(strip.Runs) - 1; i >= 0; i-- {
		if !slices.ContainsFunc(here, func(row store.StripRow) bool { return answered(row.Cells[i]) }) {
			continue
		}
		run := strip.Runs[i]
		column := columnView{runViewOf(run), v.Run != nil && v.Run.ID == run.ID}
		column.Link = routeLink(v.Place, run.ID, "")
		v.Columns = append(v.Columns, column)
		for j, row := range here {
			cell := stripCell{Words: "not asked", Shown: column.Shown}
			if stand := row.Cells[i]; stand != nil {
				cell.Stand, cell.Words = stand, run.Started.Format("15:04:05 ")+standWords(*stand)
				cell.Link = column.Link + "#" + row.Scenario
			}
			v.Rows[j].Cells = append(v.Rows[j].Cells, cell)
		}
	}
}

func answered(stand *probe.Stand) bool { return stand != nil && stand.Verdict != probe.Skipped }
