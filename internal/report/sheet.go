package report

import (
	"fmt"
	"io"
	"strings"
)

// Sheet is a text for people about one thing: a title, and words with what belongs to each. Documents of other packages
// are written with it, so that nothing that a gateway says reaches a terminal but as visible characters.
type Sheet struct{ p page }

// NewSheet starts a text.
func NewSheet(o Options) *Sheet {
	o.Width = min(o.Width, widestPage)
	return &Sheet{page{Options: o}}
}

// Title writes a line that stands out: green if all is well, yellow if that is not known, else red.
func (s *Sheet) Title(text string, well, known bool) {
	colour := red
	switch {
	case well:
		colour = green
	case !known:
		colour = yellow
	}
	s.p.line(0, text, colour)
}

// Blank writes an empty line.
func (s *Sheet) Blank() { s.p.blank() }

// Row writes a word and, beside it, texts one below the other; without any, nothing.
func (s *Sheet) Row(word string, texts ...string) {
	for _, text := range texts {
		s.p.row(0, []int{wordColumn}, cell{word, dim}, cell{text, plain})
		word = ""
	}
}

// Code writes lines to copy: they are not wrapped.
func (s *Sheet) Code(code string) {
	for line := range strings.Lines(code) {
		fmt.Fprintf(&s.p, "%*s%s\n", wordColumn+2*gap, "", clean(strings.TrimRight(line, "\n")))
	}
}

// WriteTo writes what there is so far.
func (s *Sheet) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, s.p.String())
	return int64(n), err
}

// Prose is a text for a document in Markdown in which nothing is markup.
func Prose(text string) string { return prose(text) }

// WriteJSON writes a document that holds texts of others.
func WriteJSON(w io.Writer, document any) error { return writeJSON(w, document, "  ") }

// CodeBlock is code of a language as a block of Markdown.
func CodeBlock(language, code string) string {
	fence := "```"
	for strings.Contains(code, fence) {
		fence += "`"
	}
	return fence + language + "\n" + visibleText(code) + "\n" + fence
}
