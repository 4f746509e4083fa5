package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"apigwprobe/internal/causes"
	"apigwprobe/internal/evidence"
	"apigwprobe/internal/report"
	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/spf13/cobra"
)

type runOptions struct {
	streams     Streams
	environment string
	filters     filters
	pace        pace
	format      choice
	output      string
	reports     reportFiles
	labels      labels
	failOn      failOn
	all         bool
	wait        time.Duration
	diagram     bool
	repro       string
	record      string
	data        string

	correctClock bool
	baseline     baseline
	metrics      metricsOutput
	account      accountFlags

	faults faults
	tour   bool
}

func newRunCommand(s Streams) *cobra.Command {
	o := &runOptions{streams: s, format: formats(), failOn: failOn{probe.Fail, probe.Inconclusive}}
	cmd := &cobra.Command{
		Use:   "run ENV",
		Short: "Probe the APIs of an environment and report which layer answered",
		Long: `Run sends every case of the matrix once, within the rates of the configuration, and reports.

The environment "sandbox" needs no configuration: unless one defines it, a gateway is started on loopback inside the
process. Without any credential in the configuration, everything that must be refused is still probed.

` + exitCodeHelp + `
Findings that the configuration accepts do not count. With skipped in --fail-on, cases that must be refused and were
skipped for want of a credential or of consent end in 3; with new, only what is worse than in the baseline counts; with
findings, what no single case shows ends in 1.

--with-account compares the configuration with the account behind the APIs, too: with what is deployed, and with what is
being edited. What the logs of the stage and the account say of a request decides, too, who may have answered it. It only
reads, with the standard settings of AWS's clients; what it may not read it notes.

Formats:
` + formatHelp(),
		Example: `  probe run sandbox
  probe run sandbox --diagram --fault waf-blocks
  probe run prod --matrix smoke
  probe run prod --after-deploy --baseline last-release.json --fail-on new
  probe run prod --api orders --route "GET /orders/{id}" --scenario unsigned,missing-api-key
  probe run prod --with-account --fail-on fail,inconclusive,findings
  probe run prod --repro "orders/GET /orders/{id}/unsigned"
  probe run prod --format json --output result.json --label commit=$(git rev-parse HEAD)
  probe run prod --report html=report.html --report junit=junit.xml
  probe run prod --metrics-textfile /var/lib/node_exporter/apigwprobe.prom`,
		Args:              arguments(1, 1, "environment"),
		ValidArgsFunction: completeEnvironment(&o.filters.config),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.environment = args[0]
			if err := o.checkDiagram(); err != nil {
				return err
			}
			if o.faults.list {
				return o.faults.show(o.streams, o.format.value)
			}
			if err := o.faults.check(); err != nil {
				return err
			}
			if o.tour {
				return o.showTour(cmd.Context())
			}
			if o.repro != "" {
				return o.showReproduction()
			}
			if err := o.pace.check(cmd); err != nil {
				return err
			}
			if o.wait < 0 {
				return hinted{fmt.Errorf("--wait: got %v, want 0 or more", o.wait), seeHelp(cmd)}
			}
			if err := o.account.check(cmd); err != nil {
				return err
			}
			if err := o.baseline.prepare(cmd, o); err != nil {
				return err
			}
			return run(cmd.Context(), o)
		},
	}
	o.filters.add(cmd)
	o.pace.add(cmd)
	o.faults.add(cmd)
	o.baseline.add(cmd)
	o.metrics.add(cmd)
	o.account.add(cmd)
	cmd.Flags().BoolVar(&o.tour, "tour", false, "show what can reject a request, and how each looks in the built-in sandbox")
	flags := cmd.Flags()
	addChoice(cmd, &o.format, "format", "how to report")
	flags.BoolVar(&o.diagram, "diagram", false, "draw in the table how far each request came, gate by gate")
	flags.StringVar(&o.repro, "repro", "", "print the command that repeats API/ROUTE/SCENARIO by hand, with secrets as variables, and send nothing")
	flags.StringVar(&o.output, "output", "", "write the report to this file, and nothing to standard output")
	addReports(cmd, &o.reports)
	flags.StringVar(&o.record, "record", "", "also write the rejections, redacted, to a new file in this folder: test vectors that explain reads")
	flags.StringVar(&o.data, "data", "", fmt.Sprintf("also keep the run in this file of history (default $%s, if that is set)", dataVariable))
	flags.Var(&o.labels, "label", "name=value to keep with the result; repeatable")
	flags.Var(&o.failOn, "fail-on", "what does not let the run end with 0: fail, inconclusive, skipped, findings; new: only those verdicts that the baseline does not have")
	flags.BoolVar(&o.correctClock, "correct-clock", false, "sign with the gateway's time if the clock of this machine is wrong")
	flags.DurationVar(&o.wait, "wait", 0, "ask again what fails or is inconclusive, until everything passes or so much time is over")
	flags.BoolVar(&o.all, "all", false, "send every variant, even where a gate is known to be open")
	for _, other := range []string{"diagram", "data", "metrics-textfile", "metrics-push", "with-account"} {
		cmd.MarkFlagsMutuallyExclusive("tour", other)
	}
	for _, other := range []string{"format", "output", "report", "record", "data", "diagram", "tour", "metrics-textfile", "metrics-push", "with-account"} {
		cmd.MarkFlagsMutuallyExclusive("repro", other) // it prints a command, and no report
	}
	return cmd
}

