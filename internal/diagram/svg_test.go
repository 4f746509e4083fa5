package diagram

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"apigwprobe/probe"
)

var update = flag.Bool("update", false, "write the golden file")

// What the drawings look like is for people to judge; that they stay as they were judged is for this file.
func TestSVG(t *testing.T) {
	const iam, key = probe.IAMAuthentication, probe.APIKeyLayer
	unsent := answered(probe.Inconclusive, probe.KindStopped, "", iam)
	unsent.Attempts, unsent.Attribution = 0, nil
	a := Draw([]probe.Result{
		answered(probe.Pass, "", probe.Certain, probe.None, probe.None),
		answered(probe.Pass, "", probe.Likely, iam, iam),
		answered(probe.Fail, probe.Open, probe.Certain, iam, probe.None),
		answered(probe.Fail, probe.Blocked, probe.Likely, probe.None, probe.WAF),
		answered(probe.Inconclusive, probe.KindAmbiguous, probe.Ambiguous, key, key, probe.WAF),
		answered(probe.Inconclusive, probe.KindAmbiguous, probe.Ambiguous, key, key, probe.None),
		answered(probe.Inconclusive, probe.KindAmbiguous, probe.UnknownConfidence, key),
		unsent,
	})[0]
	drawings := []string{a.HeaderSVG()}
	for _, l := range a.Routes[0].Lines {
		drawings = append(drawings, a.SVG(l))
	}
	for _, d := range drawings {
		decoder := xml.NewDecoder(strings.NewReader(d))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("reading %s: %v", d, err)
			}
		}
	}
	got := strings.Join(drawings, "\n") + "\n"
	const path = "testdata/lines.svg.golden"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); -update writes it anew:\n%s", path, diff)
	}
}
