package probe

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStandingEvidence: a fact of the account proves as long as one configuration answered and what was sent arrived; what
// says that the configuration changed takes proofs away.
func TestStandingEvidence(t *testing.T) {
	noWAF := Evidence{Text: "no web ACL", Grade: Documented, Passed: []Layer{WAF}, Standing: true}
	inferred := noWAF
	inferred.Grade = Inferred
	everything := Evidence{Text: "all out", Grade: Documented, Passed: []Layer{TLS, Domain, Stage, WAF, RouteLayer, APIKeyLayer, Backend}, Standing: true}
	changed := Evidence{Text: "the stage was changed", Grade: Documented, Changing: true}
	keyed := func(a *API) {
		a.Routes[0].APIKeyRequired, a.Routes[0].APIKey = true, Literal("a-key-that-is-long-enough")
	}

	for _, c := range []struct {
		name     string
		build    func(*scene) *scene
		evidence []Evidence
		want     got
		because  string
	}{
		{
			name: "nobody says anything", build: func(s *scene) *scene {
				return s.stable(AccessDefault).ask(keylessScenario, AccessDefault, forbiddenOf, "")
			},
			want:    got{APIKeyLayer, Likely, "api-key waf backend"},
			because: "unsound: waf: sigv4 on GET /orders",
		},
		{
			name: "proven", build: func(s *scene) *scene {
				return s.stable(AccessDefault).ask(keylessScenario, AccessDefault, forbiddenOf, "")
			},
			evidence: []Evidence{noWAF}, want: got{APIKeyLayer, Likely, "api-key backend"},
			because: "waf: no web ACL (assuming a stable configuration and no canary)",
		},
		{
			name: "proven, and nobody else is left", build: func(s *scene) *scene {
				return s.stable(AccessDefault).ask(nowhereScenario, AccessDefault, matAnswer, "")
			},
			evidence: []Evidence{{Text: "nothing is there", Grade: Documented, Passed: []Layer{IAMAuthentication}, Standing: true}}, want: got{RouteLayer, Certain, "route"},
			because: "iam-authentication: nothing is there (assuming a stable configuration and no canary)",
		},
		{
			name: "only inferred", build: func(s *scene) *scene {
				return s.stable(AccessDefault).ask(keylessScenario, AccessDefault, forbiddenOf, "")
			},
			evidence: []Evidence{inferred}, want: got{APIKeyLayer, Likely, "api-key waf backend"},
			because: "unsound: waf: sigv4 on GET /orders",
		},
		{
			name: "the control changed", build: func(s *scene) *scene {
				return s.ask(signedScenario, AccessDefault, taken, "").ask(signedScenario, AccessDefault, matAnswer, ExtraControl).ask(keylessScenario, AccessDefault, forbiddenOf, "")
			},
			evidence: []Evidence{noWAF}, want: got{APIKeyLayer, Likely, "api-key stage domain waf backend"},
			because: "unsound: waf: sigv4 on GET /orders",
		},
		{
			name: "on a custom domain", build: func(s *scene) *scene {
				return s.stable(AccessCustomDomain).ask(keylessScenario, AccessCustomDomain, forbiddenOf, "")
			},
			evidence: []Evidence{noWAF}, want: got{APIKeyLayer, Likely, "api-key stage domain waf tls route backend"},
			because: "unsound: waf: sigv4 on GET /orders",
		},
		{
			name: "it contradicts the answer", build: func(s *scene) *scene {
				return s.stable(AccessDefault).ask(keylessScenario, AccessDefault, forbiddenOf, "")
			},
			evidence: []Evidence{everything}, want: got{APIKeyLayer, Likely, "api-key stage domain waf backend"},
			because: "not certain: " + contradicted,
		},
		{
			name: "usual, where nothing else speaks", build: func(s *scene) *scene { return s.ask(nowhereScenario, AccessDefault, matAnswer, "") },
			evidence: []Evidence{{Text: "the method has none", Grade: Inferred, Passed: []Layer{IAMAuthentication}, Standing: true}}, want: got{RouteLayer, Likely, "route iam-authentication domain"},
			because: "unsound: iam-authentication: the method has none; it stays possible",
		},
		{
			name: "usual, and nobody but the application would be left", build: func(s *scene) *scene {
				return s.ask(nowhereScenario, AccessCustomDomain, answer{status: 403, message: "Forbidden"}, "")
			},
			evidence: []Evidence{{Text: "all gates let it pass", Grade: Inferred, Passed: slices.DeleteFunc(Layers(), func(l Layer) bool { return !l.gates() }), Standing: true}},
			want:     got{Stage, Ambiguous, "stage domain waf route tls backend resource-policy iam-authentication lambda-authorizer cognito-authorizer jwt-authorizer iam-authorization api-key usage-plan request-validation integration"},
		},
		{
			name: "more than one configuration", build: func(s *scene) *scene {
				return s.stable(AccessDefault).ask(unsignedScenario, AccessDefault, matAnswer, "")
			},
			evidence: []Evidence{changed}, want: got{IAMAuthentication, Likely, "iam-authentication route domain"},
			because: "siblings prove nothing here: the stage was changed",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.build(newScene(t, keyed))
			last := len(s.exchanges) - 1
			s.exchanges[last].Evidence = c.evidence
			a := Attribute(s.plan, s.exchanges)[last]
			if diff := cmp.Diff(c.want, short(a)); diff != "" {
				t.Errorf("attributing (-want +got):\n%s\n%s", diff, strings.Join(a.Because, "\n"))
			}
			if !strings.Contains(strings.Join(a.Because, "\n"), c.because) {
				t.Errorf("because: got %q, want %q among them", a.Because, c.because)
			}
		})
	}
}
