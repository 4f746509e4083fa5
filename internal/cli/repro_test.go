package cli

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"apigwprobe/internal/sandbox"
	"apigwprobe/internal/secrets"
	"apigwprobe/probe"
	"apigwprobe/scenarios"
)

// sandboxResults are what the prober finds at the sandbox, with the cases behind them. The sandbox stays open.
func sandboxResults(t *testing.T) (*environment, map[string]probe.Case, []probe.Result) {
	t.Helper()
	env, err := openBuiltin(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(env.close)
	plan, err := env.plan()
	if err != nil {
		t.Fatal(err)
	}
	matrix, err := probe.NewMatrix(&plan, scenarios.All(), probe.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	cases := make(map[string]probe.Case)
	for _, c := range matrix.Cases {
		cases[c.ID()] = c
	}
	for event := range matrix.Run(t.Context(), probe.RunOptions{
		Resolve: func(ctx context.Context, plan *probe.Plan, needs probe.Needs) probe.Material {
			return secrets.Resolve(ctx, *plan, needs)
		},
	}) {
		if end, ok := event.(probe.RunFinished); ok {
			return env, cases, end.Report.Results
		}
	}
	t.Fatal("the run never finished")
	return nil, nil, nil
}

// Each command, run by a shell with the secrets in its environment, brings the status that the prober saw.
func TestReproductionsRepeat(t *testing.T) {
	t.Parallel()
	if out, err := exec.CommandContext(t.Context(), "curl", "--version").Output(); err != nil || !canSign(string(out)) {
		t.Skipf("there is no curl 7.87 or later: the commands are not tried (%v)", err)
	}
	env, cases, results := sandboxResults(t)
	dir := t.TempDir()
	for name, content := range env.sandbox.Files(dir) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tried := 0
	for _, res := range results {
		if res.Observed == nil || strings.Contains(res.Reproduce, "probe run ") {
			continue
		}
		tried++
		t.Run(res.ID, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), "sh", "-u", "-c", res.Reproduce)
			cmd.Env = append(variablesOf(t, env, cases[res.ID], dir), "PATH="+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			got := 0
			if match := statusLine.FindSubmatch(out); match != nil {
				got, _ = strconv.Atoi(string(match[1]))
			}
			if got != res.Observed.Status {
				t.Errorf("got status %d (%v), want %d, of\n%s\n%s", got, err, res.Observed.Status, res.Reproduce, out)
			}
		})
	}
	if tried < 80 {
		t.Errorf("tried %d commands, want most of those of %d results", tried, len(results))
	}
}

var (
	statusLine  = regexp.MustCompile(`(?m)^HTTP/\S+ (\d+)`)
	curlVersion = regexp.MustCompile(`^curl (\d+)\.(\d+)\.`)
)

// canSign reports whether this curl signs as the commands want it.
func canSign(version string) bool {
	match := curlVersion.FindStringSubmatch(version)
	if match == nil {
		return false
	}
	major, _ := strconv.Atoi(match[1])
	minor, _ := strconv.Atoi(match[2])
	return major > 7 || major == 7 && minor >= 87
}

// variablesOf are the values of the variables that the comments of a command explain.
func variablesOf(t *testing.T, env *environment, c probe.Case, dir string) []string {
	t.Helper()
	vars := []string{"CA_FILE=" + filepath.Join(dir, "ca.pem")}
	set := func(name string, ref *probe.Reference) {
		if ref != nil {
			vars = append(vars, name+"="+ref.Value.Reveal())
		}
	}
	set("API_KEY", c.Route.APIKey)
	set("TOKEN_"+strings.ToUpper(string(cmp.Or(c.Scenario.Token, probe.ValidToken))), c.Token)
	if p, ok := c.Plan.Principals[c.Principal]; ok {
		vars = append(vars, "AWS_ACCESS_KEY_ID="+p.AccessKeyID)
		set("AWS_SECRET_ACCESS_KEY", p.SecretAccessKey)
		set("AWS_SESSION_TOKEN", p.SessionToken)
	}
	for prefix, file := range map[string]string{"CLIENT": "client", "EXPIRED_CLIENT": "expired-client"} {
		vars = append(vars, prefix+"_CERTIFICATE="+filepath.Join(dir, file+".pem"), prefix+"_KEY="+filepath.Join(dir, file+".key"))
	}
	if c.Scenario.Name == "untrusted-client-certificate" {
		cert, key, err := env.sandbox.ClientCertificate(sandbox.Untrusted)
		if err != nil {
			t.Fatal(err)
		}
		for suffix, content := range map[string][]byte{"_CERTIFICATE": cert, "_KEY": key} {
			path := filepath.Join(dir, "untrusted"+suffix)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			vars = append(vars, "UNTRUSTED_CLIENT"+suffix+"="+path)
		}
	}
	return vars
}
