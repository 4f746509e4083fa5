package sandbox

import (
	"cmp"
	"slices"
	"strings"
)

// inView tells whether a domain belongs to the account and the region that was
// asked. One that leads nowhere is everybody's.
func (c *call) inView(d *Domain) bool {
	var stages []APIStage
	for _, m := range d.Mappings {
		stages = append(stages, m.APIStage)
	}
	for _, r := range d.Rules {
		stages = append(stages, r.APIStage)
	}
	return len(stages) == 0 || slices.ContainsFunc(stages, c.mine)
}

// mine tells whether a stage's API is one of the caller's in the region.
func (c *call) mine(s APIStage) bool {
	a := c.byID[s.API]
	return a != nil && a.Account == c.account() && a.Region == c.region
}

func (c *call) domainsInView() []*Domain {
	var out []*Domain
	for i := range c.model.Domains {
		if d := &c.model.Domains[i]; c.inView(d) {
			out = append(out, d)
		}
	}
	return out
}

func onDomain(answer func(*call, *Domain) (any, error)) func(*call) (any, error) {
	return func(c *call) (any, error) {
		d := c.domains[c.r.PathValue("domain")]
		if d == nil || !c.inView(d) {
			return nil, notThere("domain name")
		}
		return answer(c, d)
	}
}

func getDomainNames(c *call) (any, error) {
	return items(c, c.domainsInView(), func(d *Domain) any { return domainName(d) })
}

func domainName(d *Domain) object {
	out := object{
		"domainName": d.Host, "domainNameStatus": "AVAILABLE", "securityPolicy": "TLS_1_2",
		"endpointConfiguration": object{"types": list{string(cmp.Or(d.Endpoint, Regional))}, "ipAddressType": "ipv4"},
		"routingMode":           "BASE_PATH_MAPPING_ONLY", "tags": object{},
	}
	if len(d.Rules) > 0 {
		out["routingMode"] = "ROUTING_RULE_THEN_BASE_PATH_MAPPING"
	}
	if d.Endpoint == Edge {
		out["distributionDomainName"] = "d" + made(13, "domain", d.Host) + ".cloudfront.net"
	}
	if d.MutualTLS != nil {
		out["mutualTlsAuthentication"] = truststoreOf(d)
	}
	return out
}

func truststoreOf(d *Domain) object {
	return object{"truststoreUri": "s3://sandbox-truststores/" + d.Host + ".pem", "truststoreVersion": "1"}
}

// getBasePathMappings shows what this version of the API can say: one segment,
// and REST APIs.
func getBasePathMappings(c *call, d *Domain) (any, error) {
	all := slices.DeleteFunc(slices.Clone(d.Mappings), func(m Mapping) bool {
		a := c.byID[m.API]
		return strings.Contains(m.BasePath, "/") || a == nil || a.family() != REST
	})
	return items(c, all, func(m Mapping) any {
		return object{"basePath": cmp.Or(m.BasePath, "(none)"), "restApiId": m.API, "stage": m.Stage}
	})
}

// hidden tells whether the second version of the management API knows a domain.
func (c *call) hidden(d *Domain) bool {
	return c.model.ControlPlane.NoEdgeDomainV2 && d.Endpoint == Edge
}

func getV2DomainName(c *call, d *Domain) (any, error) {
	if c.hidden(d) {
		return nil, notThere("domain name")
	}
	return v2DomainName(d), nil
}

func getV2DomainNames(c *call) (any, error) {
	return v2Items(c, slices.DeleteFunc(c.domainsInView(), c.hidden), func(d *Domain) any { return v2DomainName(d) })
}

func v2DomainName(d *Domain) object {
	out := object{
		"domainName": d.Host, "routingMode": "API_MAPPING_ONLY", "apiMappingSelectionExpression": "$request.basepath", "tags": object{},
		"domainNameConfigurations": list{object{
			"endpointType": string(cmp.Or(d.Endpoint, Regional)), "domainNameStatus": "AVAILABLE", "securityPolicy": "TLS_1_2", "ipAddressType": "ipv4",
		}},
	}
	if len(d.Rules) > 0 {
		out["routingMode"] = "ROUTING_RULE_THEN_API_MAPPING"
	}
	if d.MutualTLS != nil {
		out["mutualTlsAuthentication"] = truststoreOf(d)
	}
	return out
}

func getAPIMappings(c *call, d *Domain) (any, error) {
	return v2Items(c, d.Mappings, func(m Mapping) any {
		return object{"apiMappingId": made(6, "mapping", d.Host, m.BasePath), "apiMappingKey": m.BasePath, "apiId": m.API, "stage": m.Stage}
	})
}

func listRoutingRules(c *call, d *Domain) (any, error) {
	q := c.r.URL.Query()
	some, next, err := page(c, d.Rules, q.Get("maxResults"), q.Get("nextToken"), 25)
	if err != nil {
		return nil, err
	}
	first := slices.IndexFunc(d.Rules, func(r RoutingRule) bool { return len(some) > 0 && r == some[0] })
	out := object{"routingRules": list{}}
	for i, r := range some {
		id := made(8, "rule", d.Host, r.Header, r.Value)
		out["routingRules"] = append(out["routingRules"].(list), object{
			"routingRuleId": id, "routingRuleArn": c.arn("apigateway", "/domainnames/"+d.Host+"/routingrules/"+id), "priority": first + i + 1,
			"conditions": list{object{"matchHeaders": object{"anyOf": list{object{"header": r.Header, "valueGlob": r.Value}}}}},
			"actions":    list{object{"invokeApi": object{"apiId": r.API, "stage": r.Stage, "stripBasePath": false}}},
		})
	}
	if next != "" {
		out["nextToken"] = next
	}
	return out, nil
}
