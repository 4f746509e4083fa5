package cli

import (
	"slices"

	"apigwprobe/internal/alert"
	"apigwprobe/internal/config"
	"apigwprobe/internal/discover"
	"apigwprobe/internal/evidence"
	"apigwprobe/internal/secrets"
	"apigwprobe/probe"
	"apigwprobe/scenarios"
)

// rightsOf is a command that asks AWS's own APIs, and the rights that it needs there.
type rightsOf struct {
	command string
	find    func(*wants)
}

// commandRights are all such commands, each named with the flag that makes it want more.
func commandRights() []rightsOf {
	return []rightsOf{
		{"run", (*wants).run},
		{"run-with-account", func(w *wants) { w.run(); w.account(evidence.LookRights(), evidence.TestifyRights()) }},
		{"doctor", (*wants).doctor},
		{"doctor-invoke", func(w *wants) { w.doctor(); w.account(evidence.TestInvokeRights()) }},
		{"logs", func(w *wants) { w.account(evidence.LoggingRights(), evidence.TailRights()) }},
		{"serve", func(w *wants) { w.run(); w.alerts() }},
		{"discover", (*wants).discover},
		{"alert", (*wants).alerts},
	}
}

// invoking is the command that really calls what is behind the APIs. Nobody gets rights to that without asking for them.
const invoking = "doctor-invoke"

func commandNames() []string {
	var names []string
	for _, c := range commandRights() {
		names = append(names, c.command)
	}
	return names
}

// wants collects the rights of commands for the environments of a configuration; without one, for any.
type wants struct {
	secrets.Rights

	file  *config.File
	plans []probe.Plan
}

// add adds the rights of commands.
func (w *wants) add(commands []string) {
	for _, c := range commandRights() {
		if slices.Contains(commands, c.command) {
			c.find(w)
		}
	}
}

// anybody wants for environments of which nothing is known: an API of each type.
func anybody() *wants {
	var plan probe.Plan
	for _, t := range []probe.APIType{probe.REST, probe.HTTP, probe.WebSocket} {
		plan.APIs = append(plan.APIs, probe.API{
			Type: t, Region: "*", ID: "*", Stage: "*", Domains: []probe.CustomDomain{{Host: "*"}}, Routes: []probe.Route{
				{APIKeyRequired: true, Authorization: probe.AuthCustom}, {Authorization: probe.AuthIAM, Principal: "*"},
			},
		})
	}
	return &wants{plans: []probe.Plan{plan}}
}

func (w *wants) run() {
	if w.file == nil {
		w.Own = append(w.Own, secrets.AnyRights()...)
		return
	}
	for _, plan := range w.plans {
		cases, _ := probe.Expand(&plan, scenarios.All(), probe.Selection{})
		w.Resolve(plan, probe.NeedsOf(cases))
	}
}

// account adds what calls for each API of the environments need.
func (w *wants) account(calls ...[]probe.Right) {
	for _, plan := range w.plans {
		for _, api := range plan.APIs {
			w.Own = append(w.Own, evidence.Needed(api, slices.Concat(calls...))...)
		}
	}
}

func (w *wants) doctor() {
	w.run()
	w.account(evidence.LookRights(), evidence.TestifyRights(), evidence.NameRights(), evidence.NetworkRights(), evidence.FunctionRights())
}

// discover looks in the regions of the environments, or in all.
func (w *wants) discover() {
	for _, plan := range w.plans {
		for _, api := range plan.APIs {
			for _, right := range discover.Rights(w.file == nil) {
				w.Own = append(w.Own, right.In(api.Region))
			}
		}
	}
}

func (w *wants) alerts() {
	if w.file == nil {
		w.Own = append(append(w.Own, secrets.AnyRights()...), alert.Publish)
		return
	}
	declared := w.file.Alerts()
	if declared == nil {
		return
	}
	var needs probe.Needs
	for _, d := range declared.Destinations {
		switch {
		case d.Alertmanager != nil:
			needs.References = append(needs.References, d.Alertmanager.URL, d.Alertmanager.BearerToken)
		case d.Webhook != nil:
			needs.References = append(needs.References, d.Webhook.URL, d.Webhook.Secret, d.Webhook.BearerToken)
		default:
			w.By(d.Topic.Principal, alert.PublishTo(d.Topic.ARN))
		}
	}
	if declared.Heartbeat != nil {
		needs.References = append(needs.References, declared.Heartbeat.URL)
	}
	w.Resolve(probe.Plan{}, needs)
}
