package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"apigwprobe/internal/capture"
	"apigwprobe/internal/cli"
	"apigwprobe/internal/sandbox"
)

// calibrationModel is the calibration template as the sandbox has it.
func calibrationModel() sandbox.Model {
	m := sandbox.Model{
		Principals: []sandbox.Principal{
			{AccessKeyID: "AKIACALIBRATION00001", SecretKey: "secret-of-the-caller", ARN: "arn:aws:iam::" + account + ":user/caller", Policy: sandbox.Policy{{Effect: sandbox.Allow}}},
			{AccessKeyID: "ASIACALIBRATION00002", SecretKey: "secret-of-the-outsider", SessionToken: "session-of-the-outsider", ARN: "arn:aws:sts::" + account + ":assumed-role/outsider/probe"},
		},
		Issuers: []sandbox.Issuer{{Name: "pool", URL: poolURL, Clients: []sandbox.Client{
			{ID: "PoolClient", Secret: "the-value-of-the-PoolClient", Scopes: []string{"calibration/read"}},
		}}},
	}
	api := func(name string, change func(*sandbox.API), routes ...sandbox.Route) {
		a := sandbox.API{
			ID: strings.ReplaceAll(name, "-", ""), Name: name, Account: account, Region: region, Stages: []sandbox.Stage{{Name: "prod"}}, Routes: routes,
		}
		if change != nil {
			change(&a)
		}
		m.APIs = append(m.APIs, a)
	}
	plan := func(key string, quota int, held bool, apis ...string) {
		p := sandbox.UsagePlan{Name: key, Quota: quota}
		for _, name := range apis {
			p.Stages = append(p.Stages, sandbox.APIStage{API: name, Stage: "prod"})
		}
		if held {
			p.Keys = []string{key}
		}
		m.Keys = append(m.Keys, sandbox.APIKey{Name: key, Value: "the-value-of-the-" + key, Disabled: key == "DisabledKey"})
		m.Plans = append(m.Plans, p)
	}
	ruled := func(p ...sandbox.Statement) func(*sandbox.API) {
		return func(a *sandbox.API) { a.ResourcePolicy = p }
	}
	everybody, elsewhere := []string{"*"}, []sandbox.Condition{{Operator: "IpAddress", Key: "aws:SourceIp", Values: []string{"192.0.2.0/24"}}}
	behind := func(path string, b sandbox.Backend) sandbox.Route {
		r := open(path)
		r.Backend = b
		return r
	}
	wants := func(path string, of sandbox.Authorization, authorizer string, scopes ...string) sandbox.Route {
		return sandbox.Route{Method: "GET", Path: path, Authorization: of, Authorizer: authorizer, Scopes: scopes}
	}

	api("calibration-iam", nil, iam("/"))
	api("calibration-open", nil, open("/"))
	for key, name := range map[string]string{
		"CalibrationKey": "calibration-key", "DisabledKey": "calibration-key-disabled", "ElsewhereKey": "calibration-key-elsewhere", "QuotaKey": "calibration-quota",
	} {
		api(name, nil, keyed(open("/")), keyed(open("/again")))
		plan(key, map[string]int{"QuotaKey": 1}[key], key != "ElsewhereKey", strings.ReplaceAll(name, "-", ""))
	}
	api("calibration-throttled", func(a *sandbox.API) { a.Stages[0].Throttle = &sandbox.Throttle{} }, open("/"))
	api("calibration-policy-denies", ruled(sandbox.Statement{Effect: sandbox.Allow, Principal: everybody}, sandbox.Statement{Effect: sandbox.Deny, Principal: everybody}), open("/"))
	api("calibration-policy-silent", ruled(sandbox.Statement{Effect: sandbox.Allow, Principal: everybody, Condition: elsewhere}), open("/"))
	api("calibration-authorizer", func(a *sandbox.API) {
		a.Authorizers = []sandbox.Authorizer{{Name: "function", Type: sandbox.TokenAuthorizer, Function: sandbox.AuthorizerFunction{
			Tokens: map[string]sandbox.Decision{
				"allow": sandbox.AllowAll, "unauthorized": {Fails: sandbox.Unauthorized}, "crash": {Fails: sandbox.Crash}, "malformed": {Fails: sandbox.MalformedPolicy},
			},
			Otherwise: sandbox.DenyAll,
		}}}
	}, wants("/", sandbox.Custom, "function"), wants("/unauthorized", sandbox.Custom, "function"), wants("/crash", sandbox.Custom, "function"), wants("/malformed", sandbox.Custom, "function"))
	api("calibration-pool", func(a *sandbox.API) {
		a.Authorizers = []sandbox.Authorizer{{Name: "pool", Type: sandbox.CognitoAuthorizer, Issuer: "pool"}}
	}, wants("/", sandbox.CognitoUserPools, "pool", "calibration/read"))
	parameters := open("/")
	parameters.Validator = &sandbox.Validator{Parameters: []string{"method.request.querystring.page"}}
	api("calibration-parameters", nil, parameters)
	api("calibration-integration", nil,
		behind("/malformed", sandbox.Backend{Kind: sandbox.Malformed}), behind("/timeout", sandbox.Backend{Kind: sandbox.Timeout}),
		behind("/401", sandbox.Backend{Status: 401, Body: "the application says no"}), behind("/403", sandbox.Backend{Status: 403, Body: "the application says no"}),
		behind("/not-permitted", sandbox.Backend{Kind: sandbox.PermissionMissing}))
	api("calibration-firewall", func(a *sandbox.API) {
		a.Stages[0].WebACL = []sandbox.WAFRule{{Match: sandbox.WAFHeaderContains, Header: "X-Probe-Waf", Value: "block-me"}}
	}, open("/"))
	api("calibration-http", func(a *sandbox.API) {
		a.Type = sandbox.HTTP
		a.Authorizers = []sandbox.Authorizer{{Name: "pool", Type: sandbox.JWTAuthorizer, Issuer: "pool", Audience: []string{"PoolClient"}}}
	}, wants("/jwt", sandbox.JWT, "pool"), wants("/scope", sandbox.JWT, "pool", "calibration/write"))
	api("calibration-socket", func(a *sandbox.API) { a.Type = sandbox.WebSocket }, sandbox.Route{Path: "$connect", Authorization: sandbox.IAM})
	return m
}

