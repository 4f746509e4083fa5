package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"apigwprobe/internal/config"
	"apigwprobe/internal/manifest"
	"apigwprobe/probe"

	"github.com/spf13/cobra"
)

type manifestOptions struct {
	streams      Streams
	kind         manifest.Kind
	environments []string
	commands     []string
	config       string
	output       string
}

func newManifestCommand(s Streams) *cobra.Command {
	o := &manifestOptions{streams: s}
	cmd := &cobra.Command{
		Use:   "manifest KIND [ENV...]",
		Short: "Print ready files for the systems that the prober works with",
		Long: `Manifest prints files for other systems. Those of a kind that concerns environments are filled from the configuration,
for the environments that are named or for all of them; no secret is resolved, and none stands in them.

Kinds:
` + manifestHelp(),
		Example: `  probe manifest systemd prod
  probe manifest iam-policy --command discover
  probe manifest iam-policy --command run-with-account prod`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return hinted{errors.New("got no kind, want one"), seeHelp(cmd)}
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return manifestNames(), cobra.ShellCompDirectiveNoFileComp
			}
			return environmentNames(o.config), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, err := manifest.Find(args[0])
			if err != nil {
				hint := seeHelp(cmd)
				if near := nearest(manifestNames(), args[0]); near != "" {
					hint = fmt.Sprintf("did you mean %q?", near)
				}
				return hinted{err, hint}
			}
			o.kind, o.environments = kind, args[1:]
			if err := o.check(); err != nil {
				return hinted{err, seeHelp(cmd)}
			}
			return showManifest(o)
		},
	}
	addConfig(cmd, &o.config)
	cmd.Flags().StringVar(&o.output, "output", "", "write to this file, and nothing to standard output")
	cmd.Flags().StringSliceVar(&o.commands, "command", nil, "of iam-policy: only what this needs: "+strings.Join(commandNames(), ", ")+"; repeatable; without it, all but "+invoking)
	complete(cmd, "command", commandNames)
	return cmd
}

func (o *manifestOptions) check() error {
	for _, name := range o.commands {
		if !o.kind.Rights {
			return fmt.Errorf("manifest %q: got --command, want none", o.kind.Name)
		}
		if !slices.Contains(commandNames(), name) {
			return fmt.Errorf("--command: got %q, want one of %s", name, quoteAll(commandNames()))
		}
	}
	return nil
}

func showManifest(o *manifestOptions) error {
	in, err := o.input()
	if err != nil {
		return err
	}
	out, err := createOutput(o.output, o.streams.Out)
	if err != nil {
		return err
	}
	defer out.discard()
	if err := o.kind.Write(out, in); err != nil {
		return fmt.Errorf("writing manifest %q: %w", o.kind.Name, err)
	}
	return out.commit()
}

func (o *manifestOptions) input() (manifest.Input, error) {
	in := manifest.Input{Config: o.config, Say: func(note string) { _, _ = fmt.Fprintf(o.streams.Err, "note: %s\n", note) }}
	if o.kind.Rights {
		return in, o.rights(&in)
	}
	if !o.kind.Environments {
		if len(o.environments) > 0 {
			return in, fmt.Errorf("manifest %q: got %s, want no environment", o.kind.Name, quoteAll(o.environments))
		}
		return in, nil
	}
	file, err := loadConfig(o.config)
	if err != nil {
		return in, err
	}
	if in.Path, err = filepath.Abs(o.config); err != nil {
		return in, err
	}
	in.Texts = file.Texts
	names := o.environments
	if len(names) == 0 {
		names = file.Environments()
	}
	in.Plans, err = outlines(file, names)
	return in, err
}

func outlines(file *config.File, names []string) ([]probe.Plan, error) {
	var plans []probe.Plan
	for _, name := range names {
		plan, err := outline(file, name)
		if err != nil {
			return nil, err
		}
		plans = append(plans, plan)
	}
	return plans, nil
}

// rights finds those of the commands, into what the manifest is made of: for the environments that are named, or, without a configuration, for any.
func (o *manifestOptions) rights(in *manifest.Input) error {
	commands := o.commands
	if len(commands) == 0 {
		commands = slices.DeleteFunc(commandNames(), func(name string) bool { return name == invoking })
	}
	any := anybody()
	any.add(commands)
	in.Wide, in.Rights = any.Own, any.Own
	if len(o.environments) > 0 {
		file, err := loadConfig(o.config)
		if err != nil {
			return err
		}
		w := &wants{file: file}
		if w.plans, err = outlines(file, o.environments); err != nil {
			return err
		}
		w.add(commands)
		in.Rights = w.Own
		slices.Sort(w.Elsewhere)
		for _, note := range slices.Compact(w.Elsewhere) {
			in.Say(note)
		}
	}
	return nil
}

func manifestNames() []string {
	var names []string
	for _, k := range manifest.Kinds() {
		names = append(names, k.Name)
	}
	return names
}

func manifestHelp() string {
	return helpList(manifest.Kinds(), func(k manifest.Kind) (string, string) { return k.Name, k.Help })
}
