package discover

import "apigwprobe/probe"

// The calls that this package makes. Nothing else is asked of an account.
var (
	getCallerIdentity = probe.Right{Call: "sts GetCallerIdentity", Shows: "the account"}
	describeRegions   = probe.Right{Call: "ec2 DescribeRegions", Action: "ec2:DescribeRegions", Resource: "*", Shows: "the regions of the account"}

	getRestAPIs         = reads("GetRestApis", "/restapis", "the REST APIs of {region}")
	getStages           = reads("GetStages", "/restapis/{api}/stages", "the stages of {name}")
	getExport           = reads("GetExport", "/restapis/{api}/stages/{stage}/exports/oas30", "the export of {name}, stage {stage}")
	getDeployment       = reads("GetDeployment", "/restapis/{api}/deployments/{deployment}", "the deployment of {name}, stage {stage}")
	getResources        = reads("GetResources", "/restapis/{api}/resources", "the resources of {name}")
	getAuthorizers      = reads("GetAuthorizers", "/restapis/{api}/authorizers", "the authorizers of {name}")
	getGatewayResponses = reads("GetGatewayResponses", "/restapis/{api}/gatewayresponses", "the gateway responses of {name}")
	getUsagePlans       = reads("GetUsagePlans", "/usageplans", "the usage plans of {region}")
	getUsagePlanKeys    = reads("GetUsagePlanKeys", "/usageplans/{plan}/keys", "the keys of the usage plan {name}")
	getDomainNames      = reads("GetDomainNames", "/domainnames", "the custom domains of {region}")
	getBasePathMappings = reads("GetBasePathMappings", "/domainnames/{domain}/basepathmappings", "the mappings of {domain}")

	getAPIs          = readsV2("GetApis", "/apis", "the HTTP and WebSocket APIs of {region}")
	getV2Stages      = readsV2("GetStages", "/apis/{api}/stages", "the stages of {name}")
	exportAPI        = readsV2("ExportApi", "/apis/{api}/exports/OAS30", "the export of {name}, stage {stage}")
	getRoutes        = readsV2("GetRoutes", "/apis/{api}/routes", "the routes of {name}")
	getAuthorizer    = readsV2("GetAuthorizer", "/apis/{api}/authorizers/{authorizer}", "an authorizer of {name}")
	getV2DomainNames = readsV2("GetDomainNames", "/domainnames", "the custom domains of {region}")
	getAPIMappings   = readsV2("GetApiMappings", "/domainnames/{domain}/apimappings", "the mappings of {domain}")
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

func reads(operation, path, shows string) probe.Right {
	return probe.Right{Call: "apigateway " + operation, Action: "apigateway:GET", Resource: "arn:{partition}:apigateway:{region}::" + path, Shows: shows}
}

// readsV2 is a call of the second version, whose rights are those of the first.
func readsV2(operation, path, shows string) probe.Right {
	r := reads(operation, path, shows)
	r.Call = "apigatewayv2 " + operation
	return r
}
