package report

import "apigwprobe/probe"

// layout writes what passed, for the whole report in the same columns.
type layout struct {
	*page
	flat  bool // one line a scenario; otherwise one line an outcome, with its scenarios and causes below
	width []int
	below []int
}

// header names the columns.
var header = holding{"scenario", outcome{"expected", "status", "rejected by", "cause", "confidence"}}

// layoutOf chooses one line a scenario where the terminal is wide enough for all results.
func (p *page) layoutOf(results []probe.Result) layout {
	rows := []holding{header}
	for _, res := range results {
		rows = append(rows, holdingOf(res))
	}
	l := layout{page: p, flat: true, width: widthsOf(rows, holding.row)}
	total := indentRow + len(verdictHeader)
	for _, w := range l.width {
		total += w + gap
	}
	if p.Width > 0 && total > p.Width {
		l.flat, l.width = false, widthsOf(rows, holding.common)
		l.below = widthsOf(rows, func(h holding) []string { return []string{h.scenario} })
		capAt(l.width, widestShared)
		capAt(l.below, widestScenario)
	}
	return l
}

const (
	verdictHeader = "verdict"
	indentRow     = 4

	// Where room is short, lists of alternatives are wrapped: no layer is longer than the one, no scenario than the other.
	widestShared   = 18
	widestScenario = 36
)

func capAt(widths []int, most int) {
	for i, w := range widths {
		widths[i] = min(w, most)
	}
}

func (l layout) header() {
	texts := header.common()
	if l.flat {
		texts = header.row()
	}
	l.columns(texts, cell{verdictHeader, dim}, dim)
}

func (l layout) rows(holdings []holding) {
	pass := cell{string(probe.Pass), green}
	if l.flat {
		for _, h := range holdings {
			l.columns(h.row(), pass, plain)
		}
		return
	}
	for _, group := range collect(holdings, func(h holding) [4]string { return [4]string(h.common()) }) {
		l.columns(group[0].common(), pass, plain)
		for _, h := range group {
			l.row(indentRow+2, l.below, cell{h.scenario, plain}, cell{h.cause, dim})
		}
	}
}

func (l layout) columns(texts []string, verdict cell, s style) {
	cells := make([]cell, len(texts), len(texts)+1)
	for i, t := range texts {
		cells[i] = cell{t, s}
	}
	l.row(indentRow, l.width, append(cells, verdict)...)
}

// row is everything, for one line.
func (h holding) row() []string {
	rejecter := h.rejecter
	if h.cause != "" {
		rejecter += " (" + h.cause + ")"
	}
	return []string{h.scenario, h.expected, h.status, rejecter, h.confidence}
}

// common is what several scenarios may share.
func (h holding) common() []string { return []string{h.expected, h.status, h.rejecter, h.confidence} }

// widthsOf are the widths that the columns need.
func widthsOf(rows []holding, cells func(holding) []string) []int {
	var widths []int
	for _, h := range rows {
		for i, text := range cells(h) {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columnsOf(clean(text)))
		}
	}
	return widths
}
