// Package cli is the command line of probe: one file a command, each with a constructor that reads flags into options
// and a function that runs them. It is the only package that joins the sandbox with the prober.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Run runs the command that args name and returns the code that the process should exit with. The first SIGINT or
// SIGTERM ends what runs in good order; the second kills the process.
func Run(ctx context.Context, args []string, streams Streams) ExitCode {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from here on, a signal does what it does to any process

	root := newRootCommand(streams)
	root.SetArgs(append([]string{}, args...)) // without any, cobra would take those of the process
	err := root.ExecuteContext(ctx)
	printError(streams.Err, err)
	return exitCode(err)
}

func newRootCommand(s Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "probe",
		Short: "Check that each authorization layer of your API Gateway APIs still does its work",
		Long: `probe sends requests that must be refused, and one for each route that must be accepted, to APIs on Amazon API
Gateway, and says which layer answered each of them, how sure that is, and what is open that should be shut.

` + exitCodeHelp,
		Example: `  probe run sandbox               # needs no configuration and no AWS account
  probe validate                  # every mistake in probe.yaml at once
  probe plan prod                 # what a run would send; sends nothing
  probe run prod`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownCommand(cmd, args[0])
		},
		RunE:                  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		DisableFlagsInUseLine: true,
		SilenceErrors:         true,
		SilenceUsage:          true,
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return hinted{err, seeHelp(cmd)}
	})
	root.AddCommand(
		newRunCommand(s),
		newPlanCommand(s),
		newServeCommand(s),
		newExplainCommand(s),
		newDoctorCommand(s),
		newDiffCommand(s),
		newReplayCommand(s),
		newHistoryCommand(s),
		newValidateCommand(s),
		newDiscoverCommand(s),
		newLogsCommand(s),
		newSchemaCommand(s),
		newScenariosCommand(s),
		newCausesCommand(s),
		newManifestCommand(s),
		newAlertCommand(s),
		newSandboxCommand(s),
		newVersionCommand(s),
	)
	return root
}

func unknownCommand(root *cobra.Command, name string) error {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	hint := seeHelp(root)
	if near := nearest(names, name); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return hinted{fmt.Errorf("unknown command %q", name), hint}
}

// arguments allows between least and most positional arguments; what names one in messages.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return hinted{errors.New("got no " + what + ", want one"), seeHelp(cmd)}
		case len(args) > most:
			return hinted{fmt.Errorf("got %s, want %s", quoteAll(args), atMost(most, what)), seeHelp(cmd)}
		}
		return nil
	}
}

func atMost(n int, what string) string {
	if n == 0 {
		return "no arguments"
	}
	return "one " + what
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(quoted, " ")
}

func seeHelp(cmd *cobra.Command) string { return fmt.Sprintf("see %s --help", cmd.CommandPath()) }
