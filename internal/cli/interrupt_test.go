package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// A signal ends a run early and in good order: what was observed until then is reported.
func TestInterrupt(t *testing.T) { // not beside others: a second must be long enough for some answers
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			config, connected := watchedSandbox(t)
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			cmd := exec.CommandContext(t.Context(), self, "run", "sandbox", "--config", config, "--format", "json", "--rate", "1")
			cmd.Args[0] = "probe" // what TestMain goes by
			cmd.Env = append(os.Environ(), "GORACE="+promptExit)
			cmd.Stdout, cmd.Stderr = &out, &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-connected
			time.Sleep(time.Second) // some answers come; all of them take more than a minute
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			sent := time.Now()
			err = cmd.Wait()
			took := time.Since(sent)

			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != int(ExitInterrupted) {
				t.Errorf("got %v, want exit code %d", err, ExitInterrupted)
			}
			if took > 30*time.Second { // a second on a machine that does nothing else; the run itself takes longer than this
				t.Errorf("it took %v to end", took)
			}
			var r probe.Report
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatalf("reading the report: %v", err)
			}
			if r.Run.Complete || r.Run.Requests == 0 || r.Summary.Pass == 0 || r.Summary.Inconclusive == 0 {
				t.Errorf("got %+v and %+v, want some answers and an incomplete run", r.Run, r.Summary)
			}
			if !bytes.HasPrefix(errs.Bytes(), []byte("probe: interrupted after ")) {
				t.Errorf("standard error: got %q", errs.String())
			}
		})
	}
}

// A context that is over before the run starts sends nothing, and still reports into the file.
func TestCancelledBefore(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := filepath.Join(t.TempDir(), "report.json")
	var out, errs bytes.Buffer
	args := []string{"run", "sandbox", "--format", "json", "--output", file}
	if code := Run(ctx, args, Streams{Out: &out, Err: &errs}); code != ExitInterrupted {
		t.Errorf("got exit code %d, want %d", code, ExitInterrupted)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r probe.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if r.Run.Complete || r.Run.Requests != 0 || r.Summary.Pass != 0 {
		t.Errorf("got %+v and %+v, want nothing sent", r.Run, r.Summary)
	}
	if out.Len() > 0 {
		t.Errorf("standard output: got %q, want nothing", out.String())
	}
}

// watchedSandbox serves the sandbox behind a forwarder, and returns the path of a configuration for it and a channel
// that is closed with the first connection.
func watchedSandbox(t *testing.T) (config string, connected <-chan struct{}) {
	t.Helper()
	server, err := sandbox.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	first := make(chan struct{})
	go forward(listener, server.Addr, sync.OnceFunc(func() { close(first) }))

	dir := t.TempDir()
	for name, text := range server.Files(dir) {
		text = bytes.ReplaceAll(text, []byte(server.Addr), []byte(listener.Addr().String()))
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, sandbox.ConfigName), first
}

// forward copies connections to addr until the listener is closed.
func forward(listener net.Listener, addr string, accepted func()) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		accepted()
		go func() {
			defer client.Close()
			server, err := net.Dial("tcp", addr)
			if err != nil {
				return
			}
			defer server.Close()
			go func() { _, _ = io.Copy(server, client) }()
			_, _ = io.Copy(client, server)
		}()
	}
}
