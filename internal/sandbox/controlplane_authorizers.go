package sandbox

import "strings"

func getRESTAuthorizers(c *call, a *API) (any, error) {
	return items(c, a.Authorizers, func(z Authorizer) any { return c.restAuthorizer(a, &z) })
}

func getRESTAuthorizer(c *call, a *API) (any, error) {
	for i := range a.Authorizers {
		if z := &a.Authorizers[i]; authorizerID(a, z.Name) == c.r.PathValue("authorizer") {
			return c.restAuthorizer(a, z), nil
		}
	}
	return nil, notThere("Authorizer")
}

func authorizerID(a *API, name string) string { return made(6, "authorizer", a.ID, name) }

func (g *Gateway) restAuthorizer(a *API, z *Authorizer) object {
	out := object{"id": authorizerID(a, z.Name), "name": z.Name, "type": string(z.Type)}
	if sources := identitySource(z, "method.request.header.", "method.request.querystring."); len(sources) > 0 {
		out["identitySource"] = strings.Join(sources, ",")
	}
	if z.Validation != "" {
		out["identityValidationExpression"] = z.Validation
	}
	if z.Type == CognitoAuthorizer {
		out["authType"] = "cognito_user_pools"
		out["providerARNs"] = list{g.poolARN(a, z)}
		return out
	}
	out["authType"] = "custom"
	out["authorizerUri"] = invocation(a, authorizerFunctionName(a, z))
	out["authorizerResultTtlInSeconds"] = int(z.TTL.Seconds())
	return out
}

func identitySource(z *Authorizer, header, query string) []string {
	var out []string
	for _, s := range z.sources() {
		switch {
		case s.Header != "":
			out = append(out, header+s.Header)
		case s.Query != "":
			out = append(out, query+s.Query)
		case s.RouteKey:
			out = append(out, "$context.routeKey")
		}
	}
	return out
}

// poolARN is made of the pool's id, the last part of what the issuer is called.
func (g *Gateway) poolARN(a *API, z *Authorizer) string {
	url := g.issuers[z.Issuer].URL
	return "arn:" + partition(a.Region) + ":cognito-idp:" + a.Region + ":" + a.Account + ":userpool/" + url[strings.LastIndex(url, "/")+1:]
}

func authorizerFunctionName(a *API, z *Authorizer) string { return a.Name + "-authorizer-" + z.Name }

func functionARN(a *API, name string) string {
	return "arn:" + partition(a.Region) + ":lambda:" + a.Region + ":" + a.Account + ":function:" + name
}

// invocation is how an API refers to a Lambda function.
func invocation(a *API, function string) string {
	return "arn:" + partition(a.Region) + ":apigateway:" + a.Region + ":lambda:path/2015-03-31/functions/" + functionARN(a, function) + "/invocations"
}
