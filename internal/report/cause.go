package report

import (
	"fmt"
	"io"

	"apigwprobe/internal/causes"
	"apigwprobe/probe"
)

// widestPage keeps the lines of a page readable where the terminal is wider.
const widestPage = 100

// Causes lists all causes below their layers, in the order of pages.
func Causes(w io.Writer, o Options, pages []causes.Page) error {
	p := &page{Options: o}
	width := 0
	for _, c := range pages {
		width = max(width, columnsOf(string(c.Cause)))
	}
	for _, layer := range collect(pages, func(c causes.Page) probe.Layer { return c.Layer }) {
		p.line(0, string(layer[0].Layer), bold)
		for _, c := range layer {
			p.row(2, []int{width}, cell{string(c.Cause), plain}, cell{c.Means, dim})
		}
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// Explain writes pages of causes one below the other.
func Explain(w io.Writer, o Options, pages []causes.Page) error {
	if o.Width == 0 || o.Width > widestPage {
		o.Width = widestPage
	}
	p := &page{Options: o}
	for i, c := range pages {
		if i > 0 {
			p.blank()
		}
		p.line(0, fmt.Sprintf("%s (%s): %s", c.Cause, c.Layer, c.Means), bold)
		p.blank()
		p.line(0, c.What, plain)
		p.blank()
		for _, field := range [][2]string{{"looks", c.Looks}, {"check", c.Check}, {"fix", c.Fix}, {"read", c.Read}, {"tell", c.Tell}} {
			p.row(0, []int{len("looks")}, cell{field[0], dim}, cell{field[1], plain})
		}
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// nextWords is the next step, with the page to read where it is taken from one.
func nextWords(res probe.Result) string {
	if a := res.Attribution; a != nil && res.Next != "" && res.Next == causes.Next(a.Layer, a.Cause) {
		return fmt.Sprintf("%s (probe%scauses%s%s)", res.Next, sticky, sticky, a.Cause)
	}
	return res.Next
}
