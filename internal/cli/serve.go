package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	_ "time/tzdata" // containers have no time zones

	"apigwprobe/internal/causes"
	"apigwprobe/internal/config"
	"apigwprobe/internal/daemon"
	"apigwprobe/internal/metrics"
	"apigwprobe/internal/report"
	"apigwprobe/internal/secrets"
	"apigwprobe/internal/store"
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
	data         string
	keep         string
	web          webOptions

	log      *slog.Logger
	warned   string       // warnings of the configuration that were logged
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

The history is kept in the file of --data, or that which $PROBE_DATA names, or probe.db; probe history reads it. Alerts
go to the destinations of the configuration. Over HTTP it answers /api/v1/…, /metrics, /healthz and /readyz, on loopback
unless told otherwise.

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
	flags.StringVar(&o.data, "data", "", fmt.Sprintf("file of the history (default $%s, or %s)", dataVariable, defaultData))
	flags.StringVar(&o.keep, "keep", "90d", "how long runs are kept in the history; 0: for ever")
	o.web.add(cmd)
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
	keep, err := age(o.keep)
	if err != nil {
		return hinted{fmt.Errorf("--keep: %w", err), "see probe serve --help"}
	}
	if err := o.web.prepare(o.streams); err != nil {
		return err
	}
	// What is wrong is told before there is a file of history.
	if first, err := o.load(); err != nil {
		return err
	} else if err := first.Check(); err != nil {
		return err
	}
	history, err := store.Open(cmp.Or(o.data, o.streams.env(dataVariable), defaultData))
	if err != nil {
		return err
	}
	counted := metrics.New(buildVersion()).WithProcess()
	d, err := daemon.New(ctx, daemon.Options{
		Load: o.load, Fingerprint: func() string { return config.Fingerprint(o.config) },
		Log: o.log, Meter: counted, Keep: history,
	})
	if err == nil {
		err = o.run(ctx, d, history, counted, keep)
	}
	return errors.Join(err, history.Close())
}

// run probes and answers until ctx ends, and then until what goes on has ended.
func (o *serveOptions) run(ctx context.Context, d *daemon.Daemon, history *store.Store, counted *metrics.Metrics, keep time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	listener, err := o.web.listen()
	if err != nil {
		return err
	}
	o.log.Info("answering", "address", o.web.address(listener))
	web := &daemon.Web{
		Daemon: d, Access: o.web.access, TLS: o.web.tls, Store: history, Metrics: counted.Handler(),
		Media: mediaType, Render: o.render, Style: report.Style(),
	}
	served := make(chan error, 1)
	go func() {
		served <- web.Serve(ctx, listener)
		cancel() // a daemon that nobody can ask ends
	}()
	var pruning sync.WaitGroup
	pruning.Go(func() { o.prune(ctx, history, keep) })
	defer pruning.Wait()
	defer cancel()
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
	err = d.Run(ctx)
	cancel()
	return errors.Join(err, <-served)
}

// prune removes what is older than keep from the history, every day.
func (o *serveOptions) prune(ctx context.Context, history *store.Store, keep time.Duration) {
	for {
		if removed, err := history.Compact(ctx, store.Retention{Runs: keep}); err != nil && ctx.Err() == nil {
			o.log.Error("removing old runs", "error", err)
		} else if removed > 0 {
			o.log.Info("old runs were removed", "runs", removed)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(24 * time.Hour):
		}
	}
}

// load reads the environments that are to be served.
func (o *serveOptions) load() (daemon.Configuration, error) {
	var c daemon.Configuration
	var file *config.File
	if !slices.Equal(o.environments, []string{builtin}) || o.config != defaultConfig || !missing(o.config) {
		loaded, err := loadConfig(o.config)
		if err != nil {
			return c, err
		}
		file = loaded
		c.Alerts, c.Heartbeat = alertSettings(file.Alerts()), heartbeat(file.Alerts())
		o.warn(file)
	}
	names, err := o.names(file)
	if err != nil {
		return c, err
	}
	for _, name := range names {
		from := file
		if name == builtin && (file == nil || !slices.Contains(file.Environments(), name)) {
			if o.sandbox == nil {
				if o.sandbox, err = openBuiltin(nil); err != nil {
					return c, err
				}
			}
			from = o.sandbox.file
		}
		one, err := o.environment(from, name)
		if err != nil {
			return c, err
		}
		c.Environments = append(c.Environments, one)
	}
	return c, nil
}

// warn logs what is allowed and unwise, once.
func (o *serveOptions) warn(file *config.File) {
	all := strings.Join(file.Warnings, "\n")
	if all == o.warned {
		return
	}
	o.warned = all
	for _, warning := range file.Warnings {
		o.log.Warn(warning)
	}
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
	windows, err := maintenance(file, name)
	if err != nil {
		return daemon.Environment{}, err
	}
	return daemon.Environment{Matrix: matrix, Maintenance: windows, Run: func(ctx context.Context, job daemon.Job) (iter.Seq[probe.Event], error) {
		return o.probe(ctx, file, name, job)
	}}, nil
}

// maintenance are the windows of an environment, as the daemon keeps them.
func maintenance(file *config.File, name string) ([]daemon.Maintenance, error) {
	declared, err := file.Maintenance(name)
	if err != nil {
		return nil, err
	}
	var windows []daemon.Maintenance
	for _, m := range declared {
		starts, err := daemon.NewTimetable(name, m.Schedule, m.Timezone)
		if err != nil {
			return nil, err
		}
		windows = append(windows, daemon.Maintenance{
			Starts: starts, For: m.For, From: m.From, Until: m.Until, Reason: m.Reason, Pause: m.Pause,
		})
	}
	return windows, nil
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

// probe makes one run. Certificates, keys, secrets and identities are read anew.
func (o *serveOptions) probe(ctx context.Context, file *config.File, name string, job daemon.Job) (iter.Seq[probe.Event], error) {
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
