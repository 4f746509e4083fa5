// Package report writes what a run found, for people and for programs.
//
// Each format is one file. To add one, write its [Format] and name it in [Formats].
package report

import (
	"fmt"
	"io"
	"strings"

	"apigwprobe/probe"
)

// Options say what the output can show. Machine formats have no colour and no width.
type Options struct {
	Color bool
	Width int // of the terminal in columns; 0: unlimited
	// Where is the file and the line in which a route of an API is declared, or else the API, or the environment, for
	// formats that place findings in files; nil: there is no file.
	Where func(api, route string) (file string, line int)
	// Diagram draws how far each request came in place of a table of what passed.
	Diagram bool
}

// Format writes the events of a run.
type Format struct {
	Name string
	Help string // what it is for, in a few words
	New  func(w io.Writer, o Options) Sink
}

// Sink is called for every event of one run, in order; [probe.RunFinished] is the last. Its error is that of writing.
type Sink func(probe.Event) error

// Formats returns all formats, the default first.
func Formats() []Format {
	return []Format{tableFormat, jsonFormat, jsonlFormat, junitFormat, sarifFormat, harFormat, markdownFormat, githubFormat, tapFormat, htmlFormat}
}

// Find returns the format called name.
func Find(name string) (Format, error) {
	var known []string
	for _, f := range Formats() {
		if f.Name == name {
			return f, nil
		}
		known = append(known, f.Name)
	}
	return Format{}, fmt.Errorf("choosing format: got %q, want one of %s", name, strings.Join(known, ", "))
}
