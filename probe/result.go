package probe

import (
	"slices"
	"strings"
	"time"
)

// SchemaVersion is the version of [Report]; it changes when a field is removed or changes its meaning.
const SchemaVersion = 1

// Verdict is what a case's answer means for the declared posture.
type Verdict string

// The verdicts.
const (
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive"
	Skipped      Verdict = "skipped"
)

// VerdictKind refines a verdict.
type VerdictKind string

// The kinds of fail and inconclusive.
const (
	Open          VerdictKind = "open"           // got past the layer that had to reject it
	Blocked       VerdictKind = "blocked"        // the control was rejected
	WrongLayer    VerdictKind = "wrong-layer"    // rejected by another layer than expected
	WrongResponse VerdictKind = "wrong-response" // right layer, other status

	KindNetwork       VerdictKind = "network"
	KindThrottled     VerdictKind = "throttled"
	KindServerError   VerdictKind = "server-error"
	KindAmbiguous     VerdictKind = "ambiguous"
	KindControlFailed VerdictKind = "control-failed"
	KindCredentials   VerdictKind = "credentials"
	KindStopped       VerdictKind = "stopped"
)

// Severity is how urgent a finding is: "critical" or "".
type Severity string

// Critical is the severity of a gate that is open.
const Critical Severity = "critical"

// Report is the whole outcome of a run, the document of --format json.
type Report struct {
	Version  int       `json:"version"`
	Run      RunInfo   `json:"run"`
	Summary  Summary   `json:"summary"`
	Coverage Coverage  `json:"coverage"`
	Results  []Result  `json:"results"`
	Extra    []Result  `json:"extra"`
	Findings []Finding `json:"findings"`
	Drift    *Drift    `json:"drift,omitempty"` // nil: the run was compared with none
}

// Proven reports whether anything was shown to be as declared: a gate that is shut, or a control that was accepted.
// What the owner accepts proves nothing.
func (r Report) Proven() bool {
	return r.Coverage.Proven > 0 || slices.ContainsFunc(r.Results, func(res Result) bool {
		return res.Accepted == nil && res.Control && res.Verdict == Pass
	})
}

// Finding is a disagreement that no single case shows.
type Finding struct {
	Kind string `json:"kind"`
	API  string `json:"api"`
	Text string `json:"text"`
}

// RunInfo identifies a run.
type RunInfo struct {
	ID           string            `json:"id"`
	Environment  string            `json:"environment"`
	Started      time.Time         `json:"started"`
	DurationMS   int64             `json:"duration_ms"`
	Requests     int               `json:"requests"`
	ProbeVersion string            `json:"probe_version"`
	ConfigSHA256 string            `json:"config_sha256"`
	Labels       map[string]string `json:"labels"`
	ClockSkewMS  int64             `json:"clock_skew_ms"` // the gateway's clock minus ours
	Complete     bool              `json:"complete"`
	Wait         *Wait             `json:"wait,omitempty"`  // nil: the run did not wait
	Notes        []string          `json:"notes,omitempty"` // what could not be seen of the account, and why
}

// Wait says how long a run would wait for everything to pass, and whether and when it did.
type Wait struct {
	ForMS     int64 `json:"for_ms"`
	Converged bool  `json:"converged"`
	AfterMS   int64 `json:"after_ms"` // since the start of the run; 0 if it did not converge
}

// Summary counts results. Accepted counts those among them that the owner accepts.
type Summary struct {
	Pass         int `json:"pass"`
	Fail         int `json:"fail"`
	Inconclusive int `json:"inconclusive"`
	Skipped      int `json:"skipped"`
	Accepted     int `json:"accepted"`
}

// Coverage says how much was proven: Gates counts the must-be-refused cases of the matrix, Proven those that were
// refused by the layer that had to.
type Coverage struct {
	Routes int `json:"routes"`
	Gates  int `json:"gates"`
	Proven int `json:"proven"`
}

// Result is one case with all that is known of it; complete in itself.
type Result struct {
	ID          string    `json:"id"`
	Run         string    `json:"run"`
	Environment string    `json:"environment"`
	At          time.Time `json:"at"`

	API          string     `json:"api"`
	Route        string     `json:"route"`
	Access       AccessKind `json:"access"`
	AccessID     string     `json:"access_id"` // tells two base paths of one host apart
	Host         string     `json:"host"`
	Scenario     string     `json:"scenario"`
	ScenarioKind Kind       `json:"scenario_kind"`
	Control      bool       `json:"control"`

	Verdict  Verdict     `json:"verdict"`
	Kind     VerdictKind `json:"kind"`
	Severity Severity    `json:"severity"`
	Reason   string      `json:"reason"`
	Next     string      `json:"next"`
	Accepted *Accepted   `json:"accepted"`
	Proven   bool        `json:"proven"` // a gate was shown to be shut

	Expected    Expected     `json:"expected"`
	Observed    *Observation `json:"observed"`  // nil if nothing was sent
	Request     *RequestInfo `json:"request"`   // nil if nothing was sent
	Reproduce   string       `json:"reproduce"` // command of a shell that repeats the case; "" if it was skipped
	Attempts    int          `json:"attempts"`
	Tries       []Try        `json:"tries,omitempty"` // what was answered before the case was asked again
	Flaky       bool         `json:"flaky,omitempty"` // and not all of it was the same
	Attribution *Attribution `json:"attribution"`
	Evidence    []Evidence   `json:"evidence,omitempty"` // of others than the answer
}

// IsGate reports whether res is of a request that must be refused by an authorization layer.
func (res Result) IsGate() bool {
	return res.ScenarioKind == Gate && !res.Control && !slices.Contains(res.Expected.Layers, None)
}

// IsExtra reports whether res is of a request beyond the matrix, which has no verdict.
func (res Result) IsExtra() bool {
	return strings.Contains(res.Scenario, ":") // what it was sent for stands before the name
}

// Accepted says why a finding does not count, and the last day on which that holds ("2027-01-31" or "").
type Accepted struct {
	Reason string `json:"reason"`
	Until  string `json:"until"`
}

// Expected is an [Expectation] as it is reported.
type Expected struct {
	Layer  Layer   `json:"layer"`
	Layers []Layer `json:"layers"`
	Status []int   `json:"status"`
}

// RequestInfo is a [Request] as it is reported: without secrets.
type RequestInfo struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Facets  Facets            `json:"facets"`
	Traits  *Traits           `json:"traits,omitempty"` // of requests that the prober made
}
