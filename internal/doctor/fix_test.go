package doctor

import (
	"encoding/json"
	"io/fs"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"go.yaml.in/yaml/v4"
)

// known is an input in which every name is known.
func known(t probe.APIType) Input {
	return Input{
		API: probe.API{
			Name: "orders", Type: t, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod",
			Domains:   []probe.CustomDomain{{Host: "api.example.com", BasePath: "shop"}},
			Endpoints: []probe.VPCEndpoint{{ID: "vpce-0123456789abcdef0"}},
		},
		Route: probe.Route{
			Method: "GET", Path: "/orders/{id}", Authorization: probe.AuthIAM, Principal: "caller", Outsider: "outsider",
			CORS: &probe.CORS{Origins: []string{"https://app.example.com"}},
		},
		Report: probe.Report{Run: probe.RunInfo{ID: "run-1", Environment: "prod", Complete: true}},
		Callers: []Caller{{
			Role: RoleControl, Principal: "caller",
			Identity: evidence.Identity{ARN: "arn:aws:sts::444455556666:assumed-role/caller/probe", Account: "444455556666"},
		}},
		Names: evidence.Names{
			Operator: evidence.Identity{ARN: "arn:aws:iam::111122223333:user/operator", Account: "111122223333"}, Owner: "111122223333",
			WebACL: "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/acl/1", LogGroup: "orders-log", Resource: "r1",
			Function: "arn:aws:lambda:eu-west-1:111122223333:function:orders", Plan: "p1", Key: "k1",
			Authorizer: evidence.Authorizer{ID: "z1", Function: "arn:aws:lambda:eu-west-1:111122223333:function:authorize"},
		},
	}
}

func onDomain() probe.Result {
	return probe.Result{
		API: "orders", Route: "GET /orders/{id}", Access: probe.AccessCustomDomain, AccessID: "custom-domain:api.example.com/shop", Host: "api.example.com",
		Scenario: "sigv4", Control: true, Request: &probe.RequestInfo{Method: "GET", URL: "https://api.example.com/shop/orders/42?verbose=1"},
	}
}

// Every cause of the table has a fix for every type of API, with code that is what it says to be.
func TestFixes(t *testing.T) {
	inputs := map[string]Input{}
	for _, kind := range []probe.APIType{probe.REST, probe.HTTP, probe.WebSocket} {
		inputs[string(kind)] = known(kind)
	}
	inputs["nothing known"] = Input{}
	for name, in := range inputs {
		for _, info := range probe.Causes() {
			f := fixOf(info.Layer, info.Cause, in.namesFor(onDomain()))
			if f == nil {
				t.Errorf("%s/%s: got no fix", info.Layer, info.Cause)
				continue
			}
			checkFix(t, name+": "+string(info.Layer)+"/"+string(info.Cause), f)
			if f.Change == "" {
				t.Errorf("%s/%s: got no sentence on what to change", info.Layer, info.Cause)
			}
		}
		for _, l := range gates {
			f := fixOf(l, open, in.namesFor(onDomain()))
			if f == nil {
				t.Errorf("%s: got no fix for a gate that is open", l)
				continue
			}
			checkFix(t, name+": "+string(l)+"/open", f)
		}
	}
}

// gates are the layers that scenarios expect to refuse.
var gates = []probe.Layer{
	probe.Domain, probe.EndpointPolicy, probe.Stage, probe.WAF, probe.RouteLayer, probe.ResourcePolicy, probe.IAMAuthentication,
	probe.LambdaAuthorizer, probe.CognitoAuthorizer, probe.JWTAuthorizer, probe.IAMAuthorization, probe.APIKeyLayer, probe.UsagePlan,
}

