package sandbox

import (
	"time"
)

// sinceText is [since], as the second version of the management API writes it.
var sinceText = time.Unix(since, 0).UTC().Format(time.RFC3339)

func onV2(answer func(*call, *API) (any, error)) func(*call) (any, error) {
	return onAPIOf([]APIType{HTTP, WebSocket}, answer)
}

// v2Items is one page of a list, as the second version of the management API has
// it.
func v2Items[T any](c *call, all []T, render func(T) any) (any, error) {
	q := c.r.URL.Query()
	some, next, err := page(c, all, q.Get("maxResults"), q.Get("nextToken"), 25)
	if err != nil {
		return nil, err
	}
	out := object{"items": rendered(some, render)}
	if next != "" {
		out["nextToken"] = next
	}
	return out, nil
}

func getAPIs(c *call) (any, error) {
	return v2Items(c, c.apis(HTTP, WebSocket), func(a *API) any { return c.v2API(a) })
}

func (c *call) v2API(a *API) object {
	scheme := "https://"
	if a.family() == WebSocket {
		scheme = "wss://"
	}
	out := object{
		"apiId": a.ID, "name": a.Name, "protocolType": string(a.family()), "apiEndpoint": scheme + a.Host(), "createdDate": sinceText,
		"disableExecuteApiEndpoint": a.DefaultEndpointDisabled, "apiKeySelectionExpression": "$request.header.x-api-key",
		"routeSelectionExpression": "$request.method $request.path", "ipAddressType": "ipv4", "tags": object{},
	}
	if a.family() == WebSocket {
		out["routeSelectionExpression"] = "$request.body.action"
	}
	if a.CORS != nil {
		out["corsConfiguration"] = object{
			"allowOrigins": a.CORS.Origins, "allowMethods": a.CORS.Methods, "allowHeaders": a.CORS.Headers,
			"allowCredentials": a.CORS.Credentials, "maxAge": a.CORS.MaxAge,
		}
	}
	return out
}

func getV2Stages(c *call, a *API) (any, error) {
	return v2Items(c, a.Stages, func(s Stage) any { return v2Stage(a, &s) })
}

func getV2Stage(c *call, a *API) (any, error) {
	s := a.stage(c.r.PathValue("stage"))
	if s == nil {
		return nil, notThere("stage")
	}
	return v2Stage(a, s), nil
}

// v2Stage deploys by itself unless it serves something else than what is being
// edited.
func v2Stage(a *API, s *Stage) object {
	settings := object{}
	for _, r := range a.deployed(s).Routes {
		if r.Throttle != nil {
			settings[r.key()] = object{"throttlingBurstLimit": r.Throttle.Burst, "throttlingRateLimit": r.Throttle.Rate}
		}
	}
	usual := object{"detailedMetricsEnabled": false}
	if s.Throttle != nil {
		usual["throttlingBurstLimit"], usual["throttlingRateLimit"] = s.Throttle.Burst, s.Throttle.Rate
	}
	if a.family() == WebSocket {
		usual["loggingLevel"], usual["dataTraceEnabled"] = logLevel(s), s.DataTrace
	}
	out := object{
		"stageName": s.Name, "deploymentId": deploymentID(a, s.Name), "autoDeploy": a.family() == HTTP && s.Deployment == nil,
		"createdDate": sinceText, "lastUpdatedDate": s.updated().Format(time.RFC3339), "defaultRouteSettings": usual, "routeSettings": settings,
		"stageVariables": object{}, "tags": object{},
	}
	if l := s.AccessLog; l != nil {
		out["accessLogSettings"] = accessLogSettings(a, l)
	}
	return out
}

func routeID(a *API, r *Route) string { return made(7, "route", a.ID, r.key()) }

func getRoutes(c *call, a *API) (any, error) {
	return v2Items(c, a.Routes, func(r Route) any {
		out := object{
			"routeId": routeID(a, &r), "routeKey": r.key(), "authorizationType": string(r.Authorization), "apiKeyRequired": r.APIKeyRequired,
			"target": "integrations/" + routeID(a, &r), "apiGatewayManaged": false,
		}
		if r.Authorizer != "" {
			out["authorizerId"] = authorizerID(a, r.Authorizer)
		}
		if len(r.Scopes) > 0 {
			out["authorizationScopes"] = r.Scopes
		}
		return out
	})
}

func getIntegrations(c *call, a *API) (any, error) {
	return v2Items(c, a.Routes, func(r Route) any {
		out := object{
			"integrationId": routeID(a, &r), "integrationType": "AWS_PROXY", "integrationMethod": "POST", "connectionType": "INTERNET",
			"integrationUri": functionARN(a, functionName(a, &r)), "payloadFormatVersion": "2.0", "timeoutInMillis": 30000,
		}
		if r.Backend.Kind == HTTPProxy {
			out["integrationType"], out["integrationMethod"], out["integrationUri"] = "HTTP_PROXY", "ANY", r.Backend.URL
			out["payloadFormatVersion"] = "1.0"
		}
		return out
	})
}

func getV2Authorizers(c *call, a *API) (any, error) {
	return v2Items(c, a.Authorizers, func(z Authorizer) any { return c.v2Authorizer(a, &z) })
}

func getV2Authorizer(c *call, a *API) (any, error) {
	for i := range a.Authorizers {
		if z := &a.Authorizers[i]; authorizerID(a, z.Name) == c.r.PathValue("authorizer") {
			return c.v2Authorizer(a, z), nil
		}
	}
	return nil, notThere("Authorizer")
}

func (g *Gateway) v2Authorizer(a *API, z *Authorizer) object {
	out := object{
		"authorizerId": authorizerID(a, z.Name), "name": z.Name, "authorizerType": string(z.Type),
		"identitySource": plain(v2IdentitySource(a, z)),
	}
	if z.Type == JWTAuthorizer {
		out["jwtConfiguration"] = object{"issuer": g.issuers[z.Issuer].URL, "audience": plain(z.Audience)}
		return out
	}
	out["authorizerUri"] = invocation(a, authorizerFunctionName(a, z))
	if a.family() == HTTP {
		out["authorizerPayloadFormatVersion"] = "2.0"
		out["enableSimpleResponses"] = z.Function.Simple
		out["authorizerResultTtlInSeconds"] = int(z.TTL.Seconds())
	}
	return out
}

// v2IdentitySource is spelled differently by the two families.
func v2IdentitySource(a *API, z *Authorizer) []string {
	prefix := "$request."
	if a.family() == WebSocket {
		prefix = "route.request."
	}
	return identitySource(z, prefix+"header.", prefix+"querystring.")
}

func getV2Deployments(c *call, a *API) (any, error) {
	return v2Items(c, a.Stages, func(s Stage) any {
		return object{
			"deploymentId": deploymentID(a, s.Name), "createdDate": sinceText, "deploymentStatus": "DEPLOYED",
			"autoDeployed": a.family() == HTTP && s.Deployment == nil,
		}
	})
}
