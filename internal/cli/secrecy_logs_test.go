package cli_test

import (
	"strings"
	"testing"

	"apigwprobe/internal/cli"
	"apigwprobe/internal/sandbox"
)

// ofLogs keeps what is said of the logs of a gateway that was asked a lot.
func (a artefacts) ofLogs(t *testing.T, served *sandbox.Environment, config string) {
	t.Helper()
	for _, variable := range append(served.Account(), "AWS_SESSION_TOKEN=") {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	for _, api := range []string{"orders", "catalog", "members", "shop", "feed"} {
		for _, format := range []string{"text", "jsonl"} {
			out, code := a.run(t, api+" logs tail "+format, "logs", "tail", "sandbox", api, "--config", config, "--since", "1h", "--for", "0s", "--format", format)
			if code != cli.ExitOK || strings.Count(out, "\n") < 10 {
				t.Errorf("tail of %s: got exit code %d and %d lines, want 0 and many: %s", api, code, strings.Count(out, "\n"), a.texts[api+" logs tail "+format+" > standard error"])
			}
		}
		a.run(t, api+" logs plan", "logs", "plan", "sandbox", api, "--config", config, "--format", "json")
	}
}
