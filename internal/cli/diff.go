package cli

import (
	"fmt"

	"apigwprobe/internal/report"
	"apigwprobe/probe"

	"github.com/spf13/cobra"
)

type diffOptions struct {
	streams       Streams
	before, after string
	format        choice
}

func newDiffCommand(s Streams) *cobra.Command {
	o := &diffOptions{streams: s, format: newChoice(textFormat, jsonFormat)}
	cmd := &cobra.Command{
		Use:   "diff BEFORE.json AFTER.json",
		Short: "Say what changed between two runs; send nothing",
		Long: `Diff compares the documents of two runs (probe run --format json) case by case: new failures, fixed ones, other layers or
statuses behind the same verdict, new and gone cases. Cases that were skipped count as not asked. One of the files may
be - for standard input.

It exits with 1 if there are new failures, and with 0 otherwise.`,
		Example: `  probe diff yesterday.json today.json
  probe run prod --format json | probe diff baseline.json -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return hinted{fmt.Errorf("got %s, want two", count(len(args), "file")), seeHelp(cmd)}
			}
			o.before, o.after = args[0], args[1]
			return diff(o)
		},
	}
	addChoice(cmd, &o.format, "format", "how to show it")
	return cmd
}

func diff(o *diffOptions) error {
	before, err := readResult(o.before, o.streams.In)
	if err != nil {
		return err
	}
	after, err := readResult(o.after, o.streams.In)
	if err != nil {
		return err
	}
	d := probe.Compare(before, after)
	w := o.streams.Out
	look := report.Options{Color: o.streams.color(w), Width: o.streams.width(w)}
	if err := report.WriteDrift(w, o.format.value == jsonFormat, look, d); err != nil {
		return err
	}
	if len(d.Failing) > 0 {
		return outcome(ExitFail)
	}
	return nil
}
