package manifest

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// The API's own types read what we write, and know every field of it.
func TestObjectsAreKubernetes(t *testing.T) {
	var all bytes.Buffer
	if err := kubernetes.Write(&all, input()); err != nil {
		t.Fatal(err)
	}
	type object struct {
		kind, name, schedule, timezone string
		args, variables                []string
	}
	var got []object
	for _, document := range strings.Split(all.String(), "---\n")[1:] {
		var kind struct{ Kind string }
		if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
			t.Fatal(err)
		}
		switch kind.Kind {
		case "ConfigMap":
			var m corev1.ConfigMap
			if err := yaml.UnmarshalStrict([]byte(document), &m); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(texts, m.Data); diff != "" {
				t.Errorf("configuration: (-want +got)\n%s", diff)
			}
			got = append(got, object{kind: m.Kind, name: m.Name})
		case "CronJob":
			var j batchv1.CronJob
			if err := yaml.UnmarshalStrict([]byte(document), &j); err != nil {
				t.Fatal(err)
			}
			container := j.Spec.JobTemplate.Spec.Template.Spec.Containers[0]
			o := object{kind: j.Kind, name: j.Name, schedule: j.Spec.Schedule, timezone: *j.Spec.TimeZone, args: container.Args}
			for _, v := range container.Env {
				o.variables = append(o.variables, v.Name+" of "+v.ValueFrom.SecretKeyRef.Name)
			}
			got = append(got, o)
		default:
			t.Errorf("got a %q, want a ConfigMap or a CronJob", kind.Kind)
		}
	}
	args := func(environment string) []string {
		return []string{"run", environment, "--config", "/etc/probe/probe.yaml", "--format", "jsonl"}
	}
	want := []object{
		{kind: "ConfigMap", name: "probe-prod"},
		{"CronJob", "probe-prod", "*/15 6-22 * * mon-fri", "Europe/Dublin", args("prod"),
			[]string{"CLIENT_SECRET of probe-prod", "FIXED_SECRET of probe-prod", "ORDERS_API_KEY of probe-prod"}},
		{kind: "ConfigMap", name: "probe-staging"},
		{kind: "CronJob", name: "probe-staging", schedule: "*/15 * * * *", timezone: "Etc/UTC", args: args("staging")},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(object{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestConfigurationWithSecrets(t *testing.T) {
	in := input()
	secret := errors.New("probe.yaml:3:4: a secret")
	in.Texts = func() (map[string]string, error) { return nil, secret }
	var out bytes.Buffer
	if err := kubernetes.Write(&out, in); !errors.Is(err, secret) || out.Len() > 0 {
		t.Errorf("got %q (%v), want nothing but the error", out.String(), err)
	}
}

func TestCronOf(t *testing.T) {
	for schedule, want := range map[string]string{
		"": "*/15 * * * *", "5 4 * * sun": "5 4 * * sun", "@daily": "@daily", "@every 1m": "*/1 * * * *", "@every 300s": "*/5 * * * *",
		"@every 1h": "0 */1 * * *", "@every 6h": "0 */6 * * *", "@every 24h": "0 0 * * *",
	} {
		if got, err := cronOf(schedule); err != nil || got != want {
			t.Errorf("%q: got %q (%v), want %q", schedule, got, err, want)
		}
	}
	for _, schedule := range []string{"@every 7m", "@every 90s", "@every 30s", "@every 5h", "@every 48h", "@every soon"} {
		if got, err := cronOf(schedule); err == nil {
			t.Errorf("%q: got %q, want an error", schedule, got)
		}
	}
}
