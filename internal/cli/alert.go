package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"apigwprobe/internal/alert"
	"apigwprobe/internal/config"

	"github.com/spf13/cobra"
)

func newAlertCommand(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "alert",
		Short: "Test the destinations of alerts, and silence alerts",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownCommand(cmd, args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAlertTestCommand(s), newAlertSilenceCommand(s), newAlertSilencesCommand(s), newAlertUnsilenceCommand(s))
	return cmd
}

type alertTestOptions struct {
	streams     Streams
	config      string
	destination string
}

func newAlertTestCommand(s Streams) *cobra.Command {
	o := &alertTestOptions{streams: s}
	cmd := &cobra.Command{
		Use:   "test",
		Short: "Send a test alert to each destination, and say what each answered",
		Long: `Test sends an alert of severity info that names itself a test to every destination of the configuration, whatever severity
they want, and pings the heartbeat. At an Alertmanager it is resolved after a minute.

Exit codes: 0 all took it; 1 one did not; 2 usage or configuration is wrong.`,
		Example: `  probe alert test
  probe alert test --destination pager`,
		Args: arguments(0, 0, "argument"),
		RunE: func(cmd *cobra.Command, _ []string) error { return alertTest(cmd.Context(), o) },
	}
	addConfig(cmd, &o.config)
	cmd.Flags().StringVar(&o.destination, "destination", "", "only this one")
	complete(cmd, "destination", func() []string {
		file, err := loadConfig(o.config)
		if err != nil {
			return nil
		}
		return destinationNames(file.Alerts())
	})
	return cmd
}

func alertTest(ctx context.Context, o *alertTestOptions) error {
	file, err := loadConfig(o.config)
	if err != nil {
		return err
	}
	warn(o.streams.Err, file)
	declared := file.Alerts()
	if declared == nil {
		return hinted{errors.New("alert test: got a configuration without alerts, want alerts with destinations"), "config.example.yaml has some"}
	}
	names := destinationNames(declared)
	if o.destination != "" && !slices.Contains(names, o.destination) {
		err := fmt.Errorf("--destination: got %q, want %s", o.destination, quoteAll(names))
		if near := nearest(names, o.destination); near != "" {
			return hinted{err, fmt.Sprintf("did you mean %q?", near)}
		}
		return err
	}
	failed := false
	say := func(name string, err error) error {
		answer := "took it"
		if err != nil {
			answer, failed = err.Error(), true
		}
		_, err = fmt.Fprintf(o.streams.Out, "%s: %s\n", name, answer)
		return err
	}
	message := alert.Sample(time.Now())
	for _, t := range alertSettings(declared).Targets {
		if o.destination != "" && o.destination != t.Name() {
			continue
		}
		if err := say(t.Name(), t.Send(ctx, message, message.At)); err != nil {
			return err
		}
	}
	if h := heartbeat(declared); h != nil && o.destination == "" {
		if err := say("heartbeat", h.Beat(ctx)); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if failed {
		return outcome(ExitFail)
	}
	return nil
}

func destinationNames(a *config.Alerts) []string {
	var names []string
	if a != nil {
		for _, d := range a.Destinations {
			names = append(names, d.Name)
		}
	}
	return names
}
