package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is everything that is wrong with a configuration, sorted by place.
type Error struct{ Mistakes []Mistake }

// Mistake is one thing that is wrong, and where. Its text never holds a secret.
type Mistake struct {
	File         string
	Line, Column int // 0: the file as a whole
	Text         string
}

// Error gives one line for each mistake.
func (e *Error) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

func (m Mistake) String() string {
	return place{m.File, m.Line, m.Column}.String() + ": " + m.Text
}

// place is where something stands in the configuration.
type place struct {
	file         string
	line, column int
}

func (p place) String() string {
	if p.line == 0 {
		return p.file
	}
	return fmt.Sprintf("%s:%d:%d", p.file, p.line, p.column)
}

// notes collects mistakes or warnings. What several uses of one anchor or one shared API have in common is noted once.
type notes struct {
	list []Mistake
	seen map[Mistake]bool
}

func (n *notes) add(at place, format string, args ...any) {
	m := Mistake{at.file, at.line, at.column, fmt.Sprintf(format, args...)}
	if n.seen[m] {
		return
	}
	put(&n.seen, m, true)
	n.list = append(n.list, m)
}

// sorted returns the notes in the order of their places.
func (n *notes) sorted() []Mistake {
	slices.SortStableFunc(n.list, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return n.list
}

// err is nil if nothing was noted.
func (n *notes) err() error {
	if len(n.list) == 0 {
		return nil
	}
	return &Error{n.sorted()}
}