// calibrationConfig is the configuration that the outputs of the template make, for a stack in the sandbox.
func calibrationConfig(t *testing.T, server *sandbox.Server) string {
	t.Helper()
	dir := t.TempDir()
	var template, config bytes.Buffer
	if code := cli.Run(t.Context(), []string{"manifest", "calibration"}, cli.Streams{Out: &template, Err: &template}); code != cli.ExitOK {
		t.Fatal(template.String())
	}
	outputs := regexp.MustCompile(`(?m)^    Value: (?:!Sub )?['"](.*)['"]$`).FindAllStringSubmatch(template.String(), -1)
	if len(outputs) < 15 {
		t.Fatalf("got %d outputs, want one for each API", len(outputs))
	}
	for _, output := range outputs {
		line := strings.ReplaceAll(output[1], "https://${PoolDomain}.auth.${AWS::Region}.amazoncognito.com/oauth2/token", poolURL+"/token")
		line = regexp.MustCompile(`\$\{([A-Za-z:.]+)\}`).ReplaceAllStringFunc(line, func(ref string) string {
			switch name := strings.Trim(ref, "${}"); {
			case name == "AWS::Region":
				return region
			case name == "Outsider.Arn":
				return "arn:aws:iam::" + account + ":role/outsider"
			case strings.HasSuffix(name, "Api"):
				return strings.ToLower(strings.TrimSuffix(name, "Api"))
			default:
				return name
			}
		})
		line = strings.Replace(line, `"region"`, fmt.Sprintf(`"connect_to": {"*": %q}, "ca_file": ca.pem, rate: 500, total_rate: 500, "region"`, server.Addr), 1)
		config.WriteString(line + "\n")
	}
	// The command of AWS that the configuration calls: it knows keys and secrets by the names of what has them.
	const aws = "#!/bin/sh\nfor word; do\n  case $before in --api-key|--client-id) echo \"the-value-of-the-$word\" ;; esac\n  before=$word\ndone\n"
	for name, text := range map[string]string{"probe.yaml": config.String(), "ca.pem": string(server.CA), "aws": aws} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIACALIBRATION00002</AccessKeyId>`+
			`<SecretAccessKey>secret-of-the-outsider</SecretAccessKey><SessionToken>session-of-the-outsider</SessionToken>`+
			`<Expiration>2099-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
	}))
	t.Cleanup(sts.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_STS": sts.URL, "AWS_ACCESS_KEY_ID": "AKIACALIBRATION00001", "AWS_SECRET_ACCESS_KEY": "secret-of-the-caller", "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "none"), "AWS_PROFILE": "",
		"PATH": dir + string(os.PathListSeparator) + os.Getenv("PATH"),
	} {
		t.Setenv(name, value)
	}
	return filepath.Join(dir, "probe.yaml")
}

