package logging

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

var unquoted = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// command is a line for a POSIX shell.
func command(words ...string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if out[i] = w; !unquoted.MatchString(w) {
			out[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(out, " ")
}

// compact is a value in JSON on one line, with its characters as they are.
func compact(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("logging: encoding a parameter: " + err.Error()) // maps and texts only
	}
	return strings.TrimSuffix(b.String(), "\n")
}
