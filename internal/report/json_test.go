package report

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"apigwprobe/probe"
)

// contract is a report in which every field says something, beside one result of which nothing is known.
func contract() probe.Report {
	res := acceptedFor(ambiguous(ordersItem, "missing-api-key"), "closed in ticket 123", "2027-01-31")
	res.Severity = probe.Critical
	res.Observed = &probe.Observation{
		Status: 403, ErrorType: "ForbiddenException", Message: "Forbidden <&>", RequestID: "id-1", ExtendedRequestID: "ext-1",
		Headers: map[string]string{"x-amzn-errortype": "ForbiddenException"},
		Body:    `{"message":"Forbidden"}`, BodySHA256: "44136f", HTTP: "HTTP/2.0", Remote: "192.0.2.1:443",
		HeaderNames: []string{"x-amz-apigw-id"}, Conn: "10.0.0.1:40000>192.0.2.1:443",
		Timings: probe.Timings{DNS: 1, Connect: 9, TLS: 14, FirstByte: 41.5, Total: 42},
		Error:   &probe.NetworkError{Phase: probe.PhaseBody, Kind: "reset", Text: "connection reset"},
	}
	res.Request = &probe.RequestInfo{Method: "GET", URL: "https://api.example.com/orders/42?a=1&b=2", Headers: map[string]string{"Authorization": "[redacted]"}}
	res.Reproduce = "curl -sSi 'https://api.example.com/orders/42?a=1&b=2'"
	res.Request.Traits = &probe.Traits{
		Host: "api.example.com", Connect: "vpce-0123456789abcdef0.example.com", Signed: true, Scheme: "AWS4-HMAC-SHA256", Temporary: true,
		Genuine: true, Decisive: true, KeySent: true, TokenSent: true, TokenExpires: start, DeadEnd: probe.Stage, Clock: start, OffsetMS: -600000, CertificateEnds: start,
	}
	res.Request.Facets[probe.FacetHost], res.Request.Facets[probe.FacetMethod] = "api.example.com", "GET"
	res.Attribution.Evidence = []string{"access log"}
	unsent := skipped(items, "wrong-stage", "the default endpoint is declared enabled")

	rep := reportOf(res, unsent, control(ordersItem, "sigv4"), opened(ordersItem, "unsigned", probe.IAMAuthentication),
		refused(ordersItem, "outsider", probe.IAMAuthorization, "iam-implicit-deny", probe.Certain))
	rep.Run.Labels, rep.Run.ClockSkewMS = map[string]string{"commit": "abc"}, 120
	extra := refused(ordersItem, "repeat:unsigned", probe.IAMAuthentication, "unsigned-to-iam", probe.Certain)
	extra.Verdict = ""
	rep.Extra = []probe.Result{extra}
	rep.Findings = []probe.Finding{{Kind: "drift", API: "orders", Text: "two accesses disagree"}}
	return rep
}

func TestJSONContract(t *testing.T) {
	golden(t, "contract.json", write(t, "json", Options{}, eventsOf(contract())))
	golden(t, "contract.jsonl", write(t, "jsonl", Options{}, eventsOf(contract())))
}

// The golden document is the contract only as long as each of its fields has a value in it somewhere.
func TestContractShowsEveryField(t *testing.T) {
	var document any
	if err := json.Unmarshal([]byte(write(t, "json", Options{}, eventsOf(contract()))), &document); err != nil {
		t.Fatal(err)
	}
	shown := make(map[string]bool)
	eachValue("", document, func(path string, v any) {
		switch v {
		case nil: // in place of an object that another result shows
		case "", 0.0, false:
			shown[path] = shown[path] || false
		default:
			shown[path] = true
		}
	})
	if len(shown) < 50 {
		t.Errorf("got %d fields, want all of them", len(shown))
	}
	for path, ok := range shown {
		if !ok && !strings.HasPrefix(path, ".extra[]") { // shaped like results
			t.Errorf("no value of %s is shown", path)
		}
	}
}

// eachValue calls f for every value of a document that is no list and no object.
func eachValue(path string, v any, f func(path string, v any)) {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			eachValue(path+"."+key, member, f)
		}
	case []any:
		for _, element := range v {
			eachValue(path+"[]", element, f)
		}
	default:
		f(path, v)
	}
}

