package evidence_test

import (
	"testing"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

const caller = `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`

// endpoints is an answer with one VPC endpoint.
func endpoints(state, privateDNS, policy string) string {
	return `<DescribeVpcEndpointsResponse><vpcEndpointSet><item><vpcEndpointId>vpce-0a</vpcEndpointId><vpcId>vpc-1</vpcId><state>` + state +
		`</state><privateDnsEnabled>` + privateDNS + `</privateDnsEnabled><policyDocument><![CDATA[` + policy + `]]></policyDocument><dnsEntrySet><item><dnsName>` +
		`vpce-0a-x1.execute-api.eu-west-1.vpce.amazonaws.com</dnsName></item></dnsEntrySet></item></vpcEndpointSet></DescribeVpcEndpointsResponse>`
}

const (
	none   = `<DescribeVpcEndpointsResponse><vpcEndpointSet></vpcEndpointSet></DescribeVpcEndpointsResponse>`
	anyone = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`

	ownName = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
	public  = ownName
	byName  = "a1b2c3d4e5-vpce-0a.execute-api.eu-west-1.amazonaws.com"
	byHost  = "vpce-0a-x1.execute-api.eu-west-1.vpce.amazonaws.com"

	target = "d-1234567890.execute-api.eu-west-1.amazonaws.com"
)

func TestNetwork(t *testing.T) {
	regional := probe.API{
		Name: "orders", Type: probe.REST, EndpointType: probe.EndpointRegional, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod",
		DefaultEndpoint: probe.Enabled, Routes: []probe.Route{{Method: "GET", Path: "/orders/{id}", PathParameters: map[string]string{"id": "42"}}},
	}
	undeclared, http, custom := regional, regional, regional
	undeclared.EndpointType = ""
	http.Type, http.EndpointType = probe.HTTP, ""
	custom.DefaultEndpoint, custom.Domains = probe.Disabled, []probe.CustomDomain{{Host: "api.example.com"}}
	private := regional
	private.EndpointType, private.DefaultEndpoint = probe.EndpointPrivate, probe.Unknown
	private.Endpoints = []probe.VPCEndpoint{{ID: "vpce-0a"}}
	byDefault, ofHost := private, private
	byDefault.Endpoints, byDefault.DefaultEndpoint = nil, probe.Enabled
	ofHost.Endpoints = []probe.VPCEndpoint{{Host: byHost}}

	const (
		api       = "GET /restapis/a1b2c3d4e5"
		domain    = "GET /v2/domainnames/api.example.com"
		edge      = "GET /domainnames/api.example.com"
		describe  = "DescribeVpcEndpoints"
		connected = `{"policy":"{}","endpointConfiguration":{"types":["PRIVATE"],"vpcEndpointIds":["vpce-0a"]}}`
		leads     = "private DNS is on at vpce-0a in vpc-1"
		within    = leads + ": within that VPC the names of public APIs lead to the endpoint, which refuses them with 403 Forbidden; custom domains, or private DNS off, lead past it"
		off       = "no VPC endpoint of the account has private DNS on in eu-west-1; one of another account may"
		notRight  = "not seen: the VPC endpoints for execute-api: ec2:DescribeVpcEndpoints on * is not allowed"
	)
	fine := func(name string, l probe.Layer, text string) evidence.Check {
		return evidence.Check{Name: name, Outcome: evidence.Fine, Text: text, Layer: l}
	}
	unseen := func(name string, l probe.Layer, text string) evidence.Check {
		return evidence.Check{Name: name, Outcome: evidence.Unseen, Text: text, Layer: l}
	}
	wrong := func(name string, l probe.Layer, cause probe.Cause, text string) evidence.Check {
		return evidence.Check{Name: name, Outcome: evidence.Wrong, Text: text, Layer: l, Cause: cause}
	}
	noTaker := fine("VPC endpoints", probe.Domain, off)
	inVPC := []evidence.Check{
		fine("DNS "+byName, probe.Network, "10.0.0.7: private addresses, as those of a VPC endpoint"),
		fine("resource policy", probe.ResourcePolicy, "the private API has one; what it says was not evaluated here"),
		fine("association with vpce-0a", probe.Domain, "the API is associated with the endpoint"),
		fine("VPC endpoint vpce-0a", probe.Network, "vpce-0a in vpc-1 is available; its security groups and subnets were not looked at"),
	}
	policy := func(outcome evidence.CheckOutcome, cause probe.Cause, text string) []evidence.Check {
		return append(inVPC[:4:4], evidence.Check{Name: "policy of vpce-0a", Outcome: outcome, Text: text, Layer: probe.EndpointPolicy, Cause: cause})
	}
	for _, c := range []struct {
		name    string
		api     probe.API
		plan    probe.Plan
		dns     names
		answers map[string]string
		want    []evidence.Check
	}{
		{
			name: "public", api: regional, dns: names{public: "52.0.0.1 2a05:d018::1"}, answers: map[string]string{describe: none},
			want: []evidence.Check{fine("DNS "+public, probe.Network, "2a05:d018::1, 52.0.0.1"), noTaker},
		},
		{
			name: "public, and private DNS elsewhere", api: http, dns: names{public: "52.0.0.1"}, answers: map[string]string{describe: endpoints("available", "true", anyone)},
			want: []evidence.Check{
				fine("DNS "+public, probe.Network, "52.0.0.1"), fine("VPC endpoints", probe.Domain, within+"; from here the name leads to public addresses"),
			},
		},
		{
			name: "public, from a VPC with private DNS", api: regional, dns: names{public: "10.0.0.7"}, answers: map[string]string{describe: endpoints("available", "true", anyone)},
			want: []evidence.Check{
				wrong("DNS "+public, probe.Domain, "public-api-through-vpc-endpoint",
					"10.0.0.7: private addresses, so private DNS of a VPC endpoint takes the names of public APIs here, and refuses them with 403 Forbidden; "+leads),
				unseen("VPC endpoints", probe.Domain, within),
			},
		},
		{
			name: "without the right", api: regional, dns: names{public: "100.64.1.1"}, answers: map[string]string{describe: "403 UnauthorizedOperation"},
			want: []evidence.Check{
				wrong("DNS "+public, probe.Domain, "public-api-through-vpc-endpoint",
					"100.64.1.1: private addresses, so private DNS of a VPC endpoint takes the names of public APIs here, and refuses them with 403 Forbidden; "+notRight),
				unseen("VPC endpoints", probe.Domain, notRight),
			},
		},
		{
			name: "led elsewhere", api: regional, plan: probe.Plan{ConnectTo: map[string]string{"*": "127.0.0.1:9"}}, answers: map[string]string{describe: endpoints("available", "true", anyone)},
			want: []evidence.Check{unseen("DNS "+public, probe.Network, "connect_to leads to 127.0.0.1:9 in its place"), unseen("VPC endpoints", probe.Domain, within)},
		},
		{
			name: "through a proxy", api: regional, plan: probe.Plan{Proxy: "http://proxy:3128"}, answers: map[string]string{describe: none},
			want: []evidence.Check{unseen("DNS "+public, probe.Network, "the forward proxy resolves it"), noTaker},
		},
		{
			name: "no such name", api: regional, answers: map[string]string{describe: none},
			want: []evidence.Check{wrong("DNS "+public, probe.Network, "no-answer", "the name does not exist, as the DNS says here"), noTaker},
		},
		{
			name: "no DNS", api: regional, dns: names{public: "1.1.1.1"}, answers: map[string]string{describe: none},
			want: []evidence.Check{unseen("DNS "+public, probe.Network, "the DNS gave no answer: lookup "+public+": server misbehaving"), noTaker},
		},
		{
			name: "this machine", api: regional, dns: names{public: "127.0.0.1"}, answers: map[string]string{describe: none},
			want: []evidence.Check{unseen("DNS "+public, probe.Network, "127.0.0.1: this machine itself, which is not API Gateway"), noTaker},
		},
		{
			name: "custom domain", api: custom, dns: names{"api.example.com": target, target: "52.0.0.1"},
			answers: map[string]string{describe: none, domain: `{"domainNameConfigurations":[{"apiGatewayDomainName":"` + target + `"}]}`},
			want: []evidence.Check{
				fine("DNS api.example.com", probe.Network, "52.0.0.1"), fine("DNS target of api.example.com", probe.Domain, "leads to "+target+", as it must"),
			},
		},
		{
			name: "custom domain as an alias", api: custom, dns: names{"api.example.com": "52.0.0.1 52.0.0.2", target: "52.0.0.2 52.0.0.3"},
			answers: map[string]string{describe: none, domain: `{"domainNameConfigurations":[{"apiGatewayDomainName":"` + target + `"}]}`},
			want: []evidence.Check{
				fine("DNS api.example.com", probe.Network, "52.0.0.1, 52.0.0.2"),
				fine("DNS target of api.example.com", probe.Domain, "leads to addresses of "+target+", as it must"),
			},
		},
		{
			name: "custom domain in another region", api: custom,
			dns:     names{"api.example.com": "d-9.execute-api.us-east-1.amazonaws.com", "d-9.execute-api.us-east-1.amazonaws.com": "52.0.0.9"},
			answers: map[string]string{describe: none, domain: `{"domainNameConfigurations":[{"apiGatewayDomainName":"` + target + `"}]}`},
			want: []evidence.Check{
				fine("DNS api.example.com", probe.Network, "52.0.0.9"),
				wrong("DNS target of api.example.com", probe.Domain, "", "leads to d-9.execute-api.us-east-1.amazonaws.com, in another region than the domain, want "+target),
			},
		},
		{
			name: "custom domain of another", api: custom,
			dns:     names{"api.example.com": "d-9.execute-api.eu-west-1.amazonaws.com", "d-9.execute-api.eu-west-1.amazonaws.com": "52.0.0.9"},
			answers: map[string]string{describe: none, domain: `{"domainNameConfigurations":[{"apiGatewayDomainName":"` + target + `"}]}`},
			want: []evidence.Check{
				fine("DNS api.example.com", probe.Network, "52.0.0.9"),
				unseen("DNS target of api.example.com", probe.Domain, "leads to d-9.execute-api.eu-west-1.amazonaws.com, which API Gateway gave another domain, want "+target),
			},
		},
		{
			name: "custom domain behind a CDN", api: custom, dns: names{"api.example.com": "d1.cloudfront.net", "d1.cloudfront.net": "99.0.0.1", target: "52.0.0.2"},
			answers: map[string]string{describe: none, domain: `{"domainNameConfigurations":[{"apiGatewayDomainName":"` + target + `"}]}`},
			want: []evidence.Check{
				fine("DNS api.example.com", probe.Network, "99.0.0.1"),
				unseen("DNS target of api.example.com", probe.Domain, "leads to d1.cloudfront.net: a CloudFront distribution stands before "+target+", and may answer in its place"),
			},
		},
		{
			name: "edge-optimised custom domain", api: custom, dns: names{"api.example.com": "d1.cloudfront.net", "d1.cloudfront.net": "99.0.0.1"},
			answers: map[string]string{describe: none, edge: `{"distributionDomainName":"d1.cloudfront.net"}`},
			want: []evidence.Check{
				fine("DNS api.example.com", probe.Network, "99.0.0.1"), fine("DNS target of api.example.com", probe.Domain, "leads to d1.cloudfront.net, as it must"),
			},
		},
		{
			name: "custom domain within a network", api: custom, dns: names{"api.example.com": "10.1.1.1"}, answers: map[string]string{describe: none},
			want: []evidence.Check{
				unseen("DNS api.example.com", probe.Network, "10.1.1.1: private addresses, so something of this network stands before API Gateway"),
				unseen("DNS target of api.example.com", probe.Domain, "the account shows no such custom domain in eu-west-1; a private one is not known by its name alone"),
			},
		},
		{
			name: "private", api: private, dns: names{byName: "10.0.0.7"}, answers: map[string]string{describe: endpoints("available", "false", anyone), api: connected},
			want: policy(evidence.Fine, "", "allows all routes"),
		},
		{
			name: "private, and the endpoint's policy denies it", api: private, dns: names{byName: "10.0.0.7"},
			answers: map[string]string{api: connected, describe: endpoints("available", "false",
				`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:execute-api:*:*:a1b2c3d4e5/*"}]}`)},
			want: policy(evidence.Wrong, "endpoint-policy-deny", "does not let pass: GET /orders/{id} (denied)"),
		},
		{
			name: "private, and the endpoint's policy is for somebody", api: private, dns: names{byName: "10.0.0.7"},
			answers: map[string]string{api: connected, describe: endpoints("available", "false",
				`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}]}`)},
			want: policy(evidence.Wrong, "endpoint-policy-deny", "does not let pass: GET /orders/{id} (not allowed)"),
		},
		{
			name: "private, and the endpoint's policy has conditions", api: private, dns: names{byName: "10.0.0.7"},
			answers: map[string]string{api: connected, describe: endpoints("available", "false",
				`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/prod/GET/orders/42","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}`)},
			want: policy(evidence.Unseen, "", "depends on what was not evaluated: GET /orders/{id} (not evaluated: StringEquals of aws:PrincipalOrgID)"),
		},
		{
			name: "private, and nothing is in order", api: private, answers: map[string]string{
				describe: endpoints("pending", "false", anyone), api: `{"endpointConfiguration":{"types":["PRIVATE"],"vpcEndpointIds":["vpce-0b"]}}`,
			},
			want: []evidence.Check{
				wrong("DNS "+byName, probe.Network, "no-answer", "the name does not exist, as the DNS says here"),
				wrong("resource policy", probe.ResourcePolicy, "resource-policy-implicit-deny", "the private API has none, and so every call is refused; a new one holds once it is deployed"),
				wrong("association with vpce-0a", probe.Domain, "private-api-wrong-host",
					"the API is not associated with the endpoint: the name a1b2c3d4e5-vpce-0a.execute-api… does not lead to it"),
				wrong("VPC endpoint vpce-0a", probe.Network, "no-answer", "vpce-0a in vpc-1 is pending"),
			},
		},
		{
			name: "private, by the name of an endpoint of others", api: ofHost, dns: names{byHost: "10.0.0.7"}, answers: map[string]string{describe: none, api: "403 AccessDeniedException"},
			want: []evidence.Check{
				fine("DNS "+byHost, probe.Network, "10.0.0.7: private addresses, as those of a VPC endpoint"),
				unseen("resource policy", probe.ResourcePolicy,
					"not seen: default endpoint, endpoint type and key source: apigateway:GET on arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5 is not allowed"),
				unseen("VPC endpoint "+byHost, probe.Network, "the account has none of this name for execute-api in eu-west-1; it may be another account's"),
			},
		},
		{
			name: "private, by private DNS", api: byDefault, dns: names{ownName: "10.0.0.7"}, answers: map[string]string{describe: endpoints("available", "true", anyone), api: connected},
			want: []evidence.Check{
				fine("DNS "+ownName, probe.Network, "10.0.0.7: private addresses, as those of a VPC endpoint"), inVPC[1], fine("private DNS", probe.Domain, leads),
			},
		},
		{
			name: "private, from outside", api: byDefault, dns: names{ownName: "52.0.0.1"}, answers: map[string]string{describe: endpoints("available", "false", anyone), api: connected},
			want: []evidence.Check{
				wrong("DNS "+ownName, probe.Domain, "private-api-wrong-host", "52.0.0.1: public addresses, by which a private API is not reached; "+off),
				inVPC[1],
				wrong("private DNS", probe.Domain, "private-api-wrong-host", off+": the default endpoint of a private API is reached by private DNS only"),
			},
		},
		{
			name: "private, as the account says", api: undeclared, dns: names{ownName: "10.0.0.7"}, answers: map[string]string{describe: endpoints("available", "true", anyone), api: connected},
			want: []evidence.Check{
				fine("DNS "+ownName, probe.Network, "10.0.0.7: private addresses, as those of a VPC endpoint"), inVPC[1], fine("private DNS", probe.Domain, leads),
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.answers["GetCallerIdentity"] = caller
			s := &services{answers: c.answers}
			if d := cmp.Diff(c.want, s.open(t).Network(t.Context(), &c.plan, c.api, c.dns)); d != "" {
				t.Error(d)
			}
		})
	}
}
