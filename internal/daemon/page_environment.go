package daemon

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"apigwprobe/internal/alert"
	"apigwprobe/internal/store"
	"apigwprobe/probe"
)

// How much of the past a page shows.
const (
	pageRuns    = 36
	pageChanges = 12
)

// overviewPage shows every environment.
func (s *Web) overviewPage(r *http.Request) (view, error) {
	environments := []environmentView{}
	for _, status := range s.Daemon.Status().Environments {
		e, err := s.viewOf(r.Context(), status)
		if err != nil {
			return view{}, err
		}
		environments = append(environments, e)
	}
	return view{"environments", "", "overview", environments}, nil
}

// environmentPage shows one environment with its routes, its alerts, what changed, and what is proven.
func (s *Web) environmentPage(r *http.Request) (view, error) {
	status, err := s.status(r)
	if err != nil {
		return view{}, err
	}
	e, err := s.viewOf(r.Context(), status)
	if err != nil {
		return view{}, err
	}
	changes, err := s.Store.Changes(r.Context(), store.Query{Environment: status.Name, Limit: pageChanges})
	if err != nil {
		return view{}, err
	}
	slices.Reverse(changes)
	for _, c := range changes {
		at := store.Place{Environment: status.Name, API: c.API, Route: c.Route, AccessID: c.AccessID}
		e.Changes = append(e.Changes, changeView{c, routeLink(at, c.Run, c.Scenario)})
	}
	for _, silence := range s.Daemon.Silences() {
		if silence.Environment == status.Name {
			e.Silences = append(e.Silences, silence)
		}
	}
	return view{status.Name, "", "environment", e}, nil
}

// environmentView is an environment as it stands.
type environmentView struct {
	EnvironmentStatus
	Link     string
	Tone     string // the class of its colour
	State    string // what is wrong with it, or that nothing is
	Tally    []tally
	Gates    int // must be refused
	Proven   int // of them, were refused when they were last asked
	Alerts   []alert.Alert
	Silences []store.Silence
	Runs     []runView // the newest first
	Changes  []changeView
	APIs     []apiView
}

// tally is a number of cases with one verdict.
type tally struct {
	N     int
	Class string
}

type runView struct {
	store.Run
	Link, Tone, Symbol, Words string
}

type changeView struct {
	store.Change
	Link string
}

// apiView is the matrix of an API: places by scenarios.
type apiView struct {
	Name      string
	Scenarios []string
	Rows      []rowView
}

type rowView struct {
	Route, AccessID, Link string
	Cells                 []cellView
}

// cellView is a case. Without a stand it was not asked yet, or is not asked: Words say why.
type cellView struct {
	Link, Words string
	Stand       *probe.Stand
}

func (s *Web) viewOf(ctx context.Context, status EnvironmentStatus) (environmentView, error) {
	e := environmentView{EnvironmentStatus: status, Link: environmentLink(status.Name)}
	standings, err := s.Store.Standings(ctx, status.Name)
	if err != nil {
		return e, err
	}
	runs, err := s.Store.Runs(ctx, store.Query{Environment: status.Name, Limit: pageRuns})
	if err != nil {
		return e, err
	}
	slices.Reverse(runs)
	for _, run := range runs {
		e.Runs = append(e.Runs, runViewOf(run))
	}
	alerts, _ := s.Daemon.Alerts()
	for _, a := range alerts {
		if a.Environment == status.Name {
			e.Alerts = append(e.Alerts, a)
		}
	}
	e.fill(s.Daemon.matrix(status.Name), standings)
	return e, nil
}

// fill puts each case of the configuration in its place, as it stood when it was last asked.
func (e *environmentView) fill(m *probe.Matrix, standings []store.Standing) {
	last := make(map[string]*store.Standing)
	for i := range standings {
		last[standings[i].ID] = &standings[i]
	}
	verdicts := make(map[probe.Verdict]int)
	kinds := make(map[probe.VerdictKind]int)
	var inconclusive, accepted, unasked int
	for _, c := range m.Cases {
		cell := cellView{Words: "not asked"}
		if one := last[c.ID()]; one == nil {
			unasked++
		} else {
			cell.Stand, cell.Words = &one.Now, standWords(one.Now)
			verdicts[one.Now.Verdict]++
			switch {
			case one.Now.Accepted:
				accepted++
			case one.Now.Verdict == probe.Inconclusive:
				inconclusive++
			default:
				kinds[one.Now.Kind]++
			}
			if one.Gate {
				e.Gates++
			}
			if one.Gate && one.Proven.Equal(one.Asked) {
				e.Proven++
			}
		}
		e.put(c, cell)
	}
	for _, skip := range m.Skips {
		if !skip.Inapplicable {
			e.put(skip.Case, cellView{Words: "skipped: " + visible(skip.Reason), Stand: &probe.Stand{Verdict: probe.Skipped}})
		}
	}
	e.pad()
	for _, v := range []probe.Verdict{probe.Pass, probe.Fail, probe.Inconclusive} {
		e.Tally = append(e.Tally, tally{verdicts[v], string(v)})
	}
	e.Tally = append(e.Tally, tally{accepted, "accepted"})
	e.State, e.Tone = stateWords(kinds, inconclusive, accepted, len(m.Cases), unasked)
	if e.Last != nil && e.Last.Error != "" {
		e.State, e.Tone = "the last run failed; before it: "+e.State, "bad"
	}
}

