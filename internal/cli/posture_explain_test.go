package cli_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"apigwprobe/probe"
)

// What somebody could have recorded of a run is explained without its plan: certain is never wrong there either, and
// the true layer stays a candidate.
func TestPostureExplained(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= *seeds; seed++ {
		t.Run(fmt.Sprintf("seed-%d", seed), func(t *testing.T) {
			t.Parallel()
			p := random(t, seed)
			o := p.run(t)
			var transcripts []probe.Transcript
			var results []probe.Result
			for _, r := range o.report.Results {
				if _, ok := o.truth(r); ok && r.Observed.Answered() {
					results = append(results, r)
					transcripts = append(transcripts, recordedBySomebody(r))
				}
			}
			if len(results) == 0 {
				t.Fatal("got nothing to explain")
			}
			for i := range transcripts[:len(transcripts)/2] {
				transcripts[i].RequestComplete = false // as in what a browser exports
			}
			for i, x := range probe.Explain(transcripts) {
				truth, _ := o.truth(results[i])
				layer := probe.Layer(truth.Layer)
				if results[i].Observed.Status < 300 && x.Attribution.Confidence != probe.Certain {
					continue // a refusal that looks like a success shows nothing to who was not there
				}
				if x.Attribution.Confidence == probe.Certain && x.Attribution.Layer != layer {
					t.Errorf("%s: certain of %s, but it was %s: %q", describe(results[i]), x.Attribution.Layer, layer, x.Attribution.Because)
				}
				if !slices.ContainsFunc(x.Attribution.Candidates, func(c probe.Candidate) bool { return c.Layer == layer }) {
					t.Errorf("%s: got candidates %v, but it was %s: %d %q", describe(results[i]), x.Attribution.Candidates, layer, x.Observed.Status, x.Observed.Message)
				}
			}
		})
	}
}

// recordedBySomebody is a result as curl -v would show it.
func recordedBySomebody(r probe.Result) probe.Transcript {
	t := probe.Transcript{
		Source: r.ID, Method: r.Request.Method, URL: r.Request.URL, RequestHeader: make(http.Header), RequestComplete: true,
		Status: r.Observed.Status, HTTP: r.Observed.HTTP, Header: make(http.Header), HeadersComplete: true,
		Body: []byte(r.Observed.Body), Remote: "192.0.2.3:443",
	}
	for name, value := range r.Request.Headers {
		t.RequestHeader.Set(name, value)
	}
	for name, value := range r.Observed.Headers {
		t.Header.Set(name, value)
	}
	return t
}
