package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"apigwprobe/internal/cli"
	"apigwprobe/internal/report"
)

// daemonToken is what clients of the daemon show.
const daemonToken = "kFz81-daemon-token-Qw7Lm"

// stream is what a daemon writes while a test reads.
type stream struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *stream) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// ofDaemon lets a daemon make a run, and asks it for all that there is, with its token, with a wrong one and with none.
func (a artefacts) ofDaemon(t *testing.T, env, config string) {
	t.Helper()
	data, tokenFile := filepath.Join(a.dir, "daemon.db"), filepath.Join(a.dir, "token")
	if err := os.WriteFile(tokenFile, []byte(daemonToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var log stream
	ended := make(chan cli.ExitCode, 1)
	go func() {
		ended <- cli.Run(ctx, []string{"serve", env, "--config", config, "--listen", "127.0.0.1:0", "--data", data, "--token-file", tokenFile},
			cli.Streams{In: strings.NewReader(""), Out: &log, Err: &log, LookupEnv: os.LookupEnv})
	}()
	address := a.await(t, &log, `address=(http://\S+)`)
	a.ask(t, "POST", address+"/api/v1/environments/"+env+"/run", daemonToken, http.StatusAccepted)
	events := make(chan string, 1)
	go func() { events <- a.watch(ctx, address) }()
	run := a.await(t, &log, `a run ended" environment=`+env+` run=(\S+)`)
	for _, path := range []string{"environments", "environments/" + env, "runs", "changes?limit=1000", "coverage/" + env, "alerts", "silences"} {
		a.texts["daemon "+path] = a.ask(t, "GET", address+"/api/v1/"+path, daemonToken, http.StatusOK)
	}
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		a.texts["daemon "+path] = a.ask(t, "GET", address+path, daemonToken, http.StatusOK)
	}
	for _, f := range report.Formats() {
		a.texts["daemon run as "+f.Name] = a.ask(t, "GET", address+"/api/v1/runs/"+run+"?format="+f.Name, daemonToken, http.StatusOK)
	}
	var whole struct{ Results []json.RawMessage }
	if err := json.Unmarshal([]byte(a.texts["daemon run as json"]), &whole); err != nil || len(whole.Results) == 0 {
		t.Errorf("the daemon's run has %d results: %v", len(whole.Results), err)
	}
	for _, token := range []string{"", "wrong-" + daemonToken} {
		a.texts["daemon without "+token] = a.ask(t, "GET", address+"/api/v1/runs/"+run, token, http.StatusUnauthorized)
	}
	cancel()
	if code := <-ended; code != cli.ExitOK {
		t.Errorf("the daemon ended with %d", code)
	}
	a.texts["daemon events"] = <-events
	if !strings.Contains(a.texts["daemon events"], "event: ended\n") {
		t.Errorf("the daemon told %s, want the end of the run", a.texts["daemon events"])
	}
	a.texts["daemon log"] = log.String()
}

// await waits for something in the log of a daemon.
func (artefacts) await(t *testing.T, log *stream, pattern string) string {
	t.Helper()
	want := regexp.MustCompile(pattern)
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if m := want.FindStringSubmatch(log.String()); m != nil {
			return m[1]
		}
	}
	t.Fatalf("got %s\nwant %s", log, pattern)
	return ""
}

// ask asks the daemon, and keeps header and body of its answer.
func (artefacts) ask(t *testing.T, method, url, token string, status int) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		t.Errorf("%s %s: got %d %s %v, want %d", method, url, answer.StatusCode, body, err, status)
	}
	if answer.Header.Get("Content-Type") == "application/json" || status >= 400 {
		return string(body)
	}
	return fmt.Sprint(answer.Header, "\n", string(body))
}

// watch returns the events that a daemon tells until it ends.
func (artefacts) watch(ctx context.Context, address string) string {
	r, err := http.NewRequestWithContext(ctx, "GET", address+"/api/v1/events", nil)
	if err != nil {
		return err.Error()
	}
	r.Header.Set("Authorization", "Bearer "+daemonToken)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body) // until it ends
	return string(text)
}
