package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"apigwprobe/internal/causes"
	"apigwprobe/probe"
)

// Sighting is one way in which a request was rejected, and how it looked.
type Sighting struct {
	Row   int // of the table of causes
	Title string
	Fault string // that was switched on; empty: none
	// TrueLayer and TrueCause are what really rejected it. They are for showing how right the attribution is, which
	// knows nothing of them.
	TrueLayer, TrueCause string
	Result               probe.Result
}

// Tour shows sightings as a table: what can reject a request, and how it looked here. Where the columns do not fit,
// each sighting is a block.
func Tour(w io.Writer, o Options, seen []Sighting) error {
	p := &page{Options: o}
	p.line(0, "What can reject a request, and how it looked here", bold)
	widths := tourWidths(seen)
	total := 4 + len("ambiguous")
	for _, n := range widths {
		total += n + gap
	}
	wide := o.Width == 0 || total <= o.Width
	if wide {
		p.blank()
		p.tourRow(widths, []string{"provoked by", "seen", "found", "really", "confidence"}, dim, dim)
	}
	for _, row := range collect(seen, func(s Sighting) int { return s.Row }) {
		p.blank()
		p.row(0, []int{len("31")}, cell{strings.ReplaceAll(fmt.Sprintf("%2d", row[0].Row), " ", sticky), bold}, cell{row[0].Title, bold})
		for _, s := range row {
			if wide {
				p.tourRow(widths, s.cells(), plain, confidenceStyle(s.Result.Attribution.Confidence))
			} else {
				p.block(s)
			}
			if others := s.others(); len(others) > 0 {
				p.row(6, []int{len("possibly")}, cell{"possibly", dim}, cell{strings.Join(others, ", "), dim})
			}
		}
	}
	p.legend(seen)
	_, err := io.WriteString(w, p.String())
	return err
}

// others are the layers that an answer may have come from as well.
func (s Sighting) others() []string {
	a := s.Result.Attribution
	var out []string
	for _, c := range a.Candidates {
		if name := string(c.Layer); c.Layer != a.Layer && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// legend says once for each layer that was in doubt what would have told it from the others.
func (p *page) legend(seen []Sighting) {
	doubtful := make(map[string]bool)
	width := 0
	for _, s := range seen {
		if others := s.others(); len(others) > 0 {
			for _, layer := range append(others, string(s.Result.Attribution.Layer)) {
				doubtful[layer], width = true, max(width, len(layer))
			}
		}
	}
	p.blank()
	p.line(0, "What would tell a layer from the others", bold)
	p.blank()
	for _, l := range probe.Layers() {
		if doubtful[string(l)] && l != probe.None {
			p.row(4, []int{width}, cell{string(l), plain}, cell{causes.Tell(l), dim})
		}
	}
}

func (p *page) tourRow(widths []int, texts []string, s, last style) {
	cells := make([]cell, len(texts))
	for i, text := range texts {
		cells[i] = cell{text, s}
	}
	cells[len(cells)-1].style = last
	p.row(4, widths, cells...)
}

func (p *page) block(s Sighting) {
	cells := s.cells()
	p.line(4, cells[0], plain)
	for i, label := range []string{"seen", "found", "really"} {
		text, look := cells[i+1], plain
		if label == "found" {
			text, look = text+", "+cells[4], confidenceStyle(s.Result.Attribution.Confidence)
		}
		p.row(6, []int{len("possibly")}, cell{label, dim}, cell{text, look})
	}
}

func tourWidths(seen []Sighting) []int {
	widths := make([]int, 4)
	for _, s := range seen {
		for i, text := range s.cells()[:len(widths)] {
			widths[i] = max(widths[i], columnsOf(clean(text)))
		}
	}
	return widths
}

// cells are what provoked it, what came back, what was found, what is true, and how sure it was.
func (s Sighting) cells() []string {
	a := s.Result.Attribution
	by := s.Result.Scenario + " on " + s.Result.Route + " of " + s.Result.API
	if s.Fault != "" {
		by = "fault " + s.Fault + ", " + by
	}
	really := causeWords(probe.Layer(s.TrueLayer), probe.Cause(s.TrueCause))
	if s.TrueLayer == string(a.Layer) && s.TrueCause == string(a.Cause) {
		really = "the same"
	}
	return []string{by, s.seen(), causeWords(a.Layer, a.Cause), really, string(a.Confidence)}
}

func causeWords(l probe.Layer, c probe.Cause) string {
	if c == "" {
		return string(l)
	}
	return fmt.Sprintf("%s (%s)", l, c)
}

// mostSeen is how much of a message fits a column.
const mostSeen = 48

// seen is the status and the beginning of the message, or of whatever came.
func (s Sighting) seen() string {
	o := s.Result.Observed
	if o.Error != nil {
		return fmt.Sprintf("no answer: %s", o.Error.Kind)
	}
	message := []rune(cmp.Or(o.Message, strings.TrimSpace(o.Body)))
	if len(message) > mostSeen {
		message = append(message[:mostSeen], '…')
	}
	if len(message) == 0 {
		return fmt.Sprint(o.Status)
	}
	return fmt.Sprintf("%d %q", o.Status, string(message))
}

// TourJSON writes sightings for programs.
func TourJSON(w io.Writer, seen []Sighting) error {
	type named struct {
		Layer probe.Layer `json:"layer"`
		Cause probe.Cause `json:"cause"`
	}
	type sighting struct {
		Row         int                `json:"row"`
		Title       string             `json:"title"`
		Fault       string             `json:"fault"`
		API         string             `json:"api"`
		Route       string             `json:"route"`
		Access      string             `json:"access"`
		Scenario    string             `json:"scenario"`
		Observed    *probe.Observation `json:"observed"`
		Attribution *probe.Attribution `json:"attribution"`
		Truth       named              `json:"truth"`
		WouldTell   []string           `json:"would_tell"`
	}
	out := make([]sighting, len(seen))
	for i, s := range seen {
		res := s.Result
		out[i] = sighting{
			s.Row, s.Title, s.Fault, res.API, res.Route, res.AccessID, res.Scenario, res.Observed, res.Attribution,
			named{probe.Layer(s.TrueLayer), probe.Cause(s.TrueCause)}, append([]string{}, causes.Separate(*res.Attribution)...),
		}
	}
	return writeJSON(w, out, "  ")
}
