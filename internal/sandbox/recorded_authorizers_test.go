package sandbox

import (
	"maps"
	"net/http"
	"strings"
)

func init() {
	for cause, denied := range map[string]string{
		"lambda-authorizer-missing-identity-source": "",
		"lambda-authorizer-unauthorized":            "other",
		"lambda-authorizer-deny":                    "deny",
		"lambda-authorizer-failure":                 "crash",
		"lambda-authorizer-misconfigured":           "malformed",
	} {
		provocations[cause] = func(m *Model) *http.Request { *m = guarded(); return get("/prod/token", "Authorization: "+denied) }
		provocations["HTTP "+cause] = func(m *Model) *http.Request { *m = httpWorld(); return get("/policy", "X-Token: "+denied) }
		provocations["WEBSOCKET "+cause] = func(m *Model) *http.Request {
			*m = socketWorld(Route{Authorization: Custom, Authorizer: "request"})
			return handshake("/prod?token=" + denied)
		}
	}
	pool := func(claims map[string]any) func(*Model) *http.Request {
		return func(m *Model) *http.Request {
			*m = pooled()
			return get("/prod/id", "Authorization: "+minted("pool", claims))
		}
	}
	inHTTP := func(path string, headers ...string) func(*Model) *http.Request {
		return func(m *Model) *http.Request { *m = httpWorld(); return get(path, headers...) }
	}
	broken := func(b Backend) func(*Model) *http.Request {
		return func(m *Model) *http.Request {
			*m = httpWorld()
			m.APIs[0].Routes[0].Backend = b
			return get("/open")
		}
	}
	connecting := func(b Backend) func(*Model) *http.Request {
		return func(m *Model) *http.Request {
			*m = socketWorld(Route{Authorization: None, Backend: b})
			return handshake("/prod")
		}
	}
	maps.Copy(provocations, map[string]func(*Model) *http.Request{
		"cognito-token-missing": func(m *Model) *http.Request { *m = pooled(); return get("/prod/id") },
		"cognito-token-invalid": pool(map[string]any{"token_use": "access"}),
		"cognito-token-expired": pool(map[string]any{"token_use": "id", "exp": 1}),

		"HTTP jwt-missing": inHTTP("/jwt"),
		"HTTP jwt-invalid": inHTTP("/jwt", "Authorization: Bearer not-a-token"),
		"HTTP jwt-wrong-audience": func(m *Model) *http.Request {
			return inHTTP("/jwt", "Authorization: "+ordersToken(map[string]any{"aud": "x"}))(m)
		},
		"HTTP jwt-expired": func(m *Model) *http.Request {
			return inHTTP("/scoped", "Authorization: "+ordersToken(map[string]any{"exp": 1}))(m)
		},
		"HTTP unsigned-to-iam": inHTTP("/iam"),
		"HTTP wrong-method":    func(m *Model) *http.Request { *m = httpWorld(); return request("PUT", "/open") },
		"HTTP throttled": func(m *Model) *http.Request {
			*m = throttledHTTP()
			return get("/open")
		},
		"HTTP integration-failure":             broken(Backend{Kind: Throws}),
		"HTTP malformed-lambda-proxy-response": broken(Backend{Kind: Malformed}),
		"HTTP lambda-permission-missing":       broken(Backend{Kind: PermissionMissing}),
		"HTTP lambda-throttled":                broken(Backend{Kind: Throttled}),
		"HTTP integration-timeout":             broken(Backend{Kind: Timeout}),
		"HTTP backend-own-401":                 broken(Backend{Status: 401, Header: map[string]string{"www-authenticate": "Bearer"}}),

		"WEBSOCKET integration-failure": connecting(Backend{Kind: Throws}),
		"WEBSOCKET backend-own-401":     connecting(Backend{Status: 401}),
	})
}

// suit changes a world so that the recording could have been made in it.
func (rec *recording) suit(m *Model, r *http.Request) {
	if rec.AllowOrigin != "" {
		m.APIs[0].CORS = &CORS{Origins: []string{rec.AllowOrigin}, Credentials: true}
		r.Header.Set("Origin", rec.AllowOrigin)
	}
	m.Switches.ThrottledHTTPIsUnavailable = rec.Cause == "throttled" && rec.Status == http.StatusServiceUnavailable
	if rec.Cause == "lambda-authorizer-deny" && rec.APIType == "" && !strings.Contains(rec.Message, "explicit deny") {
		r.Header.Set("Authorization", "silent")
	}
}
