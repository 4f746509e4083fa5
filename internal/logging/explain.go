package logging

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"apigwprobe/internal/capture"
	"apigwprobe/probe"
)

// Explanation says what entries of a format hold and what keeps them from telling layers apart.
type Explanation struct {
	Type    probe.APIType  `json:"type"`
	Bytes   int            `json:"bytes"`
	Keys    []Key          `json:"keys"`    // none: it is no JSON
	Wrong   []string       `json:"wrong"`   // of what is there
	Missing []capture.Lack `json:"missing"` // to tell layers apart
	Remarks []string       `json:"remarks"` // what does no harm
}

// Key is a key of a format and what it holds.
type Key struct {
	Path     string `json:"path"`
	Variable string `json:"variable"` // empty: more or other than one variable
	Holds    string `json:"holds"`    // empty: it is not read
}

// Sufficient reports whether entries can be found and read, and tell layers apart.
func (e Explanation) Sufficient() bool { return len(e.Wrong) == 0 && len(e.Missing) == 0 }

var contextVariable = regexp.MustCompile(`\$context\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)`)

// secretVariables are credentials that a log would keep.
var secretVariables = map[string]string{
	"identity.apiKey": "the value of the API key, which is a secret: $context.identity.apiKeyId tells the key, too",
}

// Explain reads the format of the access log of an API.
func Explain(kind probe.APIType, format string) Explanation {
	format = strings.TrimRight(format, "\r\n")
	e := Explanation{Type: kind, Bytes: len(format), Keys: []Key{}, Wrong: []string{}, Remarks: []string{}}
	held := e.read(format)
	if e.Bytes > MaxFormat {
		e.wrong("it has %d bytes, want at most %d", e.Bytes, MaxFormat)
	}
	if strings.ContainsAny(format, "\r\n") {
		e.wrong("it has several lines, want one")
	}
	if !slices.Contains(held, "requestId") && !slices.Contains(held, "extendedRequestId") {
		e.wrong("it has neither $context.requestId nor $context.extendedRequestId, want one: API Gateway refuses it without")
	}
	for _, name := range held {
		if why := secretVariables[name]; why != "" {
			e.wrong("$context.%s is %s", name, why)
		}
		if !knows(kind, name) {
			e.Remarks = append(e.Remarks, fmt.Sprintf("$context.%s is not documented for %s APIs: it may always be empty", name, kind))
		}
	}
	e.Missing = capture.Lacking(kind, held)
	return e
}

func (e *Explanation) wrong(text string, args ...any) {
	e.Wrong = append(e.Wrong, fmt.Sprintf(text, args...))
}

// read finds the keys of the format, and returns the variables that entries can be read for.
func (e *Explanation) read(format string) []string {
	parsed, err := capture.ParseJSONLogFormat(format)
	var held []string
	if err != nil {
		e.wrong("it is no JSON object with $context variables: tools for logs find no fields in its entries")
		for _, m := range contextVariable.FindAllStringSubmatch(format, -1) {
			held = append(held, m[1])
		}
		slices.Sort(held)
		return slices.Compact(held)
	}
	for _, k := range parsed.Keys() {
		e.Keys = append(e.Keys, Key{k.Path, k.Variable, k.Holds})
		if k.Variable == "" {
			e.Remarks = append(e.Remarks, fmt.Sprintf("key %q holds more or other than one variable: it is not read", k.Path))
			continue
		}
		held = append(held, k.Variable)
	}
	e.Wrong = append(e.Wrong, parsed.Mislabelled()...)
	slices.Sort(held)
	return slices.Compact(held)
}

// WriteText writes the explanation for people.
func (e Explanation) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "access-log format for %s APIs, %d bytes of at most %d\n", e.Type, e.Bytes, MaxFormat)
	if len(e.Keys) > 0 {
		b.WriteString("\n")
		table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, k := range e.Keys {
			variable, holds := "-", "not read by probe"
			if k.Variable != "" {
				variable = "$context." + k.Variable
			}
			if k.Holds != "" {
				holds = k.Holds
			}
			fmt.Fprintf(table, "  %s\t%s\t%s\n", k.Path, variable, holds)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	if !e.Sufficient() || len(e.Remarks) > 0 {
		b.WriteString("\n")
	}
	e.troubles(&b)
	if e.Sufficient() {
		b.WriteString("\nentries can be found and read, and tell layers apart as far as they can\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// troubles lists what is wrong, missing, or remarkable.
func (e Explanation) troubles(w io.Writer) {
	for _, text := range e.Wrong {
		_, _ = fmt.Fprintf(w, "wrong: %s\n", text)
	}
	for _, m := range e.Missing {
		_, _ = fmt.Fprintf(w, "missing: $context.%s: %s\n", m.Variable, m.Tells)
	}
	for _, text := range e.Remarks {
		_, _ = fmt.Fprintf(w, "remark: %s\n", text)
	}
}
