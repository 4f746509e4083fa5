package daemon

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode"

	"apigwprobe/probe"
)

// visible spells what a reader would not see, or see in another order, as an escape. Line breaks stay.
func visible(text any) string {
	var b strings.Builder
	for _, r := range fmt.Sprint(text) {
		if unicode.IsPrint(r) || r == '\n' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// placeWords is the way in, in the words of the reports.
func placeWords(access string) string {
	return visible(strings.TrimPrefix(access, string(probe.AccessCustomDomain)+":"))
}

// triggerWords say why a run is made.
func triggerWords(t Trigger) string {
	switch t {
	case Scheduled:
		return "on schedule"
	case OnDemand:
		return "on demand"
	default:
		return "to confirm what another showed"
	}
}

// standWords says how a case stands: "fail wrong-layer: 403, from waf, certain".
func standWords(s probe.Stand) string { return wordsOf(s, true) }

// lineWords leave out the layer, which the drawing shows.
func lineWords(s probe.Stand) string { return wordsOf(s, false) }

func wordsOf(s probe.Stand, layer bool) string {
	words := string(s.Verdict)
	if s.Kind != "" {
		words += " " + string(s.Kind)
	}
	if s.Accepted {
		words += " (accepted)"
	}
	var more []string
	if s.Status != 0 {
		more = append(more, strconv.Itoa(s.Status))
	}
	if layer && s.Layer != "" && s.Layer != probe.None {
		more = append(more, "from "+string(s.Layer))
	}
	if s.Confidence != "" {
		more = append(more, string(s.Confidence))
	}
	if len(more) > 0 {
		words += ": " + strings.Join(more, ", ")
	}
	return visible(words)
}

// symbolOf stands for a verdict where there is room for one character.
func symbolOf(v probe.Verdict) string {
	switch v {
	case probe.Pass:
		return "✓"
	case probe.Fail:
		return "✗"
	case probe.Inconclusive:
		return "?"
	default:
		return "–"
	}
}

// toneOf is the class of the style sheet for a verdict, which is quiet if the owner accepts it.
func toneOf(s probe.Stand) string {
	if s.Accepted {
		return "skipped"
	}
	return string(s.Verdict)
}

// timeHTML tells a time to the second, and about how long ago it was or will be.
func timeHTML(now, t time.Time) template.HTML {
	if t.IsZero() {
		return "never"
	}
	t = t.UTC()
	text := t.Format("15:04:05 UTC")
	if t.Year() != now.Year() || t.YearDay() != now.YearDay() {
		text = t.Format("2 Jan 2006, ") + text
	}
	return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time> <span class="quiet">(%s)</span>`, t.Format(time.RFC3339), text, fromNow(t.Sub(now))))
}

// fromNow is a length of time in its largest unit.
func fromNow(d time.Duration) string {
	size := d.Abs()
	text := ""
	switch {
	case size < time.Second:
		return "now"
	case size < 2*time.Minute:
		text = fmt.Sprintf("%d s", size/time.Second)
	case size < 2*time.Hour:
		text = fmt.Sprintf("%d min", size/time.Minute)
	case size < 48*time.Hour:
		text = fmt.Sprintf("%d h", size/time.Hour)
	default:
		text = fmt.Sprintf("%d days", size/(24*time.Hour))
	}
	if d > 0 {
		return "in " + text
	}
	return text + " ago"
}
