package cli

import "apigwprobe/probe"

// ExitCodeOf is what a run comes to by default.
func ExitCodeOf(m *probe.Matrix, r probe.Report) ExitCode {
	return verdict(m, r, failOn{probe.Fail, probe.Inconclusive})
}
