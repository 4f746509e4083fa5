package discover

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	v2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// mappedDomain is a custom domain and what it leads to.
type mappedDomain struct {
	host       string
	id         string // of a private domain
	truststore string // of mutual TLS
	rulesOnly  bool   // the mappings play no part
	mappings   []mapping
	rules      []rule
	unread     bool // not all of it could be read
}

type mapping struct{ basePath, api, stage string }

type rule struct{ text, api, stage string }

// findDomains finds the custom domains of the region. Each version of the management API may know some that the other
// does not.
func (r *region) findDomains(ctx context.Context) {
	r.step("the custom domains of " + r.name)
	second, _ := paged(r, getV2DomainNames, func(token *string) ([]v2types.DomainName, *string, error) {
		page, err := r.v2.GetDomainNames(ctx, &apigatewayv2.GetDomainNamesInput{NextToken: token, MaxResults: aws.String("500")})
		if err != nil {
			return nil, nil, err
		}
		return page.Items, page.NextToken, nil
	})
	for _, d := range second {
		out := mappedDomain{host: aws.ToString(d.DomainName), rulesOnly: d.RoutingMode == v2types.RoutingModeRoutingRuleOnly}
		if m := d.MutualTlsAuthentication; m != nil {
			out.truststore = aws.ToString(m.TruststoreUri)
		}
		r.readMappings(ctx, &out)
		if d.RoutingMode != "" && d.RoutingMode != v2types.RoutingModeApiMappingOnly {
			r.readRules(ctx, &out)
		}
		r.domains = append(r.domains, out)
	}
	pages := apigateway.NewGetDomainNamesPaginator(r.rest, &apigateway.GetDomainNamesInput{Limit: aws.Int32(500)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			r.unread(err, getDomainNames)
			return
		}
		for _, d := range page.Items {
			if slices.ContainsFunc(r.domains, func(known mappedDomain) bool { return known.host == aws.ToString(d.DomainName) }) {
				continue
			}
			out := mappedDomain{host: aws.ToString(d.DomainName), id: aws.ToString(d.DomainNameId), rulesOnly: d.RoutingMode == types.RoutingModeRoutingRuleOnly}
			if m := d.MutualTlsAuthentication; m != nil {
				out.truststore = aws.ToString(m.TruststoreUri)
			}
			r.readBasePaths(ctx, &out)
			r.domains = append(r.domains, out)
		}
	}
}

func (r *region) readMappings(ctx context.Context, d *mappedDomain) {
	all, ok := paged(r, getAPIMappings, func(token *string) ([]v2types.ApiMapping, *string, error) {
		page, err := r.v2.GetApiMappings(ctx, &apigatewayv2.GetApiMappingsInput{DomainName: &d.host, NextToken: token, MaxResults: aws.String("500")})
		if err != nil {
			return nil, nil, err
		}
		return page.Items, page.NextToken, nil
	}, "domain", d.host)
	for _, m := range all {
		d.mappings = append(d.mappings, mapping{aws.ToString(m.ApiMappingKey), aws.ToString(m.ApiId), aws.ToString(m.Stage)})
	}
	d.unread = !ok
}

func (r *region) readBasePaths(ctx context.Context, d *mappedDomain) {
	input := &apigateway.GetBasePathMappingsInput{DomainName: &d.host, Limit: aws.Int32(500)}
	if d.id != "" {
		input.DomainNameId = &d.id
	}
	pages := apigateway.NewGetBasePathMappingsPaginator(r.rest, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			r.unread(err, getBasePathMappings, "domain", d.host)
			d.unread = true
			return
		}
		for _, m := range page.Items {
			base := aws.ToString(m.BasePath)
			if base == "(none)" {
				base = ""
			}
			d.mappings = append(d.mappings, mapping{base, aws.ToString(m.RestApiId), aws.ToString(m.Stage)})
		}
	}
}

