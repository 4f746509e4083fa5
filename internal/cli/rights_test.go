package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"apigwprobe/internal/sandbox"
)

// errand is a command that asks AWS's own APIs, against the sandbox's account.
type errand struct {
	policy []string // commands of probe manifest iam-policy
	args   []string
	change func(*sandbox.Model)
	config func(string) string // changes the configuration
	wants  ExitCode            // with the rights that are printed
	denied []ExitCode          // without one of them, any of these

	anywhere bool // it goes beyond the environments of a configuration
}

// errands are such that each right is needed by one of them.
func errands() map[string]errand {
	discover := errand{policy: []string{"discover"}, args: []string{"discover"}, wants: ExitOK, denied: []ExitCode{ExitInconclusive}}
	everywhere, ruled, edge, draft := discover, discover, discover, discover
	everywhere.args, everywhere.anywhere = append(everywhere.args, "--account-wide"), true
	ruled.change, edge.change, draft.change = withRules, withEdgeDomains, withoutExports
	draft.wants = ExitInconclusive

	out := map[string]errand{
		"discover": discover, "discover everywhere": everywhere, "discover rules": ruled, "discover edge domains": edge, "discover a draft": draft,
		"alert": {policy: []string{"alert"}, args: []string{"alert", "test"}, change: withHook, config: withAlerts, wants: ExitFail, denied: []ExitCode{ExitFail}},
	}
	for api, route := range map[string]string{
		"orders": "GET /orders", "catalog": "GET /items/{id}", "ledger": "GET /entries", "legacy": "GET /report", "vault": "GET /documents",
		"reports": "GET /daily", "shop": "GET /offers", "feed": "$connect", "members": "GET /profile",
	} {
		control := []string{"run", "sandbox", "--api", api, "--scenario", "control"}
		doctor := []string{"doctor", "sandbox", api, route, "--evidence-wait", "0"}
		for command, args := range map[string][]string{
			"logs": {"logs", "plan", "sandbox", api}, "run": control, "run-with-account": append(control, "--with-account"), "doctor": doctor,
			"doctor-invoke": append(slices.Clone(doctor), "--invoke"),
		} {
			e := errand{policy: []string{command}, args: args, config: fromStores, denied: []ExitCode{ExitOK}}
			if command == "run" && api != "orders" && api != "catalog" { // which are asked nothing
				continue
			}
			if command == "logs" {
				e.denied = []ExitCode{ExitInconclusive}
				if api == "legacy" { // whose log is in a format that tells little
					e.wants, e.denied = ExitFail, append(e.denied, ExitFail)
				}
			}
			if command == "logs" && (api == "orders" || api == "shop") {
				follow := e
				follow.args, follow.denied = []string{"logs", "tail", "sandbox", api, "--for", "200ms"}, []ExitCode{ExitInconclusive, ExitOK} // what it may read is read
				out["logs as they come of "+api] = follow
			}
			out[command+" of "+api] = e
			switch {
			case command == "run", command == "logs":
			case api == "shop":
				e.change = deployedByHand
				out[command+" of a shop that is deployed by hand"] = e
			case api == "orders", api == "vault":
				ruled, edge := e, e
				ruled.change, edge.change = withRules, withEdgeDomains
				if api == "orders" { // whose base path a rule does not take off
					ruled.config, ruled.wants, ruled.denied = nil, ExitFail, []ExitCode{ExitFail}
				}
				if strings.HasPrefix(command, "doctor") && api == "vault" { // which lets in who has no certificate
					edge.wants, edge.denied = ExitFail, []ExitCode{ExitFail}
				}
				out[command+" of a ruled domain of "+api], out[command+" of an edge domain of "+api] = ruled, edge
			}
		}
	}
	samples := out["run-with-account of ledger"]
	samples.args = []string{"run", "sandbox", "--api", "ledger", "--scenario", "waf-marker", "--with-account"}
	out["samples of a web ACL"] = samples
	return out
}

var all = sandbox.Statement{Effect: sandbox.Allow, Action: []string{"*"}}

// ran is what came of an errand.
type ran struct {
	out, messages string
	code          ExitCode
	calls         []sandbox.Call // of the operator
}

