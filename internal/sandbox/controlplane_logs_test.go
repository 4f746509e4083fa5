package sandbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/google/go-cmp/cmp"
)

// logsOf sends requests to a model whose stage logs everything, and returns what
// is in its access log and its execution log.
func logsOf(t *testing.T, m Model, requests ...*http.Request) (access []map[string]string, execution []string) {
	t.Helper()
	for i := range m.APIs {
		m.APIs[i].Stages[0].AccessLog = &AccessLog{Group: "access", Format: PhaseLogFormat(m.APIs[i].family())}
		m.APIs[i].Stages[0].ExecutionLog = true
	}
	g := gateway(t, m)
	for _, r := range requests {
		g.ServeHTTP(httptest.NewRecorder(), r)
	}
	a := &m.APIs[0]
	for _, e := range g.logs.written(a.logGroup("access"), noon.Add(time.Hour)) {
		var v map[string]string
		if err := json.Unmarshal([]byte(e.message), &v); err != nil {
			t.Fatalf("%s: %v", e.message, err)
		}
		access = append(access, v)
	}
	for _, e := range g.logs.written(a.logGroup(executionGroup(a, "prod")), noon.Add(time.Hour)) {
		execution = append(execution, e.message)
	}
	return access, execution
}

// told are the variables that a line holds, of those that tell phases.
func told(line map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range line {
		phase, kind, _ := strings.Cut(name, ".")
		if value != "-" && (kind == "status" || name == "wafResponseCode" || name == "error.responseType" || kind == "integrationStatus" || phase == "resourcePath") {
			out[name] = value
		}
	}
	return out
}

