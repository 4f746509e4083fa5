package probe

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ofHTTP(a *API) { a.Type, a.Stage = HTTP, DefaultStage }

// sameWords is a refusal of an HTTP API, or what a backend behind one says alike.
func sameWords(status int) answer {
	return answer{status: status, message: http.StatusText(status), body: `{"message":"` + http.StatusText(status) + `"}`}
}

// TestHTTPRules shows what may be concluded of HTTP APIs. The last exchange is the one that is attributed.
func TestHTTPRules(t *testing.T) {
	t.Parallel()
	otherRoute := func(a *API) {
		ofHTTP(a)
		a.Routes[0].Path, a.Routes[0].PathParameters = "/orders/{id}", map[string]string{"id": "a b:c"}
	}
	tests := map[string]struct {
		scene func(*testing.T) *scene
		want  got
	}{
		"an accepted sibling leaves the authorizers and the application: never certain": {
			func(t *testing.T) *scene {
				return newScene(t, ofHTTP).stable(AccessDefault).ask(unsignedScenario, AccessDefault, sameWords(403), "")
			},
			got{IAMAuthentication, Likely, "iam-authentication lambda-authorizer jwt-authorizer backend"},
		},
		"a spoiled signature": {
			func(t *testing.T) *scene {
				return newScene(t, ofHTTP).stable(AccessDefault).ask(tamperedScenario, AccessDefault, sameWords(403), "")
			},
			got{IAMAuthentication, Likely, "iam-authentication lambda-authorizer jwt-authorizer backend"},
		},
		"C24: that the principal passed on another path shows nothing of this one's canonical form": {
			func(t *testing.T) *scene {
				s := newScene(t, ofHTTP).stable(AccessDefault)
				otherRoute(&s.api)
				return s.ask(signedScenario, AccessDefault, sameWords(403), "")
			},
			got{IAMAuthentication, Ambiguous, "iam-authentication iam-authorization backend lambda-authorizer jwt-authorizer"},
		},
		"words of its own are the application's": {
			func(t *testing.T) *scene {
				return newScene(t, ofHTTP).ask(unsignedScenario, AccessDefault, answer{status: 403, body: `{"detail":"no"}`}, "")
			},
			got{Backend, Certain, "backend"},
		},
		"a message of its own is probably the application's": {
			func(t *testing.T) *scene {
				return newScene(t, ofHTTP).ask(unsignedScenario, AccessDefault, answer{status: 403, message: "no", body: `{"message":"no"}`}, "")
			},
			got{Backend, Likely, "backend integration route stage iam-authentication lambda-authorizer jwt-authorizer iam-authorization request-validation"},
		},
		"a redirect is the application's": {
			func(t *testing.T) *scene {
				return newScene(t, ofHTTP).ask(unsignedScenario, AccessDefault, answer{status: 302}, "")
			},
			got{Backend, Likely, "backend"},
		},
		"the ids of two gateways: one is behind the other": {
			func(t *testing.T) *scene {
				return newScene(t, ofHTTP).ask(unsignedScenario, AccessDefault,
					answer{status: 403, errorType: missingToken, headers: map[string]string{"x-amz-apigw-id": "x"}}, "")
			},
			got{Backend, Likely, "backend"},
		},
		"C38: an answer of a REST API is read as one, and is never certain": {
			func(t *testing.T) *scene {
				s := newScene(t).stable(AccessDefault).ask(unsignedScenario, AccessDefault, matAnswer, "")
				for i := range s.exchanges {
					s.exchanges[i].Case.API.Type = HTTP
				}
				return s
			},
			got{IAMAuthentication, Likely, "iam-authentication route domain"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tt.scene(t)
			all := Attribute(s.plan, s.exchanges)
			a := all[len(all)-1]
			if diff := cmp.Diff(tt.want, short(a)); diff != "" {
				t.Errorf("(-want +got):\n%s\nbecause:\n  %s", diff, strings.Join(a.Because, "\n  "))
			}
		})
	}
}

// TestHTTPFingerprints names, for each answer of an HTTP API, its shape and everything that can produce it.
func TestHTTPFingerprints(t *testing.T) {
	t.Parallel()
	type shape struct{ Name, Layers string }
	const mismatch = `Bearer scope="" error="invalid_token" error_description="the signature is invalid"`
	for name, tt := range map[string]struct {
		status          int
		body, challenge string
		want            shape
	}{
		"no route":               {404, `{"message":"Not Found"}`, "", shape{"http-not-found", "route stage domain backend"}},
		"no token":               {401, `{"message":"Unauthorized"}`, "Bearer", shape{"http-unauthorized", "jwt-authorizer lambda-authorizer backend"}},
		"bad token":              {401, `{"message":"Unauthorized"}`, mismatch, shape{"http-token-invalid", "jwt-authorizer backend"}},
		"commas are not AWS's":   {401, `{"message":"Unauthorized"}`, `Bearer error="invalid_token", error_description="x"`, shape{"http-unauthorized", "jwt-authorizer lambda-authorizer backend"}},
		"application's 401":      {401, `{"message":"Unauthorized","code":7}`, "Bearer", shape{"http-body-of-the-backend", "backend"}},
		"message that is a list": {403, `{"message":["Forbidden"]}`, "", shape{"http-body-of-the-backend", "backend"}},
		"refusal":                {403, `{"message":"Forbidden"}`, "", shape{"http-forbidden", "iam-authentication lambda-authorizer jwt-authorizer iam-authorization tls domain backend"}},
		"throttled":              {429, `{"message":"Too Many Requests"}`, "", shape{"http-throttled", "usage-plan backend"}},
		"function failed":        {500, `{"message":"Internal Server Error"}`, "", shape{"http-server-error", "integration lambda-authorizer backend"}},
		"REST's spelling of it":  {500, `{"message": "Internal server error"}`, "", shape{"http-other", "backend integration route stage domain iam-authentication lambda-authorizer jwt-authorizer iam-authorization request-validation"}},
		"function is late":       {503, `{"message":"Service Unavailable"}`, "", shape{"http-unavailable", "integration usage-plan backend"}},
		"too large":              {413, `{"message":"Request Entity Too Large"}`, "", shape{"http-too-large", "request-validation integration backend"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{"Apigw-Requestid": {"x"}}
			if tt.challenge != "" {
				h.Set("www-authenticate", tt.challenge)
			}
			o := &Observation{Status: tt.status, HeadersComplete: true, Body: tt.body}
			o.readHeaders(h, newRedactor(nil))
			o.readMessage(tt.body)
			f := fingerprintOf(group(&Plan{}, []Exchange{{Observation: o}}, nil)[0])
			var ls []string
			for _, p := range f.candidates {
				if l := string(p.Layer); len(ls) == 0 || ls[len(ls)-1] != l {
					ls = append(ls, l)
				}
			}
			if diff := cmp.Diff(tt.want, shape{f.name, strings.Join(ls, " ")}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
