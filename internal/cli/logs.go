package cli

import (
	"cmp"
	"fmt"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"
)

func newLogsCommand(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Prepare the logs of a stage, and follow them with the layer that answered each request",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownCommand(cmd, args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLogsPlanCommand(s), newLogsFormatCommand(s), newLogsTailCommand(s))
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

// oneAPI wants the names of an environment and of one of its APIs.
func oneAPI(cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return hinted{fmt.Errorf("got %s, want an environment and an API", cmp.Or(quoteAll(args), "nothing")), seeHelp(cmd)}
	}
	return nil
}

// settings lead to the AWS account of the environment: the sandbox has its own.
func (e *environment) settings() []func(*config.LoadOptions) error {
	if e.sandbox == nil {
		return nil
	}
	return accountOf(e.sandbox)
}

// openDeployed opens an environment, and finds an API in it that can be found in an account.
func openDeployed(path, in, name string) (*environment, probe.API, error) {
	env, err := openEnvironment(path, in, nil)
	if err != nil {
		return nil, probe.API{}, err
	}
	api, err := env.api(name)
	if err == nil && (api.ID == "" || api.Region == "" || api.Stage == "") {
		err = fmt.Errorf("API %q: got no id, region or stage in the configuration, want all to find it in the account", name)
	}
	if err != nil {
		env.close()
	}
	return env, api, err
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
