package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"apigwprobe/internal/report"
	"apigwprobe/internal/store"
	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/spf13/cobra"
)

func newHistoryShowCommand(s Streams) *cobra.Command {
	var data, config string
	format := formats()
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Report a stored run in any format of run",
		Long: `Show reports a stored run. RUN is its id, or a beginning of it that no other run has, or "latest".

What varies from run to run (ids, dates, timings, what a backend said) is kept for a week, and longer for failures,
changes and what was seen for the first time; elsewhere, "[varies]" stands in its place. Of a run that a crash cut, what
was observed until then is attributed and judged now, if its environment is in the configuration and that is as it was; otherwise
it is shown without a verdict.

Formats:
` + formatHelp(),
		Example: `  probe history show latest
  probe history show 5f0c --format json > run.json && probe replay run.json`,
		Args: arguments(1, 1, "run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := openData(data, s)
			if err != nil {
				return err
			}
			defer file.Close()
			id, err := findRun(cmd.Context(), file, args[0])
			if err != nil {
				return err
			}
			rep, err := file.Report(cmd.Context(), id)
			if err != nil {
				return err
			}
			if !rep.Run.Complete && len(rep.Results) > 0 {
				rep = salvage(s, rep, config)
			}
			f, err := report.Find(format.value)
			if err != nil {
				return err
			}
			return tell(f.New(s.Out, s.look()), rep)
		},
	}
	addData(cmd, &data)
	addConfig(cmd, &config)
	addChoice(cmd, &format, "format", "how to report")
	return cmd
}

// salvage concludes from a run what it did not come to conclude itself, if what was declared then is known.
func salvage(s Streams, rep probe.Report, config string) probe.Report {
	if slices.ContainsFunc(rep.Results, func(res probe.Result) bool { return res.Attribution != nil }) {
		return rep // it was judged, and its time was up
	}
	judged, err := trySalvage(rep, config)
	if err != nil {
		_, _ = fmt.Fprintf(s.Err, "warning: the run did not end, and what was answered is shown without a verdict: %v\n", err)
		return rep
	}
	_, _ = fmt.Fprintln(s.Err, "warning: the run did not end; what was answered is judged now")
	return judged
}

func trySalvage(rep probe.Report, config string) (probe.Report, error) {
	env, err := openEnvironment(config, rep.Run.Environment, nil)
	if err != nil {
		return probe.Report{}, err
	}
	defer env.close()
	plan, err := outline(env.file, env.name)
	if err != nil {
		return probe.Report{}, err
	}
	if env.sandbox == nil && plan.SourceHash != rep.Run.ConfigSHA256 {
		return probe.Report{}, fmt.Errorf("%s is not as it was then", config)
	}
	plan.MaxRequests = math.MaxInt // nothing is sent
	matrix, err := probe.NewMatrix(&plan, scenarios.All(), probe.Selection{})
	if err != nil {
		return probe.Report{}, err
	}
	return matrix.Salvage(rep)
}

// findRun finds the run that a word means.
func findRun(ctx context.Context, file *store.Store, word string) (string, error) {
	if word != "latest" {
		id, err := file.Find(ctx, word)
		if errors.Is(err, store.ErrNotFound) {
			return "", hinted{err, "probe history ENV lists the runs"}
		}
		return id, err
	}
	runs, err := file.Runs(ctx, store.Query{Limit: 1})
	if err != nil {
		return "", err
	}
	if len(runs) == 0 {
		return "", errors.New("finding the latest run: the history has none")
	}
	return runs[0].ID, nil
}

// tell tells a sink of a run that is over, as if it had just ended.
func tell(sink report.Sink, rep probe.Report) error {
	skips := rep.Summary.Skipped
	events := []probe.Event{probe.RunStarted{Run: rep.Run, Cases: len(rep.Results) - skips, Skips: skips}}
	place := make(map[string]int) // of an API among the finished ones
	var finished []probe.APIFinished
	api := func(name string) *probe.APIFinished {
		at, ok := place[name]
		if !ok {
			at = len(finished)
			place[name] = at
			finished = append(finished, probe.APIFinished{API: name})
		}
		return &finished[at]
	}
	for _, res := range rep.Results {
		one := api(res.API)
		one.Results = append(one.Results, res)
	}
	for _, res := range rep.Extra {
		one := api(res.API)
		one.Extra = append(one.Extra, res)
	}
	for _, f := range rep.Findings {
		if f.API != "" {
			one := api(f.API)
			one.Findings = append(one.Findings, f)
		}
	}
	for _, one := range finished {
		events = append(events, one)
	}
	for _, e := range append(events, probe.RunFinished{Report: rep}) {
		if err := sink(e); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
	return nil
}
