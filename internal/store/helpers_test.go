package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

var midnight = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// checkEqual compares whole values.
func checkEqual(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: want -, got +:\n%s", what, diff)
	}
}

// opened is an open history in a folder of its own. The clock stands at what now points to.
func opened(t testing.TB, now *time.Time) *Store {
	t.Helper()
	return openedAt(t, filepath.Join(t.TempDir(), "probe.db"), now)
}

func openedAt(t testing.TB, path string, now *time.Time) *Store {
	t.Helper()
	s, err := open(path, func() time.Time { return *now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// play writes a whole run.
func play(t testing.TB, s *Store, rep probe.Report) {
	t.Helper()
	sink := s.Record()
	events := []probe.Event{probe.RunStarted{Run: started(rep.Run)}}
	for _, list := range [][]probe.Result{rep.Results, rep.Extra} {
		for _, res := range list {
			if res.Observed != nil {
				events = append(events, probe.Observed{Result: res})
			}
		}
	}
	for _, e := range append(events, probe.RunFinished{Report: rep}) {
		if err := sink(e); err != nil {
			t.Fatal(err)
		}
	}
}

// started is what is known of a run when it starts.
func started(run probe.RunInfo) probe.RunInfo {
	run.DurationMS, run.Requests, run.Complete = 0, 0, false
	return run
}

// recorded is the report of a real run of the library.
func recorded(t testing.TB) probe.Report {
	t.Helper()
	text, err := os.ReadFile("../../probe/testdata/report.golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var rep probe.Report
	text = bytes.ReplaceAll(text, []byte("<time>"), []byte(midnight.Format(time.RFC3339)))
	if err := json.Unmarshal(text, &rep); err != nil {
		t.Fatal(err)
	}
	return rep
}

// made is a run of a few cases on some routes: the control, and gates that are shut. Edit may change a result.
func made(at time.Time, routes int, edit func(*probe.Result)) probe.Report {
	run := probe.RunInfo{
		ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(at.String())).String(), Environment: "prod", Started: at, DurationMS: 4000,
		ProbeVersion: "dev", Labels: map[string]string{}, Complete: true,
	}
	rep := probe.Report{Version: probe.SchemaVersion, Run: run, Extra: []probe.Result{}, Findings: []probe.Finding{}}
	for i := range routes {
		for j, name := range scenarioNames {
			res := madeResult(run, fmt.Sprintf("GET /orders/%d", i), name, i*len(scenarioNames)+j)
			if edit != nil {
				edit(&res)
			}
			rep.Results = append(rep.Results, res)
			switch res.Verdict {
			case probe.Pass:
				rep.Summary.Pass++
			case probe.Fail:
				rep.Summary.Fail++
			}
		}
	}
	rep.Run.Requests = len(rep.Results)
	return rep
}

var scenarioNames = []string{
	"sigv4", "unsigned", "expired-signature", "missing-api-key", "invalid-api-key", "tampered-signature", "unknown-access-key",
	"future-signature", "wrong-region-scope", "wrong-service-scope", "missing-session-token", "malformed-authorization",
	"presigned", "outsider", "wrong-method",
}

// madeResult is a result with all that differs between runs: ids, dates, timings, ports, salted digests, and the body of
// what was accepted.
func madeResult(run probe.RunInfo, route, scenario string, n int) probe.Result {
	at := run.Started.Add(time.Duration(n) * 3 * time.Millisecond)
	id := "orders|" + route + "|default|" + scenario
	random := func(what string) string {
		return uuid.NewSHA1(uuid.NameSpaceOID, []byte(run.ID+id+what)).String()
	}
	short := func(what string) string { return random(what)[:8] + random(what + "2")[:8] }
	sent, stamp := random("sent"), at.Add(-10*time.Minute).Format("20060102T150405Z")
	message := "Signature expired: " + stamp + " is now earlier than " + at.Format("20060102T150405Z") + " (" + at.Format("20060102T150405Z") + " - 5 min.)"
	body := fmt.Sprintf("{\"message\":%q}", message)
	status, layer := 403, probe.IAMAuthentication
	because := []string{
		"answer: has the shape signature-expired (recorded)", "endpoint-policy: the request went to a public endpoint",
		"backend: no sign that the backend passes on or imitates errors of the gateway (assuming an honest backend)",
		"unsound: route: outsider on " + route + " was answered by a later layer (iam-authorization) and is equal in all that this layer reads as a rule",
	}
	if scenario == "sigv4" {
		status, layer, message, body, because = 200, probe.None, "", fmt.Sprintf("{\"orders\":[{\"id\":%q},{\"id\":%q}]}", random("a"), random("b")), []string{"accepted"}
	}
	return probe.Result{
		ID: id, Run: run.ID, Environment: run.Environment, At: at, API: "orders", Route: route, Access: probe.AccessDefault,
		AccessID: "default", Host: "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com", Scenario: scenario, ScenarioKind: probe.Gate,
		Control: scenario == "sigv4", Verdict: probe.Pass, Reason: "refused by iam-authentication (likely)", Proven: scenario != "sigv4",
		Expected: probe.Expected{Layer: layer, Layers: []probe.Layer{layer}, Status: []int{status}},
		Observed: &probe.Observation{
			Status: status, ErrorType: "InvalidSignatureException", Message: message, RequestID: sent, ExtendedRequestID: short("x") + "=",
			Headers: map[string]string{
				"content-length": fmt.Sprint(len(body)), "content-type": "application/json", "date": at.Format(time.RFC1123),
				"x-amz-apigw-id": short("x") + "=", "x-amzn-requestid": sent, "x-amzn-trace-id": "Root=1-" + random("t")[:8] + "-" + short("u") + random("v")[:8],
			},
			Body: body, BodySHA256: short("h") + short("i") + short("j") + short("k"), HTTP: "HTTP/2.0", Remote: "52.1.2.3:443",
			Timings:     probe.Timings{FirstByte: float64(len(stamp)+n%17) + 0.527, Total: float64(n%23) + 1.576},
			HeaderNames: []string{"content-length", "content-type", "date", "x-amz-apigw-id", "x-amzn-requestid", "x-amzn-trace-id"},
			Conn:        fmt.Sprintf("10.0.0.1:%d>52.1.2.3:443", 30000+(n*7919+int(run.Started.Unix()))%30000),
		},
		Request: &probe.RequestInfo{
			Method: "GET", URL: "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod/orders/42",
			Headers: map[string]string{
				"authorization": "[redacted]", "user-agent": "probe/dev", "x-amz-date": stamp, "x-amz-security-token": "[redacted]",
				"x-amzn-requestid": sent, "x-api-key": "[redacted]", "x-probe-run": run.ID,
			},
			Facets: probe.Facets{probe.FacetHost: "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com", probe.FacetAuth: short("auth"), probe.FacetClock: "steady"},
			Traits: &probe.Traits{Host: "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com", Signed: true, Scheme: "AWS4-HMAC-SHA256", Temporary: true, Clock: at, OffsetMS: -600000},
		},
		Reproduce: "# AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN (empty if there is none): principal \"caller\"\ncurl -sSi --globoff --path-as-is \\\n  --aws-sigv4 'aws:amz:eu-west-1:execute-api' --user \"${AWS_ACCESS_KEY_ID}:${AWS_SECRET_ACCESS_KEY}\" \\\n  --header \"x-amz-security-token: ${AWS_SESSION_TOKEN}\" \\\n  'https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod/orders/42'",
		Attempts:  1,
		Attribution: &probe.Attribution{
			Layer: layer, Cause: "signature-expired", Confidence: probe.Likely,
			Candidates: []probe.Candidate{{Layer: layer, Cause: "signature-expired"}, {Layer: layer, Cause: "clock-skew"}},
			Because:    because, Evidence: []string{},
		},
	}
}

// opens makes a gate open.
func opens(res *probe.Result) {
	res.Verdict, res.Kind, res.Severity, res.Proven = probe.Fail, probe.Open, probe.Critical, false
	res.Observed.Status, res.Attribution.Layer = 200, probe.None
}
