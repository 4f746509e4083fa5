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
		e, err := s.viewOf(r.Context(), status, store.Query{Environment: status.Name, Limit: pageRuns})
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
	past, err := pastOf(r, status.Name)
	if err != nil {
		return view{}, err
	}
	e, err := s.viewOf(r.Context(), status, past)
	if err != nil {
		return view{}, err
	}
	if e.Changes, err = s.changesOf(r.Context(), store.Query{Environment: status.Name, Limit: pageChanges}); err != nil {
		return view{}, err
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
	Older    string    // to the runs before them; "" if there can be none
	Changes  []changeView
	APIs     cases
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

// put shows a case of the configuration.
func (e *environmentView) put(c probe.Case, cell cellView) {
	one := store.Case{ID: c.ID(), API: c.API.Name, Route: c.Route.Name(), AccessID: c.Access.ID(), Scenario: c.Scenario.Name}
	e.APIs.put(one, routeLink(store.Place{Environment: e.Name, API: one.API, Route: one.Route, AccessID: one.AccessID}, "", ""), cell)
}

// cases are matrices, one for each API.
type cases []apiView

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

func (s *Web) viewOf(ctx context.Context, status EnvironmentStatus, past store.Query) (environmentView, error) {
	e := environmentView{EnvironmentStatus: status, Link: environmentLink(status.Name)}
	standings, err := s.Store.Standings(ctx, status.Name)
	if err != nil {
		return e, err
	}
	runs, err := s.Store.Runs(ctx, past)
	if err != nil {
		return e, err
	}
	e.Older = olderLink(e.Link+"?", runs)
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
	e.APIs.pad()
	for _, v := range []probe.Verdict{probe.Pass, probe.Fail, probe.Inconclusive} {
		e.Tally = append(e.Tally, tally{verdicts[v], string(v)})
	}
	e.Tally = append(e.Tally, tally{accepted, "accepted"})
	e.State, e.Tone = stateWords(kinds, inconclusive, accepted, len(m.Cases), unasked)
	if e.Last != nil && e.Last.Error != "" {
		e.State, e.Tone = "the last run failed; before it: "+e.State, "bad"
	}
}

// put adds the cell of a case, which leads to where its place is shown.
func (cs *cases) put(c store.Case, place string, cell cellView) {
	i := slices.IndexFunc(*cs, func(a apiView) bool { return a.Name == c.API })
	if i < 0 {
		i = len(*cs)
		*cs = append(*cs, apiView{Name: c.API})
	}
	a := &(*cs)[i]
	j := slices.IndexFunc(a.Rows, func(r rowView) bool { return r.Route == c.Route && r.AccessID == c.AccessID })
	if j < 0 {
		j = len(a.Rows)
		a.Rows = append(a.Rows, rowView{Route: c.Route, AccessID: c.AccessID, Link: place})
	}
	k := slices.Index(a.Scenarios, c.Scenario)
	if k < 0 {
		k = len(a.Scenarios)
		a.Scenarios = append(a.Scenarios, c.Scenario)
	}
	row := &a.Rows[j]
	row.Cells = append(row.Cells, make([]cellView, max(k+1-len(row.Cells), 0))...)
	if answered(cell.Stand) {
		cell.Link = row.Link + "#" + c.Scenario
	}
	row.Cells[k] = cell
}

// pad makes rows equally long.
func (cs cases) pad() {
	for _, a := range cs {
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
