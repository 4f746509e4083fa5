package probe

import (
	"context"
	"crypto/rand"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"
)

// RunOptions are what a run takes beside its matrix.
type RunOptions struct {
	// Resolve gets the secrets and identities that the matrix needs, once, before the first packet; nil: only those
	// that the plan holds itself.
	Resolve func(context.Context, *Plan, Needs) Material
	// Next says what to do about a cause, where the verdict itself has no better advice; nil: nothing.
	Next    func(Layer, Cause) string
	Labels  map[string]string
	Version string // of the program that runs
	// Wait is how long to ask again, from the start of the run, what fails or is inconclusive; 0: not at all.
	Wait time.Duration
	// All sends every variant even when a gate is known to be open.
	All bool
	// Testify says what others than the answers say of them, when all answers of an API are there; they are attributed
	// by it once more. nil: nobody is asked. Testify and Look are called side by side for the APIs that were asked
	// anything, and bound their own time.
	Testify func(ctx context.Context, api API, sent []Result) Testimony
	// Look looks at an API from another side than its answers, when all of these are attributed; nil: nobody looks.
	Look func(ctx context.Context, api API, sent []Result) Sight
}

// Testimony is what others than the answers say of them.
type Testimony struct {
	Evidence map[string][]Evidence // by the id of the result
	Notes    []string              // what could not be asked, and why; as in [Sight]
}

// Sight is what was seen of an API beside its answers.
type Sight struct {
	Findings []Finding // disagreements with what is declared, or with the answers
	Notes    []string  // what could not be seen, and why; what several APIs share in one text is noted once
}

// Run sends the matrix and yields events as they happen: [RunStarted] first, [RunFinished] last, also if ctx ends
// before: what was observed is reported. Breaking off the iteration ends the run. A panic in any goroutine of the run is
// one of whoever iterates, with a [*Panic].
func (m *Matrix) Run(ctx context.Context, opts RunOptions) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		limit := m.Plan.RunTimeout
		if limit == 0 {
			limit = DefaultRunTimeout
		}
		looking, cancel := context.WithCancel(ctx)
		defer cancel()
		ctx, stop := context.WithTimeout(looking, limit+opts.Wait)
		defer stop()
		r := newRunner(ctx, m, opts)
		defer r.prober.Close()
		r.abort = cancel
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.guard(func() { r.run(ctx, looking) })
		}()
		going := true
		for {
			select {
			case p := <-r.broken:
				go r.drain(ended)
				panic(p)
			case e, more := <-r.events:
				if !more {
					return
				}
				if going && !yield(e) {
					going = false
					cancel() // and drain, so that the run can end
				}
			}
		}
	}
}

// drain lets what still goes on end, though nobody listens any more.
func (r *runner) drain(ended <-chan struct{}) {
	for {
		select {
		case <-r.events:
		case <-ended:
			return
		}
	}
}

// runner is one run of a matrix.
type runner struct {
	matrix   *Matrix
	opts     RunOptions
	crafting Crafting
	material Material
	prober   *Prober
	clean    *redactor
	info     RunInfo
	total    *rate.Limiter
	events   chan Event
	broken   chan *Panic // the first one
	abort    context.CancelFunc
	start    time.Time // with its monotonic reading

	clock clock

	mu       sync.Mutex
	requests int
}

func newRunner(ctx context.Context, m *Matrix, opts RunOptions) *runner {
	agent := m.Plan.UserAgent
	if agent == "" {
		agent = "probe/" + version(opts.Version)
	}
	r := &runner{
		matrix: m, opts: opts, start: time.Now(),
		crafting: Crafting{Run: uuid.NewString(), Salt: rand.Text(), UserAgent: agent},
		total:    rate.NewLimiter(rate.Limit(m.Plan.totalRate()), 1),
		events:   make(chan Event, 64),
		broken:   make(chan *Panic, 1),
	}
	if opts.Resolve != nil {
		r.material = opts.Resolve(ctx, m.Plan, NeedsOf(m.Cases))
	}
	r.prober = NewProber(m.Plan, r.material)
	r.clean = r.prober.clean
	r.info = RunInfo{
		ID: r.crafting.Run, Environment: m.Plan.Environment, Started: r.start.UTC().Truncate(time.Millisecond),
		ProbeVersion: version(opts.Version), ConfigSHA256: m.Plan.SourceHash, Labels: maps.Clone(opts.Labels),
	}
	if r.info.Labels == nil {
		r.info.Labels = map[string]string{}
	}
	return r
}

