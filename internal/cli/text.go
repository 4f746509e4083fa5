package cli

import (
	"encoding/json"
	"fmt"
	"io"
)

// The formats of the commands that send nothing.
const tableFormat, jsonFormat = "table", "json"

// count is "1 request" or "2 requests".
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// writeJSON writes an indented document, with "<" and "&" as they are: it is for tools and people, not for HTML.
func writeJSON(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(document)
}
