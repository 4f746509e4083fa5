package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"apigwprobe/internal/causes"
	"apigwprobe/internal/doctor"
	"apigwprobe/internal/evidence"
	"apigwprobe/internal/secrets"
	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/spf13/cobra"
)

type doctorOptions struct {
	streams                 Streams
	config                  string
	environment, api, route string
	accesses                []string
	format                  choice
	account                 accountFlags
	invoke, verify          bool
	faults                  faults

	waits    bool           // for logs of the sandbox, too
	material probe.Material // of the run
}

func newDoctorCommand(s Streams) *cobra.Command {
	o := &doctorOptions{streams: s, account: accountFlags{wanted: true, wait: 30 * time.Second}}
	var names []string
	for _, f := range doctor.Formats() {
		names = append(names, f.Name)
	}
	o.format = newChoice(names...)
	cmd := &cobra.Command{
		Use:   `doctor ENV API "METHOD /path"`,
		Short: "Say what is wrong with one route, how sure that is, what shows it, and what to change",
		Long: `Doctor asks AWS who the callers are, runs every case of one route through every way in, looks at the account behind the
API, and makes a diagnosis: the layer and the cause, the proof, and the fix as a concrete change, with the names that the
parts of the API have; besides, what was checked and found fine, and what could not be seen.

Without --invoke it only reads, with the standard settings of AWS's clients; what it may not read it notes, and goes on with the
answers alone. With --invoke it really calls the backend and the authorizer, by API Gateway's test invocations and by
Lambda, and says which layers each call passes by; of a method that may change things it wants mutation: all, too. The path is that of the configuration or of a request; the route of a WebSocket API is $connect.

--verify, after a fix, sends the control alone: 0 if it is accepted and its log entry with that status is found by its
request id, 1 if it is not accepted, 3 if it is and no such entry is found, which may come minutes late: --evidence-wait.

Exit codes: 0 nothing is wrong; 1 a diagnosis; 2 usage or configuration is wrong; 3 something is wrong or was not shown,
and what it is is not known; 130 interrupted.

Formats:
` + helpList(doctor.Formats(), func(f doctor.Format) (string, string) { return f.Name, f.Help }),
		Example: `  probe doctor prod orders "GET /orders/{id}"
  probe doctor prod orders "GET /orders/42" --access api.example.com
  probe doctor prod orders "GET /orders/{id}" --format markdown
  probe doctor prod orders "GET /orders/{id}" --verify --evidence-wait 2m
  probe doctor sandbox orders "GET /orders/{id}" --fault caller-denied`,
		Args:              doctorArguments,
		ValidArgsFunction: completeRoute(&o.config),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.faults.list {
				return o.faults.show(o.streams, o.format.value)
			}
			if err := o.faults.check(); err != nil {
				return err
			}
			if err := o.account.check(cmd); err != nil {
				return err
			}
			if o.verify && !o.account.wanted {
				return hinted{errors.New("--verify: got --with-account=false, want the account: its log shows what was accepted"), seeHelp(cmd)}
			}
			o.environment, o.api, o.route = args[0], args[1], args[2]
			o.waits = cmd.Flags().Changed(waitFlag)
			return runDoctor(cmd.Context(), o)
		},
	}
	addConfig(cmd, &o.config)
	cmd.Flags().StringSliceVar(&o.accesses, "access", nil, "only these ways in: default, custom-domain, vpc-endpoint, or a host")
	addChoice(cmd, &o.format, "format", "how to show it")
	cmd.Flags().BoolVar(&o.invoke, "invoke", false, "also call the method and its authorizer past the layers before them: this really calls the backend")
	cmd.Flags().BoolVar(&o.verify, "verify", false, "only verify, after a fix: the control is accepted, and its log entry with that status is found by its request id")
	cmd.MarkFlagsMutuallyExclusive("invoke", "verify")
	o.account.add(cmd)
	o.faults.add(cmd)
	return cmd
}

func doctorArguments(cmd *cobra.Command, args []string) error {
	list, err := cmd.Flags().GetBool("list-faults")
	switch {
	case err == nil && list || len(args) == 3:
		return nil
	case len(args) > 3:
		return hinted{fmt.Errorf("got %s, want an environment, an API and a route: quotes keep a method and its path together", quoteAll(args)), seeHelp(cmd)}
	}
	return hinted{errors.New("got no " + []string{"environment", "API", "route"}[len(args)] + ", want one"), seeHelp(cmd)}
}

