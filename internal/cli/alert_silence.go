package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"apigwprobe/internal/store"
	"apigwprobe/probe"

	"github.com/spf13/cobra"
)

type silenceOptions struct {
	streams Streams
	data    string
	silence store.Silence
	length  string
}

func newAlertSilenceCommand(s Streams) *cobra.Command {
	o := &silenceOptions{streams: s}
	cmd := &cobra.Command{
		Use:   "silence ENV",
		Short: "Hold back alerts of an environment, or of one API, for a while",
		Long: `Silence holds messages back, never the record: alerts are raised and resolved as ever, and nobody is told. What is still open
when the silence ends is told then. A daemon that keeps its history in the same file follows within seconds.`,
		Example: `  probe alert silence prod --for 2h --reason "release 42"
  probe alert silence prod --api orders --for 1d --reason "ticket 123"`,
		Args:              arguments(1, 1, "environment"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.silence.Environment = args[0]
			length, err := age(o.length)
			if err == nil && length <= 0 {
				err = fmt.Errorf("got %q, want more than nothing", o.length)
			}
			if err != nil {
				return hinted{fmt.Errorf("--for: %w", err), seeHelp(cmd)}
			}
			if strings.TrimSpace(o.silence.Reason) == "" {
				return hinted{errors.New("--reason: got none, want a few words"), seeHelp(cmd)}
			}
			o.silence.From = time.Now()
			o.silence.Until = o.silence.From.Add(length)
			o.silence.By = cmp.Or(o.silence.By, s.env("USER"), "unknown")
			return silence(cmd.Context(), o)
		},
	}
	addData(cmd, &o.data)
	flags := cmd.Flags()
	flags.StringVar(&o.silence.API, "api", "", "only of this API")
	flags.StringVar(&o.length, "for", "", "how long: 30m, 2h, 1d")
	flags.StringVar(&o.silence.Reason, "reason", "", "why; it is shown beside what is held back")
	flags.StringVar(&o.silence.By, "by", "", "who says so (default $USER)")
	for _, name := range []string{"for", "reason"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that the command does not have
		}
	}
	return cmd
}

func silence(ctx context.Context, o *silenceOptions) (err error) {
	history, err := openData(o.data, o.streams)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, history.Close()) }()
	if warning, err := unheardOf(ctx, history, o.silence); err != nil {
		return err
	} else if warning != "" {
		_, _ = fmt.Fprintf(o.streams.Err, "warning: %s\n", warning)
	}
	added, err := history.AddSilence(ctx, o.silence)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.streams.Out, "%s until %s\n", added.ID, stamp(added.Until))
	return err
}

// unheardOf says what the history does not know of a silence, which is most often a slip of the pen.
func unheardOf(ctx context.Context, history *store.Store, s store.Silence) (string, error) {
	runs, err := history.Runs(ctx, store.Query{Environment: s.Environment, Limit: 1})
	switch {
	case err != nil:
		return "", err
	case len(runs) == 0:
		return fmt.Sprintf("there is no run of an environment %q in this history", s.Environment), nil
	case s.API == "":
		return "", nil
	}
	last, err := history.Report(ctx, runs[0].ID)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(last.Results, func(r probe.Result) bool { return r.API == s.API }) {
		return fmt.Sprintf("the last run of %q asked no API %q", s.Environment, s.API), nil
	}
	return "", nil
}

type silencesOptions struct {
	streams Streams
	data    string
	format  choice
}

// silencesDocument is what programs read.
type silencesDocument struct {
	Version  int             `json:"version"`
	Silences []store.Silence `json:"silences"`
}

func newAlertSilencesCommand(s Streams) *cobra.Command {
	o := &silencesOptions{streams: s, format: newChoice(tableFormat, jsonFormat)}
	cmd := &cobra.Command{
		Use:   "silences",
		Short: "List the silences that are not over",
		Args:  arguments(0, 0, "argument"),
		RunE:  func(cmd *cobra.Command, _ []string) error { return silences(cmd.Context(), o) },
	}
	addData(cmd, &o.data)
	addChoice(cmd, &o.format, "format", "how to show them")
	return cmd
}

func silences(ctx context.Context, o *silencesOptions) (err error) {
	history, err := openData(o.data, o.streams)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, history.Close()) }()
	list, err := history.Silences(ctx, time.Now())
	if err != nil {
		return err
	}
	if o.format.value == jsonFormat {
		return writeJSON(o.streams.Out, silencesDocument{Version: 1, Silences: list})
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(o.streams.Out, "nothing is silenced")
		return err
	}
	return writeSilences(o.streams.Out, list)
}

func writeSilences(w io.Writer, list []store.Silence) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { _, _ = fmt.Fprintln(t, strings.Join(cells, "\t")) } // Flush tells of errors
	row("ID", "ENVIRONMENT", "API", "UNTIL", "BY", "REASON")
	for _, s := range list {
		row(s.ID, oneLine(s.Environment), oneLine(cmp.Or(s.API, "all")), stamp(s.Until), oneLine(s.By), oneLine(s.Reason))
	}
	return t.Flush()
}

// oneLine takes out what would break a table, or the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

func newAlertUnsilenceCommand(s Streams) *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:               "unsilence ID",
		Short:             "End a silence now",
		Long:              "Unsilence ends a silence. The beginning of its id will do, where no other begins so.",
		Args:              arguments(1, 1, "id of a silence"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, args []string) error { return unsilence(cmd.Context(), s, data, args[0]) },
	}
	addData(cmd, &data)
	return cmd
}

func unsilence(ctx context.Context, s Streams, data, id string) (err error) {
	history, err := openData(data, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, history.Close()) }()
	list, err := history.Silences(ctx, time.Now())
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(one store.Silence) bool { return id == "" || !strings.HasPrefix(one.ID, id) })
	if len(list) != 1 {
		return hinted{fmt.Errorf("unsilence: got %q, which begins the id of %s, want that of one", id, count(len(list), "silence")), "probe alert silences lists them"}
	}
	if err := history.EndSilence(ctx, list[0].ID); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.Out, "%s has ended\n", list[0].ID)
	return err
}
