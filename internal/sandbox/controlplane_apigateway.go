package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// apiGatewayService is the management API of all three families. That of REST
// APIs has the first version of the paths, that of the others the second.
func apiGatewayService() *controlService {
	read := func(name, path string, answer func(*call) (any, error)) operation {
		return operation{name: name, route: "GET " + path, action: "apigateway:GET", on: managed, answer: answer}
	}
	test := func(name, path string, answer func(*call) (any, error)) operation {
		return operation{name: name, route: "POST " + path, action: "apigateway:POST", on: managed, answer: answer}
	}
	return &controlService{
		name: "apigateway", wire: restJSON, denied: "AccessDeniedException", throttled: "TooManyRequestsException",
		operations: []operation{
			read("GetAccount", "/account", getAccount),
			read("GetRestApis", "/restapis", getRestAPIs),
			read("GetRestApi", "/restapis/{api}", onREST(func(c *call, a *API) (any, error) { return c.restAPI(a), nil })),
			read("GetStages", "/restapis/{api}/stages", onREST(getStages)),
			read("GetStage", "/restapis/{api}/stages/{stage}", onREST(getStage)),
			read("GetExport", "/restapis/{api}/stages/{stage}/exports/{type}", onREST(getExport)),
			read("GetDeployments", "/restapis/{api}/deployments", onREST(getDeployments)),
			read("GetDeployment", "/restapis/{api}/deployments/{deployment}", onREST(getDeployment)),
			read("GetResources", "/restapis/{api}/resources", onREST(getResources)),
			read("GetResource", "/restapis/{api}/resources/{resource}", onREST(getResource)),
			read("GetMethod", "/restapis/{api}/resources/{resource}/methods/{method}", onREST(getMethod)),
			test("TestInvokeMethod", "/restapis/{api}/resources/{resource}/methods/{method}", onREST(testInvokeMethod)),
			test("TestInvokeAuthorizer", "/restapis/{api}/authorizers/{authorizer}", onREST(testInvokeAuthorizer)),
			read("GetAuthorizers", "/restapis/{api}/authorizers", onREST(getRESTAuthorizers)),
			read("GetAuthorizer", "/restapis/{api}/authorizers/{authorizer}", onREST(getRESTAuthorizer)),
			read("GetGatewayResponses", "/restapis/{api}/gatewayresponses", onREST(getGatewayResponses)),
			read("GetDomainNames", "/domainnames", getDomainNames),
			read("GetDomainName", "/domainnames/{domain}", onDomain(func(_ *call, d *Domain) (any, error) { return domainName(d), nil })),
			read("GetBasePathMappings", "/domainnames/{domain}/basepathmappings", onDomain(getBasePathMappings)),
			read("GetUsagePlans", "/usageplans", getUsagePlans),
			read("GetUsagePlanKeys", "/usageplans/{plan}/keys", getUsagePlanKeys),
			read("GetApiKeys", "/apikeys", getAPIKeys),
			read("GetApiKey", "/apikeys/{key}", getAPIKey),

			read("GetApis", "/v2/apis", getAPIs),
			read("GetApi", "/v2/apis/{api}", onV2(func(c *call, a *API) (any, error) { return c.v2API(a), nil })),
			read("GetStages", "/v2/apis/{api}/stages", onV2(getV2Stages)),
			read("GetStage", "/v2/apis/{api}/stages/{stage}", onV2(getV2Stage)),
			read("GetRoutes", "/v2/apis/{api}/routes", onV2(getRoutes)),
			read("GetIntegrations", "/v2/apis/{api}/integrations", onV2(getIntegrations)),
			read("GetAuthorizers", "/v2/apis/{api}/authorizers", onV2(getV2Authorizers)),
			read("GetAuthorizer", "/v2/apis/{api}/authorizers/{authorizer}", onV2(getV2Authorizer)),
			read("GetDeployments", "/v2/apis/{api}/deployments", onV2(getV2Deployments)),
			read("ExportApi", "/v2/apis/{api}/exports/{type}", onV2(exportAPI)),
			read("GetDomainNames", "/v2/domainnames", getV2DomainNames),
			read("GetDomainName", "/v2/domainnames/{domain}", onDomain(getV2DomainName)),
			read("GetApiMappings", "/v2/domainnames/{domain}/apimappings", onDomain(getAPIMappings)),
			{
				name: "ListRoutingRules", route: "GET /v2/domainnames/{domain}/routingrules", action: "apigateway:ListRoutingRules",
				on: func(c *call) string {
					return c.arn("apigateway", "/domainnames/"+c.r.PathValue("domain")+"/routingrules/*")
				},
				answer: onDomain(listRoutingRules),
			},
		},
	}
}

