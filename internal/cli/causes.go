package cli

import (
	"fmt"
	"slices"

	"apigwprobe/internal/causes"
	"apigwprobe/internal/report"

	"github.com/spf13/cobra"
)

type causesOptions struct {
	streams Streams
	name    string // empty: all
	format  choice
}

func newCausesCommand(s Streams) *cobra.Command {
	o := &causesOptions{streams: s, format: newChoice(tableFormat, jsonFormat)}
	cmd := &cobra.Command{
		Use:   "causes [NAME]",
		Short: "List why a layer may have answered, or explain one cause",
		Long: `Causes lists the layers in the order in which a request meets them, each with the causes that probe can name.

With NAME it explains one: what it is, how it looks, what to check, how to fix it, and the title of an AWS document.`,
		Example: `  probe causes
  probe causes missing-api-key
  probe causes --format json`,
		Args: arguments(0, 1, "cause"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return causeNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.name = args[0]
			}
			return showCauses(o)
		},
	}
	addChoice(cmd, &o.format, "format", "how to show it")
	return cmd
}

// causeNames are the names of all causes, each once.
func causeNames() []string {
	var names []string
	for _, page := range causes.Pages() {
		if name := string(page.Cause); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func showCauses(o *causesOptions) error {
	pages := causes.Pages()
	if o.name != "" {
		pages = causes.Named(o.name)
	}
	switch {
	case len(pages) == 0:
		hint := "probe causes lists them"
		if near := nearest(causeNames(), o.name); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return hinted{fmt.Errorf("unknown cause %q", o.name), hint}
	case o.format.value == jsonFormat:
		return writeJSON(o.streams.Out, pages)
	}
	if o.name == "" {
		return report.Causes(o.streams.Out, o.streams.look(), pages)
	}
	return report.Explain(o.streams.Out, o.streams.look(), pages)
}
