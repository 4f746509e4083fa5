package cli

import (
	"context"
	"errors"
	"fmt"

	"apigwprobe/internal/metrics"
	"apigwprobe/probe"

	"github.com/spf13/cobra"
)

// metricsOutput is where the metrics of a run go.
type metricsOutput struct {
	textfile, push string

	collected *metrics.Metrics // nil: nobody wants any
	file      *output          // nil: no textfile
	gateway   *metrics.Pushgateway
}

func (o *metricsOutput) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.textfile, "metrics-textfile", "", "also write metrics to this file, for node_exporter's textfile collector (FILE.prom)")
	flags.StringVar(&o.push, "metrics-push", "", "also push metrics to the Prometheus Pushgateway at this URL")
}

// begin makes sure, before anything is sent, that the metrics of a matrix can be written beside the reports.
func (o *metricsOutput) begin(m *probe.Matrix, reports destinations) error {
	if o.textfile == "" && o.push == "" {
		return nil
	}
	if o.push != "" {
		gateway, err := metrics.NewPushgateway(o.push)
		if err != nil {
			return err
		}
		o.gateway = gateway
	}
	if o.textfile != "" {
		for _, d := range reports {
			if d.path != "" && place(d.path) == place(o.textfile) {
				return fmt.Errorf("writing %q: got it for %s and for metrics, want one file for each", o.textfile, d.format.Name)
			}
		}
		file, err := createOutput(o.textfile, nil)
		if err != nil {
			return err
		}
		o.file = file
	}
	o.collected = metrics.New(buildVersion())
	o.collected.Expect(m)
	return nil
}

func (o *metricsOutput) see(e probe.Event) {
	if o.collected != nil {
		o.collected.See(e)
	}
}

// end writes and pushes; one that fails does not keep the other from it. The run may have been interrupted by then.
func (o *metricsOutput) end(ctx context.Context, environment string) error {
	var errs []error
	if o.file != nil {
		errs = append(errs, o.write())
	}
	if o.gateway != nil {
		errs = append(errs, o.gateway.Push(context.WithoutCancel(ctx), o.collected, environment))
	}
	return errors.Join(errs...)
}

func (o *metricsOutput) write() error {
	if o.file.replaces {
		if err := o.file.file.Chmod(0o644); err != nil { // node_exporter is another user, and nothing in it is secret
			return fmt.Errorf("writing %q: %w", o.file.path, withoutPath(err))
		}
	}
	if err := o.collected.Write(o.file); err != nil {
		return fmt.Errorf("writing %q: %w", o.file.path, withoutPath(err))
	}
	return o.file.commit()
}

func (o *metricsOutput) discard() {
	if o.file != nil {
		o.file.discard()
	}
}
