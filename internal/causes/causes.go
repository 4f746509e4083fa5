// Package causes holds a page for each cause in the prober's table: what it is, how it looks, what to check, how to fix
// it, and what to read. The pages are text, one file a layer in the folder pages; a test holds them equal to the table.
package causes

import (
	"embed"
	"fmt"
	"maps"
	"slices"
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
	Tell  string      `json:"tell"` // what tells the layer from others that answer alike
}

//go:embed pages/*.md
var files embed.FS

// Pages returns all pages in the order of the prober's table. The slice is shared.
var Pages = sync.OnceValue(func() []Page {
	read := make(map[probe.Layer]layer)
	var out []Page
	for _, info := range probe.Causes() {
		l, ok := read[info.Layer]
		if !ok {
			l = readLayer(info.Layer)
			read[info.Layer] = l
		}
		page := l.pages[info.Cause]
		page.Layer, page.Cause, page.Means, page.Tell = info.Layer, info.Cause, info.Means, l.tell
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

// Separate says what would tell the layers apart that an answer may have come from, a line for each; nothing where
// there is one.
func Separate(a probe.Attribution) []string {
	var out []string
	seen := make(map[probe.Layer]bool)
	for _, c := range a.Candidates {
		if !seen[c.Layer] {
			out = append(out, fmt.Sprintf("%s: %s", c.Layer, Tell(c.Layer)))
			seen[c.Layer] = true
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// Tell is what tells a layer from others that answer alike.
func Tell(l probe.Layer) string {
	for _, page := range Pages() {
		if page.Layer == l {
			return page.Tell
		}
	}
	return ""
}

// layer is one file.
type layer struct {
	tell  string
	pages map[probe.Cause]Page
}

func readLayer(l probe.Layer) layer {
	text, err := files.ReadFile("pages/" + string(l) + ".md")
	if err != nil {
		panic("causes: " + err.Error()) // the files are part of the program, and the tests read them all
	}
	read, err := parse(string(text))
	if err != nil {
		panic(fmt.Sprintf("causes: reading the pages of %s: %v", l, err))
	}
	return read
}

// parse reads the file of a layer: what tells it from others, then its pages. Each begins with a heading of the second
// level; a paragraph says what it is, and items of a list are the fields.
func parse(text string) (layer, error) {
	sections := strings.Split("\n"+text, "\n## ")
	out := layer{pages: make(map[probe.Cause]Page)}
	if _, err := parseFields(sections[0], map[string]*string{"Tell": &out.tell}); err != nil {
		return layer{}, err
	}
	for _, section := range sections[1:] {
		cause, body, _ := strings.Cut(section, "\n")
		if _, twice := out.pages[probe.Cause(cause)]; twice {
			return layer{}, fmt.Errorf("cause %q stands twice", cause)
		}
		page := Page{}
		what, err := parseFields(body, map[string]*string{"Looks": &page.Looks, "Check": &page.Check, "Fix": &page.Fix, "Read": &page.Read})
		if err != nil {
			return layer{}, fmt.Errorf("cause %q: %w", cause, err)
		}
		page.What = what
		out.pages[probe.Cause(cause)] = page
	}
	return out, nil
}

// parseFields fills fields from the items of a list and returns what stands before it.
func parseFields(text string, fields map[string]*string) (before string, err error) {
	parts := strings.Split("\n"+text, "\n- ")
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(part, ":")
		field, ok := fields[name]
		if !ok || *field != "" {
			return "", fmt.Errorf("got %q, want each of %s once", name, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		*field = join(value)
	}
	return join(parts[0]), nil
}

// join makes one line of a paragraph.
func join(lines string) string { return strings.Join(strings.Fields(lines), " ") }
