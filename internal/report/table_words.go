package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"apigwprobe/probe"
)

// headline says in a sentence how the environment is, and in a second line what was done to find out.
func (p *page) headline(rep probe.Report) {
	words, colour := headlineWords(rep)
	p.line(0, rep.Run.Environment+": "+words, colour)
	p.line(0, strings.Join(runFacts(rep.Run), ", "), dim)
}

// runFacts say what was done to find out.
func runFacts(run probe.RunInfo) []string {
	facts := []string{
		requestWords(run),
		"started " + run.Started.UTC().Format("2006-01-02 15:04:05 UTC"),
	}
	if skew := time.Duration(run.ClockSkewMS) * time.Millisecond; skew.Abs() > noticeableSkew {
		direction := "ahead of"
		if skew < 0 {
			direction = "behind"
		}
		facts = append(facts, fmt.Sprintf("the gateway's clock is %s %s ours", durationWords(skew.Abs()), direction))
	}
	if w := run.Wait; w != nil {
		facts = append(facts, waitWords(*w))
	}
	return append(facts, run.LabelWords()...)
}

// headlineWords is the verdict on a whole run, and what limits it.
func headlineWords(rep probe.Report) (string, style) {
	words, colour := verdictWords(rep)
	if n := len(rep.Findings); n > 0 {
		words += "; " + count(n, "finding", "findings")
	}
	if !rep.Run.Complete {
		words = "the run was cut short; so far " + words
	}
	if colour == green && (len(rep.Findings) > 0 || !rep.Run.Complete) {
		colour = yellow
	}
	return words, colour
}

// waitWords says how long it took until everything passed.
func waitWords(w probe.Wait) string {
	if w.Converged {
		return "converged after " + durationWords(time.Duration(w.AfterMS)*time.Millisecond)
	}
	return "not converged within " + durationWords(time.Duration(w.ForMS)*time.Millisecond)
}

// noticeableSkew is what no signature minds and yet should be known: a Date header is good to a second.
const noticeableSkew = 2 * time.Second

// verdictWords is the verdict on a whole run. What the owner accepts does not count.
func verdictWords(rep probe.Report) (string, style) {
	fails, critical, open, known := 0, 0, 0, 0
	for _, res := range rep.Results {
		switch {
		case res.Accepted != nil:
			if res.IsGate() {
				known++
			}
		case res.Verdict == probe.Fail:
			fails++
			if res.Severity == probe.Critical {
				critical++
			}
		case res.Verdict == probe.Inconclusive:
			open++
		}
	}
	switch {
	case fails > 0:
		words := count(fails, "failure", "failures")
		switch {
		case critical == 1 && fails == 1:
			words = "1 critical failure"
		case critical == fails:
			words += ", all of them critical"
		case critical > 0:
			words += fmt.Sprintf(", %d of them critical", critical)
		}
		if open > 0 {
			words += fmt.Sprintf("; %d inconclusive", open)
		}
		return words, red
	case open > 0:
		return "no failure, but " + count(open, "case is", "cases are") + " inconclusive", yellow
	case rep.Coverage.Proven == 0:
		return "nothing was proven", yellow
	case rep.Coverage.Proven == rep.Coverage.Gates:
		return "every gate that was asked holds", green
	case rep.Coverage.Proven+known == rep.Coverage.Gates:
		return "every gate that was asked holds, but for " + count(known, "accepted finding", "accepted findings"), green
	default:
		return fmt.Sprintf("no failure, and %d of %s proven", rep.Coverage.Proven, count(rep.Coverage.Gates, "gate", "gates")), green
	}
}

// summary is the last line: all counts of the run.
func (p *page) summary(rep probe.Report) {
	accepted := make(map[probe.Verdict]int)
	for _, res := range rep.Results {
		if res.Accepted != nil {
			accepted[res.Verdict]++
		}
	}
	of := func(n int, v probe.Verdict) string {
		words := fmt.Sprintf("%d %s", n, v)
		if accepted[v] > 0 {
			words += fmt.Sprintf(" (%d accepted)", accepted[v])
		}
		return words
	}
	s, c := rep.Summary, rep.Coverage
	words := strings.Join([]string{
		of(s.Pass, probe.Pass), of(s.Fail, probe.Fail), of(s.Inconclusive, probe.Inconclusive), of(s.Skipped, probe.Skipped),
	}, ", ")
	words += fmt.Sprintf("; %d of %s proven", c.Proven, count(c.Gates, "gate", "gates"))
	if c.Proven == 0 {
		words += ", so this run proves nothing"
	}
	p.line(0, words+"; "+requestWords(rep.Run), bold)
}

func requestWords(run probe.RunInfo) string {
	return fmt.Sprintf("%s in %s", count(run.Requests, "request", "requests"), durationWords(time.Duration(run.DurationMS)*time.Millisecond))
}

func durationWords(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f"+sticky+"s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// most is how many elements of a list a person reads; the others are counted, and named in the JSON.
const most = 8

func list(items []string) string {
	if len(items) > most+1 { // "and 1 more" would be no shorter than the one
		items = append(slices.Clone(items[:most]), fmt.Sprintf("and %d more", len(items)-most))
	}
	return strings.Join(items, ", ")
}

// accessWords is the host and base path of a custom domain, which say all, or else the id as it is.
func accessWords(id string) string {
	return strings.TrimPrefix(id, string(probe.AccessCustomDomain)+":")
}

// severalWays are the APIs that were asked, or skipped, through more than one access.
func severalWays(results []probe.Result) map[string]bool {
	first := make(map[string]string)
	several := make(map[string]bool)
	for _, res := range results {
		if res.Verdict == probe.Skipped {
			continue
		}
		a := res.AccessID
		if _, ok := first[res.API]; !ok {
			first[res.API] = a
		}
		several[res.API] = several[res.API] || first[res.API] != a
	}
	return several
}

// collect sorts a list into groups with the same key, in the order in which the keys appear.
func collect[T any, K comparable](all []T, key func(T) K) [][]T {
	index := make(map[K]int)
	var groups [][]T
	for _, one := range all {
		k := key(one)
		i, ok := index[k]
		if !ok {
			i = len(groups)
			index[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], one)
	}
	return groups
}

// distinct is what say says of the results, each once.
func distinct(results []probe.Result, say func(probe.Result) string) []string {
	var out []string
	for _, res := range results {
		if text := say(res); text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}
