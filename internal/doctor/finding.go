package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"apigwprobe/internal/causes"
	"apigwprobe/internal/evidence"
	"apigwprobe/internal/report"
	"apigwprobe/probe"
)

// conclusion is why a case is not as it should be.
type conclusion struct {
	layer      probe.Layer
	cause      probe.Cause
	open       bool
	confidence probe.Confidence
	guessed    bool      // the cause is likely at most, however sure the layer is
	pointed    []pointer // what beside the answer points there
}

// group is what one conclusion explains.
type group struct {
	conclusion

	first   probe.Result   // that shows it best
	results []probe.Result // all that it explains
	control bool           // a control is among them
}

// groups are the troubles of the run, what explains most first: nothing is known of a gate whose control does not pass.
func (in Input) groups() []group {
	var all []group
	for _, c := range in.conclusions() {
		i := slices.IndexFunc(all, func(g group) bool {
			return g.layer == c.layer && g.open == c.open && (g.cause == c.cause || c.cause == "")
		})
		if i < 0 {
			all = append(all, group{conclusion: c.conclusion, first: c.res})
			i = len(all) - 1
		}
		g := &all[i]
		g.results = append(g.results, c.res)
		if !g.control && c.res.Control || g.control == c.res.Control && strength(c.confidence) > strength(g.confidence) {
			g.conclusion, g.first = c.conclusion, c.res
		}
		g.control = g.control || c.res.Control
	}
	slices.SortStableFunc(all, func(a, b group) int { return b.weight() - a.weight() })
	return all
}

// concluded is a case and its conclusion.
type concluded struct {
	conclusion

	res probe.Result
}

// conclusions are those of all cases that are not as they should be, the named causes first. What was not reached or not
// sent has that of its control.
func (in Input) conclusions() []concluded {
	var out []concluded
	controls := make(map[string]conclusion)
	var later []probe.Result
	for _, res := range in.Report.Results {
		switch {
		case res.Verdict != probe.Fail && res.Verdict != probe.Inconclusive || res.Accepted != nil || undecided(res):
		case res.Kind == probe.KindControlFailed || res.Kind == probe.KindStopped:
			later = append(later, res)
		default:
			c := in.concludeOf(res)
			if res.Control {
				controls[res.AccessID] = c
			}
			out = append(out, concluded{c, res})
		}
	}
	for _, res := range later {
		c, ok := controls[res.AccessID]
		switch {
		case ok:
		case res.Kind == probe.KindStopped:
			c = in.stopped(res.AccessID)
		default:
			c = in.concludeOf(res)
		}
		out = append(out, concluded{c, res})
	}
	slices.SortStableFunc(out, func(a, b concluded) int { return unnamed(a) - unnamed(b) })
	return out
}

func unnamed(c concluded) int {
	if c.cause == "" {
		return 1
	}
	return 0
}

// undecided reports whether it is only not known which layer refused what leads nowhere. No gate hangs on that.
func undecided(res probe.Result) bool {
	return res.Verdict == probe.Inconclusive && res.Kind == probe.KindAmbiguous && res.ScenarioKind == probe.Routing && !res.Control
}

// weight orders groups: refused controls, open gates, and then what explains more.
func (g group) weight() int {
	w := min(len(g.results), 999)
	if g.open {
		w += 1000
	}
	if g.control || slices.ContainsFunc(g.results, func(r probe.Result) bool { return r.Kind == probe.KindStopped }) {
		w += 2000
	}
	return w
}

func strength(c probe.Confidence) int {
	return slices.Index([]probe.Confidence{probe.UnknownConfidence, probe.Ambiguous, probe.Likely, probe.Certain}, c)
}