func version(v string) string {
	if v == "" {
		return "dev"
	}
	return v
}

// run probes the APIs side by side and ends with the report. What is looked at beside has its own time.
func (r *runner) run(ctx, looking context.Context) {
	r.events <- RunStarted{Run: r.info, Cases: len(r.matrix.Cases), Skips: len(r.matrix.Skips)}
	var wg sync.WaitGroup
	finished := make([]APIFinished, len(r.matrix.Plan.APIs))
	for i, api := range r.matrix.Plan.APIs {
		wg.Go(func() {
			r.guard(func() {
				run := newAPIRun(r, api)
				exchanges := run.exchange(ctx)
				cut := ctx.Err() != nil
				finished[i] = run.finish(exchanges)
				if !cut && len(run.cases) > 0 {
					finished[i] = run.lookBeside(looking, exchanges, finished[i])
				}
				finished[i].cut = cut
				r.events <- finished[i]
			})
		})
	}
	wg.Wait()
	if len(r.broken) > 0 {
		return // whoever iterates is told of the panic, and of nothing more
	}
	r.events <- RunFinished{r.report(finished)}
	close(r.events)
}

// lookBeside finishes an API with what others than its answers show.
func (a *apiRun) lookBeside(ctx context.Context, exchanges []Exchange, sent APIFinished) APIFinished {
	var notes []string
	if a.opts.Testify != nil {
		told := a.opts.Testify(ctx, a.api, slices.Concat(sent.Results, sent.Extra))
		notes = told.Notes
		if len(told.Evidence) > 0 {
			sent = a.finish(a.heard(exchanges, told.Evidence))
		}
	}
	if a.opts.Look != nil {
		sight := a.opts.Look(ctx, a.api, slices.Concat(sent.Results, sent.Extra))
		sent.Findings = append(sent.Findings, sight.Findings...)
		notes = append(notes, sight.Notes...)
	}
	sent.notes = notes
	return sent
}

// heard are the exchanges with the evidence of their results, without secrets.
func (a *apiRun) heard(exchanges []Exchange, evidence map[string][]Evidence) []Exchange {
	out := slices.Clone(exchanges)
	for i := range out {
		e := &out[i]
		if e.Superseded {
			continue // its result is another's
		}
		for _, told := range evidence[e.resultID()] {
			told.Text = scrub(a.clean.text(told.Text))
			e.Evidence = append(e.Evidence, told)
		}
	}
	return out
}

func (r *runner) report(finished []APIFinished) Report {
	rep := Report{Version: SchemaVersion, Results: []Result{}, Extra: []Result{}, Findings: append([]Finding{}, r.clockFindings()...)}
	r.mu.Lock()
	r.info.Requests = r.requests
	r.mu.Unlock()
	r.info.ClockSkewMS = r.clock.skew().Milliseconds()
	r.info.DurationMS = time.Since(r.start).Milliseconds()
	r.info.Complete = !slices.ContainsFunc(finished, func(f APIFinished) bool { return f.cut })
	rep.Run = r.info
	rep.Run.Wait = r.waited(finished)
	for _, f := range finished {
		rep.Results = append(rep.Results, f.Results...)
		rep.Extra = append(rep.Extra, f.Extra...)
		rep.Findings = append(rep.Findings, f.Findings...)
		rep.Run.Notes = append(rep.Run.Notes, f.notes...)
	}
	slices.Sort(rep.Run.Notes)
	rep.Run.Notes = slices.Compact(rep.Run.Notes)
	rep.count()
	return rep
}

// count sums the results up.
func (r *Report) count() {
	r.Summary, r.Coverage = Summary{}, Coverage{}
	routes := make(map[string]bool)
	for _, res := range r.Results {
		r.Summary.add(res)
		if res.Verdict == Skipped {
			continue
		}
		routes[res.API+"|"+res.Route] = true
		if res.IsGate() {
			r.Coverage.Gates++
			if res.Proven {
				r.Coverage.Proven++
			}
		}
	}
	r.Coverage.Routes = len(routes)
}

func (s *Summary) add(res Result) {
	switch res.Verdict {
	case Pass:
		s.Pass++
	case Fail:
		s.Fail++
	case Inconclusive:
		s.Inconclusive++
	case Skipped:
		s.Skipped++
	}
	if res.Accepted != nil {
		s.Accepted++
	}
}

// note counts a request and what its answer says of the clocks.
func (r *runner) note(o *Observation) {
	r.clock.note(o)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
}
