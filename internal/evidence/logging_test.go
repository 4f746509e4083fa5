package evidence_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
)

const stages = "arn:aws:logs:us-east-1:123456789012:log-group:"

// What stages are set to is read off the shapes of both versions of the management API.
func TestLogging(t *testing.T) {
	for name, c := range map[string]struct {
		api     probe.API
		answers map[string]string
		want    evidence.Logging
	}{
		"REST": {
			probe.API{Type: probe.REST, ID: "a1", Region: "us-east-1", Stage: "prod"},
			map[string]string{
				"GET /restapis/a1/stages/prod": `{"accessLogSettings":{"destinationArn":"` + stages + `orders:*","format":"$context.requestId"},"methodSettings":{
					"items/GET":{"loggingLevel":"ERROR","dataTraceEnabled":true},"*/*":{"loggingLevel":"INFO"}}}`,
				"GET /account": `{"cloudwatchRoleArn":"arn:aws:iam::123456789012:role/logs"}`,
				"DescribeLogGroups": `{"logGroups":[{"logGroupName":"orders-old","retentionInDays":1},{"logGroupName":"orders","retentionInDays":30,"kmsKeyId":"arn:aws:kms:k"},
					{"logGroupName":"API-Gateway-Execution-Logs_a1/prod"}]}`,
			},
			evidence.Logging{
				Account: "123456789012", Role: aws.String("arn:aws:iam::123456789012:role/logs"),
				Stage: &evidence.StageLogging{
					Destination: stages + "orders:*", Format: "$context.requestId",
					Execution: []evidence.ExecutionLevel{{Method: "*/*", Level: "INFO"}, {Method: "items/GET", Level: "ERROR", DataTrace: true}},
				},
				Groups: map[string]*evidence.LogGroup{
					"orders": {Exists: true, Retention: 30, Key: "arn:aws:kms:k"}, "API-Gateway-Execution-Logs_a1/prod": {Exists: true},
				},
			},
		},
		"HTTP": {
			probe.API{Type: probe.HTTP, ID: "h1", Region: "us-east-1", Stage: "$default"},
			map[string]string{
				"GET /v2/apis/h1/stages/$default": `{"defaultRouteSettings":{"detailedMetricsEnabled":false}}`,
				"GetCallerIdentity":               `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
				"DescribeLogGroups":               "400 AccessDeniedException", "DescribeResourcePolicies": `{"resourcePolicies":[{"policyName":"p","policyDocument":"{}"}]}`,
			},
			evidence.Logging{
				Account: "123456789012", Stage: &evidence.StageLogging{}, Groups: map[string]*evidence.LogGroup{"planned": nil}, Policies: map[string]string{"p": "{}"},
				Notes: []string{
					"account: not seen: which log groups are there, and their retention: logs:DescribeLogGroups on arn:aws:logs:us-east-1:123456789012:log-group:* is not allowed",
				},
			},
		},
		"WebSocket": {
			probe.API{Type: probe.WebSocket, ID: "w1", Region: "us-east-1", Stage: "prod"},
			map[string]string{
				"GET /v2/apis/w1/stages/prod": `{"accessLogSettings":{"destinationArn":"` + stages + `feed","format":"{}"},"routeSettings":{"$connect":{"loggingLevel":"INFO","dataTraceEnabled":true}},
					"defaultRouteSettings":{"loggingLevel":"OFF","detailedMetricsEnabled":true,"throttlingBurstLimit":5,"throttlingRateLimit":2.5}}`,
				"GET /account": `{}`, "DescribeLogGroups": `{"logGroups":[]}`,
			},
			evidence.Logging{
				Account: "123456789012", Role: aws.String(""),
				Stage: &evidence.StageLogging{
					Destination: stages + "feed", Format: "{}", Execution: []evidence.ExecutionLevel{
						{Method: "*", Level: "OFF", Metrics: true, Burst: aws.Int32(5), Rate: aws.Float64(2.5)}, {Method: "$connect", Level: "INFO", DataTrace: true},
					},
				},
				Groups: map[string]*evidence.LogGroup{"feed": {}, "API-Gateway-Execution-Logs_w1/prod": {}},
			},
		},
		"no stage": {
			probe.API{Type: probe.REST, ID: "a1", Region: "us-east-1", Stage: "other"}, nil, evidence.Logging{NoStage: true},
		},
		"no right": {
			probe.API{Type: probe.HTTP, ID: "h1", Region: "us-east-1", Stage: "prod"}, map[string]string{"GET /v2/apis/h1/stages/prod": "403 AccessDeniedException"},
			evidence.Logging{Notes: []string{
				"account: not seen: what is deployed, and the logs: apigateway:GET on arn:aws:apigateway:us-east-1::/apis/h1/stages/prod is not allowed",
			}},
		},
	} {
		s := &services{answers: c.answers}
		got := s.open(t).Logging(t.Context(), c.api, "planned")
		if of := `"resourceArn":"arn:aws:logs:us-east-1:123456789012:log-group:planned"`; name == "HTTP" && !strings.Contains(s.bodies["DescribeResourcePolicies"], of) {
			t.Errorf("%s: got %s, want the policies of the group asked for, too", name, s.bodies["DescribeResourcePolicies"])
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestEvents(t *testing.T) {
	read := func(answer string) (got []evidence.LogEvent, err error) {
		s := &services{answers: map[string]string{"FilterLogEvents": answer}}
		for e, wrong := range s.open(t).Events(t.Context(), "us-east-1", "123456789012", "orders", time.UnixMilli(5)) {
			if wrong != nil {
				err = wrong
				break
			}
			if got = append(got, e); len(got) == 3 {
				break // the pages never end
			}
		}
		if want := `"startTime":5`; len(s.bodies) != 1 || !strings.Contains(s.bodies["FilterLogEvents"], want) {
			t.Errorf("got requests %v, want one with %s", s.bodies, want)
		}
		return got, err
	}
	got, err := read(`{"events":[{"eventId":"1","timestamp":7,"message":"a"},{"eventId":"2","timestamp":8,"message":"b"}],"nextToken":"more"}`)
	want := []evidence.LogEvent{{ID: "1", At: time.UnixMilli(7).UTC(), Message: "a"}, {ID: "2", At: time.UnixMilli(8).UTC(), Message: "b"}, {ID: "1", At: time.UnixMilli(7).UTC(), Message: "a"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("got error %v (-want +got):\n%s", err, diff)
	}
	const entries = "not seen: the entries of log group orders: logs"
	for answer, want := range map[string]evidence.Unread{
		"400 ResourceNotFoundException": {Text: "there is no log group orders", Final: true},
		"400 AccessDeniedException":     {Text: entries + ":FilterLogEvents on arn:aws:logs:us-east-1:123456789012:log-group:orders:* is not allowed", Final: true},
		"400 InvalidParameterException": {Text: entries + " FilterLogEvents on arn:aws:logs:us-east-1:123456789012:log-group:orders:* was answered InvalidParameterException"},
	} {
		_, err := read(answer)
		var unread *evidence.Unread
		if !errors.As(err, &unread) || unread.Text != want.Text || unread.Final != want.Final {
			t.Errorf("%s: got %v, want %+v", answer, err, want)
		}
	}
}

// Policies let the delivery of logs write, or not, or nobody can tell.
func TestDelivers(t *testing.T) {
	const principal = `"Principal":{"Service":"delivery.logs.amazonaws.com"}`
	for policy, want := range map[string][]any{
		`{"Statement":{"Effect":"Allow",` + principal + `,"Action":"logs:*","Resource":"*"}}`:                                                                                 {true, 0},
		`{"Statement":{"Effect":"Allow",` + principal + `,"Action":"logs:Put*","Resource":"` + stages + `*"}}`:                                                                {true, 0},
		`{"Statement":{"Effect":"Allow",` + principal + `,"Action":"logs:Put*","Resource":"` + stages + `other:*"}}`:                                                          {false, 0},
		`{"Statement":{"Effect":"Allow",` + principal + `,"Action":"logs:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}}`:               {true, 0},
		`{"Statement":{"Effect":"Allow",` + principal + `,"Action":"logs:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}}}}`:               {false, 0},
		`{"Statement":{"Effect":"Allow",` + principal + `,"Action":"logs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}`:                             {false, 1},
		`{"Statement":[{"Effect":"Allow",` + principal + `,"Action":"logs:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"logs:PutLogEvents","Resource":"*"}]}`: {false, 0},
		`{"Statement":{"Effect":"Allow","Principal":{"Service":"es.amazonaws.com"},"Action":"logs:*","Resource":"*"}}`:                                                        {false, 0},
		`no JSON`: {false, 1},
	} {
		l := evidence.Logging{Account: "123456789012", Policies: map[string]string{"policy": policy}}
		allowed, unsure := l.Delivers("us-east-1", "orders")
		if diff := cmp.Diff(want, []any{allowed, len(unsure)}); diff != "" {
			t.Errorf("%s: allowed and doubts (-want +got):\n%s", policy, diff)
		}
	}
}
