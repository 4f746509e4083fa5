package alert

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

const alertmanagerConfig = `
route:
  receiver: hook
  group_by: [alertname, environment, api]
  group_wait: 200ms
  group_interval: 300ms
  routes: [{receiver: nobody, matchers: ['alertname="APIGatewayProbeWatchdog"']}]
receivers:
  - {name: hook, webhook_configs: [{url: %q}]}
  - {name: nobody}
`

// notification is what Alertmanager tells its webhook, as far as it is compared.
type notification struct {
	Status string
	Group  map[string]string
	Alerts []string // status, layer and severity of each
}

// TestAlertmanagerReal fires, groups and resolves at a real Alertmanager.
func TestAlertmanagerReal(t *testing.T) {
	program := alertmanagerProgram(t)
	hook := newHook(t)
	base := startAlertmanager(t, program, hook.URL)

	d := NewAlertmanager(AlertmanagerConfig{Name: "am", URL: Fixed(base), Watchdog: true})
	m := newManager(t, Options{Settings: Settings{Targets: []Target{{Destination: d}}}})
	start := time.Now().Add(-10 * time.Minute)
	two := []row{open("GET /a", "unsigned"), open("GET /b", "unsigned"), blocked("GET /a", probe.WAF)}
	see(t, m, report(start, two...))
	see(t, m, report(start.Add(2*time.Minute), two...))
	m.Alive(time.Now())
	deliver(t, m, time.Now())
	await(t, "firing", hook, notification{
		"firing", map[string]string{"alertname": "APIGatewayGate", "environment": "prod", "api": "orders"},
		[]string{"firing iam-authentication critical", "firing waf warning"},
	})
	var alerts []struct{ Labels map[string]string }
	get(t, base+"/api/v2/alerts", &alerts)
	names := make(map[string]int)
	for _, a := range alerts {
		names[a.Labels["alertname"]]++
	}
	if diff := cmp.Diff(map[string]int{"APIGatewayGate": 2, "APIGatewayProbeWatchdog": 1}, names); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}

	see(t, m, report(start.Add(9*time.Minute), pass("GET /a", "unsigned"), pass("GET /b", "unsigned"), pass("GET /a", "sigv4")))
	deliver(t, m, time.Now())
	await(t, "resolved", hook, notification{
		"resolved", map[string]string{"alertname": "APIGatewayGate", "environment": "prod", "api": "orders"},
		[]string{"resolved iam-authentication critical", "resolved waf warning"},
	})
	if h := m.Destinations()[0]; h.Error != "" || h.Waiting > 0 {
		t.Errorf("health: got %+v", h)
	}
	if err := d.Send(t.Context(), Sample(time.Now()), time.Now()); err != nil {
		t.Errorf("test message: %v", err)
	}
}

// alertmanagerProgram is that of Debian's package, or of a release.
func alertmanagerProgram(t *testing.T) string {
	for _, name := range []string{"prometheus-alertmanager", "alertmanager"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("got no alertmanager, want one in CI")
	}
	t.Skip("no alertmanager (Debian's prometheus-alertmanager) on this machine")
	return ""
}

func startAlertmanager(t *testing.T, program, hook string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // for the program to take
	dir := t.TempDir()
	config := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, alertmanagerConfig, hook), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "--config.file="+config, "--storage.path="+dir, "--web.listen-address="+address, "--cluster.listen-address=")
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	base := "http://" + address
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		res, err := http.Get(base + "/-/ready")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return base
			}
		}
		if time.Now().After(end) {
			t.Fatalf("alertmanager is not ready: %v", err)
		}
	}
}

// hook keeps what Alertmanager tells.
type hook struct {
	*httptest.Server
	mu  sync.Mutex
	got []notification
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct {
			Status      string
			GroupLabels map[string]string
			Alerts      []struct {
				Status string
				Labels map[string]string
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		n := notification{Status: body.Status, Group: body.GroupLabels}
		for _, a := range body.Alerts {
			n.Alerts = append(n.Alerts, a.Status+" "+a.Labels["layer"]+" "+a.Labels["severity"])
		}
		slices.Sort(n.Alerts)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, n)
	}))
	t.Cleanup(h.Close)
	return h
}

// await waits for a notification.
func await(t *testing.T, what string, h *hook, want notification) {
	t.Helper()
	var diff string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		h.mu.Lock()
		var last notification
		if len(h.got) > 0 {
			last = h.got[len(h.got)-1]
		}
		h.mu.Unlock()
		if diff = cmp.Diff(want, last); diff == "" {
			return
		}
	}
	t.Fatalf("%s: notification (-want +got):\n%s", what, diff)
}

func get(t *testing.T, url string, into any) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}