// managed is the ARN of what a path of the management API names. It has no
// account, and no version of the API.
func managed(c *call) string {
	return "arn:" + partition(c.region) + ":apigateway:" + c.region + "::" + strings.TrimPrefix(c.r.URL.Path, "/v2")
}

func notThere(what string) error {
	return &failure{http.StatusNotFound, "NotFoundException", "Invalid " + what + " identifier specified"}
}

func badRequest(message string) error {
	return &failure{http.StatusBadRequest, "BadRequestException", message}
}

// onAPIOf finds the API that the path names among those of some families.
func onAPIOf(families []APIType, answer func(*call, *API) (any, error)) func(*call) (any, error) {
	return func(c *call) (any, error) {
		all := c.apis(families...)
		i := slices.IndexFunc(all, func(a *API) bool { return a.ID == c.r.PathValue("api") })
		if i < 0 {
			return nil, notThere("API")
		}
		return answer(c, all[i])
	}
}

func onREST(answer func(*call, *API) (any, error)) func(*call) (any, error) {
	return onAPIOf([]APIType{REST}, answer)
}

// items is one page of a list, as the first version of the management API has it.
func items[T any](c *call, all []T, render func(T) any) (any, error) {
	q := c.r.URL.Query()
	some, next, err := page(c, all, q.Get("limit"), q.Get("position"), 25)
	if err != nil {
		return nil, err
	}
	out := object{"item": rendered(some, render)}
	if next != "" {
		out["position"] = next
	}
	return out, nil
}

func rendered[T any](all []T, render func(T) any) list {
	out := list{}
	for _, v := range all {
		out = append(out, render(v))
	}
	return out
}

// plain is a JSON array of texts, empty rather than null.
func plain(all []string) list { return rendered(all, func(s string) any { return s }) }

// since is when everything here was made, in seconds.
const since = 1767225600

func getAccount(c *call) (any, error) {
	out := object{
		"throttleSettings": object{"burstLimit": 5000, "rateLimit": 10000.0},
		"features":         list{"UsagePlans"}, "apiKeyVersion": "4",
	}
	if !c.model.ControlPlane.NoLogRole {
		out["cloudwatchRoleArn"] = "arn:" + partition(c.region) + ":iam::" + c.account() + ":role/apigateway-logs"
	}
	return out, nil
}

func getRestAPIs(c *call) (any, error) {
	return items(c, c.apis(REST), func(a *API) any { return c.restAPI(a) })
}

func (c *call) restAPI(a *API) object {
	endpoint := object{"types": list{string(cmp.Or(a.Endpoint, Regional))}, "ipAddressType": "ipv4"}
	if len(a.VPCEndpoints) > 0 {
		endpoint["vpcEndpointIds"] = a.VPCEndpoints
	}
	out := object{
		"id": a.ID, "name": a.Name, "createdDate": since, "apiKeySource": string(cmp.Or(a.KeySource, KeyFromHeader)),
		"endpointConfiguration": endpoint, "disableExecuteApiEndpoint": a.DefaultEndpointDisabled,
		"rootResourceId": resourceID(a, "/"), "tags": object{},
	}
	if len(a.ResourcePolicy) > 0 {
		// The service escapes the quotes of the document once more.
		out["policy"] = strings.ReplaceAll(a.ResourcePolicy.document(a), `"`, `\"`)
	}
	return out
}

func getStages(c *call, a *API) (any, error) {
	deployment := c.r.URL.Query().Get("deploymentId")
	out := list{}
	for i := range a.Stages {
		if s := &a.Stages[i]; deployment == "" || deployment == deploymentID(a, s.Name) {
			out = append(out, c.stage(a, s))
		}
	}
	return object{"item": out}, nil
}

func getStage(c *call, a *API) (any, error) {
	s := a.stage(c.r.PathValue("stage"))
	if s == nil {
		return nil, notThere("stage")
	}
	return c.stage(a, s), nil
}

