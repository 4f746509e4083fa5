package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"apigwprobe/internal/causes"
	"apigwprobe/probe"
)

var sarifFormat = Format{
	Name: "sarif",
	Help: "SARIF 2.1.0 for code scanning: what failed or is inconclusive; accepted findings are suppressed",
	New:  newSARIF,
}

// The part of SARIF 2.1.0 that is written. Rules are causes, and open gates; they bear no numbers of AWS Config, Security
// Hub or Checkov: those judge what is configured, none of them what is answered.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Automation  sarifAutomation   `json:"automationDetails"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
		Properties  sarifRunBag       `json:"properties"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID         string         `json:"id"`
		Short      sarifMessage   `json:"shortDescription"`
		Full       sarifMessage   `json:"fullDescription"`
		Help       sarifMessage   `json:"help"`
		Properties sarifRuleBag   `json:"properties"`
		Default    sarifRuleLevel `json:"defaultConfiguration"`
	}
	sarifRuleLevel struct {
		Level string `json:"level"`
	}
	sarifRuleBag struct {
		Severity string   `json:"security-severity,omitempty"` // above 9 is critical for GitHub
		Tags     []string `json:"tags"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Start         string              `json:"startTimeUtc"`
		End           string              `json:"endTimeUtc"`
		Notifications []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct {
		Level   string       `json:"level"`
		Message sarifMessage `json:"message"`
	}
	sarifResult struct {
		Rule         string             `json:"ruleId"`
		Index        int                `json:"ruleIndex"`
		Kind         string             `json:"kind"`
		Level        string             `json:"level"`
		Baseline     string             `json:"baselineState,omitempty"`
		Message      sarifMessage       `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions"` // empty: not suppressed; absent would leave that open
		Properties   sarifResultBag     `json:"properties"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region struct {
			StartLine int `json:"startLine"`
		} `json:"region"`
	}
	sarifLogical struct {
		Name string `json:"name"`
		Full string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
	sarifResultBag struct {
		ID         string           `json:"id"`
		Verdict    probe.Verdict    `json:"verdict"`
		Confidence probe.Confidence `json:"confidence"`
		RequestID  string           `json:"request_id"`
	}
	sarifRunBag struct {
		ID          string            `json:"run"`
		Environment string            `json:"environment"`
		Labels      map[string]string `json:"labels"`
	}
)

func newSARIF(w io.Writer, o Options) Sink {
	return func(e probe.Event) error {
		finished, ok := e.(probe.RunFinished)
		if !ok {
			return nil
		}
		return writeJSON(w, sarifOf(finished.Report, o), "  ")
	}
}

func sarifOf(rep probe.Report, o Options) sarifLog {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "probe", Version: rep.Run.ProbeVersion, Rules: []sarifRule{}}},
		Automation: sarifAutomation{"probe/" + rep.Run.Environment + "/"},
		Invocations: []sarifInvocation{{
			Successful: rep.Run.Complete,
			Start:      rep.Run.Started.UTC().Format(time.RFC3339),
			End:        rep.Run.Started.Add(time.Duration(rep.Run.DurationMS) * time.Millisecond).UTC().Format(time.RFC3339),
		}},
		Results:    []sarifResult{},
		Properties: sarifRunBag{rep.Run.ID, rep.Run.Environment, orEmpty(rep.Run.Labels)},
	}
	notes := []sarifNotification{}
	for _, trouble := range runTroubles(rep) {
		notes = append(notes, sarifNotification{"error", sarifText(trouble.text)})
	}
	for _, f := range rep.Findings {
		notes = append(notes, sarifNotification{"warning", sarifText(strings.Join(nonempty(f.API, f.Kind, f.Text), ": "))})
	}
	for _, note := range rep.Run.Notes {
		notes = append(notes, sarifNotification{"note", sarifText(note)})
	}
	run.Invocations[0].Notifications = notes
	index := make(map[string]int)
	for _, res := range rep.Results {
		if res.Verdict != probe.Fail && res.Verdict != probe.Inconclusive {
			continue // consumers take a result that passed for an alert
		}
		rule := sarifRuleOf(res)
		at, known := index[rule.ID]
		if !known {
			at = len(run.Tool.Driver.Rules)
			index[rule.ID] = at
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule)
		}
		result := sarifResultOf(res, rep.Extra, rule.ID, at, o)
		if rep.Drift != nil {
			result.Baseline = baselineState(res, *rep.Drift)
		}
		run.Results = append(run.Results, result)
	}
	return sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	}
}

// baselineState says how a finding stands to the baseline. What only the baseline found is left out: consumers close what
// is missing, and would open an alert for an "absent" one.
func baselineState(res probe.Result, d probe.Drift) string {
	for _, part := range driftParts(d) {
		for _, c := range part.changes {
			switch {
			case c.ID != res.ID:
			case c.Before != nil && (c.Before.Verdict == probe.Fail || c.Before.Verdict == probe.Inconclusive):
				return "updated"
			default:
				return "new"
			}
		}
	}
	return "unchanged"
}

// sarifRuleOf is what a result breaks: an open gate, the cause that was found, or, where none was, the kind of trouble.
// Its id has no slash: that would make it a part of another rule.
func sarifRuleOf(res probe.Result) sarifRule {
	rule := sarifRule{Properties: sarifRuleBag{Tags: []string{"api-gateway"}}, Default: sarifRuleLevel{"error"}}
	texts := func(short, full, help string) sarifRule {
		rule.Short, rule.Full, rule.Help = sarifText(short), sarifText(full), sarifText(help)
		return rule
	}
	page := pageOf(res)
	switch {
	case res.Kind == probe.Open:
		rule.ID = "open." + string(res.Expected.Layer)
		if res.Severity == probe.Critical {
			rule.ID = "critical-open." + string(res.Expected.Layer)
			rule.Properties = sarifRuleBag{Severity: "9.5", Tags: []string{"api-gateway", "security"}}
		}
		layer := string(res.Expected.Layer)
		return texts("a request got past "+layer, "A request that "+layer+" must refuse was accepted, or answered by what comes after it.",
			"Check that "+layer+" is switched on for the route in what is deployed, then deploy again.")
	case res.Verdict == probe.Inconclusive:
		rule.ID, rule.Default.Level = "inconclusive."+string(res.Kind), "none"
		return texts("inconclusive: "+string(res.Kind), "What came back does not tell whether the gate is shut.",
			"The result says why, and what to do next.")
	case page != nil:
		rule.ID = string(page.Layer) + "." + string(page.Cause)
		return texts(string(page.Layer)+" rejected the request because "+page.Means, page.What,
			fmt.Sprintf("Looks: %s\nCheck: %s\nFix: %s\nRead: %s", page.Looks, page.Check, page.Fix, page.Read))
	default:
		rule.ID = "fail." + string(res.Kind)
		return texts("failed: "+string(res.Kind), "What came back is not what the configuration lets expect.",
			"The result says why, and what to do next.")
	}
}

// pageOf is the page of the cause that a result shows, or nil if it shows none, or more than one.
func pageOf(res probe.Result) *causes.Page {
	a := res.Attribution
	if a == nil || a.Layer == probe.None || a.Confidence != probe.Certain && a.Confidence != probe.Likely {
		return nil
	}
	pages := causes.Named(string(a.Cause))
	i := slices.IndexFunc(pages, func(p causes.Page) bool { return p.Layer == a.Layer })
	if i < 0 {
		return nil
	}
	return &pages[i]
}

func sarifResultOf(res probe.Result, extra []probe.Result, rule string, index int, o Options) sarifResult {
	text := fmt.Sprintf("%s on %s of %s through %s: %s\n", res.Scenario, res.Route, res.API, accessWords(res.AccessID), res.Reason)
	for _, f := range factsOf(res, extra) {
		text += f.label + ": " + f.text + "\n"
	}
	sum := sha256.Sum256([]byte(res.ID + "|" + rule))
	out := sarifResult{
		Rule: rule, Index: index, Kind: "fail", Level: "error", Message: sarifText(strings.TrimSuffix(text, "\n")),
		// The one that GitHub goes by.
		Fingerprints: map[string]string{"primaryLocationLineHash": hex.EncodeToString(sum[:16]) + ":1"},
		Locations: []sarifLocation{{Logical: []sarifLogical{{
			Name: res.Route, Full: strings.Join([]string{res.Environment, res.API, res.AccessID, res.Route}, "/"), Kind: "resource",
		}}}},
		Suppressions: []sarifSuppression{},
		Properties:   sarifResultBag{ID: res.ID, Verdict: res.Verdict},
	}
	if res.Verdict == probe.Inconclusive {
		out.Kind, out.Level = "open", "none" // "open" means: not enough is known to tell; no gate is
	}
	if res.Attribution != nil {
		out.Properties.Confidence = res.Attribution.Confidence
	}
	if res.Observed != nil {
		out.Properties.RequestID = res.Observed.RequestID
	}
	if o.Where != nil {
		file, line := o.Where(res.API, res.Route)
		p := &sarifPhysical{}
		p.Artifact.URI, p.Region.StartLine = uriOf(file), line
		out.Locations[0].Physical = p
	}
	if res.Accepted != nil {
		out.Suppressions = append(out.Suppressions, sarifSuppression{"external", "accepted", acceptedWords(res)})
	}
	return out
}

// uriOf is a path as a URI; a relative one stays relative, so that it fits a checkout anywhere.
func uriOf(path string) string {
	u := url.URL{Path: filepath.ToSlash(filepath.Clean(path))}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return u.String()
}

// sarifText is a plain text message. Braces are doubled, because single ones are placeholders, and what looks like a
// link is none: what the other side says makes nobody click.
func sarifText(text string) sarifMessage {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, visible(line))
	}
	return sarifMessage{strings.NewReplacer("{", "{{", "}", "}}", "](", "] (").Replace(strings.Join(lines, "\n"))}
}
