package probe

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Attribute names, for each exchange of a run, the layer that answered, how sure that is, and why. Exchanges of one
// API support each other, whatever their order; those of different APIs do not meet.
//
// Two eliminations run, each to its fixpoint: the sound one uses only proofs, the plain one also what is usual and what
// the plan declares. One layer left by the sound one is certain, one left by the plain one is likely. See ATTRIBUTION.md.
func Attribute(plan *Plan, exchanges []Exchange) []Attribution {
	out := make([]Attribution, len(exchanges))
	byAPI := make(map[string][]int)
	superseded := make(map[string][]Exchange)
	for i, e := range exchanges {
		if e.Superseded {
			superseded[e.Case.API.Name] = append(superseded[e.Case.API.Name], e)
			continue
		}
		byAPI[e.Case.API.Name] = append(byAPI[e.Case.API.Name], i)
	}
	for name, members := range byAPI {
		some := make([]Exchange, len(members))
		for i, m := range members {
			some[i] = exchanges[m]
		}
		for i, a := range attributeAPI(plan, some, superseded[name]) {
			out[members[i]] = a
		}
	}
	return out
}

func attributeAPI(plan *Plan, exchanges, superseded []Exchange) []Attribution {
	xs := group(plan, exchanges, superseded)
	states := make([]*state, len(xs))
	for i, x := range xs {
		states[i] = newState(x)
		if states[i].foreign() && x.cap == "" {
			x.cap = fmt.Sprintf("another API answered: type %s is declared, the answer is of type %s", x.c.API.Type, x.api)
		}
		states[i].testify()
	}
	// Reasons must not depend on the order of arrival.
	ordered := slices.Clone(states)
	sort.Slice(ordered, func(i, j int) bool { return ordered[i].x.id < ordered[j].x.id })

	sound := elimination{orders: soundOrders, plain: false}
	sound.run(ordered)
	for _, s := range ordered {
		s.sound = slices.Clone(s.left)
		s.soundBecause, s.because = s.because, nil
		s.drop(s.hearsay(), true)
		s.drop(s.plainConditions(), true)
	}
	plain := elimination{orders: plainOrders, plain: true}
	plain.run(ordered)
	doubted := doubts(ordered)
	for _, s := range ordered {
		s.undeclared = slices.Clone(s.left)
		s.x.doubted = doubted[controlKey(s.x.c)]
		s.drop(declared(s), true)
	}
	// What is declared of one request shows what is usual of others, through whatever way in.
	elimination{orders: plainOrders, plain: true, declared: true}.run(ordered)
	out := make([]Attribution, len(xs))
	for i, s := range states {
		out[i] = s.attribution()
	}
	return out
}

// doubts are, by route and access, the layers that may have refused the control: what is declared of them is not to be
// relied on there.
func doubts(states []*state) map[string][]Layer {
	out := make(map[string][]Layer)
	for _, s := range states {
		if s.x.c.Control && !s.x.last {
			out[controlKey(s.x.c)] = s.left
		}
	}
	return out
}

// reason is why a layer or a cause is out.
type reason struct {
	layer Layer
	text  string
}

// state is what is left of one exchange's candidates.
type state struct {
	x          *exchange
	candidates []possibility // C0 after the conditions that prove
	left       []Layer       // of the elimination that runs
	sound      []Layer       // after the sound one
	undeclared []Layer       // after the plain one, before the plan's posture

	keys                  []string // of the elimination that runs
	soundBecause, because []reason
	contradiction         bool
}

