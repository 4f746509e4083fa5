package sandbox

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	iamImplicit      = "iam-authorization/iam-implicit-deny"
	iamExplicit      = "iam-authorization/iam-explicit-deny"
	resourceImplicit = "resource-policy/resource-policy-implicit-deny"
	resourceExplicit = "resource-policy/resource-policy-explicit-deny"
	accepted         = "none/accepted"
)

// policySaying is one that gives the verdict about every request.
func policySaying(v verdict) Policy {
	if v == neither {
		return Policy{{Effect: Allow, Resource: []string{"arn:aws:execute-api:*:*:other/*"}}}
	}
	return Policy{{Effect: v}}
}

// The resource policy alone decides about anonymous callers.
func TestResourcePolicyAlone(t *testing.T) {
	for _, tc := range []struct {
		policy Policy
		want   string
	}{
		{nil, accepted},
		{policySaying(Allow), accepted},
		{policySaying(neither), resourceImplicit},
		{policySaying(Deny), resourceExplicit},
		{append(policySaying(Allow), policySaying(Deny)...), resourceExplicit},
	} {
		m := world()
		m.APIs[0].ResourcePolicy = tc.policy
		if got := truth(t, gateway(t, m), get("/prod/open")); got != tc.want {
			t.Errorf("policy %v: got %s, want %s", tc.policy, got, tc.want)
		}
	}
}

