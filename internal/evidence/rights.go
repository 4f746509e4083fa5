package evidence

import (
	"slices"

	"apigwprobe/probe"
)

// The calls that this package makes. Nothing else is asked of an account.
var (
	getRestAPI          = apiGateway("GetRestApi", "/restapis/{api}", "default endpoint, endpoint type and key source")
	getStage            = apiGateway("GetStage", "/restapis/{api}/stages/{stage}", "what is deployed, the web ACL and the logs")
	getDeployment       = apiGateway("GetDeployment", "/restapis/{api}/deployments/{deployment}", "the deployed methods")
	getResources        = apiGateway("GetResources", "/restapis/{api}/resources", "the methods that are being edited")
	getAuthorizer       = apiGateway("GetAuthorizer", "/restapis/{api}/authorizers/{authorizer}", "the function of the authorizer")
	getGatewayResponses = apiGateway("GetGatewayResponses", "/restapis/{api}/gatewayresponses", "customised gateway responses")
	getUsagePlans       = apiGateway("GetUsagePlans", "/usageplans", "usage plans")
	getUsagePlanKeys    = apiGateway("GetUsagePlanKeys", "/usageplans/{plan}/keys", "the keys of usage plans")
	getAPIKeys          = apiGateway("GetApiKeys", "/apikeys", "which API keys are enabled")

	getEdgeDomain       = apiGateway("GetDomainName", "/domainnames/{domain}", "mutual TLS of the custom domain")
	getBasePathMappings = apiGateway("GetBasePathMappings", "/domainnames/{domain}/basepathmappings", "mappings of the custom domain")

	getV2API         = apiGatewayV2("GetApi", "/apis/{api}", "default endpoint and type")
	getV2Stage       = apiGatewayV2("GetStage", "/apis/{api}/stages/{stage}", "what is deployed, and the logs")
	getRoutes        = apiGatewayV2("GetRoutes", "/apis/{api}/routes", "the routes that are being edited")
	getIntegrations  = apiGatewayV2("GetIntegrations", "/apis/{api}/integrations", "the function behind the route")
	getV2Authorizer  = apiGatewayV2("GetAuthorizer", "/apis/{api}/authorizers/{authorizer}", "the function of the authorizer")
	exportAPI        = apiGatewayV2("ExportApi", "/apis/{api}/exports/OAS30", "the deployed routes")
	getDomainName    = apiGatewayV2("GetDomainName", "/domainnames/{domain}", "mutual TLS of the custom domain")
	getAPIMappings   = apiGatewayV2("GetApiMappings", "/domainnames/{domain}/apimappings", "mappings of the custom domain")
	listRoutingRules = probe.Right{
		Call: "apigatewayv2 ListRoutingRules", Action: "apigateway:ListRoutingRules", // a right of its own, on the rules
		Resource: "arn:{partition}:apigateway:{region}:*:/domainnames/{domain}/routingrules/*", Shows: "routing rules of the custom domain",
	}
)

// Rights are those that a look at an API may take.
func Rights(api probe.API) []probe.Right {
	var rights []probe.Right
	switch api.Type {
	case probe.REST:
		rights = append(rights, getRestAPI, getStage, getDeployment, getResources, getGatewayResponses)
	case probe.HTTP:
		rights = append(rights, getV2API, getV2Stage, getRoutes, exportAPI)
	default:
		rights = append(rights, getV2API, getV2Stage, getRoutes)
	}
	keyed := slices.ContainsFunc(api.Routes, func(r probe.Route) bool { return r.APIKeyRequired })
	if keyed && api.Type != probe.HTTP {
		rights = append(rights, getUsagePlans, getUsagePlanKeys, getAPIKeys)
	}
	for i, r := range rights {
		rights[i] = r.In(api.Region, "api", api.ID, "stage", api.Stage)
	}
	for _, d := range api.Domains {
		for _, r := range []probe.Right{getDomainName, getAPIMappings, listRoutingRules, getEdgeDomain, getBasePathMappings} {
			rights = append(rights, r.In(api.Region, "domain", d.Host))
		}
	}
	return rights
}

func apiGateway(operation, path, shows string) probe.Right {
	return probe.Right{Call: "apigateway " + operation, Action: "apigateway:GET", Resource: "arn:{partition}:apigateway:{region}::" + path, Shows: shows}
}

// apiGatewayV2 is a call of the second version, whose rights are those of the first.
func apiGatewayV2(operation, path, shows string) probe.Right {
	r := apiGateway(operation, path, shows)
	r.Call = "apigatewayv2 " + operation
	return r
}
