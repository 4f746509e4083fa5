package probe

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// reading says what a layer may decide by (attribution method, 3.2), apart from the table of the code, and how a gateway
// answers whose layer does.
type reading struct {
	name   string
	api    APIType
	layer  Layer
	access AccessKind
	asked  Scenario
	answer answer
	// What a request must be equal in to one that got past the layer, so that the layer did not refuse it: for certain,
	// as a rule, and if every way in leads where it is declared to lead. nil: nothing is said of that.
	proof, usual, declared []Facet
	chance                 bool // nothing is ever proven of it
}

var (
	noneAnswer         = answer{} // no HTTP answer: the server wants a certificate
	untypedPolicy      = answer{status: 403, errorType: accessDenied, message: "User: arn:aws:iam::123456789012:user/c is not authorized to perform: execute-api:Invoke on resource: x"}
	unauthorizedAnswer = answer{status: 401, errorType: unauthorized, message: "Unauthorized"}
	challengeAnswer    = func() answer {
		a := sameWords(401)
		a.headers = map[string]string{"www-authenticate": "Bearer"}
		return a
	}()
)

var readings = []reading{
	{name: "handshake", api: REST, layer: TLS, asked: unsignedScenario, answer: noneAnswer, proof: []Facet{FacetConn, FacetCertificate, FacetHost}},
	{name: "refusal", api: REST, layer: TLS, access: AccessCustomDomain, asked: unsignedScenario, answer: forbiddenOf, usual: []Facet{FacetCertificate, FacetHost}},
	{
		api: REST, layer: Domain, asked: unsignedScenario, answer: forbiddenOf,
		proof: []Facet{FacetAddress, FacetHost}, usual: []Facet{FacetHost, FacetStageSegment},
	},
	{
		api: REST, layer: EndpointPolicy, asked: tamperedScenario, answer: mismatch,
		proof: []Facet{FacetConn, FacetHost, FacetMethod, FacetPath, FacetAuth, FacetPrincipal, FacetHeaders, FacetClock},
		usual: []Facet{FacetConn, FacetHost, FacetMethod, FacetPath, FacetAuth, FacetPrincipal, FacetHeaders, FacetClock},
	},
	{
		api: REST, layer: Stage, asked: unsignedScenario, answer: forbiddenOf,
		proof: []Facet{FacetAddress, FacetHost, FacetStageSegment}, usual: []Facet{FacetHost, FacetStageSegment}, declared: []Facet{facetDeployed},
	},
	{
		api: REST, layer: WAF, asked: unsignedScenario, answer: forbiddenOf, chance: true,
		usual:    []Facet{FacetHost, FacetMethod, FacetQuery, facetScheme, FacetHeaders, FacetBody},
		declared: []Facet{facetDeployed, FacetMethod, FacetQuery, facetScheme, FacetHeaders, FacetBody},
	},
	{
		api: REST, layer: RouteLayer, asked: unsignedScenario, answer: matAnswer,
		proof: []Facet{FacetAddress, FacetHost, FacetStageSegment, FacetPath, FacetMethod},
		usual: []Facet{FacetHost, FacetPath, FacetMethod}, declared: []Facet{facetResource, FacetMethod},
	},
	{
		api: REST, layer: ResourcePolicy, asked: signedOther, answer: untypedPolicy,
		proof: []Facet{FacetConn, FacetHost, FacetPath, FacetMethod, FacetPrincipal, FacetHeaders, FacetClock},
		usual: []Facet{FacetHost, FacetPath, FacetMethod}, declared: []Facet{facetResource, FacetMethod},
	},
	{
		api: REST, layer: IAMAuthentication, asked: unsignedScenario, answer: matAnswer,
		proof: []Facet{FacetAuth, FacetPrincipal, FacetMethod, FacetHost, FacetPath, FacetQuery, FacetHeaders, FacetBody, FacetClock},
		usual: []Facet{FacetAuth, FacetPrincipal, FacetMethod, FacetHost, FacetPath, FacetQuery, FacetHeaders, FacetBody, FacetClock},
	},
	{
		api: REST, layer: IAMAuthorization, asked: signedOther, answer: untypedPolicy,
		proof: []Facet{FacetConn, FacetHost, FacetPath, FacetMethod, FacetPrincipal, FacetHeaders, FacetClock},
		usual: []Facet{FacetHost, FacetPath, FacetMethod, FacetPrincipal}, declared: []Facet{facetResource, FacetMethod, FacetPrincipal},
	},
	{
		api: REST, layer: LambdaAuthorizer, asked: unsignedScenario, answer: unauthorizedAnswer, chance: true,
		usual: []Facet{FacetToken, FacetAuth, FacetKey, FacetQuery, FacetHeaders, FacetHost, FacetPath, FacetMethod, FacetCertificate},
	},
	{
		api: REST, layer: CognitoAuthorizer, asked: unsignedScenario, answer: unauthorizedAnswer,
		proof: []Facet{FacetHost, FacetPath, FacetMethod, FacetToken, FacetAuth, FacetPrincipal, FacetKey, FacetHeaders, FacetClock},
		usual: []Facet{FacetToken, FacetClock, FacetHost, FacetPath, FacetMethod}, declared: []Facet{FacetToken, FacetClock, facetResource, FacetMethod},
	},
	{
		api: REST, layer: APIKeyLayer, asked: unsignedScenario, answer: forbiddenOf, chance: true,
		usual: []Facet{FacetKey, FacetToken, FacetHost, FacetPath, FacetMethod}, declared: []Facet{FacetKey, FacetToken, facetResource, FacetMethod},
	},
	{
		api: HTTP, layer: Stage, asked: unsignedScenario, answer: sameWords(404),
		proof: []Facet{FacetAddress, FacetHost, FacetPath}, usual: []Facet{FacetHost, FacetStageSegment}, declared: []Facet{facetDeployed},
	},
	{
		api: HTTP, layer: RouteLayer, asked: unsignedScenario, answer: sameWords(404),
		proof: []Facet{FacetAddress, FacetHost, FacetPath, FacetMethod, FacetHeaders},
		usual: []Facet{FacetHost, FacetPath, FacetMethod}, declared: []Facet{facetResource, FacetMethod},
	},
	{
		api: HTTP, layer: JWTAuthorizer, asked: unsignedScenario, answer: challengeAnswer,
		proof: []Facet{FacetHost, FacetPath, FacetMethod, FacetQuery, FacetToken, FacetAuth, FacetPrincipal, FacetKey, FacetHeaders, FacetClock},
		usual: []Facet{FacetToken, FacetClock, FacetHost, FacetPath, FacetMethod}, declared: []Facet{FacetToken, FacetClock, facetResource, FacetMethod},
	},
}

