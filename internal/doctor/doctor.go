// Package doctor makes a diagnosis of one route: what is wrong, how sure that is, what shows it, and what to change. It
// asks nothing and sends nothing; what it is made of comes as values.
package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"
)

// Input is what a diagnosis is made of.
type Input struct {
	API     probe.API
	Route   probe.Route
	Report  probe.Report // of a run of this route alone
	Callers []Caller
	Names   evidence.Names
	Checks  []evidence.Check
	Invoked bool     // what stands behind the route was called past the layers before it, too
	Notes   []string // what could not be seen of names and callers, and why
}

// Caller is somebody who signs, or who looks at the account.
type Caller struct {
	Role      Role   `json:"role"`
	Principal string `json:"principal"` // of the configuration; "": the standard settings of AWS's clients
	evidence.Identity
	Trouble string `json:"trouble"` // why AWS did not say who that is
}

// Role is what a caller does here.
type Role string

// The roles.
const (
	RoleControl  Role = "control"  // signs what must be accepted
	RoleOutsider Role = "outsider" // signs what must be refused
	RoleOperator Role = "operator" // looks at the account
)

// Outcome is what a diagnosis comes to.
type Outcome string

// The outcomes.
const (
	Healthy      Outcome = "healthy"      // a control is accepted, and every gate that was asked is shut
	Diagnosed    Outcome = "diagnosed"    // something is wrong, and what it is is certain or likely
	Inconclusive Outcome = "inconclusive" // something is wrong or was not shown, and what it is is not known
)

// Version is that of [Diagnosis]; it changes when a field is removed or changes its meaning.
const Version = 1

// Diagnosis is the document.
type Diagnosis struct {
	Version     int       `json:"version"`
	Environment string    `json:"environment"`
	API         string    `json:"api"`
	Route       string    `json:"route"`
	Run         string    `json:"run"`
	At          time.Time `json:"at"`

	Outcome  Outcome `json:"outcome"`
	Headline string  `json:"headline"`
	Account  string  `json:"account"` // that the API is in; "": not seen
	// Credential is what the control bears.
	Credential string    `json:"credential"`
	Callers    []Caller  `json:"callers"`
	Findings   []Finding `json:"findings"` // what explains most comes first
	Checks     []Check   `json:"checks"`   // facts that no answer shows
	Would      []string  `json:"would"`    // what --invoke would call besides; it was not given
	Fine       []string  `json:"fine"`     // what was checked and found fine
	Remarks    []string  `json:"remarks"`  // what differs from the configuration without explaining anything
	Unseen     []string  `json:"unseen"`   // what could not be seen, and why
	Detour     []Step    `json:"detour"`   // what could show more, by hand; it changes what is deployed
	Then       string    `json:"then"`     // the command that proves the fix; "": there is nothing to fix
}

// Finding is one thing that is wrong.
type Finding struct {
	Layer      probe.Layer      `json:"layer"` // "" if nobody knows
	Cause      probe.Cause      `json:"cause"` // "" if the layer may have several
	Open       bool             `json:"open"`  // the layer let past what it must refuse
	Means      string           `json:"means"`
	Confidence probe.Confidence `json:"confidence"` // of the layer
	// CauseConfidence is how sure the cause is, given that layer.
	CauseConfidence probe.Confidence  `json:"cause_confidence"`
	Explains        []Symptom         `json:"explains"`
	Proof           []string          `json:"proof"`
	Candidates      []probe.Candidate `json:"candidates"` // none, if one is left
	Separate        []string          `json:"separate"`   // what would tell them apart
	Fix             *Fix              `json:"fix"`        // null: nothing can be said
	FixFor          probe.Cause       `json:"fix_for"`    // the cause that the fix is for, where that is a guess
}

// Check is an [evidence.Check] as it is reported.
type Check struct {
	Name    string                `json:"name"`
	Outcome evidence.CheckOutcome `json:"outcome"`
	Text    string                `json:"text"`
	Skips   []probe.Layer         `json:"skips"` // the layers that this way passes by
	Layer   probe.Layer           `json:"layer"`
	Cause   probe.Cause           `json:"cause"`
}