func run(ctx context.Context, o *runOptions) error {
	env, err := openEnvironment(o.filters.config, o.environment, o.faults.names)
	if err != nil {
		return err
	}
	defer env.close()
	env.warn(o.streams.Err)
	plan, err := env.plan()
	if err != nil {
		return err
	}
	o.pace.apply(&plan)
	plan.CorrectClock = plan.CorrectClock || o.correctClock
	matrix, err := probe.NewMatrix(&plan, scenarios.All(), o.filters.selected())
	if err != nil {
		return hinted{err, fmt.Sprintf("probe plan %s shows what there is and what it takes", o.environment)}
	}
	account, err := o.account.open(ctx, env)
	if err != nil {
		return err
	}
	outs, err := o.destinations(&plan)
	if err != nil {
		return err
	}
	defer outs.discard()
	if err := o.metrics.begin(matrix, outs); err != nil {
		return err
	}
	defer o.metrics.discard()
	past, err := openHistorian(cmp.Or(o.data, o.streams.env(dataVariable)))
	if err != nil {
		return err
	}
	result, err := o.send(ctx, matrix, account, env, outs, past)
	lost := past.close()
	if err != nil {
		return errors.Join(err, lost)
	}
	// What the run came to stands, even if not every report of it can be written.
	return errors.Join(outs.commit(), lost, o.metrics.end(ctx, plan.Environment), o.conclude(ctx, matrix, result))
}

// send runs the matrix of an environment, and keeps it and reports to outs as it goes.
func (o *runOptions) send(
	ctx context.Context, m *probe.Matrix, account *evidence.Account, env *environment, outs destinations, past *historian,
) (probe.Report, error) {
	out := outs[0]
	var to io.Writer = out
	bar := newProgress(o.streams, out.Writer, len(m.Cases))
	if bar != nil {
		to = bar
	}
	defer bar.end()
	style := o.look(out.output)
	style.Where = env.where()
	outs.start(to, style)
	var result probe.Report
	options := probe.RunOptions{
		Resolve: resolving(account, m.Cases),
		Next:    causes.Next,
		Labels:  o.labels, Version: buildVersion(), All: o.all, Wait: o.wait,
	}
	if account != nil {
		options.Look, options.Testify = account.Look, account.Testify
	}
	for event := range m.Run(ctx, options) {
		event = o.baseline.compare(event)
		past.see(event)
		o.metrics.see(event)
		bar.see(event)
		if err := outs.see(event); err != nil {
			return probe.Report{}, err
		}
		if end, ok := event.(probe.RunFinished); ok {
			result = end.Report
		}
	}
	return result, nil
}

// checkDiagram refuses a diagram in a format that has no room for it.
func (o *runOptions) checkDiagram() error {
	if o.diagram && o.format.value != tableFormat {
		return fmt.Errorf("--diagram: got --format %s, want --format %s", o.format.value, tableFormat)
	}
	return nil
}

// look is how the report may look: in a file, plain.
func (o *runOptions) look(out *output) report.Options {
	look := report.Options{Diagram: o.diagram}
	if out.path == "" {
		look.Color, look.Width = o.streams.color(out.Writer), o.streams.width(out.Writer)
	}
	return look
}

// conclude says how the run ends, in words where the report does not say it.
func (o *runOptions) conclude(ctx context.Context, m *probe.Matrix, r probe.Report) error {
	switch code := verdict(m, r, o.failOn); {
	case !r.Run.Complete && ctx.Err() != nil: // not for want of time
		_, _ = fmt.Fprintf(o.streams.Err, "probe: interrupted after %s\n", count(r.Run.Requests, "request"))
		return outcome(ExitInterrupted)
	case code == ExitOK:
		return nil
	case code == ExitInconclusive && !r.Proven():
		_, _ = fmt.Fprintln(o.streams.Err, "probe: nothing was proven: no gate was shown to be shut, and no control was accepted")
		fallthrough
	default:
		return outcome(code)
	}
}

// formats are the report's, the first of which is the one for people.
func formats() choice {
	var names []string
	for _, f := range report.Formats() {
		names = append(names, f.Name)
	}
	return newChoice(names...)
}

func formatHelp() string {
	return helpList(report.Formats(), func(f report.Format) (string, string) { return f.Name, f.Help })
}

// helpList is one line for each thing that a long help text lists.
func helpList[T any](all []T, told func(T) (name, help string)) string {
	width := 0
	for _, one := range all {
		name, _ := told(one)
		width = max(width, len(name))
	}
	var lines []string
	for _, one := range all {
		name, help := told(one)
		lines = append(lines, fmt.Sprintf("  %-*s  %s", width, name, help))
	}
	return strings.Join(lines, "\n")
}
