package cli_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// resolve gives the prober the secrets of all identities.
func resolve(context.Context, *probe.Plan, probe.Needs) probe.Material {
	m := probe.Material{Credentials: make(map[string]probe.ResolvedCredentials)}
	for _, i := range identities {
		m.Credentials[i.name] = probe.ResolvedCredentials{Credentials: probe.Credentials{
			AccessKeyID: i.id, SecretAccessKey: probe.NewSecret(i.secret), SessionToken: probe.NewSecret(i.token),
		}}
	}
	return m
}

// depths is how far down the pipeline of a world each layer lies. Layers of the same depth decide together, and what
// lies in front of the gateway is past nothing. It is written down here and not taken from the prober, which may be
// wrong about it.
func depths(s sandbox.Switches) map[probe.Layer]int {
	order := [][]probe.Layer{
		{probe.Network, probe.TLS, probe.Edge},
		{probe.Domain}, {probe.Stage}, {probe.WAF}, {probe.RouteLayer},
		{probe.IAMAuthentication, probe.LambdaAuthorizer, probe.CognitoAuthorizer, probe.JWTAuthorizer},
		{probe.ResourcePolicy, probe.IAMAuthorization}, {probe.APIKeyLayer}, {probe.UsagePlan},
		{probe.RequestValidation}, {probe.Integration}, {probe.Backend}, {probe.None},
	}
	if s.WAFAfterRoute {
		order[3], order[4] = order[4], order[3]
	}
	if s.KeyBeforeIAM {
		// On AWS_IAM methods only; the others look at the key last, as ever.
		order[5] = []probe.Layer{probe.CognitoAuthorizer, probe.JWTAuthorizer, probe.LambdaAuthorizer}
		order[6] = []probe.Layer{probe.ResourcePolicy, probe.IAMAuthorization, probe.IAMAuthentication, probe.APIKeyLayer}
		order[7] = nil
	}
	depth := make(map[probe.Layer]int)
	for i, layers := range order {
		for _, l := range layers {
			depth[l] = i
		}
	}
	return depth
}

// past reports whether a request whose fate is known got past every layer that had to refuse it.
func (o outcome) past(truth sandbox.Truth, expected []probe.Layer) bool {
	depth := depths(o.switches)
	if len(expected) == 0 || slices.Contains(expected, probe.None) || depth[probe.Layer(truth.Layer)] == 0 {
		return false
	}
	if truth.Layer == string(probe.ResourcePolicy) && slices.Contains(expected, probe.LambdaAuthorizer) {
		return false // which denies explicitly before the function is asked, and otherwise together with it
	}
	policy := truth.Layer == string(probe.ResourcePolicy) || truth.Layer == string(probe.IAMAuthorization)
	return !slices.ContainsFunc(expected, func(l probe.Layer) bool {
		if policy && l == probe.IAMAuthentication {
			return false // in every world: a policy asks who calls
		}
		return depth[probe.Layer(truth.Layer)] <= depth[l]
	})
}

// tied reports whether a layer is another right name for what happened to the request of a result: a web ACL at the
// CDN is a web ACL, too, and a page that a CDN shows in place of a refusal comes from the CDN.
func tied(truth sandbox.Truth, r probe.Result, l probe.Layer) bool {
	switch {
	case truth.Layer == string(l):
		return true
	case truth.Cause == "waf-at-edge":
		return l == probe.WAF
	default:
		return l == probe.Edge && truth.Layer != string(probe.None) && truth.Status < 300 && anonymous(r)
	}
}

// anonymous reports whether an answer bears none of the gateway's ids.
func anonymous(r probe.Result) bool {
	return r.Observed.RequestID == "" && r.Observed.ExtendedRequestID == ""
}

// application are the layers behind every gate.
var application = []probe.Layer{probe.RequestValidation, probe.Integration, probe.Backend, probe.None}