// concludeOf takes the attribution of a result, and what the account points to where that leaves several causes. What the
// account points to is never certain: it shows settings, and no request.
func (in Input) concludeOf(res probe.Result) conclusion {
	a := res.Attribution
	if a == nil {
		return conclusion{confidence: probe.UnknownConfidence}
	}
	if res.Kind == probe.Open && len(res.Expected.Layers) > 0 {
		return conclusion{layer: res.Expected.Layers[0], open: true, confidence: a.Confidence}
	}
	c := conclusion{layer: a.Layer, cause: a.Cause, confidence: a.Confidence}
	if masked(res) {
		return conclusion{layer: probe.Edge, cause: "cloudfront-error-page-masks-origin", confidence: probe.Likely}
	}
	if c.confidence == probe.Certain && c.cause != "" {
		return c
	}
	if cause := preflight[c.layer]; res.Scenario == "preflight" && cause != "" {
		c.cause = cause // whatever it says of the credentials that a preflight never bears
		return c
	}
	if p, ok := in.pointed(res); ok {
		c.layer, c.cause, c.guessed, c.pointed = p.layer, p.cause, true, []pointer{p}
		if c.confidence != probe.Certain {
			c.confidence = probe.Likely
		}
		return c
	}
	if c.cause == "" {
		c.cause = spokenFor(res)
		c.guessed = c.cause != ""
	}
	if c.cause == "" {
		c.cause, c.pointed = in.excluded(*a)
		c.guessed = c.cause != ""
	}
	return c
}

// spokenFor is the cause that evidence speaks for, of those that the layer may have.
func spokenFor(res probe.Result) probe.Cause {
	for _, e := range res.Evidence {
		for _, c := range e.Causes {
			if c.Layer == res.Attribution.Layer && slices.Contains(res.Attribution.Candidates, c) {
				return c.Cause
			}
		}
	}
	return ""
}

// masked reports whether something in front gave an answer of its own for one that refused, as it should have.
func masked(res probe.Result) bool {
	o := res.Observed
	return res.Kind == probe.WrongResponse && o.Answered() && o.GatewayID() == ""
}

// preflight is why a layer refuses what a browser asks beforehand.
var preflight = map[probe.Layer]probe.Cause{
	probe.RouteLayer: "cors-preflight-unrouted", probe.LambdaAuthorizer: "cors-preflight-authorizer",
}

// stopped is what the run stopped for: its control had been accepted, and then no more. What looks at nothing but the
// request itself does not change its mind.
func (in Input) stopped(access string) conclusion {
	for _, res := range in.Report.Extra {
		if res.AccessID != access || !strings.HasPrefix(res.Scenario, probe.ExtraControl) || res.Attribution == nil || res.Attribution.Layer == probe.None {
			continue
		}
		if a := res.Attribution; a.Confidence != probe.Certain && slices.Contains(a.Candidates, blocked) {
			return conclusion{layer: blocked.Layer, cause: blocked.Cause, confidence: probe.Likely}
		}
		return in.concludeOf(res)
	}
	return conclusion{confidence: probe.UnknownConfidence}
}

var blocked = probe.Candidate{Layer: probe.WAF, Cause: "waf-blocked"}