func newState(x *exchange) *state {
	s := &state{x: x}
	if x.stale {
		s.candidates = []possibility{maybe(Edge, "cached-answer")}
		s.left = []Layer{Edge}
		x.cap = "the answer was made for another request"
		return s
	}
	if x.accepted && !disguisable(x) {
		s.candidates = []possibility{maybe(None, "accepted")}
		s.left = []Layer{None}
		if x.recorded {
			x.cap = "nobody knows what this route answers when it accepts"
		} else if x.obs.GatewayID() == "" && x.obs.Status != 101 {
			x.cap = "the answer bears no id of the gateway, like the control's"
		}
		return s
	}
	x.row = fingerprintOf(x)
	if x.row == nil {
		return s
	}
	switch {
	case x.row.atMost != "":
		x.cap = x.row.atMost
	case x.row.grade == Inferred:
		x.cap = "the shape of the answer is inferred, not recorded: " + x.row.source
	case x.recorded && !slices.Contains(namesItself, x.row.name):
		x.cap = "the answer does not name its layer by itself"
	case x.echoless:
		x.cap = "the answer does not echo our request id, as others of this host do"
	}
	kept := make(map[Layer]bool)
	out := make(map[Layer]reason)
	var words []Layer
	if x.row.byText {
		words = worded(x)
	}
	for _, p := range x.row.candidates {
		switch {
		case p.Layer == Backend:
			p.conditions = append(slices.Clone(p.conditions), ifTypesKept)
		case words != nil && !slices.Contains(words, p.Layer):
			p.conditions = append(slices.Clone(p.conditions), ifWorded)
		}
		failed := p.failed(x, true)
		if failed == nil {
			p.Cause = refine(p.Candidate, x.obs.Status)
			s.candidates = append(s.candidates, p)
			kept[p.Layer] = true
			continue
		}
		if _, ok := out[p.Layer]; !ok {
			out[p.Layer] = reason{p.Layer, fmt.Sprintf("%s: %s", p.Layer, failed.because)}
		}
	}
	for _, l := range layers {
		if kept[l] {
			s.left = append(s.left, l)
		} else if r, ok := out[l]; ok {
			s.because = append(s.because, r)
		}
	}
	return s
}

// foreign reports whether an API of another kind than the declared one answered. What lies before the API says nothing
// of its kind: it speaks like a REST API, whatever it leads to.
func (s *state) foreign() bool {
	if s.x.recorded { // nothing is declared
		return false
	}
	declared := s.x.c.API.Type
	before := slices.ContainsFunc(s.candidates, func(p possibility) bool {
		return p.Layer == Network || p.Layer == TLS || p.Layer == Edge || p.Layer == Domain
	})
	return s.x.api != "" && declared != "" && s.x.api != declared && !before
}

// refine names the application's own status in place of a general backend error.
func refine(c Candidate, status int) Cause {
	if c.Cause != "backend-error" {
		return c.Cause
	}
	if status >= 500 {
		status = 500
	}
	if own := Cause("backend-own-" + strconv.Itoa(status)); status != 0 {
		if _, ok := causeInfo(Backend, own); ok {
			return own
		}
	}
	return c.Cause
}

// failed returns the first condition of p that does not hold, among those that prove (sound) or all.
func (p possibility) failed(x *exchange, sound bool) *condition {
	for i, c := range p.conditions {
		if v := c.view(x); !c.holds(v) && (!sound || c.sound(v)) {
			return &p.conditions[i]
		}
	}
	return nil
}

// plainConditions returns the layers whose every candidate fails a condition that is no proof.
func (s *state) plainConditions() []reason {
	alive := make(map[Layer]bool)
	first := make(map[Layer]reason)
	for _, p := range s.candidates {
		failed := p.failed(s.x, false)
		if failed == nil {
			alive[p.Layer] = true
		} else if _, ok := first[p.Layer]; !ok {
			first[p.Layer] = reason{p.Layer, fmt.Sprintf("%s: %s", p.Layer, failed.because)}
		}
	}
	var out []reason
	for _, l := range s.left {
		if !alive[l] {
			out = append(out, first[l])
		}
	}
	return out
}

// drop removes the layers of rs from what is left; it reports whether it did. Where nothing would be left, a proof has
// found a contradiction and removes nothing; what is only usual removes earlier layers first and leaves the last.
func (s *state) drop(rs []reason, plain bool) bool {
	sort.SliceStable(rs, func(i, j int) bool { return rs[i].layer.rank() < rs[j].layer.rank() })
	left := slices.Clone(s.left)
	var used []reason
	for _, r := range rs {
		i := slices.Index(left, r.layer)
		if i < 0 {
			continue
		}
		if len(left) == 1 {
			if plain {
				break
			}
			s.contradiction = true
			return false
		}
		left = slices.Delete(left, i, i+1)
		used = append(used, r)
	}
	s.left = left
	s.because = append(s.because, used...)
	return len(used) > 0
}

// elimination is rule E3: a layer did not reject a request if it let a sibling pass that is equal in all that the
// layer reads.
type elimination struct {
	orders   orders
	plain    bool
	declared bool // plain, and every way in leads where it is declared to lead
}