// completeRoute completes an environment, one of its APIs, and one of its routes.
func completeRoute(path *string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		f := filters{config: *path}
		var words []string
		switch len(args) {
		case 0:
			words = environmentNames(*path)
		case 1:
			words = f.words(args, func(a probe.API) []string { return []string{a.Name} })
		case 2:
			words = f.words(args[:1], func(a probe.API) []string {
				var names []string
				for _, r := range a.Routes {
					if a.Name == args[1] {
						names = append(names, r.Name())
					}
				}
				return names
			})
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

func runDoctor(ctx context.Context, o *doctorOptions) error {
	env, err := openEnvironment(o.config, o.environment, o.faults.names)
	if err != nil {
		return err
	}
	defer env.close()
	env.warn(o.streams.Err)
	plan, err := env.plan()
	if err != nil {
		return err
	}
	in, err := o.subject(&plan)
	if err != nil {
		return err
	}
	selection := probe.Selection{APIs: []string{in.API.Name}, Routes: []string{in.Route.Name()}, Accesses: o.accesses}
	if o.verify {
		selection.Scenarios = []string{probe.SelectControl}
	}
	matrix, err := probe.NewMatrix(&plan, scenarios.All(), selection)
	if err != nil {
		return hinted{err, fmt.Sprintf("probe plan %s shows what there is and what it takes", o.environment)}
	}
	if err := o.checkInvoke(in); err != nil {
		return err
	}
	if env.sandbox != nil && !o.waits {
		o.account.wait = 0 // its entries are there at once
	}
	account, err := o.account.open(ctx, env)
	if err != nil {
		return err
	}
	if o.verify {
		return o.verified(ctx, matrix, account, in)
	}
	if account != nil {
		o.identify(ctx, account, plan, &in)
	}
	in.Report = o.examine(ctx, matrix, account)
	if account != nil && ctx.Err() == nil {
		o.check(ctx, account, matrix, &in)
	}
	d := doctor.Diagnose(in)
	if err := o.written().Write(o.streams.Out, d, o.streams.look()); err != nil {
		return fmt.Errorf("writing the diagnosis: %w", err)
	}
	return ended(ctx, in.Report, d.Outcome == doctor.Healthy, d.Outcome == doctor.Diagnosed)
}

// written is the format of the document.
func (o *doctorOptions) written() doctor.Format {
	all := doctor.Formats()
	return all[slices.IndexFunc(all, func(f doctor.Format) bool { return f.Name == o.format.value })]
}

// ended is what the command ends with: all is well, something is known to be wrong, or neither.
func ended(ctx context.Context, r probe.Report, well, wrong bool) error {
	switch {
	case !r.Run.Complete && ctx.Err() != nil:
		return outcome(ExitInterrupted)
	case well:
		return nil
	case wrong:
		return outcome(ExitFail)
	}
	return outcome(ExitInconclusive)
}

// verified sends the controls alone, and finds their entries in the logs.
func (o *doctorOptions) verified(ctx context.Context, m *probe.Matrix, account *evidence.Account, in doctor.Input) error {
	in.Report = o.examine(ctx, m, nil)
	var entries map[string][]evidence.Entry
	if accepted := slices.DeleteFunc(slices.Clone(in.Report.Results), func(r probe.Result) bool {
		return !r.Control || r.Verdict != probe.Pass
	}); len(accepted) > 0 {
		entries, in.Notes = account.Entries(ctx, in.API, accepted)
	}
	v := doctor.Verify(in, entries)
	if err := o.written().WriteVerified(o.streams.Out, v, o.streams.look()); err != nil {
		return fmt.Errorf("writing the verification: %w", err)
	}
	return ended(ctx, in.Report, v.Outcome == doctor.Works, v.Outcome == doctor.NotAccepted)
}

// subject finds the API and the route.
func (o *doctorOptions) subject(plan *probe.Plan) (doctor.Input, error) {
	var apis, routes []string
	for _, api := range plan.APIs {
		apis = append(apis, api.Name)
		if api.Name != o.api {
			continue
		}
		route, ok := routeOf(api, o.route)
		if ok {
			return doctor.Input{API: api, Route: route}, nil
		}
		for _, r := range api.Routes {
			routes = append(routes, r.Name())
		}
		return doctor.Input{}, unknownWord("route", o.route, routes)
	}
	return doctor.Input{}, unknownWord("API", o.api, apis)
}

// unknownWord is the error for a name that is none of those there are.
func unknownWord(what, got string, known []string) error {
	hint := "there are: " + strings.Join(known, ", ")
	if near := nearest(known, got); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return hinted{fmt.Errorf("unknown %s %q", what, got), hint}
}

// routeOf is the route of that name, or else the first that takes a request for that path.
func routeOf(api probe.API, name string) (probe.Route, bool) {
	i := slices.IndexFunc(api.Routes, func(r probe.Route) bool { return r.Name() == name })
	if i < 0 {
		i = slices.IndexFunc(api.Routes, func(r probe.Route) bool { return takes(r, name) })
	}
	if i < 0 {
		return probe.Route{}, false
	}
	return api.Routes[i], true
}

func takes(r probe.Route, name string) bool {
	method, path, _ := strings.Cut(name, " ")
	template, given := strings.Split(r.Path, "/"), strings.Split(path, "/")
	if method != r.Method {
		return false
	}
	for i, segment := range template {
		switch {
		case strings.HasSuffix(segment, "+}"):
			return len(given) > i
		case i >= len(given), segment != given[i] && !strings.HasPrefix(segment, "{"):
			return false
		}
	}
	return len(given) == len(template)
}

// identify asks who signs and who looks, and what the account calls the parts of the route.
func (o *doctorOptions) identify(ctx context.Context, account *evidence.Account, plan probe.Plan, in *doctor.Input) {
	in.Names, in.Notes = account.Names(ctx, in.API, in.Route)
	for _, who := range []struct {
		role      doctor.Role
		principal string
	}{{doctor.RoleControl, in.Route.Principal}, {doctor.RoleOutsider, in.Route.Outsider}} {
		if who.principal == "" || in.Route.Authorization != probe.AuthIAM {
			continue
		}
		c := doctor.Caller{Role: who.role, Principal: who.principal}
		keys := secrets.Resolve(ctx, plan, probe.Needs{Principals: []string{who.principal}}).Credentials[who.principal]
		var err error
		if c.Identity, err = account.Identify(ctx, in.API.Region, keys); err != nil {
			c.Trouble = err.Error()
		}
		in.Callers = append(in.Callers, c)
	}
	if in.Names.Operator.ARN != "" {
		in.Callers = append(in.Callers, doctor.Caller{Role: doctor.RoleOperator, Identity: in.Names.Operator})
	}
}

// examine runs the cases of the route, and looks at the account.
func (o *doctorOptions) examine(ctx context.Context, m *probe.Matrix, account *evidence.Account) probe.Report {
	bar := newProgress(o.streams, o.streams.Out, len(m.Cases))
	defer bar.end()
	options := probe.RunOptions{
		Resolve: func(ctx context.Context, plan *probe.Plan, needs probe.Needs) probe.Material {
			o.material = resolving(account, m.Cases)(ctx, plan, needs)
			return o.material
		},
		Next: causes.Next, Version: buildVersion(), All: true,
	}
	if account != nil {
		options.Testify, options.Look = account.Testify, account.Look
	}
	var rep probe.Report
	for event := range m.Run(ctx, options) {
		bar.see(event)
		if end, ok := event.(probe.RunFinished); ok {
			rep = end.Report
		}
	}
	return rep
}

// checkInvoke refuses to call what may change things without consent, and says what is about to be called.
func (o *doctorOptions) checkInvoke(in doctor.Input) error {
	if !o.invoke {
		return nil
	}
	safe := slices.Contains([]string{"", http.MethodGet, http.MethodHead, http.MethodOptions}, in.Route.Method)
	if !safe && in.API.Mutation != probe.MutationAll {
		return hinted{
			fmt.Errorf("--invoke: got %s, which may change things, want consent", in.Route.Name()),
			"mutation: all of the API in the configuration consents",
		}
	}
	_, err := fmt.Fprintf(o.streams.Err, "probe: --invoke really calls what is behind %s of %s, and its authorizer, past the layers before them\n", in.Route.Name(), in.API.Name)
	return err
}

// blur is how far off our measure of the gateway's clock may be: its dates have no fractions of a second.
const blur = 2 * time.Second

// check looks at the way to the API and at what stands behind the route, and calls that if it may.
func (o *doctorOptions) check(ctx context.Context, account *evidence.Account, m *probe.Matrix, in *doctor.Input) {
	in.Checks = account.Network(ctx, m.Plan, in.API, net.DefaultResolver)
	at := slices.IndexFunc(m.Cases, func(c probe.Case) bool { return c.Control })
	if at < 0 {
		return // its result says why there is none
	}
	s := evidence.Subject{Control: m.Cases[at], Material: o.material, Crafting: probe.Crafting{Run: in.Report.Run.ID, Now: time.Now()}}
	if o.invoke {
		in.Checks, in.Invoked = append(in.Checks, account.TestInvoke(ctx, s)...), true
	}
	skew := time.Duration(in.Report.Run.ClockSkewMS) * time.Millisecond
	in.Checks = append(in.Checks, account.Functions(ctx, s, in.Report.Run.Started.Add(skew-blur), time.Now().Add(skew+blur))...)
}
