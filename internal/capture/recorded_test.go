package capture

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"apigwprobe/probe"
)

const vectors = "../../probe/testdata/recorded.jsonl"

// TestExplainRecordings holds what explain says against the truth: certain is never wrong, and the true layer is among
// the candidates.
func TestExplainRecordings(t *testing.T) {
	data, err := os.ReadFile(vectors)
	if err != nil {
		t.Fatal(err)
	}
	type label struct {
		ID      string        `json:"id"`
		Layer   probe.Layer   `json:"layer"`
		Also    []probe.Layer `json:"layer_also"`
		LabelBy string        `json:"label_by"`
	}
	var truths []label
	for line := range strings.Lines(string(data)) {
		var l label
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		truths = append(truths, l)
	}
	transcripts, err := read(string(data))
	if err != nil || len(transcripts) != len(truths) || len(truths) < 200 {
		t.Fatalf("got %d transcripts of %d vectors, %v; want all of at least 200", len(transcripts), len(truths), err)
	}
	var counted, among, certain int
	for i, x := range probe.Explain(transcripts) {
		truth := truths[i]
		layers := append([]probe.Layer{truth.Layer}, truth.Also...)
		a := x.Attribution
		if a.Confidence == probe.Certain {
			certain++
			if !slices.Contains(layers, a.Layer) {
				t.Errorf("%s: certain of %s, but the truth is %v", truth.ID, a.Layer, layers)
			}
		}
		if truth.LabelBy == "us" {
			continue
		}
		counted++
		if slices.ContainsFunc(a.Candidates, func(c probe.Candidate) bool { return slices.Contains(layers, c.Layer) }) {
			among++
		}
	}
	t.Logf("%d vectors; true layer among the candidates: %d (%.1f %%); %d certain", counted, among, 100*float64(among)/float64(counted), certain)
	if float64(among) < 0.98*float64(counted) || certain == 0 {
		t.Errorf("got the true layer among the candidates for %d of %d and %d certain; want at least 98 %% and some", among, counted, certain)
	}
}
