package sandbox

import (
	"fmt"
	"slices"
	"strconv"
)

func ec2Service() *controlService {
	return &controlService{
		name: "ec2", wire: ec2Query, denied: "UnauthorizedOperation", throttled: "RequestLimitExceeded",
		operations: []operation{
			{name: "DescribeVpcEndpoints", action: "ec2:DescribeVpcEndpoints", answer: describeVPCEndpoints},
			{name: "DescribeRegions", action: "ec2:DescribeRegions", answer: describeRegions},
		},
	}
}

// describeRegions shows the region that was asked and those in which the account
// has APIs.
func describeRegions(c *call) (any, error) {
	names := []string{c.region}
	for i := range c.model.APIs {
		if a := &c.model.APIs[i]; a.Account == c.account() && !slices.Contains(names, a.Region) {
			names = append(names, a.Region)
		}
	}
	set := fields{}
	for _, name := range names {
		set = append(set, field{"item", fields{
			{"regionName", name}, {"regionEndpoint", "ec2." + name + "." + suffix(name)}, {"optInStatus", "opt-in-not-required"},
		}})
	}
	return fields{{"regionInfo", set}}, nil
}

func describeVPCEndpoints(c *call) (any, error) {
	var all []*VPCEndpoint
	for i := range c.model.VPCEndpoints {
		if e := &c.model.VPCEndpoints[i]; e.Region == c.region && c.wanted(e) {
			all = append(all, e)
		}
	}
	if ids := c.values("VpcEndpointId"); len(ids) > len(all) {
		return nil, &failure{400, "InvalidVpcEndpointId.NotFound", fmt.Sprintf("The Vpc Endpoint Ids %q do not all exist", ids)}
	}
	some, next, err := page(c, all, c.form.Get("MaxResults"), c.form.Get("NextToken"), 1000)
	if err != nil {
		return nil, err
	}
	set := fields{}
	for _, e := range some {
		set = append(set, field{"item", c.vpcEndpoint(e)})
	}
	out := fields{{"vpcEndpointSet", set}}
	if next != "" {
		out = append(out, field{"nextToken", next})
	}
	return out, nil
}

// wanted tells whether the ids and filters of a call take an endpoint.
func (c *call) wanted(e *VPCEndpoint) bool {
	if ids := c.values("VpcEndpointId"); len(ids) > 0 && !slices.Contains(ids, e.ID) {
		return false
	}
	has := map[string]string{
		"vpc-endpoint-id": e.ID, "vpc-id": e.VPC, "service-name": e.service(), "vpc-endpoint-type": "Interface", "vpc-endpoint-state": "available",
	}
	for n := 1; c.form.Has(fmt.Sprintf("Filter.%d.Name", n)); n++ {
		value := has[c.form.Get(fmt.Sprintf("Filter.%d.Name", n))]
		if !slices.Contains(c.values(fmt.Sprintf("Filter.%d.Value", n)), value) {
			return false
		}
	}
	return true
}

// values are a list of the query protocol.
func (c *call) values(name string) []string {
	var out []string
	for n := 1; c.form.Has(fmt.Sprintf("%s.%d", name, n)); n++ {
		out = append(out, c.form.Get(fmt.Sprintf("%s.%d", name, n)))
	}
	return out
}

func (e *VPCEndpoint) service() string { return "com.amazonaws." + e.Region + "." + service }

func (c *call) vpcEndpoint(e *VPCEndpoint) fields {
	policy := Policy{{Effect: Allow, Principal: []string{"*"}, Action: []string{"*"}}} // the default one
	if e.Policy != nil {
		policy = *e.Policy
	}
	names := fields{{"item", fields{{"dnsName", e.Host()}, {"hostedZoneId", "Z" + made(12, "zone", e.ID)}}}}
	if e.PrivateDNS {
		names = append(names, field{"item", fields{{"dnsName", "*." + service + "." + e.Region + "." + suffix(e.Region)}}})
	}
	return fields{
		{"vpcEndpointId", e.ID}, {"vpcEndpointType", "Interface"}, {"vpcId", e.VPC}, {"serviceName", e.service()}, {"state", "available"},
		{"policyDocument", policy.render(func(r string) string { return r }, partition(e.Region))},
		{"privateDnsEnabled", strconv.FormatBool(e.PrivateDNS)}, {"dnsEntrySet", names}, {"ownerId", c.account()},
	}
}
