package report

import (
	"strings"

	"apigwprobe/internal/diagram"
	"apigwprobe/probe"
)

// diagrams draws for each route how far each request came. It says all that the table of what passed says, but for
// causes.
func (p *page) diagrams(results []probe.Result) {
	apis := diagram.Draw(results)
	for _, a := range apis {
		d := p.drawingOf(a)
		p.blank()
		p.line(0, a.Name, bold)
		for _, gate := range a.Header() {
			p.WriteString(strings.Repeat(" ", d.indent) + p.paint(gate, dim) + "\n") // its spaces count
		}
		for _, r := range a.Routes {
			p.line(2, r.Name+" through "+accessWords(r.Access), plain)
			for _, l := range r.Lines {
				d.line(l)
			}
		}
	}
	if len(apis) > 0 {
		p.blank()
		p.line(0, diagram.Legend, dim)
	}
}

// drawing is the layout of the lines of one API.
type drawing struct {
	*page
	name    int // width of the names; 0: they stand above their lines
	columns int
	indent  int // of the gates
}

// drawingOf puts names beside their lines where there is room for both, and for the words behind.
func (p *page) drawingOf(a diagram.API) drawing {
	d := drawing{page: p, columns: a.Columns(), indent: indentRow}
	words := 0
	for _, r := range a.Routes {
		for _, l := range r.Lines {
			d.name = max(d.name, columnsOf(clean(l.Result.Scenario)))
			words = max(words, columnsOf(lineWords(l.Result)))
		}
	}
	if p.Width > 0 && indentRow+d.name+gap+d.columns+gap+words > p.Width {
		d.name = 0
	} else {
		d.indent += d.name
	}
	d.indent += gap
	return d
}

// tones are the colours of a drawing.
var tones = map[diagram.Tone]style{diagram.Faint: dim, diagram.Good: green, diagram.Bad: red, diagram.Unsure: yellow}

// line writes the name, the drawing and the words for it.
func (d drawing) line(l diagram.Line) {
	name, words := clean(l.Result.Scenario), lineWords(l.Result)
	tone := tones[l.Tone()]
	if d.name == 0 {
		d.row(indentRow, nil, cell{name + separator + words, tone})
		d.WriteString(strings.Repeat(" ", d.indent))
		d.strip(l)
		d.blank()
		return
	}
	d.WriteString(strings.Repeat(" ", indentRow) + name + strings.Repeat(" ", d.name-columnsOf(name)+gap))
	used := d.strip(l)
	d.WriteString(strings.Repeat(" ", d.columns-used+gap) + d.paint(words, tone) + "\n")
}

// strip writes the drawing and returns its width.
func (d drawing) strip(l diagram.Line) int {
	used := 0
	for _, s := range l.Text() {
		d.WriteString(d.paint(s.Text, tones[s.Tone]))
		used += columnsOf(s.Text)
	}
	return used
}

const separator = " · "

// lineWords says in words what a line shows: the verdict, the answer, and how sure its layer is.
func lineWords(res probe.Result) string {
	verdict := string(res.Verdict)
	if res.Kind != "" {
		verdict += " " + kindWords(res)
	}
	if res.Accepted != nil {
		verdict += " (accepted)"
	}
	words := []string{verdict}
	out := outcomeOf(res)
	for _, more := range []string{out.status, out.confidence} {
		if more != "" {
			words = append(words, more)
		}
	}
	if res.Attempts == 0 {
		words = append(words, "not sent")
	}
	return clean(strings.Join(words, separator))
}
