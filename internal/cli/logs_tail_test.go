package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/logging"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// servedSandbox serves the built-in environment, leads AWS's clients to its account, and returns its configuration.
func servedSandbox(t *testing.T) (served *sandbox.Environment, config string) {
	t.Helper()
	served, err := sandbox.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = served.Close() }) // connections to it may be left
	dir := t.TempDir()
	for name, text := range served.Files(dir) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set := make(map[string]string)
	for _, variable := range served.Account() {
		name, value, _ := strings.Cut(variable, "=")
		set[name] = value
	}
	leadTo(t, set["AWS_ENDPOINT_URL"], set["AWS_ACCESS_KEY_ID"], set["AWS_SECRET_ACCESS_KEY"])
	return served, filepath.Join(dir, sandbox.ConfigName)
}

// The entries of a run's requests name the layers that answered them; what is certain or likely is right.
func TestLogsTail(t *testing.T) {
	served, config := servedSandbox(t)
	var out, errs bytes.Buffer
	streams := Streams{Out: &out, Err: &errs}
	if code := Run(t.Context(), []string{"run", "sandbox", "--config", config, "--format", "json"}, streams); code != ExitOK {
		t.Fatalf("running the sandbox: got exit code %d: %s", code, errs.String())
	}
	for api, least := range map[string]struct{ entries, sure int }{"ledger": {15, 14}, "catalog": {20, 20}, "members": {20, 6}, "shop": {35, 22}, "feed": {14, 14}} {
		out.Reset()
		errs.Reset()
		code := Run(t.Context(), []string{"logs", "tail", "sandbox", api, "--config", config, "--for", "0s", "--format", "jsonl"}, streams)
		if code != ExitOK || errs.Len() > 0 {
			t.Errorf("%s: got exit code %d and %q, want 0 and nothing", api, code, errs.String())
		}
		var entries, sure int
		var last time.Time
		for d := json.NewDecoder(&out); d.More(); {
			var e logging.Entry
			if err := d.Decode(&e); err != nil {
				t.Fatal(err)
			}
			truth, ok := served.Truth(e.RequestID)
			if !ok || e.Status != truth.Status && truth.Status != 101 {
				t.Errorf("%s: got entry %+v, want one of a request that was sent: %+v", api, e, truth)
			}
			if e.Time.Before(last) {
				t.Errorf("%s: got an entry of %s behind %s", api, e.Time, last)
			}
			last = e.Time
			entries++
			if e.Confidence != probe.Certain && e.Confidence != probe.Likely {
				continue
			}
			sure++
			if string(e.Layer) != truth.Layer {
				t.Errorf("%s: %s %s: got %s, %s; it was %s: %q", api, e.Method, e.Path, e.Confidence, e.Layer, truth.Layer, e.Evidence)
			}
		}
		t.Logf("%s: %d entries, %d of them certain or likely", api, entries, sure)
		if entries < least.entries || sure < least.sure {
			t.Errorf("%s: got %d entries, %d of them certain or likely; want at least %+v", api, entries, sure, least)
		}
	}
}

// A tail says what it may not read, and what it can do without; it ends at once when it is interrupted.
func TestLogsTailCannotRead(t *testing.T) {
	const note = "note: account: not seen: "
	for _, c := range []struct {
		name, api string
		change    func(*sandbox.Model)
		want      []string
		code      ExitCode
	}{
		{"no right to the stage", "ledger", func(m *sandbox.Model) { operatorMay(m) }, []string{
			note + "what is deployed, the web ACL and the logs: apigateway:GET on arn:aws:apigateway:eu-west-1::/restapis/l3d93rd4e5/stages/prod is not allowed",
		}, ExitInconclusive},
		{"no right to the logs", "shop", func(m *sandbox.Model) {
			operatorMay(m, sandbox.Statement{Effect: sandbox.Allow, Action: []string{"apigateway:GET"}})
		}, []string{
			"note: not seen: the entries of log group /apigateway/shop: logs:FilterLogEvents on arn:aws:logs:eu-west-1:111122223333:log-group:/apigateway/shop:* is not allowed",
		}, ExitInconclusive},
		{"no right to the execution log", "ledger", func(m *sandbox.Model) {
			operatorMay(m, sandbox.Statement{Effect: sandbox.Allow, Action: []string{"apigateway:GET"}},
				sandbox.Statement{Effect: sandbox.Allow, Action: []string{"logs:*"}, Resource: []string{"arn:aws:logs:*:*:log-group:/apigateway/*"}})
		}, []string{
			"note: not seen: the entries of log group API-Gateway-Execution-Logs_l3d93rd4e5/prod: logs:FilterLogEvents on " +
				"arn:aws:logs:eu-west-1:111122223333:log-group:API-Gateway-Execution-Logs_l3d93rd4e5/prod:* is not allowed",
		}, ExitOK},
		{"a format that tells little", "legacy", func(*sandbox.Model) {}, []string{
			"note: the access log tells less than it could: its format lacks 11 variables; probe logs plan prod legacy says what to change",
		}, ExitOK},
		{"no log", "ledger", func(m *sandbox.Model) {
			eachStage(m, func(s *sandbox.Stage) { s.AccessLog, s.ExecutionLog = nil, false })
		}, []string{
			"note: the stage writes no log that can be read; probe logs plan prod ledger says what to change",
		}, ExitFail},
		{"no stage", "ledger", func(m *sandbox.Model) {
			i := slices.IndexFunc(m.APIs, func(a sandbox.API) bool { return a.Name == "ledger" })
			m.APIs[i].Stages = []sandbox.Stage{{Name: "other"}}
		}, []string{
			`note: there is no REST API l3d93rd4e5 with a stage "prod" in eu-west-1`,
		}, ExitFail},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := discoveredConfig(t, c.api)
			m := sandbox.Builtin()
			c.change(&m)
			account(t, m)
			var out, errs bytes.Buffer
			code := Run(t.Context(), []string{"logs", "tail", "prod", c.api, "--config", path, "--for", "0s"}, Streams{Out: &out, Err: &errs})
			if diff := cmp.Diff(strings.Join(c.want, "\n")+"\n", errs.String()); diff != "" || code != c.code || out.Len() > 0 {
				t.Errorf("got exit code %d and %q, want %d and nothing (-want +got):\n%s", code, out.String(), c.code, diff)
			}
		})
	}
	path := discoveredConfig(t, "ledger")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	if code := Run(ctx, []string{"logs", "tail", "prod", "ledger", "--config", path}, Streams{Out: &out, Err: &out}); code != ExitInterrupted || out.Len() > 0 {
		t.Errorf("interrupted: got exit code %d and %q, want 130 and nothing", code, out.String())
	}
}

// discoveredConfig has the API of the sandbox's account in its environment "prod", and leads AWS's clients to that account.
func discoveredConfig(t *testing.T, api string) string {
	t.Helper()
	account(t, sandbox.Builtin())
	file, _, _ := discovered(t, "--api", api, "--environment", "prod")
	path := filepath.Join(t.TempDir(), "probe.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
