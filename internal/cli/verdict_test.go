package cli

import (
	"testing"

	"apigwprobe/probe"
)

func TestVerdict(t *testing.T) {
	t.Parallel()
	result := func(v probe.Verdict) probe.Result {
		return probe.Result{ID: string(v), Verdict: v, ScenarioKind: probe.Gate}
	}
	control := func(v probe.Verdict) probe.Result {
		res := result(v)
		res.Control = true
		return res
	}
	accepted := func(res probe.Result) probe.Result {
		res.Accepted = &probe.Accepted{Reason: "known"}
		return res
	}
	routing := func(res probe.Result) probe.Result {
		res.ScenarioKind = probe.Routing
		return res
	}
	inapplicable := func(res probe.Result) probe.Result {
		res.ID = "inapplicable"
		return res
	}
	// Its id is that of the one case that makes no sense where it would be asked.
	matrix := &probe.Matrix{Skips: []probe.Skip{{Case: probe.Case{Scenario: probe.Scenario{Name: "x"}}, Inapplicable: true}}}
	matrixID := matrix.Skips[0].ID()
	standard := failOn{probe.Fail, probe.Inconclusive}
	for _, tt := range []struct {
		name    string
		results []probe.Result
		proven  int
		on      failOn
		want    ExitCode
	}{
		{"a gate is proven", []probe.Result{result(probe.Pass)}, 1, standard, ExitOK},
		{"a control is accepted", []probe.Result{control(probe.Pass)}, 0, standard, ExitOK},
		{"a pass that proves nothing", []probe.Result{result(probe.Pass)}, 0, standard, ExitInconclusive},
		{"no results", nil, 0, standard, ExitInconclusive},
		{"all skipped", []probe.Result{result(probe.Skipped)}, 0, standard, ExitInconclusive},
		{"fail", []probe.Result{result(probe.Fail), result(probe.Pass)}, 1, standard, ExitFail},
		{"fail beats inconclusive", []probe.Result{result(probe.Inconclusive), result(probe.Fail)}, 1, standard, ExitFail},
		{"a blocked control", []probe.Result{control(probe.Fail)}, 1, standard, ExitFail},
		{"accepted fail", []probe.Result{accepted(result(probe.Fail))}, 1, standard, ExitOK},
		{"accepted inconclusive", []probe.Result{accepted(result(probe.Inconclusive))}, 1, standard, ExitOK},
		{"inconclusive", []probe.Result{result(probe.Inconclusive)}, 1, standard, ExitInconclusive},
		{"fail does not count", []probe.Result{result(probe.Fail)}, 1, failOn{probe.Inconclusive}, ExitOK},
		{"inconclusive does not count", []probe.Result{result(probe.Inconclusive)}, 1, failOn{probe.Fail}, ExitOK},
		{"nothing proven always counts", []probe.Result{result(probe.Inconclusive)}, 0, failOn{probe.Fail}, ExitInconclusive},
		{"skipped does not count", []probe.Result{result(probe.Skipped)}, 1, standard, ExitOK},
		{"skipped counts", []probe.Result{result(probe.Skipped)}, 1, failOn{probe.Skipped}, ExitInconclusive},
		{"fail beats skipped", []probe.Result{result(probe.Skipped), result(probe.Fail)}, 1, failOn{probe.Skipped, probe.Fail}, ExitFail},
		{"a skipped control is no gap", []probe.Result{control(probe.Skipped)}, 1, failOn{probe.Skipped}, ExitOK},
		{"a skipped address is no gap", []probe.Result{routing(result(probe.Skipped))}, 1, failOn{probe.Skipped}, ExitOK},
		{"what does not apply is no gap", []probe.Result{inapplicable(result(probe.Skipped))}, 1, failOn{probe.Skipped}, ExitOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report := probe.Report{Results: tt.results, Coverage: probe.Coverage{Proven: tt.proven}}
			for i := range report.Results {
				if report.Results[i].ID == "inapplicable" {
					report.Results[i].ID = matrixID
				}
			}
			if got := verdict(matrix, report, tt.on); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestVerdictOfFindings(t *testing.T) {
	t.Parallel()
	report := probe.Report{Coverage: probe.Coverage{Proven: 1}, Findings: []probe.Finding{{Kind: "mapping"}}}
	for _, tt := range []struct {
		on   failOn
		want ExitCode
	}{{failOn{probe.Fail}, ExitOK}, {failOn{probe.Fail, anyFinding}, ExitFail}} {
		if got := verdict(&probe.Matrix{}, report, tt.on); got != tt.want {
			t.Errorf("with %s: got %d, want %d", &tt.on, got, tt.want)
		}
	}
}
