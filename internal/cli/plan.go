package cli

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"text/tabwriter"
	"time"

	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/spf13/cobra"
)

type planOptions struct {
	streams     Streams
	environment string
	filters     filters
	format      choice
}

func newPlanCommand(s Streams) *cobra.Command {
	o := &planOptions{streams: s, format: newChoice(tableFormat, jsonFormat)}
	cmd := &cobra.Command{
		Use:   "plan ENV",
		Short: "Show what a run would send and what that takes; send nothing",
		Long: `Plan lists every case that a run would ask, what it expects, and what it would skip and why; then what the run takes:
requests, those among them that count against each API key, time at the configured rates, and requests in 30 days on
the schedule of the environment.

Nothing is sent, and no secret is resolved.`,
		Example: `  probe plan prod
  probe plan prod --matrix smoke
  probe plan prod --api orders --format json`,
		Args:              arguments(1, 1, "environment"),
		ValidArgsFunction: completeEnvironment(&o.filters.config),
		RunE: func(_ *cobra.Command, args []string) error {
			o.environment = args[0]
			return showPlan(o)
		},
	}
	o.filters.add(cmd)
	addChoice(cmd, &o.format, "format", "how to show it")
	return cmd
}

func showPlan(o *planOptions) error {
	env, err := openEnvironment(o.filters.config, o.environment, nil)
	if err != nil {
		return err
	}
	defer env.close()
	env.warn(o.streams.Err)
	plan, err := outline(env.file, env.name)
	if err != nil {
		return err
	}
	budget := plan.MaxRequests
	plan.MaxRequests = math.MaxInt // what is over the budget is what one wants to look at
	matrix, err := probe.NewMatrix(&plan, scenarios.All(), o.filters.selected())
	if err != nil {
		return err
	}
	p, err := planned(matrix, budget, time.Now())
	if err != nil {
		return err
	}
	write := p.writeTable
	if o.format.value == jsonFormat {
		write = func(w io.Writer) error { return writeJSON(w, p) }
	}
	if err := write(o.streams.Out); err != nil {
		return err
	}
	if p.Cost.Requests > budget {
		return hinted{fmt.Errorf("planning run: got %s, want at most %d", count(p.Cost.Requests, "request"), budget),
			"narrow it with filters, or raise max_requests; probe run --max-requests does so for one run"}
	}
	return nil
}

// plannedRun is a matrix in the form of --format json.
type plannedRun struct {
	Environment string        `json:"environment"`
	Cases       []plannedCase `json:"cases"`
	Skips       []plannedSkip `json:"skips"`
	Cost        plannedCost   `json:"cost"`
}

type plannedCase struct {
	ID           string         `json:"id"`
	API          string         `json:"api"`
	Route        string         `json:"route"`
	Access       string         `json:"access"`
	Scenario     string         `json:"scenario"`
	ScenarioKind probe.Kind     `json:"scenario_kind"`
	Control      bool           `json:"control"`
	Expected     probe.Expected `json:"expected"`

	expectation probe.Expectation
}

type plannedSkip struct {
	ID       string `json:"id"`
	API      string `json:"api"`
	Route    string `json:"route"`
	Access   string `json:"access"`
	Scenario string `json:"scenario"`
	Reason   string `json:"reason"`
}

type plannedCost struct {
	Requests    int            `json:"requests"`
	MaxRequests int            `json:"max_requests"`
	Extra       int            `json:"extra"`    // at most, beside the requests
	Accepted    map[string]int `json:"accepted"` // by the reference of the API key
	DurationMS  int64          `json:"duration_ms"`
	Schedule    string         `json:"schedule"`
	RunsMonth   *int           `json:"runs_a_month"`     // null: no schedule
	Month       *int           `json:"requests_a_month"` // null: no schedule
}

func planned(m *probe.Matrix, budget int, now time.Time) (plannedRun, error) {
	cost := m.Cost()
	p := plannedRun{
		Environment: m.Plan.Environment,
		Cases:       []plannedCase{},
		Skips:       []plannedSkip{},
		Cost: plannedCost{
			Requests: cost.Requests, MaxRequests: budget, Extra: cost.Extra, Accepted: cost.Accepted,
			DurationMS: cost.Duration.Milliseconds(), Schedule: m.Plan.Schedule,
		},
	}
	if m.Plan.Schedule != "" {
		runs, err := runsAMonth(m.Plan.Schedule, m.Plan.Timezone, now)
		if err != nil {
			return plannedRun{}, err
		}
		requests := runs * cost.Requests
		p.Cost.RunsMonth, p.Cost.Month = &runs, &requests
	}
	for _, c := range m.Cases {
		p.Cases = append(p.Cases, plannedCase{
			ID: c.ID(), API: c.API.Name, Route: c.Route.Name(), Access: c.Access.ID(), Scenario: c.Scenario.Name,
			ScenarioKind: c.Scenario.Kind, Control: c.Control, Expected: expected(c.Expected), expectation: c.Expected,
		})
	}
	for _, s := range m.Skips {
		p.Skips = append(p.Skips, plannedSkip{
			ID: s.ID(), API: s.API.Name, Route: s.Route.Name(), Access: s.Access.ID(), Scenario: s.Scenario.Name, Reason: s.Reason,
		})
	}
	return p, nil
}

func (p plannedRun) writeTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) } // Flush tells of errors
	if len(p.Cases) > 0 {
		row("API\tROUTE\tACCESS\tSCENARIO\tEXPECTED\n")
	}
	for _, c := range p.Cases {
		row("%s\t%s\t%s\t%s\t%s\n", c.API, c.Route, c.Access, c.Scenario, describeExpectation(c.expectation))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(p.Skips) > 0 {
		row("\nSKIPPED\tROUTE\tACCESS\tSCENARIO\tREASON\n")
	}
	for _, s := range p.Skips {
		row("%s\t%s\t%s\t%s\t%s\n", s.API, s.Route, s.Access, s.Scenario, s.Reason)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	row("\nrequests\t%d of at most %d\n", p.Cost.Requests, p.Cost.MaxRequests)
	row("extra, to tell layers apart\tat most %d\n", p.Cost.Extra)
	for _, key := range slices.Sorted(maps.Keys(p.Cost.Accepted)) {
		row("accepted, API key from %s\t%d\n", key, p.Cost.Accepted[key])
	}
	row("duration\tat least %s\n", (time.Duration(p.Cost.DurationMS) * time.Millisecond).Round(100*time.Millisecond))
	if p.Cost.Month != nil {
		row("in 30 days\t%d: %s on %q\n", *p.Cost.Month, count(*p.Cost.RunsMonth, "run"), p.Cost.Schedule)
	} else {
		row("in 30 days\tno schedule\n")
	}
	return t.Flush()
}
