package cli

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // containers have no time zones

	"apigwprobe/internal/causes"
	"apigwprobe/internal/config"
	"apigwprobe/internal/daemon"
	"apigwprobe/internal/secrets"
	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/spf13/cobra"
)

// builtinSchedule is that of the built-in sandbox, which has no configuration that could say another.
const builtinSchedule = "@every 1m"

type serveOptions struct {
	streams      Streams
	environments []string // none: all that have a schedule
	config       string
	schedule     string
	labels       labels
	logFormat    choice

	log      *slog.Logger
	sandbox  *environment // the built-in one, once it is asked for
	resolver secrets.Resolver
}

func newServeCommand(s Streams) *cobra.Command {
	o := &serveOptions{streams: s, logFormat: newChoice("text", "json")}
	cmd := &cobra.Command{
		Use:   "serve [ENV...]",
		Short: "Probe environments on their schedules, until stopped",
		Long: `Serve makes the runs of probe run on the schedules of the configuration: of the environments that are named, or of all that
have a schedule. What is due while a run of the environment goes on is skipped; of what was missed while the machine
slept, one run is made up for. Both are logged.

A configuration that changes is read again, at the latest within ten seconds, or at once on SIGHUP. One with mistakes
changes nothing. On SIGTERM, runs get a moment, are interrupted then, and are reported all the same.`,
		Example: `  probe serve
  probe serve prod staging --config /etc/probe
  probe serve sandbox --schedule "@every 10s"`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return environmentNames(o.config), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.environments = args
			return o.serve(cmd.Context())
		},
	}
	addConfig(cmd, &o.config)
	flags := cmd.Flags()
	flags.StringVar(&o.schedule, "schedule", "", `when to probe, in place of the configuration's: five cron fields, or "@every 15m"`)
	flags.Var(&o.labels, "label", "name=value to keep with each result; repeatable")
	addChoice(cmd, &o.logFormat, "log-format", "how to log to standard error")
	return cmd
}

func (o *serveOptions) serve(ctx context.Context) error {
	o.log = slog.New(slog.NewTextHandler(o.streams.Err, nil))
	if o.logFormat.value == "json" {
		o.log = slog.New(slog.NewJSONHandler(o.streams.Err, nil))
	}
	defer func() {
		if o.sandbox != nil {
			o.sandbox.close()
		}
	}()
	d, err := daemon.New(ctx, daemon.Options{
		Load: o.load, Fingerprint: func() string { return config.Fingerprint(o.config) }, Log: o.log,
	})
	if err != nil {
		return err
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hup:
				d.Reload()
			}
		}
	}()
	for _, e := range d.Status().Environments {
		o.log.Info("an environment is probed", "environment", e.Name, "schedule", e.Schedule, "next", e.Next)
	}
	return d.Run(ctx)
}

// load reads the environments that are to be served.
func (o *serveOptions) load() ([]daemon.Environment, error) {
	var file *config.File
	if !slices.Equal(o.environments, []string{builtin}) || o.config != defaultConfig || !missing(o.config) {
		loaded, err := loadConfig(o.config)
		if err != nil {
			return nil, err
		}
		file = loaded
		for _, warning := range file.Warnings {
			o.log.Warn(warning)
		}
	}
	names, err := o.names(file)
	if err != nil {
		return nil, err
	}
	var list []daemon.Environment
	for _, name := range names {
		from := file
		if name == builtin && (file == nil || !slices.Contains(file.Environments(), name)) {
			if o.sandbox == nil {
				if o.sandbox, err = openBuiltin(nil); err != nil {
					return nil, err
				}
			}
			from = o.sandbox.file
		}
		one, err := o.environment(from, name)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// names are those of the environments to serve, each once.
func (o *serveOptions) names(file *config.File) ([]string, error) {
	names := slices.Clone(o.environments)
	if len(names) > 0 {
		slices.Sort(names)
		return slices.Compact(names), nil
	}
	for _, name := range file.Environments() {
		plan, err := outline(file, name)
		if err != nil {
			return nil, err
		}
		if plan.Schedule != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, hinted{
			fmt.Errorf("configuration %q: got no environment with a schedule, want one", o.config),
			"probe serve " + strings.Join(file.Environments(), " ") + ` --schedule "*/15 * * * *" probes all there are`,
		}
	}
	return names, nil
}

// environment makes what the daemon needs of one: its matrix as it stands, and how to run it.
func (o *serveOptions) environment(file *config.File, name string) (daemon.Environment, error) {
	plan, err := outline(file, name)
	if err != nil {
		return daemon.Environment{}, err
	}
	o.override(&plan, file)
	matrix, err := probe.NewMatrix(&plan, scenarios.All(), probe.Selection{})
	if err != nil {
		return daemon.Environment{}, fmt.Errorf("environment %q: %w", name, err)
	}
	return daemon.Environment{Matrix: matrix, Run: func(ctx context.Context, job daemon.Job) (iter.Seq[probe.Event], error) {
		return o.run(ctx, file, name, job)
	}}, nil
}

// override puts what flags say in the place of what the configuration does.
func (o *serveOptions) override(plan *probe.Plan, file *config.File) {
	if o.sandbox != nil && file == o.sandbox.file {
		plan.Schedule = builtinSchedule
	}
	if o.schedule != "" {
		plan.Schedule = o.schedule
	}
}

// run makes one run. Certificates, keys, secrets and identities are read anew.
func (o *serveOptions) run(ctx context.Context, file *config.File, name string, job daemon.Job) (iter.Seq[probe.Event], error) {
	plan, err := file.Plan(name)
	if err != nil {
		return nil, err
	}
	matrix, err := probe.NewMatrix(&plan, scenarios.All(), probe.Selection{APIs: job.APIs})
	if err != nil {
		return nil, err
	}
	return matrix.Run(ctx, probe.RunOptions{
		Resolve: func(ctx context.Context, plan *probe.Plan, needs probe.Needs) probe.Material {
			return o.resolver.Resolve(ctx, *plan, needs)
		},
		Next: causes.Next, Labels: o.labels.and(job.Labels), Version: buildVersion(),
	}), nil
}
