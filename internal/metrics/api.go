package metrics

import "apigwprobe/probe"

// api is what the last run with it found of one API.
type api struct {
	verdicts map[gate]*[len(verdicts)]int
	open     map[gate]int
	blocked  map[string]int                 // controls, by way in
	answers  map[string]map[probe.Layer]int // by way in and the layer that answered
}

// gate is where requests that one layer had to decide came in.
type gate struct {
	access string
	layer  probe.Layer
}

// unknown is the label of answers whose layer could not be named.
const unknown probe.Layer = "unknown"

// verdicts are the values of the label. What the owner accepts is no fail: an alert on fails would wake them for it.
var verdicts = [...]string{"pass", "fail", "accepted", "inconclusive", "skipped"}

func verdictOf(res probe.Result) int {
	switch {
	case res.Accepted != nil:
		return 2
	case res.Verdict == probe.Pass:
		return 0
	case res.Verdict == probe.Fail:
		return 1
	case res.Verdict == probe.Inconclusive:
		return 3
	}
	return 4
}

func newAPI() *api {
	return &api{
		verdicts: make(map[gate]*[len(verdicts)]int), open: make(map[gate]int),
		blocked: make(map[string]int), answers: make(map[string]map[probe.Layer]int),
	}
}

// expect begins the series of a gate with zero.
func (a *api) expect(access string, layer probe.Layer) {
	g := gate{access, layer}
	if a.verdicts[g] == nil {
		a.verdicts[g] = new([len(verdicts)]int)
	}
	if layer != probe.None {
		a.open[g] += 0
	}
	a.blocked[access] += 0
	if a.answers[access] == nil {
		a.answers[access] = make(map[probe.Layer]int)
		for _, l := range append(probe.Layers(), unknown) {
			a.answers[access][l] = 0
		}
	}
}

// like begins the series that old has.
func (a *api) like(old *api) {
	for g := range old.verdicts {
		a.expect(g.access, g.layer)
	}
}

// take keeps what old counted of the gates that are still there.
func (a *api) take(old *api) {
	for g := range a.verdicts {
		if v := old.verdicts[g]; v != nil {
			a.verdicts[g] = v
		}
		if n, ok := old.open[g]; ok {
			a.open[g] = n
		}
	}
	for access := range a.answers {
		if n, ok := old.blocked[access]; ok {
			a.blocked[access], a.answers[access] = n, old.answers[access]
		}
	}
}

func (a *api) count(res probe.Result) {
	g := gate{res.AccessID, expected(res.Expected.Layers)}
	a.expect(g.access, g.layer)
	a.verdicts[g][verdictOf(res)]++
	if res.Accepted == nil && res.Verdict == probe.Fail {
		switch res.Kind {
		case probe.Open:
			a.open[g]++
		case probe.Blocked:
			if res.Control {
				a.blocked[g.access]++
			}
		}
	}
	if res.Observed != nil {
		layer := unknown
		if res.Attribution != nil && res.Attribution.Layer != "" {
			layer = res.Attribution.Layer
		}
		a.answers[g.access][layer]++
	}
}
