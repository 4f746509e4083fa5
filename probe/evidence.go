package probe

import (
	"fmt"
	"slices"
)

// Evidence is what a source beside the answer, such as a log of the gateway, says of who answered one request.
type Evidence struct {
	Text  string `json:"text"`  // what it says and where, in words without secrets
	Grade Grade  `json:"grade"` // of how its words are read; what is inferred never proves
	// Candidates are the only ones that it leaves possible, the likelier first; none: it names nobody. A candidate without a cause stands for
	// every cause of its layer.
	Candidates []Candidate `json:"candidates,omitempty"`
	// Passed are layers that did not answer: they let the request pass, or it never came to them.
	Passed []Layer `json:"passed,omitempty"`
	// Causes are what it speaks for within a layer, if that is the one that refused. They leave everything possible.
	Causes []Candidate `json:"causes,omitempty"`
	// Standing says that it is a fact of the account and not of this request. It proves only as long as one configuration
	// answered all the time and what was sent is what arrived; otherwise it is usual at most.
	Standing bool `json:"standing,omitempty"`
	// Changing says that more than one configuration may have answered, so that no other answer proves anything of this one.
	Changing bool `json:"changing,omitempty"`
}

// leaves reports whether the evidence leaves a layer possible.
func (e Evidence) leaves(l Layer) bool {
	return !slices.Contains(e.Passed, l) &&
		(len(e.Candidates) == 0 || slices.ContainsFunc(e.Candidates, func(c Candidate) bool { return c.Layer == l }))
}

// layers are those of the candidates.
func (e Evidence) layers() []Layer {
	var out []Layer
	for _, c := range e.Candidates {
		if !slices.Contains(out, c.Layer) {
			out = append(out, c.Layer)
		}
	}
	return out
}

// testify narrows the candidates of an answer by what proves, and gives them where the answer has no known shape. What
// speaks against the answer itself settles nothing.
func (s *state) testify() {
	if len(s.x.evidence) == 0 {
		return
	}
	if i := slices.IndexFunc(s.x.evidence, func(e Evidence) bool { return s.proven(e) && len(e.Candidates) > 0 }); i >= 0 {
		if s.guessed() || s.left[0] == None && !s.x.evidence[i].leaves(None) {
			s.instead(s.x.evidence[i])
		}
	} else if i := slices.IndexFunc(s.x.evidence, func(e Evidence) bool { return len(e.Candidates) > 0 }); i >= 0 && (len(s.candidates) == 0 || s.lost()) {
		s.instead(s.x.evidence[i])
		s.x.cap = "how the log is to be read is not documented"
	}
	for _, e := range s.x.evidence {
		if s.proven(e) && len(s.candidates) > 0 {
			s.believe(e)
		}
	}
}

// proven reports whether evidence proves what it says of the request.
func (s *state) proven(e Evidence) bool {
	return (e.Grade == Recorded || e.Grade == Documented) && (!e.Standing || transparent(s.x) && s.x.unstable == "")
}

// guessed reports whether the candidates are none or a guess: the shape of the answer is not known, or only inferred, or
// there is no answer.
func (s *state) guessed() bool {
	return len(s.candidates) == 0 || s.x.row != nil && s.x.row.grade == Inferred || s.lost()
}

// lost reports whether no answer came, though the request may have arrived.
func (s *state) lost() bool { return s.x.row != nil && s.x.row.name == noAnswer }

const noAnswer = "no-answer"

// instead puts the candidates of evidence in place of those of the answer.
func (s *state) instead(e Evidence) {
	s.candidates, s.left, s.because = nil, nil, nil
	s.suppose(slices.DeleteFunc(slices.Clone(e.Candidates), func(c Candidate) bool {
		return c.Layer == None && s.x.obs.Status >= 300 // that is no acceptance
	}))
	s.x.row, s.x.accepted, s.x.cap = nil, false, ""
}

