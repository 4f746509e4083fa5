package capture

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"apigwprobe/probe"
)

// canary stands where secrets stand in the seeds.
const canary = "Zq7canarySECRETcanary9xW"

// seeds are one input of each format, with secrets in every place that holds some.
var seeds = map[string]string{
	"curl -v": connection + "> GET /prod/orders?X-Amz-Signature=" + canary + "&token=" + canary + " HTTP/2\n> Host: " + host +
		"\n> Authorization: Bearer " + canary + "\n> Cookie: a=b; session=" + canary + "\n> X-Amz-Security-Token: " + canary + "\n>\n" + answer +
		`{"message":"you sent ` + canary + `"}`,
	"curl -i": "HTTP/1.1 403 Forbidden\nx-amzn-errortype: InvalidSignatureException\nSet-Cookie: s=" + canary + "\nLocation: https://x/?code=" + canary +
		"\n\n" + `{"message":"The request signature we calculated does not match.\n\nhost:x\nx-amz-security-token:` + canary + `\nx-api-key:` + canary + `\n"}`,
	"curl -i, parse error": "HTTP/1.1 403 Forbidden\n\n" + `{"message":"'` + canary + `' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer ` + canary + `'."}`,
	"HAR": `{"log":{"entries":[{"request":{"method":"GET","url":"https://u:` + canary + `@x.example/?key=` + canary + `#` + canary + `","headers":[{"name":"x-api-key","value":"` + canary + `"}]},
	"response":{"status":403,"headers":[{"name":"x-cache","value":"Bearer ` + canary + `"}],"content":{"text":"` + canary + `"}}}]}}`,
	"access log": `{"requestId":"r","status":"403","authorizer.error":"Bearer ` + canary + `","error.message":"'` + canary + `' not a valid key=value pair","path":"/x","domainName":"d","httpMethod":"GET"}`,
	"execution log": "Starting authorizer: a for request: r\nEndpoint request headers: {Authorization=" + canary + ", x-api-key=" + canary + "}\n" +
		"Endpoint request body after transformations: {\"token\":\"" + canary + "\"}\nUnauthorized request: r\n",
	"access log of an HTTP API":     `{"requestId":"r","routeKey":"GET /x","httpMethod":"GET","status":"403","authorizer.error":"Bearer ` + canary + `","integrationErrorMessage":"x-api-key:` + canary + `"}`,
	"access log of a WebSocket API": `{"requestId":"r","routeKey":"$connect","eventType":"CONNECT","status":"403","authorize.error":"Bearer ` + canary + `"}`,
	"filter-log-events":             `{"events":[{"timestamp":1,"message":"{\"requestId\":\"r\",\"status\":\"403\",\"authorizer.error\":\"Bearer ` + canary + `\"}"}],"nextToken":"` + canary + `"}`,
	"query":                         `{"results":[[{"field":"@timestamp","value":"2026-01-10 11:04:45.000"},{"field":"@message","value":"Starting authorizer: a for request: r"}],[{"field":"@message","value":"Unauthorized request: r"}]],"status":"Complete"}`,
	"export":                        `[{"@timestamp":"2026-01-10 11:04:45.000","@message":{"requestId":"r","status":"403","authorizer.error":"Bearer ` + canary + `"}}]`,
	"recorded":                      `{"request":{"method":"GET","url":"/?api_key=` + canary + `"},"response":{"client_error":"curl: (35) Authorization: Basic ` + canary + `"}}`,
}

// TestNoSecretIsShown reads secrets in every place that holds some.
func TestNoSecretIsShown(t *testing.T) {
	for name, seed := range seeds {
		t.Run(name, func(t *testing.T) {
			transcripts, err := read(seed)
			if err != nil || len(transcripts) == 0 {
				t.Fatalf("got %d transcripts, %v", len(transcripts), err)
			}
			shown, err := json.Marshal(probe.Explain(transcripts))
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []string{canary, canary[:8], canary[len(canary)-8:]} {
				if strings.Contains(string(shown), part) {
					t.Errorf("%s shows %q", shown, part)
				}
			}
		})
	}
}

// FuzzRead reads anything: it must neither panic nor keep more than it read, and must not show what a Bearer header of
// the input holds.
func FuzzRead(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	if data, err := os.ReadFile(vectors); err == nil {
		f.Add(string(data[:8<<10]))
	} else {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, input string) {
		transcripts, err := read(input)
		if err != nil && !strings.HasPrefix(err.Error(), "in:") {
			t.Errorf("error without a place: %v", err)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("error shows a secret: %v", err)
		}
		kept := 0
		for _, tr := range transcripts {
			kept += len(tr.Body)
		}
		if kept > len(input) {
			t.Errorf("got %d bytes of bodies out of %d", kept, len(input))
		}
		for _, x := range probe.Explain(transcripts) {
			if x.Observed == nil || x.Attribution.Confidence == "" {
				t.Errorf("got %+v, want an observation and a confidence", x)
			}
			for name, value := range x.Observed.Headers {
				if strings.Contains(value, "Bearer "+canary) {
					t.Errorf("header %s shows a secret", name)
				}
			}
		}
	})
}

// FuzzLogFormat: a format that is accepted reads an entry of its own form.
func FuzzLogFormat(f *testing.F) {
	f.Add(`{"id":"$context.requestId","status":$context.status,"a":{"b":"$context.error.responseType"}}`, `{"id":"r","a":{"b":"THROTTLED"}}`)
	f.Add(`{"a":["$context.status"]}`, `{"a":null}`)
	f.Add(`$context.identity.sourceIp "$context.httpMethod" $context.status $context.requestId`, `1.2.3.4 "GET" 403 r`)
	f.Add(`<r id="$context.requestId">$context.error.responseType</r>`, `<r id="x">THROTTLED</r>`)
	f.Fuzz(func(t *testing.T, text, entry string) {
		format, err := ParseLogFormat(text)
		if err != nil {
			return
		}
		if len(format.keys) == 0 {
			t.Errorf("accepting %q: got no keys", text)
		}
		for tr, err := range Read(strings.NewReader(entry), "in", format) {
			if err == nil && tr.Source == "" {
				t.Errorf("got %+v, want a source", tr)
			}
		}
	})
}
