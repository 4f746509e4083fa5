package alert

import (
	"slices"
	"strings"

	"apigwprobe/probe"
)

// cause is a root cause as one report shows it.
type cause struct {
	Key
	results   []probe.Result
	confirmed bool // by the run itself
}

// causesOf sorts what counts of a report by its root cause, in the order of the report.
func causesOf(report probe.Report) []*cause {
	repeats := repetitions(report)
	blocked := make(map[Key]bool)
	for _, res := range report.Results {
		if k, ok := keyOf(report.Run.Environment, res); ok && k.Kind == probe.Blocked {
			blocked[k] = true
		}
	}
	var causes []*cause
	cut := cutOff(report)
	for _, res := range report.Results {
		k, ok := keyOf(report.Run.Environment, res)
		if !ok {
			continue
		}
		if cut {
			k.API, k.Access = "", ""
		}
		// What stops the right request stops the wrong ones, too: that is one fault, not two.
		if folded := k.as(probe.Blocked); k.Kind == probe.WrongLayer && k.Layer != "" && blocked[folded] {
			k = folded
		}
		i := slices.IndexFunc(causes, func(c *cause) bool { return c.Key == k })
		if i < 0 {
			i, causes = len(causes), append(causes, &cause{Key: k})
		}
		causes[i].results = append(causes[i].results, res)
		causes[i].confirmed = causes[i].confirmed || res.Kind == probe.Open && repeats[res.ID]
	}
	return causes
}

// cutOff reports whether nothing answered, of several APIs: then it is the network on our side, once, and not each of them.
func cutOff(report probe.Report) bool {
	apis := make(map[string]bool)
	for _, res := range report.Results {
		if decides(res) {
			apis[res.API] = true
			if res.Kind != probe.KindNetwork {
				return false
			}
		}
	}
	return len(apis) > 1
}

func (k Key) as(kind probe.VerdictKind) Key {
	k.Kind = kind
	return k
}

// keyOf is the root cause of a result. Results that are well, accepted, not asked, or explained by another result have
// none.
func keyOf(environment string, res probe.Result) (Key, bool) {
	if res.Accepted != nil || !decides(res) || res.Verdict == probe.Pass {
		return Key{}, false
	}
	k := Key{Environment: environment, API: res.API, Access: res.AccessID, Kind: res.Kind}
	switch res.Kind {
	case probe.Open:
		k.Layer = res.Expected.Layer
	case probe.KindNetwork, probe.KindThrottled, probe.KindCredentials, probe.KindAmbiguous:
	default:
		// Which of several layers is named first may change from run to run, and is no new fault.
		if a := res.Attribution; a != nil && (a.Confidence == probe.Certain || a.Confidence == probe.Likely) {
			k.Layer = a.Layer
		}
	}
	return k, true
}

// decides reports whether a result says something of its case: not one that was skipped or stopped, nor one whose control
// failed, which says it itself.
func decides(res probe.Result) bool {
	switch res.Verdict {
	case probe.Skipped:
		return false
	case probe.Inconclusive:
		return res.Kind != probe.KindControlFailed && res.Kind != probe.KindStopped
	}
	return true
}

// repetitions are the cases that the run itself asked once more and that were answered alike.
func repetitions(report probe.Report) map[string]bool {
	again := make(map[string]*probe.Observation)
	for _, x := range report.Extra {
		if id, ok := strings.CutSuffix(x.ID, "|"+probe.ExtraRepeat); ok {
			again[id] = x.Observed
		}
	}
	alike := make(map[string]bool)
	for _, res := range report.Results {
		o := again[res.ID]
		alike[res.ID] = o != nil && res.Observed != nil && o.Answered() && o.Status == res.Observed.Status
	}
	return alike
}

// finishedAPIs are those of which the run can say that something is well again: it was neither interrupted nor stopped.
func finishedAPIs(report probe.Report) map[string]bool {
	apis := make(map[string]bool)
	for _, res := range report.Results {
		stopped := res.Verdict == probe.Inconclusive && res.Kind == probe.KindStopped
		before, ok := apis[res.API]
		apis[res.API] = report.Run.Complete && !stopped && (before || !ok)
	}
	return apis
}

// describe fills in what the worst row of the cause tells, and what all of them have in common.
func (c *cause) describe(a *Alert, report probe.Report, link func(Alert) string) {
	first := c.results[0]
	for _, res := range c.results { // the control explains the others
		if res.Control && !first.Control && res.Kind == c.Kind {
			first = res
		}
	}
	a.Key, a.ID, a.Severity = c.Key, c.ID(), c.severity()
	a.LastSeen = Run{ID: report.Run.ID, At: report.Run.Started}
	a.Routes, a.Scenarios, a.Rows = nil, nil, len(c.results)
	for _, res := range c.results {
		a.Routes, a.Scenarios = with(a.Routes, res.Route), with(a.Scenarios, res.Scenario)
	}
	a.Confidence = ""
	if first.Attribution != nil {
		a.Confidence = first.Attribution.Confidence
	}
	a.Reason, a.Next, a.Labels = first.Reason, first.Next, report.Run.Labels
	a.Reproduce = "probe run " + quote(c.Environment) + " --repro " + quote(strings.Join([]string{first.API, first.Route, first.Scenario}, "/"))
	if link != nil {
		a.Link = link(*a)
	}
}

func with(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// quote makes one word of a shell of s.
func quote(s string) string {
	plain := func(r rune) bool {
		return r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./", r))
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
