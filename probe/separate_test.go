package probe

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wantExtra is an extra request in short.
type wantExtra struct{ Scenario, Name string }

func TestNext(t *testing.T) {
	t.Parallel()
	keyed := func(a *API) { a.Routes[0].APIKeyRequired, a.Routes[0].APIKey = true, Literal("a-key-of-twenty-chars") }
	mutating := func(a *API) { a.Routes[0].Method = "POST" }
	for name, tt := range map[string]struct {
		scene func(*testing.T) *scene
		want  []wantExtra
	}{
		"all is well": {
			func(t *testing.T) *scene {
				return newScene(t).stable(AccessDefault).ask(unsignedScenario, AccessDefault, matAnswer, "")
			}, nil,
		},
		"a refused control: what is refused for want of a signature got past the stage": {
			func(t *testing.T) *scene { return newScene(t).ask(signedScenario, AccessDefault, forbiddenOf, "") },
			[]wantExtra{{"sigv4+without-signature", "separate:domain/stage|waf"}},
		},
		"what was asked already is not asked again": {
			func(t *testing.T) *scene {
				s := newScene(t).ask(signedScenario, AccessDefault, forbiddenOf, "")
				x := s.next()[0]
				return s.ask(x.Case.Scenario, AccessDefault, forbiddenOf, x.Name)
			}, []wantExtra{{"sigv4+at-an-unknown-path", "separate:domain/stage|waf"}},
		},
		"a request that the same layer must refuse again tells nothing": {
			func(t *testing.T) *scene { return newScene(t).ask(signedScenario, AccessDefault, matAnswer, "") },
			nil,
		},
		"one for each route": {
			func(t *testing.T) *scene {
				return newScene(t, keyed).ask(signedScenario, AccessDefault, forbiddenOf, "").
					ask(signedScenario, AccessCustomDomain, forbiddenOf, "")
			},
			[]wantExtra{{"sigv4+without-signature", "separate:domain/stage|waf"}},
		},
		"nothing extra that may change data": {
			func(t *testing.T) *scene {
				return newScene(t, mutating).ask(signedScenario, AccessDefault, forbiddenOf, "")
			}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tt.scene(t)
			var got []wantExtra
			for _, x := range s.next() {
				got = append(got, wantExtra{x.Case.Scenario.Name, x.Name})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSeparated shows that the answer to an extra request settles what it was sent for.
func TestSeparated(t *testing.T) {
	t.Parallel()
	s := newScene(t).ask(signedScenario, AccessDefault, forbiddenOf, "")
	before := Attribute(s.plan, s.exchanges)[0]
	x := s.next()[0]
	s.ask(x.Case.Scenario, AccessDefault, matAnswer, x.Name)
	got := []got{short(before), short(Attribute(s.plan, s.exchanges)[0])}
	if diff := cmp.Diff([]any{Ambiguous, Likely, WAF}, []any{got[0].Confidence, got[1].Confidence, got[1].Layer}); diff != "" {
		t.Errorf("(-want +got):\n%s\n%v", diff, got)
	}
}

func (s *scene) next() []Extra {
	material := Material{Credentials: map[string]ResolvedCredentials{"caller": {Credentials: Credentials{AccessKeyID: "AKIA", SecretAccessKey: NewSecret("secret")}}}}
	return Next(s.plan, s.exchanges, material, Crafting{Run: "run", Now: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)})
}
