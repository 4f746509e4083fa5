package cli

import (
	"testing"

	"apigwprobe/probe"
)

// ExitCodeOf is what a run comes to by default.
func ExitCodeOf(m *probe.Matrix, r probe.Report) ExitCode {
	return verdict(m, r, failOn{probe.Fail, probe.Inconclusive})
}

// Long marks a test that takes long: the gate runs it once, without the race detector, and -short leaves it out.
func Long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes long, and -short is set")
	}
}
