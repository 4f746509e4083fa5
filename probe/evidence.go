package probe

import (
	"fmt"
	"slices"
)

// Evidence is what a source beside the answer, such as a log of the gateway, says of who answered one request.
type Evidence struct {
	Text  string // what it says and where, in words without secrets
	Grade Grade  // of how its words are read; what is inferred never proves
	// Candidates are the only ones that it leaves possible; none: it only informs. A candidate without a cause stands for
	// every cause of its layer.
	Candidates []Candidate
}

// leaves reports whether the evidence leaves a layer possible.
func (e Evidence) leaves(l Layer) bool {
	return len(e.Candidates) == 0 || slices.ContainsFunc(e.Candidates, func(c Candidate) bool { return c.Layer == l })
}

// testify narrows the candidates of an answer by what proves, and gives them where the answer has no known shape. What
// speaks against the answer itself settles nothing.
func (s *state) testify() {
	for _, e := range s.x.evidence {
		if len(e.Candidates) == 0 {
			continue
		}
		proves := e.Grade != Inferred
		if len(s.candidates) == 0 || s.left[0] == None && !e.leaves(None) {
			s.candidates, s.left = nil, nil
			s.suppose(e.Candidates)
			s.x.row, s.x.accepted, s.x.cap = nil, false, ""
			if !proves {
				s.x.cap = "how the log is to be read is not documented"
			}
			continue
		}
		if !proves {
			continue
		}
		var rs []reason
		for _, l := range s.left {
			if !e.leaves(l) {
				rs = append(rs, reason{l, fmt.Sprintf("%s: %s", l, e.Text)})
			}
		}
		if len(rs) == len(s.left) {
			s.suppose(e.Candidates)
			s.x.cap = "the answer and its evidence contradict each other"
			continue
		}
		s.drop(rs, false)
		s.candidates = slices.DeleteFunc(s.candidates, func(p possibility) bool { return !slices.Contains(s.left, p.Layer) })
		s.specify(e.Candidates)
		if len(s.left) == 1 && len(e.Candidates) == 1 {
			s.x.cap = "" // whatever its shape
		}
	}
}

// suppose adds candidates.
func (s *state) suppose(cs []Candidate) {
	for _, c := range cs {
		s.candidates = append(s.candidates, possibility{Candidate: c})
		if !slices.Contains(s.left, c.Layer) {
			s.left = append(s.left, c.Layer)
		}
	}
	slices.SortFunc(s.left, func(a, b Layer) int { return a.rank() - b.rank() })
}

// specify keeps, of a layer's causes, the one that evidence names.
func (s *state) specify(cs []Candidate) {
	for _, c := range cs {
		if c.Cause == "" {
			continue
		}
		i := slices.IndexFunc(s.candidates, func(p possibility) bool { return p.Layer == c.Layer })
		if i < 0 {
			continue
		}
		s.candidates[i] = possibility{Candidate: c}
		kept := s.candidates[:i+1]
		for _, p := range s.candidates[i+1:] {
			if p.Layer != c.Layer {
				kept = append(kept, p)
			}
		}
		s.candidates = kept
	}
}

// hearsay lists the layers that evidence which proves nothing speaks against.
func (s *state) hearsay() []reason {
	var rs []reason
	for _, e := range s.x.evidence {
		if e.Grade != Inferred || !slices.ContainsFunc(s.left, e.leaves) {
			continue
		}
		for _, l := range s.left {
			if !e.leaves(l) {
				rs = append(rs, reason{l, fmt.Sprintf("%s: %s", l, e.Text)})
			}
		}
	}
	return rs
}

// testimony is what the evidence says, in words.
func (s *state) testimony() []string {
	out := make([]string, len(s.x.evidence))
	for i, e := range s.x.evidence {
		out[i] = e.Text
	}
	return out
}

// namesItself are the fingerprints by which one answer alone, recorded by others, says which layer made it: rows 8 to
// 10, 12, 14, 17, 21 to 23, 25 (502, 504), 26, 33b, 37 and 39 of the method.
var namesItself = []string{
	"resource-policy-explicit", "resource-policy-implicit", "endpoint-policy-explicit", "endpoint-policy-implicit",
	"identity-policy-explicit", "identity-policy-implicit", "resource-policy-of-anonymous", "authorizer-policy",
	"cognito-expired", "throttled", "quota", "validation-parameters", "validation-body", "integration-timeout",
	"integration-bad-answer", "remapped", "http-body-of-the-backend", "certificate-wanted", "waf-captcha", "waf-challenge",
}
