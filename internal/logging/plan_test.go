package logging

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

const groups = "arn:aws:logs:eu-west-1:111122223333:log-group:"

var (
	orders = probe.API{Name: "orders", Type: probe.REST, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod"}
	stock  = probe.API{Name: "stock", Type: probe.HTTP, ID: "h1i2j3k4l5", Region: "eu-west-1", Stage: "$default"}
	feed   = probe.API{Name: "feed", Type: probe.WebSocket, ID: "w1x2y3z4a5", Region: "cn-north-1", Stage: "it's"}
)

// kept is a group that exists and keeps its entries for a while.
func kept() *evidence.LogGroup { return &evidence.LogGroup{Exists: true, Retention: 14} }

var plans = []struct {
	name  string
	api   probe.API
	has   evidence.Logging
	state State // the worst
}{
	{"rest-nothing", orders, evidence.Logging{
		Account: "111122223333", Stage: &evidence.StageLogging{}, Role: aws.String(""), Groups: map[string]*evidence.LogGroup{Group(orders): {}, evidence.ExecutionGroup(orders): {}},
	}, Missing},
	{"rest-mislabelled", orders, evidence.Logging{
		Account: "111122223333", Role: aws.String("arn:aws:iam::111122223333:role/logs"),
		Stage: &evidence.StageLogging{
			Destination: groups + "/orders:*",
			Format: `{ "requestId":"$context.requestId", "status":$context.status, "why": {"authenticate-status":"$context.authorizer.integrationStatus"},
 "key":"$context.identity.apiKey", "tenant":"$context.authorizer.tenant" }`,
			Execution: []evidence.ExecutionLevel{{Method: "*/*", Level: "ERROR", DataTrace: true}, {Method: "items/GET", Level: "OFF", DataTrace: true}, {Method: "items~1{id}/GET"}},
		},
		Groups: map[string]*evidence.LogGroup{"/orders": {Exists: true, Key: "arn:aws:kms:eu-west-1:111122223333:key/k"}, evidence.ExecutionGroup(orders): {}},
	}, Wrong},
	{"rest-firehose", orders, evidence.Logging{
		Account: "111122223333", Role: aws.String("arn:aws:iam::111122223333:role/logs"),
		Stage:  &evidence.StageLogging{Destination: "arn:aws:firehose:eu-west-1:111122223333:deliverystream/amazon-apigateway-orders", Format: Format(probe.REST)},
		Groups: map[string]*evidence.LogGroup{},
	}, Fine},
	{"http-nothing", stock, evidence.Logging{
		Account: "111122223333", Stage: &evidence.StageLogging{}, Groups: map[string]*evidence.LogGroup{Group(stock): kept()},
		Policies: map[string]string{"other": `{"Statement":[{"Effect":"Allow","Principal":{"Service":"es.amazonaws.com"},"Action":"logs:*","Resource":"*"}]}`},
	}, Missing},
	{"http-all", stock, evidence.Logging{
		Account: "111122223333", Stage: &evidence.StageLogging{Destination: groups + "stock", Format: Format(probe.HTTP)}, Groups: map[string]*evidence.LogGroup{"stock": kept()},
		Policies: map[string]string{"delivery": `{"Statement":{"Effect":"Allow","Principal":{"Service":"delivery.logs.amazonaws.com"},"Action":["logs:CreateLogStream","logs:PutLogEvents"],` +
			`"Resource":"` + groups + `stock:log-stream:*","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":["arn:aws:logs:eu-west-1:111122223333:*"]}}}}`},
	}, Fine},
	{"http-denied", stock, evidence.Logging{
		Account: "111122223333", Stage: &evidence.StageLogging{Destination: groups + "stock", Format: Format(probe.HTTP)}, Groups: map[string]*evidence.LogGroup{"stock": kept()},
		Policies: map[string]string{
			"apigateway-access-logs-h1i2j3k4l5": `{"Statement":{"Effect":"Allow","Principal":{"Service":"delivery.logs.amazonaws.com"},"Action":"logs:PutLogEvents","Resource":"` + groups + `other:*"}}`,
		},
	}, Missing},
	{"websocket-trace", feed, evidence.Logging{
		Account: "111122223333", Role: aws.String("arn:aws-cn:iam::111122223333:role/logs"),
		Stage: &evidence.StageLogging{
			Destination: "arn:aws-cn:logs:cn-north-1:111122223333:log-group:feed", Format: Format(probe.WebSocket),
			Execution: []evidence.ExecutionLevel{
				{Method: "*", Level: "OFF", Burst: aws.Int32(100), Rate: aws.Float64(50), Metrics: true}, {Method: "$connect", Level: "INFO", DataTrace: true},
			},
		},
		Groups: map[string]*evidence.LogGroup{"feed": kept(), evidence.ExecutionGroup(feed): kept()},
	}, Wrong},
	{"websocket-no-execution-log", feed, evidence.Logging{
		Account: "111122223333", Role: aws.String("arn:aws-cn:iam::111122223333:role/logs"),
		Stage:  &evidence.StageLogging{Destination: "arn:aws-cn:logs:cn-north-1:111122223333:log-group:feed", Format: Format(probe.WebSocket)},
		Groups: map[string]*evidence.LogGroup{"feed": kept(), evidence.ExecutionGroup(feed): {Exists: true}},
	}, Optional},
	{"unseen", orders, evidence.Logging{
		Account: "111122223333", Stage: &evidence.StageLogging{Destination: groups + "orders", Format: Format(probe.REST)}, Groups: map[string]*evidence.LogGroup{"orders": nil},
		Notes: []string{"account: not seen: the role: apigateway:GET on arn:aws:apigateway:eu-west-1::/account is not allowed"},
	}, Unseen},
	{"unseen-policy", stock, evidence.Logging{
		Account: "111122223333", Stage: &evidence.StageLogging{Destination: groups + "stock", Format: Format(probe.HTTP)}, Groups: map[string]*evidence.LogGroup{"stock": kept()},
		Policies: map[string]string{"strange": "no policy"},
	}, Unseen},
	{"unseen-account", stock, evidence.Logging{
		Stage: &evidence.StageLogging{}, Groups: map[string]*evidence.LogGroup{Group(stock): nil}, Notes: []string{"account: not seen: the account"},
	}, Missing},
	{"no-stage", orders, evidence.Logging{NoStage: true}, Missing},
	{"unseen-stage", orders, evidence.Logging{}, Unseen},
}

func TestPlan(t *testing.T) {
	if len(plans) == 0 {
		t.Fatal("got no case")
	}
	for _, c := range plans {
		t.Run(c.name, func(t *testing.T) {
			p := New(c.api, c.has, 30)
			if got := [2]bool{p.ToDo(), p.Incomplete()}; got != [2]bool{c.state == Missing || c.state == Wrong, strings.HasPrefix(c.name, "unseen")} {
				t.Errorf("to do, incomplete: got %v for %s", got, c.state)
			}
			var b strings.Builder
			if err := p.WriteText(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, c.name+".txt", b.String())
			for _, s := range p.Steps {
				for _, line := range append(s.Do, s.Undo...) {
					sh := exec.Command("sh", "-n")
					sh.Stdin = strings.NewReader(line)
					if out, err := sh.CombinedOutput(); err != nil {
						t.Errorf("%s: %v: %s", line, err, out)
					}
				}
			}
		})
	}
	text, err := json.MarshalIndent(New(orders, plans[0].has, 30), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "rest-nothing.json", string(text)+"\n")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
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
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// A format that is repaired suffices, and keeps what others may read.
func TestRepair(t *testing.T) {
	for name, c := range map[string]struct {
		kind         probe.APIType
		format, want string
	}{
		"nothing to do": {probe.HTTP, Format(probe.HTTP), Format(probe.HTTP)},
		"no JSON":       {probe.HTTP, "$context.requestId $context.status", Format(probe.HTTP)},
		"none":          {probe.REST, "", Format(probe.REST)},
		"on lines, lacking, mislabelled, with a secret": {
			probe.WebSocket,
			"{\n\"id\": \"$context.requestId\",\r\n\"status\": $context.status, \"type\":\"$context.error.responseType\",\"said\":\"$context.error.messageString\"," +
				`"route":"$context.routeKey","authorizer":{"status":"$context.authorizer.integrationStatus", "key":"$context.identity.apiKey"},"authorize-status":"$context.authorize.status"}` + "\n",
			`{ "id": "$context.requestId", "status": $context.status, "type":"$context.error.responseType","said":"$context.error.messageString",` +
				`"route":"$context.routeKey","authorizer":{"status":"$context.authorizer.status", "key":"$context.identity.apiKeyId"},"authorize-status":"$context.authorize.status"` +
				`,"authenticate.status":"$context.authenticate.status","authorizer.integrationStatus":"$context.authorizer.integrationStatus","integration.status":"$context.integration.status"}`,
		},
		"too long to add to": {probe.REST, `{"requestId":"$context.requestId","` + strings.Repeat("k", 2900) + `":"$context.stage"}`, Format(probe.REST)},
	} {
		got := Repair(c.kind, c.format)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if e := Explain(c.kind, got); !e.Sufficient() {
			t.Errorf("%s: got %+v, want a format that suffices", name, e)
		}
	}
}
