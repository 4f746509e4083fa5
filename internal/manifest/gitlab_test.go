package manifest

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// GitLab checks its files only itself: here it is YAML whose scripts a shell can read.
func TestJobsAreScripts(t *testing.T) {
	shell := tool(t, "sh")
	var all bytes.Buffer
	if err := gitlab.Write(&all, input()); err != nil {
		t.Fatal(err)
	}
	var jobs map[string]struct {
		Script    []string
		Artifacts struct{ Reports map[string]string }
		Variables map[string]any
	}
	if err := yaml.Unmarshal(all.Bytes(), &jobs); err != nil {
		t.Fatal(err)
	}
	if len(jobs) != 2 {
		t.Fatalf("got %d jobs, want one for each environment", len(jobs))
	}
	for name, job := range jobs {
		script := strings.Join(job.Script, "\n")
		if out, err := exec.Command(shell, "-n", "-c", script).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if diff := cmp.Diff(map[string]string{"junit": "probe-reports/junit.xml"}, job.Artifacts.Reports); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
		if !strings.Contains(script, "--report junit=probe-reports/junit.xml") {
			t.Errorf("%s: got %q, want the report that is kept", name, script)
		}
	}
}

func TestScalar(t *testing.T) {
	for text, want := range map[string]string{
		"prod": "prod", "deploy/probe.yaml": "deploy/probe.yaml", "eu-west-1": "eu-west-1",
		"on": `"on"`, "No": `"No"`, "1e3": `"1e3"`, "": `""`, "a: b": `"a: b"`, `say "<hi>"`: `"say \"<hi>\""`, "*x": `"*x"`, "$default": `"$default"`,
	} {
		got := scalar(text)
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
		var back any
		if err := yaml.Unmarshal([]byte(got), &back); err != nil || back != text {
			t.Errorf("%s: YAML reads %#v (%v), want %q", got, back, err, text)
		}
	}
}
