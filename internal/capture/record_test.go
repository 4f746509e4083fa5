package capture

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"apigwprobe/probe"
)

// What is recorded of a run is its rejections, and reading them gives the answers again.
func TestVectors(t *testing.T) {
	const body = `{"message":"Forbidden"}`
	result := func(scenario string, layer probe.Layer, o *probe.Observation) probe.Result {
		return probe.Result{
			ID: "orders|GET /orders|default|" + scenario, API: "orders", Access: probe.AccessDefault, Scenario: scenario,
			Request:  &probe.RequestInfo{Method: "GET", URL: "https://a1.execute-api.eu-west-1.amazonaws.com/prod/orders", Headers: map[string]string{"x-api-key": "[redacted]"}},
			Observed: o, Attribution: &probe.Attribution{Layer: layer},
		}
	}
	answer := func(status int, body, sum string) *probe.Observation {
		return &probe.Observation{Status: status, Headers: map[string]string{"x-amzn-errortype": "ForbiddenException"}, Body: body, BodySHA256: sum}
	}
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(body)))
	rep := probe.Report{
		Run: probe.RunInfo{ID: "run-1", ProbeVersion: "v1", Started: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)},
		Results: []probe.Result{
			result("missing-api-key", probe.APIKeyLayer, answer(403, body, sum)),
			result("unsigned", probe.None, answer(200, `{"ok":true}`, "")),
			result("wrong-stage", "", answer(403, `{"message":"[redacted]"}`, "of another body")),
			result("sigv4", probe.Network, &probe.Observation{Error: &probe.NetworkError{Phase: probe.PhaseConnect, Kind: "refused"}}),
			{ID: "skipped"},
		},
		Extra: []probe.Result{result("repeat:unsigned", probe.Backend, answer(404, "Not here", ""))},
	}
	truth := func(res probe.Result) Truth {
		if res.Scenario == "missing-api-key" {
			return Truth{probe.APIKeyLayer, "missing-api-key"}
		}
		return Truth{}
	}
	var out strings.Builder
	if err := WriteVectors(&out, rep, map[string]probe.APIType{"orders": probe.REST}, truth); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(out.String(), "\n")
	want := `{"id":"run-1|orders|GET /orders|default|missing-api-key","source":"probe v1 on 2026-11-21","source_kind":"probe-run",` +
		`"api_type":"REST","endpoint":"default","request":{"method":"GET","url":"https://a1.execute-api.eu-west-1.amazonaws.com/prod/orders",` +
		`"headers":{"x-api-key":"[redacted]"},"note":"missing-api-key"},"response":{"status":403,"headers":{"x-amzn-errortype":"ForbiddenException"},` +
		`"body":"{\"message\":\"Forbidden\"}","body_fidelity":"verbatim"},"layer":"api-key","cause":"missing-api-key","certainty":"recorded","label_by":"calibration"}`
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("first vector (-want +got):\n%s", diff)
	}
	if got := strings.Count(out.String(), `"body_fidelity":"excerpt"`); got != 2 {
		t.Errorf("got %d bodies that are not verbatim, want 2", got)
	}

	type read struct {
		Status  int
		Header  http.Header
		Body    string
		Message string
	}
	header := http.Header{"X-Amzn-Errortype": {"ForbiddenException"}}
	wantRead := []read{{403, header, body, ""}, {403, header, `{"message":"[redacted]"}`, ""}, {404, header, "Not here", "Not here"}}
	var got []read
	for transcript, err := range Read(strings.NewReader(out.String()), "vectors", LogFormat{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, read{transcript.Status, transcript.Header, string(transcript.Body), transcript.Message})
	}
	if diff := cmp.Diff(wantRead, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}
