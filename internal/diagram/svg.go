package diagram

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"apigwprobe/probe"
)

const lineHeight = 30

// The drawings are as wide as what they stand in: positions are percentages, and only marks have a size. What they look
// like is left to the style sheet of the page, by these classes: gate, name, run, mark, and on a whole line its
// tone and its stroke. A page with a Content-Security-Policy needs no exception for them.

var (
	toneClasses   = map[Tone]string{Good: "good", Bad: "bad", Unsure: "unsure"}
	strokeClasses = map[string]string{certain: "solid", likely: "dashed", unclear: "dotted"}
)

// HeaderSVG names the gates above the lines of [Line.SVG].
func (a API) HeaderSVG() string {
	height := lineHeight
	for _, g := range a.Gates {
		height = max(height, 15+7*len(g)) // the names are written upwards
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="gates" role="img" height="%d" width="100%%"><title>%s</title>`, height,
		html.EscapeString("The gates from left to right: "+layerList(a.Gates, ", ")))
	for i, g := range a.Gates {
		x := a.at(i)
		fmt.Fprintf(&b, `<svg x="%s" y="100%%" overflow="visible"><text class="name" transform="rotate(-90)" x="6" y="4">%s</text></svg>`,
			x, html.EscapeString(string(g)))
	}
	b.WriteString(`</svg>`)
	return b.String()
}

// SVG draws the line.
func (a API) SVG(l Line) string {
	var b strings.Builder
	title, desc := a.words(l)
	fmt.Fprintf(&b, `<svg class="line %s %s" role="img" height="%d" width="100%%"><title>%s</title><desc>%s</desc>`,
		toneClasses[l.Tone()], strokeClasses[stroke(l.Result)], lineHeight, html.EscapeString(title), html.EscapeString(desc))
	end := -1 // the last gate that the line comes to
	for i, m := range l.Marks {
		if m != Unreached {
			end = i
		}
		x := a.at(i)
		fmt.Fprintf(&b, `<line class="gate" x1="%s" x2="%s" y1="0" y2="100%%"/>`, x, x)
	}
	if l.End != Unreached {
		end = len(a.Gates)
	}
	if end >= 0 {
		fmt.Fprintf(&b, `<line class="run" x1="0" x2="%s" y1="50%%" y2="50%%"/>`, a.at(end))
	}
	for i, m := range l.Marks {
		b.WriteString(mark(a.at(i), m, l.Result.Verdict))
	}
	switch l.End {
	case Passed:
		b.WriteString(symbol("100%", `<path class="mark" d="M-11-7 0 0-11 7Z"/>`))
	case Possible:
		b.WriteString(symbol("100%", `<text class="mark" x="-8" y="5" text-anchor="middle">?</text>`))
	}
	b.WriteString(`</svg>`)
	return b.String()
}

// at is where a gate stands; behind the last there is as much room as before the first.
func (a API) at(i int) string { return fmt.Sprintf("%.2f%%", 100*float64(i+1)/float64(len(a.Gates)+1)) }

// symbol places a shape, drawn around its own zero, on the line.
func symbol(x, shape string) string {
	return fmt.Sprintf(`<svg x="%s" y="50%%" overflow="visible">%s</svg>`, x, shape)
}

func mark(x string, m Mark, v probe.Verdict) string {
	switch m {
	case Passed:
		return symbol(x, `<circle class="mark" r="2.5"/>`)
	case Opened:
		return symbol(x, `<circle class="mark open" r="7"/>`)
	case Stopped:
		if v == probe.Fail {
			return symbol(x, `<path class="mark cross" d="M-6-6 6 6M-6 6 6-6"/>`)
		}
		return symbol(x, `<rect class="mark" x="-3.5" y="-10" width="7" height="20"/>`)
	case Possible:
		return symbol(x, `<text class="mark" y="5" text-anchor="middle">?</text>`)
	default:
		return ""
	}
}

// words tell what the drawing shows to those who do not see it: how the line ends, and what is on its way.
func (a API) words(l Line) (title, desc string) {
	if !sent(l.Result) {
		return "not sent", "Nothing is known of its way."
	}
	var passed, open, refusers []probe.Layer
	for i, m := range l.Marks {
		switch g := a.Gates[i]; m {
		case Passed:
			passed = append(passed, g)
		case Opened:
			open = append(open, g)
		case Stopped:
			refusers = slices.Insert(refusers, 0, g)
		case Possible:
			refusers = append(refusers, g)
		}
	}
	switch {
	case len(refusers) == 0 && l.End == Passed:
		title = "accepted"
	case l.Result.Attribution.Layer == "" || len(refusers) == 0:
		title = "refused by a gate that is not known"
	default:
		title = "refused by " + layerList(refusers, " or ")
		if l.End == Possible {
			title += ", or accepted"
		}
	}
	var said []string
	for _, part := range []struct {
		words  string
		layers []probe.Layer
	}{{"Got past", passed}, {"Found open", open}} {
		if len(part.layers) > 0 {
			said = append(said, part.words+" "+layerList(part.layers, ", ")+".")
		}
	}
	if len(said) == 0 {
		said = append(said, "Got past no gate.")
	}
	return title, strings.Join(said, " ")
}

func layerList(layers []probe.Layer, separator string) string {
	words := make([]string, len(layers))
	for i, l := range layers {
		words[i] = string(l)
	}
	return strings.Join(words, separator)
}
