package probe

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// wrongClock is how far our clock may be off before that is worth a finding. Signatures are good for five minutes.
const wrongClock = time.Minute

// Skew is how far the gateway's clock was ahead of ours, and false where the answer does not tell: it bears no date,
// or a cache has kept it.
func (o *Observation) Skew() (time.Duration, bool) {
	if age := o.Header("age"); o.ServerDate.IsZero() || age != "" && age != "0" {
		return 0, false
	}
	middle := o.Sent.Add(o.Received.Sub(o.Sent) / 2)
	// A Date header is cut to the second: on average half a second is missing.
	return o.ServerDate.Add(500 * time.Millisecond).Sub(middle), true
}

// clock collects what the answers of a run say of our clock.
type clock struct {
	mu    sync.Mutex
	skews []time.Duration
}

func (c *clock) note(o *Observation) {
	if skew, ok := o.Skew(); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.skews = append(c.skews, skew)
	}
}

// skew is the median of how far the gateway's clock is ahead of ours.
func (c *clock) skew() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.skews) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(c.skews))[len(c.skews)/2]
}

// now is the time of signing: our own, or the gateway's if the plan says so and ours is wrong.
func (r *runner) now() time.Time {
	now := time.Now()
	if skew := r.clock.skew(); r.matrix.Plan.CorrectClock && skew.Abs() > wrongClock {
		now = now.Add(skew)
	}
	return now
}

// clockFindings says that our clock is wrong, which may explain everything else.
func (r *runner) clockFindings() []Finding {
	skew := r.clock.skew().Round(time.Second)
	if skew.Abs() <= wrongClock {
		return nil
	}
	text := fmt.Sprintf("the clock of this machine is wrong: the gateway's is %v ahead of it", skew)
	if skew < 0 {
		text = fmt.Sprintf("the clock of this machine is wrong: the gateway's is %v behind it", -skew)
	}
	if r.matrix.Plan.CorrectClock {
		text += "; signatures were made for the gateway's time"
	} else {
		text += "; a signature that is five minutes off is refused: set the clock, or sign with the gateway's time (--correct-clock)"
	}
	return []Finding{{Kind: "clock-skew", Text: text}}
}

// learnClock sends one request ahead of all others, so that the first signature that counts is made for the gateway's
// time. One that needs no signature is preferred: our clock does not matter to it.
func (a *apiRun) learnClock(ctx context.Context) {
	if !a.matrix.learnsClock(a.cases) {
		return
	}
	i := max(0, slices.IndexFunc(a.cases, func(c Case) bool { return c.Principal == "" && !c.Scenario.Misroutes }))
	a.send(ctx, a.cases[i], ExtraClock)
}

// learnsClock reports whether the cases of an API begin with a request that asks for the time.
func (m *Matrix) learnsClock(cases []Case) bool {
	return m.Plan.CorrectClock && slices.ContainsFunc(cases, func(c Case) bool { return c.Principal != "" })
}

// clocksDisagree reports whether a request was signed, and what we took for the present was not the gateway's.
func clocksDisagree(x *exchange) bool {
	if x.req == nil || x.req.Clock.IsZero() {
		return false
	}
	skew, ok := x.obs.Skew()
	return ok && (skew-x.req.Clock.Sub(x.obs.Sent)).Abs() > wrongClock
}

// clockWrong reports whether a request was signed for what we took for the present, and the gateway's clock disagreed.
func clockWrong(x *exchange) bool { return clocksDisagree(x) && x.req.Offset == 0 }

// misdated reports whether a signature that was dated otherwise on purpose may be dated right after all.
func misdated(x *exchange) bool { return clocksDisagree(x) && x.req.Offset != 0 }

var (
	ifClockWrong = condition{
		holds: clockWrong, sound: transparent,
		because: "our clock agrees with the gateway's, or the signature was dated otherwise on purpose",
	}
	ifClockRight = condition{
		holds: func(x *exchange) bool { return !clockWrong(x) }, sound: transparent,
		because: "our clock disagrees with the gateway's",
	}
)

// timed is the row of a signature that was refused for its time: the time may be wrong because our clock is.
func timed(row fingerprint) fingerprint {
	own := row.candidates[0]
	own.conditions = append(slices.Clone(own.conditions), ifClockRight)
	row.candidates = slices.Concat(
		[]possibility{own, maybe(IAMAuthentication, "clock-skew", ifSigned, ifClockWrong)}, row.candidates[1:])
	return row
}
