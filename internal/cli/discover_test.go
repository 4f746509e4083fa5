package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"apigwprobe/internal/config"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/google/go-cmp/cmp"
)

// account serves the control plane of a model to the operator of the sandbox, and leads AWS's clients to it.
func account(t *testing.T, m sandbox.Model) *sandbox.Gateway {
	t.Helper()
	g, err := sandbox.New(m)
	if err != nil {
		t.Fatal(err)
	}
	s, err := g.ListenControl()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	i := slices.IndexFunc(m.Principals, func(p sandbox.Principal) bool { return strings.HasSuffix(p.ARN, ":user/operator") })
	leadTo(t, s.URL, m.Principals[i].AccessKeyID, m.Principals[i].SecretKey)
	return g
}

// leadTo makes an address all of AWS that the test can see.
func leadTo(t *testing.T, url, id, secret string) {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // restores it at the end
			_ = os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": url, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret,
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

// operatorMay gives the operator of a model other rights.
func operatorMay(m *sandbox.Model, p ...sandbox.Statement) {
	i := slices.IndexFunc(m.Principals, func(p sandbox.Principal) bool { return strings.HasSuffix(p.ARN, ":user/operator") })
	m.Principals[i].Policy = p
}

// discovered runs probe discover.
func discovered(t *testing.T, args ...string) (file, messages string, code ExitCode) {
	t.Helper()
	var out, messagesOf bytes.Buffer
	code = Run(t.Context(), append([]string{"discover"}, args...), Streams{Out: &out, Err: &messagesOf})
	return out.String(), messagesOf.String(), code
}

// planOf reads a configuration with the environment "discovered".
func planOf(t *testing.T, text string) probe.Plan {
	t.Helper()
	file, err := config.Load("probe.yaml", config.Options{
		Scenarios: scenarios.Names(), ReadFile: func(string) ([]byte, error) { return []byte(text), nil },
	})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	plan, err := file.Plan("discovered")
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// facts are what a plan declares that an account can show, a line for each. Routes that only their owner can call are
// left out.
func facts(plan probe.Plan) []string {
	var out []string
	for _, a := range plan.APIs {
		head := strings.Join([]string{string(a.Type), a.ID, a.Stage}, " ")
		waf := "unknown"
		if a.WAF != nil {
			waf = map[bool]string{true: "attached", false: "none"}[*a.WAF]
		}
		out = append(out, head+": waf "+waf+", catch-all "+string(a.CatchAll))
		for _, d := range a.Domains {
			out = append(out, head+": https://"+d.Host+"/"+d.BasePath+" root "+string(d.RootMapping))
		}
		for _, e := range a.Endpoints {
			out = append(out, head+": endpoint "+e.ID+e.Host)
		}
		for _, r := range a.Routes {
			if r.Method == "POST" || strings.Contains(r.Path, "{") {
				continue
			}
			key := ""
			if r.APIKeyRequired {
				key = " with a key"
			}
			out = append(out, head+": "+r.Name()+" "+string(r.Authorization)+key)
		}
	}
	slices.Sort(out)
	return out
}

func TestDiscoverFindsWhatTheSandboxDeclares(t *testing.T) {
	served, err := openBuiltin(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer served.close()
	declared, err := served.plan()
	if err != nil {
		t.Fatal(err)
	}
	for i := range declared.APIs { // whose configuration is wrong on purpose
		if a := &declared.APIs[i]; a.Name == "legacy" {
			a.Routes[0].APIKeyRequired, a.Routes[1].Authorization = false, probe.AuthNone
		}
	}
	account(t, sandbox.Builtin())
	file, messages, code := discovered(t)
	if code != ExitOK || messages != "" {
		t.Errorf("got exit code %d and %q, want 0 and nothing", code, messages)
	}
	if diff := cmp.Diff(facts(declared), facts(planOf(t, file))); diff != "" {
		t.Errorf("(-declared +discovered):\n%s", diff)
	}
}

// What was discovered is all that a run needs, but for the way to the sandbox, which no account knows.
func TestDiscoveredFileRuns(t *testing.T) {
	served, err := sandbox.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = served.Close() }()
	dir := t.TempDir()
	for name, content := range served.Files(dir) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	account := map[string]string{}
	for _, variable := range served.Account() {
		name, value, _ := strings.Cut(variable, "=")
		account[name] = value
	}
	leadTo(t, account["AWS_ENDPOINT_URL"], account["AWS_ACCESS_KEY_ID"], account["AWS_SECRET_ACCESS_KEY"])
	file, _, _ := discovered(t)
	file = strings.Replace(file, "  discovered:\n", "  discovered:\n    connect_to: {\"*\": \""+served.Addr+"\"}\n    ca_file: ca.pem\n    rate: 500\n    total_rate: 500\n", 1)
	file = strings.Replace(file, "# mutual_tls:", "mutual_tls:", 1)
	path := filepath.Join(dir, "discovered.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, messages bytes.Buffer
	code := Run(t.Context(), []string{"run", "discovered", "--config", path}, Streams{Out: &out, Err: &messages})
	if code != ExitOK || !strings.Contains(out.String(), " 0 fail, 0 inconclusive") {
		t.Errorf("got exit code %d, want 0\n%s%s", code, out.String(), messages.String())
	}
}

func TestDiscoverPagesAndRetries(t *testing.T) {
	account(t, sandbox.Builtin())
	want, _, _ := discovered(t)
	m := sandbox.Builtin()
	m.ControlPlane.PageSize, m.ControlPlane.ThrottleEvery = 2, 40
	account(t, m)
	got, messages, code := discovered(t)
	if diff := cmp.Diff(want, got); diff != "" || code != ExitOK {
		t.Errorf("got exit code %d and %q, want the same file:\n%s", code, messages, diff)
	}
}

// Each right that is missing is named, and costs no more than what it is for.
func TestDiscoverNamesEachMissingRight(t *testing.T) {
	g := account(t, sandbox.Builtin())
	whole, _, _ := discovered(t)
	seen := map[string]bool{}
	for _, c := range g.Calls() {
		if c.Action == "" || seen[c.Action+c.Resource] {
			continue
		}
		seen[c.Action+c.Resource] = true
		t.Run(c.Action+" "+c.Resource, func(t *testing.T) {
			m := sandbox.Builtin()
			operatorMay(&m, sandbox.Statement{Effect: sandbox.Allow, Action: []string{"*"}},
				sandbox.Statement{Effect: sandbox.Deny, Action: []string{c.Action}, Resource: []string{c.Resource}})
			account(t, m)
			file, messages, code := discovered(t)
			if want := "the right " + c.Action + " on " + c.Resource + " is missing\n"; !strings.Contains(messages, want) || !strings.Contains(file, want) {
				t.Errorf("got %q, want %q there and in the file", messages, want)
			}
			if strings.Count(messages, "\n") != 1 || code != ExitInconclusive {
				t.Errorf("got exit code %d and %q, want 3 and one line", code, messages)
			}
			if got, all := len(planOf(t, file).APIs), len(planOf(t, whole).APIs); got < 2 {
				t.Errorf("got %d of %d APIs, want what can be seen", got, all)
			}
		})
	}
	if len(seen) < 20 {
		t.Errorf("got %d rights, want those of a whole account", len(seen))
	}
}

func TestDiscoverChoosesAPIs(t *testing.T) {
	m := sandbox.Builtin()
	m.APIs[1].Name = "orders"
	account(t, m)
	first, second := m.APIs[0].ID, m.APIs[1].ID
	for _, args := range [][]string{nil, {"--api", "orders"}} {
		file, messages, code := discovered(t, args...)
		if code != ExitUsage || file != "" || !strings.Contains(messages, first) || !strings.Contains(messages, second) || !strings.Contains(messages, "hint: --api takes an id") {
			t.Errorf("%q: got exit code %d and %q, want 2 and both ids", args, code, messages)
		}
	}
	file, _, code := discovered(t, "--api", second, "--api", "shop")
	var got []string
	for _, a := range planOf(t, file).APIs {
		got = append(got, a.ID)
	}
	if diff := cmp.Diff([]string{second, "5h0pe2f3g4"}, got); diff != "" || code != ExitOK {
		t.Errorf("got exit code %d: %s", code, diff)
	}
	if _, messages, code := discovered(t, "--api", "nothing"); code != ExitUsage || !strings.Contains(messages, `got no API with the id or name "nothing"`) {
		t.Errorf("got exit code %d and %q, want 2 and the name", code, messages)
	}
}

func TestDiscoverTellsDraftFromDeployment(t *testing.T) {
	m := sandbox.Builtin()
	orders := &m.APIs[0]
	live := slices.Clone(orders.Routes)
	live[1].Authorization, live[1].APIKeyRequired = sandbox.None, false
	orders.Stages = append(orders.Stages, sandbox.Stage{Name: "old", Deployment: &sandbox.Deployment{Routes: live}})
	account(t, m)
	file, _, _ := discovered(t, "--api", "orders")
	var got []string
	for _, a := range planOf(t, file).APIs {
		for _, r := range a.Routes {
			got = append(got, a.Name+" "+r.Name()+" "+string(r.Authorization))
		}
	}
	if diff := cmp.Diff([]string{"orders-prod GET /orders AWS_IAM", "orders-old GET /orders NONE"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDiscoverLooksInRegions(t *testing.T) {
	m := sandbox.Builtin()
	m.APIs[3].Region = "us-east-1"
	m.Domains[0].Mappings = m.Domains[0].Mappings[:2]
	account(t, m)
	count := func(args ...string) int {
		file, _, _ := discovered(t, args...)
		return len(regexp.MustCompile(`(?m)^        region: `).FindAllString(file, -1))
	}
	if got := []int{count(), count("--region", "us-east-1"), count("--account-wide"), count("--region", "us-east-1,eu-west-1")}; !slices.Equal(got, []int{8, 1, 9, 9}) {
		t.Errorf("got %v APIs, want 8 here, 1 there, 9 in all", got)
	}
}

func TestDiscoverFindsNothing(t *testing.T) {
	m := sandbox.Builtin()
	operatorMay(&m)
	account(t, m)
	file, messages, code := discovered(t)
	const want = "warning: the REST APIs of eu-west-1: not known: the right apigateway:GET on arn:aws:apigateway:eu-west-1::/restapis is missing\n" +
		"warning: the HTTP and WebSocket APIs of eu-west-1: not known: the right apigateway:GET on arn:aws:apigateway:eu-west-1::/apis is missing\n" +
		"no API can be seen, and nothing is written\n"
	if file != "" || messages != want || code != ExitInconclusive {
		t.Errorf("without rights: got exit code %d, %q and %q, want 3, no file and %q", code, file, messages, want)
	}

	m = sandbox.Builtin()
	m.APIs, m.Domains, m.Plans = m.APIs[:1], nil, nil
	m.APIs[0].Stages = nil
	account(t, m)
	file, messages, code = discovered(t)
	if file != "" || code != ExitUsage || !strings.Contains(messages, `finding APIs: got none that is deployed: REST API "orders" (or4d3r5a1b) has no stage`) {
		t.Errorf("without stages: got exit code %d, %q and %q, want 2 and the API that has none", code, file, messages)
	}
}
