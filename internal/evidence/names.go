package evidence

import (
	"context"
	"slices"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Names are what the account calls the parts of a route, for whoever has to change them. What is not there, or was not
// seen, is empty.
type Names struct {
	Operator Identity // whose rights show the account
	Owner    string   // account of the API
	WebACL   string   // ARN
	LogGroup string   // of the access log
	Resource string   // id of the route's resource, or of the route itself
	Function string   // ARN of the function behind the route
	Plan     string   // id of a usage plan that holds the stage
	Key      string   // id of an API key: one that is disabled, if there is one

	Authorizer Authorizer
}

// Authorizer is what decides about the tokens of a route.
type Authorizer struct {
	ID       string
	Function string // ARN
}

// Names looks them up. It asks little that [Account.Look] did not ask before; what it may not read is noted.
func (a *Account) Names(ctx context.Context, api probe.API, route probe.Route) (Names, []string) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	l := &look{Account: a, ctx: ctx, api: api}
	n := Names{Operator: l.operator()}
	switch {
	case api.ID == "" || api.Region == "" || api.Stage == "":
	case api.Type == probe.REST:
		l.restNames(&n)
	default:
		l.v2Names(&n)
	}
	if n.Owner != "" {
		if h, ok := l.handler(route); ok {
			n.take(h)
		}
	}
	if route.APIKeyRequired && n.Owner != "" {
		l.keyNames(&n)
	}
	slices.Sort(l.notes)
	return n, slices.Compact(l.notes)
}

// NameRights are the calls that [Account.Names] makes.
func NameRights() []probe.Right {
	return []probe.Right{
		getCallerIdentity, getRestAPI, getStage, getResources, getAuthorizer, getV2API, getV2Stage, getRoutes, getIntegrations, getV2Authorizer,
		getUsagePlans, getUsagePlanKeys, getAPIKeys,
	}
}

func (l *look) restNames(n *Names) {
	if _, got := l.restAPI(); got != seen {
		return
	}
	n.Owner = n.Operator.Account // the management API shows no other account's
	if s, got := l.restStage(); got == seen {
		n.WebACL = aws.ToString(s.WebAclArn)
		if s.AccessLogSettings != nil {
			n.LogGroup = GroupOf(aws.ToString(s.AccessLogSettings.DestinationArn))
		}
	}
}

func (l *look) v2Names(n *Names) {
	if _, got := l.v2API(); got != seen {
		return
	}
	n.Owner = n.Operator.Account
	if s, got := l.v2Stage(); got == seen && s.AccessLogSettings != nil {
		n.LogGroup = GroupOf(aws.ToString(s.AccessLogSettings.DestinationArn))
	}
}

// take names what takes the requests of the route.
func (n *Names) take(h *handling) {
	n.Resource, n.Function = h.id, h.function.arn
	if h.authorizer != nil {
		n.Authorizer = Authorizer{h.authorizer.id, h.authorizer.function.arn}
	}
}

// keyNames are a plan that holds the stage and one of its keys.
func (l *look) keyNames(n *Names) {
	plans, _ := l.heldBy()
	if len(plans) == 0 {
		return
	}
	n.Plan = aws.ToString(plans[0].Id)
	keys, _ := l.keysOf(plans[0])
	all, _ := l.apiKeys()
	for _, k := range slices.Backward(keys) { // of several that are disabled, the first
		id := aws.ToString(k.Id)
		if known, ok := all[id]; n.Key == "" || ok && !known.Enabled {
			n.Key = id
		}
	}
}
