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

func newHistoryCoverageCommand(s Streams) *cobra.Command {
	var data string
	format := newChoice(tableFormat, jsonFormat)
	cmd := &cobra.Command{
		Use:   "coverage ENV",
		Short: "Say when each gate was last shown to be shut",
		Long: `Coverage lists every gate of an environment that was ever asked, that which was proven longest ago first: when a run last
showed that the layer which has to refuse does, which run that was, and how the gate stood when it was last asked.`,
		Example: `  probe history coverage prod
  probe history coverage prod --format json | jq '.gates[] | select(.proven == null) | .id'`,
		Args: arguments(1, 1, "environment"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := openData(data, s)
			if err != nil {
				return err
			}
			defer file.Close()
			gates, err := file.Coverage(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if format.value == jsonFormat {
				return writeJSON(s.Out, coverageDocument{probe.SchemaVersion, args[0], gates})
			}
			return writeCoverage(s.Out, args[0], gates)
		},
	}
	addData(cmd, &data)
	addChoice(cmd, &format, "format", "how to show it")
	return cmd
}

type coverageDocument struct {
	Version     int          `json:"version"`
	Environment string       `json:"environment"`
	Gates       []store.Gate `json:"gates"`
}

func writeCoverage(w io.Writer, environment string, gates []store.Gate) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) } // Flush tells of errors
	row("PROVEN\tRUN\tAPI\tROUTE\tACCESS\tSCENARIO\tLAST ASKED\tSTOOD\n")
	proven := 0
	for _, g := range gates {
		at := "never"
		if g.Proven != nil {
			at = stamp(*g.Proven)
			proven++
		}
		row("%s\t%.8s\t%s\t%s\t%s\t%s\t%s\t%s\n", at, g.Run, g.API, g.Route, g.AccessID, g.Scenario, stamp(g.Asked), standing(&g.Now))
	}
	row("\n%s: %d of %s proven at some time\n", environment, proven, count(len(gates), "gate"))
	return t.Flush()
}

func newHistoryPruneCommand(s Streams) *cobra.Command {
	var data, older string
	cmd := &cobra.Command{
		Use:   "prune --older-than AGE",
		Short: "Remove old runs from the history and make the file smaller",
		Long: `Prune removes runs that started longer ago than AGE, and of those that are older than a week what varies from run to run. When a
gate was last proven is known as long as it is asked.`,
		Example: `  probe history prune --older-than 90d`,
		Args:    arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			keep, err := age(older)
			if err == nil && keep < time.Minute {
				err = fmt.Errorf("got %q, want a minute or more", older)
			}
			if err != nil {
				return hinted{fmt.Errorf("--older-than: %w", err), seeHelp(cmd)}
			}
			file, err := openData(data, s)
			if err != nil {
				return err
			}
			defer file.Close()
			removed, err := file.Compact(cmd.Context(), store.Retention{Runs: keep})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.Out, "removed %s\n", count(removed, "run"))
			return err
		},
	}
	addData(cmd, &data)
	cmd.Flags().StringVar(&older, "older-than", "", "how long runs are kept: 90d, 12w, 48h")
	if err := cmd.MarkFlagRequired("older-than"); err != nil {
		panic(err) // the flag was added just above
	}
	return cmd
}
