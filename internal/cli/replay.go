package cli

import (
	"fmt"
	"math"

	"apigwprobe/internal/report"
	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/spf13/cobra"
)

type replayOptions struct {
	streams Streams
	file    string
	config  string
	format  choice
}

func newReplayCommand(s Streams) *cobra.Command {
	o := &replayOptions{streams: s, format: newChoice(textFormat, jsonFormat)}
	cmd := &cobra.Command{
		Use:   "replay RUN.json",
		Short: "Attribute an old run again by what is known today, and show what changed; send nothing",
		Long: `Replay reads the document of probe run --format json, attributes and judges its answers again, and shows which
conclusions differ from those of the run. RUN.json is - for standard input.

What is declared of the APIs is no part of the document: it comes from the configuration, in which the run's environment
has to be. If the configuration is not the run's, that is said, and may be what a change comes from.`,
		Example: `  probe run prod --format json --output run.json
  probe replay run.json`,
		Args: arguments(1, 1, "run"),
		RunE: func(_ *cobra.Command, args []string) error {
			o.file = args[0]
			return replay(o)
		},
	}
	addConfig(cmd, &o.config)
	addChoice(cmd, &o.format, "format", "how to show it")
	return cmd
}

func replay(o *replayOptions) error {
	old, err := readResult(o.file, o.streams.In)
	if err != nil {
		return err
	}
	env, err := openEnvironment(o.config, old.Run.Environment, nil)
	if err != nil {
		return err
	}
	defer env.close()
	plan, err := outline(env.file, env.name)
	if err != nil {
		return err
	}
	plan.MaxRequests = math.MaxInt // nothing is sent
	matrix, err := probe.NewMatrix(&plan, scenarios.All(), probe.Selection{})
	if err != nil {
		return err
	}
	replayed, lost, err := matrix.Replay(old)
	if err != nil {
		return err
	}
	if env.sandbox == nil && plan.SourceHash != old.Run.ConfigSHA256 {
		_, _ = fmt.Fprintf(o.streams.Err, "warning: %s is not as it was when %q ran\n", o.config, old.Run.ID)
	}
	if lost > 0 {
		_, _ = fmt.Fprintf(o.streams.Err, "warning: left out %s of cases that %s does not have\n", count(lost, "answer"), o.config)
	}
	w := o.streams.Out
	look := report.Options{Color: o.streams.color(w), Width: o.streams.width(w)}
	return report.WriteReplay(w, o.format.value == jsonFormat, look, old.Run, replayed)
}
