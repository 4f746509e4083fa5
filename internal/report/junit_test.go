package report

import (
	"bytes"
	"encoding/xml"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"apigwprobe/probe"
)

// TestJUnitSchema checks every report against the schema that CI systems publish, with xmllint, which .ci/run installs.
func TestJUnitSchema(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("xmllint is not installed, so nothing was checked: .ci/run installs it")
	}
	check := func(text string) error {
		cmd := exec.CommandContext(t.Context(), xmllint, "--noout", "--nonet", "--schema", "testdata/schema/junit-10.xsd", "-")
		cmd.Stdin = bytes.NewBufferString(text)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Logf("%s", out)
		}
		return err
	}
	for name, rep := range allReports() {
		t.Run(name, func(t *testing.T) {
			if err := check(write(t, "junit", Options{}, eventsOf(rep))); err != nil {
				t.Error(err)
			}
		})
	}
	if check(`<testsuites><testsuite/></testsuites>`) == nil {
		t.Error("a suite without a name got past the check, so it checks nothing")
	}
}

// What counts in JUnit is what counts for the exit code: one test for each case, failures and errors apart, and nothing
// that the owner accepts.
func TestJUnitCounts(t *testing.T) {
	for name, rep := range allReports() {
		t.Run(name, func(t *testing.T) {
			var got junitSuites
			if err := xml.Unmarshal([]byte(write(t, "junit", Options{}, eventsOf(rep))), &got); err != nil {
				t.Fatal(err)
			}
			want := junitCounts{Tests: len(rep.Results)}
			for _, res := range rep.Results {
				switch {
				case res.Accepted != nil:
				case res.Verdict == probe.Fail:
					want.Failures++
				case res.Verdict == probe.Inconclusive:
					want.Errors++
				}
			}
			want.Tests += len(runTroubles(rep))
			want.Errors += len(runTroubles(rep))
			var counted junitCounts
			for _, suite := range got.Suites {
				counted.Tests += len(suite.Cases)
				for _, c := range suite.Cases {
					if c.Failure != nil {
						counted.Failures++
					}
					if c.Error != nil {
						counted.Errors++
					}
				}
			}
			if diff := cmp.Diff([]junitCounts{want, want}, []junitCounts{got.junitCounts, counted}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
