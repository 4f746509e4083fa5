package report

import (
	"fmt"

	"apigwprobe/probe"
)

// pageDrift is what changed since the run that this one was compared with.
type pageDrift struct {
	Before string
	Parts  []pageDriftPart
}

type pageDriftPart struct {
	Title, Tone string
	Changes     []pageChange
}

// pageChange leads to the case, where the run still has it.
type pageChange struct{ Anchor, Case, Words string }

// pageDriftOf is nil where the run was compared with none.
func pageDriftOf(d *probe.Drift, anchors map[place]string) *pageDrift {
	if d == nil {
		return nil
	}
	out := &pageDrift{Before: runWords(d.Before)}
	for _, part := range driftParts(*d) {
		if len(part.changes) == 0 {
			continue
		}
		one := pageDriftPart{Title: part.title, Tone: toneClasses[part.style]}
		for _, c := range part.changes {
			change := pageChange{
				Case:  fmt.Sprintf("%s on %s of %s through %s", c.Scenario, c.Route, c.API, accessWords(c.AccessID)),
				Words: changeWords(c),
			}
			if c.After != nil {
				change.Anchor = anchors[place{c.API, c.Route, c.AccessID, c.Scenario}]
			}
			one.Changes = append(one.Changes, change)
		}
		out.Parts = append(out.Parts, one)
	}
	return out
}
