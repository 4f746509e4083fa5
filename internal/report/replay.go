package report

import (
	"fmt"
	"io"

	"apigwprobe/probe"
)

// replayDocument is what replay writes for programs: the answers of which something else is concluded now.
type replayDocument struct {
	Version int            `json:"version"`
	Run     probe.RunInfo  `json:"run"`
	Answers int            `json:"answers"` // attributed again
	Changed []replayChange `json:"changed"`
}

type replayChange struct {
	ID     string     `json:"id"`
	Before conclusive `json:"before"`
	After  conclusive `json:"after"`
}

type conclusive struct {
	Verdict     probe.Verdict     `json:"verdict"`
	Kind        probe.VerdictKind `json:"kind"`
	Attribution probe.Attribution `json:"attribution"`
}

// WriteReplay writes what changed since a run.
func WriteReplay(w io.Writer, asJSON bool, look Options, run probe.RunInfo, replayed []probe.Replayed) error {
	doc := replayDocument{Version: probe.SchemaVersion, Run: run, Answers: len(replayed), Changed: []replayChange{}}
	for _, r := range replayed {
		if r.Changed() {
			doc.Changed = append(doc.Changed, replayChange{r.ID, conclusiveOf(r.Before), conclusiveOf(r.After)})
		}
	}
	if asJSON {
		return writeJSON(w, doc, "  ")
	}
	p := &page{Options: look}
	p.replay(doc)
	_, err := io.WriteString(w, p.String())
	return err
}

func conclusiveOf(c probe.Conclusion) conclusive {
	return conclusive{c.Verdict, c.Kind, c.Attribution}
}

func (p *page) replay(doc replayDocument) {
	words, colour := "nothing changed", green
	if n := len(doc.Changed); n > 0 {
		words, colour = count(n, "conclusion changed", "conclusions changed"), yellow
	}
	p.line(0, fmt.Sprintf("%s of %s: %s", doc.Run.Environment, doc.Run.Started.UTC().Format("2006-01-02 15:04:05 UTC"), words), colour)
	p.line(0, count(doc.Answers, "answer", "answers")+" attributed again", dim)
	for _, c := range doc.Changed {
		p.blank()
		p.line(0, c.ID, bold)
		for _, side := range []struct {
			word string
			of   conclusive
		}{{"before", c.Before}, {"now", c.After}} {
			p.row(2, []int{wordColumn}, cell{side.word, dim}, cell{side.of.words(), plain})
			if cs := side.of.Attribution.Candidates; len(cs) > 1 {
				p.row(2, []int{wordColumn}, cell{"", dim}, cell{"of " + candidateList(cs), dim})
			}
		}
		for i, text := range Together(c.After.Attribution.Because) {
			word := "because"
			if i > 0 {
				word = ""
			}
			p.row(2, []int{wordColumn}, cell{word, dim}, cell{text, plain})
		}
	}
}

// words are the verdict and what it rests on.
func (c conclusive) words() string {
	text := conclusion(c.Attribution)
	if c.Verdict == "" {
		return text
	}
	verdict := string(c.Verdict)
	if c.Kind != "" {
		verdict += " " + string(c.Kind)
	}
	return verdict + ", " + text
}
