package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/spf13/cobra"
)

type scenariosOptions struct {
	streams Streams
	name    string // empty: all
	format  choice
}

func newScenariosCommand(s Streams) *cobra.Command {
	o := &scenariosOptions{streams: s, format: newChoice(tableFormat, jsonFormat)}
	cmd := &cobra.Command{
		Use:   "scenarios [NAME]",
		Short: "List what is asked, or explain one scenario",
		Long: `Scenarios lists the catalogue. A gate is a layer that must refuse: a request that gets past it is critical. Routing
scenarios change the address. Those of scope access are asked once for each API and way in, not for each route.

With NAME it explains one: why it is asked, what differs from the request that is accepted, whose credentials it bears,
and what should come back on usual postures.`,
		Example: `  probe scenarios
  probe scenarios missing-api-key
  probe scenarios --format json`,
		Args: arguments(0, 1, "scenario"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return scenarios.Names(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.name = args[0]
			}
			return showScenarios(o)
		},
	}
	addChoice(cmd, &o.format, "format", "how to show it")
	return cmd
}

func showScenarios(o *scenariosOptions) error {
	if o.name == "" {
		return listScenarios(o)
	}
	for _, s := range scenarios.All() {
		if s.Name == o.name {
			return explainScenario(o, s)
		}
	}
	hint := "probe scenarios lists them"
	if near := nearest(scenarios.Names(), o.name); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return hinted{fmt.Errorf("unknown scenario %q", o.name), hint}
}

// shownScenario is a scenario in the form of --format json.
type shownScenario struct {
	Name       string                `json:"name"`
	Kind       probe.Kind            `json:"kind"`
	Scope      probe.Scope           `json:"scope"`
	Smoke      bool                  `json:"smoke"`
	Title      string                `json:"title"`
	Why        string                `json:"why"`
	Changes    []string              `json:"changes"`
	Signer     string                `json:"signer"`
	Token      probe.TokenKind       `json:"token,omitempty"` // which of the route's, where it is not the control's
	ControlFor []probe.Authorization `json:"control_for"`
	Postures   []shownPosture        `json:"postures,omitempty"` // only where one scenario is asked for
}

// signedByPrincipal is in words what is the zero value of a [probe.Signer].
const signedByPrincipal = "principal"

func shown(s probe.Scenario) shownScenario {
	out := shownScenario{
		Name: s.Name, Kind: s.Kind, Scope: s.Scope, Smoke: s.Smoke, Title: s.Title, Why: s.Why,
		Changes: []string{}, Signer: string(s.Signer), Token: s.Token, ControlFor: append([]probe.Authorization{}, s.ControlFor...),
	}
	if s.Signer == probe.AsControl {
		out.Signer = signedByPrincipal
	}
	for _, facet := range s.Changes {
		out.Changes = append(out.Changes, facet.String())
	}
	return out
}

func listScenarios(o *scenariosOptions) error {
	all := []shownScenario{}
	for _, s := range scenarios.All() {
		all = append(all, shown(s))
	}
	if o.format.value == jsonFormat {
		return writeJSON(o.streams.Out, all)
	}
	t := tabwriter.NewWriter(o.streams.Out, 0, 0, 2, ' ', 0)
	row := func(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) } // Flush tells of errors
	row("NAME\tKIND\tSCOPE\tTITLE\n")
	for _, s := range all {
		row("%s\t%s\t%s\t%s\n", s.Name, s.Kind, s.Scope, s.Title)
	}
	return t.Flush()
}

func explainScenario(o *scenariosOptions, s probe.Scenario) error {
	out := shown(s)
	out.Postures = postures(s)
	if o.format.value == jsonFormat {
		return writeJSON(o.streams.Out, out)
	}
	return out.writeText(o.streams.Out)
}

func (s shownScenario) writeText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) } // Flush tells of errors
	row("%s: %s\n\n%s\n\n", s.Name, s.Title, s.Why)
	row("kind\t%s\n", s.Kind)
	row("scope\t%s\n", map[probe.Scope]string{
		probe.ScopeRoute:  "route: asked for each route and way in",
		probe.ScopeAccess: "access: asked once for each API and way in",
	}[s.Scope])
	row("smoke matrix\t%s\n", map[bool]string{true: "yes", false: "no"}[s.Smoke])
	changes := strings.Join(s.Changes, ", ")
	if changes == "" {
		changes = "nothing: it is the control"
	}
	row("may differ in\t%s\n", changes)
	row("bears\t%s\n", map[string]string{
		signedByPrincipal:            "what the control bears: the signature of the route's principal, or its token." + string(probe.ValidToken),
		string(probe.IfAny):          "what the control bears, where the route has it",
		string(probe.Nobody):         "nobody's credentials of the configuration",
		string(probe.Outsider):       "the signature of the route's outsider",
		string(probe.ExpiredSession): "the signature of the route's expired_session",
	}[s.Signer])
	if s.Token != "" {
		row("token\tthe route's token.%s\n", s.Token)
	}
	for _, authorization := range s.ControlFor {
		row("control of\t%s\n", authorization)
	}
	row("\non this posture\tit should be\n")
	for _, p := range s.Postures {
		row("%s\t%s\n", p.Posture, p.text())
	}
	return t.Flush()
}
