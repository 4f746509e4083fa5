package probe

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestCircuitBreaker: where the control is refused after it had passed, nothing more is sent.
func TestCircuitBreaker(t *testing.T) {
	for _, c := range []struct {
		name     string
		control  reply // from the second time on
		requests []string
		verdicts []string
	}{
		{
			"a web ACL has had enough", replyForbid,
			[]string{"sigv4 /prod/orders", "unsigned /prod/orders", "sigv4 /prod/orders"},
			[]string{
				"GET /orders sigv4: pass (certain none)", "GET /orders unsigned: fail/wrong-layer (likely waf)",
				"GET /orders tampered: inconclusive/stopped", "GET /orders outsider: inconclusive/stopped", "GET /orders ended: inconclusive/stopped",
			},
		},
		{
			"a throttle has had enough", replyTooMany,
			[]string{"sigv4 /prod/orders", "unsigned /prod/orders", "sigv4 /prod/orders"},
			nil,
		},
		{
			"the control still passes", replyAccepted,
			[]string{
				"sigv4 /prod/orders", "unsigned /prod/orders", "sigv4 /prod/orders", "tampered /prod/orders", "ended /prod/orders", "outsider /prod/orders", "sigv4 /prod/orders",
			},
			nil,
		},
		{
			"the control is refused by another layer", replyMismatch,
			[]string{
				"sigv4 /prod/orders", "unsigned /prod/orders", "sigv4 /prod/orders", "tampered /prod/orders", "ended /prod/orders", "outsider /prod/orders", "sigv4 /prod/orders",
			},
			nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			answers := healthy()
			answers["sigv4"] = []reply{replyAccepted, c.control}
			answers["unsigned"] = []reply{replyForbid}
			g := play(t, answers)
			sel := Selection{Scenarios: []string{"unsigned", "tampered", "outsider", "ended"}}
			_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), sel), RunOptions{})
			checkEqual(t, "requests", g.requests(), c.requests)
			if c.verdicts != nil {
				checkEqual(t, "verdicts", verdicts(rep.Results), c.verdicts)
				checkEqual(t, "reason", resultOf(t, rep, "tampered").Reason, "the control had passed and is now answered 403: a web ACL or a throttle has had enough of us")
			}
			checkEqual(t, "complete", rep.Run.Complete, true)
		})
	}
	t.Run("a surprise is followed up three times only", func(t *testing.T) {
		g := playBy(t, func(scenario, _ string, _ int) reply {
			if scenario == "unsigned" {
				return replyForbid
			}
			return replyAccepted
		})
		var routes []Route
		for i := range 6 {
			routes = append(routes, iamRoute(fmt.Sprintf("/r%d", i)))
		}
		_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(oneAPI(routes...)), Selection{Scenarios: []string{"unsigned"}}), RunOptions{})
		var extra []string
		for _, r := range rep.Extra {
			extra = append(extra, r.Scenario)
		}
		slices.Sort(extra)
		checkEqual(t, "extra requests", extra, []string{"control-at-last-1:sigv4", "control-at-last-2:sigv4", "control-at-last-3:sigv4", "control-at-last:sigv4"})
	})
}

