package sandbox

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// validated is the world with a validator on every part of a POST, behind a key.
func validated() Model {
	m := world()
	m.APIs[0].Routes = append(m.APIs[0].Routes, Route{
		Method: "POST", Path: "/sum/{id}", Authorization: None, APIKeyRequired: true,
		Validator: &Validator{
			Parameters: []string{"method.request.header.x-header-param", "method.request.path.id", "method.request.querystring.qs1"},
			Body: &Schema{Type: "object", Required: []string{"a", "b"}, Properties: map[string]Schema{
				"a": {Type: "number"}, "b": {Type: "integer"}, "c": {Type: "array", Items: &Schema{Type: "string"}}, "d": {Type: "boolean"},
			}},
			ContentTypes: []string{jsonType, "text/csv"},
		},
	})
	return m
}

func sum(target, body string, headers ...string) *http.Request {
	return withBody(request("POST", "/prod/sum/7"+target, append(headers, "x-api-key: "+goodKey)...), body)
}

func TestRequestValidation(t *testing.T) {
	const (
		param = "x-header-param: test"
		good  = `{"a":1.5,"b":2}`
	)
	refused := func(status int, message, cause string) result {
		return result{Status: status, ErrorType: "BadRequestException", Key: "message", Message: message, Trace: true, Layer: "request-validation", Cause: cause}
	}
	ok := result{Status: 200, Trace: true, Layer: "none", Cause: "accepted"}
	badBody := refused(400, "Invalid request body", "bad-request-body")
	for _, tc := range []struct {
		name    string
		request *http.Request
		want    result
	}{
		{"good", sum("?qs1=x", good, param), ok},
		{"JSON by name", sum("?qs1=x", good, param, "Content-Type: application/json; charset=utf-8"), ok},
		{"body of another type", sum("?qs1=x", "a,b", param, "Content-Type: text/csv"), ok},
		{"header", sum("?qs1=x", good), refused(400, "Missing required request parameters: [x-header-param]", "bad-request-parameters")},
		{"query", sum("", good, param), refused(400, "Missing required request parameters: [qs1]", "bad-request-parameters")},
		{"empty query, before the body", sum("?qs1=", "{}"), refused(400, "Missing required request parameters: [x-header-param, qs1]", "bad-request-parameters")},
		{"no body", sum("?qs1=x", "", param), badBody},
		{"no JSON", sum("?qs1=x", "a", param), badBody},
		{"no object", sum("?qs1=x", "[]", param), badBody},
		{"missing member", sum("?qs1=x", `{"a":1}`, param), badBody},
		{"string for a number", sum("?qs1=x", `{"a":"1","b":2}`, param), badBody},
		{"fraction for an integer", sum("?qs1=x", `{"a":1,"b":2.5}`, param), badBody},
		{"array", sum("?qs1=x", `{"a":1,"b":2,"c":["x",true]}`, param), badBody},
		{"null", sum("?qs1=x", `{"a":null,"b":2}`, param), badBody},
		{"media type", sum("?qs1=x", good, param, "Content-Type: text/plain"), refused(415, "Unsupported Media Type", "unsupported-media-type")},
		{"broken media type", sum("?qs1=x", good, param, "Content-Type: /"), refused(415, "Unsupported Media Type", "unsupported-media-type")},
		{"key first", withBody(request("POST", "/prod/sum/7"), "{}"), result{Status: 403, ErrorType: forbiddenET, Key: "message",
			Message: "Forbidden", Trace: true, Layer: "api-key", Cause: "missing-api-key"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := ask(t, gateway(t, validated()), tc.request)
			if diff := cmp.Diff(tc.want, res, cmpopts.IgnoreUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What the validator found goes into an owner's template as it is, and breaks its
// JSON, as recorded.
func TestValidationDetail(t *testing.T) {
	m := validated()
	m.APIs[0].GatewayResponses = map[string]GatewayResponse{"BAD_REQUEST_BODY": {Template: "$context.error.validationErrorString"}}
	g := gateway(t, m)
	for body, want := range map[string]string{
		`{"a":"1","b":2}`:           `[instance type (string) does not match any allowed primitive type (allowed: [\"integer\",\"number\"])]`,
		`{"a":1,"b":2,"c":[1]}`:     `[instance type (integer) does not match any allowed primitive type (allowed: [\"string\"])]`,
		`{"b":2}`:                   `[object has missing required properties ([\"a\"])]`,
		`{}`:                        `[object has missing required properties ([\"a\",\"b\"])]`,
		`{"a":1,"b":true,"d":true}`: `[instance type (boolean) does not match any allowed primitive type (allowed: [\"integer\"])]`,
	} {
		if got := ask(t, g, sum("?qs1=x", body, "x-header-param: test")).body; got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
}

// A required path parameter that the resource lacks is always missing.
func TestPathParameter(t *testing.T) {
	m := validated()
	v := m.APIs[0].Routes[5].Validator
	v.Parameters = []string{"method.request.path.issuer"}
	g := gateway(t, m)
	want := "Missing required request parameters: [issuer]"
	if got := ask(t, g, sum("", `{"a":1,"b":2}`)).Message; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A function takes less than the gateway does.
func TestFunctionBodyLimit(t *testing.T) {
	m := world()
	m.APIs[0].Routes = append(m.APIs[0].Routes, Route{Method: "POST", Path: "/open", Authorization: None})
	res := ask(t, gateway(t, m), withBody(request("POST", "/prod/open"), strings.Repeat("x", maxFunctionBody+1)))
	want := result{Status: 413, ErrorType: "BadRequestException", Key: "message", Message: "Request Too Long", Layer: "integration", Cause: "request-too-large"}
	if diff := cmp.Diff(want, res, cmpopts.IgnoreUnexported(result{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
