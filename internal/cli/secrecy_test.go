package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"apigwprobe/internal/report"
	"apigwprobe/internal/sandbox"
)

// No command shows a secret, on either stream or in a file, in any form.
func TestSecretsAreNotShown(t *testing.T) {
	secrets := builtinSecrets(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "report")
	commands := map[string][]string{
		"plan":       {"plan", "sandbox"},
		"plan json":  {"plan", "sandbox", "--format", "json"},
		"completion": {"__complete", "run", "sandbox", "--route", ""},
	}
	for _, f := range report.Formats() {
		commands["run "+f.Name] = []string{"run", "sandbox", "--all", "--format", f.Name}
		commands["run to a file "+f.Name] = []string{"run", "sandbox", "--all", "--format", f.Name, "--output", file}
	}
	for _, f := range report.Formats() {
		commands["run and report "+f.Name] = []string{"run", "sandbox", "--all", "--report", f.Name + "=" + file}
	}
	for name, args := range commands {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if code := Run(t.Context(), args, Streams{Out: &out, Err: &errs}); code != ExitOK {
				t.Fatalf("got exit code %d: %s", code, errs.String())
			}
			texts := map[string]string{"standard output": out.String(), "standard error": errs.String()}
			if text, err := os.ReadFile(file); err == nil {
				texts["the file"] = string(text)
				_ = os.Remove(file)
			}
			longest := 0
			for where, text := range texts {
				longest = max(longest, len(text))
				for _, leak := range leaks(text, secrets) {
					t.Errorf("%s holds %s", where, leak)
				}
			}
			if longest < 50 {
				t.Error("nothing was written, so that nothing was looked at")
			}
		})
	}
}

// The configuration that is printed or served shows references; the sandbox prints its made-up secrets on purpose.
func TestValidateShowsNoSecrets(t *testing.T) {
	dir := t.TempDir()
	served, err := sandbox.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	for name, text := range served.Files(dir) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	args := []string{"validate", "--print", "--config", filepath.Join(dir, "probe.yaml")}
	if code := Run(t.Context(), args, Streams{Out: &out, Err: &errs}); code != ExitOK {
		t.Fatalf("got exit code %d: %s", code, errs.String())
	}
	for _, leak := range leaks(out.String()+errs.String(), builtinSecrets(t)) {
		t.Errorf("the output holds %s", leak)
	}
}

// The search of these tests finds each form that it looks for.
func TestLeaksAreFound(t *testing.T) {
	const secret = `sandbox+"secret"/ü 7Qm2Xc9T`
	quoted, _ := json.Marshal(secret)
	for form, text := range map[string]string{
		"raw":          "the key is " + secret + ".",
		"prefix":       "the key starts with " + secret[:8] + "…",
		"URL-encoded":  "https://example.com/?key=" + url.QueryEscape(secret),
		"path-encoded": "https://example.com/" + url.PathEscape(secret),
		"JSON":         `{"key":` + string(quoted) + `}`,
		"base64":       base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64url":    base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"inside 1":     base64.StdEncoding.EncodeToString([]byte("k:" + secret)),
		"inside 2":     base64.StdEncoding.EncodeToString([]byte("u" + secret + "!")),
	} {
		if len(leaks(text, []string{secret})) == 0 {
			t.Errorf("%s: not found in %s", form, text)
		}
	}
	if got := leaks("nothing to see", []string{secret}); len(got) > 0 {
		t.Errorf("found %v where there is nothing", got)
	}
}

// builtinSecrets are the values in the sandbox's configuration.
func builtinSecrets(t *testing.T) []string {
	t.Helper()
	served, err := sandbox.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	var secrets []string
	for _, match := range regexp.MustCompile(`\{value: (\S+?)\}`).FindAllStringSubmatch(string(served.Files("")[sandbox.ConfigName]), -1) {
		secrets = append(secrets, match[1])
	}
	if len(secrets) < 8 {
		t.Fatalf("got %d secrets of the sandbox, want them all", len(secrets))
	}
	return secrets
}

// leaks names every form of a secret, or of its first eight characters, that occurs in text.
func leaks(text string, secrets []string) []string {
	var found []string
	for _, secret := range secrets {
		for form, needle := range forms(secret) {
			if strings.Contains(text, needle) {
				found = append(found, form+" of "+secret)
			}
		}
	}
	return found
}

// forms of a secret start with the same characters as those of a text that starts with it, so that the start is enough.
// In base64 they depend on what stands before, modulo three.
func forms(secret string) map[string]string {
	start := secret[:8]
	quoted, _ := json.Marshal(start)
	forms := map[string]string{
		"raw":          start,
		"URL-encoded":  url.QueryEscape(start),
		"path-encoded": url.PathEscape(start),
		"JSON":         strings.Trim(string(quoted), `"`),
	}
	for shift, name := range []string{"base64", "base64 after one byte", "base64 after two bytes"} {
		encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), start...))
		// Bits of the neighbours are mixed into the first and the last characters.
		encoded = encoded[(shift*8+5)/6 : (shift+len(start))*8/6]
		forms[name] = encoded
		forms[name+", URL"] = strings.NewReplacer("+", "-", "/", "_").Replace(encoded)
	}
	return forms
}
