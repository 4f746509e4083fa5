package cli

import (
	"apigwprobe/probe"
	"apigwprobe/scenarios"
)

// shownPosture is what a scenario expects on a posture, or why it is not asked there.
type shownPosture struct {
	Posture  string          `json:"posture"`
	Expected *probe.Expected `json:"expected"` // null: not asked
	Reason   string          `json:"reason"`   // why it is not asked, or which key of the posture would say more

	expectation probe.Expectation
}

func (p shownPosture) text() string {
	if p.Expected == nil {
		return "not asked: " + p.Reason
	}
	return describeExpectation(p.expectation)
}

// postures expands a scenario on usual postures, each of them an API with one route, as a run would.
func postures(s probe.Scenario) []shownPosture {
	var out []shownPosture
	for _, api := range usualAPIs() {
		plan := &probe.Plan{APIs: []probe.API{api}}
		cases, skips := probe.Expand(plan, scenarios.All(), probe.Selection{Scenarios: []string{s.Name}})
		for _, c := range cases {
			if c.Scenario.Name == s.Name {
				e := expected(c.Expected)
				out = append(out, shownPosture{Posture: api.Name, Expected: &e, Reason: undeclared(c.Expected), expectation: c.Expected})
			}
		}
		for _, c := range skips {
			if c.Scenario.Name == s.Name {
				out = append(out, shownPosture{Posture: api.Name, Reason: c.Reason})
			}
		}
	}
	return out
}

func undeclared(e probe.Expectation) string {
	if e.Undeclared == "" {
		return ""
	}
	return e.Undeclared + " is not declared"
}

// usualAPIs have the posture as their name.
func usualAPIs() []probe.API {
	route := func(authorization probe.Authorization, keyed bool) probe.Route {
		r := probe.Route{Method: "GET", Path: "/orders", Authorization: authorization, APIKeyRequired: keyed}
		if authorization == probe.AuthIAM {
			r.Principal, r.Outsider, r.ExpiredSession = "caller", "outsider", "expired"
		}
		if authorization.TakesToken() {
			r.Token.Given = make(map[probe.TokenKind]*probe.Reference)
			for _, kind := range probe.TokenKinds() {
				r.Token.Given[kind] = &probe.Reference{Env: "TOKEN"}
			}
		}
		if keyed {
			r.APIKey = &probe.Reference{Env: "API_KEY"}
		}
		return r
	}
	api := func(posture string, r probe.Route) probe.API {
		return probe.API{
			Name: posture, Type: probe.REST, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod",
			DefaultEndpoint: probe.Enabled, CatchAll: probe.Absent, Routes: []probe.Route{r},
		}
	}
	domain := api("AWS_IAM on a custom domain only", route(probe.AuthIAM, false))
	domain.DefaultEndpoint = probe.Disabled
	domain.Domains = []probe.CustomDomain{{Host: "api.example.com", BasePath: "orders", RootMapping: probe.Absent}}

	silent := api("AWS_IAM on a custom domain, nothing else declared", route(probe.AuthIAM, false))
	silent.DefaultEndpoint, silent.CatchAll = probe.Unknown, probe.Unknown
	silent.Domains = []probe.CustomDomain{{Host: "api.example.com", BasePath: "orders"}}

	catching := api("AWS_IAM, and a catch-all route with AWS_IAM", route(probe.AuthIAM, false))
	catching.CatchAll = probe.Declared(probe.AuthIAM)

	http := api("AWS_IAM on an HTTP API", route(probe.AuthIAM, false))
	http.Type, http.Stage = probe.HTTP, probe.DefaultStage

	socket := api("AWS_IAM with an API key on a WebSocket API", route(probe.AuthIAM, true))
	socket.Type, socket.CatchAll = probe.WebSocket, probe.Unknown
	socket.Routes[0].Method, socket.Routes[0].Path = "", probe.ConnectRoute

	jwt := api("JWT on an HTTP API", route(probe.AuthJWT, false))
	jwt.Type = probe.HTTP

	return []probe.API{
		api("NONE", route(probe.AuthNone, false)),
		api("NONE with an API key", route(probe.AuthNone, true)),
		api("AWS_IAM", route(probe.AuthIAM, false)),
		api("AWS_IAM with an API key", route(probe.AuthIAM, true)),
		catching, domain, silent, http, socket,
		api("CUSTOM", route(probe.AuthCustom, false)),
		api("COGNITO_USER_POOLS", route(probe.AuthCognito, false)),
		jwt,
	}
}
