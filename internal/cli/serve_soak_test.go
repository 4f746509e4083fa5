package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"apigwprobe/internal/daemon"
	"apigwprobe/internal/sandbox"
)

// The soak: so many environments with an API each, with so many routes.
const (
	soakEnvironments = 50
	soakRoutes       = 20
)

// TestServeSoak lets `probe serve` probe a thousand routes a minute each, in real time, and measures what it takes:
//
//	PROBE_SOAK=5m go test ./internal/cli -run TestServeSoak -v -timeout 30m
func TestServeSoak(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("PROBE_SOAK"))
	if os.Getenv("PROBE_SOAK") == "" {
		t.Skip("takes minutes of real time: PROBE_SOAK=5m runs it")
	}
	if err != nil || length < 2*time.Minute {
		t.Fatalf("PROBE_SOAK: got %q, want two minutes or more", os.Getenv("PROBE_SOAK"))
	}
	dir := t.TempDir()
	g, err := sandbox.New(soakModel())
	if err != nil {
		t.Fatal(err)
	}
	server, err := g.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	for name, content := range map[string][]byte{"ca.pem": server.CA, "probe.yaml": soakConfig(server.Addr)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), self, "serve", "--log-format", "json", "--listen", "127.0.0.1:0",
		"--config", filepath.Join(dir, "probe.yaml"), "--data", filepath.Join(dir, "probe.db"))
	cmd.Args[0] = "probe" // what TestMain goes by
	cmd.Env = append(os.Environ(), "SOAK_SECRET="+identities[0].secret, "SOAK_KEY="+goodKey)
	cmd.Stderr = &log
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	samples := []usage{usageOf(t, cmd.Process.Pid, dir)}
	for time.Since(begin) < length {
		time.Sleep(10 * time.Second)
		samples = append(samples, usageOf(t, cmd.Process.Pid, dir))
	}
	end := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v, want an end in good order", err)
	}
	soakedRuns(t, log.Bytes(), begin, end)
	soakedUsage(t, samples)
	t.Logf("the gateway answered %d requests", len(g.Truths()))
	if t.Failed() {
		t.Logf("the log ends with\n%s", log.Bytes()[max(0, log.Len()-4000):])
	}
}

// soakModel is a deployment in which nothing is wrong: every fifth route wants a signature, the others a key.
func soakModel() sandbox.Model {
	m := healthy()
	m.APIs, m.Domains, m.Plans[0].Stages = nil, nil, nil
	for i := range soakEnvironments {
		api := sandbox.API{ID: fmt.Sprintf("soaked%04d", i), Name: "orders", Account: account, Region: region, Stages: []sandbox.Stage{{Name: "prod"}}}
		for j := range soakRoutes {
			path := fmt.Sprintf("/orders/%d", j)
			if j%5 == 0 {
				api.Routes = append(api.Routes, iam(path))
			} else {
				api.Routes = append(api.Routes, keyed(open(path)))
			}
		}
		m.APIs = append(m.APIs, api)
		m.Plans[0].Stages = append(m.Plans[0].Stages, sandbox.APIStage{API: api.ID, Stage: "prod"})
	}
	return m
}

func soakConfig(addr string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "version: 1\nprincipals:\n  caller: {access_key_id: %s, secret_access_key: {env: SOAK_SECRET}}\n", identities[0].id)
	fmt.Fprintf(&b, "defaults: {region: %s, principal: caller}\napis:\n  orders:\n    catch_all: none\n    waf: false\n    routes:\n", region)
	for j := range soakRoutes {
		security := "authorization: NONE, api_key_required: true, api_key: {env: SOAK_KEY}"
		if j%5 == 0 {
			security = "authorization: AWS_IAM"
		}
		fmt.Fprintf(&b, "      - {request: GET /orders/%d, %s}\n", j, security)
	}
	b.WriteString("environments:\n")
	for i := range soakEnvironments {
		fmt.Fprintf(&b, "  soak-%02d:\n    schedule: \"@every 1m\"\n    connect_to: {\"*\": %q}\n    ca_file: ca.pem\n", i, addr)
		fmt.Fprintf(&b, "    apis: [{name: orders, from: orders, id: soaked%04d, stage: prod, default_endpoint: enabled}]\n", i)
	}
	return b.Bytes()
}

