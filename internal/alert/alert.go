// Package alert makes alerts of runs: one for each root cause, told on a change of state, and delivered at least once.
//
// A [Manager] reads the report of each run. What fails for one reason (an environment, an API, a way in, a layer, a kind)
// is one alert, however many rows of the report it makes. An alert is pending until it is confirmed, then firing, and
// resolved once every case of it was seen to be well again. What nobody could decide resolves nothing.
package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"apigwprobe/probe"
)

// Key is a root cause. Two rows of a report with the same key are one alert.
type Key struct {
	Environment string            `json:"environment"`
	API         string            `json:"api"`    // "": all of the environment
	Access      string            `json:"access"` // the way in, by its id; "": all
	Layer       probe.Layer       `json:"layer"`  // of an open gate the layer that had to refuse, or else the one that answered; "" if that is not known well
	Kind        probe.VerdictKind `json:"kind"`
}

// ID is short, and the same for the same root cause for ever.
func (k Key) ID() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{k.Environment, k.API, k.Access, string(k.Layer), string(k.Kind)}, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// String is "orders through default: iam-authentication open".
func (k Key) String() string {
	words := []string{string(k.Layer), string(k.Kind)}
	if k.Layer == "" || string(k.Layer) == string(k.Kind) {
		words = words[1:]
	}
	if k.API == "" {
		return "all APIs: " + strings.Join(words, " ")
	}
	return fmt.Sprintf("%s through %s: %s", k.API, k.Access, strings.Join(words, " "))
}

// covers reports whether the key is about an API.
func (k Key) covers(api string) bool { return k.API == "" || k.API == api }

// fails reports whether the key is of something that is wrong, and not of something that could not be decided.
func (k Key) fails() bool {
	return slices.Contains([]probe.VerdictKind{probe.Open, probe.Blocked, probe.WrongLayer, probe.WrongResponse}, k.Kind)
}

// Severity says how urgent an alert is.
type Severity string

// The severities, in the words that Alertmanager's users know.
const (
	Critical Severity = "critical" // a gate is open
	Warning  Severity = "warning"  // anything else that fails
	Info     Severity = "info"     // nothing can be proven
)

// Severities are all, the least urgent first.
func Severities() []Severity { return []Severity{Info, Warning, Critical} }

// atLeast reports whether s is as urgent as least; an empty least lets everything by.
func (s Severity) atLeast(least Severity) bool {
	return slices.Index(Severities(), s) >= slices.Index(Severities(), least)
}

func (k Key) severity() Severity {
	switch {
	case k.Kind == probe.Open:
		return Critical
	case k.fails():
		return Warning
	default:
		return Info
	}
}

// State is where an alert stands.
type State string

// The states. Only what is firing wakes anybody.
const (
	Pending  State = "pending"
	Firing   State = "firing"
	Resolved State = "resolved"
)

// Run names a run.
type Run struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

// Alert is one root cause with what a person needs who is woken by it.
type Alert struct {
	ID string `json:"id"`
	Key
	State    State     `json:"state"`
	Severity Severity  `json:"severity"`
	Since    time.Time `json:"since"` // start of the first run that showed it
	// Resolved is when it was seen to be well again; nil: it is not.
	Resolved *time.Time `json:"resolved"`
	Ended    string     `json:"ended"`     // why it is resolved
	LastGood *Run       `json:"last_good"` // last run in which its cases passed; nil: none is known
	LastSeen Run        `json:"last_seen"` // last run that showed it
	Flapping bool       `json:"flapping"`
	Held     string     `json:"held"` // why nobody is told; "" if nothing holds it back

	Routes     []string          `json:"routes"`
	Scenarios  []string          `json:"scenarios"`
	Rows       int               `json:"rows"` // results that it stands for
	Confidence probe.Confidence  `json:"confidence"`
	Reason     string            `json:"reason"`
	Next       string            `json:"next"`
	Reproduce  string            `json:"reproduce"`
	Labels     map[string]string `json:"labels"` // of the run, such as the commit that is deployed
	Link       string            `json:"link"`
}

// Summary is one line.
func (a Alert) Summary() string {
	word := map[State]string{Pending: "not confirmed", Firing: string(a.Severity), Resolved: "resolved"}[a.State]
	if a.Flapping && a.State == Firing {
		word += ", flapping"
	}
	return fmt.Sprintf("%s %s (%s)", a.Environment, a.Key, word)
}

// Text is what a person reads.
func (a Alert) Text() string {
	lines := []string{a.Summary(), "", a.Reason}
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, fmt.Sprintf("%-10s %s", name, value))
		}
	}
	lines = append(lines, "")
	add("since", stamp(a.Since))
	if a.Resolved != nil {
		add("resolved", stamp(*a.Resolved)+", "+a.Ended)
	}
	good := "no run is known in which it passed"
	if a.LastGood != nil {
		good = stamp(a.LastGood.At) + ", run " + a.LastGood.ID
	}
	add("last good", good)
	add("last seen", stamp(a.LastSeen.At)+", run "+a.LastSeen.ID)
	add("routes", some(a.Routes))
	add("asked", some(a.Scenarios))
	add("confidence", string(a.Confidence))
	add("deployed", strings.Join(probe.RunInfo{Labels: a.Labels}.LabelWords(), " "))
	add("next", a.Next)
	add("repeat it", a.Reproduce)
	add("see", a.Link)
	return strings.Join(lines, "\n") + "\n"
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// some lists a few, and counts the rest.
func some(list []string) string {
	const few = 10
	if len(list) <= few {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:few], ", "), len(list)-few)
}
