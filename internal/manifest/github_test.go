package manifest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// action is the folder of our composite action in a clone.
var action = filepath.Join(".github", "actions", "probe")

func TestWorkflowsAreLinted(t *testing.T) {
	lint := tool(t, "actionlint")
	root := t.TempDir()
	files := written(t, githubAction, "# .github/workflows/")
	if len(files) != 2 {
		t.Fatalf("got %d workflows, want one for each environment", len(files))
	}
	if err := os.CopyFS(filepath.Join(root, ".probe", action), os.DirFS(filepath.Join("..", "..", action))); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{".git", ".github/workflows"} { // actionlint takes what holds .git for a repository
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-no-color"}
	for name, text := range files {
		path := filepath.Join(root, ".github", "workflows", name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	lintIn := func(args []string) (string, error) {
		cmd := exec.Command(lint, args...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := lintIn(args); err != nil {
		t.Errorf("actionlint: %v\n%s", err, out)
	}

	wrong := filepath.Join(root, ".github", "workflows", "wrong.yml")
	text := strings.Replace(files["probe-prod.yml"], "environment: prod", "environments: prod", 1)
	if err := os.WriteFile(wrong, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := lintIn([]string{"-no-color", wrong}); err == nil || !strings.Contains(out, `"environments" is not defined in action`) {
		t.Errorf("an unknown input of our action: got %v, want a complaint: the action was not looked at\n%s", err, out)
	}
}

// TestActionRuns does what a runner does with the scripts of our composite action, against the sandbox.
func TestActionRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the prober")
	}
	bash := tool(t, "bash")
	text, err := os.ReadFile(filepath.Join("..", "..", action, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Inputs  map[string]struct{ Default string }
		Outputs map[string]struct{ Value string }
		Runs    struct {
			Steps []struct {
				ID, Run, Shell string
				Env            map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}

	values := map[string]string{}
	for name, input := range read.Inputs {
		values["inputs."+name] = input.Default
	}
	values["inputs.environment"] = "sandbox"
	values["inputs.args"] = "--scenario\ncontrol\n--api\nledger\n\n--label\nwords=two words"
	fill := func(text string) string {
		return regexp.MustCompile(`\$\{\{ (\S+) \}\}`).ReplaceAllStringFunc(text, func(found string) string {
			return values[strings.Fields(found)[1]]
		})
	}
	dir := t.TempDir()
	folder, err := filepath.Abs(filepath.Join("..", "..", action))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range read.Runs.Steps {
		if step.Run == "" {
			continue
		}
		output := filepath.Join(t.TempDir(), "output")
		cmd := exec.Command(bash, "--noprofile", "--norc", "-euo", "pipefail", "-c", step.Run)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GITHUB_ACTION_PATH="+folder, "GITHUB_OUTPUT="+output, "RUNNER_TEMP="+dir,
			"GITHUB_STEP_SUMMARY="+filepath.Join(dir, "summary.md"), "GITHUB_SHA=0123abc")
		for name, value := range step.Env {
			cmd.Env = append(cmd.Env, name+"="+fill(value))
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("step %q: %v\n%s", step.ID, err, out)
		}
		lines, _ := os.ReadFile(output) // most steps have none
		for line := range strings.Lines(string(lines)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			values["steps."+step.ID+".outputs."+name] = value
		}
	}

	outputs := map[string]string{}
	for name, output := range read.Outputs {
		outputs[name] = fill(output.Value)
	}
	want := map[string]string{"reports": "probe-reports", "sarif": "probe-reports/probe.sarif", "exit-code": "0"}
	if diff := cmp.Diff(want, outputs); diff != "" {
		t.Errorf("outputs: (-want +got)\n%s", diff)
	}
	for _, name := range []string{"summary.md", "probe-reports/junit.xml", "probe-reports/report.html", "probe-reports/probe.sarif"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, want a report", name, err)
		}
	}
	var result struct {
		Run struct{ Labels map[string]string }
	}
	document, err := os.ReadFile(filepath.Join(dir, "probe-reports", "result.json"))
	if err == nil {
		err = json.Unmarshal(document, &result)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"commit": "0123abc", "words": "two words"}, result.Run.Labels); diff != "" {
		t.Errorf("labels: (-want +got)\n%s", diff)
	}
}
