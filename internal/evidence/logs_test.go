package evidence_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// noon is when the requests of these tests were sent.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const (
	ownID   = "11111111-2222-4333-8444-555555555555"
	otherID = "99999999-2222-4333-8444-555555555555"
)

// event is one of a log group.
type event struct {
	at      time.Time
	message string
}

// logPlane is a control plane with logs.
type logPlane struct {
	plane

	groups   map[string][]event
	pageSize int
	visible  time.Time // from when on there is anything to read
	calls    []string  // group and filter pattern
}

func (p *logPlane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") != "Logs_20140328.FilterLogEvents" {
		p.plane.ServeHTTP(w, r)
		return
	}
	var in struct {
		LogGroupName, FilterPattern, NextToken string
		StartTime, EndTime                     int64
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, in.LogGroupName+" "+in.FilterPattern)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	all, ok := p.groups[in.LogGroupName]
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}`))
		return
	}
	if time.Now().Before(p.visible) {
		all = nil
	}
	all = slices.DeleteFunc(slices.Clone(all), func(e event) bool {
		named := in.FilterPattern == "" || slices.ContainsFunc(strings.Split(in.FilterPattern, "?"), func(term string) bool {
			return term != "" && strings.Contains(e.message, strings.Trim(term, `" `))
		})
		return !named || e.at.UnixMilli() < in.StartTime || e.at.UnixMilli() > in.EndTime
	})
	from, _ := strconv.Atoi(in.NextToken)
	end := len(all)
	out := map[string]any{}
	if p.pageSize > 0 && from+p.pageSize < end {
		end = from + p.pageSize
		out["nextToken"] = strconv.Itoa(end)
	}
	events := []map[string]any{}
	for _, e := range all[from:end] {
		events = append(events, map[string]any{"timestamp": e.at.UnixMilli(), "message": e.message})
	}
	out["events"] = events
	_ = json.NewEncoder(w).Encode(out)
}

// sent is a result of a REST API's request, which was sent with ownID and was refused for want of a key.
func sent(change func(*probe.Result)) probe.Result {
	res := probe.Result{
		ID: "case", At: noon, Request: &probe.RequestInfo{Headers: map[string]string{"x-amzn-requestid": ownID}},
		Observed: &probe.Observation{
			Status: 403, RequestID: ownID, ExtendedRequestID: "extended=", Timings: probe.Timings{Total: 40},
			Headers: map[string]string{"date": noon.Format(http.TimeFormat)},
		},
		Attribution: &probe.Attribution{Layer: probe.WAF, Sound: []probe.Layer{probe.WAF, probe.APIKeyLayer}},
	}
	if change != nil {
		change(&res)
	}
	return res
}

const accessFormat = `{"id":"$context.requestId","extended":"$context.extendedRequestId","api":"$context.apiId","status":"$context.status","type":"$context.error.responseType","epoch":"$context.requestTimeEpoch"}`

// entry is one of the access log, of so long after noon.
func entry(id, extended string, status int, after time.Duration) event {
	return event{noon.Add(after), fmt.Sprintf(`{"id":%q,"extended":%q,"api":"a1b2c3d4e5","status":"%d","type":"INVALID_API_KEY","epoch":"%d"}`,
		id, extended, status, noon.Add(after).UnixMilli())}
}

func restLogs(format, level string) map[string]string {
	settings, err := json.Marshal(map[string]string{"destinationArn": "arn:aws:logs:eu-west-1:123456789012:log-group:/orders", "format": format})
	if err != nil {
		panic(err)
	}
	return map[string]string{"/restapis/a1b2c3d4e5/stages/prod": fmt.Sprintf(
		`{"stageName":"prod","accessLogSettings":%s,"methodSettings":{"*/*":{"loggingLevel":%q}}}`, settings, level)}
}

func httpLogs(format string) map[string]string {
	settings, err := json.Marshal(map[string]string{"destinationArn": "arn:aws:logs:eu-west-1:123456789012:log-group:/orders:*", "format": format})
	if err != nil {
		panic(err)
	}
	return map[string]string{"/v2/apis/h1/stages/prod": fmt.Sprintf(`{"stageName":"prod","accessLogSettings":%s}`, settings)}
}

