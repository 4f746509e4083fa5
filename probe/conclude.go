package probe

import (
	"fmt"
	"slices"
	"sort"
)

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
