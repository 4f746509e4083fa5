package cli

import (
	"context"
	"fmt"
	"io"

	"apigwprobe/internal/config"
	"apigwprobe/probe"

	"github.com/spf13/cobra"
)

type validateOptions struct {
	streams      Streams
	config       string
	environments []string // none: all
	resolve      bool
	print        bool
}

func newValidateCommand(s Streams) *cobra.Command {
	o := &validateOptions{streams: s}
	cmd := &cobra.Command{
		Use:   "validate [ENV...]",
		Short: "Check the configuration and report every mistake at once",
		Long: `Validate reads the whole configuration and reports every mistake with its line on standard error. With ENV, what it
counts, resolves and prints is of these environments.

No secret is resolved unless --resolve asks for it: then each reference is tried, and each principal is asked who AWS
takes it for. Values are never shown. Any mistake, and anything that does not resolve, exits with 2.`,
		Example: `  probe validate
  probe validate prod --resolve
  probe validate prod --print   # every setting that holds, and the line that it comes from`,
		ValidArgsFunction: func(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			file, err := loadConfig(o.config)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return file.Environments(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.environments = args
			return validate(cmd.Context(), o)
		},
	}
	addConfig(cmd, &o.config)
	flags := cmd.Flags()
	flags.BoolVar(&o.resolve, "resolve", false, "resolve every reference and principal, without showing values")
	flags.BoolVar(&o.print, "print", false, "print every setting that holds, and where it comes from")
	return cmd
}

func validate(ctx context.Context, o *validateOptions) error {
	file, err := loadConfig(o.config)
	if err != nil {
		return err
	}
	warn(o.streams.Err, file)
	if len(o.environments) == 0 {
		o.environments = file.Environments()
	}
	plans := make([]probe.Plan, len(o.environments))
	for i, name := range o.environments {
		if plans[i], err = outline(file, name); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(o.streams.Out, "%s: ok: %s\n", o.config, inventory(plans)); err != nil {
		return err
	}
	if o.print {
		if err := printSettings(o.streams.Out, file, o.environments); err != nil {
			return err
		}
	}
	if o.resolve {
		return resolveAll(ctx, o.streams, file, o.environments)
	}
	return nil
}

// inventory is "2 environments, 3 APIs, 14 routes".
func inventory(plans []probe.Plan) string {
	apis, routes := 0, 0
	for _, p := range plans {
		apis += len(p.APIs)
		for _, a := range p.APIs {
			routes += len(a.Routes)
		}
	}
	return fmt.Sprintf("%s, %s, %s", count(len(plans), "environment"), count(apis, "API"), count(routes, "route"))
}

func printSettings(w io.Writer, file *config.File, environments []string) error {
	for _, name := range environments {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := file.Print(w, name); err != nil {
			return err
		}
	}
	return nil
}
