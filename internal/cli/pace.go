package cli

import (
	"fmt"
	"time"

	"apigwprobe/probe"

	"github.com/spf13/cobra"
)

// pace is how fast and how much one run may ask, in place of what the configuration says. Zero leaves that as it is.
type pace struct {
	rate        float64
	concurrency int
	timeout     time.Duration
	maxRequests int
	budget      int
	noExtra     bool
}

func (p *pace) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Float64Var(&p.rate, "rate", 0, "requests a second for each API, in place of the configuration's")
	flags.IntVar(&p.concurrency, "concurrency", 0, "requests in flight for each API, in place of the configuration's")
	flags.DurationVar(&p.timeout, "timeout", 0, "time for one request, in place of the configuration's")
	flags.IntVar(&p.maxRequests, "max-requests", 0, "the most requests that the run may plan, in place of the configuration's")
	flags.IntVar(&p.budget, "budget", probe.DefaultExtraRequests,
		"the most extra requests for each route, to tell ambiguous layers apart; a tenth of the run in all")
	flags.BoolVar(&p.noExtra, "no-extra", false, "send no extra requests")
	cmd.MarkFlagsMutuallyExclusive("budget", "no-extra")
}

// check refuses what would mean "as configured" by accident.
func (p *pace) check(cmd *cobra.Command) error {
	positive := map[string]bool{
		"rate": p.rate > 0, "concurrency": p.concurrency > 0, "timeout": p.timeout > 0, "max-requests": p.maxRequests > 0,
		"budget": p.budget > 0,
	}
	for _, name := range []string{"rate", "concurrency", "timeout", "max-requests", "budget"} {
		if flag := cmd.Flags().Lookup(name); flag.Changed && !positive[name] {
			return hinted{fmt.Errorf("--%s: got %s, want more than 0", name, flag.Value), seeHelp(cmd)}
		}
	}
	return nil
}

// apply changes the plan, and what its APIs say for themselves.
func (p *pace) apply(plan *probe.Plan) {
	if p.rate > 0 {
		plan.Rate = p.rate
		plan.TotalRate = max(plan.TotalRate, p.rate) // or the rate of the whole run would hold it back
	}
	if p.concurrency > 0 {
		plan.Concurrency = p.concurrency
	}
	if p.timeout > 0 {
		plan.RequestTimeout = p.timeout
	}
	if p.maxRequests > 0 {
		plan.MaxRequests = p.maxRequests
	}
	plan.ExtraRequests = p.budget
	if p.noExtra {
		plan.ExtraRequests = -1
	}
	for i := range plan.APIs {
		api := &plan.APIs[i]
		if p.rate > 0 {
			api.Rate = 0
		}
		if p.concurrency > 0 {
			api.Concurrency = 0
		}
	}
}
