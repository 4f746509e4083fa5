package cli_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"apigwprobe/internal/cli"
	"apigwprobe/internal/doctor"
	"apigwprobe/internal/report"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// Whatever a command writes, to a stream or a file, holds no secret: neither of the sandbox, nor of a configuration
// whose servers, commands and issuers give away all that they know.
func TestSecretsAreNotShown(t *testing.T) {
	cli.Long(t)
	s := newSetup(t)
	a := artefacts{dir: t.TempDir(), texts: make(map[string]string)}
	served, config := builtinConfig(t, s)
	a.of(t, "sandbox", config, true)
	t.Run("logs", func(t *testing.T) { a.ofLogs(t, served, config) })
	for _, env := range []string{"gossip", "failing", "proxied"} {
		a.of(t, env, s.config, env == "gossip")
	}
	a.ofDoctor(t, s)
	a.ofMistakes(t, s)
	a.ofRecordings(t, s)
	a.ofDaemon(t, "gossip", s.config)

	secrets := s.all()
	secrets["token of the daemon"] = daemonToken
	if unheard := s.unheard(); len(unheard) > 0 {
		t.Errorf("nobody was told %q, so nothing could give them away", unheard)
	}
	if len(secrets) < 200 || len(a.texts) < 300 {
		t.Errorf("got %d secrets and %d artefacts, want more", len(secrets), len(a.texts))
	}
	for _, risk := range []string{
		"The Canonical String for this request should have been", `"phase": "dns"`, `"phase": "connect"`, `"phase": "tls"`, `"location": "https://elsewhere`,
		`"www-authenticate": "Bearer realm=`, `"tries": [`, "sec-websocket-protocol", "X-Amz-Security-Token=", "credentials",
	} {
		if !strings.Contains(a.texts["gossip baseline"], risk) {
			t.Errorf("the run of gossip has no %s, so nothing could leak there", risk)
		}
	}
	search := newLeakSearch(secrets)
	for name, secret := range secrets {
		if len(search.in("<td>"+secret)) == 0 {
			t.Errorf("%s would not be found", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.texts)) {
		if leaks := search.in(a.texts[name]); len(leaks) > 0 {
			t.Errorf("%s holds %d secrets: %s", name, len(leaks), strings.Join(leaks[:min(5, len(leaks))], "; "))
		}
	}
	t.Logf("%d secrets, %d artefacts", len(secrets), len(a.texts))
}

// artefacts are what commands have written, by what they are.
type artefacts struct {
	dir   string
	texts map[string]string
}

// run runs a command and keeps what it writes to its streams.
func (a artefacts) run(t *testing.T, name string, args ...string) (out string, code cli.ExitCode) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Run(t.Context(), args, cli.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr, LookupEnv: os.LookupEnv})
	a.texts[name+" > standard output"], a.texts[name+" > standard error"] = stdout.String(), stderr.String()
	if code == cli.ExitUsage && len(stderr.String()) == 0 {
		t.Errorf("%s: got exit code %d and no error", name, code)
	}
	return stdout.String(), code
}

// ofDoctor are diagnoses of what tells all that it hears, and of the sandbox with its account.
func (a artefacts) ofDoctor(t *testing.T, s *setup) {
	t.Helper()
	for _, f := range doctor.Formats() {
		for _, at := range [][]string{
			{"gossip", "dump", "GET /orders"}, {"gossip", "echo", "GET /iam"}, {"gossip", "echo", "GET /both"}, {"failing", "echo", "GET /babble"},
		} {
			args := append([]string{"doctor", "--config", s.config, "--with-account=false", "--format", f.Name}, at...)
			if _, code := a.run(t, strings.Join(append(at, "doctor", f.Name), " "), args...); code == cli.ExitUsage {
				t.Errorf("diagnosing %q: got exit code %d", at, code)
			}
		}
		a.run(t, "sandbox doctor "+f.Name, "doctor", "sandbox", "orders", "GET /orders", "--fault", "key-disabled", "--format", f.Name)
		a.run(t, "sandbox doctor invoked "+f.Name, "doctor", "sandbox", "members", "GET /profile", "--fault", "authorizer-denies", "--invoke", "--format", f.Name)
		a.run(t, "sandbox doctor verified "+f.Name, "doctor", "sandbox", "orders", "GET /orders", "--verify", "--format", f.Name)
	}
}

// keep keeps a file.
func (a artefacts) keep(t *testing.T, name, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	if len(text) < 50 {
		t.Errorf("%s: got %d bytes, want a report", name, len(text))
	}
	a.texts[name] = string(text)
}

