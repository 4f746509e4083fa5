package probe

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
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
		s.drop(s.usual(), true)
		s.drop(s.unbelied(declared(s)), true)
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

// unbelied are the layers that the plan's posture speaks against, unless these are all that may have answered: then one
// of the things that are declared is not so, and nobody knows which.
func (s *state) unbelied(rs []reason) []reason {
	for _, l := range s.left {
		if !slices.ContainsFunc(rs, func(r reason) bool { return r.layer == l }) {
			return rs
		}
	}
	return nil
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
