package sandbox

import (
	"encoding/json"
	"strings"
)

var errNoExport = badRequest("The API cannot be exported")

// getExport writes an OpenAPI document of what a stage of a REST API serves.
func getExport(c *call, a *API) (any, error) {
	s := a.stage(c.r.PathValue("stage"))
	switch {
	case s == nil:
		return nil, notThere("stage")
	case c.model.ControlPlane.NoExports:
		return nil, errNoExport
	case c.r.PathValue("type") != "oas30":
		return nil, badRequest("the sandbox exports oas30 only")
	}
	d := c.document(a.deployed(s), s.Name)
	if strings.Contains(c.r.URL.Query().Get("extensions"), "apigateway") {
		d.extend()
	}
	return d.blob(a.Name + "-" + s.Name), nil
}

// exportAPI writes an OpenAPI document of an HTTP API: of what a stage serves, or
// of what is being edited.
func exportAPI(c *call, a *API) (any, error) {
	q := c.r.URL.Query()
	s := a.stage(q.Get("stageName"))
	switch {
	case a.family() != HTTP:
		return nil, badRequest("Only HTTP APIs can be exported")
	case c.model.ControlPlane.NoExports:
		return nil, errNoExport
	case c.r.PathValue("type") != "OAS30" || q.Get("outputType") != "JSON":
		return nil, badRequest("the sandbox exports OAS30 in JSON only")
	case s == nil && q.Get("stageName") != "":
		return nil, notThere("stage")
	}
	d := c.document(a.deployed(s), q.Get("stageName"))
	if q.Get("includeExtensions") != "false" {
		d.extend()
	}
	return d.blob(a.Name), nil
}

// exported is an OpenAPI document of an API.
type exported struct {
	*Gateway
	api *API
	doc object
}

func (g *Gateway) document(a *API, stage string) *exported {
	base := "/" + stage
	if stage == "" || stage == defaultStage {
		base = ""
	}
	paths := object{}
	for i := range a.Routes {
		r := &a.Routes[i]
		path, verb := exportedAs(r)
		at, ok := paths[path].(object)
		if !ok {
			at = object{}
			paths[path] = at
		}
		at[verb] = operationOf(a, r)
	}
	return &exported{g, a, object{
		"openapi": "3.0.1",
		"info":    object{"title": a.Name, "version": "2026-01-01T00:00:00Z"},
		"servers": list{object{"url": "https://" + a.Host() + "/{basePath}", "variables": object{"basePath": object{"default": base}}}},
		"paths":   paths,
	}}
}

// exportedAs is where a route stands in a document.
func exportedAs(r *Route) (path, verb string) {
	const any = "x-amazon-apigateway-any-method"
	switch {
	case r.Path == defaultRoute: // of an HTTP API
		return "/" + defaultRoute, any
	case r.Method == "ANY":
		return r.Path, any
	}
	return r.Path, strings.ToLower(r.Method)
}

func operationOf(a *API, r *Route) object {
	out := object{"responses": object{"default": object{"description": "Default response"}}}
	parameters := list{}
	for segment := range strings.SplitSeq(r.Path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			parameters = append(parameters, parameter(strings.TrimRight(name, "+}"), "path"))
		}
	}
	if r.Validator != nil {
		for _, p := range r.Validator.Parameters {
			place, name, _ := strings.Cut(strings.TrimPrefix(p, "method.request."), ".")
			if place == "querystring" {
				place = "query"
			}
			parameters = append(parameters, parameter(name, place))
		}
	}
	if len(parameters) > 0 {
		out["parameters"] = parameters
	}
	security := list{}
	if r.APIKeyRequired {
		security = append(security, object{"api_key": list{}})
	}
	switch r.Authorization {
	case IAM:
		security = append(security, object{"sigv4": list{}})
	case Custom, CognitoUserPools, JWT:
		security = append(security, object{r.Authorizer: plain(r.Scopes)})
	}
	if len(security) > 0 {
		out["security"] = security
	}
	return out
}

func parameter(name, in string) object {
	return object{"name": name, "in": in, "required": true, "schema": object{"type": "string"}}
}

