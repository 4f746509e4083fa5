package cli

import (
	"fmt"

	"apigwprobe/probe"

	"github.com/spf13/cobra"
)

func newLogsCommand(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Write the format of access logs that tell layers apart, and explain one that is there",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownCommand(cmd, args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLogsFormatCommand(s))
	return cmd
}

// completeAPI completes an environment and then one of its APIs.
func completeAPI(path *string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return environmentNames(*path), cobra.ShellCompDirectiveNoFileComp
		case 1:
			f := filters{config: *path}
			return f.words(args, func(a probe.API) []string { return []string{a.Name} }), cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// api is the outline of an API of the environment.
func (e *environment) api(name string) (probe.API, error) {
	plan, err := outline(e.file, e.name)
	if err != nil {
		return probe.API{}, err
	}
	names := make([]string, len(plan.APIs))
	for i, api := range plan.APIs {
		if api.Name == name {
			return api, nil
		}
		names[i] = api.Name
	}
	hint := "it has " + quoteAll(names)
	if near := nearest(names, name); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return probe.API{}, hinted{fmt.Errorf("environment %q: got no API %q", e.name, name), hint}
}
