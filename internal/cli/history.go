package cli

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"apigwprobe/internal/store"
	"apigwprobe/probe"

	"github.com/spf13/cobra"
)

type historyOptions struct {
	streams     Streams
	environment string
	data        string
	since       string
	api         string
	only        choice
	limit       int
	format      choice
}

func newHistoryCommand(s Streams) *cobra.Command {
	o := &historyOptions{streams: s, format: newChoice(tableFormat, jsonFormat), only: newChoice("", "changes")}
	cmd := &cobra.Command{
		Use:   "history ENV",
		Short: "Show past runs of an environment, what changed, and when each gate was last proven",
		Long: `History lists the runs of an environment that were kept in a file, the oldest first: those of probe run --data FILE, from
wherever they were started.

A case changed if it stands otherwise (verdict, status, layer) than when it was last asked. The file is that of --data, or that
which $PROBE_DATA names, or probe.db.`,
		Example: `  probe history prod --since 7d
  probe history prod --only changes
  probe history show latest --format html > report.html
  probe history coverage prod`,
		Args:              arguments(1, 1, "environment"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.environment = args[0]
			return history(cmd, o)
		},
	}
	addData(cmd, &o.data)
	flags := cmd.Flags()
	flags.StringVar(&o.since, "since", "", "only runs since this day or time, or this long ago: 2026-11-30, 7d")
	flags.StringVar(&o.api, "api", "", "only runs that asked this API, and its numbers alone")
	addChoice(cmd, &o.only, "only", "only runs in which something changed, and what did")
	flags.IntVar(&o.limit, "limit", 0, "only the newest so many; 0: all")
	addChoice(cmd, &o.format, "format", "how to show it")
	cmd.AddCommand(newHistoryShowCommand(s), newHistoryCoverageCommand(s), newHistoryPruneCommand(s))
	return cmd
}

// runsDocument is what programs read.
type runsDocument struct {
	Version int            `json:"version"`
	Runs    []store.Run    `json:"runs"`
	Changes []store.Change `json:"changes,omitempty"` // with --only changes
}

func history(cmd *cobra.Command, o *historyOptions) error {
	q := store.Query{Environment: o.environment, API: o.api, OnlyChanges: o.only.value != "", Limit: o.limit}
	if o.since != "" {
		at, err := moment(o.since, time.Now())
		if err != nil {
			return hinted{fmt.Errorf("--since: %w", err), seeHelp(cmd)}
		}
		q.Since = at
	}
	if o.limit < 0 {
		return hinted{fmt.Errorf("--limit: got %d, want 0 or more", o.limit), seeHelp(cmd)}
	}
	file, err := openData(o.data, o.streams)
	if err != nil {
		return err
	}
	defer file.Close()
	doc := runsDocument{Version: probe.SchemaVersion}
	if doc.Runs, err = file.Runs(cmd.Context(), q); err != nil {
		return err
	}
	if q.OnlyChanges && len(doc.Runs) > 0 {
		changed := store.Query{Environment: q.Environment, API: q.API, Since: doc.Runs[0].Started}
		if doc.Changes, err = file.Changes(cmd.Context(), changed); err != nil {
			return err
		}
	}
	if o.format.value == jsonFormat {
		return writeJSON(o.streams.Out, doc)
	}
	if len(doc.Runs) == 0 {
		_, err := fmt.Fprintf(o.streams.Out, "no such run of %s\n", o.environment)
		return err
	}
	return doc.writeTable(o.streams.Out)
}

func (doc runsDocument) writeTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) } // Flush tells of errors
	row("STARTED\tRUN\tPASS\tFAIL\tINCONCLUSIVE\tSKIPPED\tACCEPTED\tCHANGES\t\n")
	for _, r := range doc.Runs {
		n := r.Summary
		row("%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", stamp(r.Started), r.ID, n.Pass, n.Fail, n.Inconclusive, n.Skipped, n.Accepted, r.Changes, ending(r))
	}
	if err := t.Flush(); err != nil || len(doc.Changes) == 0 {
		return err
	}
	row("\nCHANGED\tAPI\tROUTE\tACCESS\tSCENARIO\tBEFORE\tAFTER\n")
	for _, c := range doc.Changes {
		row("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", stamp(c.At), c.API, c.Route, c.AccessID, c.Scenario, standing(c.Before), standing(&c.After))
	}
	return t.Flush()
}

// stamp is a time as tables show it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// ending says how a run ended if not as it should.
func ending(r store.Run) string {
	switch {
	case r.State != store.Finished:
		return string(r.State)
	case !r.Complete:
		return "cut short"
	default:
		return ""
	}
}

// standing is how a case stood, in a few words.
func standing(s *probe.Stand) string {
	if s == nil {
		return "not asked"
	}
	words := string(s.Verdict)
	if s.Kind != "" {
		words += " " + string(s.Kind)
	}
	if s.Accepted {
		words += " (accepted)"
	}
	switch {
	case s.Status == 0:
		words += ", no answer"
	case s.Layer != "":
		words += fmt.Sprintf(", %d %s", s.Status, s.Layer)
	default:
		words += fmt.Sprintf(", %d", s.Status)
	}
	return words
}