// of keeps everything that commands say of an environment. Where it is resolvable, all of them end well.
func (a artefacts) of(t *testing.T, env, config string, resolvable bool) {
	t.Helper()
	with := func(args ...string) []string { return append(args, "--config", config) }
	file := func(name string) string { return filepath.Join(a.dir, env+"."+name) }

	args := with("run", env, "--all", "--diagram", "--wait", "1s", "--baseline", file("baseline"), "--accept", "--label", "of=test", "--record", file("vectors"),
		"--data", file("db"), "--metrics-textfile", file("metrics"))
	for _, f := range report.Formats() {
		if f.Name != "json" { // which the baseline is
			args = append(args, "--report", f.Name+"="+file(f.Name))
		}
	}
	if _, code := a.run(t, env+" run", args...); code == cli.ExitUsage {
		t.Fatalf("running %s: %s", env, a.texts[env+" run > standard error"])
	}
	for _, f := range report.Formats() {
		if f.Name != "json" {
			a.keep(t, env+" "+f.Name, file(f.Name))
		}
	}
	a.keep(t, env+" baseline", file("baseline"))
	a.ofHistory(t, env, file("db"))
	a.ofPages(t, env, config, file("db"))
	a.keep(t, env+" metrics", file("metrics"))
	vectors, err := filepath.Glob(file("vectors") + "/*.jsonl")
	if err != nil || len(vectors) != 1 {
		t.Fatalf("finding the vectors of %s: got %q, %v", env, vectors, err)
	}
	if env != "proxied" { // where nothing is answered
		a.keep(t, env+" vectors", vectors[0])
	}
	a.run(t, env+" run compared", with("run", env, "--format", "json", "--output", file("again.json"), "--baseline", file("baseline"))...)
	a.keep(t, env+" json", file("again.json"))

	a.run(t, env+" plan", with("plan", env)...)
	a.run(t, env+" plan, JSON", with("plan", env, "--format", "json")...)
	a.run(t, env+" completion", with("__complete", "run", env, "--route", "")...)
	a.run(t, env+" validate", with("validate", env, "--print")...)
	if _, code := a.run(t, env+" validate --resolve", with("validate", env, "--resolve")...); env == "failing" && code != cli.ExitUsage {
		t.Errorf("resolving %s: got exit code %d, want %d", env, code, cli.ExitUsage)
	}
	for _, format := range []string{"text", "json"} {
		a.run(t, env+" explain "+format, "explain", file("har"), vectors[0], "--format", format)
		a.run(t, env+" replay "+format, with("replay", file("baseline"), "--format", format)...)
		a.run(t, env+" diff "+format, "diff", file("baseline"), file("again.json"), "--format", format)
	}
	a.reproductions(t, env, config, file("baseline"))
	if resolvable {
		for _, name := range []string{" plan", " explain json", " replay json", " diff json"} {
			if len(a.texts[env+name+" > standard output"]) < 50 {
				t.Errorf("%s: wrote nothing: %s", env+name, a.texts[env+name+" > standard error"])
			}
		}
	}
}

// ofHistory keeps the bytes of a history, and what it says: most of it is compressed.
func (a artefacts) ofHistory(t *testing.T, env, data string) {
	t.Helper()
	files, err := filepath.Glob(data + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("finding the history of %s: got %q, %v", env, files, err)
	}
	for _, path := range files {
		a.keep(t, env+" history "+filepath.Base(path), path)
	}
	for name, args := range map[string][]string{
		"runs": {env, "--format", "json"}, "changes": {env, "--only", "changes"}, "coverage": {"coverage", env, "--format", "json"},
		"run": {"show", "latest", "--format", "json"},
	} {
		if out, code := a.run(t, env+" history "+name, append(append([]string{"history"}, args...), "--data", data)...); code != cli.ExitOK || out == "" {
			t.Errorf("history of %s, %s: got exit code %d and %q", env, name, code, a.texts[env+" history "+name+" > standard error"])
		}
	}
}

// reproductions keeps the command that repeats each kind of case of a run.
func (a artefacts) reproductions(t *testing.T, env, config, document string) {
	t.Helper()
	var rep probe.Report
	if err := json.Unmarshal([]byte(a.texts[env+" baseline"]), &rep); err != nil {
		t.Fatalf("reading %s: %v", document, err)
	}
	done := make(map[string]bool)
	for _, res := range rep.Results {
		name := res.API + "/" + res.Route + "/" + res.Scenario
		if !done[name] && res.Reproduce != "" && len(done) < 60 {
			done[name] = true
			if out, _ := a.run(t, env+" --repro "+name, "run", env, "--repro", name, "--config", config); out == "" {
				t.Errorf("%s: no reproduction", name)
			}
		}
	}
}

// ofMistakes keeps what is said of a configuration in which secrets stand where none belong, and of wrong command lines.
func (a artefacts) ofMistakes(t *testing.T, s *setup) {
	t.Helper()
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(s.dir, "bad.yaml")
	pasted := regexp.MustCompile(`\{env: ([A-Z]+_[A-Z_0-9]+)\}`).ReplaceAllStringFunc(string(text), func(ref string) string {
		quoted, _ := json.Marshal(s.secrets[strings.Trim(ref, "{}env: ")])
		return string(quoted)
	})
	if err := os.WriteFile(bad, []byte(pasted), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"validate"}, {"validate", "--print"}, {"run", "gossip"}, {"plan", "gossip"}} {
		if _, code := a.run(t, "mistakes "+strings.Join(args, " "), append(args, "--config", bad)...); code != cli.ExitUsage {
			t.Errorf("%v with mistakes: got exit code %d, want %d", args, code, cli.ExitUsage)
		}
	}
}

