package diagram

import (
	"strings"

	"apigwprobe/probe"
)

// Tone says what a piece of a drawing means, for a writer that has colours.
type Tone int

// The tones.
const (
	Faint  Tone = iota // gates that nothing came to
	Good               // as it must be
	Bad                // not as it must be
	Unsure             // nothing was shown
)

// Span is a piece of a drawing in one tone.
type Span struct {
	Text string
	Tone Tone
}

// Legend explains the characters of [Line.Text].
const Legend = "─ certain, ╌ likely, ┈ ambiguous or unknown; ■ refused here, ✗ wrongly refused here, ? perhaps here, ○ open gate, ▶ accepted"

const (
	pitch = 3 // columns for each gate: two of line, one of mark
	lead  = "  "

	certain = "──"
	likely  = "╌╌"
	unclear = "┈┈"
)

// Columns is the width of the drawing of a line.
func (a API) Columns() int { return len(a.Gates)*pitch + pitch }

// Header names the gates, one a row, each with a leg that leads down to its column.
func (a API) Header() []string {
	rows := make([]string, len(a.Gates))
	for i, g := range a.Gates {
		rows[i] = strings.Repeat(lead+"│", i) + lead + "┌ " + string(g)
	}
	return rows
}

// Text draws the line. Its spans together are as wide as [API.Columns], but for spaces at the end.
func (l Line) Text() []Span {
	tone := l.Tone()
	sure := stroke(l.Result)
	var out []Span
	for _, m := range l.Marks {
		switch m {
		case Unreached:
			out = append(out, Span{lead + "│", Faint})
		case Passed:
			out = append(out, Span{sure + "┼", tone})
		case Opened:
			out = append(out, Span{sure + "○", tone})
		case Stopped:
			out = append(out, Span{sure + l.stop(), tone})
		case Possible:
			out = append(out, Span{sure + "?", tone})
		case Doubtful:
			out = append(out, Span{sure + "┊", tone})
		}
	}
	switch l.End {
	case Passed:
		out = append(out, Span{sure + "▶", tone})
	case Possible:
		out = append(out, Span{sure + "?", tone})
	}
	return out
}

// Tone is what the verdict of the line means.
func (l Line) Tone() Tone {
	switch l.Result.Verdict {
	case probe.Pass:
		return Good
	case probe.Fail:
		return Bad
	default:
		return Unsure
	}
}

func (l Line) stop() string {
	if l.Result.Verdict == probe.Fail {
		return "✗"
	}
	return "■"
}

// stroke is the line between two gates.
func stroke(res probe.Result) string {
	if !sent(res) {
		return lead
	}
	switch res.Attribution.Confidence {
	case probe.Certain:
		return certain
	case probe.Likely:
		return likely
	default:
		return unclear
	}
}
