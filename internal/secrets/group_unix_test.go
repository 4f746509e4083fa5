//go:build unix

package secrets

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"apigwprobe/probe"
)

// What a command has started must not outlive the time limit: a token helper that hangs would pile up in a daemon.
func TestResolveReference_kills_the_process_group(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := within(t.Context(), time.Hour)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		f, err := os.Open(fifo) // blocks until the command's child opens it
		if err == nil {
			cancel()
			_, err = io.Copy(io.Discard, f) // ends when no process has it open any more
			f.Close()
		}
		ended <- err
	}()

	// Not the shell but its child opens the pipe.
	resolveReference(ctx, &probe.Reference{Command: []string{"sh", "-c", `(exec 3>"$0"; sleep 60) & wait`, fifo}})

	select {
	case err := <-ended:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a process of the group is still alive")
	}
}
