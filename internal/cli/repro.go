package cli

import (
	"fmt"
	"math"
	"strings"

	"apigwprobe/probe"
	"apigwprobe/scenarios"
)

// showReproduction prints how a case is repeated by hand: one command for each access.
func (o *runOptions) showReproduction() error {
	name, rest, ok := strings.Cut(o.repro, "/")
	slash := strings.LastIndex(rest, "/")
	if !ok || slash < 0 {
		return hinted{fmt.Errorf("--repro: got %q, want API/ROUTE/SCENARIO", o.repro), `such as "orders/GET /orders/{id}/unsigned"`}
	}
	selection := o.filters.selected()
	selection.APIs, selection.Routes, selection.Scenarios = []string{name}, []string{rest[:slash]}, []string{rest[slash+1:]}

	env, err := openEnvironment(o.filters.config, o.environment, nil)
	if err != nil {
		return err
	}
	defer env.close()
	plan, err := outline(env.file, env.name)
	if err != nil {
		return err
	}
	plan.MaxRequests = math.MaxInt // nothing is sent
	matrix, err := probe.NewMatrix(&plan, scenarios.All(), selection)
	if err != nil {
		return err
	}
	wanted := func(c probe.Case) bool { return c.Scenario.Name == selection.Scenarios[0] }
	var commands []string
	for _, c := range matrix.Cases {
		if wanted(c) {
			commands = append(commands, fmt.Sprintf("# through %s\n%s\n", c.Access.ID(), probe.Reproduce(c, "")))
		}
	}
	if len(commands) == 0 {
		for _, s := range matrix.Skips {
			if wanted(s.Case) {
				return fmt.Errorf("--repro: %s is not asked there: %s", selection.Scenarios[0], s.Reason)
			}
		}
	}
	_, err = fmt.Fprint(o.streams.Out, strings.Join(commands, "\n"))
	return err
}
