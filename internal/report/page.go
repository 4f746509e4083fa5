package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// page is text for a terminal, built row by row. Every text goes through clean and every colour comes from here, so
// that nothing a gateway, a backend or a configuration says can reach the terminal as anything but visible characters.
type page struct {
	strings.Builder
	Options
}

// style is an SGR parameter; the words of a report mean the same without it.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

type cell struct {
	text string
	style
}

const (
	gap       = 2  // columns between cells
	narrowest = 20 // of a last cell; a terminal that has less wraps by itself
)

// sticky is a space at which no line is broken.
const sticky = "\u00a0"

// line writes a text that hangs below its own beginning where it is wrapped.
func (p *page) line(indent int, text string, s style) { p.row(indent, nil, cell{text, s}) }

// row writes cells side by side, each wrapped within its width. The last has no width: it takes what is left.
func (p *page) row(indent int, widths []int, cells ...cell) {
	rest := 0
	if p.Width > 0 {
		rest = p.Width - indent
		for _, w := range widths {
			rest -= w + gap
		}
		rest = max(rest, narrowest)
	}
	columns := make([][]string, len(cells))
	height := 0
	for i, c := range cells {
		width := rest
		if i < len(widths) {
			width = widths[i]
		}
		columns[i] = wrap(clean(c.text), width)
		height = max(height, len(columns[i]))
	}
	for y := range height {
		blank := indent // not written until something follows: no line ends in spaces
		for i, lines := range columns {
			text := ""
			if y < len(lines) {
				text = lines[y]
			}
			if text != "" {
				p.WriteString(strings.Repeat(" ", blank))
				p.WriteString(p.paint(strings.ReplaceAll(text, sticky, " "), cells[i].style))
				blank = 0
			}
			if i < len(widths) {
				blank += max(widths[i]-columnsOf(text), 0) + gap
			}
		}
		p.WriteByte('\n')
	}
}

// Grid writes rows in columns as wide as they need to be, but for the last, which takes what is left. The first row is
// the header.
func Grid(w io.Writer, o Options, rows [][]string) error {
	p := &page{Options: o}
	widths := make([]int, len(rows[0])-1)
	for _, row := range rows {
		for i := range widths {
			widths[i] = max(widths[i], columnsOf(clean(row[i])))
		}
	}
	look := dim
	for _, row := range rows {
		cells := make([]cell, len(row))
		for i, text := range row {
			cells[i] = cell{text, look}
		}
		p.row(0, widths, cells...)
		look = plain
	}
	_, err := io.WriteString(w, p.String())
	return err
}

func (p *page) blank() { p.WriteByte('\n') }

func (p *page) paint(text string, s style) string {
	if !p.Color || s == plain {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// clean spells what a terminal would obey, hide or turn round as an escape.
func clean(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) || string(r) == sticky {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// wrap breaks a text at its spaces; a word that is too long, such as a URL, at a punctuation mark or anywhere. Width 0
// is unlimited.
func wrap(text string, width int) []string {
	if width <= 0 {
		return []string{text}
	}
	var lines []string
	current, used := "", 0
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }) {
		n := columnsOf(word)
		if used > 0 && used+1+n <= width {
			current, used = current+" "+word, used+1+n
			continue
		}
		if used > 0 {
			lines = append(lines, current)
		}
		for n > width {
			head := breakWord(word, width)
			if head == word { // one character, wider than the column
				break
			}
			lines = append(lines, head)
			word = word[len(head):]
			n = columnsOf(word)
		}
		current, used = word, n
	}
	return append(lines, current)
}

// breakWord returns the beginning of a word that is too long.
func breakWord(word string, width int) string {
	end, mark, used := 0, 0, 0
	for i, r := range word {
		if used += columnsOfRune(r); used > width && i > 0 {
			break
		}
		end = i + len(string(r))
		if strings.ContainsRune("/-?&=,.", r) {
			mark = end
		}
	}
	if mark > end/2 {
		return word[:mark]
	}
	return word[:end]
}

// columnsOf is how many columns of a terminal a text takes.
func columnsOf(text string) int {
	n := 0
	for _, r := range text {
		n += columnsOfRune(r)
	}
	return n
}

// columnsOfRune is 2 for the scripts and symbols that terminals draw wide, as far as the Unicode tables at hand know.
func columnsOfRune(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
		0x3000 <= r && r <= 0x303e, 0xff01 <= r && r <= 0xff60, 0x1f300 <= r && r <= 0x1faff:
		return 2
	}
	return 1
}