// ofRecordings keeps what is explained of an exchange that somebody else recorded, and whose secrets nobody has told us.
func (a artefacts) ofRecordings(t *testing.T, s *setup) {
	t.Helper()
	key, token, cookie := s.secrets["RECORDED_KEY"], s.secrets["RECORDED_TOKEN"], s.secrets["RECORDED_COOKIE"]
	signature, session := s.secrets["RECORDED_SIGNATURE"], s.secrets["RECORDED_SESSION"]
	curl := fmt.Sprintf(`* Connected to api.example.com (192.0.2.1) port 443
> GET /prod/orders?X-Amz-Signature=%[1]s&X-Amz-Security-Token=%[2]s&api_key=%[3]s HTTP/2
> Host: api.example.com
> X-Api-Key: %[3]s
> Cookie: session=%[4]s
> Authorization: Bearer %[5]s
> X-Amz-Security-Token: %[2]s
>
< HTTP/2 403
< content-type: application/json
< x-amzn-requestid: 8f7f3c2a-1111-4222-8333-444455556666
< x-amzn-errortype: InvalidSignatureException
< location: https://elsewhere.example.com/?X-Amz-Signature=%[1]s&token=%[5]s
< set-cookie: session=%[4]s
<
{"message":"The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for this request should have been\n'GET\n/prod/orders\nX-Amz-Signature=%[1]s\ncookie:session=%[4]s\nhost:api.example.com\nx-amz-security-token:%[2]s\nx-api-key:%[3]s\n'"}
`, signature, session, key, cookie, token)
	har := fmt.Sprintf(`{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":[{"startedDateTime":"2026-01-01T00:00:00Z","time":1,
"request":{"method":"GET","url":"https://api.example.com/prod/orders?token=%[5]s&X-Amz-Signature=%[1]s","httpVersion":"HTTP/2","cookies":[{"name":"session","value":"%[4]s"}],
"headers":[{"name":"x-api-key","value":"%[3]s"},{"name":"Cookie","value":"session=%[4]s"},{"name":"X-Amz-Security-Token","value":"%[2]s"}],
"queryString":[{"name":"token","value":"%[5]s"}],"headersSize":-1,"bodySize":0},
"response":{"status":403,"statusText":"","httpVersion":"HTTP/2","cookies":[],"headers":[{"name":"x-amzn-errortype","value":"ForbiddenException"},{"name":"Location","value":"https://elsewhere.example.com/?token=%[5]s"}],
"content":{"size":1,"mimeType":"application/json","text":"{\"message\":\"Forbidden\",\"key\":\"%[3]s\",\"token\":\"%[5]s\",\"session\":\"%[4]s\",\"x-amz-security-token\":\"%[2]s\"}"},"redirectURL":"","headersSize":-1,"bodySize":1},
"cache":{},"timings":{"send":0,"wait":1,"receive":0}}]}}`, signature, session, key, cookie, token)
	for name, text := range map[string]string{"curl": curl, "har": har} {
		file := filepath.Join(a.dir, "recorded."+name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, format := range []string{"text", "json"} {
			if out, code := a.run(t, "explain a recorded "+name+", "+format, "explain", file, "--format", format); code != cli.ExitOK || !strings.Contains(out, "403") {
				t.Errorf("explaining %s: got exit code %d and %q", name, code, out)
			}
		}
	}
}

// builtinConfig serves the built-in environment and writes its configuration, whose secrets are added to those of s.
func builtinConfig(t *testing.T, s *setup) (served *sandbox.Environment, config string) {
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
		if block, _ := pem.Decode(text); block != nil && strings.HasSuffix(name, ".key") {
			lines := strings.Split(string(text), "\n")
			s.gossip.secrets["sandbox, line 3 of "+name] = lines[2] // what stands before it tells the kind of the key
		}
	}
	config = filepath.Join(dir, sandbox.ConfigName)
	text := served.Files(dir)[sandbox.ConfigName]
	values := regexp.MustCompile(`\{value: (\S+?)\}`).FindAllStringSubmatch(string(text), -1)
	if len(values) < 8 {
		t.Fatalf("got %d secrets of the sandbox, want them all", len(values))
	}
	for i, match := range values {
		parts := strings.Split(match[1], ".")
		if len(parts) == 3 {
			parts = parts[1:] // a token's first part only says how it is signed
		}
		for j, part := range parts {
			s.gossip.secrets[fmt.Sprintf("sandbox %d.%d", i, j)] = part
		}
	}
	return served, config
}
