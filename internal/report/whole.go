package report

import "apigwprobe/probe"

// whole returns rep with every list and object that the JSON contract names, empty where there is nothing to say:
// whoever iterates over candidates or reads a header needs no case for null. What is null by contract ("accepted",
// "error") stays so. The report itself, which other readers of the event hold, is not changed.
func whole(rep probe.Report) probe.Report {
	rep.Run.Labels = orEmpty(rep.Run.Labels)
	rep.Results = wholeResults(rep.Results)
	rep.Extra = wholeResults(rep.Extra)
	rep.Findings = append([]probe.Finding{}, rep.Findings...)
	if rep.Drift != nil {
		drift := wholeDrift(*rep.Drift)
		rep.Drift = &drift
	}
	return rep
}

func wholeDrift(d probe.Drift) probe.Drift {
	d.Before.Labels, d.After.Labels = orEmpty(d.Before.Labels), orEmpty(d.After.Labels)
	return d
}

func wholeResults(list []probe.Result) []probe.Result {
	out := make([]probe.Result, len(list))
	for i, res := range list {
		out[i] = wholeResult(res)
	}
	return out
}

func wholeResult(res probe.Result) probe.Result {
	res.Expected.Layers = append([]probe.Layer{}, res.Expected.Layers...)
	res.Expected.Status = append([]int{}, res.Expected.Status...)

	res.Observed = wholeObservation(res.Observed)

	request := valueOf(res.Request)
	request.Headers = orEmpty(request.Headers)
	res.Request = &request

	attribution := valueOf(res.Attribution)
	attribution.Candidates = append([]probe.Candidate{}, attribution.Candidates...)
	attribution.Because = append([]string{}, attribution.Because...)
	attribution.Evidence = append([]string{}, attribution.Evidence...)
	res.Attribution = &attribution
	return res
}

func wholeObservation(o *probe.Observation) *probe.Observation {
	observed := valueOf(o)
	observed.Headers = orEmpty(observed.Headers)
	observed.HeaderNames = append([]string{}, observed.HeaderNames...)
	return &observed
}

// valueOf is what p points to, or a zero value.
func valueOf[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