func (r *region) readRules(ctx context.Context, d *mappedDomain) {
	all, ok := paged(r, listRoutingRules, func(token *string) ([]v2types.RoutingRule, *string, error) {
		page, err := r.v2.ListRoutingRules(ctx, &apigatewayv2.ListRoutingRulesInput{DomainName: &d.host, NextToken: token})
		if err != nil {
			return nil, nil, err
		}
		return page.RoutingRules, page.NextToken, nil
	}, "domain", d.host)
	d.unread = d.unread || !ok
	for _, one := range all {
		for _, action := range one.Actions {
			if to := action.InvokeApi; to != nil {
				d.rules = append(d.rules, rule{describeRule(one), aws.ToString(to.ApiId), aws.ToString(to.Stage)})
			}
		}
	}
}

func describeRule(r v2types.RoutingRule) string {
	var when []string
	for _, c := range r.Conditions {
		if c.MatchBasePaths != nil {
			when = append(when, "the base path is one of "+strings.Join(c.MatchBasePaths.AnyOf, ", "))
		}
		if c.MatchHeaders != nil {
			var headers []string
			for _, h := range c.MatchHeaders.AnyOf {
				headers = append(headers, aws.ToString(h.Header)+" is "+aws.ToString(h.ValueGlob))
			}
			when = append(when, "the header "+strings.Join(headers, " or "))
		}
	}
	return fmt.Sprintf("priority %d, if %s", aws.ToInt32(r.Priority), cmp.Or(strings.Join(when, " and "), "nothing else fits"))
}

// lead finds the domains and the usage plans that lead to the API's stage.
func (r *region) lead(out *API) {
	for _, d := range r.domains {
		for _, rule := range d.rules {
			if rule.api == out.ID && rule.stage == out.Stage {
				out.Notes = append(out.Notes, fmt.Sprintf("a routing rule of %s leads here: %s", d.host, rule.text))
			}
		}
		for _, m := range d.mappings {
			if m.api != out.ID || m.stage != out.Stage && m.stage != "" {
				continue
			}
			if m.stage == "" { // requests name the stage
				m.basePath = strings.TrimPrefix(m.basePath+"/"+out.Stage, "/")
			}
			if note := d.unprobed(); note != "" {
				out.Notes = append(out.Notes, fmt.Sprintf("https://%s/%s leads here, too: %s", d.host, m.basePath, note))
				continue
			}
			out.Domains = append(out.Domains, r.domain(d, m))
		}
	}
	out.PlansKnown = r.plansKnown
	for _, p := range r.plans {
		if slices.Contains(p.stages, out.ID+"/"+out.Stage) {
			out.Plans = append(out.Plans, p.Plan)
		}
	}
}

// unprobed is why a domain cannot stand in a configuration.
func (d *mappedDomain) unprobed() string {
	switch {
	case strings.HasPrefix(d.host, "*."):
		return "a domain for any name; put the names in use under custom_domains"
	case d.id != "":
		return "a private domain, id " + d.id + ", which is reached from a VPC whose endpoint is associated with it"
	case d.rulesOnly:
		return "or would, if the domain did not follow its routing rules alone"
	}
	return ""
}

// domain is a mapping as a way in to its API.
func (r *region) domain(d mappedDomain, m mapping) Domain {
	out := Domain{Host: d.host, BasePath: m.basePath}
	if m.basePath != "" && !d.unread && len(d.rules) == 0 {
		out.RootMapping = probe.Absent
		i := slices.IndexFunc(d.mappings, func(m mapping) bool { return m.basePath == "" })
		switch {
		case i >= 0 && d.mappings[i].stage == "":
			out.RootMapping = probe.Unknown // it leads to whatever stage the path begins with
		case i >= 0:
			out.RootMapping = probe.Declared(cleanName(cmp.Or(r.apis[d.mappings[i].api], d.mappings[i].api)))
		}
	}
	if d.truststore != "" {
		out.Notes = append(out.Notes, "it asks clients for a certificate (truststore "+d.truststore+"):",
			"mutual_tls: {certificate: client.pem, key: {file: client.key}}")
	}
	for _, rule := range d.rules {
		out.Notes = append(out.Notes, fmt.Sprintf("a routing rule goes before the base paths: %s, to %s/%s", rule.text, cmp.Or(r.apis[rule.api], rule.api), rule.stage))
	}
	return out
}