// Every cell of the two tables by which identity and resource policy combine.
func TestPoliciesCombined(t *testing.T) {
	for _, tc := range []struct {
		identity, resource verdict
		same, cross        string
	}{
		{Allow, Allow, accepted, accepted},
		{Allow, neither, accepted, resourceImplicit},
		{Allow, Deny, resourceExplicit, resourceExplicit},
		{neither, Allow, accepted, iamImplicit},
		{neither, neither, iamImplicit, iamImplicit},
		{neither, Deny, resourceExplicit, resourceExplicit},
		{Deny, Allow, iamExplicit, iamExplicit},
		{Deny, neither, iamExplicit, iamExplicit},
		{Deny, Deny, resourceExplicit, resourceExplicit},
	} {
		for account, want := range map[string]string{account: tc.same, "444455556666": tc.cross} {
			t.Run(fmt.Sprintf("%q,%q,%s", tc.identity, tc.resource, account), func(t *testing.T) {
				m := world()
				p := &m.Principals[0]
				p.ARN = "arn:aws:iam::" + account + ":user/caller"
				p.Policy = policySaying(tc.identity)
				m.APIs[0].ResourcePolicy = policySaying(tc.resource)
				if got := truth(t, gateway(t, m), signed(get("/prod/iam"), p)); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		}
	}
}

// Without any resource policy nobody of another account comes in.
func TestCrossAccountWithoutResourcePolicy(t *testing.T) {
	m := world()
	m.Principals[0].ARN = "arn:aws:iam::444455556666:user/caller"
	if got := truth(t, gateway(t, m), signed(get("/prod/iam"), &m.Principals[0])); got != resourceImplicit {
		t.Errorf("got %s, want %s", got, resourceImplicit)
	}
}

func TestDenialTexts(t *testing.T) {
	const who = "User: arn:aws:iam::111122223333:user/caller is not authorized to perform: execute-api:Invoke on resource: " +
		"arn:aws:execute-api:eu-west-1:********3333:a1b2c3d4e5/prod/GET/items/4%202"
	policy := func(v verdict) *Policy { p := policySaying(v); return &p }
	for _, tc := range []struct {
		name                string
		identity            verdict
		session             *Policy
		resource            Policy
		recent, old, layers string
	}{
		{"identity silent", neither, nil, nil,
			who + " because no identity-based policy allows the execute-api:Invoke action", who, iamImplicit},
		{"identity denies", Deny, nil, nil,
			who + " with an explicit deny in an identity-based policy", who + " with an explicit deny", iamExplicit},
		{"session silent", Allow, policy(neither), nil,
			who + " because no session policy allows the execute-api:Invoke action", who, iamImplicit},
		{"session denies", Allow, policy(Deny), nil,
			who + " with an explicit deny in a session policy", who + " with an explicit deny", iamExplicit},
		{"session allows nothing", Allow, &Policy{}, policySaying(Allow),
			who + " because no session policy allows the execute-api:Invoke action", who, iamImplicit},
		{"resource denies", Allow, nil, policySaying(Deny),
			who + " with an explicit deny in a resource-based policy", who + " with an explicit deny", resourceExplicit},
	} {
		for _, old := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s,old=%v", tc.name, old), func(t *testing.T) {
				m := world()
				m.Switches.OldPolicyWording = old
				m.Principals[0].Policy, m.Principals[0].Session = policySaying(tc.identity), tc.session
				m.APIs[0].ResourcePolicy = tc.resource
				res := ask(t, gateway(t, m), signed(get("/prod/items/4%202"), &m.Principals[0]))
				want := tc.recent
				if old {
					want = tc.old
				}
				if diff := cmp.Diff([]string{"Message", want, tc.layers}, []string{res.Key, res.Message, res.Layer + "/" + res.Cause}); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestPolicyElements(t *testing.T) {
	when := func(operator, key string, values ...string) Statement {
		return Statement{Effect: Allow, Condition: []Condition{{operator, key, values}}}
	}
	who := func(names ...string) Statement { return Statement{Effect: Allow, Principal: names} }
	what := func(resource string) Statement { return Statement{Effect: Allow, Resource: []string{resource}} }
	for _, tc := range []struct {
		name              string
		statement         Statement
		anonymous, signed bool
	}{
		{"everyone", who("*"), true, true},
		{"account", who("111122223333"), false, true},
		{"root of the account", who("arn:aws:iam::111122223333:root"), false, true},
		{"role behind the session", who("arn:aws:iam::111122223333:role/r"), false, true},
		{"session", who("arn:aws:sts::111122223333:assumed-role/r/s"), false, true},
		{"somebody else", who("arn:aws:iam::111122223333:user/x", "444455556666"), false, false},
		{"short resource", what("execute-api:/prod/*/see"), true, true},
		{"full resource", what("arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/prod/GET/se?"), true, true},
		{"other stage", what("execute-api:/test/*"), false, false},
		{"every action", Statement{Effect: Allow, Action: []string{"execute-api:*"}}, true, true},
		{"action in another case", Statement{Effect: Allow, Action: []string{"EXECUTE-API:invoke"}}, true, true},
		{"other action", Statement{Effect: Allow, Action: []string{"execute-api:ManageConnections"}}, false, false},
		{"source", when("IpAddress", "aws:SourceIp", "10.0.0.0/8", "192.0.2.0/24"), true, true},
		{"single source", when("IpAddress", "aws:SourceIp", "192.0.2.1"), true, true},
		{"not the source", when("NotIpAddress", "aws:SourceIp", "192.0.2.0/24"), false, false},
		{"user agent", when("StringLike", "aws:UserAgent", "probe/*"), true, true},
		{"not the user agent", when("StringNotLike", "aws:UserAgent", "probe/*"), false, false},
		{"no referer", when("StringNotEquals", "aws:Referer", "x"), true, true},
		{"a referer", when("StringLike", "aws:Referer", "*"), false, false},
		{"over TLS", when("StringEquals", "aws:SecureTransport", "true"), true, true},
		{"principal's ARN", when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/r"), false, true},
		{"principal's account", when("StringEquals", "aws:PrincipalAccount", "111122223333"), false, true},
		{"not the principal's account", when("StringNotEquals", "aws:PrincipalAccount", "111122223333"), true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := world()
			m.APIs[0].Routes = []Route{{Method: "GET", Path: "/see", Authorization: None}}
			m.Principals[1].Policy = nil // all rests on the resource policy
			api := &m.APIs[0]
			api.ResourcePolicy = Policy{tc.statement}
			anonymous := truth(t, gateway(t, m), get("/prod/see", "User-Agent: probe/1"))
			api.Routes[0].Authorization = IAM
			withSignature := truth(t, gateway(t, m), signed(get("/prod/see", "User-Agent: probe/1"), &m.Principals[1]))
			got := []string{anonymous, withSignature}
			want := []string{resourceImplicit, iamImplicit}
			if tc.anonymous {
				want[0] = accepted
			}
			if tc.signed {
				want[1] = accepted
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestGlob(t *testing.T) {
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"*", "", true}, {"*", "a/b", true}, {"a*c", "abbc", true}, {"a*c", "abb", false},
		{"a?c", "abc", true}, {"a?c", "ac", false}, {"*b*b", "abab", true}, {"abc", "ab", false}, {"ab", "abc", false}, {"**", "x", true},
	} {
		if got := glob(tc.pattern, tc.s); got != tc.want {
			t.Errorf("glob(%q, %q) = %v, want %v", tc.pattern, tc.s, got, tc.want)
		}
	}
}
