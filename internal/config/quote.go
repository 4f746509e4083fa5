package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// quotable reports whether text may be repeated in a message although nobody meant it to stand where it stands. Keys
// and passwords get pasted into wrong places: whatever mixes letters and digits in one long word, is very long, or
// carries credentials in a URL or a query, is described by its kind only.
func quotable(text string) bool {
	if len(text) > 80 || strings.LastIndex(text, "@") > 0 || strings.ContainsAny(text, "?=&") {
		return false
	}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == ',' }) {
		digits := 0
		for _, r := range word {
			if unicode.IsDigit(r) {
				digits++
			}
		}
		letters := strings.ContainsFunc(word, unicode.IsLetter)
		if letters && (digits > 2 && len(word) > 7 || digits > 0 && len(word) > 15) || len(word) > 40 {
			return false
		}
	}
	return true
}

// subject names what a message is about, if the name may be shown: the place says which it is anyway.
func subject(kind, name string) string {
	if !quotable(name) {
		return kind
	}
	return fmt.Sprintf("%s %q", kind, name)
}

const noneDeclared = " (there is none)"

// oneOf words what is wanted where only some names are right, with the one that was probably meant. Some of them stand
// in the configuration themselves.
func oneOf(names []string, got string) string {
	if len(names) == 0 {
		return "a declared name" + noneDeclared
	}
	if !slices.ContainsFunc(names, quotable) {
		return "a declared name"
	}
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !quotable(n) })
	const readable = 12
	want := "one of the known names"
	if len(names) <= readable {
		quoted := make([]string, len(names))
		for i, n := range names {
			quoted[i] = fmt.Sprintf("%q", n)
		}
		want = strings.Join(quoted, ", ")
		if i := strings.LastIndex(want, ", "); i >= 0 {
			want = want[:i] + " or" + want[i+1:]
		}
	}
	if near := nearest(names, got); near != "" {
		want += fmt.Sprintf("; did you mean %q?", near)
	}
	return want
}

// nearest returns the name that is only a slip of the pen away from got, or "".
func nearest(names []string, got string) string {
	best, distance := "", 4
	for _, n := range names {
		limit := min(distance, 1+len(n)/3)
		if d := editDistance(strings.ToLower(n), strings.ToLower(got)); d < limit {
			best, distance = n, d
		}
	}
	return best
}

// editDistance counts the letters to insert, delete, replace or swap with their neighbour to make b of a.
func editDistance(a, b string) int {
	const long = 64 // nobody mistypes a name into something that long
	if len(a) > long || len(b) > long {
		return long
	}
	var before, previous []int
	current := make([]int, len(b)+1)
	for j := range current {
		current[j] = j
	}
	for i := range len(a) {
		before, previous, current = previous, current, slices.Repeat([]int{i + 1}, len(b)+1)
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			current[j+1] = min(previous[j]+cost, previous[j+1]+1, current[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				current[j+1] = min(current[j+1], before[j-1]+1)
			}
		}
	}
	return current[len(b)]
}
