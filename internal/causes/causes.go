// Package causes holds a page for each cause in the prober's table: what it is, how it looks, what to check, how to fix
// it, and what to read. The pages are text, one file a layer in the folder pages; a test holds them equal to the table.
package causes

import (
	"embed"
	"fmt"
	"strings"
	"sync"

	"apigwprobe/probe"
)

// Page explains one cause.
type Page struct {
	Layer probe.Layer `json:"layer"`
	Cause probe.Cause `json:"cause"`
	Means string      `json:"means"` // as in [probe.CauseInfo]: completes "rejected because …"
	What  string      `json:"what"`
	Looks string      `json:"looks"` // status, error type and message
	Check string      `json:"check"`
	Fix   string      `json:"fix"`  // one sentence without its full stop
	Read  string      `json:"read"` // the title of a document of AWS
}

//go:embed pages/*.md
var files embed.FS

// Pages returns all pages in the order of the prober's table. The slice is shared.
var Pages = sync.OnceValue(func() []Page {
	read := make(map[probe.Layer]map[probe.Cause]Page)
	var out []Page
	for _, info := range probe.Causes() {
		if read[info.Layer] == nil {
			read[info.Layer] = readLayer(info.Layer)
		}
		page := read[info.Layer][info.Cause]
		page.Layer, page.Cause, page.Means = info.Layer, info.Cause, info.Means
		out = append(out, page)
	}
	return out
})

// Named returns the pages of a cause: one for each layer that has a cause of that name.
func Named(cause string) []Page {
	var out []Page
	for _, page := range Pages() {
		if string(page.Cause) == cause {
			out = append(out, page)
		}
	}
	return out
}

// Next is the next step to take about a cause, a sentence without its full stop; "" if the table has no such cause.
func Next(l probe.Layer, c probe.Cause) string {
	for _, page := range Named(string(c)) {
		if page.Layer == l {
			return page.Fix
		}
	}
	return ""
}

func readLayer(l probe.Layer) map[probe.Cause]Page {
	text, err := files.ReadFile("pages/" + string(l) + ".md")
	if err != nil {
		panic("causes: " + err.Error()) // the files are part of the program, and the tests read them all
	}
	pages, err := parse(string(text))
	if err != nil {
		panic(fmt.Sprintf("causes: reading the pages of %s: %v", l, err))
	}
	return pages
}

// parse reads the pages of a layer. Each begins with a heading of the second level; a paragraph says what it is, and
// items of a list are the fields.
func parse(text string) (map[probe.Cause]Page, error) {
	out := make(map[probe.Cause]Page)
	sections := strings.Split("\n"+text, "\n## ")
	for _, section := range sections[1:] { // before the first stands what the layer is
		cause, body, _ := strings.Cut(section, "\n")
		if _, twice := out[probe.Cause(cause)]; twice {
			return nil, fmt.Errorf("cause %q stands twice", cause)
		}
		page := Page{}
		parts := strings.Split("\n"+body, "\n- ")
		page.What = join(parts[0])
		for _, part := range parts[1:] {
			name, value, _ := strings.Cut(part, ":")
			field, ok := map[string]*string{"Looks": &page.Looks, "Check": &page.Check, "Fix": &page.Fix, "Read": &page.Read}[name]
			if !ok || *field != "" {
				return nil, fmt.Errorf("cause %q: got %q, want Looks, Check, Fix and Read once each", cause, name)
			}
			*field = join(value)
		}
		out[probe.Cause(cause)] = page
	}
	return out, nil
}

// join makes one line of a paragraph.
func join(lines string) string { return strings.Join(strings.Fields(lines), " ") }