// believe narrows the candidates by evidence that proves.
func (s *state) believe(e Evidence) {
	var rs []reason
	for _, l := range s.left {
		if !e.leaves(l) {
			rs = append(rs, reason{l, fmt.Sprintf("%s: %s", l, e.Text) + assumed(s.x, e)})
		}
	}
	if len(rs) > 0 && len(rs) == len(s.left) {
		s.suppose(e.Candidates)
		s.x.cap = contradicted
		return
	}
	s.drop(rs, false)
	s.candidates = slices.DeleteFunc(s.candidates, func(p possibility) bool { return !slices.Contains(s.left, p.Layer) })
	s.specify(e.Candidates)
	if len(e.layers()) == 1 && s.x.cap != contradicted {
		s.x.cap = "" // whatever the shape of the answer
	}
}

// changing is evidence that more than one configuration may have answered, or "".
func (x *exchange) changing() string {
	for _, e := range x.evidence {
		if e.Changing {
			return e.Text
		}
	}
	return ""
}

// assumed names what evidence takes for granted.
func assumed(x *exchange, e Evidence) string {
	if e.Standing {
		return assuming(x)
	}
	return ""
}

const contradicted = "the answer and its evidence contradict each other"

// suppose adds candidates.
func (s *state) suppose(cs []Candidate) {
	for _, c := range cs {
		for _, each := range c.causes() {
			s.candidates = append(s.candidates, possibility{Candidate: each})
		}
		if !slices.Contains(s.left, c.Layer) {
			s.left = append(s.left, c.Layer)
		}
	}
	slices.SortFunc(s.left, func(a, b Layer) int { return a.rank() - b.rank() })
}

// causes are the candidates that one without a cause stands for.
func (c Candidate) causes() []Candidate {
	if c.Cause != "" {
		return []Candidate{c}
	}
	var out []Candidate
	for _, info := range causes {
		if info.Layer == c.Layer {
			out = append(out, Candidate{c.Layer, info.Cause})
		}
	}
	return out
}

// specify keeps, of a layer's causes, those that evidence names.
func (s *state) specify(cs []Candidate) {
	named := slices.DeleteFunc(slices.Clone(cs), func(c Candidate) bool { return c.Cause == "" || !slices.Contains(s.left, c.Layer) })
	decided := func(l Layer) bool {
		return slices.ContainsFunc(named, func(c Candidate) bool { return c.Layer == l })
	}
	s.candidates = slices.DeleteFunc(s.candidates, func(p possibility) bool {
		return decided(p.Layer) && !slices.Contains(named, p.Candidate)
	})
	for _, c := range named {
		if !slices.ContainsFunc(s.candidates, func(p possibility) bool { return p.Candidate == c }) {
			s.candidates = append(s.candidates, possibility{Candidate: c})
		}
	}
}

// hearsay lists the layers that evidence which proves nothing speaks against.
func (s *state) hearsay() []reason {
	var rs []reason
	for _, e := range s.x.evidence {
		if e.Standing || s.proven(e) || !slices.ContainsFunc(s.left, e.leaves) { // what contradicts everything is misread
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

// usual lists the layers that facts of the account speak against and do not prove. They go no further than what is
// declared: where they would leave nobody, or nobody but the application, one of them is not about this request.
func (s *state) usual() []reason {
	var rs []reason
	left := slices.Clone(s.left)
	for _, e := range s.x.evidence {
		if !e.Standing || s.proven(e) {
			continue
		}
		for _, l := range e.Passed {
			if slices.Contains(left, l) {
				rs = append(rs, reason{l, fmt.Sprintf("%s: %s", l, e.Text)})
				left = slices.DeleteFunc(left, func(x Layer) bool { return x == l })
			}
		}
	}
	if len(left) == 0 || slices.ContainsFunc(s.left, Layer.gates) && !slices.ContainsFunc(left, Layer.gates) {
		return nil
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
