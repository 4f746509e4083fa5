package cli

import (
	"slices"

	"apigwprobe/internal/config"
	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/spf13/cobra"
)

// complete completes a flag with words that are known without looking.
func complete(cmd *cobra.Command, flag string, words func() []string) {
	completeFrom(cmd, flag, func([]string) []string { return words() })
}

// completeFrom completes a flag with words that depend on the arguments so far.
func completeFrom(cmd *cobra.Command, flag string, words func(args []string) []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return words(args), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // a flag that the command does not have
	}
}

// completeEnvironment completes one argument with the environments of the configuration at path.
func completeEnvironment(path *string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return environmentNames(*path), cobra.ShellCompDirectiveNoFileComp
	}
}

// environmentNames are what run takes: the environments of the configuration, and the built-in one.
func environmentNames(path string) []string {
	var names []string
	if file, err := loadConfig(path); err == nil {
		names = file.Environments()
	}
	if !slices.Contains(names, builtin) {
		names = append(names, builtin)
	}
	return names
}

func (f *filters) addCompletions(cmd *cobra.Command) {
	for flag, of := range map[string]func(probe.API) []string{
		"api": func(a probe.API) []string { return []string{a.Name} },
		"route": func(a probe.API) []string {
			var names []string
			for _, r := range a.Routes {
				names = append(names, r.Name())
			}
			return names
		},
		"access": func(a probe.API) []string {
			var names []string
			for _, x := range a.Accesses() {
				names = append(names, string(x.Kind), x.Name())
			}
			return names
		},
	} {
		completeFrom(cmd, flag, func(args []string) []string { return f.words(args, of) })
	}
	complete(cmd, "scenario", func() []string { return append(scenarios.Names(), probe.SelectControl) })
}

// words collects what the APIs of the named environment have, of the whole configuration if none is named yet. A
// configuration with mistakes has nothing to offer, and completion is not the place to complain.
func (f *filters) words(args []string, of func(probe.API) []string) []string {
	var words []string
	for _, plan := range f.outlines(args) {
		for _, api := range plan.APIs {
			for _, w := range of(api) {
				if !slices.Contains(words, w) {
					words = append(words, w)
				}
			}
		}
	}
	return words
}

func (f *filters) outlines(args []string) []probe.Plan {
	var file *config.File
	names := args
	if len(args) == 1 {
		env, err := openEnvironment(f.config, args[0], nil)
		if err != nil {
			return nil
		}
		defer env.close()
		file = env.file
	} else {
		loaded, err := loadConfig(f.config)
		if err != nil {
			return nil
		}
		file, names = loaded, loaded.Environments()
	}
	var plans []probe.Plan
	for _, name := range names {
		if plan, err := outline(file, name); err == nil {
			plans = append(plans, plan)
		}
	}
	return plans
}
