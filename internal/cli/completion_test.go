package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The names of the configuration complete arguments and flags.
func TestCompletion(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "probe.yaml")
	err := os.WriteFile(config, []byte(`
version: 1
defaults: {region: eu-west-1, stage: prod}
environments:
  prod:
    apis:
      - name: orders
        id: a1b2c3d4e5
        custom_domains: [{host: api.example.com}]
        routes: [{request: "GET /orders/{id}", path: {id: "1"}, authorization: NONE}]
  lab:
    apis: [{name: items, id: b1b2c3d4e5, routes: [{request: GET /, authorization: NONE}]}]
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		line      string // what was typed, with one space between words; the last word is to be completed
		want, not string // words among the offers, and one that is not
	}{
		{"run --config CONFIG ", "lab prod sandbox", ""},
		{"plan --config CONFIG ", "lab prod sandbox", ""},
		{"validate --config CONFIG ", "lab prod", "sandbox"},
		{"run --config CONFIG prod ", "", "lab"},
		{"run --config nothing.yaml ", "sandbox", "prod"},
		{"run --config CONFIG prod --api ", "orders", "items"},
		{"run --config CONFIG --api ", "orders items", ""},
		{"run --config nothing.yaml prod --api ", "", "orders"},
		{"run --config CONFIG nobody --api ", "", "orders"},
		{"run --config CONFIG sandbox --api ", "ledger", "orders/"},
		{"plan --config CONFIG prod --access ", "custom-domain api.example.com", "default"},
		{"run --config CONFIG prod --scenario ", "missing-api-key control", ""},
		{"run --config CONFIG prod --matrix ", "full smoke", ""},
		{"run --config CONFIG prod --format ", "table json jsonl", ""},
		{"run --config CONFIG prod --report ", "table= json= jsonl=", "prod"},
		{"run --config CONFIG prod --report json=", "", "json="},
		{"plan --config CONFIG prod --format ", "table json", "jsonl"},
		{"logs plan --config CONFIG ", "lab prod sandbox", "REST"},
		{"logs tail --config CONFIG prod ", "orders", "items"},
		{"logs tail --config CONFIG prod orders ", "", "orders"},
		{"logs tail --config CONFIG prod orders --format ", "text jsonl", "json"},
		{"logs format --config CONFIG ", "REST HTTP WEBSOCKET lab prod sandbox", "orders"},
		{"logs format --config CONFIG lab ", "items", "REST"},
		{"scenarios ", "unsigned missing-api-key", ""},
		{"scenarios unsigned ", "", "unsigned"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			got := offers(t, strings.ReplaceAll(tt.line, "CONFIG", config))
			for _, word := range strings.Fields(tt.want) {
				if !slices.Contains(got, word) {
					t.Errorf("got %q, want %q among them", got, word)
				}
			}
			if slices.Contains(got, tt.not) {
				t.Errorf("got %q, want no %q", got, tt.not)
			}
		})
	}
	if got := offers(t, "run --config "+config+" prod --route "); !slices.Contains(got, "GET /orders/{id}") {
		t.Errorf("got %q, want the route among them", got)
	}
}

// offers are the words that a shell would offer.
func offers(t *testing.T, line string) []string {
	t.Helper()
	var out, errs bytes.Buffer
	args := append([]string{"__complete"}, strings.Split(line, " ")...)
	if code := Run(t.Context(), args, Streams{Out: &out, Err: &errs}); code != ExitOK {
		t.Fatalf("got exit code %d: %s", code, errs.String())
	}
	var words []string
	for offer := range strings.Lines(out.String()) {
		if !strings.HasPrefix(offer, ":") { // the directive for the shell
			words = append(words, strings.TrimSpace(offer))
		}
	}
	return words
}

func TestCompletionScripts(t *testing.T) {
	t.Parallel()
	for shell, want := range map[string]string{"bash": "__start_probe", "zsh": "#compdef probe", "fish": "complete -c probe"} {
		var out, errs bytes.Buffer
		code := Run(t.Context(), []string{"completion", shell}, Streams{Out: &out, Err: &errs})
		if code != ExitOK || !strings.Contains(out.String(), want) || errs.Len() > 0 {
			t.Errorf("%s: got exit code %d and %q, want a script with %q", shell, code, errs.String(), want)
		}
	}
}
