package logging

import (
	"maps"
	"strings"
	"testing"

	"apigwprobe/internal/capture"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// Our own formats are as long as allowed, of documented variables, and need no explanation.
func TestFormat(t *testing.T) {
	for _, kind := range []probe.APIType{probe.REST, probe.HTTP, probe.WebSocket} {
		t.Run(string(kind), func(t *testing.T) {
			format := Format(kind)
			e := Explain(kind, format)
			for _, k := range e.Keys {
				if k.Path != k.Variable {
					t.Errorf("key %q: got $context.%s, want the variable of that name", k.Path, k.Variable)
				}
			}
			if got := len(e.Keys); got != len(formats[kind]) {
				t.Errorf("keys: got %d, want %d: one is there twice", got, len(formats[kind]))
			}
			want := Explanation{Type: kind, Bytes: len(format), Wrong: []string{}, Missing: []capture.Lack{}, Remarks: []string{}}
			e.Keys = nil
			if diff := cmp.Diff(want, e); diff != "" {
				t.Errorf("explanation (-want +got):\n%s", diff)
			}
		})
	}
}

// Entries of our formats are read without being told the format, and their layer is found.
func TestEntries(t *testing.T) {
	for kind, c := range map[probe.APIType]struct {
		values map[string]string
		want   probe.Layer
	}{
		probe.REST:      {map[string]string{"error.responseType": "INVALID_API_KEY", "resourcePath": "/export"}, probe.APIKeyLayer},
		probe.HTTP:      {map[string]string{"error.responseType": "THROTTLED", "routeKey": "GET /stock", "status": "429"}, probe.UsagePlan},
		probe.WebSocket: {map[string]string{"error.responseType": "INVALID_API_KEY", "eventType": "CONNECT", "routeKey": "$connect"}, probe.APIKeyLayer},
	} {
		values := map[string]string{"requestId": "6f1b4c2e-0000-4000-8000-000000000001", "status": "403"}
		maps.Copy(values, c.values)
		entry := contextVariable.ReplaceAllStringFunc(Format(kind), func(name string) string {
			if v := values[strings.TrimPrefix(name, "$context.")]; v != "" {
				return v
			}
			return "-"
		})
		var read []probe.Transcript
		for x, err := range capture.Read(strings.NewReader(entry), "entry", capture.LogFormat{}) {
			if err != nil {
				t.Fatal(err)
			}
			read = append(read, x)
		}
		if len(read) != 1 {
			t.Fatalf("%s: got %d entries, want 1", kind, len(read))
		}
		a := probe.Explain(read)[0].Attribution
		if got := string(read[0].APIType) + " " + string(a.Layer) + " " + string(a.Confidence); got != string(kind)+" "+string(c.want)+" certain" {
			t.Errorf("%s: got %q, want layer %s, certain", kind, got, c.want)
		}
		for _, text := range a.Evidence {
			if strings.Contains(text, "holds") || strings.Contains(text, "not read") {
				t.Errorf("%s: got evidence %q, want keys that need no remark", kind, text)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	for name, c := range map[string]struct {
		kind   probe.APIType
		format string
		want   Explanation
	}{
		"of AWS's own runbook": { // it calls a variable by the name of another
			probe.REST,
			`{"requestId":"$context.requestId","extendedRequestId":"$context.extendedRequestId","status":$context.status,"resourcePath":"$context.resourcePath",` +
				`"waf-status":"$context.waf.status","authenticate-status":"$context.authorizer.integrationStatus","authorizer-status":"$context.authorizer.status",` +
				`"authorize-status":"$context.authorize.status","error-message":"$context.error.message","integration-status":"$context.integration.status"}`,
			Explanation{
				Keys: []Key{
					{"authenticate-status", "authorizer.integrationStatus", "the status of the call to the authorizer's function, not its decision"},
					{"authorize-status", "authorize.status", "the status of authorization"},
					{"authorizer-status", "authorizer.status", "the status of the authorizer"},
					{"error-message", "error.message", "the message of the answer"},
					{"extendedRequestId", "extendedRequestId", "the extended request id"},
					{"integration-status", "integration.status", "the status that the integration returned"},
					{"requestId", "requestId", "the request id"},
					{"resourcePath", "resourcePath", "the resource that took the request"},
					{"status", "status", "the status of the answer"},
					{"waf-status", "waf.status", "the status of the web ACL's phase"},
				},
				Wrong: []string{
					`key "authenticate-status" holds $context.authorizer.integrationStatus (the status of the call to the authorizer's function, not its decision), not $context.authenticate.status`,
				},
				Missing: []capture.Lack{
					{Variable: "error.responseType", Tells: "which kind of refusal it was"},
					{Variable: "authenticate.status", Tells: "whether the signature was refused"},
					{Variable: "error.validationErrorString", Tells: "whether request validation refused it"},
					{Variable: "integration.error", Tells: "whether the integration failed"},
				},
				Remarks: []string{},
			},
		},
		"no JSON, on two lines, without an id": {
			probe.HTTP, "$context.identity.sourceIp $context.status $context.error.messageString $context.error.responseType\n" +
				"$context.routeKey $context.authorizer.error $context.integration.status $context.integrationErrorMessage $context.status\n",
			Explanation{
				Keys: []Key{},
				Wrong: []string{
					"it is no JSON object with $context variables: tools for logs find no fields in its entries", "it has several lines, want one",
					"it has neither $context.requestId nor $context.extendedRequestId, want one: API Gateway refuses it without",
				},
				Missing: []capture.Lack{{Variable: "requestId", Tells: "which request the entry is of"}},
				Remarks: []string{},
			},
		},
		"a secret, an unknown variable, and texts": {
			probe.WebSocket, strings.Replace(Format(probe.WebSocket), "{", `{"key":"$context.identity.apiKey","peer":{"x":"$context.identity.vpceId"},"where":"$context.stage $context.apiId","n":1,`, 1),
			Explanation{
				Wrong:   []string{"$context.identity.apiKey is the value of the API key, which is a secret: $context.identity.apiKeyId tells the key, too"},
				Missing: []capture.Lack{},
				Remarks: []string{
					`key "n" holds more or other than one variable: it is not read`, `key "where" holds more or other than one variable: it is not read`,
					"$context.identity.vpceId is not documented for WEBSOCKET APIs: it may always be empty",
				},
			},
		},
		"too long": {
			probe.REST, strings.Replace(Format(probe.REST), "{", `{"`+strings.Repeat("k", MaxFormat)+`":"$context.stage",`, 1),
			Explanation{Wrong: []string{"it has 5770 bytes, want at most 3072"}, Missing: []capture.Lack{}, Remarks: []string{}},
		},
	} {
		got := Explain(c.kind, c.format)
		c.want.Type, c.want.Bytes = c.kind, len(strings.TrimRight(c.format, "\n"))
		if c.want.Keys == nil {
			got.Keys = nil
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A format comes from outside.
func FuzzExplain(f *testing.F) {
	f.Add(Format(probe.HTTP))
	f.Add("{\"a\":{\"b\":\"$context.status\"},\"status\":$context.requestId}\r\n")
	f.Add("$context.requestId $context..x $context.authorizer. {")
	f.Fuzz(func(t *testing.T, format string) {
		for _, kind := range []probe.APIType{probe.REST, probe.HTTP, probe.WebSocket} {
			e := Explain(kind, format)
			if e.Sufficient() && len(e.Keys) == 0 {
				t.Errorf("Explain(%s, %q): got sufficient, want keys that can be read", kind, format)
			}
			if repaired := Repair(kind, format); !Explain(kind, repaired).Sufficient() {
				t.Errorf("Repair(%s, %q): got %q, want a format that suffices", kind, format, repaired)
			}
			var b strings.Builder
			if err := e.WriteText(&b); err != nil {
				t.Errorf("WriteText: %v", err)
			}
		}
	})
}