// signedOther is a right signature that is not the control's.
var signedOther = Scenario{Name: "outsider", Kind: Gate, Scope: ScopeRoute}

// attribute asks twice, with nothing different but these facets: the first time the route takes the request, the second
// time it is refused. Proofs need a control that shows the gateway to be stable.
func (r reading) attribute(t testing.TB, proving bool, different []Facet) Attribution {
	s := newScene(t, func(a *API) {
		a.Type, a.BackendAWS, a.CatchAll, a.Routes[0].APIKeyRequired, a.Routes[0].APIKey = r.api, true, Unknown, true, Literal("a-key-of-twenty-chars")
		a.DefaultEndpoint = Unknown
		if r.access == "" {
			a.Domains = nil
		}
		if r.layer == EndpointPolicy {
			a.EndpointType = EndpointPrivate
		}
	})
	if proving {
		s.stable(r.access)
	} else { // where the control was refused, too, the application may refuse
		s.ask(signedScenario, r.access, forbiddenOf, "")
	}
	for i := range s.exchanges {
		for f := range s.exchanges[i].Request.Facets {
			s.exchanges[i].Request.Facets[f] = "of the control"
		}
		s.exchanges[i].Observation.Conn, s.exchanges[i].Observation.Remote = "control", "203.0.113.9:443"
	}
	s.ask(r.asked, r.access, taken, ExtraRepeat).ask(r.asked, r.access, r.answer, "")
	sibling, x := s.exchanges[len(s.exchanges)-2], s.exchanges[len(s.exchanges)-1]
	x.Request.DeadEnd, sibling.Request.DeadEnd = RouteLayer, RouteLayer // so that the declared route speaks against nobody
	if r.answer.status == 0 {
		*x.Observation = Observation{Conn: x.Observation.Conn, Remote: x.Observation.Remote, Sent: x.Observation.Sent, Error: &NetworkError{Phase: PhaseTLS, Kind: "certificate-wanted"}}
	}
	sibling.Request.Facets, sibling.Request.Header = x.Request.Facets, x.Request.Header.Clone()
	sibling.Observation.Conn, sibling.Observation.Remote = x.Observation.Conn, x.Observation.Remote
	for _, f := range different {
		switch f {
		case FacetConn:
			sibling.Observation.Conn = "another"
		case FacetAddress:
			sibling.Observation.Remote = "203.0.113.8:443"
		case facetScheme:
			sibling.Request.Header.Set("Authorization", "Another x")
		case facetDeployed:
			sibling.Request.Facets[FacetPath], sibling.Request.Facets[FacetStageSegment] = "/another/orders", "another"
		case facetResource:
			sibling.Request.Facets[FacetPath] += "/another"
		default:
			sibling.Request.Facets[f] += "/another"
		}
	}
	as := Attribute(s.plan, s.exchanges)
	return as[len(as)-1]
}