func TestThrottled(t *testing.T) {
	answers := healthy()
	answers["unsigned"] = []reply{replyTooMany}
	g := play(t, answers)
	_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), Selection{Scenarios: []string{"unsigned", "tampered"}}), RunOptions{})
	checkEqual(t, "verdicts", verdicts(rep.Results), []string{
		"GET /orders sigv4: pass (certain none)", "GET /orders unsigned: inconclusive/throttled (certain usage-plan)", "GET /orders tampered: pass (certain iam-authentication)",
	})
	// A throttle is never taken for an open gate, however late it stands in the pipeline.
	checkEqual(t, "summary", rep.Summary.Fail, 0)
}

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		value string
		want  time.Duration
	}{
		{"", time.Second}, {"0", 0}, {"3", 3 * time.Second}, {" 3 ", 3 * time.Second}, {"30", longestPause}, {"31", longestPause}, {"86400", longestPause},
		{"9223372036", longestPause}, {"9223372037", longestPause}, {"10000000000", longestPause}, {"9223372036854775807", longestPause},
		{"-1", time.Second}, {"soon", time.Second}, {"1.5", time.Second},
	} {
		t.Run(c.value, func(t *testing.T) {
			checkEqual(t, "pause", retryAfter(&Observation{Headers: map[string]string{"retry-after": c.value}}), c.want)
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "0", "1", "30", "31", "-1", "9223372037", "10000000000", "99999999999999999999", "Sat, 21 Nov 2026 12:00:00 GMT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		d := retryAfter(&Observation{Headers: map[string]string{"retry-after": value}})
		if d < 0 || d > longestPause {
			t.Errorf("%q: got %v, want at least 0 and at most %v", value, d, longestPause)
		}
		var digits = regexp.MustCompile(`^[1-9][0-9]{2,18}$`)
		if digits.MatchString(value) && d != longestPause {
			t.Errorf("%q: got %v, want %v", value, d, longestPause)
		}
	})
}

// newTestAPIRun is the run of one API without its loop.
func newTestAPIRun(t testing.TB, p *Plan) *apiRun {
	t.Helper()
	r := newRunner(t.Context(), &Matrix{Plan: p}, RunOptions{Resolve: testResolve})
	return newAPIRun(r, p.APIs[0])
}

// TestRetryAfterIsNotShortened: a later 429 that asks for less does not shorten the pause of an earlier one.
func TestRetryAfterIsNotShortened(t *testing.T) {
	long := replyTooMany
	long.Header = map[string]string{"Retry-After": "25"}
	short := replyTooMany
	short.Header = map[string]string{"Retry-After": "1"}
	g := play(t, map[string][]reply{"sigv4": {long}, "unsigned": {short}})
	both, first := make(chan bool), make(chan bool)
	g.hold = func(scenario string, _ int) {
		switch scenario { // both are under way before either is answered
		case "sigv4":
			both <- true
		case "unsigned":
			<-both
			<-first
		}
	}
	p := g.fastPlan(oneAPI(iamRoute("/orders")))
	a := newTestAPIRun(t, p)
	cases, _ := Expand(p, namedScenarios(), Selection{Scenarios: []string{"unsigned"}})
	var all sync.WaitGroup
	all.Go(func() {
		a.send(t.Context(), cases[0], "")
		close(first)
	})
	all.Go(func() { a.send(t.Context(), cases[1], "") })
	all.Wait()
	checkEqual(t, "answers", len(a.exchanges), 2)
	if left := time.Until(a.pause); left < 10*time.Second {
		t.Errorf("the pause ends in %v, want about 25 s", left)
	}
}

