package evidence

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"apigwprobe/probe"
)

// Whatever a function answers is read or refused, and what is read as a policy can be asked.
func FuzzAnswer(f *testing.F) {
	for _, answer := range []string{
		`null`, `{"isAuthorized":true,"context":{"a":[1]}}`, `{"principalId":"me","policyDocument":{"Statement":[]},"context":{"a":{}}}`,
		`{"principalId":"me","policyDocument":{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}},"context":null}`,
	} {
		f.Add([]byte(answer))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, kind := range []probe.APIType{probe.REST, probe.HTTP, probe.WebSocket} {
			z := &authorizer{kind: "REQUEST", payload: "2.0", simple: true}
			a, err := z.readAnswer(kind, payload)
			switch {
			case err != nil && (a.allowed || a.policy != nil):
				t.Errorf("%s: got %+v with the error %v, want nothing", kind, a, err)
			case err == nil && !json.Valid(payload):
				t.Errorf("%s: read what is no JSON", kind)
			case a.simple && kind != probe.HTTP && err == nil:
				t.Errorf("%s: took yes or no for an answer", kind)
			}
			_ = a.policy.on(question{action: invokeAction, resource: asked})
		}
	})
}

var epoch = time.Unix(0, 0)

// Whatever stands in place of a token is read or refused.
func FuzzClaims(f *testing.F) {
	for _, token := range []string{"", "a.b.c", "Bearer a.eyJpc3MiOiJ4IiwiYXVkIjpbImEiXSwiZXhwIjoxZTMwMH0.c", "a.W10.c", "a.bnVsbA==.c"} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		held, err := readClaims(token)
		if err != nil {
			return
		}
		z := &authorizer{issuer: "x", audience: []string{"a"}, pools: []string{"x"}}
		for _, scopes := range [][]string{nil, {"read"}} {
			if cause, why := held.against(z, scopes, epoch); why == "" || cause == "" && held.Issuer != "x" {
				t.Errorf("%q: got %q: %q", token, cause, why)
			}
		}
		if _, why := held.againstPool(z, epoch); why == "" {
			t.Errorf("%q: got no word", token)
		}
	})
}

func TestIdentitySource(t *testing.T) {
	h, query := http.Header{"X-Token": {"a", "b"}}, map[string][]string{"token": {"c"}}
	for source, want := range map[string]string{
		"method.request.header.X-Token": "a,b", "$request.header.x-token": "a,b", "route.request.querystring.token": "c",
		"method.request.header.Other": "", "$request.querystring.other": "", "context.identity.sourceIp": "-", "$context.routeKey": "-", "stageVariables.color": "-",
	} {
		got, ok := identitySource(source, h, query)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}

func TestFunctionOf(t *testing.T) {
	const arn = "arn:aws:lambda:eu-west-1:111122223333:function:"
	for uri, want := range map[string]string{
		"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + arn + "orders/invocations":                                         arn + "orders",
		"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + arn + "orders:live/invocations":                                    arn + "orders:live",
		"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + arn + "${stageVariables.name}:${stageVariables.alias}/invocations": arn + "orders:live",
		"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + arn + "${stageVariables.other}/invocations":                        "",
		arn + "orders":                                     arn + "orders",
		"https://example.com/function:orders":              "",
		"arn:aws:apigateway:eu-west-1:sqs:path/111/orders": "",
	} {
		if got := functionOf(uri, "", map[string]string{"name": "orders", "alias": "live"}).arn; got != want {
			t.Errorf("%s: got %q, want %q", uri, got, want)
		}
	}
}