// others are all facets but these, and those of which these stand for a part.
func others(facets []Facet) []Facet {
	var out []Facet
	for f := range facetCount {
		part := slices.Contains(facets, facetResource) && (f == FacetPath || f == FacetStageSegment)
		if !slices.Contains(facets, f) && !part {
			out = append(out, f)
		}
	}
	return out
}

// wrongs are what attribution concludes otherwise than the reading says.
func (r reading) wrongs(t testing.TB) []string {
	var out []string
	check := func(proving bool, facets []Facet, left func(Attribution) []Layer, way ...Facet) {
		stays := func(different ...Facet) bool {
			a := r.attribute(t, proving, append(different, way...))
			return slices.Contains(left(a), r.layer) && (!a.Capped || !proving)
		}
		different := others(facets)
		if proving && r.chance {
			different = nil
		}
		if got, want := stays(different...), proving && r.chance; got != want {
			out = append(out, "a request that is equal in "+facetWords(facets)+" got past it: stays: got "+yesNo(got)+", want "+yesNo(want))
		}
		for _, f := range facets {
			if !stays(f) {
				out = append(out, "a request that differs in "+facetWords([]Facet{f})+" got past it: did not stay")
			}
		}
	}
	if r.proof != nil || r.chance {
		check(true, r.proof, func(a Attribution) []Layer { return a.Sound })
	}
	if r.usual != nil {
		check(false, r.usual, func(a Attribution) []Layer { return a.Undeclared })
	}
	if r.declared != nil {
		check(false, r.declared, func(a Attribution) []Layer { return a.Plausible }, FacetHost) // through another way in
	}
	return out
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (r reading) String() string {
	return strings.TrimSpace(string(r.api) + " " + string(r.layer) + " " + r.name)
}

// TestReadings: a layer that may decide by what is different stays possible, and one that may not is out.
func TestReadings(t *testing.T) {
	t.Parallel()
	for _, r := range readings {
		t.Run(r.String(), func(t *testing.T) {
			t.Parallel()
			for _, wrong := range r.wrongs(t) {
				t.Error(wrong)
			}
		})
	}
}

// proven are the orders of which a proof may make use (attribution method, 3.3), apart from the table of the code. Each
// line is a way: a request that one of its layers refuses has got past those before it.
var proven = map[APIType][]string{
	"": { // whatever kind of API it is
		"tls domain stage route iam-authentication iam-authorization integration backend none",
		"tls domain stage route lambda-authorizer integration backend none",
		"resource-policy integration backend none", "cognito-authorizer integration backend none", "jwt-authorizer integration backend none",
		"api-key integration backend none", "usage-plan integration backend none", "waf integration backend none",
		"endpoint-policy integration backend none", "request-validation integration backend none",
	},
	REST: {
		"tls domain stage route request-validation integration backend none",
		"tls domain stage route iam-authentication iam-authorization integration backend none",
		"tls domain stage route lambda-authorizer api-key integration backend none",
		"tls domain stage route cognito-authorizer resource-policy integration backend none",
		"tls domain stage waf resource-policy integration backend none",
		"waf iam-authorization", "waf lambda-authorizer", "waf cognito-authorizer",
		"endpoint-policy iam-authentication iam-authorization integration backend none",
		"endpoint-policy lambda-authorizer", "endpoint-policy cognito-authorizer", "usage-plan integration backend none",
	},
	HTTP: {
		"tls domain stage route iam-authentication iam-authorization integration backend none",
		"tls domain stage route lambda-authorizer integration backend none",
		"tls domain stage route jwt-authorizer integration backend none",
		"usage-plan integration backend none", "request-validation integration backend none",
	},
	WebSocket: {
		"tls domain stage route iam-authentication iam-authorization integration backend none",
		"tls domain stage route lambda-authorizer integration backend none",
		"tls domain stage route api-key integration backend none",
		"usage-plan integration backend none", "request-validation integration backend none",
	},
}

// disorders are the pairs of layers of which the code says otherwise than these lines.
func disorders() []string {
	var out []string
	for _, api := range slices.Sorted(maps.Keys(proven)) {
		want, named := make(map[[2]Layer]bool), make(map[Layer]bool)
		for _, line := range proven[api] {
			var before []Layer
			for name := range strings.FieldsSeq(line) {
				for _, b := range before {
					want[[2]Layer{b, Layer(name)}] = true
				}
				before = append(before, Layer(name))
				named[Layer(name)] = true
			}
		}
		for a := range named {
			for b := range named {
				if pair := [2]Layer{a, b}; soundOrders[api].before(a, b) != want[pair] {
					out = append(out, string(api)+": "+string(a)+" before "+string(b)+": want "+yesNo(want[pair]))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestProvenOrders(t *testing.T) {
	t.Parallel()
	for _, d := range disorders() {
		t.Error(d)
	}
}
