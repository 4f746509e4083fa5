package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"apigwprobe/internal/causes"
	"apigwprobe/internal/report"
	"apigwprobe/internal/sandbox"
	"apigwprobe/internal/secrets"
	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"golang.org/x/sync/errgroup"
)

// showTour runs the sandbox with each fault of the tour and shows what became of it.
func (o *runOptions) showTour(ctx context.Context) error {
	switch {
	case o.environment != builtin:
		return fmt.Errorf("--tour: got the environment %q, want %s", o.environment, builtin)
	case len(o.faults.names) > 0:
		return errors.New("--tour: got --fault beside it, want none: the tour has all of them")
	case len(o.reports) > 0:
		return errors.New("--tour: got --report beside it, want none: the tour is no run")
	case o.format.value != tableFormat && o.format.value != jsonFormat:
		return fmt.Errorf("--tour: got --format %s, want %s or %s", o.format.value, tableFormat, jsonFormat)
	}
	worlds, err := visit(ctx)
	if err != nil {
		return err
	}
	seen, err := sightings(worlds)
	if err != nil {
		return err
	}
	out, err := createOutput(o.output, o.streams.Out)
	if err != nil {
		return err
	}
	defer out.discard()
	if o.format.value == jsonFormat {
		err = report.TourJSON(out, seen)
	} else {
		err = report.Tour(out, o.look(out), seen)
	}
	if err != nil {
		return fmt.Errorf("writing the tour: %w", err)
	}
	return out.commit()
}

// visit runs the sandbox once for each fault of the tour, and once without any.
func visit(ctx context.Context) (map[string]*world, error) {
	worlds := make(map[string]*world)
	for _, r := range rows {
		for _, s := range r.shown {
			if worlds[s.fault] == nil {
				worlds[s.fault] = &world{fault: s.fault}
			}
			worlds[s.fault].apis = append(worlds[s.fault].apis, s.api)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(worldsAtOnce)
	for _, w := range worlds {
		group.Go(func() error { return w.run(ctx) })
	}
	return worlds, group.Wait()
}

// sightings are what the stops show, in the order of the rows.
func sightings(worlds map[string]*world) ([]report.Sighting, error) {
	var seen []report.Sighting
	for _, r := range rows {
		for _, s := range r.shown {
			sighting, err := worlds[s.fault].see(s)
			if err != nil {
				return nil, fmt.Errorf("row %d: %w", r.number, err)
			}
			sighting.Row, sighting.Title = r.number, r.title
			seen = append(seen, sighting)
		}
	}
	return seen, nil
}

// worldsAtOnce keeps a laptop usable.
const worldsAtOnce = 4

// world is the sandbox with a fault, and what a run of those of its APIs found that the tour looks at.
type world struct {
	fault string
	apis  []string

	report probe.Report
	truth  func(probe.Result) (layer, cause string)
}

func (w *world) run(ctx context.Context) error {
	var faults []string
	if w.fault != "" {
		faults = []string{w.fault}
	}
	env, err := openBuiltin(faults)
	if err != nil {
		return err
	}
	defer env.close()
	return w.probe(ctx, env, probe.RunOptions{})
}

// probe runs the APIs of the world in its environment.
func (w *world) probe(ctx context.Context, env *environment, opts probe.RunOptions) error {
	plan, err := env.plan()
	if err != nil {
		return err
	}
	matrix, err := probe.NewMatrix(&plan, scenarios.All(), probe.Selection{APIs: w.apis})
	if err != nil {
		return err
	}
	opts.Resolve = func(ctx context.Context, plan *probe.Plan, needs probe.Needs) probe.Material {
		return secrets.Resolve(ctx, *plan, needs)
	}
	opts.Next, opts.Version = causes.Next, buildVersion()
	for event := range matrix.Run(ctx, opts) {
		if end, ok := event.(probe.RunFinished); ok {
			w.report = end.Report
		}
	}
	if !w.report.Run.Complete {
		return context.Cause(ctx)
	}
	w.truth = truths(env.sandbox, w.fault)
	return nil
}

// truths tells what really became of a request. A gateway that never saw it leaves that to the fault.
func truths(g *sandbox.Environment, fault string) func(probe.Result) (layer, cause string) {
	known := g.Truths()
	return func(res probe.Result) (string, string) {
		if t, ok := g.Truth(res.Request.Headers["x-amzn-requestid"]); ok {
			return t.Layer, t.Cause
		}
		for _, t := range known { // of a handshake that failed: no request was read
			if t.RequestID == "" && t.Host == res.Host {
				return t.Layer, t.Cause
			}
		}
		i := slices.IndexFunc(sandbox.Faults(), func(f sandbox.Fault) bool { return f.Name == fault })
		if i < 0 {
			return "", ""
		}
		return sandbox.Faults()[i].Layer, sandbox.Faults()[i].Cause
	}
}

// see finds the result of a stop.
func (w *world) see(s stop) (report.Sighting, error) {
	for _, res := range w.report.Results {
		if res.API == s.api && res.Route == s.route && res.Scenario == s.scenario && res.Attempts > 0 &&
			(s.accessID == "" || res.AccessID == s.accessID) {
			layer, cause := w.truth(res)
			return report.Sighting{Fault: w.fault, Result: res, TrueLayer: layer, TrueCause: cause}, nil
		}
	}
	return report.Sighting{}, fmt.Errorf("looking for %s on %s of %s, fault %q: it was not sent", s.scenario, s.route, s.api, s.fault)
}