// indistinct says why a request that got past its gate need not be called open, or "" if it must: the same bytes may
// come from the gate itself. It never excuses what is called certain.
func (o outcome) indistinct(truth sandbox.Truth, r probe.Result) string {
	gate := !slices.Contains(application, probe.Layer(truth.Layer))
	unsure := r.Attribution.Confidence != probe.Certain
	switch {
	case gate && r.Verdict == probe.Fail:
		return "another gate refused it, and the report says so"
	case gate && r.Kind == probe.KindControlFailed:
		return "another gate refused it, as it did the control, and the report says so; which of the two comes first is not documented"
	case r.Kind == probe.KindCredentials:
		return "our own clock is wrong, and the report says so"
	case !unsure:
		return ""
	case gate && r.Verdict == probe.Inconclusive:
		return "another gate refused it, and several gates say the same"
	case gate && r.Expected.Layer == probe.Domain && r.Observed.ErrorType == "ForbiddenException":
		return "a shut door, a web ACL and a missing key are all Forbidden; the reason says likely"
	case gate && r.Expected.Layer == probe.Domain && truth.Status == http.StatusNotFound && r.Observed.Headers["apigw-requestid"] != "":
		return "a shut door, an unknown stage and an unknown route of an HTTP API are all Not Found; the reason says likely"
	case r.Verdict == probe.Pass:
		return ""
	case truth.Status >= 500 && truth.Layer == string(probe.Backend):
		return "nothing but recordings show that such an answer is the application's, and an uncertain 5xx is not open"
	case truth.Status == 500 && truth.Layer == string(probe.Integration):
		return "an authorizer may fail with the same answer, so that a 500 is never certain, and an uncertain 5xx is not open"
	case truth.Layer == string(probe.Backend) && r.Observed.ErrorType != "":
		return "the backend imitates the gateway"
	case truth.Layer == string(probe.Backend) && r.Access == probe.AccessCustomDomain && gatewayText(r.Observed.Message):
		return "a CDN may have taken the error type off the gateway's own text"
	case truth.Layer == string(probe.Backend) && r.Route == probe.ConnectRoute && gatewayText(r.Observed.Message):
		return "what a refused handshake says is documented nowhere, so the function may say the same"
	case truth.Layer == string(probe.Backend) && r.Observed.Headers["apigw-requestid"] != "" &&
		r.Observed.Message == http.StatusText(truth.Status):
		return "an application behind an HTTP API may say what the gateway says"
	case truth.Layer == string(probe.Backend) && r.Verdict == probe.Inconclusive && !o.typed(r.Host):
		return "nothing shows that refusals of this host bear an error type"
	case r.Verdict == probe.Inconclusive && anonymous(r):
		return "whatever stands in front may have made the answer"
	}
	return ""
}

// typed reports whether an answer of a host showed an error type.
func (o outcome) typed(host string) bool {
	return slices.ContainsFunc(slices.Concat(o.report.Results, o.report.Extra), func(r probe.Result) bool {
		return r.Host == host && r.Observed != nil && r.Observed.ErrorType != ""
	})
}

func gatewayText(message string) bool {
	return message == "Forbidden" || message == "Unauthorized" || message == "Missing Authentication Token"
}

// unstable reports whether an attribution says that it rests on an unchanging deployment. Where that is not so, as
// behind a canary that nobody declared, nothing can keep it from being wrong: the method's C26.
func unstable(a *probe.Attribution) bool {
	return slices.ContainsFunc(a.Because, func(b string) bool { return strings.Contains(b, "assuming a stable configuration and no canary") })
}

// problems are the violations of what must hold in every posture, whatever is deployed and declared: no wrong certain,
// the truth among the candidates, no false open, no missed open.
func (o outcome) problems(count *tally) []string {
	var out []string
	violation := func(r probe.Result, truth sandbox.Truth, format string, args ...any) {
		a := r.Attribution
		out = append(out, fmt.Sprintf("%s: %s\n\tgot %s/%s %s of %v, plausible %v; %d %s %q\n\ttruth %s/%s, expected %v\n\treason: %s\n\tbecause: %s",
			describe(r), fmt.Sprintf(format, args...), a.Layer, a.Cause, a.Confidence, a.Candidates, a.Plausible,
			r.Observed.Status, r.Observed.ErrorType, brief(r.Observed.Message), truth.Layer, truth.Cause, r.Expected.Layers,
			r.Reason, strings.Join(a.Because, "\n\t         ")))
	}
	for _, r := range slices.Concat(o.report.Results, o.report.Extra) {
		if r.Attribution == nil {
			continue
		}
		truth, ok := o.truth(r)
		if !ok {
			out = append(out, describe(r)+": the sandbox knows nothing of this request")
			continue
		}
		a := r.Attribution
		among := slices.ContainsFunc(a.Candidates, func(c probe.Candidate) bool { return tied(truth, r, c.Layer) })
		wrong := a.Confidence == probe.Certain && !tied(truth, r, a.Layer) && !(o.changes && unstable(a))
		count.add(o.world, truth, a, among, wrong, tied(truth, r, a.Layer), r.Verdict != "" && r.Kind != probe.KindControlFailed)
		if wrong {
			violation(r, truth, "certain, and wrong")
		}
		if !among && !wrong && !(o.changes && unstable(a)) {
			violation(r, truth, "the true layer is no candidate")
		}
		if r.Verdict == "" || r.Control {
			continue // an extra request, or one that must be accepted
		}
		past := o.past(truth, r.Expected.Layers)
		gate := r.ScenarioKind == probe.Gate && truth.Layer != string(probe.UsagePlan)
		switch {
		case r.Kind == probe.Open && !past && !(o.changes && unstable(a)):
			violation(r, truth, "not open")
		case past && gate && r.Kind != probe.Open && o.indistinct(truth, r) == "":
			violation(r, truth, "open, but it is not called so")
		}
	}
	return out
}

