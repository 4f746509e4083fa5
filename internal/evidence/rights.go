package evidence

import "strings"

// Right is one call of AWS's APIs, and what it takes.
type Right struct {
	Call     string // service and operation: "apigateway GetStage"
	Action   string // as a policy names it
	Resource string // ARN of what it is on, with {names}
	Shows    string // what cannot be seen without it
}

// The calls that this package makes. Nothing else is asked of an account.
var (
	getRestAPI          = apiGateway("GetRestApi", "/restapis/{api}", "default endpoint, endpoint type and key source")
	getStage            = apiGateway("GetStage", "/restapis/{api}/stages/{stage}", "what is deployed, the web ACL and the logs")
	getDeployment       = apiGateway("GetDeployment", "/restapis/{api}/deployments/{deployment}", "the deployed methods")
	getResources        = apiGateway("GetResources", "/restapis/{api}/resources", "the methods that are being edited")
	getGatewayResponses = apiGateway("GetGatewayResponses", "/restapis/{api}/gatewayresponses", "customised gateway responses")
	getUsagePlans       = apiGateway("GetUsagePlans", "/usageplans", "usage plans")
	getUsagePlanKeys    = apiGateway("GetUsagePlanKeys", "/usageplans/{plan}/keys", "the keys of usage plans")
	getAPIKeys          = apiGateway("GetApiKeys", "/apikeys", "which API keys are enabled")

	getEdgeDomain       = apiGateway("GetDomainName", "/domainnames/{domain}", "mutual TLS of the custom domain")
	getBasePathMappings = apiGateway("GetBasePathMappings", "/domainnames/{domain}/basepathmappings", "mappings of the custom domain")

	getV2API         = apiGatewayV2("GetApi", "/apis/{api}", "default endpoint and type")
	getV2Stage       = apiGatewayV2("GetStage", "/apis/{api}/stages/{stage}", "what is deployed, and the logs")
	getRoutes        = apiGatewayV2("GetRoutes", "/apis/{api}/routes", "the routes that are being edited")
	exportAPI        = apiGatewayV2("ExportApi", "/apis/{api}/exports/OAS30", "the deployed routes")
	getDomainName    = apiGatewayV2("GetDomainName", "/domainnames/{domain}", "mutual TLS of the custom domain")
	getAPIMappings   = apiGatewayV2("GetApiMappings", "/domainnames/{domain}/apimappings", "mappings of the custom domain")
	listRoutingRules = apiGatewayV2("ListRoutingRules", "/domainnames/{domain}/routingrules", "routing rules of the custom domain")
)

func apiGateway(operation, path, shows string) Right {
	return Right{"apigateway " + operation, "apigateway:GET", "arn:{partition}:apigateway:{region}::" + path, shows}
}

// apiGatewayV2 is a call of the second version, whose rights are those of the first.
func apiGatewayV2(operation, path, shows string) Right {
	r := apiGateway(operation, path, shows)
	r.Call = "apigatewayv2 " + operation
	return r
}

// on is the ARN of what the call is on; names are pairs of a name and what it stands for.
func (r Right) on(region string, names ...string) string {
	pairs := []string{"{partition}", partition(region), "{region}", region}
	for i := 0; i < len(names); i += 2 {
		pairs = append(pairs, "{"+names[i]+"}", names[i+1])
	}
	return strings.NewReplacer(pairs...).Replace(r.Resource)
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
