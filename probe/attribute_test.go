package probe

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// scene builds exchanges with one API by hand: the gateway's answers are given, and the requests are really crafted.
type scene struct {
	t         testing.TB
	plan      *Plan
	api       API
	exchanges []Exchange
	labels    []string
}

func newScene(t testing.TB, change ...func(*API)) *scene {
	t.Helper()
	api := API{
		Name: "orders", Type: REST, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod", DefaultEndpoint: Enabled, CatchAll: Absent,
		Routes:  []Route{{Method: "GET", Path: "/orders", Authorization: AuthIAM, Principal: "caller"}},
		Domains: []CustomDomain{{Host: "api.example.com", BasePath: "orders"}},
	}
	for _, f := range change {
		f(&api)
	}
	return &scene{t: t, plan: &Plan{APIs: []API{api}}, api: api}
}

// answer is a REST refusal or, without an error type, an answer of the backend or of an HTTP API.
type answer struct {
	status             int
	errorType, message string
	headers            map[string]string
	conn, remote       string
	body               string
}

var (
	taken       = answer{status: 200}
	matAnswer   = answer{status: 403, errorType: missingToken, message: "Missing Authentication Token"}
	forbiddenOf = answer{status: 403, errorType: forbidden, message: "Forbidden"}
	mismatch    = answer{status: 403, errorType: invalidSignature, message: "The request signature we calculated does not match the signature you provided."}
)

var (
	signedScenario   = Scenario{Name: "sigv4", Kind: Gate, Scope: ScopeRoute}
	unsignedScenario = Scenario{Name: "unsigned", Kind: Gate, Scope: ScopeRoute, Change: func(r *Recipe) { r.Signing = nil }}
	keylessScenario  = Scenario{Name: "missing-api-key", Kind: Gate, Scope: ScopeRoute, Change: func(r *Recipe) { r.APIKey = Secret{} }}
	nowhereScenario  = Scenario{Name: "unknown-resource", Kind: Routing, Scope: ScopeRoute, Change: func(r *Recipe) { r.Path, r.DeadEnd = "/nowhere", RouteLayer }}
	tamperedScenario = Scenario{Name: "tampered-signature", Kind: Gate, Scope: ScopeRoute, Change: func(r *Recipe) { r.Signing.Tamper = true }}
)

// ask adds an exchange over the default endpoint, or over the custom domain.
func (s *scene) ask(sc Scenario, access AccessKind, a answer, extra string) *scene {
	s.t.Helper()
	accesses := s.api.Accesses()
	i := 0
	for j, x := range accesses {
		if x.Kind == access {
			i = j
		}
	}
	c := Case{
		Scenario: sc, Target: Target{s.plan, s.api, s.api.Routes[0], accesses[i]}, Control: sc.Name == "sigv4", Principal: "caller",
		Expected: Refused(403, IAMAuthentication),
	}
	material := Material{Credentials: map[string]ResolvedCredentials{"caller": {Credentials: Credentials{AccessKeyID: "AKIA", SecretAccessKey: NewSecret("secret")}}}}
	at := time.Date(2026, 1, 2, 3, 4, len(s.exchanges), 0, time.UTC)
	req, err := Craft(c, material, Crafting{Run: "run", Now: at.Truncate(time.Minute)}, extra)
	if err != nil {
		s.t.Fatal(err)
	}
	h := http.Header{"X-Amzn-Requestid": {req.ID}, "X-Amz-Apigw-Id": {"id-" + req.ID}, "Content-Type": {"application/json"}}
	if s.api.Type == HTTP {
		h = http.Header{"Apigw-Requestid": {"id-" + req.ID}, "Content-Type": {"application/json"}}
	}
	if a.errorType != "" {
		h.Set("x-amzn-ErrorType", a.errorType)
	}
	for name, value := range a.headers {
		h.Set(name, value)
	}
	o := &Observation{Status: a.status, HeadersComplete: true, Conn: "c" + a.conn, Remote: "203.0.113.7:443", Sent: at}
	if a.remote != "" {
		o.Remote = a.remote
	}
	o.readHeaders(h, newRedactor(nil))
	o.text, o.Message, o.Body = a.message, a.message, a.body
	s.exchanges = append(s.exchanges, Exchange{Case: c, Request: req, Observation: o, Extra: extra})
	s.labels = append(s.labels, sc.Name+" "+extra)
	return s
}

