package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"apigwprobe/internal/sandbox"
)

// A gate that a run finds open is told within seconds, once, also by a daemon that is started anew; and whoever watches the
// daemon hears that it is alive.
func TestServeAlerts(t *testing.T) {
	t.Parallel()
	told, beats := make(chan string, 10), make(chan struct{}, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/alive" {
			beats <- struct{}{}
			return
		}
		var event struct {
			Type string
			Data struct{ Severity, API, Kind string }
		}
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &event); err != nil {
			t.Errorf("reading %s: %v", body, err)
		}
		told <- fmt.Sprintf("%s %s %s %s", event.Type, event.Data.Severity, event.Data.API, event.Data.Kind)
	}))
	defer receiver.Close()
	config := faultySandbox(t, "audience-changed", fmt.Sprintf("alerts:\n  heartbeat: {url: %q}\n"+
		"  destinations:\n    hook: {severity: critical, webhook: {url: %q}}\n", receiver.URL+"/alive", receiver.URL))

	data := filepath.Join(t.TempDir(), "probe.db")
	for _, life := range []string{"first", "second"} {
		ctx, cancel := context.WithCancel(t.Context())
		var errs shared
		ended := make(chan ExitCode, 1)
		go func() {
			ended <- Run(ctx, []string{"serve", "sandbox", "--config", config, "--schedule", "0 0 1 1 *", "--listen", "127.0.0.1:0", "--data", data},
				Streams{Out: &errs, Err: &errs})
		}()
		errs.await(t, 1, `an environment is probed`)
		address := regexp.MustCompile(`http://127\S+`).FindString(errs.String())
		answer, err := http.Post(address+"/api/v1/environments/sandbox/run", "application/json", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		errs.await(t, 1, `a run ended`)
		<-beats
		select {
		case got := <-told:
			if want := "apigwprobe.alert.raised critical shop open"; life != "first" || got != want {
				t.Errorf("%s life: got %q, want %q once", life, got, want)
			}
		case <-time.After(map[string]time.Duration{"first": 30 * time.Second, "second": 8 * time.Second}[life]):
			if life == "first" {
				t.Errorf("nobody was told: %s", &errs)
			}
		}
		cancel()
		if code := <-ended; code != ExitOK {
			t.Errorf("got %d, want %d: %s", code, ExitOK, &errs)
		}
	}
}

// faultySandbox serves a sandbox with a fault, and returns the path of its configuration with more at its end.
func faultySandbox(t *testing.T, fault, more string) string {
	t.Helper()
	served, err := sandbox.Serve("127.0.0.1:0", fault)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { served.Close() })
	dir := t.TempDir()
	for name, text := range served.Files(dir) {
		path := filepath.Join(dir, name)
		if name == sandbox.ConfigName {
			path = filepath.Join(dir, defaultConfig)
			text = append(text, more...)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, defaultConfig)
}
