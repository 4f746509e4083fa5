package doctor

import (
	"strings"
	"testing"

	"apigwprobe/internal/evidence"
	"apigwprobe/internal/report"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

func TestVerify(t *testing.T) {
	ok := passed
	ok.ID, ok.Reason = "custom", "accepted"
	other := ok
	other.ID, other.AccessID = "default", "default"
	refused := refusedBy(probe.Certain, noKey)
	refused.ID, refused.Reason = "refused", "the control was refused: api-key answered 403"
	skipped := probe.Result{ID: "skipped", Control: true, Verdict: probe.Skipped, Reason: "no API key in the configuration"}
	entry := func(status int) []evidence.Entry { return []evidence.Entry{{Log: "access log orders", Status: status}} }
	for _, c := range []struct {
		name    string
		results []probe.Result
		entries map[string][]evidence.Entry
		want    VerifyOutcome
		says    string
	}{
		{"accepted and logged", []probe.Result{ok}, map[string][]evidence.Entry{"custom": entry(200)}, Works, "its log entry says so"},
		{"accepted through both ways in", []probe.Result{ok, other}, map[string][]evidence.Entry{"custom": entry(200), "default": entry(200)}, Works, "its log entry says so"},
		{"one way in is not logged", []probe.Result{ok, other}, map[string][]evidence.Entry{"custom": entry(200)}, NotShown, "no log entry"},
		{"not logged", []probe.Result{ok}, nil, NotShown, "no log entry"},
		{"logged with another status", []probe.Result{ok}, map[string][]evidence.Entry{"custom": entry(403)}, NotShown, "no log entry"},
		{"a log without a status", []probe.Result{ok}, map[string][]evidence.Entry{"custom": entry(0)}, NotShown, "no log entry"},
		{"the entry of another case", []probe.Result{ok}, map[string][]evidence.Entry{"default": entry(200)}, NotShown, "no log entry"},
		{"refused, and logged as that", []probe.Result{refused}, map[string][]evidence.Entry{"refused": entry(403)}, NotAccepted, "api-key answered 403"},
		{"one way in is refused", []probe.Result{ok, refused, other}, nil, NotAccepted, "api-key answered 403"},
		{"not sent", []probe.Result{skipped}, nil, NotShown, "no API key in the configuration"},
		{"other cases do not count", []probe.Result{shut}, nil, NotShown, "no control"},
		{"cut short", []probe.Result{refused}, nil, NotShown, "cut short"},
	} {
		in := known(probe.REST)
		in.Report.Results, in.Report.Run.Complete = c.results, c.name != "cut short"
		if v := Verify(in, c.entries); v.Outcome != c.want || !strings.Contains(v.Headline, c.says) {
			t.Errorf("%s: got %s: %s, want %s: …%s…", c.name, v.Outcome, v.Headline, c.want, c.says)
		}
	}
}

func TestVerifyFormats(t *testing.T) {
	in := known(probe.REST)
	in.Notes = []string{"orders: the access log \x1b[2J tells less than it could"}
	in.Report.Results = []probe.Result{passed}
	in.Report.Results[0].ID, in.Report.Results[0].Reason = "custom", "accepted"
	v := Verify(in, map[string][]evidence.Entry{"custom": {{Log: "access log orders", Status: 200}}})
	want := map[string]string{
		"text": `GET /orders/{id} of orders in prod: the control is accepted, and its log entry says so

control      sigv4 through custom-domain:api.example.com/shop: accepted, status 200, request id 5f1e
log          sigv4 through custom-domain:api.example.com/shop: access log orders: status 200 at 0001-01-01T00:00:00Z
not seen     orders: the access log \u001b[2J tells less than it could
`,
		"markdown": `## ✅ GET /orders/\{id\} of orders in prod\: the control is accepted, and its log entry says so

**Control**

- sigv4 through custom-domain\:api.example.com/shop\: accepted, status 200, request id 5f1e

**Log**

- sigv4 through custom-domain\:api.example.com/shop\: access log orders\: status 200 at 0001-01-01T00\:00\:00Z

**Not seen**

- orders\: the access log \\u001b\[2J tells less than it could
`,
		"json": `{
  "version": 1,
  "environment": "prod",
  "api": "orders",
  "route": "GET /orders/{id}",
  "run": "run-1",
  "at": "0001-01-01T00:00:00Z",
  "outcome": "works",
  "headline": "the control is accepted, and its log entry says so",
  "controls": [
    {
      "scenario": "sigv4",
      "access": "custom-domain:api.example.com/shop",
      "accepted": true,
      "status": 200,
      "request_id": "5f1e",
      "reason": "accepted",
      "logged": true,
      "entries": [
        {
          "log": "access log orders",
          "at": "0001-01-01T00:00:00Z",
          "status": 200
        }
      ]
    }
  ],
  "unseen": [
    "orders: the access log \u001b[2J tells less than it could"
  ]
}
`,
	}
	for _, f := range Formats() {
		var b strings.Builder
		if err := f.WriteVerified(&b, v, report.Options{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[f.Name], b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.Name, diff)
		}
	}
}