// finding writes a group out, and marks what of the account it used.
func (in Input) finding(g group, used map[string]bool) Finding {
	f := Finding{
		Layer: g.layer, Cause: g.cause, Open: g.open, Confidence: g.confidence, CauseConfidence: g.confidence, Means: meaning(g.layer, g.cause),
		Explains: []Symptom{}, Proof: []string{}, Candidates: []probe.Candidate{}, Separate: []string{},
	}
	switch {
	case g.cause == "":
		f.CauseConfidence = probe.UnknownConfidence
	case g.guessed && g.confidence == probe.Certain:
		f.CauseConfidence = probe.Likely
	}
	for _, r := range g.results {
		symptom := Symptom{r.Scenario, r.Control, r.AccessID, r.Verdict, r.Kind, r.Reason, ""}
		if r.Attribution != nil {
			symptom.Confidence = r.Attribution.Confidence
		}
		f.Explains = append(f.Explains, symptom)
	}
	f.Proof = append(f.Proof, answer(g.first)...)
	for _, p := range g.pointed {
		used[p.text] = true
		f.Proof = append(f.Proof, p.by+": "+p.text)
	}
	for _, c := range in.Checks {
		words := checkWords(c)
		if c.Outcome == evidence.Wrong && c.Layer == g.layer && (c.Cause == "" || c.Cause == g.cause) && !used[words] {
			used[words] = true
			f.Proof = append(f.Proof, "check: "+words)
		}
	}
	for _, o := range in.Report.Findings {
		if g.open && !used[o.Text] && strings.HasPrefix(o.Text, in.Route.Name()+":") {
			used[o.Text] = true
			f.Proof = append(f.Proof, "account: "+o.Text)
		}
	}
	a := g.first.Attribution
	if a != nil {
		f.Proof = append(append(f.Proof, a.Evidence...), report.Together(a.Because)...)
		if !g.open && (g.confidence == probe.Ambiguous || g.cause == "") {
			f.Candidates = append(f.Candidates, a.Candidates...)
			if of := f.possible(); g.cause == "" && len(of) > 0 {
				f.Means = "one of " + strings.Join(of, ", ")
			}
			f.Separate = append(f.Separate, in.separate(*a)...)
		}
	}
	in.prescribe(&f, in.namesFor(g.first))
	return f
}

// possible are the causes that its layer may have.
func (f Finding) possible() []string {
	var out []string
	for _, c := range f.Candidates {
		if c.Layer == f.Layer && c.Cause != "" {
			out = append(out, string(c.Cause))
		}
	}
	return out
}

// prescribe adds the fix, of the likeliest cause where it is not known which it is.
func (in Input) prescribe(f *Finding, n names) {
	switch {
	case f.Open:
		f.Fix, f.Means = fixOf(f.Layer, open, n), "what it must refuse gets past it"
	case f.Cause != "":
		f.Fix = fixOf(f.Layer, f.Cause, n)
		if f.Confidence == probe.Ambiguous {
			f.FixFor = f.Cause
		}
	default:
		i := slices.IndexFunc(f.Candidates, func(c probe.Candidate) bool {
			_, out := in.excludes(c)
			return c.Layer == f.Layer && c.Cause != "" && !out
		})
		if i >= 0 {
			f.FixFor = f.Candidates[i].Cause
			f.Fix = fixOf(f.Layer, f.FixFor, n)
		}
	}
}

// separate is what would tell the candidates apart.
func (in Input) separate(a probe.Attribution) []string {
	out := causes.Separate(a)
	if len(a.Evidence) == 0 {
		log := "an access log of the stage with the status of each phase"
		if in.Names.LogGroup != "" {
			log = "the entry of the request in " + in.Names.LogGroup
		}
		out = append(out, log+": it names the phase that refused")
	}
	return out
}

// meaning completes "refused because …"; for a layer alone, its causes may be several.
func meaning(l probe.Layer, c probe.Cause) string {
	for _, info := range probe.Causes() {
		if info.Layer == l && info.Cause == c {
			return info.Means
		}
	}
	return "why is not known"
}

// answer is what came back, quoted.
func answer(res probe.Result) []string {
	o := res.Observed
	if o == nil {
		return nil
	}
	if o.Error != nil && o.Status == 0 {
		return []string{fmt.Sprintf("answer to %s through %s: none: %s", res.Scenario, res.AccessID, o.Error.String())}
	}
	parts := []string{strconv.Itoa(o.Status)}
	if o.ErrorType != "" {
		parts = append(parts, o.ErrorType)
	}
	if o.Message != "" {
		parts = append(parts, strconv.Quote(o.Message))
	}
	text := fmt.Sprintf("answer to %s through %s: %s", res.Scenario, res.AccessID, strings.Join(parts, " "))
	if o.RequestID != "" {
		text += ", request id " + o.RequestID
	}
	return []string{text}
}
