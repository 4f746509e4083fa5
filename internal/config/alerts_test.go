package config

import (
	"os"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestAlerts compares all that is declared of alerts.
func TestAlerts(t *testing.T) {
	text, err := os.ReadFile("testdata/good/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := &Alerts{
		Link: "https://probe.example.com", ConfirmAfter: 90 * time.Second, RemindAfter: 12 * time.Hour, FlapRaises: 4, FlapWithin: 2 * time.Hour,
		Heartbeat: &Heartbeat{URL: &probe.Reference{Env: "HEARTBEAT_URL"}, Method: "GET"},
		Destinations: []Destination{
			{Name: "pager", Severity: "critical", Alertmanager: &Alertmanager{
				URL: probe.Literal("http://127.0.0.1:9093"), BearerToken: &probe.Reference{File: absolute("token")}, Watchdog: true,
			}},
			{Name: "hook", Webhook: &Webhook{
				URL: probe.Literal("https://hooks.example.com/in/hunter2"), Secret: &probe.Reference{Env: "HOOK_SECRET"},
			}},
			{Name: "topic", Severity: "warning", Topic: &Topic{
				ARN: "arn:aws:sns:eu-west-1:123456789012:alerts.fifo", Principal: probe.Principal{Name: "chain"},
			}},
		},
	}
	compare := cmp.Options{
		cmp.Comparer(func(a, b probe.Secret) bool { return a.Reveal() == b.Reveal() }),
		cmpopts.IgnoreFields(probe.Reference{}, "Origin"),
	}
	if diff := cmp.Diff(want, load(t, string(text)).Alerts(), compare); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
}

// TestNoAlerts has none where nothing is declared, and warns of a secret that stands in the file.
func TestNoAlerts(t *testing.T) {
	const environment = `version: 1
environments: {prod: {apis: [{name: a, id: a1b2c3d4e5, region: eu-west-1, stage: p, routes: [{request: GET /a, authorization: NONE}]}]}}
`
	if got := load(t, environment).Alerts(); got != nil {
		t.Errorf("alerts: got %v, want none", got)
	}
	f := load(t, environment+"alerts: {destinations: {hook: {webhook: {url: https://example.com, secret: {value: hunter2}}}}}\n")
	want := []string{`probe.yaml:3:76: reference: got the secret itself, want {env: …}, {file: …} or {command: […]} outside environment "sandbox"`}
	if diff := cmp.Diff(want, f.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}
