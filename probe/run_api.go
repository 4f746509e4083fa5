package probe

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// apiRun asks the cases of one API: controls first, then everything else, then the controls once more.
type apiRun struct {
	*runner
	api     API
	cases   []Case
	limiter *rate.Limiter

	mu        sync.Mutex
	exchanges []Exchange
	controls  map[string]Exchange  // by controlKey: the answers of the controls, first time
	unsent    map[string]Judgement // by case id: why a case was not sent
	open      map[string]bool      // route, access and layer whose gate is known to be open
	stopped   string               // why nothing more is sent
	pause     time.Time            // nothing is sent before
	why       map[string]string    // by result id: what an extra request was sent for
	round     int                  // of waiting
	tries     map[string][]Try     // by case id: earlier answers
	converged time.Duration        // when everything passed while waiting; 0: it never did
	again     int                  // controls that were asked again because of a surprise
}

// surprises is how often the control is asked again because a case was refused by what nobody expected.
const surprises = 3

func newAPIRun(r *runner, api API) *apiRun {
	a := &apiRun{
		runner: r, api: api, limiter: rate.NewLimiter(rate.Limit(r.matrix.Plan.rate(api)), 1),
		controls: make(map[string]Exchange), unsent: make(map[string]Judgement), open: make(map[string]bool), why: make(map[string]string),
		tries: make(map[string][]Try),
	}
	for _, c := range r.matrix.Cases {
		if c.API.Name == api.Name {
			a.cases = append(a.cases, c)
		}
	}
	return a
}

func (a *apiRun) exchange(ctx context.Context) []Exchange {
	split := slices.IndexFunc(a.cases, func(c Case) bool { return !c.Control })
	if split < 0 {
		split = len(a.cases)
	}
	a.learnClock(ctx)
	sideBySide(a, a.cases[:split], Case.ID, func(c Case) { a.ask(ctx, c) })
	sideBySide(a, a.cases[split:], gateOf, func(c Case) { a.ask(ctx, c) })
	a.separate(ctx)
	sideBySide(a, a.brackets(), Case.ID, func(c Case) { a.send(ctx, c, ExtraControl) })
	a.converge(ctx)
	return a.exchanges
}

// sideBySide asks cases, those of one line one after the other.
func sideBySide[T any](a *apiRun, cases []T, line func(T) string, ask func(T)) {
	lines := make(map[string][]T)
	var order []string
	for _, c := range cases {
		key := line(c)
		if _, ok := lines[key]; !ok {
			order = append(order, key)
		}
		lines[key] = append(lines[key], c)
	}
	var group errgroup.Group // without a context: one failing case must not cancel the others
	group.SetLimit(a.matrix.Plan.concurrency(a.api))
	for _, key := range order {
		group.Go(func() error {
			a.guard(func() {
				for _, c := range lines[key] {
					ask(c)
				}
			})
			return nil
		})
	}
	_ = group.Wait()
}

// gateOf names the gate that a case asks. Variants of one gate wait for each other, so that an open one stops the rest
// of them in every run alike.
func gateOf(c Case) string {
	if c.Scenario.Kind != Gate || len(c.Expected.Layers) == 0 {
		return c.ID()
	}
	return gateKey(c, c.Expected.Layers[0])
}

// separate sends extra requests, round by round, as long as they promise to separate candidates and the plan allows more.
func (a *apiRun) separate(ctx context.Context) {
	left := a.matrix.extras(a.api.Name)
	for range a.matrix.Plan.extraRequests() {
		crafting := a.crafting
		crafting.Now = time.Now()
		extras := Next(a.matrix.Plan, a.exchanges, a.material, crafting)
		extras = extras[:min(left, len(extras))]
		if len(extras) == 0 || ctx.Err() != nil {
			return
		}
		left -= len(extras)
		for _, x := range extras {
			a.why[x.Case.ID()+"|"+x.Name] = x.Why
		}
		sideBySide(a, extras, func(x Extra) string { return x.Case.ID() }, func(x Extra) { a.send(ctx, x.Case, x.Name) })
	}
}

