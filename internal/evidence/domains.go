package evidence

import (
	"context"
	"fmt"
	"slices"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// domains compares the custom domains of the API.
func (l *look) domains() {
	for _, d := range l.api.Domains {
		l.domain(d)
	}
}

func (l *look) domain(d probe.CustomDomain) {
	name, got := l.domainName(d.Host)
	switch got {
	case absent:
		l.edgeDomain(d)
		return
	case unseen:
		return
	}
	l.mutualTLS(d, name.MutualTlsAuthentication != nil && aws.ToString(name.MutualTlsAuthentication.TruststoreUri) != "")
	if name.RoutingMode != types.RoutingModeRoutingRuleOnly {
		l.mapping(d, name.RoutingMode)
	}
}

func (l *look) domainName(host string) (*apigatewayv2.GetDomainNameOutput, sight) {
	c := l.v2s()
	return ask(l, getDomainName, func(ctx context.Context) (*apigatewayv2.GetDomainNameOutput, error) {
		return c.GetDomainName(ctx, &apigatewayv2.GetDomainNameInput{DomainName: &host})
	}, "domain", host)
}

// edgeDomain compares a custom domain that the second version does not know: whether that shows edge-optimised ones is
// not documented.
func (l *look) edgeDomain(d probe.CustomDomain) {
	c := l.rests()
	_, got := ask(l, getEdgeDomain, func(ctx context.Context) (*apigateway.GetDomainNameOutput, error) {
		return c.GetDomainName(ctx, &apigateway.GetDomainNameInput{DomainName: &d.Host})
	}, "domain", d.Host)
	switch {
	case got == absent && l.api.EndpointType == probe.EndpointPrivate: // private names are not unique: they have ids
		l.note("%s: not compared with the account: a private custom domain is not known by its name alone", d.Host)
		return
	case got == absent:
		l.find("domain-missing", "the account has no custom domain %s in %s", d.Host, l.api.Region)
		return
	case got == unseen:
		return
	}
	l.mutualTLS(d, false) // which only regional ones have
	all, got := ask(l, getBasePathMappings, func(ctx context.Context) ([]target, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]target, *string, error) {
			p, err := c.GetBasePathMappings(ctx, &apigateway.GetBasePathMappingsInput{DomainName: &d.Host, Position: token})
			if err != nil {
				return nil, nil, err
			}
			var some []target
			for _, m := range p.Items {
				some = append(some, target{aws.ToString(m.BasePath), aws.ToString(m.RestApiId), aws.ToString(m.Stage)})
			}
			return some, p.Position, nil
		})
	}, "domain", d.Host)
	if got == seen {
		l.leads(d, all, false)
	}
}

func (l *look) mutualTLS(d probe.CustomDomain, is bool) {
	if declared := d.ClientCertificate != nil; declared != is {
		words := map[bool]string{true: "mutual TLS", false: "no mutual TLS"}
		l.find("mutual-tls", "%s: declared %s; in the account: %s", d.Host, words[declared], words[is])
	}
}

// target is where a base path of a custom domain leads.
type target struct{ base, api, stage string }

// mapping looks whether the base path leads to the stage of the API.
func (l *look) mapping(d probe.CustomDomain, mode types.RoutingMode) {
	if all, got := l.apiMappings(d.Host); got == seen {
		l.leads(d, all, mode == types.RoutingModeRoutingRuleThenApiMapping)
	}
}

func (l *look) apiMappings(host string) ([]target, sight) {
	c := l.v2s()
	return ask(l, getAPIMappings, func(ctx context.Context) ([]target, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]target, *string, error) {
			p, err := c.GetApiMappings(ctx, &apigatewayv2.GetApiMappingsInput{DomainName: &host, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			var some []target
			for _, m := range p.Items {
				some = append(some, target{aws.ToString(m.ApiMappingKey), aws.ToString(m.ApiId), aws.ToString(m.Stage)})
			}
			return some, p.NextToken, nil
		})
	}, "domain", host)
}

// leads compares where the base path leads; rules may lead there in place of a mapping.
func (l *look) leads(d probe.CustomDomain, all []target, rules bool) {
	at := slices.IndexFunc(all, func(t target) bool { return t.base == d.BasePath || d.BasePath == "" && t.base == "(none)" })
	base := fmt.Sprintf("base path %q", d.BasePath)
	if d.BasePath == "" {
		base = "root mapping"
	}
	switch {
	case at < 0 && rules && l.ruled(d.Host):
	case at < 0:
		l.find("mapping", "%s has no %s", d.Host, base)
	case all[at].api != l.api.ID || all[at].stage != l.api.Stage:
		l.find("mapping", "%s: the %s leads to stage %q of %s, and is declared for stage %q of %s", d.Host, base,
			all[at].stage, all[at].api, l.api.Stage, l.api.ID)
	}
}

// ruled reports whether a routing rule of the host may lead to the API: where rules cannot be seen, one may.
func (l *look) ruled(host string) bool {
	c := l.v2s()
	rules, got := ask(l, listRoutingRules, func(ctx context.Context) ([]types.RoutingRule, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]types.RoutingRule, *string, error) {
			p, err := c.ListRoutingRules(ctx, &apigatewayv2.ListRoutingRulesInput{DomainName: &host, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return p.RoutingRules, p.NextToken, nil
		})
	}, "domain", host)
	return got == unseen || slices.ContainsFunc(rules, func(r types.RoutingRule) bool {
		return slices.ContainsFunc(r.Actions, func(a types.RoutingRuleAction) bool {
			return a.InvokeApi != nil && aws.ToString(a.InvokeApi.ApiId) == l.api.ID
		})
	})
}