// A stored document tells people the same as the run did.
func TestTableOfReadReport(t *testing.T) {
	for name, rep := range reports() {
		if name == "hostile" {
			continue // its bytes that are no UTF-8 do not survive JSON
		}
		t.Run(name, func(t *testing.T) {
			var read probe.Report
			if err := json.Unmarshal([]byte(write(t, "json", Options{}, eventsOf(rep))), &read); err != nil {
				t.Fatal(err)
			}
			want := write(t, "table", Options{Width: 80}, eventsOf(rep))
			if diff := cmp.Diff(want, write(t, "table", Options{Width: 80}, eventsOf(read))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func allReports() map[string]probe.Report {
	all := reports()
	all["contract"] = contract()
	all["empty"] = probe.Report{}
	return all
}

// Reading a document and writing it again changes nothing.
func TestJSONRoundTrip(t *testing.T) {
	for name, rep := range allReports() {
		t.Run(name, func(t *testing.T) {
			want := write(t, "json", Options{}, eventsOf(rep))
			var read probe.Report
			if err := json.Unmarshal([]byte(want), &read); err != nil {
				t.Fatal(err)
			}
			got := write(t, "json", Options{}, []probe.Event{probe.RunFinished{Report: read}})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Each line is an element of the document's results. Their order is that in which APIs finish.
func TestJSONLinesAreTheResults(t *testing.T) {
	for name, rep := range allReports() {
		t.Run(name, func(t *testing.T) {
			var document struct{ Results []json.RawMessage }
			if err := json.Unmarshal([]byte(write(t, "json", Options{}, eventsOf(rep))), &document); err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, element := range document.Results {
				var line bytes.Buffer
				if err := json.Compact(&line, element); err != nil {
					t.Fatal(err)
				}
				want = append(want, line.String()+"\n")
			}
			got := slices.Sorted(strings.Lines(write(t, "jsonl", Options{}, eventsOf(rep))))
			slices.Sort(want)
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestJSONLIsWrittenAsAPIsFinish(t *testing.T) {
	rep := reports()["open"]
	events := eventsOf(rep)
	before := write(t, "jsonl", Options{}, events[:len(events)-1])
	if n := strings.Count(before, "\n"); n != len(rep.Results) {
		t.Errorf("got %d lines before the run finished, want %d", n, len(rep.Results))
	}
	if after := write(t, "jsonl", Options{}, events); after != before {
		t.Errorf("got more at the end: %q", strings.TrimPrefix(after, before))
	}
}

// Nobody who iterates over a list or reads a field of an object meets null; what may be null is in the contract.
func TestJSONHasNoUnexpectedNull(t *testing.T) {
	for name, rep := range allReports() {
		var document any
		if err := json.Unmarshal([]byte(write(t, "json", Options{}, eventsOf(rep))), &document); err != nil {
			t.Fatal(err)
		}
		eachValue("", document, func(path string, v any) {
			if v == nil && !strings.HasSuffix(path, "[].accepted") && !strings.HasSuffix(path, "[].observed.error") {
				t.Errorf("%s: got null at %s", name, path)
			}
		})
	}
}

func TestJSONDoesNotChangeTheEvent(t *testing.T) {
	rep := probe.Report{Results: []probe.Result{skipped(items, "unsigned", "unsafe")}}
	write(t, "json", Options{}, eventsOf(rep))
	if rep.Results[0].Observed != nil || rep.Extra != nil {
		t.Errorf("got a changed report: %+v", rep)
	}
}

// A document may be printed to a terminal as well.
func TestJSONShowsNoControlCharacter(t *testing.T) {
	rep := hostile()
	rep.Results[0].Observed.Body = evil + "\U000e0001 \u2028"
	text := write(t, "json", Options{}, eventsOf(rep))
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("got %U, want printable characters only", r)
		}
	}
	var read probe.Report
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		t.Fatal(err)
	}
	want := strings.ToValidUTF8(rep.Results[0].Observed.Body, "\ufffd")
	if got := read.Results[0].Observed.Body; got != want {
		t.Errorf("got body %q, want %q", got, want)
	}
}
