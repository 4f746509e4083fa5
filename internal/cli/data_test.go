package cli

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/secrets"
	"apigwprobe/internal/store"
	"apigwprobe/probe"
	"apigwprobe/scenarios"
)

// A history that cannot be written any more costs neither the report nor what the run came to.
func TestHistoryThatFailsLosesNoReport(t *testing.T) {
	dir := t.TempDir()
	data, out := filepath.Join(dir, "probe.db"), filepath.Join(dir, "run.json")
	file, err := store.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("DROP TABLE observed"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	for _, test := range []struct {
		args []string
		want ExitCode
	}{
		{nil, ExitUsage}, // which would be 0
		{[]string{"--fault", "key-disabled"}, ExitFail},
	} {
		var stdout, stderr bytes.Buffer
		args := append([]string{"run", "sandbox", "--data", data, "--report", "json=" + out}, test.args...)
		code := Run(t.Context(), args, Streams{Out: &stdout, Err: &stderr})
		if code != test.want {
			t.Errorf("%q: got exit code %d, want %d", test.args, code, test.want)
		}
		if got, want := stderr.String(), `in history "`+data+`": `; strings.Count(got, want) != 1 {
			t.Errorf("standard error: got %q, want %q once", got, want)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		var rep probe.Report
		if err := json.Unmarshal(text, &rep); err != nil || !rep.Run.Complete || len(rep.Results) < 100 {
			t.Errorf("the report: got %d results, complete %t, %v", len(rep.Results), rep.Run.Complete, err)
		}
		if stdout.Len() == 0 {
			t.Error("nothing was reported on standard output")
		}
	}
}

func TestAgesAndMoments(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for word, want := range map[string]time.Time{
		"7d": now.AddDate(0, 0, -7), "2w": now.AddDate(0, 0, -14), "90m": now.Add(-90 * time.Minute), "0s": now,
		"2026-11-01": time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), "2026-11-01T08:30:00+01:00": time.Date(2026, 11, 1, 7, 30, 0, 0, time.UTC),
	} {
		if got, err := moment(word, now); err != nil || !got.Equal(want) {
			t.Errorf("moment(%q): got %v, %v, want %v", word, got, err, want)
		}
	}
	for _, word := range []string{"", "d", "-1d", "-1h", "yesterday", "99999999d", "1.5d"} {
		if got, err := moment(word, now); err == nil {
			t.Errorf("moment(%q): got %v, want an error", word, got)
		}
	}
}

// What a run had observed when it was killed is judged when it is shown.
func TestInterruptedRunIsJudgedLater(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "probe.db")
	env, err := openEnvironment(defaultConfig, builtin, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer env.close()
	plan, err := env.plan()
	if err != nil {
		t.Fatal(err)
	}
	matrix, err := probe.NewMatrix(&plan, scenarios.All(), probe.Selection{APIs: []string{"ledger"}})
	if err != nil {
		t.Fatal(err)
	}
	past, err := openHistorian(data)
	if err != nil {
		t.Fatal(err)
	}
	answers := 0
	for event := range matrix.Run(t.Context(), probe.RunOptions{Resolve: func(ctx context.Context, plan *probe.Plan, needs probe.Needs) probe.Material {
		return secrets.Resolve(ctx, *plan, needs)
	}}) {
		if _, end := event.(probe.RunFinished); end {
			break
		}
		if _, ok := event.(probe.Observed); ok {
			answers++
		}
		past.see(event)
	}
	if err := past.close(); err != nil {
		t.Fatal(err)
	}
	for config, want := range map[string]string{
		defaultConfig:                    "warning: the run did not end; what was answered is judged now\n",
		filepath.Join(dir, "other.yaml"): "warning: the run did not end, and what was answered is shown without a verdict: ",
	} {
		var stdout, stderr bytes.Buffer
		code := Run(t.Context(), []string{"history", "show", "latest", "--data", data, "--format", "json", "--config", config}, Streams{Out: &stdout, Err: &stderr})
		if code != ExitOK || !strings.HasPrefix(stderr.String(), want) {
			t.Errorf("got exit code %d and %q, want %q", code, stderr.String(), want)
		}
		var rep probe.Report
		if err := json.Unmarshal(stdout.Bytes(), &rep); err != nil {
			t.Fatal(err)
		}
		judged := rep.Summary.Pass > 0 && rep.Coverage.Proven > 0
		if judged != (config == defaultConfig) || rep.Run.Complete || rep.Run.Requests != answers {
			t.Errorf("%s: got %+v, %+v, %d requests, want %d, judged only with its configuration", config, rep.Summary, rep.Coverage, rep.Run.Requests, answers)
		}
	}
}