// Symptom is a case that a finding explains.
type Symptom struct {
	Scenario string            `json:"scenario"`
	Control  bool              `json:"control"`
	Access   string            `json:"access"`
	Verdict  probe.Verdict     `json:"verdict"`
	Kind     probe.VerdictKind `json:"kind"`
	Reason   string            `json:"reason"`
	// Confidence is how sure its answer is by itself; "": there is none.
	Confidence probe.Confidence `json:"confidence"`
}

// Diagnose makes the diagnosis.
func Diagnose(in Input) Diagnosis {
	groups := in.groups()
	d := Diagnosis{
		Version: Version, Environment: in.Report.Run.Environment, API: in.API.Name, Route: in.Route.Name(), Run: in.Report.Run.ID, At: in.Report.Run.Started,
		Account: in.Names.Owner, Credential: credentials[in.Route.Authorization], Callers: append([]Caller{}, in.Callers...), Findings: []Finding{}, Detour: []Step{},
		Unseen: append(slices.Clone(in.Report.Run.Notes), in.Notes...),
	}
	for _, r := range in.Report.Results {
		if undecided(r) && r.Attribution != nil {
			d.Unseen = append(d.Unseen, fmt.Sprintf("which layer refused %s through %s: %s", r.Scenario, r.AccessID, candidateWords(r.Attribution.Candidates)))
		}
	}
	slices.Sort(d.Unseen)
	d.Unseen = append([]string{}, slices.Compact(d.Unseen)...)
	used := make(map[string]bool)
	for _, g := range groups {
		d.Findings = append(d.Findings, in.finding(g, used))
	}
	d.Fine = in.fine()
	d.Remarks, d.Checks = []string{}, []Check{}
	for _, f := range in.Report.Findings {
		if !used[f.Text] {
			d.Remarks = append(d.Remarks, f.Text)
		}
	}
	for _, c := range in.Checks {
		d.Checks = append(d.Checks, Check{c.Name, c.Outcome, c.Text, append([]probe.Layer{}, c.Skips...), c.Layer, c.Cause})
		switch words := checkWords(c); {
		case len(c.Skips) > 0: // has a part of its own
		case c.Outcome == evidence.Fine:
			d.Fine = append(d.Fine, words)
		case c.Outcome == evidence.Unseen:
			d.Unseen = append(d.Unseen, words)
		case !used[words] && !slices.Contains(d.Remarks, words):
			d.Remarks = append(d.Remarks, words)
		}
	}
	d.Would = in.would()
	d.conclude(in)
	if d.Outcome != Healthy {
		d.Detour = in.detour(d)
		d.Then = strings.Join([]string{"probe doctor", shellWord(d.Environment), shellWord(d.API), shellWord(d.Route), "--verify"}, " ")
	}
	return d
}

// credentials are what a control bears.
var credentials = map[probe.Authorization]string{
	probe.AuthNone: "bears no credential", probe.AuthIAM: "bears a signature",
	probe.AuthCustom: "bears a token", probe.AuthCognito: "bears a token", probe.AuthJWT: "bears a token",
}

// conclude says what the findings come to.
func (d *Diagnosis) conclude(in Input) {
	accepted := slices.ContainsFunc(in.Report.Results, func(r probe.Result) bool { return r.Control && r.Verdict == probe.Pass })
	switch {
	case len(d.Findings) > 0:
		first := d.Findings[0]
		d.Outcome, d.Headline = Inconclusive, first.headline()
		if first.Confidence == probe.Certain || first.Confidence == probe.Likely {
			d.Outcome = Diagnosed
		}
	case !in.Report.Run.Complete:
		d.Outcome, d.Headline = Inconclusive, "the run was cut short before anything was found"
	case !accepted:
		d.Outcome, d.Headline = Inconclusive, "nothing was found, but no control was accepted: "+in.missing()
	default:
		d.Outcome, d.Headline = Healthy, "nothing is wrong: the control is accepted, and every gate that was asked is shut"
	}
}

