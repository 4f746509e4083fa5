package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"apigwprobe/internal/capture"
	"apigwprobe/internal/evidence"
	"apigwprobe/internal/logging"
	"apigwprobe/probe"

	"github.com/spf13/cobra"
)

type logsTailOptions struct {
	streams          Streams
	environment, api string
	config           string
	since, until     time.Duration
	bounded          bool
	format           choice
}

const jsonLinesFormat = "jsonl"

func newLogsTailCommand(s Streams) *cobra.Command {
	o := &logsTailOptions{streams: s, format: newChoice(textFormat, jsonLinesFormat)}
	cmd := &cobra.Command{
		Use:   "tail ENV API",
		Short: "Show the requests that a stage logs as they come, with the layer that answered each",
		Long: `Tail follows the access log of an API's stage and shows each entry on one line: time, status, method, path, the layer that
answered and why, how sure that is, and the request id. Where the stage writes an execution log, too, its lines support the
entry of their request, which waits for them for some seconds; alone, it is shown itself.

Entries are ordered by time as far as they are there: the delivery of logs may lag by minutes. It only reads, until it is
interrupted or the time of --for is over. What a right is missing for is named.

Exit codes: 0 the time was over; 1 the stage writes no log; 2 usage or configuration is wrong; 3 no log could be read; 130
interrupted.`,
		Example: `  probe logs tail prod orders
  probe logs tail prod orders --since 1h --for 0s
  probe logs tail prod orders --for 1m --format jsonl`,
		Args:              oneAPI,
		ValidArgsFunction: completeAPI(&o.config),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.environment, o.api = args[0], args[1]
			o.bounded = cmd.Flags().Changed("for")
			if o.since < 0 || o.until < 0 {
				return hinted{errors.New("--since, --for: got a negative time, want 0 or more"), seeHelp(cmd)}
			}
			return logsTail(cmd.Context(), o)
		},
	}
	addConfig(cmd, &o.config)
	cmd.Flags().DurationVar(&o.since, "since", 10*time.Minute, "begin with what was logged this long ago")
	cmd.Flags().DurationVar(&o.until, "for", 0, "end after this time; 0s: show what is there; without it, when interrupted")
	addChoice(cmd, &o.format, "format", "how to show it: lines, or a JSON object on each")
	return cmd
}

func logsTail(ctx context.Context, o *logsTailOptions) error {
	env, api, err := openDeployed(o.config, o.environment, o.api)
	if err != nil {
		return err
	}
	defer env.close()
	account, err := evidence.Open(ctx, math.MaxInt, env.settings()...) // as long as it goes
	if err != nil {
		return err
	}
	t, err := o.tail(ctx, account, api)
	if err != nil {
		return err
	}
	limited, cancel := ctx, context.CancelFunc(func() {})
	if o.until > 0 {
		limited, cancel = context.WithTimeout(ctx, o.until)
	}
	defer cancel()
	err = t.Run(limited, time.Now().Add(-o.since), o.bounded && o.until == 0)
	switch {
	case logging.Unreadable(err):
		return outcome(ExitInconclusive)
	case err == nil && ctx.Err() != nil:
		return outcome(ExitInterrupted) // what was there is shown
	}
	return err
}

// tail finds the logs of the stage.
func (o *logsTailOptions) tail(ctx context.Context, account *evidence.Account, api probe.API) (*logging.Tail, error) {
	has := account.LogSettings(ctx, api)
	for _, note := range has.Notes {
		o.note(note)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	plan := fmt.Sprintf("probe logs plan %s %s says what to change", o.environment, o.api)
	switch {
	case has.NoStage:
		o.note(fmt.Sprintf("there is no %s API %s with a stage %q in %s", api.Type, api.ID, api.Stage, api.Region))
		return nil, outcome(ExitFail)
	case has.Stage == nil:
		return nil, outcome(ExitInconclusive)
	}
	t := &logging.Tail{
		Read: func(ctx context.Context, group string, since time.Time) iter.Seq2[evidence.LogEvent, error] {
			return account.Events(ctx, api.Region, has.Account, group, since)
		},
		Write: o.write, Note: o.note, Access: evidence.GroupOf(has.Stage.Destination),
	}
	if slices.ContainsFunc(has.Stage.Execution, evidence.ExecutionLevel.On) {
		t.Execution = evidence.ExecutionGroup(api)
	}
	if t.Access != "" {
		var err error
		if t.Format, err = capture.ParseLogFormat(has.Stage.Format); err != nil {
			t.Access = ""
			o.note("the access log is not shown: its format: " + err.Error() + "; " + plan)
		} else if lacks := t.Format.Lacks(api.Type); len(lacks) > 0 {
			o.note(fmt.Sprintf("the access log tells less than it could: its format lacks %s; %s", count(len(lacks), "variable"), plan))
		}
	}
	if t.Access == "" && t.Execution == "" {
		o.note("the stage writes no log that can be read; " + plan)
		return nil, outcome(ExitFail)
	}
	return t, nil
}

func (o *logsTailOptions) note(text string) { _, _ = fmt.Fprintf(o.streams.Err, "note: %s\n", text) }

func (o *logsTailOptions) write(e logging.Entry) error {
	var err error
	if o.format.value == textFormat {
		_, err = fmt.Fprintln(o.streams.Out, e)
	} else {
		enc := json.NewEncoder(o.streams.Out)
		enc.SetEscapeHTML(false)
		err = enc.Encode(e)
	}
	if err != nil {
		return fmt.Errorf("writing an entry: %w", err)
	}
	return nil
}