func (c *call) stage(a *API, s *Stage) object {
	settings := object{}
	for _, r := range a.deployed(s).Routes {
		if t := r.Throttle; t != nil {
			settings[strings.ReplaceAll(strings.TrimPrefix(r.Path, "/"), "/", "~1")+"/"+r.Method] = methodSetting(t)
		}
	}
	if s.Throttle != nil || s.ExecutionLog || s.DataTrace {
		all := methodSetting(s.Throttle)
		all["loggingLevel"], all["dataTraceEnabled"] = logLevel(s), s.DataTrace
		settings["*/*"] = all
	}
	out := object{
		"stageName": s.Name, "deploymentId": deploymentID(a, s.Name), "createdDate": since, "lastUpdatedDate": s.updated().Unix(),
		"cacheClusterEnabled": false, "cacheClusterStatus": "NOT_AVAILABLE", "methodSettings": settings, "tracingEnabled": s.XRay, "tags": object{},
	}
	if l := s.AccessLog; l != nil {
		out["accessLogSettings"] = accessLogSettings(a, l)
	}
	if len(s.WebACL) > 0 {
		out["webAclArn"] = webACLARN(a, s)
	}
	if s.Canary != nil {
		out["canarySettings"] = object{
			"percentTraffic": 100 / float64(s.Canary.Every), "deploymentId": deploymentID(a, s.Name+"/canary"), "useStageCache": false,
		}
	}
	return out
}

func logLevel(s *Stage) string {
	if s.ExecutionLog {
		return "INFO"
	}
	return "OFF"
}

// methodSetting has the limits of the account where there is no throttle.
func methodSetting(t *Throttle) object {
	if t == nil {
		t = &Throttle{Rate: 10000, Burst: 5000}
	}
	return object{"throttlingBurstLimit": t.Burst, "throttlingRateLimit": t.Rate, "loggingLevel": "OFF", "dataTraceEnabled": false, "metricsEnabled": false}
}

func accessLogSettings(a *API, l *AccessLog) object {
	return object{"destinationArn": "arn:" + partition(a.Region) + ":logs:" + a.Region + ":" + a.Account + ":log-group:" + l.Group, "format": l.Format}
}

func webACLARN(a *API, s *Stage) string {
	return "arn:" + partition(a.Region) + ":wafv2:" + a.Region + ":" + a.Account + ":regional/webacl/" + webACLName(a, s) + "/" + made(32, "web ACL", a.ID, s.Name)
}

func webACLName(a *API, s *Stage) string { return a.Name + "-" + s.Name }

func deploymentID(a *API, stage string) string { return made(6, "deployment", a.ID, stage) }

func getDeployments(c *call, a *API) (any, error) {
	return items(c, a.Stages, func(s Stage) any { return object{"id": deploymentID(a, s.Name), "createdDate": since} })
}

// getDeployment shows what was deployed, in short, if it is asked for that.
func getDeployment(c *call, a *API) (any, error) {
	id := c.r.PathValue("deployment")
	for i := range a.Stages {
		s := &a.Stages[i]
		routes := a.deployed(s).Routes
		switch {
		case id == deploymentID(a, s.Name):
		case s.Canary != nil && id == deploymentID(a, s.Name+"/canary"):
			routes = s.Canary.Routes
		default:
			continue
		}
		out := object{"id": id, "createdDate": since}
		if slices.Contains(c.embedded(), "apisummary") {
			out["apiSummary"] = summary(routes)
		}
		return out, nil
	}
	return nil, notThere("Deployment")
}

// embedded is what the answer shall have in it besides.
func (c *call) embedded() []string {
	var out []string
	for _, v := range c.r.URL.Query()["embed"] {
		out = append(out, strings.Split(v, ",")...)
	}
	return out
}

func summary(routes []Route) object {
	out := object{}
	for _, r := range routes {
		methods, ok := out[r.Path].(object)
		if !ok {
			methods = object{}
			out[r.Path] = methods
		}
		methods[r.Method] = object{"authorizationType": string(r.Authorization), "apiKeyRequired": r.APIKeyRequired}
	}
	return out
}

func getGatewayResponses(c *call, a *API) (any, error) {
	return items(c, responseTypes, func(name string) any {
		custom, ok := a.GatewayResponses[name]
		out := object{"responseType": name, "defaultResponse": !ok, "responseParameters": object{}, "responseTemplates": object{}}
		if custom.Status != 0 {
			out["statusCode"] = strconv.Itoa(custom.Status)
		}
		if custom.Template != "" {
			out["responseTemplates"] = object{jsonType: custom.Template}
		}
		if len(custom.Header) > 0 {
			parameters := object{}
			for header, value := range custom.Header {
				parameters["gatewayresponse.header."+header] = "'" + value + "'"
			}
			out["responseParameters"] = parameters
		}
		return out
	})
}
