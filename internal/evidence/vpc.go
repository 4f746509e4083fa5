package evidence

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// endpoint is an interface endpoint of a VPC for execute-api.
type endpoint struct {
	id, vpc, state, policy string
	privateDNS             bool
	names                  []string
}

// findEndpoints finds the VPC endpoints for execute-api that the account has in the region.
func (n *network) findEndpoints() {
	if n.api.Region == "" {
		n.seen, n.unseen = unseen, "not seen: the VPC endpoints: the API has no region in the configuration"
		return
	}
	service := ".execute-api"
	names := []string{"com.amazonaws." + n.api.Region + service}
	if probe.Partition(n.api.Region) == "aws-cn" {
		names = append(names, "cn."+names[0])
	}
	all, got := ask(&n.look, describeVPCEndpoints, func(ctx context.Context) ([]types.VpcEndpoint, error) {
		client := ec2.NewFromConfig(n.config, func(o *ec2.Options) { o.Region = n.api.Region })
		return pages(ctx, func(ctx context.Context, token *string) ([]types.VpcEndpoint, *string, error) {
			p, err := client.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{
				Filters: []types.Filter{{Name: aws.String("service-name"), Values: names}}, NextToken: token,
			})
			if err != nil {
				return nil, nil, err
			}
			return p.VpcEndpoints, p.NextToken, nil
		})
	})
	n.seen, n.unseen = got, n.why()
	for _, e := range all {
		end := endpoint{
			id: aws.ToString(e.VpcEndpointId), vpc: aws.ToString(e.VpcId), state: string(e.State), policy: aws.ToString(e.PolicyDocument),
			privateDNS: aws.ToBool(e.PrivateDnsEnabled),
		}
		for _, entry := range e.DnsEntries {
			end.names = append(end.names, aws.ToString(entry.DnsName))
		}
		n.endpoints = append(n.endpoints, end)
	}
	slices.SortFunc(n.endpoints, func(a, b endpoint) int { return strings.Compare(a.id, b.id) })
}

// public says whether VPC endpoints may take the default endpoint of a public API.
func (n *network) public() {
	c := Check{Name: "VPC endpoints", Layer: probe.Domain, Cause: "public-api-through-vpc-endpoint"}
	if !n.takesDefault() {
		return // custom domains are not taken
	}
	switch taken := slices.ContainsFunc(n.endpoints, func(e endpoint) bool { return e.privateDNS }); {
	case n.seen != seen:
		n.found(c, Unseen, "%s", n.unseen)
	case !taken:
		n.found(c, Fine, "%s", n.takers())
	default:
		text := n.takers() + ": within that VPC the names of public APIs lead to the endpoint, which refuses them with 403 Forbidden;" +
			" custom domains, or private DNS off, lead past it"
		outcome := Unseen
		if addresses, ok := n.leads[n.api.DefaultHost()]; ok && !slices.ContainsFunc(addresses, internal) {
			outcome, text = Fine, text+"; from here the name leads to public addresses"
		}
		n.found(c, outcome, "%s", text)
	}
}

// private looks at what leads to a private API.
func (n *network) private() {
	n.resourcePolicy()
	for _, e := range n.api.Endpoints {
		n.endpoint(e)
	}
	if slices.Contains(n.hosts(), n.api.DefaultHost()) {
		c := Check{Name: "private DNS", Layer: probe.Domain, Cause: "private-api-wrong-host"}
		switch on := slices.ContainsFunc(n.endpoints, func(e endpoint) bool { return e.privateDNS }); {
		case n.seen != seen:
			n.found(c, Unseen, "%s", n.unseen)
		case on:
			n.found(c, Fine, "%s", n.takers())
		default:
			n.found(c, Wrong, "%s: the default endpoint of a private API is reached by private DNS only", n.takers())
		}
	}
}

// restAPI is the API itself, if it is seen.
func (i *inspection) restAPI() (*apigateway.GetRestApiOutput, sight) {
	c := i.rests()
	return ask(&i.look, getRestAPI, func(ctx context.Context) (*apigateway.GetRestApiOutput, error) {
		return c.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: &i.api.ID})
	}, "api", i.api.ID)
}

// resourcePolicy finds that a private API has none: then nobody may call it.
func (n *network) resourcePolicy() {
	c := Check{Name: "resource policy", Layer: probe.ResourcePolicy, Cause: "resource-policy-implicit-deny"}
	switch api, got := n.restAPI(); {
	case got != seen:
		n.missed(c)
	case aws.ToString(api.Policy) == "":
		n.found(c, Wrong, "the private API has none, and so every call is refused; a new one holds once it is deployed")
	default:
		n.found(c, Fine, "the private API has one; what it says was not evaluated here")
	}
}

