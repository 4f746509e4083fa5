package capture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"apigwprobe/probe"
)

// template reads the lines of an access log whose format is no JSON: CLF, XML, CSV, or anything else.
type template struct {
	line      *regexp.Regexp
	variables []string // one for each group of line
}

var anyVariable = regexp.MustCompile(`\$context(?:\.[A-Za-z0-9_]+)+`)

// parseTemplate reads a format of free text. A value reaches as far as the first character of the text behind it, so that
// no line can be read in two ways.
func parseTemplate(format string) (*template, error) {
	format = strings.TrimSpace(format)
	places := anyVariable.FindAllStringIndex(format, -1)
	t := &template{}
	var line strings.Builder
	line.WriteString(`(?s)^`)
	end := 0
	for i, at := range places {
		if i > 0 && at[0] == end {
			return nil, fmt.Errorf("got nothing between %s and the variable before it, want a character that ends a value", format[at[0]:at[1]])
		}
		line.WriteString(regexp.QuoteMeta(format[end:at[0]]))
		end = at[1]
		t.variables = append(t.variables, strings.TrimPrefix(format[at[0]:end], "$context."))
		line.WriteString(value(format[end:]))
	}
	line.WriteString(regexp.QuoteMeta(format[end:]) + `$`)
	if !slices.Contains(t.variables, "requestId") && !slices.Contains(t.variables, "extendedRequestId") {
		return nil, errors.New("got no $context.requestId, want the format of an access log")
	}
	var err error
	t.line, err = regexp.Compile(line.String())
	return t, err
}

// value is the pattern of a value before some text.
func value(behind string) string {
	if behind == "" {
		return `(.*)`
	}
	end, _ := utf8.DecodeRuneInString(behind)
	return `([^` + regexp.QuoteMeta(string(end)) + `]*)`
}

// keys are the variables as the keys of an entry.
func (t *template) keys() map[string]string {
	keys := make(map[string]string, len(t.variables))
	for _, name := range t.variables {
		keys[name] = name
	}
	return keys
}

// templateLines reads an access log that is no JSON.
func (e *entries) templateLines(l *lines) error {
	for {
		line, _, err := l.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return e.wrong(l.n+1, err)
		}
		at, text := stamped(line)
		if strings.TrimSpace(text) == "" {
			continue
		}
		t, ok := e.format.Entry(text)
		if !ok {
			return e.wrong(l.n, errors.New("got a line of another form than the format, want an entry of that access log"))
		}
		if t.At.IsZero() {
			t.At = at
		}
		if err := e.add(t); err != nil {
			return err
		}
	}
}

// Entry reads one entry. API Gateway writes some messages with line breaks and quotes that JSON does not allow.
func (f LogFormat) Entry(entry string) (probe.Transcript, bool) {
	if !f.onlyText {
		d := json.NewDecoder(strings.NewReader(entry))
		d.UseNumber() // as it is written
		var fields map[string]any
		if d.Decode(&fields) == nil {
			log, ok := newAccessLog(fields, f)
			return log.transcript(), ok
		}
	}
	if f.text == nil {
		return probe.Transcript{}, false
	}
	values := f.text.line.FindStringSubmatch(strings.TrimSpace(entry))
	if values == nil {
		return probe.Transcript{}, false
	}
	fields := make(map[string]any, len(f.text.variables))
	for i, name := range f.text.variables {
		fields[name] = values[i+1]
	}
	log, ok := newAccessLog(fields, LogFormat{keys: f.text.keys()})
	return log.transcript(), ok
}
