package metrics

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

const prometheusConfig = `
global: {scrape_interval: 200ms}
scrape_configs:
  - job_name: apigwprobe
    static_configs: [{targets: [%q]}]
`

// TestPrometheusReal lets a real Prometheus scrape a daemon's metrics.
func TestPrometheusReal(t *testing.T) {
	program, err := exec.LookPath("prometheus")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("got no prometheus, want one in CI")
		}
		t.Skip("no prometheus on this machine")
	}
	m := New("v1").WithProcess()
	m.Expect(matrix())
	m.See(probe.RunFinished{Report: report(control, opened)})
	daemon := httptest.NewServer(m.Handler())
	defer daemon.Close()
	base := startPrometheus(t, program, daemon.Listener.Addr().String())

	want := map[string]string{
		`up{job="apigwprobe"}`:                              "1",
		`apigwprobe_open_gates{layer="iam-authentication"}`: "1",
		`apigwprobe_open_gates{layer="api-key"}`:            "0",
		`apigwprobe_runs_total{outcome="fail"}`:             "1",
		`process_start_time_seconds > bool 0`:               "1",
	}
	got := make(map[string]string)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		for query := range want {
			got[query] = ask(t, base, query)
		}
		if cmp.Equal(want, got) {
			return
		}
	}
	t.Errorf("(-want +got)\n%s", cmp.Diff(want, got))
}

func startPrometheus(t *testing.T, program, target string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // for the program to take
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, prometheusConfig, target), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program,
		"--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return "http://" + address
}

// ask is the value of the first series that a query finds, "" if there is none, or no answer yet.
func ask(t *testing.T, base, query string) string {
	t.Helper()
	res, err := http.Get(base + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return "" // it is starting
	}
	defer res.Body.Close()
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if res.StatusCode != http.StatusOK {
		return ""
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Data.Result) == 0 {
		return ""
	}
	return fmt.Sprint(answer.Data.Result[0].Value[1])
}
