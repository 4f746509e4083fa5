package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"apigwprobe/internal/report"
	"apigwprobe/probe"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// reportFiles are FORMAT=FILE words, one for each time that the flag is given.
type reportFiles []reportFile

type reportFile struct{ format, path string }

var _ pflag.Value = (*reportFiles)(nil)

func (f *reportFiles) String() string { return "" } // there are none by default
func (f *reportFiles) Type() string   { return "format=file" }

func (f *reportFiles) Set(word string) error {
	format, path, ok := strings.Cut(word, "=")
	switch {
	case !ok || path == "":
		return errors.New("want format=file")
	case path == "-":
		return errors.New("want a file; --format is what goes to standard output")
	}
	if _, err := report.Find(format); err != nil {
		return err
	}
	if slices.ContainsFunc(*f, func(other reportFile) bool { return other.format == format }) {
		return errors.New("want each format once")
	}
	*f = append(*f, reportFile{format, path})
	return nil
}

// addReports adds the flag --report. Before the "=" it completes formats, behind it files.
func addReports(cmd *cobra.Command, f *reportFiles) {
	const name = "report"
	cmd.Flags().Var(f, name, "also report in this format to this file; repeatable")
	err := cmd.RegisterFlagCompletionFunc(name, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		if strings.Contains(typed, "=") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		var words []string
		for _, format := range report.Formats() {
			words = append(words, format.Name+"=")
		}
		return words, cobra.ShellCompDirectiveNoSpace
	})
	if err != nil {
		panic(err) // the flag was added just above
	}
}

// destination is one report of a run, and where it goes.
type destination struct {
	*output
	format report.Format
	sink   report.Sink
	err    error // of writing; nothing more is written then
}

// destinations are all reports of a run. The first is that of --format.
type destinations []*destination

// destinations makes sure that every report can be written, before anything is sent.
func (o *runOptions) destinations(plan *probe.Plan) (destinations, error) {
	var all destinations
	add := func(f report.Format, path string) error {
		out, err := o.open(path)
		if err != nil {
			return err
		}
		all = append(all, &destination{output: out, format: f}) // to be discarded, come what may
		for _, other := range all[:len(all)-1] {
			if out.replaces && place(other.path) == place(path) {
				return fmt.Errorf("writing %q: got it for %s and for %s, want one file for each report", path, other.format.Name, f.Name)
			}
		}
		return nil
	}
	named := func(format, path string) error {
		f, err := report.Find(format)
		if err != nil {
			return err
		}
		return add(f, path)
	}
	err := named(o.format.value, o.output)
	for _, f := range o.reports {
		if err == nil {
			err = named(f.format, f.path)
		}
	}
	if err == nil && o.record != "" {
		err = o.addRecording(plan, add)
	}
	if err != nil {
		all.discard()
		return nil, err
	}
	return all, nil
}

// open opens what a report goes to; without a path, standard output.
func (o *runOptions) open(path string) (*output, error) {
	switch path {
	case "":
		return createOutput("", o.streams.Out)
	case "/dev/stdout": // which may be a file, and then nothing may take its place
		return &output{Writer: o.streams.Out, path: path}, nil
	case o.streams.env("GITHUB_STEP_SUMMARY"):
		return appendTo(path) // it holds what other commands of the step had to say
	default:
		return createOutput(path, nil)
	}
}

// place is equal for two names of one file, whether it is there or not.
func place(path string) string {
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	return path
}

// start makes the sinks; main, which is not nil, takes what the first of them writes.
func (d destinations) start(main io.Writer, look report.Options) {
	for i, one := range d {
		if i == 0 {
			one.sink = one.format.New(main, look)
		} else {
			one.sink = one.format.New(one.output, report.Options{Where: look.Where})
		}
	}
}

// see reports an event. A report that cannot be written keeps no other from being written; none left is an error.
func (d destinations) see(e probe.Event) error {
	left := 0
	for _, one := range d {
		if one.err == nil {
			one.err = one.sink(e)
		}
		if one.err == nil {
			left++
		}
	}
	if left == 0 {
		return d.failed()
	}
	return nil
}

// failed is what kept reports from being written.
func (d destinations) failed() error {
	var errs []error
	for _, one := range d {
		switch {
		case one.err == nil:
		case one.path == "":
			errs = append(errs, fmt.Errorf("writing the report: %w", one.err))
		default:
			errs = append(errs, fmt.Errorf("writing %q: %w", one.path, withoutPath(one.err)))
		}
	}
	return errors.Join(errs...)
}

// commit puts every report that is whole in its place.
func (d destinations) commit() error {
	errs := []error{d.failed()}
	for _, one := range d {
		if one.err == nil {
			errs = append(errs, one.commit())
		}
	}
	return errors.Join(errs...)
}

func (d destinations) discard() {
	for _, one := range d {
		one.discard()
	}
}