func TestAccessLogTellsPhases(t *testing.T) {
	custom := func(f AuthorizerFunction) func(*Model) {
		return func(m *Model) {
			m.APIs[0].Authorizers = []Authorizer{{Name: "z", Type: TokenAuthorizer, Function: f}}
			m.APIs[0].Routes = append(m.APIs[0].Routes, Route{Method: "GET", Path: "/custom", Authorization: Custom, Authorizer: "z"})
		}
	}
	signed := func(path string) *http.Request { return signing{}.sign(get("/prod"+path), caller()) }
	outsider := &Principal{AccessKeyID: "AKIAOUTSIDER", SecretKey: "secret", ARN: "arn:aws:iam::" + account + ":user/outsider"}
	for name, test := range map[string]struct {
		change func(*Model)
		send   *http.Request
		want   map[string]string
	}{
		"accepted": {send: signed("/iam"), want: map[string]string{
			"resourcePath": "/iam", "authenticate.status": "200", "authorize.status": "200", "integration.status": "200",
		}},
		"unsigned": {send: get("/prod/iam"), want: map[string]string{
			"resourcePath": "/iam", "authenticate.status": "403", "error.responseType": "MISSING_AUTHENTICATION_TOKEN",
		}},
		"not allowed": {send: signing{}.sign(get("/prod/iam"), outsider), want: map[string]string{
			"resourcePath": "/iam", "authenticate.status": "200", "authorize.status": "403", "error.responseType": "ACCESS_DENIED",
		}},
		"no key":        {send: get("/prod/keyed"), want: map[string]string{"resourcePath": "/keyed", "error.responseType": "INVALID_API_KEY"}},
		"no such route": {send: get("/prod/nothing"), want: map[string]string{"error.responseType": "MISSING_AUTHENTICATION_TOKEN"}},
		"blocked by the web ACL": {
			change: func(m *Model) { m.APIs[0].Stages[0].WebACL = []WAFRule{{Match: WAFAll}} }, send: get("/prod/open"),
			want: map[string]string{"waf.status": "403", "wafResponseCode": "WAF_BLOCK", "error.responseType": "WAF_FILTERED"},
		},
		"let through by the web ACL": {
			change: func(m *Model) { m.APIs[0].Stages[0].WebACL = []WAFRule{{Match: WAFQueryContains, Value: "x"}} }, send: get("/prod/open"),
			want: map[string]string{"resourcePath": "/open", "waf.status": "200", "wafResponseCode": "WAF_ALLOW", "integration.status": "200"},
		},
		"denied by the resource policy": {
			change: func(m *Model) { m.APIs[0].ResourcePolicy = Policy{{Effect: Deny, Principal: []string{"*"}}} }, send: get("/prod/open"),
			want: map[string]string{"resourcePath": "/open", "authorize.status": "403", "error.responseType": "ACCESS_DENIED"},
		},
		"allowed by the authorizer": {
			change: custom(AuthorizerFunction{Otherwise: AllowAll}), send: get("/prod/custom", "Authorization: x"),
			want: map[string]string{
				"resourcePath": "/custom", "authorizer.status": "200", "authorizer.integrationStatus": "200", "authorize.status": "200", "integration.status": "200",
			},
		},
		"denied by the authorizer": {
			change: custom(AuthorizerFunction{Otherwise: DenyAll}), send: get("/prod/custom", "Authorization: x"),
			want: map[string]string{
				"resourcePath": "/custom", "authorizer.status": "200", "authorizer.integrationStatus": "200", "authorize.status": "403",
				"error.responseType": "ACCESS_DENIED",
			},
		},
		"unknown to the authorizer": {
			change: custom(AuthorizerFunction{Otherwise: Decision{Fails: Unauthorized}}), send: get("/prod/custom", "Authorization: x"),
			want: map[string]string{
				"resourcePath": "/custom", "authorizer.status": "401", "authorizer.integrationStatus": "200", "error.responseType": "UNAUTHORIZED",
			},
		},
		"backend's own refusal": {
			change: func(m *Model) { m.APIs[0].Routes[1].Backend = Backend{Status: 403} }, send: get("/prod/open"),
			want: map[string]string{"resourcePath": "/open", "integration.status": "403"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := world()
			if test.change != nil {
				test.change(&m)
			}
			lines, _ := logsOf(t, m, test.send)
			if len(lines) != 1 {
				t.Fatalf("got %d lines, want 1", len(lines))
			}
			got := told(lines[0])
			delete(got, "status")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNothingIsLoggedWithoutAStage(t *testing.T) {
	lines, execution := logsOf(t, world(), get("/nowhere/iam"))
	if len(lines)+len(execution) > 0 {
		t.Errorf("got %v and %v, want nothing", lines, execution)
	}
}

func TestExecutionLog(t *testing.T) {
	const id = "01234567-89ab-4def-8123-456789abcdef"
	_, lines := logsOf(t, world(), get("/prod/keyed", requestIDHeader+": "+id, "x-api-key: wrong-key-of-mine"))
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "("+id+") ")
	}
	want := []string{
		"Verifying Usage Plan for request: " + id + ". API Key: ***********f-mine API Stage: a1b2c3d4e5/prod",
		"API Key ***********f-mine not authorized because method 'GET /keyed' requires API Key and API Key is not associated with a Usage Plan for API Stage " +
			"a1b2c3d4e5/prod: No Usage Plan found for key and API Stage",
		"Method completed with status: 403",
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "Extended Request Id: ") {
		t.Fatalf("got %q, want the extended id first", lines)
	}
	if diff := cmp.Diff(want, lines[1:]); diff != "" {
		t.Error(diff)
	}
}

func TestLogsAreReadByRequestID(t *testing.T) {
	now := time.Now()
	c, ctx := accountOf(t, func(m *Model) {
		m.Now = func() time.Time { return now }
		m.ControlPlane.LogDelay = time.Minute
		m.ControlPlane.PageSize = 1
		m.ControlPlane.Retention = map[string]int{"/apigateway/catalog": 14}
	}), t.Context()
	const id = "01234567-89ab-4def-8123-456789abcdef"
	host := "https://" + c.gateway.byID[builtin.Catalog].Host()
	for range 2 {
		c.gateway.ServeHTTP(httptest.NewRecorder(), get(host+"/prod/items", requestIDHeader+": "+id))
	}
	c.gateway.ServeHTTP(httptest.NewRecorder(), get(host+"/prod/items"))
	client := cloudwatchlogs.NewFromConfig(c.config)
	find := func(group, pattern string) (messages []string) {
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName: &group, FilterPattern: &pattern, StartTime: aws.Int64(now.Add(-time.Minute).UnixMilli()),
		})
		for pages.HasMorePages() {
			for _, e := range must[*cloudwatchlogs.FilterLogEventsOutput](t)(pages.NextPage(ctx)).Events {
				messages = append(messages, *e.Message)
			}
		}
		return messages
	}
	if early := find("/apigateway/catalog", `"`+id+`"`); len(early) > 0 {
		t.Errorf("before the delay: got %v, want nothing", early)
	}
	now = now.Add(time.Minute)
	for _, pattern := range []string{`"` + id + `"`, `{ $.requestId = "` + id + `" }`, `-nobody ?never ?"` + id + `"`} {
		if got := find("/apigateway/catalog", pattern); len(got) != 2 {
			t.Errorf("%s: got %d entries, want 2", pattern, len(got))
		}
	}
	if got := find(executionGroup(c.gateway.byID[builtin.Catalog], "prod"), id); len(got) < 4 || !strings.HasPrefix(got[0], "("+id+") ") {
		t.Errorf("the execution log: got %q, want lines of the request", got)
	}
	_, err := client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/nobody")})
	if apiCode(err) != "ResourceNotFoundException" {
		t.Errorf("no group: got %v, want ResourceNotFoundException", err)
	}

	retention := map[string]int32{}
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(client, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/apigateway/c")})
	for pages.HasMorePages() {
		for _, g := range must[*cloudwatchlogs.DescribeLogGroupsOutput](t)(pages.NextPage(ctx)).LogGroups {
			retention[*g.LogGroupName] = aws.ToInt32(g.RetentionInDays)
		}
	}
	if diff := cmp.Diff(map[string]int32{"/apigateway/catalog": 14}, retention); diff != "" {
		t.Error(diff)
	}
	streams := must[*cloudwatchlogs.DescribeLogStreamsOutput](t)(client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("/apigateway/catalog")}))
	events := must[*cloudwatchlogs.GetLogEventsOutput](t)(client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: aws.String("/apigateway/catalog"), LogStreamName: streams.LogStreams[0].LogStreamName, StartFromHead: aws.Bool(true),
	}))
	if len(events.Events) != 1 || aws.ToString(events.NextForwardToken) == "f/" {
		t.Errorf("a page of a stream: got %d events and token %q, want 1 and one to go on", len(events.Events), aws.ToString(events.NextForwardToken))
	}
}

