// Package diagram draws what happened at the gates of an API: its layers are gates from left to right, and each scenario
// is a line that runs until the gate that stopped it.
package diagram

import (
	"slices"

	"apigwprobe/probe"
)

// API is the picture of one API.
type API struct {
	Name   string
	Gates  []probe.Layer // those that matter, in reading order
	Routes []Route
}

// Route is what was asked on one route through one access.
type Route struct {
	Name   string
	Access string // id of the access
	Lines  []Line
}

// Line is one scenario on its way through the gates.
type Line struct {
	Result probe.Result
	Marks  []Mark // one for each gate
	End    Mark   // what stands behind the last gate: Passed, Possible or Unreached
}

// Mark is what a line shows at a gate.
type Mark int

// The marks.
const (
	Unreached Mark = iota // the request never came so far
	Passed                // the gate let it by
	Opened                // the gate let it by, and had to stop it
	Stopped               // the gate refused it
	Possible              // the gate may have refused it
	Doubtful              // it may have come so far, and the gate did not refuse it
)

// Draw arranges results as pictures, API by API. What was skipped is left out.
func Draw(results []probe.Result) []API {
	var apis []API
	for _, res := range results {
		if res.Verdict == probe.Skipped {
			continue
		}
		i := slices.IndexFunc(apis, func(a API) bool { return a.Name == res.API })
		if i < 0 {
			i = len(apis)
			apis = append(apis, API{Name: res.API})
		}
		apis[i].add(res)
	}
	for _, a := range apis {
		for _, r := range a.Routes {
			for i := range r.Lines {
				r.Lines[i].mark(a.Gates)
			}
		}
	}
	return apis
}

// add appends a line to its route, and the gates that it speaks of to those of the API.
func (a *API) add(res probe.Result) {
	i := slices.IndexFunc(a.Routes, func(r Route) bool { return r.Name == res.Route && r.Access == res.AccessID })
	if i < 0 {
		i = len(a.Routes)
		a.Routes = append(a.Routes, Route{Name: res.Route, Access: res.AccessID})
	}
	a.Routes[i].Lines = append(a.Routes[i].Lines, Line{Result: res})

	matter := slices.Concat(a.Gates, res.Expected.Layers, answerers(res))
	a.Gates = nil
	for _, l := range probe.Layers() {
		if l != probe.None && slices.Contains(matter, l) {
			a.Gates = append(a.Gates, l)
		}
	}
}

// answerers are the layers that may have answered, as far as the confidence leaves a choice.
func answerers(res probe.Result) []probe.Layer {
	a := res.Attribution
	if !sent(res) || a.Layer == "" {
		return nil
	}
	out := []probe.Layer{a.Layer}
	if a.Confidence == probe.Ambiguous {
		for _, c := range a.Candidates {
			out = append(out, c.Layer)
		}
	}
	return out
}

// sent reports whether there is an answer, or a failure, to draw.
func sent(res probe.Result) bool { return res.Attempts > 0 && res.Attribution != nil }

// mark finds out how far the request came.
func (l *Line) mark(gates []probe.Layer) {
	l.Marks = make([]Mark, len(gates))
	res := l.Result
	if !sent(res) {
		return
	}
	unknown := res.Attribution.Layer == ""
	may := answerers(res)
	answered := func(g probe.Layer) bool { return unknown || slices.Contains(may, g) }
	first := len(gates) // before it everything let the request by
	last := -1          // behind it nothing was reached
	for i, g := range gates {
		if answered(g) {
			first, last = min(first, i), i
		}
	}
	if slices.Contains(may, probe.None) {
		last = len(gates)
		l.End = Passed
		if first < len(gates) {
			l.End = Possible
		}
	}
	for i, g := range gates {
		switch {
		case g == res.Attribution.Layer:
			l.Marks[i] = Stopped
		case answered(g):
			l.Marks[i] = Possible
		case i > last:
			l.Marks[i] = Unreached
		case i > first:
			l.Marks[i] = Doubtful
		case res.Kind == probe.Open && slices.Contains(res.Expected.Layers, g):
			l.Marks[i] = Opened
		default:
			l.Marks[i] = Passed
		}
	}
}
