package manifest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPrometheusRules asks promtool when each alert fires, and that none is without a test.
func TestPrometheusRules(t *testing.T) {
	promtool := tool(t, "promtool")
	stories, err := os.ReadFile("testdata/prometheus-rules.test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, alert := range regexp.MustCompile(`alert: (\w+)`).FindAllSubmatch(rules, -1) {
		fires := `alertname: ` + string(alert[1]) + "\n        exp_alerts:"
		if !bytes.Contains(stories, []byte(fires)) {
			t.Errorf("no test lets %s fire", alert[1])
		}
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "prometheus-rules.yaml"), rules)
	write(t, filepath.Join(dir, "test.yaml"), stories)
	for _, args := range [][]string{{"check", "rules", "prometheus-rules.yaml"}, {"test", "rules", "test.yaml"}} {
		ask(t, dir, promtool, args...)
	}
}

// TestGrafana reads every query of the dashboard as Prometheus would.
func TestGrafana(t *testing.T) {
	var board struct {
		Annotations struct{ List []struct{ Expr string } }
		Panels      []struct {
			ID      int
			Type    string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(dashboard, &board); err != nil {
		t.Fatal(err)
	}
	type cell struct{ x, y int }
	taken := make(map[cell]int)
	var queries []string
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			queries = append(queries, target.Expr)
		}
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d asks nothing", p.ID)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[cell{x, y}]; other != 0 || x >= 24 {
					t.Fatalf("panel %d lies over panel %d, or beyond the edge", p.ID, other)
				}
				taken[cell{x, y}] = p.ID
			}
		}
	}
	for _, a := range board.Annotations.List {
		queries = append(queries, a.Expr)
	}
	promtool := tool(t, "promtool")
	var file struct {
		Groups []any `json:"groups"`
	}
	var records []any
	for _, q := range queries {
		records = append(records, map[string]string{"record": "dashboard", "expr": q})
	}
	file.Groups = []any{map[string]any{"name": "dashboard", "rules": records}}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "queries.yaml"), text) // JSON is YAML
	out := ask(t, dir, promtool, "check", "rules", "--lint=none", "queries.yaml")
	if !strings.Contains(out, "SUCCESS") {
		t.Errorf("promtool: %s", out)
	}
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// ask runs a program that is to be content.
func ask(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return string(out)
}