func TestCommonLogFormat(t *testing.T) {
	m := world()
	m.APIs[0].Stages[0].AccessLog = &AccessLog{Group: "access", Format: CommonLogFormat}
	g := gateway(t, m)
	g.ServeHTTP(httptest.NewRecorder(), get("/prod/open", requestIDHeader+": 01234567-89ab-4def-8123-456789abcdef"))
	got := g.logs.written(m.APIs[0].logGroup("access"), noon)[0].message
	want := `192.0.2.1 - - [21/Nov/2026:12:00:00 +0000] "GET /open HTTP/1.1" 200 11 01234567-89ab-4def-8123-456789abcdef`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The only id of a request to a WebSocket API is the extended one.
func TestLogsOfWebSocketBearOneID(t *testing.T) {
	m := world()
	m.APIs[0].Type, m.APIs[0].Routes = WebSocket, []Route{{Path: "$connect", Authorization: IAM}}
	r := get("/prod")
	for name, value := range map[string]string{
		"Connection": "upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
	} {
		r.Header.Set(name, value)
	}
	access, execution := logsOf(t, m, r)
	if len(access) != 1 || access[0]["requestId"] == "-" || access[0]["requestId"] != access[0]["extendedRequestId"] {
		t.Fatalf("got %v, want one entry whose ids are one", access)
	}
	if id := access[0]["requestId"]; len(execution) == 0 || execution[0] != "("+id+") Extended Request Id: "+id {
		t.Errorf("got %q, want lines of %s", execution, id)
	}
}