// checkWords are a check in a line.
func checkWords(c evidence.Check) string { return c.Name + ": " + c.Text }

// would is what a test invocation would call.
func (in Input) would() []string {
	out := []string{}
	if in.Invoked || in.Names.Owner == "" {
		return out
	}
	if in.API.Type == probe.REST {
		out = append(out, fmt.Sprintf("test-invoke-method of %s, which really calls what is behind it, as the API is being edited", in.Route.Name()))
	}
	switch {
	case in.Names.Authorizer.ID == "" || in.Route.Authorization == probe.AuthJWT:
	case in.API.Type == probe.REST:
		out = append(out, "test-invoke-authorizer of "+in.Names.Authorizer.ID+" with the token of the route")
	default:
		out = append(out, fmt.Sprintf("lambda invoke of %s with an event for %s", in.Names.Authorizer.Function, in.Route.Name()))
	}
	return out
}

// missing is why no control was accepted, though nothing is wrong with any.
func (in Input) missing() string {
	for _, r := range in.Report.Results {
		if r.Control {
			return r.Reason
		}
	}
	return "the configuration has none for this route"
}

// headline is a finding in a sentence.
func (f Finding) headline() string {
	sure := map[probe.Confidence]string{probe.Likely: "most likely ", probe.Ambiguous: "perhaps "}[f.Confidence]
	switch {
	case f.Open:
		return fmt.Sprintf("%s lets past what it must refuse: %s", f.Layer, scenarios(f.Explains))
	case f.Layer == "" && f.Explains[0].Kind == probe.KindCredentials:
		return f.Explains[0].Reason
	case f.Layer == "":
		return "the answer has no known shape: nobody can say which layer gave it"
	case f.Layer == probe.None:
		return f.Explains[0].Reason
	}
	return fmt.Sprintf("%s%s refuses %s: %s", sure, f.Layer, f.subject(), f.Means)
}

// subject is what a finding is about, the control if it is among that.
func (f Finding) subject() string {
	for _, s := range f.Explains {
		if s.Control {
			return "the control (" + s.Scenario + ")"
		}
	}
	return scenarios(f.Explains)
}

// scenarios names those of symptoms, each once.
func scenarios(all []Symptom) string {
	var out []string
	for _, s := range all {
		if !slices.Contains(out, s.Scenario) {
			out = append(out, s.Scenario)
		}
	}
	return strings.Join(out, ", ")
}

// fine is what was checked and found fine.
func (in Input) fine() []string {
	out := []string{}
	var layers []probe.Layer
	refused := make(map[probe.Layer][]string)
	for _, r := range in.Report.Results {
		switch a := r.Attribution; {
		case r.Verdict != probe.Pass || a == nil:
		case r.Control:
			out = append(out, fmt.Sprintf("the control (%s) is accepted through %s", r.Scenario, r.AccessID))
		case a.Layer != probe.None:
			words := r.Scenario
			if a.Cause != "" {
				words += fmt.Sprintf(" (%s)", a.Cause)
			}
			if !slices.Contains(layers, a.Layer) {
				layers = append(layers, a.Layer)
			}
			if !slices.Contains(refused[a.Layer], words) {
				refused[a.Layer] = append(refused[a.Layer], words)
			}
		}
	}
	for _, l := range layers {
		out = append(out, fmt.Sprintf("%s refuses %s", l, strings.Join(refused[l], ", ")))
	}
	if in.Names.Owner != "" && len(in.Report.Findings) == 0 {
		what := "the account"
		if len(in.Report.Run.Notes)+len(in.Notes) > 0 {
			what = "what was seen of the account"
		}
		out = append(out, what+" agrees with the configuration of the API")
	}
	for _, c := range in.Callers {
		if c.Role == RoleControl && in.Names.Owner != "" && c.Account == in.Names.Owner {
			out = append(out, "the caller is of the account that the API is in")
		}
	}
	return out
}