// stable asks the control first and last.
func (s *scene) stable(access AccessKind) *scene {
	return s.ask(signedScenario, access, taken, "").ask(signedScenario, access, taken, ExtraControl)
}

// got is what an attribution says in short.
type got struct {
	Layer      Layer
	Confidence Confidence
	Candidates string
}

func short(a Attribution) got {
	var ls []string
	for _, c := range a.Candidates {
		if len(ls) == 0 || ls[len(ls)-1] != string(c.Layer) {
			ls = append(ls, string(c.Layer))
		}
	}
	return got{a.Layer, a.Confidence, strings.Join(ls, " ")}
}

// rule is a rule of the method and a scene that shows it. The last exchange is the one that is attributed.
type rule struct {
	scene func(testing.TB) *scene
	want  got
}

var rules = map[string]rule{
	"one answer alone: only the declaration names a layer": {
		func(t testing.TB) *scene { return newScene(t).ask(unsignedScenario, AccessDefault, matAnswer, "") },
		got{IAMAuthentication, Likely, "iam-authentication route domain"},
	},
	"E3: an accepted sibling with the same host, path and method leaves only authentication": {
		func(t testing.TB) *scene {
			return newScene(t).stable(AccessDefault).ask(unsignedScenario, AccessDefault, matAnswer, "")
		},
		got{IAMAuthentication, Certain, "iam-authentication"},
	},
	"A2: on a custom domain nothing proves what arrived": {
		func(t testing.TB) *scene {
			return newScene(t).stable(AccessCustomDomain).ask(unsignedScenario, AccessCustomDomain, matAnswer, "")
		},
		got{IAMAuthentication, Likely, "iam-authentication route"},
	},
	"A2: a foreign server in front is a rewriting one": {
		func(t testing.TB) *scene {
			return newScene(t).stable(AccessDefault).ask(unsignedScenario, AccessDefault,
				answer{status: 403, errorType: missingToken, headers: map[string]string{"Server": "nginx"}}, "")
		},
		got{IAMAuthentication, Likely, "iam-authentication route domain"},
	},
	"A1: without a control at the end the gateway may have changed": {
		func(t testing.TB) *scene {
			return newScene(t).ask(signedScenario, AccessDefault, taken, "").ask(unsignedScenario, AccessDefault, matAnswer, "")
		},
		got{IAMAuthentication, Likely, "iam-authentication route domain"},
	},
	"A1: a control that was answered otherwise at the end": {
		func(t testing.TB) *scene {
			return newScene(t).ask(signedScenario, AccessDefault, taken, "").ask(signedScenario, AccessDefault, forbiddenOf, ExtraControl).
				ask(unsignedScenario, AccessDefault, matAnswer, "")
		},
		got{IAMAuthentication, Likely, "iam-authentication route domain backend"},
	},
	"A1: a declared canary": {
		func(t testing.TB) *scene {
			return newScene(t, func(a *API) { a.Canary = true }).stable(AccessDefault).ask(unsignedScenario, AccessDefault, matAnswer, "")
		},
		got{IAMAuthentication, Likely, "iam-authentication route domain"},
	},
	"A3: a backend of AWS may imitate": {
		func(t testing.TB) *scene {
			return newScene(t, func(a *API) { a.BackendAWS = true }).stable(AccessDefault).ask(unsignedScenario, AccessDefault, matAnswer, "")
		},
		got{IAMAuthentication, Ambiguous, "iam-authentication backend"},
	},
	"C2: a remapped header beats the error type": {
		func(t testing.TB) *scene {
			return newScene(t).stable(AccessDefault).ask(unsignedScenario, AccessDefault,
				answer{status: 403, errorType: missingToken, headers: map[string]string{"x-amzn-Remapped-Date": "x"}}, "")
		},
		got{Backend, Certain, "backend"},
	},
	"C4: the same id again is a cached answer": {
		func(t testing.TB) *scene {
			return newScene(t).stable(AccessDefault).ask(unsignedScenario, AccessDefault,
				answer{status: 403, errorType: missingToken, headers: map[string]string{"x-cache": "Hit from cloudfront"}}, "")
		},
		got{Edge, Likely, "edge"},
	},
	"C8: a signature error does not prove that the route exists": {
		func(t testing.TB) *scene { return newScene(t).ask(tamperedScenario, AccessDefault, mismatch, "") },
		got{IAMAuthentication, Likely, "iam-authentication route"},
	},
	"C8: an accepted sibling does": {
		func(t testing.TB) *scene {
			return newScene(t).stable(AccessDefault).ask(tamperedScenario, AccessDefault, mismatch, "")
		},
		got{IAMAuthentication, Certain, "iam-authentication"},
	},
	"C7: behind a VPC endpoint its policy reads the signature first": {
		func(t testing.TB) *scene {
			s := newScene(t, func(a *API) { a.EndpointType = EndpointPrivate }).stable(AccessDefault)
			return s.ask(tamperedScenario, AccessDefault, mismatch, "")
		},
		got{IAMAuthentication, Ambiguous, "iam-authentication endpoint-policy"},
	},
	"C7: a private address is not proven public": {
		func(t testing.TB) *scene {
			near := mismatch
			near.remote = "10.0.0.7:443"
			return newScene(t).ask(tamperedScenario, AccessDefault, near, "")
		},
		got{IAMAuthentication, Ambiguous, "iam-authentication endpoint-policy route"},
	},
	"Forbidden is never certain: a web ACL may read everything": {
		func(t testing.TB) *scene {
			keyed := func(a *API) { a.Routes[0].APIKeyRequired, a.Routes[0].APIKey = true, Literal("a-key-of-twenty-chars") }
			return newScene(t, keyed).stable(AccessDefault).ask(keylessScenario, AccessDefault, forbiddenOf, "")
		},
		got{APIKeyLayer, Likely, "api-key waf backend"},
	},
	"a text that names policy, API, method and path is certain once the route is known to be there": {
		func(t testing.TB) *scene {
			return newScene(t).stable(AccessDefault).ask(tamperedScenario, AccessDefault, answer{
				conn: "2", status: 403, errorType: accessDenied,
				message: "User: arn:aws:iam::123456789012:user/c is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********9012:a1b2c3d4e5/prod/GET/orders because no identity-based policy allows the execute-api:Invoke action",
			}, "")
		},
		got{IAMAuthorization, Certain, "iam-authorization"},
	},
	"C3: a policy text about another service or API may be the backend's": {
		func(t testing.TB) *scene {
			return newScene(t).ask(signedScenario, AccessDefault, answer{
				status: 403, errorType: accessDenied,
				message: "User: arn:aws:iam::123456789012:user/c is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********9012:zzzzzzzzzz/prod/GET/inner because no identity-based policy allows the execute-api:Invoke action",
			}, "")
		},
		got{IAMAuthorization, Ambiguous, "iam-authorization backend route"},
	},
	"C5: a page without the gateway's id is not an acceptance": {
		func(t testing.TB) *scene {
			s := newScene(t).stable(AccessCustomDomain).ask(unsignedScenario, AccessCustomDomain, answer{status: 200}, "")
			o := s.exchanges[2].Observation
			delete(o.Headers, "x-amz-apigw-id")
			o.ExtendedRequestID, o.HeaderNames = "", nil
			return s
		},
		got{Edge, Ambiguous, "edge none backend waf iam-authentication iam-authorization usage-plan request-validation integration iam-authentication stage domain tls route resource-policy lambda-authorizer cognito-authorizer jwt-authorizer api-key"},
	},
	"R14: a success with an error type is a refusal": {
		func(t testing.TB) *scene {
			return newScene(t).ask(unsignedScenario, AccessDefault, answer{status: 200, errorType: missingToken}, "")
		},
		got{IAMAuthentication, Ambiguous, "iam-authentication backend route domain"},
	},
	"R15: a throttle is never a sibling": {
		func(t testing.TB) *scene {
			return newScene(t).ask(signedScenario, AccessDefault, answer{status: 429, errorType: throttled, message: "Too Many Requests"}, "").
				ask(unsignedScenario, AccessDefault, forbiddenOf, "")
		},
		got{Stage, Ambiguous, "stage waf stage api-key domain backend"},
	},
	"E8: what was refused at an unknown path was refused before the route, and so was what is equal up to there": {
		func(t testing.TB) *scene {
			keyed := func(a *API) { a.Routes[0].APIKeyRequired, a.Routes[0].APIKey = true, Literal("a-key-of-twenty-chars") }
			return newScene(t, keyed).ask(nowhereScenario, AccessDefault, forbiddenOf, "").
				ask(signedScenario, AccessDefault, forbiddenOf, "")
		},
		got{Stage, Ambiguous, "stage domain waf stage api-key route backend"},
	},
	"E8: one that differs in what a web ACL looks at shows nothing": {
		func(t testing.TB) *scene {
			keyed := func(a *API) { a.Routes[0].APIKeyRequired, a.Routes[0].APIKey = true, Literal("a-key-of-twenty-chars") }
			return newScene(t, keyed).ask(nowhereScenario, AccessDefault, forbiddenOf, "").
				ask(unsignedScenario, AccessDefault, forbiddenOf, "")
		},
		got{APIKeyLayer, Ambiguous, "api-key stage waf api-key stage domain route backend"},
	},
	"a declaration that speaks against everybody is belied": { // C42, on a route that is declared to want a signature
		func(t testing.TB) *scene {
			return newScene(t).ask(unsignedScenario, AccessDefault, answer{status: 401, errorType: "UnauthorizedException", message: "Unauthorized"}, "")
		},
		got{LambdaAuthorizer, Ambiguous, "lambda-authorizer cognito-authorizer lambda-authorizer cognito-authorizer"},
	},
	"no fingerprint is unknown, not everything": {
		func(t testing.TB) *scene {
			return newScene(t, func(a *API) { a.Routes[0].Success = []int{204} }).ask(unsignedScenario, AccessDefault, taken, "")
		},
		got{"", UnknownConfidence, ""},
	},
}

