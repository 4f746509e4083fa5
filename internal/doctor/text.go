package doctor

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"apigwprobe/internal/report"
	"apigwprobe/probe"
)

var textFormat = Format{
	Name: "text", Help: "for people, in a terminal",
	Write: func(w io.Writer, d Diagnosis, o report.Options) error {
		s := report.NewSheet(o)
		text(s, d)
		_, err := s.WriteTo(w)
		return err
	},
	WriteVerified: verifiedText,
}

func text(s *report.Sheet, d Diagnosis) {
	s.Title(fmt.Sprintf("%s of %s in %s: %s", d.Route, d.API, d.Environment, d.Headline), d.Outcome == Healthy, d.Outcome == Diagnosed)
	s.Blank()
	s.Row("who", d.who()...)
	for i, f := range d.Findings {
		s.Blank()
		finding(s, f, i)
	}
	s.Blank()
	s.Row("invoked", d.invoked()...)
	s.Row("fine", d.Fine...)
	s.Row("remarks", d.Remarks...)
	s.Row("not seen", d.Unseen...)
	s.Row("--invoke", d.wouldWords()...)
	steps(s, "detour", d.Detour)
	if d.Then != "" {
		s.Row("then", "after the fix: "+d.Then)
	}
}

func finding(s *report.Sheet, f Finding, i int) {
	if i > 0 { // the first is the title
		s.Row("besides", f.headline())
	}
	s.Row("layer", f.layerWords())
	s.Row("cause", f.causeWords())
	s.Row("explains", f.explained()...)
	s.Row("proof", f.Proof...)
	s.Row("tell apart", f.Separate...)
	if f.Fix == nil {
		return
	}
	s.Row("fix", f.changeWords())
	steps(s, "", f.Fix.Steps)
	s.Row("deploy", f.Fix.Deploy.words())
	s.Code(f.Fix.Deploy.Command)
}

func steps(s *report.Sheet, word string, all []Step) {
	for _, step := range all {
		if step.Text != "" {
			s.Row(word, step.Text)
			word = ""
		}
		s.Code(step.Code)
	}
}

// invoked are the calls past other layers, and which layers these are: of them a call says nothing.
func (d Diagnosis) invoked() []string {
	var out []string
	for _, c := range d.Checks {
		if len(c.Skips) == 0 {
			continue
		}
		layers := make([]string, len(c.Skips))
		for i, l := range c.Skips {
			layers[i] = string(l)
		}
		out = append(out, fmt.Sprintf("%s: %s: %s; passes by %s", c.Name, c.Outcome, c.Text, strings.Join(layers, ", ")))
	}
	return out
}

func (d Diagnosis) wouldWords() []string {
	var out []string
	for _, w := range d.Would {
		out = append(out, "would add "+w)
	}
	return out
}

// who says who calls, and who looks.
func (d Diagnosis) who() []string {
	var out []string
	for _, c := range d.Callers {
		name := cmp.Or(c.Principal, "the standard AWS settings")
		what := map[Role]string{RoleControl: "signs the control", RoleOutsider: "signs what must be refused", RoleOperator: "looks at the account"}[c.Role]
		switch {
		case c.Trouble != "":
			out = append(out, fmt.Sprintf("%s %s: not known who that is: %s", name, what, c.Trouble))
		default:
			out = append(out, fmt.Sprintf("%s %s: %s, account %s%s", name, what, c.ARN, c.Account, d.foreign(c)))
		}
	}
	if !slices.ContainsFunc(d.Callers, func(c Caller) bool { return c.Role == RoleControl }) {
		out = append(out, "the control "+d.Credential)
	}
	if d.Account != "" {
		out = append(out, fmt.Sprintf("%s is in account %s", d.API, d.Account))
	}
	return out
}

func (d Diagnosis) foreign(c Caller) string {
	if d.Account == "" || c.Account == d.Account {
		return ""
	}
	return ", which is not that of the API: both accounts must allow the call"
}

func (f Finding) layerWords() string {
	switch {
	case f.Layer == "":
		return "not known"
	case f.Confidence == probe.Ambiguous:
		return "ambiguous: perhaps " + string(f.Layer) + "; possible: " + candidateWords(f.Candidates)
	}
	return string(f.Confidence) + ": " + string(f.Layer)
}

// candidateWords names each layer once.
func candidateWords(cs []probe.Candidate) string {
	var out []string
	for _, c := range cs {
		if !slices.Contains(out, string(c.Layer)) {
			out = append(out, string(c.Layer))
		}
	}
	return strings.Join(out, ", ")
}

func (f Finding) causeWords() string {
	if f.Open || f.Cause == "" {
		return f.Means
	}
	words := string(f.Cause) + ": " + f.Means
	if f.Confidence == probe.Certain && f.CauseConfidence == probe.Likely {
		words = "likely: " + words
	}
	return words
}

// explained are the cases, those with one reason together.
func (f Finding) explained() []string {
	var order []string
	by := make(map[string][]Symptom)
	for _, s := range f.Explains {
		key := strings.TrimSuffix(string(s.Verdict)+"/"+string(s.Kind), "/") + " through " + s.Access
		if s.Kind != probe.KindControlFailed && s.Confidence != f.Confidence && s.Confidence != "" {
			key += ", by itself " + string(s.Confidence)
		}
		if by[key] == nil {
			order = append(order, key)
		}
		by[key] = append(by[key], s)
	}
	var out []string
	for _, key := range order {
		out = append(out, key+": "+scenarios(by[key]))
	}
	return out
}

func (f Finding) changeWords() string {
	change := cmp.Or(f.Fix.Change, "see what is deployed, and shut it")
	if f.FixFor != "" {
		return "if it is " + string(f.FixFor) + ": " + change
	}
	return change
}

func (d Deploy) words() string {
	word := "not needed"
	if d.Needed {
		word = "needed"
	}
	if d.When != "" {
		word += ": " + d.When
	}
	return word
}