func checkFix(t *testing.T, name string, f *Fix) {
	t.Helper()
	code := 0
	for _, s := range f.Steps {
		if strings.Contains(s.Text+s.Code, "<no value>") || strings.Contains(s.Text, "{{") {
			t.Errorf("%s: got a name without a value: %q", name, s)
		}
		if s.Code == "" {
			continue
		}
		code++
		var document any
		switch s.Language {
		case "sh":
			checkShell(t, name, s.Code)
		case "json":
			if err := json.Unmarshal([]byte(s.Code), &document); err != nil {
				t.Errorf("%s: %v in %s", name, err, s.Code)
			}
		case "yaml":
			if err := yaml.Unmarshal([]byte(s.Code), &document); err != nil {
				t.Errorf("%s: %v in %s", name, err, s.Code)
			}
		default:
			t.Errorf("%s: got code in %q, want sh, json or yaml", name, s.Language)
		}
	}
	if code == 0 && !f.Deploy.Needed {
		t.Errorf("%s: got nothing to write or run, want something: %v", name, f.Steps)
	}
	if f.Deploy.Needed != (f.Deploy.Command != "" && !strings.HasPrefix(f.Deploy.When, "unless")) {
		t.Errorf("%s: got %+v, want a command where a deployment is needed", name, f.Deploy)
	}
	checkShell(t, name, f.Deploy.Command)
}

func checkShell(t *testing.T, name, code string) {
	t.Helper()
	sh, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash to check commands with")
	}
	cmd := exec.Command(sh, "-n")
	cmd.Stdin = strings.NewReader(code)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v: %s in %s", name, err, out, code)
	}
}

// What the account and the configuration know stands in the fixes; only what nobody can know is left to replace.
func TestFixes_name_what_is_known(t *testing.T) {
	unknowable := regexp.MustCompile(`REPLACE-BY-(BUCKET|KEY|VERSION-ID|CERTIFICATE-ARN|DISTRIBUTION|LISTENER-ARN|WEB-ACL-ARN|RULE|URL|SECURITY-GROUP|` +
		`NETWORK-OF-THE-PROBER|NETWORKS-THAT-MAY-CALL|ADDRESS-OF-THE-PROBER|METRIC-NAME|A-SECRET-VALUE|HOST|integrations/ID|KEY-ID|ITS-HEADER|WHAT-PRINTS-A-TOKEN|` +
		`USER-POOL-ARN|ISSUER|ALL-AUDIENCES|SCOPES|NAME|VALUE|VALUE-THAT-EXISTS|A-BODY-THAT-FITS|MEDIA-TYPE|ARN-OF-THE-OUTSIDER)\b`)
	for _, kind := range []probe.APIType{probe.REST, probe.HTTP} {
		n := known(kind).namesFor(onDomain())
		for _, info := range probe.Causes() {
			for _, s := range fixOf(info.Layer, info.Cause, n).Steps {
				for _, mark := range regexp.MustCompile(`REPLACE-BY-[A-Za-z/-]+`).FindAllString(s.Text+s.Code, -1) {
					if !unknowable.MatchString(mark) {
						t.Errorf("%s %s/%s: got %s, want what it is called", kind, info.Layer, info.Cause, mark)
					}
				}
			}
		}
	}
}

// A section that no cause has would never be shown.
func TestFixes_belong_to_causes(t *testing.T) {
	wanted := map[string]bool{"shared.tmpl": true, "deploy": true}
	for _, info := range probe.Causes() {
		wanted[string(info.Layer)+"/"+string(info.Cause)] = true
	}
	for _, l := range probe.Layers() {
		wanted[string(l)+"/"+open] = true
	}
	for _, tmpl := range templates().Templates() {
		if name := tmpl.Name(); strings.Contains(name, "/") && !wanted[name] {
			t.Errorf("got a fix for %s, which is no cause", name)
		}
	}
	err := fs.WalkDir(files, "fixes", func(path string, d fs.DirEntry, err error) error {
		layer := probe.Layer(strings.TrimSuffix(d.Name(), ".md"))
		if !d.IsDir() && d.Name() != "shared.tmpl" && !layer.Valid() {
			t.Errorf("got %s, which is of no layer", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestShellWord(t *testing.T) {
	for text, want := range map[string]string{
		"": "''", "a-b_c.d/e:f": "a-b_c.d/e:f", "GET /x": "'GET /x'", "it's": `'it'\''s'`, "$(rm)": "'$(rm)'", "*": "'*'", "é": "'é'",
	} {
		if got := shellWord(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