// api is the kind of API whose tables hold for an exchange: the one that the answer shows, and otherwise, as a rule, the
// declared one.
func (e elimination) api(x *exchange) APIType {
	if e.plain {
		return x.usualAPI()
	}
	return x.api
}

// run repeats rounds until nothing changes. Each round works on the state before it, so that the outcome does not
// depend on the order of the exchanges.
func (e elimination) run(states []*state) {
	for _, s := range states {
		s.keys = e.keys(s)
	}
	for {
		passed := e.index(states)
		walls := e.walls(states)
		changed := false
		for _, s := range states {
			if s.contradiction || s.x.req == nil {
				continue
			}
			rs := e.behindWalls(s, walls)
			for i, row := range readsTable {
				if !slices.Contains(s.left, row.layer) || !e.plain && !e.usable(s) || !e.plain && !row.deterministic {
					continue
				}
				if sibling := passed[s.keys[i]]; sibling != nil && sibling != s {
					rs = append(rs, reason{row.layer, e.because(row, sibling)})
				}
			}
			changed = s.drop(rs, e.plain) || changed
		}
		if !changed {
			break
		}
	}
	if e.plain {
		return
	}
	// E5: observations that contradict each other prove nothing about their access.
	broken := make(map[string]bool)
	for _, s := range states {
		if s.contradiction {
			broken[s.x.c.Access.ID()] = true
		}
	}
	for _, s := range states {
		if broken[s.x.c.Access.ID()] && s.x.cap == "" {
			s.x.cap = "observations of this access contradict each other"
		}
	}
}

// index finds, for each layer and each value of the facets that it reads, a request that is known to have got past. A
// missing key stands for no request.
func (e elimination) index(states []*state) map[string]*state {
	passed := make(map[string]*state)
	for _, s := range states {
		if !e.usable(s) {
			continue
		}
		for i, row := range readsTable {
			if s.keys[i] == "" || !e.passed(s, row.layer) || !e.plain && !row.deterministic {
				continue
			}
			if passed[s.keys[i]] == nil {
				passed[s.keys[i]] = s
			}
		}
	}
	return passed
}

// wall is a set of layers of which one is known to have refused certain requests, by the values of all facets that
// these layers read: what is equal in them gets no further either.
type wall struct {
	rows    []int // of the table, one for each layer
	refused map[string]*state
}

// walls finds, for each set of layers that refused a request for nothing but the facets they read, those requests.
func (e elimination) walls(states []*state) []wall {
	bySet := make(map[string]int)
	var out []wall
	for _, s := range states {
		rows, ok := e.refusers(s)
		if !ok {
			continue
		}
		set := fmt.Sprint(rows)
		i, seen := bySet[set]
		if !seen {
			i = len(out)
			bySet[set] = i
			out = append(out, wall{rows, make(map[string]*state)})
		}
		if key := s.joined(rows); out[i].refused[key] == nil {
			out[i].refused[key] = s
		}
	}
	return out
}

// refusers are the rows of all layers that may have refused s; it reports false if one of them may decide otherwise
// another time, or is none of the table.
func (e elimination) refusers(s *state) ([]int, bool) {
	if !e.usable(s) || len(s.left) == 0 {
		return nil, false
	}
	var rows []int
	for i, row := range readsTable {
		if row.of(e.api(s.x)) && slices.Contains(s.left, row.layer) {
			if s.keys[i] == "" || !e.plain && !row.deterministic {
				return nil, false
			}
			rows = append(rows, i)
		}
	}
	return rows, len(rows) == len(s.left)
}

// joined is the value of all facets that the layers of these rows read, or "" if one of them reads what is never equal.
func (s *state) joined(rows []int) string {
	keys := make([]string, len(rows))
	for i, row := range rows {
		if s.keys[row] == "" {
			return ""
		}
		keys[i] = s.keys[row]
	}
	return strings.Join(keys, "\x01")
}