// A run of the calibration environment records vectors whose causes are the true ones, and all that the template is made
// for. Explain reads them.
func TestCalibration(t *testing.T) {
	g := gateway(t, calibrationModel())
	server, err := g.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() }) // connections to it may be left
	config, dir := calibrationConfig(t, server), t.TempDir()
	var out, errs bytes.Buffer
	streams := cli.Streams{Out: &out, Err: &errs, LookupEnv: os.LookupEnv}
	if code := cli.Run(t.Context(), []string{"run", "calibration", "--all", "--config", config, "--record", dir}, streams); code != cli.ExitFail || errs.Len() > 0 {
		t.Fatalf("got exit code %d, want %d\n%s%s", code, cli.ExitFail, errs.String(), out.String())
	}
	files, err := filepath.Glob(filepath.Join(dir, "calibration.*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("finding vectors: got %q, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		var v capture.Vector
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		truth, ok := g.Truth(v.Request.Headers["x-amzn-requestid"])
		if !ok {
			t.Errorf("%s: the sandbox does not know the request", v.ID)
		}
		if v.Cause == "" {
			continue
		}
		found[string(v.Cause)] = true
		if truth.Layer != string(v.Layer) || truth.Cause != string(v.Cause) {
			t.Errorf("%s: got the cause %s of %s, but it was %s of %s", v.ID, v.Cause, v.Layer, truth.Cause, truth.Layer)
		}
	}
	var causes []string
	for cause := range found {
		causes = append(causes, cause)
	}
	slices.Sort(causes)
	want := strings.Fields(`api-key-not-in-usage-plan auth-header-on-unknown-path backend-own-401 backend-own-403 bad-request-parameters
cognito-token-invalid cognito-token-missing credential-scope-wrong-region credential-scope-wrong-service disabled-api-key
iam-implicit-deny incomplete-authorization-header integration-timeout invalid-api-key jwt-insufficient-scope jwt-invalid jwt-missing
lambda-authorizer-deny lambda-authorizer-failure lambda-authorizer-misconfigured lambda-authorizer-missing-identity-source
lambda-authorizer-unauthorized lambda-permission-missing malformed-lambda-proxy-response missing-api-key no-such-resource
quota-exceeded resource-policy-explicit-deny resource-policy-implicit-deny signature-expired signature-mismatch
signature-not-yet-current throttled unknown-access-key unknown-stage unsigned-to-iam waf-blocked wrong-method`)
	if diff := cmp.Diff(want, causes); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
	out.Reset()
	if code := cli.Run(t.Context(), []string{"explain", files[0]}, streams); code != cli.ExitOK || strings.Count(out.String(), "rejected by") < len(want) {
		t.Errorf("explaining: got exit code %d and %d explanations: %s", code, strings.Count(out.String(), "rejected by"), errs.String())
	}
	for _, leak := range newLeakSearch(map[string]string{
		"caller": "secret-of-the-caller", "key": "the-value-of-the-CalibrationKey", "session": "session-of-the-outsider", "client": "the-value-of-the-PoolClient",
	}).in(string(text)) {
		t.Errorf("the vectors hold %s", leak)
	}
}
