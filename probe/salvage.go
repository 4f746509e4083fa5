package probe

import "errors"

// Salvage attributes and judges what was observed by a run that never came to it, because its process was killed. The
// plan of the matrix has to be that of the run. What was not answered is no part of the report: it may not have been asked for.
//
// A run that asked cases again cannot be salvaged: what was answered before is part of what has to be known.
func (m *Matrix) Salvage(cut Report) (Report, error) {
	for _, res := range cut.Results {
		if len(res.Tries) > 0 {
			return Report{}, errors.New("salvaging run: it asked cases again")
		}
	}
	exchanges, results, _, err := m.reread(cut, func(Result) bool { return true })
	if err != nil {
		return Report{}, err
	}
	r := &runner{matrix: m, info: cut.Run, start: cut.Run.Started}
	attributions := Attribute(m.Plan, exchanges)
	controls := m.controlsOf(exchanges, attributions)
	answered := make(map[string]Result)
	out := cut
	out.Results, out.Extra = []Result{}, []Result{}
	for i, e := range exchanges {
		res := results[i]
		res.Attribution = &attributions[i]
		if e.Extra != "" {
			out.Extra = append(out.Extra, res)
			continue
		}
		j := Judge(e.Case, e.Observation, attributions[i], controls[e.Case.API.Name][controlKey(e.Case)])
		a := &apiRun{runner: r, api: e.Case.API}
		judged := a.judged(e.Case, nil, res.Attribution, j)
		judged.Observed, judged.Request, judged.At, judged.Attempts = res.Observed, res.Request, res.At, res.Attempts
		judged.Evidence = res.Evidence
		answered[res.ID] = judged
	}
	for _, c := range m.Cases {
		if res, ok := answered[c.ID()]; ok {
			out.Results = append(out.Results, res)
		}
	}
	out.count()
	return out, nil
}