// soakedRuns compares the log with the schedules: each run started when it was due, and everything in it passed.
func soakedRuns(t *testing.T, log []byte, begin, end time.Time) {
	t.Helper()
	started := make(map[string][]time.Time)
	var lags, took []time.Duration
	failed, verdicts := 0, 0
	lines := bufio.NewScanner(bytes.NewReader(log))
	for lines.Scan() {
		var line struct {
			Time                                              time.Time
			Level, Msg, Environment                           string
			Complete                                          bool
			Pass, Fail, Inconclusive, Skipped, Accepted, Took int64
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("reading %s: %v", lines.Bytes(), err)
		}
		switch {
		case line.Msg == "a run starts":
			started[line.Environment] = append(started[line.Environment], line.Time)
		case line.Msg == "a run ended" && line.Time.Before(end): // those that were cut short prove nothing
			verdicts += int(line.Pass)
			took = append(took, time.Duration(line.Took))
			if !line.Complete || line.Fail+line.Inconclusive > 0 || line.Pass == 0 {
				failed++
				t.Errorf("got %s, want a run in which everything passes", lines.Bytes())
			}
		case line.Level != "INFO" || strings.Contains(line.Msg, "skipped"):
			t.Errorf("got %s, want nothing to warn of", lines.Bytes())
		}
	}
	for i := range soakEnvironments {
		name := fmt.Sprintf("soak-%02d", i)
		table, err := daemon.NewTimetable(name, "@every 1m", "")
		if err != nil {
			t.Fatal(err)
		}
		starts := started[name]
		for due := table.Next(begin.Add(5 * time.Second)); due.Before(end.Add(-5 * time.Second)); due = table.Next(due) {
			at := slices.IndexFunc(starts, func(s time.Time) bool { return s.After(due.Add(-time.Second)) && s.Before(due.Add(time.Minute)) })
			if at < 0 {
				t.Errorf("%s: got no run that was due at %v", name, due)
				continue
			}
			lags = append(lags, starts[at].Sub(due))
		}
	}
	if len(lags) < soakEnvironments || len(took) == 0 {
		t.Fatalf("got %d runs on time and %d that ended, want more", len(lags), len(took))
	}
	slices.Sort(lags)
	slices.Sort(took)
	t.Logf("%d runs of %d cases each on average, %d failed", len(took), verdicts/len(took), failed)
	t.Logf("lag of starts: median %v, 99 %% below %v, at most %v", lags[len(lags)/2], lags[len(lags)*99/100], lags[len(lags)-1])
	t.Logf("length of runs: median %v, at most %v", took[len(took)/2], took[len(took)-1])
	if worst := lags[len(lags)-1]; worst > 5*time.Second { // on a machine that does other things, too
		t.Errorf("got a start %v late, want 5 s at most", worst)
	}
}

// usage is what a process has taken so far.
type usage struct {
	at       time.Time
	cpu      time.Duration
	resident int // KiB
	files    int // that are open, sockets too
	history  int // bytes
}

// usageOf reads what Linux tells of a process.
func usageOf(t *testing.T, pid int, dir string) usage {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		if err != nil {
			t.Skipf("there is nothing to measure with: %v", err)
		}
		return string(text)
	}
	u := usage{at: time.Now()}
	var user, system int64
	_, stat, _ := strings.Cut(read("stat"), ") ")
	fields := strings.Fields(stat)
	_, _ = fmt.Sscan(fields[11], &user)
	_, _ = fmt.Sscan(fields[12], &system)
	u.cpu = time.Duration(user+system) * 10 * time.Millisecond // a tick, everywhere but on Alpha
	_, rest, _ := strings.Cut(read("status"), "VmRSS:")
	_, _ = fmt.Sscan(rest, &u.resident)
	if open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)); err == nil {
		u.files = len(open)
	}
	kept, _ := filepath.Glob(filepath.Join(dir, "probe.db*"))
	for _, path := range kept {
		if info, err := os.Stat(path); err == nil {
			u.history += int(info.Size())
		}
	}
	return u
}

// soakedUsage prints what was taken, minute by minute, and finds growth: once every environment has run, the process
// needs no more than it did, but for what a garbage collector leaves open.
func soakedUsage(t *testing.T, samples []usage) {
	t.Helper()
	minutes := make(map[int][]usage)
	for _, s := range samples {
		m := int(s.at.Sub(samples[0].at) / time.Minute)
		minutes[m] = append(minutes[m], s)
	}
	peak := func(m int) (resident, files int) {
		for _, s := range minutes[m] {
			resident, files = max(resident, s.resident), max(files, s.files)
		}
		return resident, files
	}
	last := 0
	for m := range len(minutes) {
		if len(minutes[m]) < 5 {
			break
		}
		last = m
		resident, files := peak(m)
		first, final := minutes[m][0], minutes[m][len(minutes[m])-1]
		t.Logf("minute %d: %d MiB resident, %.0f %% of a core, %d files open, %d KiB of history", m+1, resident>>10,
			100*float64(final.cpu-first.cpu)/float64(final.at.Sub(first.at)), files, final.history>>10)
	}
	was, files := peak(1)
	if now, open := peak(last); now > was+was/2 || open > files+files/2+20 {
		t.Errorf("from the second minute to the last: got %d KiB and %d files from %d KiB and %d files, want no growth", now, open, was, files)
	}
}
