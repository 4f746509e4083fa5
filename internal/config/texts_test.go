package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTexts(t *testing.T) {
	const head = "version: 1\nenvironments:\n  sandbox:\n    apis:\n      - name: orders\n        id: a1b2c3d4e5\n        region: eu-west-1\n        stage: prod\n" +
		"        routes: [{request: GET /orders, authorization: AWS_IAM, api_key_required: true, api_key: "
	text := head + "{env: KEY}}] # as it is\n"
	got, err := load(t, text).Texts()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"probe.yaml": text}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	got, err = load(t, head+"{value: tell-nobody}}]\n").Texts()
	const want = `probe.yaml:9:98: "value": got a secret in the configuration itself, want {env: …} or {file: …}`
	if got != nil || err == nil || err.Error() != want {
		t.Errorf("a secret: got %v (%v), want %s", got, err, want)
	}
}