// brackets are the controls to send once more: for each access the first that was accepted, or else the first.
func (a *apiRun) brackets() []Case {
	best := make(map[string]Exchange)
	for _, key := range slices.Sorted(maps.Keys(a.controls)) {
		e := a.controls[key]
		access := e.Case.Access.ID()
		old, ok := best[access]
		if !ok || e.Case.Route.Accepts(e.Observation.Status) && !old.Case.Route.Accepts(old.Observation.Status) {
			best[access] = e
		}
	}
	var out []Case
	for _, access := range slices.Sorted(maps.Keys(best)) {
		out = append(out, best[access].Case)
	}
	return out
}

// ask sends one case of the matrix, and what its answer calls for at once.
func (a *apiRun) ask(ctx context.Context, c Case) {
	if c.Scenario.Kind == Gate && !c.Control && !a.opts.All && a.knownOpen(c) {
		a.leave(c, Judgement{Verdict: Skipped, Reason: "gate already open: another variant got past it; --all sends this one, too"})
		return
	}
	e, ok := a.send(ctx, c, "")
	if !ok || c.Control {
		return
	}
	alone := a.alone(e)
	// An answer without an id of the gateway may be a page in front: that shows when everything is known.
	if seemsPast(c, e.Observation, alone) && !alone.Misdated && c.Scenario.Kind == Gate && e.Observation.GatewayID() != "" {
		a.confirm(ctx, e)
		return
	}
	if surprising(c, alone) {
		a.checkControl(ctx, c)
	}
}

// alone attributes an exchange with nothing but the control beside it.
func (a *apiRun) alone(e Exchange) Attribution {
	some := []Exchange{e}
	a.mu.Lock()
	if control, ok := a.controls[controlKey(e.Case)]; ok {
		some = append(some, control)
	}
	a.mu.Unlock()
	return Attribute(a.matrix.Plan, some)[0]
}

// confirm reports an open gate at once and repeats the request that showed it.
func (a *apiRun) confirm(ctx context.Context, e Exchange) {
	a.mu.Lock()
	for _, l := range e.Case.Expected.Layers {
		a.open[gateKey(e.Case, l)] = true
	}
	a.mu.Unlock()
	if slices.ContainsFunc(a.tries[e.Case.ID()], func(t Try) bool { return t.Kind == Open }) {
		return // known, and confirmed in an earlier round
	}
	opened := Opened{
		API: a.api.Name, Route: e.Case.Route.Name(), Access: e.Case.Access.ID(), Scenario: e.Case.Scenario.Name,
		Status: e.Observation.Status, Accepted: a.accepted(e.Case) != nil,
	}
	a.events <- opened
	if again, ok := a.send(ctx, e.Case, ExtraRepeat); ok {
		if opened.Confirmed = seemsPast(again.Case, again.Observation, a.alone(again)); opened.Confirmed {
			a.events <- opened
		}
	}
}

func gateKey(c Case, l Layer) string { return c.Route.Name() + "|" + c.Access.ID() + "|" + string(l) }

func (a *apiRun) knownOpen(c Case) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(c.Expected.Layers, func(l Layer) bool { return a.open[gateKey(c, l)] })
}

// surprising reports whether a web ACL or a throttle may have refused what another layer should have.
func surprising(c Case, alone Attribution) bool {
	may := slices.ContainsFunc(alone.Sound, func(l Layer) bool { return l == WAF || l == UsagePlan })
	return may && !slices.ContainsFunc(alone.Sound, func(l Layer) bool { return slices.Contains(c.Expected.Layers, l) })
}

// checkControl is the circuit breaker: it asks a control that had passed once more, and stops the API if that is now
// refused by the web ACL or throttled.
func (a *apiRun) checkControl(ctx context.Context, c Case) {
	a.mu.Lock()
	control, ok := a.controls[controlKey(c)]
	ok = ok && control.Case.Route.Accepts(control.Observation.Status)
	a.again++
	n := a.again
	if !ok || n > surprises || a.stopped != "" {
		a.mu.Unlock()
		return
	}
	a.mu.Unlock()
	e, ok := a.send(ctx, control.Case, ExtraControl+"-"+strconv.Itoa(n))
	if !ok || e.Observation.Status < 400 {
		return
	}
	if alone := a.alone(e); slices.ContainsFunc(alone.Sound, func(l Layer) bool { return l == WAF || l == UsagePlan }) {
		a.mu.Lock()
		a.stopped = fmt.Sprintf("the control had passed and is now answered %d: a web ACL or a throttle has had enough of us",
			e.Observation.Status)
		a.mu.Unlock()
	}
}

