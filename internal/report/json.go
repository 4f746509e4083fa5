package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"

	"apigwprobe/probe"
)

var jsonFormat = Format{
	Name: "json",
	Help: "one document when the run ends, everything that is known, for programs",
	New:  newJSON,
}

func newJSON(w io.Writer, _ Options) Sink {
	return func(e probe.Event) error {
		finished, ok := e.(probe.RunFinished)
		if !ok {
			return nil
		}
		return writeJSON(w, whole(finished.Report), "  ")
	}
}

// writeJSON writes v and a line break in one piece; it is spread over lines only where indent is not empty.
func writeJSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // URLs stay readable, and a terminal is no browser
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encoding report: %w", err)
	}
	_, err := w.Write(escapeUnprintable(b.Bytes()))
	return err
}

// escapeUnprintable spells every character of a JSON text that a terminal would not print as an escape. The encoder
// does that for control characters below U+0020 only, and U+009B begins an escape sequence as well. Outside of strings
// JSON is printable but for its line breaks, so the text keeps its meaning. U+FFFD goes along because the encoder
// writes it in two ways: a report that is read and written again stays the same.
func escapeUnprintable(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range string(text) {
		switch {
		case r == '\n' || unicode.IsPrint(r) && r != unicode.ReplacementChar:
			out = append(out, string(r)...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}
