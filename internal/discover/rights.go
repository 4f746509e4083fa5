package discover

import "apigwprobe/probe"

// The calls that this package makes. Nothing else is asked of an account.
var (
	getCallerIdentity = probe.Right{Call: "sts GetCallerIdentity", Shows: "the account"}
	describeRegions   = probe.Right{Call: "ec2 DescribeRegions", Action: "ec2:DescribeRegions", Resource: "*", Shows: "the regions of the account"}

	getRestAPIs         = probe.Reads("GetRestApis", "/restapis", "the REST APIs of {region}")
	getStages           = probe.Reads("GetStages", "/restapis/{api}/stages", "the stages of {name}")
	getExport           = probe.Reads("GetExport", "/restapis/{api}/stages/{stage}/exports/oas30", "the export of {name}, stage {stage}")
	getDeployment       = probe.Reads("GetDeployment", "/restapis/{api}/deployments/{deployment}", "the deployment of {name}, stage {stage}")
	getResources        = probe.Reads("GetResources", "/restapis/{api}/resources", "the resources of {name}")
	getAuthorizers      = probe.Reads("GetAuthorizers", "/restapis/{api}/authorizers", "the authorizers of {name}")
	getGatewayResponses = probe.Reads("GetGatewayResponses", "/restapis/{api}/gatewayresponses", "the gateway responses of {name}")
	getUsagePlans       = probe.Reads("GetUsagePlans", "/usageplans", "the usage plans of {region}")
	getUsagePlanKeys    = probe.Reads("GetUsagePlanKeys", "/usageplans/{plan}/keys", "the keys of the usage plan {name}")
	getDomainNames      = probe.Reads("GetDomainNames", "/domainnames", "the custom domains of {region}")
	getBasePathMappings = probe.Reads("GetBasePathMappings", "/domainnames/{domain}/basepathmappings", "the mappings of {domain}")

	getAPIs          = probe.ReadsV2("GetApis", "/apis", "the HTTP and WebSocket APIs of {region}")
	getV2Stages      = probe.ReadsV2("GetStages", "/apis/{api}/stages", "the stages of {name}")
	exportAPI        = probe.ReadsV2("ExportApi", "/apis/{api}/exports/OAS30", "the export of {name}, stage {stage}")
	getRoutes        = probe.ReadsV2("GetRoutes", "/apis/{api}/routes", "the routes of {name}")
	getAuthorizer    = probe.ReadsV2("GetAuthorizer", "/apis/{api}/authorizers/{authorizer}", "an authorizer of {name}")
	getV2DomainNames = probe.ReadsV2("GetDomainNames", "/domainnames", "the custom domains of {region}")
	getAPIMappings   = probe.ReadsV2("GetApiMappings", "/domainnames/{domain}/apimappings", "the mappings of {domain}")
	listRoutingRules = probe.Right{
		Call: "apigatewayv2 ListRoutingRules", Action: "apigateway:ListRoutingRules",
		Resource: "arn:{partition}:apigateway:{region}:{account}:/domainnames/{domain}/routingrules/*", Shows: "the routing rules of {domain}",
	}

	getWebACL = probe.Right{
		Call: "wafv2 GetWebACLForResource", Action: "wafv2:GetWebACLForResource",
		Resource: "arn:{partition}:apigateway:{region}::/restapis/{api}/stages/{stage}", Shows: "the web ACL of {name}, stage {stage}",
	}
	describeVPCEndpoints = probe.Right{Call: "ec2 DescribeVpcEndpoints", Action: "ec2:DescribeVpcEndpoints", Resource: "*", Shows: "the VPC endpoints of {name}"}
)

// Rights are those that finding the APIs of regions takes, and those that finding the regions does, if that is wanted.
func Rights(accountWide bool) []probe.Right {
	rights := []probe.Right{
		getCallerIdentity,
		getRestAPIs, getAPIs, getV2DomainNames, getAPIMappings, listRoutingRules, getDomainNames, getBasePathMappings,
		getUsagePlans, getUsagePlanKeys,
		getStages, describeVPCEndpoints, getWebACL, getExport, getDeployment, getAuthorizers, getResources, getGatewayResponses,
		getV2Stages, exportAPI, getRoutes, getAuthorizer,
	}
	if accountWide {
		rights = append(rights, describeRegions)
	}
	return rights
}