// run does the errand with the operator's rights as they are given.
func (e errand) run(t *testing.T, rights []sandbox.Statement) ran {
	t.Helper()
	served, err := sandbox.ServeChanged("127.0.0.1:0", func(m *sandbox.Model) {
		if e.change != nil {
			e.change(m)
		}
		operatorMay(m, rights...)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = served.Close() }()
	config := e.write(t, served)
	account := map[string]string{}
	for _, variable := range served.Account() {
		name, value, _ := strings.Cut(variable, "=")
		account[name] = value
	}
	leadTo(t, account["AWS_ENDPOINT_URL"], account["AWS_ACCESS_KEY_ID"], account["AWS_SECRET_ACCESS_KEY"])
	args := e.args
	if args[0] != "discover" {
		args = append(slices.Clone(args), "--config", config)
	}
	var out, messages bytes.Buffer
	code := Run(t.Context(), args, Streams{Out: &out, Err: &messages})
	calls := slices.DeleteFunc(served.Calls(), func(c sandbox.Call) bool { return !strings.HasSuffix(c.Principal, ":user/operator") })
	return ran{out.String(), messages.String(), code, calls}
}

func (e errand) write(t *testing.T, served *sandbox.Environment) (config string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range served.Files(dir) {
		if name == sandbox.ConfigName && e.config != nil {
			content = []byte(e.config(string(content)))
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, sandbox.ConfigName)
}

// printed is the policy that probe manifest prints for the errand, with or without its environment.
func (e errand) printed(t *testing.T, environment bool) []sandbox.Statement {
	t.Helper()
	args := []string{"manifest", "iam-policy", "--command", strings.Join(e.policy, ",")}
	if environment {
		served, err := sandbox.ServeChanged("127.0.0.1:0", func(*sandbox.Model) {})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = served.Close() }()
		args = append(args, "sandbox", "--config", e.write(t, served))
	}
	var out, messages bytes.Buffer
	if code := Run(t.Context(), args, Streams{Out: &out, Err: &messages}); code != ExitOK {
		t.Fatalf("%q: got exit code %d: %s", args, code, messages.String())
	}
	var policy struct {
		Statement []struct {
			Effect   sandbox.Effect
			Action   string
			Resource []string
		}
	}
	if err := json.Unmarshal(out.Bytes(), &policy); err != nil {
		t.Fatal(err)
	}
	var statements []sandbox.Statement
	for _, s := range policy.Statement {
		statements = append(statements, sandbox.Statement{Effect: s.Effect, Action: []string{s.Action}, Resource: s.Resource})
	}
	return statements
}

// The policy that is printed is what a command needs: with it nothing is refused, and all of it is used.
func TestPoliciesAreExact(t *testing.T) {
	Long(t)
	allowed, made := map[string][]string{}, map[string][]sandbox.Call{} // by the policy
	for name, e := range errands() {
		t.Run(name, func(t *testing.T) {
			for _, environment := range []bool{false, true} {
				if environment && e.anywhere {
					continue
				}
				printed := e.printed(t, environment)
				got := e.run(t, printed)
				if got.code != e.wants {
					t.Errorf("got exit code %d, want %d\n%s", got.code, e.wants, got.messages)
				}
				for _, c := range got.calls {
					if slices.Contains([]string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}, c.Failed) {
						t.Errorf("environment %t: %s on %s is missing in the policy: is it in a table of rights that commandRights has?", environment, c.Action, c.Resource)
					}
				}
				policy := fmt.Sprint(e.policy, environment)
				allowed[policy], made[policy] = append(allowed[policy], patterns(printed)...), append(made[policy], got.calls...)
			}
		})
	}
	for policy, all := range allowed {
		slices.Sort(all)
		for _, pattern := range slices.Compact(all) {
			if !slices.ContainsFunc(made[policy], func(c sandbox.Call) bool { return c.Failed == "" && within(pattern, c) }) {
				t.Errorf("%s: nothing needs %s", policy, pattern)
			}
		}
	}
}

// patterns are what a policy allows, one by one: "apigateway:GET on arn".
func patterns(policy []sandbox.Statement) []string {
	var out []string
	for _, s := range policy {
		for _, resource := range s.Resource {
			out = append(out, s.Action[0]+" on "+resource)
		}
	}
	return out
}

func within(pattern string, c sandbox.Call) bool {
	text := "^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + "$"
	return regexp.MustCompile(text).MatchString(c.Action + " on " + c.Resource)
}

