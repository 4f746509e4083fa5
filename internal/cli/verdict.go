package cli

import "apigwprobe/probe"

// verdict is what a whole run comes to, of the codes 0, 1 and 3. Findings that the owner accepts do not count.
func verdict(m *probe.Matrix, r probe.Report, on failOn) ExitCode {
	results := r.Results
	if on.has(onlyNew) && r.Drift != nil {
		results = worse(*r.Drift)
	}
	if on.has(probe.Fail) && anyResult(results, func(res probe.Result) bool { return res.Verdict == probe.Fail }) {
		return ExitFail
	}
	if on.has(anyFinding) && len(r.Findings) > 0 {
		return ExitFail
	}
	inapplicable := inapplicable(m)
	doubtful := anyResult(results, func(res probe.Result) bool {
		switch res.Verdict {
		case probe.Inconclusive:
			return on.has(probe.Inconclusive)
		case probe.Skipped:
			return on.has(probe.Skipped) && res.IsGate() && !inapplicable[res.ID]
		}
		return false
	})
	if doubtful || !r.Proven() {
		return ExitInconclusive
	}
	return ExitOK
}

// worse are the results that stand worse than in the baseline.
func worse(d probe.Drift) []probe.Result {
	var out []probe.Result
	for _, c := range d.Failing {
		out = append(out, *c.Result)
	}
	return out
}

func anyResult(results []probe.Result, is func(probe.Result) bool) bool {
	for _, res := range results {
		if res.Accepted == nil && is(res) {
			return true
		}
	}
	return false
}

// inapplicable are the ids of cases that make no sense where they would be asked. Every matrix has them, so that
// skipping them is no gap; skipping for want of a credential or of consent is one.
func inapplicable(m *probe.Matrix) map[string]bool {
	ids := make(map[string]bool)
	for _, s := range m.Skips {
		if s.Inapplicable {
			ids[s.ID()] = true
		}
	}
	return ids
}
