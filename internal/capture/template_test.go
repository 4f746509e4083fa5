package capture

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"apigwprobe/probe"
)

// TestTemplate reads access logs that are no JSON.
func TestTemplate(t *testing.T) {
	const clf = `$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] ` +
		`"$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId`
	type held struct{ RequestID, ExtendedRequestID, Method, API, Message, At string }
	for name, test := range map[string]struct {
		format, log string
		want        []held
		wrong       string
	}{
		"CLF": {
			format: clf,
			log: `192.0.2.1 - - [10/Jan/2026:11:04:45 +0000] "GET /orders HTTP/1.1" 403 23 r-1` + "\n\n" +
				`2026-01-10T11:04:46Z 192.0.2.1 - - [10/Jan/2026:11:04:46 +0000] "GET - HTTP/1.1" 404 23 r-2` + "\r\n",
			want: []held{{RequestID: "r-1", Method: "GET", At: "11:04:45"}, {RequestID: "r-2", Method: "GET", At: "11:04:46"}},
		},
		"CSV": {
			format: "$context.requestId,$context.extendedRequestId,$context.apiId,$context.error.message\n",
			log:    "r,e,a1b2c3,Missing Authentication Token, or what else",
			want:   []held{{RequestID: "r", ExtendedRequestID: "e", API: "a1b2c3", Message: "Missing Authentication Token, or what else"}},
		},
		"XML": {
			format: `<request id="$context.requestId"><message>$context.error.message</message></request>`,
			log:    `<request id="r"><message>Forbidden</message></request>`,
			want:   []held{{RequestID: "r", Message: "Forbidden"}},
		},
		"a value with the character that ends it": {
			format: `"$context.error.message" $context.requestId`, log: `"not "valid"" r`,
			wrong: "in:1: got a line of another form than the format, want an entry of that access log",
		},
		"another log": {
			format: clf, log: "something else", wrong: "in:1: got a line of another form than the format, want an entry of that access log",
		},
	} {
		t.Run(name, func(t *testing.T) {
			format, err := ParseLogFormat(test.format)
			if err != nil {
				t.Fatal(err)
			}
			var got []held
			wrong := ""
			for tr, err := range Read(strings.NewReader(test.log), "in", format) {
				if err != nil {
					wrong = err.Error()
					continue
				}
				h := held{tr.RequestID, tr.ExtendedRequestID, tr.Method, tr.API, tr.Message, ""}
				if !tr.At.IsZero() {
					h.At = tr.At.Format("15:04:05")
				}
				got = append(got, h)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || wrong != test.wrong {
				t.Errorf("got %q, want %q (-want +got):\n%s", wrong, test.wrong, diff)
			}
		})
	}
}

// TestTemplateTells: the type of the gateway response proves in any format.
func TestTemplateTells(t *testing.T) {
	format, err := ParseLogFormat("$context.requestId $context.status $context.error.responseType")
	if err != nil {
		t.Fatal(err)
	}
	got, _ := conclude(t, "r 403 INVALID_API_KEY", format)
	want := conclusion{probe.APIKeyLayer, probe.Certain, []probe.Layer{probe.APIKeyLayer}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestEntryThatBreaksJSON: a message with line breaks is read all the same.
func TestEntryThatBreaksJSON(t *testing.T) {
	format, err := ParseLogFormat(`{"id":"$context.requestId","text":"$context.error.message","status":$context.status}`)
	if err != nil {
		t.Fatal(err)
	}
	for entry, want := range map[string]bool{
		`{"id":"r","text":"The Canonical String should have been\n'GET","status":403}`:           true,
		"{\"id\":\"r\",\"text\":\"The Canonical String should have been\n'GET\",\"status\":403}": true,
		"{\"id\":\"r\",\"text\":\"with \"quotes\"\",\"status\":403}":                             false,
		"END RequestId: r": false,
	} {
		got, ok := format.Entry(entry)
		if ok != want || ok && (got.RequestID != "r" || got.Status != 403 || got.Message != "The Canonical String should have been\n'GET") {
			t.Errorf("%s: got %+v, %t, want %t", entry, got, ok, want)
		}
	}
}

// TestLacks: what a format does not tell depends on the kind of API.
func TestLacks(t *testing.T) {
	format, err := ParseLogFormat(`{"id":"$context.requestId","type":"$context.error.responseType","text":"$context.error.message","route":"$context.routeKey","waf":{"is":"$context.wafResponseCode"}}`)
	if err != nil {
		t.Fatal(err)
	}
	got := map[probe.APIType][]string{}
	for _, kind := range everyType {
		for _, lack := range format.Lacks(kind) {
			got[kind] = append(got[kind], lack.Variable)
		}
	}
	want := map[probe.APIType][]string{
		probe.REST: {
			"status", "resourcePath", "authenticate.status", "authorizer.status", "authorizer.integrationStatus", "authorize.status", "error.validationErrorString",
			"integration.status", "integration.error", "extendedRequestId",
		},
		probe.HTTP:      {"status", "authorizer.error", "integration.status", "integration.error"},
		probe.WebSocket: {"status", "authenticate.status", "authorizer.status", "authorizer.integrationStatus", "authorize.status", "integration.status"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestExecutionLogOfWebSocket: the requests of a WebSocket API have ids in base64.
func TestExecutionLogOfWebSocket(t *testing.T) {
	const id = "(P3YlYFzsFiAFe0Q=) "
	var got []probe.Transcript
	for tr, err := range Read(strings.NewReader(id+"Extended Request Id: P3YlYFzsFiAFe0Q=\n"+id+"Verifying Usage Plan for request: P3YlYFzsFiAFe0Q=. API Key:  API Stage: a/prod\n"+
		id+"API Key  not authorized because method '$connect' requires API Key\n"+id+"Method completed with status: 403\n"), "in", LogFormat{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, tr)
	}
	if len(got) != 1 || got[0].RequestID != "P3YlYFzsFiAFe0Q=" || got[0].ExtendedRequestID != got[0].RequestID || got[0].Status != 403 || len(got[0].Evidence) != 3 {
		t.Errorf("got %+v, want one request with its id, its status and what its lines say", got)
	}
}