// Each right that is missing is named, with what it is missing on, and the rest is done all the same.
func TestMissingRightsAreNamed(t *testing.T) {
	Long(t)
	for name, e := range errands() {
		if strings.HasPrefix(name, "doctor") && !slices.Contains([]string{"orders", "shop", "members"}, e.args[2]) {
			continue // which ask what these ask
		}
		t.Run(name, func(t *testing.T) {
			whole := e.run(t, []sandbox.Statement{all})
			seen := map[string]bool{}
			for _, c := range whole.calls {
				if c.Action == "" || seen[c.Action+c.Resource] {
					continue
				}
				seen[c.Action+c.Resource] = true
				wants, secret := e.denied, regexp.MustCompile("^(sts|ssm|secretsmanager):").MatchString(c.Action)
				if e.args[0] != "alert" && secret { // without which the control cannot be sent
					wants = []ExitCode{ExitInconclusive}
				}
				got := e.run(t, []sandbox.Statement{all, {Effect: sandbox.Deny, Action: []string{c.Action}, Resource: []string{c.Resource}}})
				text := got.out + got.messages
				named := strings.Contains(text, c.Resource) || strings.Contains(text, strings.Replace(c.Resource, ":111122223333:", ":*:", 1))
				if !strings.Contains(text, c.Action) || !named || !slices.Contains(wants, got.code) {
					t.Errorf("without %s on %s: got exit code %d, want one of %d and both named\n%s", c.Action, c.Resource, got.code, wants, got.messages)
				}
			}
			if len(seen) == 0 {
				t.Error("got no call, want some")
			}
		})
	}
}

// withRules leads to the first API of each domain by a rule, and no more by its mapping.
func withRules(m *sandbox.Model) {
	for i := range m.Domains {
		d := &m.Domains[i]
		d.Rules = []sandbox.RoutingRule{{Header: "User-Agent", Value: "*", APIStage: d.Mappings[0].APIStage}}
		d.Mappings = d.Mappings[1:]
	}
}

func withEdgeDomains(m *sandbox.Model) {
	m.ControlPlane.NoEdgeDomainV2 = true
	for i := range m.Domains {
		m.Domains[i].Endpoint, m.Domains[i].MutualTLS = sandbox.Edge, nil
	}
}

func withoutExports(m *sandbox.Model) { m.ControlPlane.NoExports = true }

func deployedByHand(m *sandbox.Model) {
	shop := &m.APIs[slices.IndexFunc(m.APIs, func(a sandbox.API) bool { return a.Name == "shop" })]
	shop.Stages[0].Deployment = &sandbox.Deployment{Routes: shop.Routes, Authorizers: shop.Authorizers}
}

func withHook(m *sandbox.Model) {
	m.ControlPlane.Parameters["/probe/hook"], m.ControlPlane.Secrets["probe/hook"] = "http://127.0.0.1:1/", "a-secret-of-the-hook-0123456789"
}

// fromStores takes a principal from its role, and keys from where they are stored.
func fromStores(config string) string {
	caller := regexp.MustCompile(`(?m)^  caller:.*\n(?:    .*\n)+`)
	config = caller.ReplaceAllString(config, "  caller: {role_arn: \"arn:aws:iam::111122223333:role/caller\"}\n")
	config = regexp.MustCompile(`\{value: sandbox-orders-key.*\}`).ReplaceAllString(config, "{ssm: /orders/api-key}")
	return regexp.MustCompile(`\{value: sandbox-item-key.*\}`).ReplaceAllString(config, "{secretsmanager: catalog/api-key}")
}

// withAlerts has destinations that take rights of the operator's own, and one that takes them of a role.
func withAlerts(config string) string {
	topic := `{topic_arn: "arn:aws:sns:eu-west-1:111122223333:gates"`
	return fromStores(config) + "alerts:\n  destinations:\n    mail: {sns: " + topic + "}}\n    team: {sns: " + topic + ", principal: caller}}\n" +
		"    hook: {webhook: {url: {ssm: /probe/hook}, secret: {secretsmanager: probe/hook}}}\n"
}

// Whatever is asked says in the policy for what, and IAM takes the policy.
func TestPolicyOfAllCommands(t *testing.T) {
	var out, messages bytes.Buffer
	if code := Run(t.Context(), []string{"manifest", "iam-policy"}, Streams{Out: &out, Err: &messages}); code != ExitOK {
		t.Fatalf("got exit code %d: %s", code, messages.String())
	}
	var policy struct {
		Statement []struct{ Sid, Action string }
	}
	if err := json.Unmarshal(out.Bytes(), &policy); err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, s := range policy.Statement {
		if !regexp.MustCompile(`^[A-Z][A-Za-z0-9]+$`).MatchString(s.Sid) || said[s.Sid] != "" {
			t.Errorf("%s: got the id %q, want one of its own that says for what", s.Action, s.Sid)
		}
		said[s.Sid] = s.Action
	}
	const most = 6144 // characters of a managed policy, white space aside
	if size := len(strings.Join(strings.Fields(out.String()), "")); size > most {
		t.Errorf("got %d characters, want %d or fewer", size, most)
	}
}