func brief(message string) string {
	if len(message) > 100 {
		return message[:100] + "…"
	}
	return message
}

// check runs a posture and reports what is wrong with it: the general checks, and what the test itself asks.
func (p posture) check(t *testing.T, count *tally, more func(outcome) []string) {
	t.Helper()
	o := p.run(t)
	problems := o.problems(count)
	if more != nil {
		problems = append(problems, more(o)...)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
}

// tally counts attributions over all postures of a test.
type tally struct {
	mu                                sync.Mutex
	exchanges, rejections             int
	certain, likely, ambiguous, dunno int
	wrong, among, candidates          int
	right, likelyRight                int // certain or likely, and so it was; likely, and so it was
	judged, judgedRight               int // the same where the control of the route was accepted
	worlds                            map[string]*share
	missed                            map[string]int // rejections that were not named rightly, by truth and finding
}

// newTally logs its totals at the end of the test, when all its parallel parts are over.
func newTally(t *testing.T) *tally {
	c := &tally{}
	t.Cleanup(func() {
		t.Log(c)
		for _, line := range c.details() {
			t.Log(line)
		}
		if c.rejections == 0 {
			t.Error("got no rejections, want some: nothing was tested")
		}
	})
	return c
}

func (c *tally) add(world string, truth sandbox.Truth, a *probe.Attribution, among, wrong, named, judged bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exchanges++
	if truth.Layer == string(probe.None) {
		return
	}
	c.rejections++
	c.candidates += len(a.Candidates)
	right := named && (a.Confidence == probe.Certain || a.Confidence == probe.Likely)
	if judged {
		c.judged++
	}
	if right {
		c.right++
	}
	if right && judged {
		c.judgedRight++
	}
	if c.worlds == nil {
		c.worlds, c.missed = make(map[string]*share), make(map[string]int)
	}
	if c.worlds[world] == nil {
		c.worlds[world] = &share{}
	}
	c.worlds[world].add(right)
	switch {
	case right:
	case a.Confidence == probe.Likely:
		c.missed[truth.Layer+": likely "+string(a.Layer)]++
	default:
		c.missed[fmt.Sprintf("%s: %s, among %v", truth.Layer, a.Confidence, a.Plausible)]++
	}
	switch a.Confidence {
	case probe.Certain:
		c.certain++
	case probe.Likely:
		c.likely++
		if named {
			c.likelyRight++
		}
	case probe.Ambiguous:
		c.ambiguous++
	case probe.UnknownConfidence:
		c.dunno++
	}
	if among {
		c.among++
	}
	if wrong {
		c.wrong++
	}
}

func (c *tally) String() string {
	n := max(c.rejections, 1)
	return fmt.Sprintf("%d answers, %d rejections: %d certain, %d likely, %d ambiguous, %d unknown; %d wrong certain, likely right in %.1f %%; certain or likely, and right, %.1f %%, %.1f %% where the control was accepted; truth among candidates %.1f %%; %.2f candidates on average",
		c.exchanges, c.rejections, c.certain, c.likely, c.ambiguous, c.dunno, c.wrong, 100*float64(c.likelyRight)/float64(max(c.likely, 1)),
		100*float64(c.right)/float64(n), 100*float64(c.judgedRight)/float64(max(c.judged, 1)), 100*float64(c.among)/float64(n), float64(c.candidates)/float64(n))
}

// share counts how many of some are right.
type share struct{ all, right int }

func (s *share) add(right bool) {
	s.all++
	if right {
		s.right++
	}
}

// details are the shares of kinds of worlds, and what most often was not named rightly.
func (c *tally) details() []string {
	var out []string
	for _, world := range slices.Sorted(maps.Keys(c.worlds)) {
		if s := c.worlds[world]; world != "" {
			out = append(out, fmt.Sprintf("%s: %d rejections, named rightly %.1f %%", world, s.all, 100*float64(s.right)/float64(s.all)))
		}
	}
	if len(out) == 0 { // not at random
		return nil
	}
	most := slices.SortedFunc(maps.Keys(c.missed), func(a, b string) int {
		return cmp.Or(cmp.Compare(c.missed[b], c.missed[a]), cmp.Compare(a, b))
	})
	for _, what := range most[:min(12, len(most))] {
		out = append(out, fmt.Sprintf("%6d x truth %s", c.missed[what], what))
	}
	return out
}