// TestRules shows each rule of the method by a scene of its own.
func TestRules(t *testing.T) {
	t.Parallel()
	for name, tt := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tt.scene(t)
			as := Attribute(s.plan, s.exchanges)
			a := as[len(as)-1]
			if diff := cmp.Diff(tt.want, short(a)); diff != "" {
				t.Errorf("(-want +got):\n%s\nbecause:\n  %s\n%v", diff, strings.Join(a.Because, "\n  "), a.Candidates)
			}
		})
	}
}

// TestOrderOfArrivalDoesNotMatter shuffles the exchanges of a scene with everything in it.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	t.Parallel()
	s := newScene(t).stable(AccessDefault).stable(AccessCustomDomain)
	for _, access := range []AccessKind{AccessDefault, AccessCustomDomain} {
		s.ask(unsignedScenario, access, matAnswer, "").ask(tamperedScenario, access, mismatch, "").
			ask(unsignedScenario, access, forbiddenOf, ExtraRepeat)
	}
	want := make(map[string]Attribution)
	for i, a := range Attribute(s.plan, s.exchanges) {
		want[s.exchanges[i].Case.ID()+s.exchanges[i].Extra] = a
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		random.Shuffle(len(s.exchanges), func(i, j int) { s.exchanges[i], s.exchanges[j] = s.exchanges[j], s.exchanges[i] })
		for i, a := range Attribute(s.plan, s.exchanges) {
			id := s.exchanges[i].Case.ID() + s.exchanges[i].Extra
			if diff := cmp.Diff(want[id], a); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", id, diff)
			}
		}
	}
}
