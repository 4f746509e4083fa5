package evidence

import (
	"context"
	"slices"
	"strings"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	v2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
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
		l.restNames(route, &n)
	default:
		l.v2Names(route, &n)
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

func (l *look) restNames(route probe.Route, n *Names) {
	if _, got := l.restAPI(); got != seen {
		return
	}
	n.Owner = n.Operator.Account // the management API shows no other account's
	if s, got := l.restStage(); got == seen {
		n.WebACL = aws.ToString(s.WebAclArn)
		if s.AccessLogSettings != nil {
			n.LogGroup = groupOf(aws.ToString(s.AccessLogSettings.DestinationArn))
		}
	}
	resources, _ := l.resources()
	for _, r := range resources {
		if aws.ToString(r.Path) != route.Path {
			continue
		}
		n.Resource = aws.ToString(r.Id)
		m := r.ResourceMethods[route.Method]
		if m.MethodIntegration != nil {
			n.Function = functionOf(aws.ToString(m.MethodIntegration.Uri))
		}
		if n.Authorizer.ID = aws.ToString(m.AuthorizerId); n.Authorizer.ID != "" {
			n.Authorizer.Function = functionOf(l.restAuthorizerURI(n.Authorizer.ID))
		}
	}
}

func (l *look) restAuthorizerURI(id string) string {
	c := l.rests()
	out, got := ask(l, getAuthorizer, func(ctx context.Context) (*apigateway.GetAuthorizerOutput, error) {
		return c.GetAuthorizer(ctx, &apigateway.GetAuthorizerInput{RestApiId: &l.api.ID, AuthorizerId: &id})
	}, "api", l.api.ID, "authorizer", id)
	if got != seen {
		return ""
	}
	return aws.ToString(out.AuthorizerUri)
}

func (l *look) v2Names(route probe.Route, n *Names) {
	if _, got := l.v2API(); got != seen {
		return
	}
	n.Owner = n.Operator.Account
	if s, got := l.v2Stage(); got == seen && s.AccessLogSettings != nil {
		n.LogGroup = groupOf(aws.ToString(s.AccessLogSettings.DestinationArn))
	}
	routes, _ := l.v2Routes()
	for _, r := range routes {
		if aws.ToString(r.RouteKey) != route.Name() {
			continue
		}
		n.Resource, n.Authorizer.ID = aws.ToString(r.RouteId), aws.ToString(r.AuthorizerId)
		n.Function = l.v2Function(strings.TrimPrefix(aws.ToString(r.Target), "integrations/"))
		if n.Authorizer.ID != "" {
			n.Authorizer.Function = functionOf(l.v2AuthorizerURI(n.Authorizer.ID))
		}
	}
}

func (l *look) v2AuthorizerURI(id string) string {
	c := l.v2s()
	out, got := ask(l, getV2Authorizer, func(ctx context.Context) (*apigatewayv2.GetAuthorizerOutput, error) {
		return c.GetAuthorizer(ctx, &apigatewayv2.GetAuthorizerInput{ApiId: &l.api.ID, AuthorizerId: &id})
	}, "api", l.api.ID, "authorizer", id)
	if got != seen {
		return ""
	}
	return aws.ToString(out.AuthorizerUri)
}

func (l *look) v2Function(integration string) string {
	c := l.v2s()
	all, _ := ask(l, getIntegrations, func(ctx context.Context) ([]v2types.Integration, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]v2types.Integration, *string, error) {
			p, err := c.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: &l.api.ID, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return p.Items, p.NextToken, nil
		})
	}, "api", l.api.ID)
	for _, i := range all {
		if aws.ToString(i.IntegrationId) == integration {
			return functionOf(aws.ToString(i.IntegrationUri))
		}
	}
	return ""
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

// functionOf is the ARN of the function that an API refers to, "" if it is none.
func functionOf(uri string) string {
	if _, after, ok := strings.Cut(uri, ":lambda:path/2015-03-31/functions/"); ok {
		uri, _, _ = strings.Cut(after, "/invocations")
	}
	if !strings.Contains(uri, ":function:") {
		return ""
	}
	return uri
}

// groupOf is the log group of an ARN, "" if it is none.
func groupOf(arn string) string {
	_, group, _ := strings.Cut(arn, ":log-group:")
	return strings.TrimSuffix(group, ":*")
}