// extend adds what only API Gateway understands.
func (d *exported) extend() {
	a, schemes := d.api, object{}
	for i := range a.Routes {
		r := &a.Routes[i]
		if r.APIKeyRequired {
			schemes["api_key"] = object{"type": "apiKey", "name": "x-api-key", "in": "header"}
		}
		if r.Authorization == IAM {
			schemes["sigv4"] = object{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}
		}
		path, verb := exportedAs(r)
		i := integration(a, r)
		i["type"] = strings.ToLower(i["type"].(string))
		d.doc["paths"].(object)[path].(object)[verb].(object)["x-amazon-apigateway-integration"] = i
	}
	for i := range a.Authorizers {
		z := &a.Authorizers[i]
		schemes[z.Name] = d.scheme(z)
	}
	d.doc["components"] = object{"securitySchemes": schemes}
	if a.family() == HTTP {
		d.extendHTTP()
		return
	}
	if len(a.ResourcePolicy) > 0 {
		d.doc["x-amazon-apigateway-policy"] = json.RawMessage(a.ResourcePolicy.document(a))
	}
	if a.KeySource != "" {
		d.doc["x-amazon-apigateway-api-key-source"] = string(a.KeySource)
	}
	if len(a.GatewayResponses) > 0 {
		d.doc["x-amazon-apigateway-gateway-responses"] = exportedResponses(a)
	}
	if len(a.VPCEndpoints) > 0 {
		d.doc["servers"].(list)[0].(object)["x-amazon-apigateway-endpoint-configuration"] = object{"vpcEndpointIds": a.VPCEndpoints}
	}
}

func (d *exported) extendHTTP() {
	if cors := d.api.CORS; cors != nil {
		d.doc["x-amazon-apigateway-cors"] = object{
			"allowOrigins": cors.Origins, "allowMethods": cors.Methods, "allowHeaders": cors.Headers, "allowCredentials": cors.Credentials, "maxAge": cors.MaxAge,
		}
	}
	d.doc["x-amazon-apigateway-importexport-version"] = "1.0"
}

func exportedResponses(a *API) object {
	out := object{}
	for name, custom := range a.GatewayResponses {
		r := object{"responseTemplates": object{}, "responseParameters": object{}}
		if custom.Status != 0 {
			r["statusCode"] = custom.Status
		}
		if custom.Template != "" {
			r["responseTemplates"] = object{jsonType: custom.Template}
		}
		for header, value := range custom.Header {
			r["responseParameters"].(object)["gatewayresponse.header."+header] = "'" + value + "'"
		}
		out[name] = r
	}
	return out
}

// scheme is an authorizer as a security scheme.
func (d *exported) scheme(z *Authorizer) object {
	a := d.api
	if z.Type == JWTAuthorizer {
		return object{"type": "oauth2", "x-amazon-apigateway-authorizer": object{
			"type": "jwt", "identitySource": strings.Join(v2IdentitySource(a, z), ","),
			"jwtConfiguration": object{"issuer": d.issuers[z.Issuer].URL, "audience": plain(z.Audience)},
		}}
	}
	header := "Unused" // as the service writes it for a REQUEST authorizer
	if z.Type != RequestAuthorizer {
		header = z.sources()[0].Header
	}
	out := object{"type": "apiKey", "name": header, "in": "header"}
	if z.Type == CognitoAuthorizer {
		out["x-amazon-apigateway-authtype"] = "cognito_user_pools"
		out["x-amazon-apigateway-authorizer"] = object{"type": "cognito_user_pools", "providerARNs": list{d.poolARN(a, z)}}
		return out
	}
	authorizer := object{
		"type": strings.ToLower(string(z.Type)), "authorizerUri": invocation(a, authorizerFunctionName(a, z)),
		"authorizerResultTtlInSeconds": int(z.TTL.Seconds()),
	}
	if z.Validation != "" {
		authorizer["identityValidationExpression"] = z.Validation
	}
	switch {
	case a.family() == HTTP:
		authorizer["identitySource"] = strings.Join(v2IdentitySource(a, z), ",")
		authorizer["authorizerPayloadFormatVersion"], authorizer["enableSimpleResponses"] = "2.0", z.Function.Simple
	case z.Type == RequestAuthorizer:
		authorizer["identitySource"] = strings.Join(identitySource(z, "method.request.header.", "method.request.querystring."), ", ")
	}
	if a.family() == REST {
		out["x-amazon-apigateway-authtype"] = "custom"
	}
	out["x-amazon-apigateway-authorizer"] = authorizer
	return out
}

func (d *exported) blob(name string) blob {
	content, err := json.MarshalIndent(d.doc, "", "  ")
	if err != nil {
		panic("sandbox: exporting an API: " + err.Error())
	}
	return blob{
		contentType: "application/json", content: content,
		header: map[string]string{"Content-Disposition": `attachment; filename="` + name + `.json"`},
	}
}
