package sandbox

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// What GetResources and GetMethod show is the API as it is being edited, which
// need not be what any stage serves.

func resourceID(a *API, path string) string { return made(10, "resource", a.ID, path) }

// resourcePaths are the nodes of the tree that the routes' paths make.
func resourcePaths(a *API) []string {
	all := map[string]bool{"/": true}
	for _, r := range a.Routes {
		path := ""
		for segment := range strings.SplitSeq(strings.Trim(r.Path, "/"), "/") {
			if segment != "" {
				path += "/" + segment
				all[path] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func getResources(c *call, a *API) (any, error) {
	return items(c, resourcePaths(a), func(path string) any { return c.resource(a, path) })
}

func getResource(c *call, a *API) (any, error) {
	for _, path := range resourcePaths(a) {
		if resourceID(a, path) == c.r.PathValue("resource") {
			return c.resource(a, path), nil
		}
	}
	return nil, notThere("Resource")
}

func (c *call) resource(a *API, path string) object {
	out := object{"id": resourceID(a, path), "path": path}
	if path != "/" {
		cut := strings.LastIndex(path, "/")
		out["parentId"], out["pathPart"] = resourceID(a, max(path[:cut], "/")), path[cut+1:]
	}
	methods := object{}
	for i := range a.Routes {
		if r := &a.Routes[i]; r.Path != path {
			continue
		} else if methods[r.Method] = (object{}); slices.Contains(c.embedded(), "methods") {
			methods[r.Method] = method(a, r)
		}
	}
	if len(methods) > 0 {
		out["resourceMethods"] = methods
	}
	return out
}

func getMethod(c *call, a *API) (any, error) {
	r := c.method(a)
	if r == nil {
		return nil, notThere("Method")
	}
	return method(a, r), nil
}

// method finds the route whose resource and method the path names.
func (c *call) method(a *API) *Route {
	for i := range a.Routes {
		if r := &a.Routes[i]; resourceID(a, r.Path) == c.r.PathValue("resource") && r.Method == c.r.PathValue("method") {
			return r
		}
	}
	return nil
}

func method(a *API, r *Route) object {
	out := object{
		"httpMethod": r.Method, "authorizationType": string(r.Authorization), "apiKeyRequired": r.APIKeyRequired,
		"methodIntegration": integration(a, r),
	}
	if r.Authorizer != "" {
		out["authorizerId"] = authorizerID(a, r.Authorizer)
	}
	if len(r.Scopes) > 0 {
		out["authorizationScopes"] = r.Scopes
	}
	parameters := object{}
	for segment := range strings.SplitSeq(r.Path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			parameters["method.request.path."+strings.TrimRight(name, "+}")] = true
		}
	}
	if r.Validator != nil {
		out["requestValidatorId"] = made(6, "validator", a.ID, r.key())
		for _, p := range r.Validator.Parameters {
			parameters[p] = true
		}
		if r.Validator.Body != nil {
			out["requestModels"] = object{jsonType: "Model" + made(6, "model", a.ID, r.key())}
		}
	}
	if len(parameters) > 0 {
		out["requestParameters"] = parameters
	}
	return out
}

// integration is what stands behind a route: a Lambda function, or another
// address.
func integration(a *API, r *Route) object {
	if r.Backend.Kind == HTTPProxy {
		return object{"type": "HTTP_PROXY", "httpMethod": "ANY", "uri": r.Backend.URL, "timeoutInMillis": 29000, "passthroughBehavior": "WHEN_NO_MATCH"}
	}
	return object{
		"type": "AWS_PROXY", "httpMethod": http.MethodPost, "uri": invocation(a, functionName(a, r)),
		"timeoutInMillis": 29000, "passthroughBehavior": "WHEN_NO_MATCH",
	}
}

// functionName is the Lambda function behind a route.
func functionName(a *API, r *Route) string { return a.Name + "-" + made(8, "function", a.ID, r.key()) }
