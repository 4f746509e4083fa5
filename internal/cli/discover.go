package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"apigwprobe/internal/config"
	"apigwprobe/internal/discover"
	"apigwprobe/scenarios"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

type discoverOptions struct {
	streams     Streams
	account     discover.Options
	from        string
	environment string
	output      string
}

func newDiscoverCommand(s Streams) *cobra.Command {
	o := &discoverOptions{streams: s}
	cmd := &cobra.Command{
		Use:   "discover",
		Short: "Write a configuration from an AWS account, or from an OpenAPI document",
		Long: `Discover looks at the APIs of an AWS account and writes a configuration of what is deployed there: one entry for each
API and stage, with its routes, authorizations, domains, key requirements and all else that can be known. Comments say
what cannot. It only reads, and asks for no key or token.

All standard settings of AWS's tools work: profiles, roles, AWS_REGION, AWS_ENDPOINT_URL. Where a right is missing, the
rest is written all the same; the right is named, in the file too, and the exit code is 3.

With --from, no account is looked at: the document says what is declared, in API Gateway's own extensions.`,
		Example: `  probe discover --output probe.yaml
  probe discover --region eu-west-1 --region us-east-1 --api orders
  probe discover --from openapi.yaml --region eu-west-1`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return runDiscover(cmd.Context(), o) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.account.Regions, "region", nil, "look in this region; repeatable; without it, that of the AWS settings")
	flags.StringSliceVar(&o.account.APIs, "api", nil, "only the API with this id or name; repeatable")
	flags.BoolVar(&o.account.AccountWide, "account-wide", false, "look in all regions of the account")
	flags.StringVar(&o.from, "from", "", "read this OpenAPI document, and no account")
	flags.StringVar(&o.environment, "environment", "discovered", "name of the environment in the configuration")
	flags.StringVar(&o.output, "output", "", "write to this file, and nothing to standard output")
	cmd.MarkFlagsMutuallyExclusive("from", "api")
	cmd.MarkFlagsMutuallyExclusive("from", "account-wide")
	cmd.MarkFlagsMutuallyExclusive("region", "account-wide")
	return cmd
}

func runDiscover(ctx context.Context, o *discoverOptions) error {
	inventory, err := o.inventory(ctx)
	var twins *discover.Twins
	switch {
	case errors.As(err, &twins):
		return hinted{err, "--api takes an id, and leaves out the others"}
	case err != nil:
		return err
	}
	if len(inventory.APIs) == 0 {
		return o.nothing(inventory)
	}
	text := inventory.File(o.environment, time.Now())
	out, err := createOutput(o.output, o.streams.Out)
	if err != nil {
		return err
	}
	defer out.discard()
	if _, err := out.Write(text); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	if err := out.commit(); err != nil {
		return err
	}
	o.warn(inventory)
	if err := checkDiscovered(text); err != nil {
		return err
	}
	if len(inventory.Problems) > 0 {
		return outcome(ExitInconclusive)
	}
	return nil
}

func (o *discoverOptions) warn(inventory *discover.Inventory) {
	for _, p := range inventory.Problems {
		_, _ = fmt.Fprintf(o.streams.Err, "warning: %s\n", p)
	}
}

// nothing says why there is no API to write down.
func (o *discoverOptions) nothing(inventory *discover.Inventory) error {
	if len(inventory.Problems) == 0 {
		return fmt.Errorf("finding APIs: got none that is deployed: %s", strings.Join(inventory.Notes, "; "))
	}
	o.warn(inventory)
	_, _ = fmt.Fprintln(o.streams.Err, "no API can be seen, and nothing is written")
	return outcome(ExitInconclusive)
}

// checkDiscovered finds what an account allows and a configuration does not.
func checkDiscovered(text []byte) error {
	_, err := config.Load(defaultConfig, config.Options{
		Scenarios: scenarios.Names(), ReadFile: func(string) ([]byte, error) { return text, nil },
	})
	return err
}

func (o *discoverOptions) inventory(ctx context.Context) (*discover.Inventory, error) {
	if o.from == "" {
		var end func()
		o.account.Progress, end = o.steps()
		defer end()
		return discover.Account(ctx, o.account)
	}
	if len(o.account.Regions) > 1 {
		return nil, errors.New("--region: got several beside --from, want one: that of the API")
	}
	data, err := os.ReadFile(o.from)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", o.from, withoutPath(err))
	}
	region := ""
	if len(o.account.Regions) == 1 {
		region = o.account.Regions[0]
	}
	return discover.FromOpenAPI(data, o.from, region)
}

// steps shows on a terminal how far the search is.
func (o *discoverOptions) steps() (show func(done, total int, next string), end func()) {
	if _, watched := o.streams.terminal(o.streams.Err); !watched || o.streams.env("TERM") == "dumb" {
		return nil, func() {}
	}
	container := mpb.New(mpb.WithOutput(o.streams.Err), mpb.WithWidth(40), mpb.WithAutoRefresh())
	var now atomic.Value // the bar is drawn by a goroutine of its own
	now.Store("")
	bar := container.AddBar(1, mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return now.Load().(string) })))
	show = func(done, total int, next string) {
		now.Store(fmt.Sprintf("%d of %d: %s", done, total, next))
		bar.SetTotal(int64(total), false)
		bar.SetCurrent(int64(done))
	}
	return show, func() {
		bar.Abort(true)
		container.Wait()
	}
}