// endpoint looks at a VPC endpoint that the API is called through.
func (n *network) endpoint(declared probe.VPCEndpoint) {
	at := slices.IndexFunc(n.endpoints, func(e endpoint) bool {
		return declared.ID != "" && e.id == declared.ID || declared.Host != "" && slices.Contains(e.names, declared.Host)
	})
	name := cmp.Or(declared.ID, declared.Host)
	if at >= 0 {
		name = n.endpoints[at].id
	}
	if declared.ID != "" {
		n.association(declared.ID)
	}
	c := Check{Name: "VPC endpoint " + name, Layer: probe.Network, Cause: "no-answer"}
	switch {
	case slices.ContainsFunc(n.checks, func(done Check) bool { return done.Name == c.Name }): // by another name
		return
	case n.seen != seen:
		n.found(c, Unseen, "%s", n.unseen)
		return
	case at < 0:
		n.found(c, Unseen, "the account has none of this name for execute-api in %s; it may be another account's", n.api.Region)
		return
	}
	e := n.endpoints[at]
	if !strings.EqualFold(e.state, string(types.StateAvailable)) {
		n.found(c, Wrong, "%s in %s is %s", e.id, e.vpc, e.state)
		return
	}
	n.found(c, Fine, "%s in %s is available; its security groups and subnets were not looked at", e.id, e.vpc)
	n.endpointPolicy(e)
}

// association looks whether the API has a name of its own at the endpoint.
func (n *network) association(id string) {
	c := Check{Name: "association with " + id, Layer: probe.Domain, Cause: "private-api-wrong-host"}
	api, got := n.restAPI()
	switch {
	case got != seen:
		n.missed(c)
	case api.EndpointConfiguration == nil || !slices.Contains(api.EndpointConfiguration.VpcEndpointIds, id):
		n.found(c, Wrong, "the API is not associated with the endpoint: the name %s-%s.execute-api… does not lead to it", n.api.ID, id)
	default:
		n.found(c, Fine, "the API is associated with the endpoint")
	}
}

// endpointPolicy asks the policy of an endpoint about each route of the API.
func (n *network) endpointPolicy(e endpoint) {
	c := Check{Name: "policy of " + e.id, Layer: probe.EndpointPolicy, Cause: "endpoint-policy-deny"}
	d, err := parseDocument([]byte(e.policy))
	if err != nil {
		n.found(c, Unseen, "it cannot be read: %v", err)
		return
	}
	if n.accountID() == "" {
		n.missed(c)
		return
	}
	var refused, unsure []string
	for _, r := range n.api.Routes {
		said := d.on(question{
			action: invokeAction, resource: n.methodARN(n.api.Stage, r, r.Method, filled(r)), anonymous: r.Authorization != probe.AuthIAM,
		})
		switch {
		case len(said.unsure) > 0:
			unsure = append(unsure, fmt.Sprintf("%s (not evaluated: %s)", r.Name(), strings.Join(said.unsure, ", ")))
		case said.ruling == deny:
			refused = append(refused, r.Name()+" (denied)")
		case said.ruling == silent:
			refused = append(refused, r.Name()+" (not allowed)")
		}
	}
	switch {
	case len(refused) > 0:
		n.found(c, Wrong, "does not let pass: %s", strings.Join(refused, ", "))
	case len(unsure) > 0:
		n.found(c, Unseen, "depends on what was not evaluated: %s", strings.Join(unsure, ", "))
	default:
		n.found(c, Fine, "allows all routes")
	}
}

// filled is the path of a route with its parameters.
func filled(r probe.Route) string {
	segments := strings.Split(r.Path, "/")
	for i, s := range segments {
		if name := strings.Trim(s, "{}"); name != s {
			value, ok := r.PathParameters[name]
			if !ok {
				value = r.PathParameters[strings.TrimSuffix(name, "+")]
			}
			segments[i] = value
		}
	}
	return strings.Join(segments, "/")
}

// domainTargets are the names that API Gateway gave a custom domain, to which the DNS must lead.
func (n *network) domainTargets(host string) []string {
	c := n.v2s()
	var out []string
	name, got := ask(&n.look, getDomainName, func(ctx context.Context) (*apigatewayv2.GetDomainNameOutput, error) {
		return c.GetDomainName(ctx, &apigatewayv2.GetDomainNameInput{DomainName: &host})
	}, "domain", host)
	if got == seen {
		for _, d := range name.DomainNameConfigurations {
			out = append(out, aws.ToString(d.ApiGatewayDomainName))
		}
	}
	if got == absent { // whether the second version shows edge-optimised ones is not documented
		c := n.rests()
		edge, got := ask(&n.look, getEdgeDomain, func(ctx context.Context) (*apigateway.GetDomainNameOutput, error) {
			return c.GetDomainName(ctx, &apigateway.GetDomainNameInput{DomainName: &host})
		}, "domain", host)
		if got == seen {
			out = append(out, aws.ToString(edge.DistributionDomainName), aws.ToString(edge.RegionalDomainName))
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}
