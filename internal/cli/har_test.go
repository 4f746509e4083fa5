package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"apigwprobe/internal/capture"
	"apigwprobe/probe"
)

// A HAR of a run holds every exchange, and explain sees the same in it as the run did: the same answer, and the layer
// of the run among the candidates. It knows less, so it may be less sure, and it is never sure of something else.
func TestHARIsExplained(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ fault, wait string }{
		{fault: ""}, {fault: "waf-blocks"}, {fault: "cdn-strips-authorization"}, {fault: "integration-timeout"}, {fault: "key-disabled"},
		{fault: "stage-gone", wait: "10s"},
	} {
		t.Run("fault "+tt.fault, func(t *testing.T) {
			t.Parallel()
			results, explained := runAndExplain(t, tt.fault, tt.wait)
			if len(results) < 50 || len(results) != len(explained) {
				t.Fatalf("got %d exchanges explained, want all %d", len(explained), len(results))
			}
			same, certain := 0, 0
			for id, res := range results {
				x, ok := explained[id]
				if !ok {
					t.Errorf("%s: not explained", id)
					continue
				}
				if diff := cmp.Diff(answerShown(res.Observed), answerShown(x.Observed), cmpopts.IgnoreUnexported(probe.Observation{}), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s: (-run +explain)\n%s", id, diff)
				}
				run, got := res.Attribution, x.Attribution
				if run.Layer != "" && got.Confidence != probe.UnknownConfidence &&
					!slices.ContainsFunc(got.Candidates, func(c probe.Candidate) bool { return c.Layer == run.Layer }) {
					t.Errorf("%s: the run found %s, explain has only %v", id, run.Layer, got.Candidates)
				}
				if run.Layer == got.Layer {
					same++
				}
				if got.Confidence == probe.Certain {
					certain++
					if got.Layer != run.Layer {
						t.Errorf("%s: explain is certain of %s, the run found %s", id, got.Layer, run.Layer)
					}
				}
			}
			if same*5 < len(results)*3 || certain == 0 {
				t.Errorf("got the same layer for %d of %d, %d of them certain; want most of them", same, len(results), certain)
			}
			t.Logf("the same layer for %d of %d exchanges, %d certain", same, len(results), certain)
		})
	}
}

// answerShown are the parts of an observation that do not depend on who recorded it.
func answerShown(o *probe.Observation) probe.Observation {
	return probe.Observation{
		Status: o.Status, ErrorType: o.ErrorType, Message: o.Message, RequestID: o.RequestID, ExtendedRequestID: o.ExtendedRequestID,
		Headers: o.Headers, HeaderNames: o.HeaderNames, Body: o.Body, Error: o.Error,
	}
}

// runAndExplain are the results of a run of the sandbox, extra ones included, and what explain says of its HAR; by id.
// Every request of the run is in it, also those that were asked again; these stand apart.
func runAndExplain(t *testing.T, fault, wait string) (map[string]probe.Result, map[string]probe.Explanation) {
	t.Helper()
	dir := t.TempDir()
	document, recording := filepath.Join(dir, "run.json"), filepath.Join(dir, "run.har")
	args := []string{"run", "sandbox", "--all", "--output", document, "--format", "json", "--report", "har=" + recording}
	if fault != "" {
		args = append(args, "--fault", fault)
	}
	if wait != "" {
		args = append(args, "--wait", wait)
	}
	var out, errs bytes.Buffer
	if code := Run(t.Context(), args, Streams{Out: &out, Err: &errs}); code == ExitUsage {
		t.Fatal(errs.String())
	}
	var rep probe.Report
	var har struct {
		Log struct {
			Entries []struct {
				Probe struct {
					ID       string
					Replaced bool
				} `json:"_probe"`
			}
		}
	}
	for path, into := range map[string]any{document: &rep, recording: &har} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	results := make(map[string]probe.Result)
	for _, res := range slices.Concat(rep.Results, rep.Extra) {
		if res.Attempts > 0 {
			results[res.ID] = res
		}
	}
	file, err := os.Open(recording)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var transcripts []probe.Transcript
	for transcript, err := range capture.Read(file, "run.har", capture.LogFormat{}) {
		if err != nil {
			t.Fatal(err)
		}
		transcripts = append(transcripts, transcript)
	}
	explained := make(map[string]probe.Explanation)
	replaced := 0
	for i, x := range probe.Explain(transcripts) {
		if entry := har.Log.Entries[i].Probe; entry.Replaced {
			replaced++
		} else {
			explained[entry.ID] = x
		}
	}
	if len(transcripts) != rep.Run.Requests || (replaced > 0) != (wait != "") {
		t.Errorf("got %d exchanges, %d of them replaced, want all %d requests of the run", len(transcripts), replaced, rep.Run.Requests)
	}
	return results, explained
}