// leave notes why a case was not sent.
func (a *apiRun) leave(c Case, j Judgement) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unsent[c.ID()] = j
}

// send crafts and sends one request. It reports false if nothing was sent.
func (a *apiRun) send(ctx context.Context, c Case, extra string) (Exchange, bool) {
	leave := func(j Judgement) (Exchange, bool) {
		if extra == "" {
			a.leave(c, j)
		}
		return Exchange{}, false
	}
	if err := a.wait(ctx); err != nil {
		return leave(Judgement{Verdict: Inconclusive, Kind: KindStopped, Reason: err.Error()})
	}
	crafting := a.crafting
	crafting.Now = a.now()
	req, err := Craft(c, a.material, crafting, a.attempt(extra))
	var cannot *NotCraftable
	var ours *CredentialsError
	switch {
	case errors.As(err, &cannot):
		return leave(Judgement{Verdict: Skipped, Reason: cannot.Reason})
	case errors.As(err, &ours) && ours.Expired:
		return leave(Judgement{Verdict: Inconclusive, Kind: KindCredentials, Reason: a.clean.text(ours.Error())})
	case errors.As(err, &ours):
		return leave(Judgement{
			Verdict: Inconclusive, Kind: KindCredentials, Reason: "our own secret is missing: " + a.clean.text(ours.Error()),
			Next: "make the reference resolve; probe validate --resolve tries it",
		})
	case err != nil:
		return leave(Judgement{Verdict: Inconclusive, Kind: KindCredentials, Reason: a.clean.text(err.Error())})
	}
	o := a.prober.Observe(ctx, req)
	if o.Error != nil && ctx.Err() != nil {
		o.Error.Kind = "canceled" // the run's time was up, not the request's
	}
	a.note(o)
	e := Exchange{Case: c, Request: req, Observation: o, Extra: extra}
	a.mu.Lock()
	a.exchanges = append(a.exchanges, e)
	if c.Control && extra == "" {
		a.controls[controlKey(c)] = e
	}
	if o.Status == 429 || o.Status == 503 {
		if until := time.Now().Add(retryAfter(o)); until.After(a.pause) {
			a.pause = until
		}
	}
	a.mu.Unlock()
	a.events <- Observed{
		API: a.api.Name, Route: c.Route.Name(), Access: c.Access.ID(), Scenario: c.Scenario.Name, Status: o.Status, Extra: extra != "" || a.round > 0,
		Result: a.observed(&e),
	}
	return e, true
}

// attempt tells the requests of one case apart.
func (a *apiRun) attempt(extra string) string {
	if a.round == 0 {
		return extra
	}
	return extra + "#" + strconv.Itoa(a.round)
}

// longestPause bounds how long a Retry-After is followed within a run.
const longestPause = 30 * time.Second

// retryAfter is how long to send nothing after a 429 or 503.
func retryAfter(o *Observation) time.Duration {
	value := strings.TrimSpace(o.Header("retry-after"))
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(o.Received), 0), longestPause)
	}
	seconds, err := strconv.ParseUint(value, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && seconds > uint64(longestPause/time.Second):
		return longestPause
	case err != nil:
		return time.Second
	}
	return time.Duration(seconds) * time.Second
}

// wait blocks until the rates allow a request, and says why none may be sent any more.
func (a *apiRun) wait(ctx context.Context) error {
	over := errors.New("the run was interrupted, or its time was up, before this was sent")
	for _, l := range []*rate.Limiter{a.limiter, a.total} {
		if l.Wait(ctx) != nil {
			return over
		}
	}
	for { // a pause may begin, or grow, while others wait
		a.mu.Lock()
		stopped, pause := a.stopped, time.Until(a.pause)
		a.mu.Unlock()
		if stopped != "" {
			return errors.New(stopped)
		}
		if pause <= 0 {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return over
		}
	}
}
