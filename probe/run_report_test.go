package probe

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestResultsDoNotDependOnTheOrderOfArrival shuffles what was exchanged.
func TestResultsDoNotDependOnTheOrderOfArrival(t *testing.T) {
	answers := healthy()
	answers["tampered"] = []reply{replyAccepted}
	answers["keyless"] = []reply{replyForbid}
	g := play(t, answers)
	keyed := iamRoute("/keyed")
	keyed.APIKeyRequired, keyed.APIKey = true, Literal("key-of-the-test")
	p := g.fastPlan(oneAPI(iamRoute("/orders"), openRoute("/health"), keyed))
	m := matrixOf(t, p, Selection{})
	r := newRunner(t.Context(), m, RunOptions{Resolve: testResolve})
	defer r.prober.Close()
	go func() {
		for range r.events {
		}
	}()
	a := newAPIRun(r, p.APIs[0])
	exchanges := a.exchange(t.Context())
	close(r.events)
	if len(exchanges) < len(m.Cases) {
		t.Fatalf("got %d exchanges of %d cases", len(exchanges), len(m.Cases))
	}
	document := func(some []Exchange) string {
		data, err := json.MarshalIndent(a.finish(some), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	want := document(exchanges)
	for seed := range uint64(30) {
		shuffled := slices.Clone(exchanges)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := document(shuffled); got != want {
			checkEqual(t, fmt.Sprintf("results by order %d", seed), strings.Split(got, "\n"), strings.Split(want, "\n"))
			break
		}
	}
}

// TestAPIsSideBySide: a slow API does not hold the others up, and the report keeps the order of the plan.
func TestAPIsSideBySide(t *testing.T) {
	g := play(t, healthy())
	finished := make(chan bool)
	g.answer = func(_, path string, n int) reply {
		if path == "/prod/slow" && n == 1 {
			<-finished // of the other API
		}
		return replyAccepted
	}
	one, two := oneAPI(openRoute("/slow")), oneAPI(openRoute("/fast"))
	two.Name = "b"
	var order []string
	var rep Report
	for e := range matrixOf(t, g.fastPlan(one, two), Selection{Scenarios: []string{SelectControl}}).Run(t.Context(), RunOptions{Resolve: testResolve}) {
		switch e := e.(type) {
		case APIFinished:
			order = append(order, e.API)
			if e.API == "b" {
				close(finished)
			}
		case RunFinished:
			rep = e.Report
		}
	}
	checkEqual(t, "order of events", order, []string{"b", "a"})
	var results []string
	for _, r := range rep.Results {
		if r.Control {
			results = append(results, r.API+" "+r.Scenario+" "+string(r.Verdict))
		}
	}
	checkEqual(t, "order of results", results, []string{"a unsigned pass", "b unsigned pass"})
}

func TestRunInfo(t *testing.T) {
	var agents sync.Map
	g := play(t, healthy())
	inner := g.server.Config.Handler
	g.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agents.Store(r.UserAgent()+" "+r.Header.Get(headerRun), true)
		inner.ServeHTTP(w, r)
	})
	for _, c := range []struct {
		name, agent, version string
		labels               map[string]string
		wantAgent            string
		want                 RunInfo
	}{
		{"nothing said", "", "", nil, "probe/dev", RunInfo{ProbeVersion: "dev", Labels: map[string]string{}}},
		{"version and labels", "", "1.2", map[string]string{"commit": "abc"}, "probe/1.2", RunInfo{ProbeVersion: "1.2", Labels: map[string]string{"commit": "abc"}}},
		{"own agent", "mine/3", "1.2", nil, "mine/3", RunInfo{ProbeVersion: "1.2", Labels: map[string]string{}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			agents.Clear()
			p := g.fastPlan(oneAPI(openRoute("/health")))
			p.UserAgent, p.SourceHash = c.agent, "hash"
			before := time.Now().Truncate(time.Millisecond)
			events, rep := collect(t.Context(), matrixOf(t, p, Selection{Scenarios: []string{SelectControl}}), RunOptions{Version: c.version, Labels: c.labels})
			run := rep.Run
			if run.Started.Before(before) || run.Started.After(time.Now()) || run.Started.Location() != time.UTC {
				t.Errorf("started at %v, want a time in UTC since %v", run.Started, before)
			}
			checkEqual(t, "first event", events[0].(RunStarted).Run.ID, run.ID)
			var sent []string
			agents.Range(func(k, _ any) bool { sent = append(sent, k.(string)); return true })
			checkEqual(t, "agent and run on every request", sent, []string{c.wantAgent + " " + run.ID})
			c.want.ID, c.want.Started, c.want.DurationMS = run.ID, run.Started, run.DurationMS
			c.want.Environment, c.want.ConfigSHA256, c.want.Requests, c.want.Complete = "test", "hash", 2, true
			checkEqual(t, "run", run, c.want)
			if c.labels != nil {
				c.labels["commit"] = "changed"
				checkEqual(t, "labels after the caller changed his", rep.Run.Labels, map[string]string{"commit": "abc"})
			}
		})
	}
}

