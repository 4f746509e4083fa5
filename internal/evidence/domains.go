package evidence

import (
	"context"
	"fmt"
	"slices"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
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
	c := l.v2s()
	name, got := ask(l, getDomainName, func(ctx context.Context) (*apigatewayv2.GetDomainNameOutput, error) {
		return c.GetDomainName(ctx, &apigatewayv2.GetDomainNameInput{DomainName: &d.Host})
	}, "domain", d.Host)
	switch got {
	case absent:
		l.find("domain-missing", "the account has no custom domain %s in %s", d.Host, l.api.Region)
		return
	case unseen:
		return
	}
	tls := name.MutualTlsAuthentication != nil && aws.ToString(name.MutualTlsAuthentication.TruststoreUri) != ""
	if declared := d.ClientCertificate != nil; declared != tls {
		words := map[bool]string{true: "mutual TLS", false: "no mutual TLS"}
		l.find("mutual-tls", "%s: declared %s; in the account: %s", d.Host, words[declared], words[tls])
	}
	if name.RoutingMode != types.RoutingModeRoutingRuleOnly {
		l.mapping(d, name.RoutingMode)
	}
}

// mapping looks whether the base path leads to the stage of the API.
func (l *look) mapping(d probe.CustomDomain, mode types.RoutingMode) {
	c := l.v2s()
	all, got := ask(l, getAPIMappings, func(ctx context.Context) ([]types.ApiMapping, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]types.ApiMapping, *string, error) {
			p, err := c.GetApiMappings(ctx, &apigatewayv2.GetApiMappingsInput{DomainName: &d.Host, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return p.Items, p.NextToken, nil
		})
	}, "domain", d.Host)
	if got != seen {
		return
	}
	at := slices.IndexFunc(all, func(m types.ApiMapping) bool {
		key := aws.ToString(m.ApiMappingKey)
		return key == d.BasePath || d.BasePath == "" && key == "(none)"
	})
	base := fmt.Sprintf("base path %q", d.BasePath)
	if d.BasePath == "" {
		base = "root mapping"
	}
	switch {
	case at < 0 && mode == types.RoutingModeRoutingRuleThenApiMapping && l.ruled(d.Host): // a rule may lead there
	case at < 0:
		l.find("mapping", "%s has no %s", d.Host, base)
	case aws.ToString(all[at].ApiId) != l.api.ID || aws.ToString(all[at].Stage) != l.api.Stage:
		l.find("mapping", "%s: the %s leads to stage %q of %s, and is declared for stage %q of %s", d.Host, base,
			aws.ToString(all[at].Stage), aws.ToString(all[at].ApiId), l.api.Stage, l.api.ID)
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
