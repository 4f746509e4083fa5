package evidence_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// signedBy is an account whose principal signs the only case, and the result of that.
func signedBy(answers map[string]string, api probe.API) (*services, probe.Case, probe.Result) {
	c := probe.Case{Target: probe.Target{API: api, Route: api.Routes[0], Access: api.Accesses()[0]}, Principal: "caller", Scenario: probe.Scenario{Name: "sigv4"}}
	res := refused("GET", restHost, "/prod/orders/42", probe.IAMAuthentication, probe.IAMAuthorization, probe.ResourcePolicy, probe.Backend)
	res.ID, res.Scenario, res.Request.Traits.Genuine = c.ID(), "sigv4", true
	return &services{answers: answers}, c, res
}

func TestSimulated(t *testing.T) {
	const (
		user   = "arn:aws:iam::111122223333:user/team/caller"
		method = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/prod/GET/orders/42"
		keys   = `inferred standing: [iam-authentication] AWS takes the keys of principal "caller" for `
	)
	identity := func(arn string) string {
		return `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>` + arn + `</Arn><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	}
	decided := func(decision, more string) string {
		return `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults><member><EvalActionName>execute-api:Invoke</EvalActionName><EvalResourceName>` + method +
			`</EvalResourceName><EvalDecision>` + decision + `</EvalDecision>` + more + `</member></EvaluationResults><IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`
	}
	says := func(layers, decision, source string) string {
		return fmt.Sprintf("inferred standing: [%s] simulation: %s of execute-api:Invoke for %s on %s (iam SimulatePrincipalPolicy), which may differ from what happens", layers, decision, source, method)
	}
	const role = "arn:aws:iam::111122223333:role/caller"
	for _, c := range []struct {
		name    string
		who     string
		answers map[string]string
		change  func(*probe.Result)
		want    []string
		asked   string // source and resource policy of the simulation
		notes   []string
	}{
		{
			name: "a user who may", who: user, answers: map[string]string{"SimulatePrincipalPolicy": decided("allowed", "")},
			want: []string{keys + user + " (sts GetCallerIdentity)", says("iam-authorization", "allowed", user)}, asked: user,
		},
		{
			name: "a user whom nothing allows", who: user, answers: map[string]string{"SimulatePrincipalPolicy": decided("implicitDeny", "")},
			want: []string{keys + user + " (sts GetCallerIdentity)", says("request-validation integration backend", "implicitDeny", user) + "; for iam-implicit-deny of iam-authorization"}, asked: user,
		},
		{
			name: "a user and a resource policy", who: user,
			answers: map[string]string{"SimulatePrincipalPolicy": decided("implicitDeny", ""), "GET /restapis/a1b2c3d4e5": `{"policy":"{\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"*\\\",\\\"Resource\\\":\\\"*\\\"}]}"}`},
			want:    []string{keys + user + " (sts GetCallerIdentity)", says("request-validation integration backend", "implicitDeny", user) + "; for iam-implicit-deny of iam-authorization"},
			asked:   user + ` {"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]} ` + user,
		},
		{
			name: "a user, and a resource policy that may deny", who: user,
			answers: map[string]string{"SimulatePrincipalPolicy": decided("explicitDeny", ""), "GET /restapis/a1b2c3d4e5": `{"policy":"{\\\"Statement\\\":[{\\\"Effect\\\":\\\"Deny\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"*\\\",\\\"Resource\\\":\\\"*\\\"}]}"}`},
			want:    []string{keys + user + " (sts GetCallerIdentity)", says("request-validation integration backend", "explicitDeny", user)},
			asked:   user + ` {"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]} ` + user,
		},
		{
			name: "a session of a role that may", who: "arn:aws:sts::111122223333:assumed-role/caller/probe", answers: map[string]string{"SimulatePrincipalPolicy": decided("allowed", "")},
			want: []string{keys + "arn:aws:sts::111122223333:assumed-role/caller/probe (sts GetCallerIdentity)"}, asked: role,
		},
		{
			name: "a session of a role that is denied", who: "arn:aws:sts::111122223333:assumed-role/caller/probe", answers: map[string]string{"SimulatePrincipalPolicy": decided("explicitDeny", "")},
			want:  []string{keys + "arn:aws:sts::111122223333:assumed-role/caller/probe (sts GetCallerIdentity)", says("request-validation integration backend", "explicitDeny", role) + "; for iam-explicit-deny of iam-authorization"},
			asked: role,
		},
		{
			name: "a session, and a resource policy that may allow", who: "arn:aws:sts::111122223333:assumed-role/caller/probe",
			answers: map[string]string{"SimulatePrincipalPolicy": decided("implicitDeny", ""), "GET /restapis/a1b2c3d4e5": `{"policy":"{\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"*\\\",\\\"Resource\\\":\\\"*\\\"}]}"}`},
			want:    []string{keys + "arn:aws:sts::111122223333:assumed-role/caller/probe (sts GetCallerIdentity)"}, asked: role,
		},
		{
			name: "it depends on what is not known", who: user, answers: map[string]string{"SimulatePrincipalPolicy": decided("implicitDeny", "<MissingContextValues><member>aws:SourceIp</member></MissingContextValues>")},
			want: []string{keys + user + " (sts GetCallerIdentity)"}, asked: user,
		},
		{
			name: "no user and no role", who: "arn:aws:iam::111122223333:root",
			want:  []string{keys + "arn:aws:iam::111122223333:root (sts GetCallerIdentity)"},
			notes: []string{`orders: the rights of principal "caller" are not simulated: it is no user and no role`},
		},
		{name: "a signature that was spoiled", who: user, change: func(res *probe.Result) { res.Request.Traits.Genuine = false }},
		{name: "nobody suspects the rights", who: user, change: func(res *probe.Result) { res.Attribution.Candidates = res.Attribution.Candidates[:1] }},
	} {
		t.Run(c.name, func(t *testing.T) {
			api := restAPI()
			answers := map[string]string{
				"GetCallerIdentity": identity(c.who), "GET /restapis/a1b2c3d4e5": `{"disableExecuteApiEndpoint":true,"endpointConfiguration":{"types":["PRIVATE"]}}`,
				"GET /restapis/a1b2c3d4e5/stages/prod": `{}`,
			}
			for k, v := range c.answers {
				answers[k] = v
			}
			s, signed, res := signedBy(answers, api)
			if c.change != nil {
				c.change(&res)
			}
			a := s.open(t)
			a.Signers([]probe.Case{signed}, map[string]probe.ResolvedCredentials{"caller": {Credentials: probe.Credentials{AccessKeyID: "AKIACALLER", SecretAccessKey: probe.NewSecret("secret")}}})
			got := a.Testify(t.Context(), api, []probe.Result{res})
			lines := slices.DeleteFunc(told(got.Evidence), func(s string) bool { return strings.Contains(s, " account: ") })
			if diff := cmp.Diff(c.want, lines, cmpNone); diff != "" {
				t.Errorf("evidence (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.notes, got.Notes); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
			form, _ := url.ParseQuery(s.bodies["SimulatePrincipalPolicy"])
			asked := strings.TrimSpace(strings.Join([]string{form.Get("PolicySourceArn"), form.Get("ResourcePolicy"), form.Get("CallerArn")}, " "))
			if diff := cmp.Diff(c.asked, asked); diff != "" {
				t.Errorf("simulation (-want +got):\n%s", diff)
			}
		})
	}
}

// cmpNone takes no lines for no lines.
var cmpNone = cmp.Transformer("none", func(lines []string) []string {
	if lines == nil {
		return []string{}
	}
	return lines
})

// TestSimulatedWithoutKeys: where our own secret is missing, nobody is asked who it is.
func TestSimulatedWithoutKeys(t *testing.T) {
	api := restAPI()
	s, signed, res := signedBy(map[string]string{"GET /restapis/a1b2c3d4e5/stages/prod": `{}`}, api)
	a := s.open(t)
	a.Signers([]probe.Case{signed}, map[string]probe.ResolvedCredentials{"caller": {Err: errors.New("not there")}})
	if got := a.Testify(t.Context(), api, []probe.Result{res}); slices.Contains(s.asked, "GetCallerIdentity") {
		t.Errorf("asked %q, got %v, want nobody asked", s.asked, got)
	}
}
