package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// shared is a buffer that one writes and another reads.
type shared struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// await waits until something was written n times.
func (s *shared) await(t *testing.T, n int, pattern string) {
	t.Helper()
	want := regexp.MustCompile(pattern)
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if len(want.FindAllString(s.String(), -1)) >= n {
			return
		}
	}
	t.Fatalf("got %s\nwant %d times %s", s, n, pattern)
}

func TestServe(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var errs shared
	code := make(chan ExitCode, 1)
	go func() {
		code <- Run(ctx, []string{"serve", "sandbox", "--config", "nowhere/probe.yaml", "--schedule", "@every 1s"}, Streams{Out: &errs, Err: &errs})
	}()
	if got := <-code; got != ExitUsage {
		t.Errorf("got %d, want %d: a configuration that was named has to be there", got, ExitUsage)
	}
	go func() {
		code <- Run(ctx, []string{"serve", "sandbox", "--schedule", "@every 1s", "--log-format", "json",
			"--listen", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "probe.db")}, Streams{Out: &errs, Err: &errs})
	}()
	errs.await(t, 2, `"msg":"a run ended","environment":"sandbox","run":"[0-9a-f-]+","complete":true,"pass":\d+`)
	cancel()
	if got := <-code; got != ExitOK {
		t.Errorf("got %d, want %d: %s", got, ExitOK, &errs)
	}
}

// Signals reach the process: SIGHUP reads the configuration again, SIGTERM ends it in good order.
func TestServeSignals(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "probe.yaml")
	write := func(text string) {
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := "version: 1\nenvironments:\n  prod:\n    schedule: \"0 0 1 1 *\"\n    region: eu-west-1\n" +
		"    apis: [{name: orders, id: a1b2c3d4e5, stage: prod, routes: [{request: GET /a, authorization: AWS_IAM}]}]\n"
	write(good)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var errs shared
	cmd := exec.CommandContext(t.Context(), self, "serve", "--config", config, "--listen", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "probe.db"))
	cmd.Args[0] = "probe" // what TestMain goes by
	cmd.Env = append(os.Environ(), "GORACE="+promptExit)
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	errs.await(t, 1, `an environment is probed" environment=prod schedule="0 0 1 1 \*"`)
	send := func(signal os.Signal) {
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
	}
	write(good + "    nonsense: true\n")
	send(syscall.SIGHUP)
	errs.await(t, 1, `the configuration has mistakes; the one before still holds" error="\S+probe.yaml:7:5: .*nonsense`)
	write(strings.ReplaceAll(good, "prod", "lab"))
	send(syscall.SIGHUP)
	errs.await(t, 1, `the configuration was read again" environments=1`)
	send(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v, want an end in good order: %s", err, &errs)
	}
}
