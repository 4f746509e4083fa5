package doctor

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/internal/report"
	"apigwprobe/probe"
)

// Verification is whether a route works: its control is accepted from outside, and the gateway logged that.
type Verification struct {
	Version     int       `json:"version"`
	Environment string    `json:"environment"`
	API         string    `json:"api"`
	Route       string    `json:"route"`
	Run         string    `json:"run"`
	At          time.Time `json:"at"`

	Outcome  VerifyOutcome `json:"outcome"`
	Headline string        `json:"headline"`
	Controls []Verified    `json:"controls"`
	Unseen   []string      `json:"unseen"`
}

// VerifyOutcome is what a verification comes to.
type VerifyOutcome string

// The outcomes of a verification.
const (
	Works       VerifyOutcome = "works"        // every control is accepted, and logged as that
	NotAccepted VerifyOutcome = "not-accepted" // a control is refused
	NotShown    VerifyOutcome = "not-shown"    // none is refused, but one was not sent, or its entry was not found
)

// Verified is one control.
type Verified struct {
	Scenario  string           `json:"scenario"`
	Access    string           `json:"access"`
	Accepted  bool             `json:"accepted"`
	Status    int              `json:"status"` // 0: no answer
	RequestID string           `json:"request_id"`
	Reason    string           `json:"reason"`
	Logged    bool             `json:"logged"` // an entry has the same status
	Entries   []evidence.Entry `json:"entries"`
}

// Verify makes the verification of a run of the controls, with the log entries of each by the ids of the results.
func Verify(in Input, entries map[string][]evidence.Entry) Verification {
	v := Verification{
		Version: Version, Environment: in.Report.Run.Environment, API: in.API.Name, Route: in.Route.Name(), Run: in.Report.Run.ID, At: in.Report.Run.Started,
		Outcome: Works, Headline: "the control is accepted, and its log entry says so", Controls: []Verified{}, Unseen: append([]string{}, in.Notes...),
	}
	for _, res := range in.Report.Results {
		if !res.Control {
			continue
		}
		c := Verified{
			Scenario: res.Scenario, Access: res.AccessID, Accepted: res.Verdict == probe.Pass, Reason: res.Reason,
			Entries: append([]evidence.Entry{}, entries[res.ID]...),
		}
		if res.Observed != nil {
			c.Status, c.RequestID = res.Observed.Status, res.Observed.RequestID
		}
		for _, e := range c.Entries {
			c.Logged = c.Logged || e.Status == c.Status && in.Route.Accepts(e.Status)
		}
		v.Controls = append(v.Controls, c)
		v.weigh(c, res.Verdict)
	}
	switch {
	case !in.Report.Run.Complete:
		v.Outcome, v.Headline = NotShown, "the run was cut short"
	case len(v.Controls) == 0:
		v.Outcome, v.Headline = NotShown, "the configuration has no control for this route"
	}
	return v
}

// weigh lets a control count: one that is refused more than one that was not shown.
func (v *Verification) weigh(c Verified, verdict probe.Verdict) {
	switch {
	case c.Accepted && c.Logged || v.Outcome == NotAccepted:
	case c.Accepted:
		v.Outcome, v.Headline = NotShown, "the control is accepted, but no log entry with its request id and status was found"
	case verdict == probe.Skipped:
		v.Outcome, v.Headline = NotShown, "the control was not sent: "+c.Reason
	default:
		v.Outcome, v.Headline = NotAccepted, fmt.Sprintf("not accepted through %s: %s", c.Access, c.Reason)
	}
}

func (v Verification) title() string {
	return fmt.Sprintf("%s of %s in %s: %s", v.Route, v.API, v.Environment, v.Headline)
}

// words are a control in a line.
func (c Verified) words() string {
	text := fmt.Sprintf("%s through %s: %s", c.Scenario, c.Access, c.Reason)
	if c.Status != 0 {
		text += ", status " + strconv.Itoa(c.Status)
	}
	if c.RequestID != "" {
		text += ", request id " + c.RequestID
	}
	return text
}

// entryWords are the entries of all controls.
func (v Verification) entryWords() []string {
	var out []string
	for _, c := range v.Controls {
		for _, e := range c.Entries {
			out = append(out, fmt.Sprintf("%s through %s: %s: status %d at %s", c.Scenario, c.Access, e.Log, e.Status, e.At.Format(time.RFC3339)))
		}
	}
	return out
}

func (v Verification) controlWords() []string {
	var out []string
	for _, c := range v.Controls {
		out = append(out, c.words())
	}
	return out
}

func verifiedText(w io.Writer, v Verification, o report.Options) error {
	s := report.NewSheet(o)
	s.Title(v.title(), v.Outcome == Works, v.Outcome == NotAccepted)
	s.Blank()
	s.Row("control", v.controlWords()...)
	s.Row("log", v.entryWords()...)
	s.Row("not seen", v.Unseen...)
	_, err := s.WriteTo(w)
	return err
}

func verifiedMarkdown(w io.Writer, v Verification, _ report.Options) error {
	m := &markdown{}
	m.line("## %s %s\n", map[VerifyOutcome]string{Works: "✅", NotAccepted: "❌", NotShown: "⚠️"}[v.Outcome], report.Prose(v.title()))
	m.list("Control", v.controlWords())
	m.list("Log", v.entryWords())
	m.list("Not seen", v.Unseen)
	return m.writeTo(w)
}