// unmapped notes the mappings that lead to nothing, if all APIs were looked at.
func (r *region) unmapped(all bool) {
	if !all || len(r.inventory.Problems) > 0 {
		return
	}
	for _, d := range r.domains {
		for _, m := range d.mappings {
			if !slices.ContainsFunc(r.inventory.APIs, func(a API) bool { return a.ID == m.api && (a.Stage == m.stage || m.stage == "") }) {
				r.inventory.Notes = append(r.inventory.Notes, fmt.Sprintf("https://%s/%s leads to nothing: no API %s with a stage %s is here", d.host, m.basePath, m.api, m.stage))
			}
		}
	}
}

// plan is a usage plan with the stages that it holds, as "api/stage".
type plan struct {
	Plan
	stages []string
}

// findPlans finds the usage plans and the names of their keys. The keys themselves are not asked for.
func (r *region) findPlans(ctx context.Context) {
	r.step("the usage plans of " + r.name)
	pages := apigateway.NewGetUsagePlansPaginator(r.rest, &apigateway.GetUsagePlansInput{Limit: aws.Int32(500)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			r.unread(err, getUsagePlans)
			return
		}
		for _, p := range page.Items {
			out := plan{Plan: Plan{Name: aws.ToString(p.Name)}}
			for _, s := range p.ApiStages {
				out.stages = append(out.stages, aws.ToString(s.ApiId)+"/"+aws.ToString(s.Stage))
			}
			r.readKeys(ctx, aws.ToString(p.Id), &out)
			r.plans = append(r.plans, out)
		}
	}
	r.plansKnown = true
}

func (r *region) readKeys(ctx context.Context, id string, p *plan) {
	pages := apigateway.NewGetUsagePlanKeysPaginator(r.rest, &apigateway.GetUsagePlanKeysInput{UsagePlanId: &id, Limit: aws.Int32(500)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			r.unread(err, getUsagePlanKeys, "plan", id, "name", strconv.Quote(p.Name))
			return
		}
		for _, k := range page.Items {
			p.Keys = append(p.Keys, aws.ToString(k.Name))
		}
	}
}

// findEndpoints finds the VPC endpoints through which a private API has a name.
func (r *region) findEndpoints(ctx context.Context, out *API, ids []string) {
	if out.DefaultEndpoint == probe.Enabled {
		out.DefaultEndpoint = probe.Unknown // it is where a VPC has private DNS
	}
	out.Notes = append(out.Notes, "a private API: run the prober in a VPC that has one of these endpoints")
	for _, id := range ids {
		out.Endpoints = append(out.Endpoints, probe.VPCEndpoint{ID: id})
	}
	if len(ids) == 0 {
		out.Notes = append(out.Notes, "it is associated with no VPC endpoint; put the name of yours here:",
			"vpc_endpoints: [{host: vpce-0123456789abcdef0-abcd1234.execute-api."+r.name+".vpce.amazonaws.com, api_by: Host}]")
		return
	}
	for _, id := range ids {
		r.findEndpoint(ctx, out, id)
	}
}

// findEndpoint finds one: with those of other accounts, several at once would be refused.
func (r *region) findEndpoint(ctx context.Context, out *API, id string) {
	found, err := r.ec2.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{id}})
	switch {
	case err != nil && strings.HasPrefix(code(err), "InvalidVpcEndpoint"):
		out.Notes = append(out.Notes, fmt.Sprintf("the account has no VPC endpoint %s in %s; another may", id, r.name))
		return
	case err != nil:
		r.unread(err, describeVPCEndpoints, "name", strconv.Quote(out.Name))
		return
	}
	for _, e := range found.VpcEndpoints {
		if aws.ToBool(e.PrivateDnsEnabled) && out.DefaultEndpoint == probe.Unknown {
			out.DefaultEndpoint = probe.Enabled
		}
		for _, name := range e.DnsEntries {
			if host := aws.ToString(name.DnsName); strings.HasPrefix(host, aws.ToString(e.VpcEndpointId)) {
				out.Endpoints = append(out.Endpoints, probe.VPCEndpoint{Host: host})
				break // the others are the same, zone by zone
			}
		}
	}
}
