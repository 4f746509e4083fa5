package store

import (
	"bufio"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apigwprobe/probe"
)

// writerFile makes a process of this test binary a writer of that file, which says on standard output what it has stored.
const writerFile = "STORE_TEST_WRITER"

var kills = flag.Int("kills", 200, "how often the writer is killed")

func TestMain(m *testing.M) {
	if path := os.Getenv(writerFile); path != "" {
		if err := writeForEver(path); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeForEver writes run after run. "stored RUN CASE" is printed once an observation was handled, "finished RUN" once a run was.
func writeForEver(path string) error {
	s, err := Open(path)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		rep := made(time.Now().UTC().Truncate(time.Millisecond), 1, nil)
		rep.Run.ID = fmt.Sprintf("%d-%d", os.Getpid(), i)
		sink := s.Record()
		if err := sink(probe.RunStarted{Run: started(rep.Run)}); err != nil {
			return err
		}
		for _, res := range rep.Results {
			if err := sink(probe.Observed{Result: res}); err != nil {
				return err
			}
			fmt.Printf("stored %s %s\n", rep.Run.ID, strings.ReplaceAll(res.ID, " ", "_"))
		}
		if err := sink(probe.RunFinished{Report: rep}); err != nil {
			return err
		}
		fmt.Println("finished", rep.Run.ID)
		if i%5 == 4 {
			if _, err := s.Compact(context.Background(), Retention{Runs: time.Hour}); err != nil {
				return err
			}
		}
	}
}

// writer starts a process that writes to path, and calls said with each line of it.
func writer(t *testing.T, path string, said func(string)) (kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerFile+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			said(lines.Text())
		}
	}()
	return func() {
		if err := cmd.Process.Kill(); err != nil { // SIGKILL
			t.Error(err)
		}
		<-read
		_ = cmd.Wait() // it was killed
	}
}

// A process that is killed at any moment loses nothing that it has acknowledged, and the file stays whole.
func TestKilledWriterLosesNothing(t *testing.T) {
	rounds := *kills
	if testing.Short() {
		rounds = min(rounds, 20)
	}
	path := filepath.Join(t.TempDir(), "probe.db")
	observed, finished, runs := 0, 0, make(map[string]bool)
	for range rounds {
		stored := make(map[string][]string) // by run
		ended := make(map[string]bool)
		said, enough, lines := make(chan struct{}), 1+rand.N(2*len(scenarioNames)), 0
		kill := writer(t, path, func(line string) {
			words := strings.Fields(line)
			switch words[0] {
			case "stored":
				stored[words[1]] = append(stored[words[1]], strings.ReplaceAll(words[2], "_", " "))
				observed++
			case "finished":
				ended[words[1]] = true
				finished++
			default:
				t.Error(line)
			}
			if lines++; lines == enough {
				close(said)
			}
		})
		select {
		case <-said:
		case <-time.After(time.Minute):
			t.Fatalf("the writer has not stored %d observations", enough)
		}
		time.Sleep(rand.N(5 * time.Millisecond)) // into what it does next
		kill()
		s, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		checkIntegrity(t, s.db)
		for run, cases := range stored {
			runs[run] = true
			checkStored(t, s, run, cases, ended[run])
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("killed %d times: %d observations and %d ends of runs were acknowledged, in %d runs", rounds, observed, finished, len(runs))
	if finished == 0 || len(runs) == finished {
		t.Errorf("got %d of %d runs finished, want some and not all", finished, len(runs))
	}
}

func checkIntegrity(t *testing.T, db *sql.DB) {
	t.Helper()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity check: got %q, %v", verdict, err)
	}
	var broken int
	if err := db.QueryRow("SELECT count(*) FROM pragma_foreign_key_check").Scan(&broken); err != nil || broken != 0 {
		t.Errorf("foreign keys: got %d broken ones, %v", broken, err)
	}
}

// checkStored checks that a run has these cases, and is finished if that was acknowledged.
func checkStored(t *testing.T, s *Store, run string, cases []string, ended bool) {
	t.Helper()
	rep, err := s.Report(t.Context(), run)
	if err != nil {
		t.Error(err)
		return
	}
	there := make(map[string]bool)
	for _, res := range rep.Results {
		there[res.ID] = res.Observed != nil && res.Observed.RequestID != ""
	}
	for _, id := range cases {
		if !there[id] {
			t.Errorf("run %s: %q was acknowledged, and is gone", run, id)
		}
	}
	if ended && !rep.Run.Complete {
		t.Errorf("run %s: its end was acknowledged, and is gone", run)
	}
}

// Several processes write one file at the same time.
func TestProcessesWriteSideBySide(t *testing.T) {
	path := filepath.Join(t.TempDir(), "probe.db")
	enough := make(chan string, 100)
	var stop []func()
	for range 3 {
		stop = append(stop, writer(t, path, func(line string) {
			if run, ok := strings.CutPrefix(line, "finished "); ok {
				select {
				case enough <- run:
				default:
				}
			} else if strings.HasPrefix(line, "error") {
				t.Error(line)
			}
		}))
	}
	ids, writers := []string{}, make(map[string]bool)
	for deadline := time.After(60 * time.Second); len(ids) < 15 || len(writers) < 3; {
		select {
		case id := <-enough:
			pid, _, _ := strings.Cut(id, "-")
			ids, writers[pid] = append(ids, id), true
		case <-deadline:
			t.Fatalf("got %d runs of %d writers in a minute", len(ids), len(writers))
		}
	}
	for _, kill := range stop {
		kill()
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	checkIntegrity(t, s.db)
	for _, id := range ids {
		rep, err := s.Report(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		checkEqual(t, "results", len(rep.Results), len(scenarioNames))
	}
}