// TestAcceptance: a finding that the owner accepts keeps its verdict, and is marked and counted.
func TestAcceptance(t *testing.T) {
	day := func(offset int) time.Time { return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, offset) }
	for _, c := range []struct {
		name   string
		accept Acceptance
		want   *Accepted
	}{
		{"without an end", Acceptance{Scenario: "unsigned", Reason: "known"}, &Accepted{Reason: "known"}},
		{"until tomorrow", Acceptance{Scenario: "unsigned", Reason: "known", Until: day(1)}, &Accepted{Reason: "known", Until: day(1).Format(time.DateOnly)}},
		{"until yesterday", Acceptance{Scenario: "unsigned", Reason: "known", Until: day(-2)}, nil},
		{"of this route and access", Acceptance{Scenario: "unsigned", Route: "GET /orders", Access: "default", Reason: "known"}, &Accepted{Reason: "known"}},
		{"of this host", Acceptance{Scenario: "unsigned", Access: hostDefault, Reason: "known"}, &Accepted{Reason: "known"}},
		{"of another route", Acceptance{Scenario: "unsigned", Route: "GET /other", Reason: "known"}, nil},
		{"of another access", Acceptance{Scenario: "unsigned", Access: hostCustom, Reason: "known"}, nil},
		{"of another scenario", Acceptance{Scenario: "tampered", Reason: "known"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			answers := healthy()
			answers["unsigned"] = []reply{replyAccepted}
			g := play(t, answers)
			api := oneAPI(iamRoute("/orders"))
			api.Accept = []Acceptance{{Scenario: "nobody", Reason: "no"}, c.accept}
			_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(api), Selection{Scenarios: []string{"unsigned"}}), RunOptions{})
			res := resultOf(t, rep, "unsigned")
			checkEqual(t, "verdict and mark", []any{res.Verdict, res.Accepted}, []any{Fail, c.want})
			accepted := 0
			if c.want != nil {
				accepted = 1
			}
			checkEqual(t, "summary", rep.Summary, Summary{Pass: 1, Fail: 1, Accepted: accepted})
		})
	}
}

// TestNoSecretInEvents looks for every secret of a run in everything that it says, behind a backend that echoes all.
func TestNoSecretInEvents(t *testing.T) {
	keyed := iamRoute("/keyed")
	keyed.APIKeyRequired, keyed.APIKey = true, Literal("kq7Zx2-key-Wm4Tn9")
	keyed.Headers = []Header{{Name: "X-Gate", Secret: Literal("hr5Vb8-gate-Lp3Sd6")}}
	secrets := []string{"kq7Zx2-key-Wm4Tn9", "hr5Vb8-gate-Lp3Sd6"}
	for _, c := range testCredentials {
		secrets = append(secrets, c.SecretAccessKey.Reveal(), c.SessionToken.Reveal())
	}
	var mu sync.Mutex
	s := tlsServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
		mu.Lock()
		if signature != "" {
			secrets = append(secrets, signature)
		}
		mu.Unlock()
		echo := fmt.Sprint(r.Header)
		w.Header().Set("Location", echo)
		w.Header().Set("X-Amz-Apigw-Id", r.Header.Get(headerRequestID))
		w.WriteHeader(403)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": echo})
	})
	p := planTo(s.Listener.Addr().String())
	p.APIs, p.Rate = []API{oneAPI(keyed, openRoute("/open"))}, 1e6
	events, _ := collect(t.Context(), matrixOf(t, p, Selection{}), RunOptions{})
	text := fmt.Sprintf("%+v", events)
	for _, e := range events {
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		text += string(data)
	}
	if len(secrets) < 10 || !strings.Contains(text, "map[") {
		t.Fatalf("the gateway saw %d secrets, and its echo is reported: %v", len(secrets), strings.Contains(text, "map["))
	}
	for _, secret := range secrets {
		if len(secret) >= runLength {
			if l := leak(text, secret); l != "" {
				t.Errorf("an event shows %s", l)
			}
		}
	}
}

var volatile = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "<uuid>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "<time>"},
	{regexp.MustCompile(`\d{8}T\d{6}Z`), "<date>"},
	{regexp.MustCompile(`"(dns|connect|tls|first_byte|total|duration_ms)": [\d.]+`), `"$1": 0`},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "<address>"},
	{regexp.MustCompile(`"[0-9a-f]{16}"`), `"<digest>"`},
	{regexp.MustCompile(`probe-[0-9a-f]{8}`), "probe-<random>"},
}

// TestReportGolden holds the whole document, with a result of each verdict: it is a contract.
func TestReportGolden(t *testing.T) {
	answers := healthy()
	answers["tampered"] = []reply{replyAccepted} // open; what expects the same gate is skipped then
	answers["stageless"] = []reply{{BreaksOff: true}}
	g := play(t, answers)
	orders := iamRoute("/orders")
	orders.Query, orders.Headers = map[string][]string{"q": {"a b"}}, []Header{{Name: "Accept", Value: "application/json"}, {Name: "X-Gate", Secret: Literal("hr5Vb8-gate-Lp3Sd6")}}
	api := oneAPI(orders)
	api.Accept = []Acceptance{{Scenario: "tampered", Route: "GET /orders", Reason: "closed in ticket 123", Until: time.Date(2999, 1, 31, 0, 0, 0, 0, time.UTC)}}
	p := g.fastPlan(api)
	p.SourceHash = strings.Repeat("0", 64)
	sel := Selection{Scenarios: []string{"tampered", "outsider", "ended", "keyless", "stageless"}}
	_, rep := collect(t.Context(), matrixOf(t, p, sel), RunOptions{
		Version: "1.2.3", Labels: map[string]string{"commit": "abc"},
		Next: func(l Layer, c Cause) string { return "mend " + string(l) + "/" + string(c) },
	})
	data, err := json.MarshalIndent(rep, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data) + "\n"
	for _, v := range volatile {
		text = v.pattern.ReplaceAllString(text, v.with)
	}
	checkGolden(t, "report.golden.json", []byte(text))
	// The document can be read back by one who knows the names only.
	var read Report
	if err := json.Unmarshal(data, &read); err != nil {
		t.Fatal(err)
	}
	again, err := json.MarshalIndent(read, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "document read and written again", strings.Split(string(again), "\n"), strings.Split(string(data), "\n"))
}