// TestWait is about what a request waits for, on a clock of its own.
func TestWait(t *testing.T) {
	// One request a second; the first goes at once.
	slow := func() *Plan {
		p := onePlan(oneAPI(iamRoute("/orders")))
		p.Rate, p.TotalRate = 1, 1
		return p
	}
	// meanwhile lets a second request wait for the rate, does something, and says when and how the wait ended.
	meanwhile := func(t *testing.T, do func(*apiRun)) (time.Duration, error) {
		a := newTestAPIRun(t, slow())
		start := time.Now()
		if err := a.wait(t.Context()); err != nil || time.Since(start) != 0 {
			t.Fatalf("the first request waited %v and got %v", time.Since(start), err)
		}
		done := make(chan error)
		go func() { done <- a.wait(t.Context()) }()
		synctest.Wait()
		a.mu.Lock()
		do(a)
		a.mu.Unlock()
		err := <-done
		return time.Since(start), err
	}
	t.Run("for the rate", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			after, err := meanwhile(t, func(*apiRun) {})
			checkEqual(t, "waited", after, time.Second)
			checkEqual(t, "error", err, nil)
		})
	})
	t.Run("the breaker trips meanwhile", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, err := meanwhile(t, func(a *apiRun) { a.stopped = "enough" })
			if err == nil || err.Error() != "enough" {
				t.Errorf("got the error %v, want enough: the request would have been sent after the circuit breaker had stopped the API", err)
			}
		})
	})
	t.Run("a pause begins meanwhile", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			after, err := meanwhile(t, func(a *apiRun) { a.pause = time.Now().Add(10 * time.Second) })
			if err != nil || after < 10*time.Second {
				t.Errorf("waited %v and got %v, want at least the 10 s of Retry-After", after, err)
			}
		})
	})
	t.Run("a pause is longer than before", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newTestAPIRun(t, slow())
			start := time.Now()
			a.pause = start.Add(5 * time.Second)
			done := make(chan error)
			go func() { done <- a.wait(t.Context()) }()
			synctest.Wait()
			a.mu.Lock()
			a.pause = start.Add(20 * time.Second)
			a.mu.Unlock()
			if err := <-done; err != nil || time.Since(start) < 20*time.Second {
				t.Errorf("waited %v and got %v, want at least 20 s", time.Since(start), err)
			}
		})
	})
	t.Run("the run ends meanwhile", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newTestAPIRun(t, slow())
			a.pause = time.Now().Add(10 * time.Second)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			start := time.Now()
			err := a.wait(ctx)
			checkEqual(t, "waited", time.Since(start), 2*time.Second)
			if err == nil || err.Error() != "the run was interrupted, or its time was up, before this was sent" {
				t.Errorf("got %v", err)
			}
		})
	})
}

// TestRates counts requests at a rate that allows one in an hour.
func TestRatesAreKept(t *testing.T) {
	for _, c := range []struct {
		name        string
		rate, total float64
		want        []string
	}{
		{"of each API", 1.0 / 3600, 1000, []string{"sigv4 /prod/a", "sigv4 /prod/b"}},
		{"of the run", 1000, 1.0 / 3600, []string{"sigv4 /prod/?"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := play(t, healthy())
			one, two := oneAPI(iamRoute("/a")), oneAPI(iamRoute("/b"))
			two.Name = "b"
			p := g.fastPlan(one, two)
			p.Rate, p.TotalRate, p.Concurrency, p.RunTimeout = c.rate, c.total, 4, 10*time.Minute
			_, rep := collect(t.Context(), matrixOf(t, p, Selection{}), RunOptions{})
			got := g.requests()
			slices.Sort(got)
			if c.total < 1 && len(got) == 1 {
				got[0] = got[0][:len(got[0])-1] + "?"
			}
			checkEqual(t, "requests", got, c.want)
			checkEqual(t, "requests that the report counts", rep.Run.Requests, len(c.want))
			checkEqual(t, "summary", rep.Summary, Summary{Pass: len(c.want), Inconclusive: 12 - len(c.want), Skipped: 4})
		})
	}
}

func TestConcurrencyIsKept(t *testing.T) {
	g := play(t, nil)
	var flying, most atomic.Int32
	pair := make(chan bool)
	g.hold = func(_ string, n int) {
		now := flying.Add(1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		if n == 1 { // the control at last is alone
			select {
			case pair <- true:
			case <-pair:
			}
		}
		flying.Add(-1)
	}
	var routes []Route
	for i := range 8 {
		routes = append(routes, openRoute(fmt.Sprintf("/%d", i)))
	}
	p := g.fastPlan(oneAPI(routes...))
	p.Concurrency = 2
	_, rep := collect(t.Context(), matrixOf(t, p, Selection{Scenarios: []string{SelectControl}}), RunOptions{})
	checkEqual(t, "requests and most of them at once", []int{rep.Run.Requests, int(most.Load())}, []int{9, 2})
}