// put adds a cell to the matrix of its API.
func (e *environmentView) put(c probe.Case, cell cellView) {
	i := slices.IndexFunc(e.APIs, func(a apiView) bool { return a.Name == c.API.Name })
	if i < 0 {
		i = len(e.APIs)
		e.APIs = append(e.APIs, apiView{Name: c.API.Name})
	}
	a := &e.APIs[i]
	at := store.Place{Environment: e.Name, API: c.API.Name, Route: c.Route.Name(), AccessID: c.Access.ID()}
	j := slices.IndexFunc(a.Rows, func(r rowView) bool { return r.Route == at.Route && r.AccessID == at.AccessID })
	if j < 0 {
		j = len(a.Rows)
		a.Rows = append(a.Rows, rowView{Route: at.Route, AccessID: at.AccessID, Link: routeLink(at, "", "")})
	}
	k := slices.Index(a.Scenarios, c.Scenario.Name)
	if k < 0 {
		k = len(a.Scenarios)
		a.Scenarios = append(a.Scenarios, c.Scenario.Name)
	}
	row := &a.Rows[j]
	row.Cells = append(row.Cells, make([]cellView, max(k+1-len(row.Cells), 0))...)
	if cell.Stand != nil && cell.Stand.Verdict != probe.Skipped {
		cell.Link = row.Link + "#" + c.Scenario.Name
	}
	row.Cells[k] = cell
}

// pad makes rows equally long.
func (e *environmentView) pad() {
	for _, a := range e.APIs {
		for j := range a.Rows {
			a.Rows[j].Cells = append(a.Rows[j].Cells, make([]cellView, len(a.Scenarios)-len(a.Rows[j].Cells))...)
		}
	}
}

// stateWords say what is wrong, the worst first.
func stateWords(kinds map[probe.VerdictKind]int, inconclusive, accepted, cases, unasked int) (words, tone string) {
	if unasked == cases {
		return "nothing was asked yet", "unsure"
	}
	var said []string
	tell := func(n int, what, as string) {
		if n > 0 {
			said = append(said, fmt.Sprintf("%d %s", n, what))
			tone = cmp.Or(tone, as)
		}
	}
	for _, kind := range []probe.VerdictKind{probe.Open, probe.Blocked, probe.WrongLayer, probe.WrongResponse} {
		tell(kinds[kind], string(kind), "bad")
	}
	tell(inconclusive, "inconclusive", "unsure")
	if len(said) == 0 {
		said, tone = append(said, "nothing is wrong"), "good"
	}
	tell(accepted, "accepted", "")
	tell(unasked, "not asked", "")
	return strings.Join(said, ", "), tone
}

func runViewOf(run store.Run) runView {
	v := runView{Run: run, Link: runLink(run.ID)}
	n := run.Summary
	verdict, bad := probe.Pass, n.Fail+n.Inconclusive > n.Accepted
	switch {
	case bad && n.Fail > 0:
		verdict = probe.Fail
	case bad || !run.Complete:
		verdict = probe.Inconclusive
	}
	v.Tone, v.Symbol = string(verdict), symbolOf(verdict)
	v.Words = fmt.Sprintf("%s: %d pass, %d fail, %d inconclusive", run.Started.Format("2 Jan 15:04:05 UTC"), n.Pass, n.Fail, n.Inconclusive)
	if n.Accepted > 0 {
		v.Words += fmt.Sprintf(", %d of them accepted", n.Accepted)
	}
	if run.State != store.Finished {
		v.Words += ", " + string(run.State)
	} else if !run.Complete {
		v.Words += ", stopped early"
	}
	return v
}
