package evidence

import (
	"cmp"
	"context"

	"apigwprobe/probe"
)

// Subject is the route that checks are about, with the one request that is right for it.
type Subject struct {
	Control  probe.Case
	Material probe.Material
	Crafting probe.Crafting
}

// route is the inspection of a subject.
type route struct {
	*inspection

	subject Subject
	handling
	request *probe.Request // nil: it could not be made
	err     error          // why
}

// inspectRoute finds what takes the requests of the route; it reports false if nothing is found, which is a check then.
func (a *Account) inspectRoute(ctx context.Context, s Subject) (*route, bool) {
	r := &route{inspection: a.inspect(ctx, s.Control.API), subject: s}
	r.request, r.err = probe.Craft(s.Control, s.Material, s.Crafting, "direct")
	c := Check{Name: "route in the API", Layer: probe.RouteLayer}
	if r.api.ID == "" || r.api.Region == "" || r.api.Stage == "" {
		r.found(c, Unseen, "the API has no id, region or stage in the configuration")
		return r, false
	}
	h, ok := r.handler(s.Control.Route)
	if ok {
		r.handling, r.notes = *h, nil
		return r, true
	}
	r.found(c, Unseen, "%s", cmp.Or(r.why(), "the API, as it is being edited, has nothing that takes "+s.Control.Route.Name()))
	return r, false
}

// result are the checks without secrets.
func (r *route) result() []Check {
	for i := range r.checks {
		r.checks[i].Text = r.subject.Material.Redact(r.subject.Control.Plan, r.checks[i].Text)
	}
	return r.checks
}
