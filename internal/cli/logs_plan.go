package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"apigwprobe/internal/evidence"
	"apigwprobe/internal/logging"

	"github.com/spf13/cobra"
)

type logsPlanOptions struct {
	streams          Streams
	environment, api string
	config           string
	retention        int
	format           choice
}

func newLogsPlanCommand(s Streams) *cobra.Command {
	o := &logsPlanOptions{streams: s, format: newChoice(textFormat, jsonFormat)}
	cmd := &cobra.Command{
		Use:   "plan ENV API",
		Short: "Say what the logs of an API's stage lack, and print the commands for it and back; change nothing",
		Long: `Plan looks at the account: where the stage writes its access log and in which format, how much of an execution log it
writes, whether the log group is there and for how long it keeps entries, and who may write to it: for REST and WebSocket
APIs the role of API Gateway in the region, for HTTP APIs the resource policies of CloudWatch Logs.

It prints what is there and what is missing, how the format would change, the commands of the AWS CLI for it, and those that
lead back to what is there now. It runs none of them. A format that is there is kept as far as it goes: keys are added.

All standard settings of AWS's tools work, as for probe discover; it only reads. What a right is missing for is named.

Exit codes: 0 nothing is missing; 1 something is missing or wrong; 2 usage or configuration is wrong; 3 nothing seems to be
missing, but something could not be seen.`,
		Example: `  probe logs plan prod orders
  probe logs plan sandbox legacy
  probe logs plan prod orders --retention 90 --format json`,
		Args:              oneAPI,
		ValidArgsFunction: completeAPI(&o.config),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.environment, o.api = args[0], args[1]
			if !slices.Contains(logging.Retentions, o.retention) {
				return hinted{fmt.Errorf("--retention: got %d, want a number of days that CloudWatch Logs knows", o.retention), fmt.Sprintf("it knows %v", logging.Retentions)}
			}
			return logsPlan(cmd.Context(), o)
		},
	}
	addConfig(cmd, &o.config)
	cmd.Flags().IntVar(&o.retention, "retention", 30, "days for log groups that keep entries for ever")
	addChoice(cmd, &o.format, "format", "how to show it")
	return cmd
}

func logsPlan(ctx context.Context, o *logsPlanOptions) error {
	env, api, err := openDeployed(o.config, o.environment, o.api)
	if err != nil {
		return err
	}
	defer env.close()
	account, err := evidence.Open(ctx, evidence.DefaultBudget, env.settings()...)
	if err != nil {
		return err
	}
	plan := logging.New(api, account.Logging(ctx, api, logging.Group(api)), o.retention)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := o.write(plan); err != nil {
		return fmt.Errorf("writing the plan: %w", err)
	}
	switch {
	case plan.ToDo():
		return outcome(ExitFail)
	case plan.Incomplete():
		return outcome(ExitInconclusive)
	}
	return nil
}

func (o *logsPlanOptions) write(plan *logging.Plan) error {
	if o.format.value == textFormat {
		return plan.WriteText(o.streams.Out)
	}
	enc := json.NewEncoder(o.streams.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Version int `json:"version"`
		*logging.Plan
	}{1, plan})
}
