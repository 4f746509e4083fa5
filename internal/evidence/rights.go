package evidence

import (
	"slices"
	"strings"

	"apigwprobe/probe"
)

// The calls that this package makes. Nothing else is asked of an account.
var (
	getRestAPI          = probe.Reads("GetRestApi", "/restapis/{api}", "default endpoint, endpoint type and key source")
	getStage            = probe.Reads("GetStage", "/restapis/{api}/stages/{stage}", "what is deployed, the web ACL and the logs")
	getDeployment       = probe.Reads("GetDeployment", "/restapis/{api}/deployments/{deployment}", "the deployed methods")
	getResources        = probe.Reads("GetResources", "/restapis/{api}/resources", "the methods that are being edited")
	getAuthorizer       = probe.Reads("GetAuthorizer", "/restapis/{api}/authorizers/{authorizer}", "the function of the authorizer")
	getGatewayResponses = probe.Reads("GetGatewayResponses", "/restapis/{api}/gatewayresponses", "customised gateway responses")
	getUsagePlans       = probe.Reads("GetUsagePlans", "/usageplans", "usage plans")
	getUsagePlanKeys    = probe.Reads("GetUsagePlanKeys", "/usageplans/{plan}/keys", "the keys of usage plans")
	getAPIKeys          = probe.Reads("GetApiKeys", "/apikeys", "which API keys are enabled")

	getEdgeDomain       = probe.Reads("GetDomainName", "/domainnames/{domain}", "mutual TLS of the custom domain")
	getBasePathMappings = probe.Reads("GetBasePathMappings", "/domainnames/{domain}/basepathmappings", "mappings of the custom domain")

	getV2API         = probe.ReadsV2("GetApi", "/apis/{api}", "default endpoint and type")
	getV2Stage       = probe.ReadsV2("GetStage", "/apis/{api}/stages/{stage}", "what is deployed, and the logs")
	getRoutes        = probe.ReadsV2("GetRoutes", "/apis/{api}/routes", "the routes that are being edited")
	getIntegrations  = probe.ReadsV2("GetIntegrations", "/apis/{api}/integrations", "the function behind the route")
	getV2Authorizer  = probe.ReadsV2("GetAuthorizer", "/apis/{api}/authorizers/{authorizer}", "the function of the authorizer")
	exportAPI        = probe.ReadsV2("ExportApi", "/apis/{api}/exports/OAS30", "the deployed routes")
	getDomainName    = probe.ReadsV2("GetDomainName", "/domainnames/{domain}", "mutual TLS of the custom domain")
	getAPIMappings   = probe.ReadsV2("GetApiMappings", "/domainnames/{domain}/apimappings", "mappings of the custom domain")
	listRoutingRules = probe.Right{
		Call: "apigatewayv2 ListRoutingRules", Action: "apigateway:ListRoutingRules", // a right of its own, on the rules
		Resource: "arn:{partition}:apigateway:{region}:*:/domainnames/{domain}/routingrules/*", Shows: "routing rules of the custom domain",
	}

	getWebACL          = webACL("GetWebACL", "the rules of the web ACL")
	getSampledRequests = webACL("GetSampledRequests", "what the web ACL did with requests")

	simulatePrincipalPolicy = probe.Right{
		Call: "iam SimulatePrincipalPolicy", Action: "iam:SimulatePrincipalPolicy",
		Resource: "arn:{partition}:iam::{account}:{principal}", Shows: "whether {principal} may call the API",
	}
)

func webACL(operation, shows string) probe.Right {
	return probe.Right{
		Call: "wafv2 " + operation, Action: "wafv2:" + operation,
		Resource: "arn:{partition}:wafv2:{region}:{account}:regional/webacl/{name}/{id}", Shows: shows,
	}
}

// LookRights are the calls that [Account.Look] makes.
func LookRights() []probe.Right {
	return []probe.Right{
		getRestAPI, getStage, getDeployment, getResources, getGatewayResponses, getUsagePlans, getUsagePlanKeys, getAPIKeys,
		getV2API, getV2Stage, getRoutes, exportAPI,
		getDomainName, getAPIMappings, listRoutingRules, getEdgeDomain, getBasePathMappings,
	}
}

// TestifyRights are the calls that [Account.Testify] makes beside those of [Account.Look].
func TestifyRights() []probe.Right {
	return []probe.Right{filterLogEvents, getWebACL, getSampledRequests, simulatePrincipalPolicy}
}

// Needed are those of these rights that an API needs, on what it is made of.
func Needed(api probe.API, rights []probe.Right) []probe.Right {
	has := func(is func(probe.Route) bool) bool { return slices.ContainsFunc(api.Routes, is) }
	rest := api.Type == probe.REST
	keyed := api.Type != probe.HTTP && has(func(r probe.Route) bool { return r.APIKeyRequired })
	tokens := has(func(r probe.Route) bool { return r.Authorization.TakesToken() })
	signed := has(func(r probe.Route) bool { return r.Authorization == probe.AuthIAM && r.Principal != "" })
	var out []probe.Right
	for _, r := range rights {
		on := func(part string) bool { return strings.Contains(r.Resource, part) }
		switch {
		case (on("/restapis/") || on("/webacl/")) && !rest, on("/apis/") && rest, on("/exports/") && api.Type != probe.HTTP:
		case on("/account") && api.Type == probe.HTTP, r == describeResourcePolicies && api.Type != probe.HTTP: // who writes logs
		case on("{principal}") && !signed, on("/authorizers/") && !tokens, (on("/usageplans") || on("/apikeys")) && !keyed:
		case on("{domain}"):
			for _, d := range api.Domains {
				out = append(out, r.In(api.Region, "domain", d.Host))
			}
		default:
			out = append(out, r.In(api.Region, "api", api.ID, "stage", api.Stage))
		}
	}
	return out
}
