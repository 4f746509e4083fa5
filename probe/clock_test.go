package probe

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSkew(t *testing.T) {
	sent := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		date time.Time
		age  string
		want time.Duration
		ok   bool
	}{
		{"in step", sent, "", 0, true},
		{"ahead", sent.Add(10 * time.Minute), "", 10 * time.Minute, true},
		{"behind", sent.Add(-time.Hour), "0", -time.Hour, true},
		{"no date", time.Time{}, "", 0, false},
		{"from a cache", sent.Add(-time.Hour), "3600", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := &Observation{Sent: sent, Received: sent.Add(time.Second), ServerDate: c.date, Headers: map[string]string{}}
			if c.age != "" {
				o.Headers["age"] = c.age
			}
			got, ok := o.Skew()
			if got != c.want || ok != c.ok {
				t.Errorf("got %v, %t, want %v, %t", got, ok, c.want, c.ok)
			}
		})
	}
}

// dated is an answer whose clock is ahead of ours.
func dated(r reply, ahead time.Duration) []reply {
	r.Header = map[string]string{"Date": time.Now().Add(ahead).UTC().Format(http.TimeFormat)}
	return []reply{r}
}

// TestWrongClock: the report says first that our clock is wrong, a control that was refused for its time is no fault
// of the API, and a signature that was dated otherwise on purpose still is what it is.
func TestWrongClock(t *testing.T) {
	expired := reply{Status: 403, Type: invalidSignature, Message: "Signature expired: 20261121T120000Z is now earlier than 20261121T125500Z (20261121T130000Z - 5 min.)"}
	answers := healthy()
	answers["sigv4"] = dated(expired, time.Hour)
	answers["unsigned"] = dated(replyMAT, time.Hour)
	g := play(t, answers)
	_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), Selection{Scenarios: []string{"unsigned"}}), RunOptions{})
	if skew := time.Duration(rep.Run.ClockSkewMS) * time.Millisecond; (skew - time.Hour).Abs() > 10*time.Second {
		t.Errorf("got a skew of %v, want about an hour", skew)
	}
	if len(rep.Findings) != 1 || rep.Findings[0].Kind != "clock-skew" || !strings.Contains(rep.Findings[0].Text, " ahead of it; a signature that is five minutes off is refused") {
		t.Errorf("got the findings %v, want one of the clock", rep.Findings)
	}
	res := resultOf(t, rep, "sigv4")
	checkEqual(t, "cause", res.Attribution.Cause, Cause("clock-skew"))
	checkEqual(t, "verdict", []any{res.Verdict, res.Kind, res.Reason}, []any{
		Inconclusive, KindCredentials, "our own clock is wrong, so a correct signature was refused for its time",
	})
	checkEqual(t, "what follows from it", resultOf(t, rep, "unsigned").Kind, KindControlFailed)
}

// TestCorrectClock: a first request asks for the time, and what is signed after it bears the gateway's.
func TestCorrectClock(t *testing.T) {
	for _, c := range []struct {
		name    string
		ahead   time.Duration
		correct bool
		want    time.Duration
		asked   string
	}{
		{"told to", time.Hour, true, time.Hour, "unsigned"},
		{"told to, half a minute", 30 * time.Second, true, 0, "unsigned"},
		{"not told to", time.Hour, false, 0, "sigv4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := play(t, map[string][]reply{"sigv4": dated(replyAccepted, c.ahead), "unsigned": dated(replyMAT, c.ahead)})
			plan := g.fastPlan(oneAPI(iamRoute("/orders")))
			plan.CorrectClock = c.correct
			m := matrixOf(t, plan, Selection{Scenarios: []string{"unsigned"}})
			events, rep := collect(t.Context(), m, RunOptions{})
			first, _ := events[1].(Observed)
			checkEqual(t, "first request", []any{first.Scenario, first.Extra}, []any{c.asked, c.correct})
			checkEqual(t, "requests that were planned", m.Cost().Requests, rep.Run.Requests)
			signed := resultOf(t, rep, "sigv4").Request.Headers["x-amz-date"]
			at, err := time.Parse("20060102T150405Z", signed)
			if err != nil {
				t.Fatal(err)
			}
			if got := time.Until(at); (got - c.want).Abs() > 10*time.Second {
				t.Errorf("got a signature dated %v from now, want about %v", got, c.want)
			}
			if c.want == 0 {
				return
			}
			checkEqual(t, "extra", rep.Extra[1].Scenario, "clock:unsigned")
			if !strings.HasSuffix(rep.Findings[0].Text, "; signatures were made for the gateway's time") {
				t.Errorf("got the finding %q", rep.Findings[0].Text)
			}
		})
	}
}