// TestEntryOfRequest: an entry is evidence of the request whose id it bears, and proof only if the answer was made for it.
func TestEntryOfRequest(t *testing.T) {
	const proof, likely, nothing = "documented", "inferred", ""
	lost := func(r *probe.Result) {
		r.Observed = &probe.Observation{Error: &probe.NetworkError{Phase: probe.PhaseFirstByte, Kind: "eof"}}
	}
	bare := func(r *probe.Result) { r.Observed.RequestID, r.Observed.ExtendedRequestID = "", "" }
	header := func(name, value string) func(*probe.Result) {
		return func(r *probe.Result) { r.Observed.Headers[name] = value }
	}
	for name, c := range map[string]struct {
		answer func(*probe.Result)
		log    []event
		want   string // the grade of the response type
		notes  []string
	}{
		"its own":                        {log: []event{entry(ownID, "extended=", 403, 0)}, want: proof},
		"no extended id in the log":      {log: []event{entry(ownID, "-", 403, 0)}, want: proof},
		"no extended id, another status": {log: []event{entry(ownID, "-", 200, 0)}, want: likely},
		"another request under its id":   {log: []event{entry(ownID, "another=", 403, 0)}, want: nothing},
		"both under its id":              {log: []event{entry(ownID, "another=", 403, 0), entry(ownID, "extended=", 403, 0)}, want: proof},
		"another request":                {log: []event{entry(otherID, "another=", 403, 0)}, want: nothing},
		"another API": {
			log: []event{{noon, strings.Replace(entry(ownID, "-", 403, 0).message, "a1b2c3d4e5", "f6g7h8i9j0", 1)}}, want: nothing,
		},
		"answer without ids": {answer: bare, log: []event{entry(ownID, "extended=", 403, 0)}, want: likely},
		"answer without ids, two of one": {
			answer: bare, log: []event{entry(ownID, "extended=", 403, 0), entry(ownID, "another=", 403, 0)}, want: nothing,
			notes: []string{"orders: access log /orders: several entries bear the id of one request, 1 times: none of them was taken"},
		},
		"lost answer": {answer: lost, log: []event{entry(ownID, "extended=", 403, 0)}, want: proof},
		"cached answer of another": {
			answer: func(r *probe.Result) { r.Observed.RequestID, r.Observed.ExtendedRequestID = otherID, "another=" },
			log:    []event{entry(otherID, "another=", 403, -time.Minute)}, want: nothing,
		},
		"answer with an id of its own": {
			answer: func(r *probe.Result) { r.Observed.RequestID = otherID },
			log:    []event{entry(otherID, "extended=", 403, 0)}, want: likely,
		},
		"our request beside a cached answer": {
			answer: func(r *probe.Result) { r.Observed.RequestID, r.Observed.ExtendedRequestID = otherID, "another=" },
			log:    []event{entry(ownID, "-", 200, 0)}, want: nothing,
		},
		"cache that admits it": {answer: header("x-cache", "RefreshHit from cloudfront"), log: []event{entry(ownID, "extended=", 403, 0)}, want: nothing},
		"aged":                 {answer: header("age", "3"), log: []event{entry(ownID, "extended=", 403, 0)}, want: nothing},
	} {
		t.Run(name, func(t *testing.T) {
			p := &logPlane{plane: plane{answers: restLogs(accessFormat, "OFF")}, groups: map[string][]event{"/orders": c.log}}
			got := openPlane(t, p, evidence.DefaultBudget).Testify(t.Context(), restAPI(), []probe.Result{sent(c.answer)})
			if grade := gradeOf(got.Evidence["case"]); grade != c.want {
				t.Errorf("got %q, want %q: %+v", grade, c.want, got.Evidence)
			}
			notes := slices.DeleteFunc(got.Notes, func(n string) bool { return strings.Contains(n, "lacks") || strings.Contains(n, "have no entry") })
			if diff := cmp.Diff(c.notes, notes, emptyIsNil); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

var emptyIsNil = cmp.Transformer("slice", func(s []string) []string { return slices.Clip(append([]string{}, s...)) })

// gradeOf is that of the type of the gateway response.
func gradeOf(all []probe.Evidence) string {
	for _, e := range all {
		if strings.Contains(e.Text, "error.responseType") {
			return string(e.Grade)
		}
	}
	return ""
}

// TestEntryOfHTTP: an HTTP API gives its answers ids of its own, which a cache repeats.
func TestEntryOfHTTP(t *testing.T) {
	answer := func(id, gateway string, at time.Time) probe.Result {
		return sent(func(r *probe.Result) {
			r.ID, r.At = id, at
			r.Observed.RequestID, r.Observed.ExtendedRequestID = "", ""
			r.Observed.Headers = map[string]string{"apigw-requestid": gateway, "date": at.Format(http.TimeFormat)}
		})
	}
	line := func(id string, at time.Time) event {
		return event{at, fmt.Sprintf(`{"id":%q,"status":"403","type":"INVALID_API_KEY"}`, id)}
	}
	p := &logPlane{plane: plane{answers: httpLogs(`{"id":"$context.requestId","status":"$context.status","type":"$context.error.responseType"}`)}}
	p.groups = map[string][]event{"/orders": {
		line("first-one=", noon), line("shared-one=", noon), line("old-one-=", noon.Add(-time.Second*30)), line("late-one=", noon.Add(time.Second)),
	}}
	got := openPlane(t, p, evidence.DefaultBudget).Testify(t.Context(), httpAPI(), []probe.Result{
		answer("fine", "first-one=", noon), answer("one", "shared-one=", noon), answer("two", "shared-one=", noon.Add(time.Minute)),
		answer("older", "old-one-=", noon.Add(30*time.Second)), answer("late", "late-one=", noon),
	})
	grades := make(map[string]string)
	for id, e := range got.Evidence {
		grades[id] = gradeOf(e)
	}
	if diff := cmp.Diff(map[string]string{"fine": "documented", "late": "documented"}, grades); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestLostAnswer: of a request whose answer was lost the log tells what became of it.
func TestLostAnswer(t *testing.T) {
	p := &logPlane{plane: plane{answers: restLogs(accessFormat, "OFF")}, groups: map[string][]event{"/orders": {entry(ownID, "extended=", 403, 0)}}}
	got := openPlane(t, p, evidence.DefaultBudget).Testify(t.Context(), restAPI(), []probe.Result{sent(func(r *probe.Result) {
		r.Observed = &probe.Observation{Error: &probe.NetworkError{Phase: probe.PhaseFirstByte, Kind: "eof"}}
	})})
	all := got.Evidence["case"]
	if len(all) == 0 || all[len(all)-1].Text != "the answer was lost; its log has status 403" || all[len(all)-1].Grade != probe.Documented ||
		all[len(all)-1].Candidates[0].Layer != probe.APIKeyLayer {
		t.Errorf("got %+v, want the verdict of the log at the end", all)
	}
}

// TestExecutionLog: the lines of one request are read from among those of others.
func TestExecutionLog(t *testing.T) {
	line := func(id, text string) event { return event{noon, "(" + id + ") " + text} }
	p := &logPlane{plane: plane{answers: restLogs("$context.requestId$context.status", "ERROR")}, groups: map[string][]event{"API-Gateway-Execution-Logs_a1b2c3d4e5/prod": {
		line(ownID, "Extended Request Id: extended="), line(otherID, "Extended Request Id: other="), line(ownID, "Verifying Usage Plan for request: "+ownID+". API Key:  API Stage: a1b2c3d4e5/prod"),
		line(otherID, "Starting execution for request: "+otherID), line(ownID, "API Key  not authorized because method 'GET /' requires API Key\nand more"),
		line(ownID, "Method completed with status: 403"), line(otherID, "Method completed with status: 200"),
	}}}
	got := openPlane(t, p, evidence.DefaultBudget).Testify(t.Context(), restAPI(), []probe.Result{sent(nil)})
	var texts []string
	for _, e := range got.Evidence["case"] {
		texts = append(texts, string(e.Grade)+" "+e.Text)
	}
	want := []string{
		" execution log API-Gateway-Execution-Logs_a1b2c3d4e5/prod: the entry of 2026-11-21T12:00:00Z",
		`documented execution log: "Verifying Usage Plan": usage plans are verified after the authorizer`,
		`inferred execution log: "Verifying Usage Plan": after a user pool's, too, as it seems`,
		`documented execution log: "API Key not authorized": no valid API key of the stage's usage plans came`,
	}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	notes := []string{`orders: the access log of stage "prod" was not read: its format: got nothing between $context.status and the variable before it, want a character that ends a value`}
	if diff := cmp.Diff(notes, got.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// TestBusyLog: what much else is written to is asked for the ids, a filter at a time; what is not, once.
func TestBusyLog(t *testing.T) {
	var results []probe.Result
	p := &logPlane{plane: plane{answers: restLogs(accessFormat, "OFF")}, pageSize: 10, groups: map[string][]event{}}
	for i := range 30 {
		id := fmt.Sprintf("11111111-2222-4333-8444-%012d", i)
		results = append(results, sent(func(r *probe.Result) {
			r.ID, r.Observed.RequestID, r.Observed.ExtendedRequestID = strconv.Itoa(i), id, ""
			r.Request = &probe.RequestInfo{Headers: map[string]string{"x-amzn-requestid": id}}
		}))
		p.groups["/orders"] = append(p.groups["/orders"], entry(id, "-", 403, 0), entry(otherID, "-", 403, 0))
	}
	got := openPlane(t, p, evidence.DefaultBudget).Testify(t.Context(), restAPI(), results)
	if len(got.Evidence) != 30 {
		t.Errorf("got evidence of %d requests, want of 30", len(got.Evidence))
	}
	var filters []int // ids in the pattern of each call
	for _, call := range p.calls {
		filters = append(filters, strings.Count(call, "?"))
	}
	if diff := cmp.Diff([]int{0, 0, 0, 0, 24, 24, 24, 6}, filters); diff != "" {
		t.Errorf("ids asked for (-want +got):\n%s", diff)
	}
}

// TestLogsNotSeen: why a log shows nothing is noted, and fails nothing.
func TestLogsNotSeen(t *testing.T) {
	firehose := strings.Replace(restLogs(accessFormat, "OFF")["/restapis/a1b2c3d4e5/stages/prod"], "arn:aws:logs:eu-west-1:123456789012:log-group:/orders",
		"arn:aws:firehose:eu-west-1:123456789012:deliverystream/amazon-apigateway-orders", 1)
	whole := `{"id":"$context.requestId","a":"$context.error.responseType","b":"$context.error.message","c":"$context.resourcePath","d":"$context.wafResponseCode",` +
		`"e":"$context.authenticate.status","f":"$context.authorizer.status","g":"$context.authorize.status","h":"$context.integration.status",` +
		`"i":"$context.status","j":"$context.authorizer.integrationStatus","k":"$context.error.validationErrorString","l":"$context.integration.error","m":"$context.extendedRequestId"}`
	for name, c := range map[string]struct {
		stage  string
		groups map[string][]event
		want   []string
	}{
		"Firehose": {stage: firehose, want: []string{
			`orders: the access log of stage "prod" was not read: it goes to arn:aws:firehose:eu-west-1:123456789012:deliverystream/amazon-apigateway-orders`,
		}},
		"no group": {stage: restLogs(whole, "OFF")["/restapis/a1b2c3d4e5/stages/prod"], want: []string{"orders: access log /orders: there is no such log group"}},
		"no entry": {
			stage: restLogs(whole, "INFO")["/restapis/a1b2c3d4e5/stages/prod"], groups: map[string][]event{"/orders": nil, "API-Gateway-Execution-Logs_a1b2c3d4e5/prod": nil},
			want: []string{"orders: access log /orders: 1 of 1 requests have no entry after 0s; entries may come minutes late: --evidence-wait waits for them"},
		},
		"stage refused": {stage: "403 AccessDeniedException", want: []string{
			"account: not seen: what is deployed, the web ACL and the logs: apigateway:GET on arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/prod is not allowed",
		}},
		"no logs": {stage: `{"stageName":"prod"}`},
	} {
		t.Run(name, func(t *testing.T) {
			p := &logPlane{plane: plane{answers: map[string]string{"/restapis/a1b2c3d4e5/stages/prod": c.stage}}, groups: c.groups}
			got := openPlane(t, p, evidence.DefaultBudget).Testify(t.Context(), restAPI(), []probe.Result{sent(nil)})
			if diff := cmp.Diff(c.want, got.Notes); diff != "" || len(got.Evidence) > 0 {
				t.Errorf("got evidence %+v, notes (-want +got):\n%s", got.Evidence, diff)
			}
		})
	}
}