// behindWalls lists the layers that s did not reach, because it is equal to a request that was refused before them.
func (e elimination) behindWalls(s *state, walls []wall) []reason {
	if len(s.left) < 2 || !e.plain && !e.usable(s) || s.x.recorded { // of others: who knows what else was different
		return nil
	}
	order := e.orders[e.api(s.x)]
	var rs []reason
	for _, w := range walls {
		var after []Layer
		for _, l := range s.left {
			if !slices.ContainsFunc(w.rows, func(row int) bool { return !order.before(readsTable[row].layer, l) }) {
				after = append(after, l)
			}
		}
		if len(after) == 0 {
			continue
		}
		key := s.joined(w.rows)
		sibling := w.refused[key]
		if key == "" || sibling == nil || sibling == s {
			continue
		}
		for _, l := range after {
			rs = append(rs, reason{l, e.wallBecause(l, sibling)})
		}
	}
	return rs
}

func (e elimination) wallBecause(l Layer, sibling *state) string {
	x := sibling.x
	text := fmt.Sprintf("%s: %s on %s via %s was refused before it (%s), and this request is equal in all that decides there", l,
		x.c.Scenario.Name, x.c.Route.Name(), x.c.Access.ID(), join(sibling.left))
	if e.plain {
		return text + " as a rule"
	}
	return text + assuming(x)
}

// usable reports whether an exchange says anything about others.
func (e elimination) usable(s *state) bool {
	x := s.x
	if x.req == nil || x.stale || s.contradiction || x.obs.Status == 429 || x.obs.Status == 503 {
		return false
	}
	if x.api == HTTP && preflight(x.req) { // an HTTP API answers it by itself, whatever the path leads to
		return false
	}
	return e.plain || transparent(x) && x.unstable == "" && !x.echoless && x.cap == ""
}

// passed is rule E2: accepted, or everything that may have answered comes after l.
func (e elimination) passed(s *state, l Layer) bool {
	order := e.orders[e.api(s.x)]
	for _, c := range s.left {
		if c != None && !order.before(l, c) {
			return false
		}
	}
	return len(s.left) > 0
}

// keys are the values of all facets that each layer of the table reads, a line for each row; "" where a layer reads
// what is never equal, or a line is about another kind of API.
func (e elimination) keys(s *state) []string {
	if s.x.req == nil {
		return make([]string, len(readsTable))
	}
	keys := make([]string, len(readsTable))
	for i, row := range readsTable {
		facets := row.facetsFor(s.x.custom, e)
		if !row.of(e.api(s.x)) || slices.Contains(facets, FacetState) {
			continue
		}
		custom := s.x.custom && !(e.declared && row.declared != nil)
		parts := append(make([]string, 0, len(facets)+1), strconv.Itoa(i)+strconv.FormatBool(custom))
		for _, f := range facets {
			switch f {
			case FacetConn:
				parts = append(parts, s.x.obs.Conn)
			case FacetAddress:
				parts = append(parts, s.x.obs.Remote)
			case facetScheme:
				scheme, _, _ := strings.Cut(s.x.req.Header.Get("Authorization"), " ")
				parts = append(parts, scheme)
			case facetDeployed:
				stage, _ := s.x.deployed()
				parts = append(parts, stage)
			case facetResource:
				stage, path := s.x.deployed()
				parts = append(parts, stage, path)
			default:
				parts = append(parts, s.x.req.Facets[f])
			}
		}
		keys[i] = strings.Join(parts, "\x00")
	}
	return keys
}

// deployed is the stage that the address leads to, as declared, and the path on the API.
func (x *exchange) deployed() (stage, path string) {
	path, prefixed := strings.CutPrefix(x.req.Facets[FacetPath], x.c.Access.Prefix)
	if prefixed && x.req.DeadEnd != Domain && x.req.DeadEnd != Stage {
		return x.c.API.Stage, path
	}
	return x.req.Facets[FacetHost] + "/" + x.req.Facets[FacetStageSegment], x.req.Facets[FacetPath]
}

func (e elimination) because(row reads, sibling *state) string {
	x := sibling.x
	what := "was accepted"
	if sibling.left[0] != None {
		what = "was answered by a later layer (" + join(sibling.left) + ")"
	}
	text := fmt.Sprintf("%s: %s on %s via %s %s and is equal in all that this layer reads", row.layer, x.c.Scenario.Name,
		x.c.Route.Name(), x.c.Access.ID(), what)
	switch {
	case e.declared && row.declared != nil:
		return text + " if both lead where they are declared to lead"
	case e.plain:
		return text + " as a rule"
	}
	return text + assuming(x)
}

// assuming names what a proof by a sibling takes for granted.
func assuming(x *exchange) string {
	if x.redirected {
		return " (assuming a stable configuration and no canary, and that connect_to leads to the gateway)"
	}
	return " (assuming a stable configuration and no canary)"
}

func join(ls []Layer) string {
	parts := make([]string, len(ls))
	for i, l := range ls {
		parts[i] = string(l)
	}
	return strings.Join(parts, " or ")
}

// attribution turns what is left into the answer.
func (s *state) attribution() Attribution {
	x := s.x
	a := Attribution{
		Candidates: []Candidate{}, Because: []string{}, Evidence: s.testimony(),
		Stale: x.stale, Capped: x.cap != "", Sound: s.sound, Plausible: s.left, Undeclared: s.undeclared, API: x.api, Foreign: s.foreign(), Misdated: misdated(x),
	}
	if x.row != nil {
		a.Behind = x.row.behind
	}
	if x.req != nil && !x.req.tokenExpires.IsZero() {
		a.TokenExpired = x.req.tokenExpires.Before(x.obs.Sent)
	}
	if len(s.left) == 0 {
		a.Confidence = UnknownConfidence
		a.Because = append(a.Because, "no known shape of an answer matches")
		return a
	}
	live := func(p possibility) bool { return slices.Contains(s.left, p.Layer) && p.failed(x, false) == nil }
	kept := slices.DeleteFunc(slices.Clone(s.candidates), func(p possibility) bool { return !slices.Contains(s.sound, p.Layer) })
	// Among equals the expected layer is named first, unless the answer is not even known to be the gateway's.
	expected := func(p possibility) bool { return x.cap == "" && slices.Contains(x.c.Expected.Layers, p.Layer) }
	rank := func(p possibility) int {
		switch {
		case live(p) && expected(p):
			return 0
		case live(p):
			return 1
		case slices.Contains(s.left, p.Layer):
			return 2
		default:
			return 3
		}
	}
	sort.SliceStable(kept, func(i, j int) bool { return rank(kept[i]) < rank(kept[j]) })
	for _, p := range kept {
		if !slices.Contains(a.Candidates, p.Candidate) {
			a.Candidates = append(a.Candidates, p.Candidate)
		}
	}
	a.Layer = a.Candidates[0].Layer
	switch {
	case len(s.sound) == 1 && x.cap == "":
		a.Confidence = Certain
	case len(s.left) == 1:
		a.Confidence = Likely
	default:
		a.Confidence = Ambiguous
	}
	a.Cause = a.Candidates[0].Cause
	for _, p := range kept {
		if p.Layer == a.Layer && p.Cause != a.Cause && (a.Confidence == Certain || live(p)) {
			a.Cause = ""
			break
		}
	}
	a.Because = s.reasons(a.Confidence)
	if x.row != nil && x.row.explain != nil && a.Layer == IAMAuthentication {
		if a.Received = x.row.explain(x); a.Received != "" {
			a.Because = append(a.Because, "received: "+a.Received)
		}
	}
	return a
}

// reasons lists the fingerprint, then a string for each layer that is out, then what limits the confidence.
func (s *state) reasons(c Confidence) []string {
	out := []string{}
	switch {
	case s.x.row != nil:
		out = append(out, fmt.Sprintf("answer: has the shape %s (%s)", s.x.row.name, s.x.row.grade))
	case s.x.accepted:
		out = append(out, "answer: the route's own success")
	case len(s.x.evidence) > 0:
		out = append(out, "answer: has no known shape; the evidence says who may have given it")
	}
	byLayer := func(rs []reason) []reason {
		rs = slices.Clone(rs)
		sort.SliceStable(rs, func(i, j int) bool { return rs[i].layer.rank() < rs[j].layer.rank() })
		return rs
	}
	for _, r := range byLayer(s.soundBecause) {
		out = append(out, r.text)
	}
	for _, r := range byLayer(s.because) {
		out = append(out, "unsound: "+r.text+"; it stays possible")
	}
	if s.contradiction {
		out = append(out, "observations contradict each other: siblings rule out every layer that could have answered so")
	}
	if c != Certain {
		if s.x.cap != "" {
			out = append(out, "not certain: "+s.x.cap)
		} else if s.x.unstable != "" && s.x.req != nil && !s.x.accepted {
			out = append(out, "siblings prove nothing here: "+s.x.unstable)
		}
	}
	return out
}
